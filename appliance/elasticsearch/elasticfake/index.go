package elasticfake

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type index struct {
	name, uuid string
	made       time.Time
	rolled     time.Time // zero: it was not rolled over
	settings   map[string]string
	mappings   map[string]any
	aliases    map[string]map[string]any
	stream     string // the data stream it is behind
	docs       map[string]map[string]any
	seqNos     map[string]int // of the documents' last changes
	versions   map[string]int // how often they were changed
	changes    int
	bytes      int64
}

// index answers for a path that begins with the name of an index, an alias or a data stream, or with a list or a pattern of them.
func (c *Cluster) index(r *call) (any, *failure) {
	name := r.part(0)
	switch what := r.part(1); what {
	case "":
		switch r.method {
		case http.MethodPut:
			return c.createIndex(name, r.body)
		case http.MethodGet, http.MethodHead:
			return c.each(name, r, func(i *index) any {
				all := map[string]any{"aliases": i.showAliases(), "mappings": i.mappings, "settings": i.showSettings(r)}
				if i.stream != "" {
					all["data_stream"] = i.stream
				}
				return all
			})
		case http.MethodDelete:
			return c.deleteIndices(name)
		}
	case "_mapping":
		if r.method == http.MethodPut {
			return c.putMapping(name, r.body)
		}
		return c.each(name, r, func(i *index) any { return map[string]any{"mappings": i.mappings} })
	case "_settings":
		if r.method == http.MethodPut {
			return c.putSettings(name, r.body)
		}
		return c.each(name, r, func(i *index) any { return map[string]any{"settings": i.showSettings(r)} })
	case "_alias":
		return c.each(name, r, func(i *index) any { return map[string]any{"aliases": i.showAliases()} })
	case "_rollover":
		return c.rollover(name, r)
	case "_refresh", "_flush", "_forcemerge":
		_, failed := c.find(name, false)
		return map[string]any{"_shards": map[string]any{"total": 1, "successful": 1, "failed": 0}}, failed
	case "_stats":
		return c.stats(name)
	case "_count":
		found, failed := c.find(name, false)
		count := 0
		for _, i := range found {
			count += len(i.docs)
		}
		return map[string]any{"count": count}, failed
	case "_create", "_doc":
		switch r.method {
		case http.MethodGet:
			return c.document(name, r.part(2))
		case http.MethodDelete:
			return c.deleteDocument(name, r.part(2), r.query.Get("if_seq_no"))
		}
		return c.write(name, r.part(2), r.body, what == "_create" || r.part(2) == "" || r.query.Get("op_type") == "create", r.query.Get("if_seq_no"))
	case "_ilm":
		if r.part(2) == "explain" && !c.options.Plain {
			return c.explain(name)
		}
		if _, failed := c.find(name, false); failed != nil {
			return nil, noIndex(name, "index_expression")
		}
	}
	return nil, noHandler(r)
}

// each answers with an object that has something of each index.
func (c *Cluster) each(name string, r *call, show func(*index) any) (any, *failure) {
	found, failed := c.find(name, r.flag("ignore_unavailable", false))
	if failed != nil {
		return nil, failed
	}
	all := map[string]any{}
	for _, i := range found {
		all[i.name] = show(i)
	}
	return all, nil
}

// find are the indices that an expression means, by their names. A name that nothing has is an error, a pattern is not.
func (c *Cluster) find(expression string, ignore bool) ([]*index, *failure) {
	names := map[string]bool{}
	for part := range strings.SplitSeq(expression, ",") {
		found := false
		for _, i := range c.indices {
			_, alias := i.aliases[part]
			fits := part == i.name || part == i.stream || alias || part == "_all"
			if strings.Contains(part, "*") {
				fits = i.stream == "" && matches(part, i.name) || i.stream != "" && matches(part, i.stream) || strings.HasPrefix(part, ".") && matches(part, i.name)
				for alias := range i.aliases {
					fits = fits || matches(part, alias)
				}
			}
			if fits {
				names[i.name], found = true, true
			}
		}
		if !found && !ignore && !strings.Contains(part, "*") && part != "_all" {
			return nil, noIndex(part, "index_or_alias")
		}
	}
	var all []*index
	for _, name := range slices.Sorted(maps.Keys(names)) {
		all = append(all, c.indices[name])
	}
	return all, nil
}

func checkName(name string) *failure {
	switch {
	case strings.ToLower(name) != name:
		return badName(name, "must be lowercase")
	case name == "" || strings.ContainsAny(name[:1], "_-+"):
		return badName(name, "must not start with '_', '-', or '+'")
	case strings.ContainsAny(name, `\/*?"<>| ,`):
		return badName(name, `must not contain the following characters [ , ", *, \, <, |, ,, >, /, ?]`)
	}
	return nil
}

func (c *Cluster) createIndex(name string, body map[string]any) (any, *failure) {
	if failed := checkName(name); failed != nil {
		return nil, failed
	}
	if _, there := c.streams[name]; there {
		return nil, badName(name, "already exists as data stream") // "Create index API": names are one space
	}
	for _, i := range c.indices {
		if _, there := i.aliases[name]; there {
			return nil, badName(name, "already exists as alias")
		}
	}
	if t := c.templateFor(name); t != "" && c.templates[t]["data_stream"] != nil {
		// "Create index API" and the text of Elastic's MetadataCreateIndexService.
		return nil, illegal("cannot create index with name [%s], because it matches with template [%s] that creates data streams only, use create data stream api instead", name, t)
	}
	if failed := c.makeIndex(name, name, "", body); failed != nil {
		return nil, failed
	}
	return map[string]any{"acknowledged": true, "shards_acknowledged": true, "index": name}, nil
}

// makeIndex makes an index with what the template for a name says, and what is asked for.
func (c *Cluster) makeIndex(name, by, stream string, body map[string]any) *failure {
	if i := c.indices[name]; i != nil {
		full := name + "/" + i.uuid
		return fail(http.StatusBadRequest, "resource_already_exists_exception", "index ["+full+"] already exists").about(name, i.uuid)
	}
	settings, mappings, aliases := c.composed(by)
	c.made++
	i := &index{
		name: name, uuid: fmt.Sprintf("fake%018d", c.made), made: c.now, settings: map[string]string{}, mappings: mappings, aliases: map[string]map[string]any{},
		stream: stream, docs: map[string]map[string]any{}, seqNos: map[string]int{}, versions: map[string]int{}, bytes: 227,
	}
	tier := "data_content"
	if stream != "" {
		tier = "data_hot" // "Data tiers": where data streams begin
	}
	maps.Copy(i.settings, map[string]string{
		"index.routing.allocation.include._tier_preference": tier, "index.number_of_shards": "1", "index.number_of_replicas": "1",
		"index.provided_name": name, "index.creation_date": strconv.FormatInt(c.now.UnixMilli(), 10), "index.uuid": i.uuid, "index.version.created": "7172999",
	})
	asked, failed := c.normal(object(body["settings"]))
	if failed != nil {
		return failed
	}
	maps.Copy(i.settings, settings)
	for setting, value := range asked {
		i.settings[setting] = value
	}
	if stream != "" {
		i.settings["index.hidden"] = "true"
		mergeMappings(i.mappings, map[string]any{"_data_stream_timestamp": map[string]any{"enabled": true}})
		if object(i.mappings["properties"])["@timestamp"] == nil {
			mergeMappings(i.mappings, map[string]any{"properties": map[string]any{"@timestamp": map[string]any{"type": "date"}}})
		}
	}
	if failed := checkMappings(object(body["mappings"])); failed != nil {
		return failed
	}
	if failed := mergeMappings(i.mappings, object(body["mappings"])); failed != nil {
		return failed
	}
	if field := i.settings["index.sort.field"]; field != "" && !hasField(i.mappings, field) {
		return illegal("unknown index sort field:[%s]", field)
	}
	maps.Copy(i.aliases, aliases)
	for alias, value := range object(body["aliases"]) {
		i.aliases[alias] = object(value)
	}
	c.expand(i)
	c.indices[name] = i
	return nil
}

// expand gives an index as many replicas as auto_expand_replicas means on so many nodes.
func (c *Cluster) expand(i *index) {
	least, most, expands := strings.Cut(i.settings["index.auto_expand_replicas"], "-")
	if !expands {
		return
	}
	replicas := strconv.Itoa(c.options.Nodes - 1)
	if most != "all" && len(most) == 1 && replicas > most {
		replicas = most
	}
	i.settings["index.number_of_replicas"] = max(replicas, least)
}

func (c *Cluster) deleteIndices(name string) (any, *failure) {
	if strings.Contains(name, "*") {
		// "action.destructive_requires_name" is false in 7.x: patterns are allowed.
		found, _ := c.find(name, true)
		for _, i := range found {
			delete(c.indices, i.name)
		}
		return acknowledged(), nil
	}
	if c.streams[name] != nil {
		// The text of Elastic's IndexNameExpressionResolver.
		return nil, illegal("The provided expression [%s] matches a data stream, specify the corresponding concrete indices instead.", name)
	}
	i := c.indices[name]
	if i == nil {
		for _, other := range c.indices {
			if _, alias := other.aliases[name]; alias {
				return nil, illegal("The provided expression [%s] matches an alias, specify the corresponding concrete indices instead.", name)
			}
		}
		return nil, noIndex(name, "index_or_alias")
	}
	if s := c.streams[i.stream]; s != nil && s.indices[len(s.indices)-1] == name {
		return nil, illegal("index [%s] is the write index for data stream [%s] and cannot be deleted", name, s.name)
	}
	c.drop(i)
	return acknowledged(), nil
}

// drop removes an index, from its data stream too.
func (c *Cluster) drop(i *index) {
	delete(c.indices, i.name)
	if s := c.streams[i.stream]; s != nil {
		s.indices = slices.DeleteFunc(s.indices, func(name string) bool { return name == i.name })
	}
}

func (i *index) showAliases() map[string]any {
	all := map[string]any{}
	for name, value := range i.aliases {
		all[name] = value
	}
	return all
}

func (i *index) showSettings(r *call) any {
	if r.flag("flat_settings", false) {
		return i.settings
	}
	return nest(i.settings)
}

func (c *Cluster) putMapping(name string, body map[string]any) (any, *failure) {
	found, failed := c.find(name, false)
	if failed == nil {
		failed = checkMappings(body)
	}
	for _, i := range found {
		if failed == nil {
			failed = mergeMappings(i.mappings, body)
		}
	}
	if failed != nil {
		return nil, failed
	}
	return acknowledged(), nil
}

func (c *Cluster) putSettings(name string, body map[string]any) (any, *failure) {
	found, failed := c.find(name, false)
	if failed != nil {
		return nil, failed
	}
	if inner := object(body["settings"]); inner != nil {
		body = inner
	}
	changes := flatten(map[string]any{}, "", body)
	for setting, value := range changes {
		long := setting
		if !strings.HasPrefix(setting, "index.") {
			long = "index." + setting
		}
		if !c.knownSetting(long) {
			return nil, illegal("unknown setting [%s] please check that any required plugins are installed, or check the breaking changes documentation for removed settings", long)
		}
		if isStatic(long) && len(found) > 0 {
			return nil, illegal("Can't update non dynamic settings [[%s]] for open indices [[%s/%s]]", long, found[0].name, found[0].uuid)
		}
		for _, i := range found {
			if value == nil {
				delete(i.settings, long)
				continue
			}
			i.settings[long] = scalar(value)
			c.expand(i)
		}
	}
	return acknowledged(), nil
}

func (c *Cluster) changeAliases(r *call) (any, *failure) {
	actions, _ := r.body["actions"].([]any)
	for _, action := range actions {
		for kind, value := range object(action) {
			what := object(value)
			found, failed := c.find(text(what["index"]), false)
			if failed != nil {
				return nil, failed
			}
			for _, i := range found {
				switch kind {
				case "add":
					alias := map[string]any{}
					if write, said := what["is_write_index"]; said {
						alias["is_write_index"] = write
					}
					i.aliases[text(what["alias"])] = alias
				case "remove":
					delete(i.aliases, text(what["alias"]))
				case "remove_index":
					c.drop(i)
				}
			}
		}
	}
	return acknowledged(), nil
}

func (c *Cluster) aliases(r *call) (any, *failure) {
	all := map[string]any{}
	for _, i := range c.indices {
		shown := map[string]any{}
		for alias, value := range i.aliases {
			if r.part(1) == "" || matches(r.part(1), alias) {
				shown[alias] = value
			}
		}
		if len(shown) > 0 {
			all[i.name] = map[string]any{"aliases": shown}
		}
	}
	if len(all) == 0 && r.part(1) != "" && !strings.Contains(r.part(1), "*") {
		return nil, &failure{status: http.StatusNotFound, text: "alias [" + r.part(1) + "] missing"}
	}
	return all, nil
}

func (c *Cluster) stats(name string) (any, *failure) {
	found, failed := c.find(name, false)
	if failed != nil {
		return nil, failed
	}
	sums := func(docs int, bytes int64) map[string]any {
		return map[string]any{"docs": map[string]any{"count": docs, "deleted": 0}, "store": map[string]any{"size_in_bytes": bytes, "reserved_in_bytes": 0}}
	}
	docs, bytes, each := 0, int64(0), map[string]any{}
	for _, i := range found {
		docs, bytes = docs+len(i.docs), bytes+i.bytes
		each[i.name] = map[string]any{"uuid": i.uuid, "primaries": sums(len(i.docs), i.bytes), "total": sums(len(i.docs), i.bytes)}
	}
	return map[string]any{"_all": map[string]any{"primaries": sums(docs, bytes), "total": sums(docs, bytes)}, "indices": each}, nil
}

func (c *Cluster) resolve(r *call) (any, *failure) {
	indices, aliases, streams := []any{}, []any{}, []any{}
	behind := map[string][]string{}
	for _, name := range slices.Sorted(maps.Keys(c.indices)) {
		i := c.indices[name]
		for alias := range i.aliases {
			behind[alias] = append(behind[alias], name)
		}
		if i.stream != "" || !fits(r.part(2), name) {
			continue
		}
		shown := map[string]any{"name": name, "attributes": []any{"open"}}
		if len(i.aliases) > 0 {
			shown["aliases"] = list(slices.Sorted(maps.Keys(i.aliases)))
		}
		indices = append(indices, shown)
	}
	for _, alias := range slices.Sorted(maps.Keys(behind)) {
		if fits(r.part(2), alias) {
			aliases = append(aliases, map[string]any{"name": alias, "indices": list(behind[alias])})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.streams)) {
		if fits(r.part(2), name) {
			streams = append(streams, map[string]any{"name": name, "backing_indices": list(c.streams[name].indices), "timestamp_field": "@timestamp"})
		}
	}
	return map[string]any{"indices": indices, "aliases": aliases, "data_streams": streams}, nil
}

// fits tells whether one of a list of patterns fits a name.
func fits(expression, name string) bool {
	for part := range strings.SplitSeq(expression, ",") {
		if matches(part, name) {
			return true
		}
	}
	return false
}

func acknowledged() map[string]any { return map[string]any{"acknowledged": true} }
