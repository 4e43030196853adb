package elasticfake

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

type stream struct {
	name       string
	generation int
	indices    []string // the last one is written to
}

// dataStream answers for "Data stream APIs".
func (c *Cluster) dataStream(r *call) (any, *failure) {
	name := r.part(1)
	switch r.method {
	case http.MethodPut:
		return c.putDataStream(name)
	case http.MethodGet:
		shown := []any{}
		for _, one := range slices.Sorted(maps.Keys(c.streams)) {
			if name == "" || fits(name, one) {
				shown = append(shown, c.showStream(c.streams[one]))
			}
		}
		if len(shown) == 0 && name != "" && !strings.Contains(name, "*") {
			return nil, noIndex(name, "index_or_alias")
		}
		return map[string]any{"data_streams": shown}, nil
	case http.MethodDelete:
		s := c.streams[name]
		if s == nil {
			return nil, noIndex(name, "index_or_alias")
		}
		for _, one := range s.indices {
			delete(c.indices, one)
		}
		delete(c.streams, name)
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

func (c *Cluster) showStream(s *stream) map[string]any {
	behind := make([]any, 0, len(s.indices))
	for _, name := range s.indices {
		behind = append(behind, map[string]any{"index_name": name, "index_uuid": c.indices[name].uuid})
	}
	shown := map[string]any{
		"name": s.name, "timestamp_field": map[string]any{"name": "@timestamp"}, "indices": behind, "generation": s.generation,
		"status": "GREEN", "template": c.templateFor(s.name), "hidden": false, "system": false,
	}
	settings, mappings, _ := c.composed(s.name)
	if policy := settings["index.lifecycle.name"]; policy != "" {
		shown["ilm_policy"] = policy
	}
	if meta := mappings["_meta"]; meta != nil {
		shown["_meta"] = meta
	}
	return shown
}

// putDataStream makes a stream. The texts are those of Elastic's MetadataCreateDataStreamService.
func (c *Cluster) putDataStream(name string) (any, *failure) {
	if failed := checkName(name); failed != nil {
		return nil, failed
	}
	if c.streams[name] != nil {
		return nil, fail(http.StatusBadRequest, "resource_already_exists_exception", "data_stream ["+name+"] already exists")
	}
	t := c.templateFor(name)
	switch {
	case t == "":
		return nil, illegal("no matching index template found for data stream [%s]", name)
	case c.templates[t]["data_stream"] == nil:
		return nil, illegal("matching index template [%s] for data stream [%s] has no data stream template", t, name)
	}
	if found, _ := c.find(name, true); len(found) > 0 {
		return nil, fail(http.StatusBadRequest, "illegal_state_exception", "data stream, alias, and index names need to be unique, but the following duplicates were found "+
			"[data stream ["+name+"] conflicts with existing index or alias]")
	}
	s := &stream{name: name, generation: 1}
	behind := c.behind(s)
	if failed := c.makeIndex(behind, name, name, nil); failed != nil {
		return nil, failed
	}
	s.indices = []string{behind}
	c.streams[name] = s
	return acknowledged(), nil
}

// behind is the name of the index of a generation. "Data streams", "Generation".
func (c *Cluster) behind(s *stream) string {
	return fmt.Sprintf(".ds-%s-%s-%06d", s.name, c.now.Format("2006.01.02"), s.generation)
}

var counted = regexp.MustCompile(`^(.*)-(\d+)$`)

// rollover begins a new index for an alias or a data stream. "Rollover API".
func (c *Cluster) rollover(name string, r *call) (any, *failure) {
	conditions, met := map[string]any{}, true
	old, failed := c.rolls(name)
	if failed != nil {
		return nil, failed
	}
	if asked := object(r.body["conditions"]); len(asked) > 0 {
		met = false
		for condition, value := range asked {
			is := c.due(old, condition, value)
			conditions[fmt.Sprintf("[%s: %s]", condition, scalar(value))] = is
			met = met || is
		}
	}
	next := c.next(old)
	dry := r.flag("dry_run", false)
	if met && !dry {
		if failed := c.roll(name, old, next); failed != nil {
			return nil, failed
		}
	}
	done := met && !dry
	return map[string]any{
		"acknowledged": done, "shards_acknowledged": done, "old_index": old.name, "new_index": next, "rolled_over": done, "dry_run": dry, "conditions": conditions,
	}, nil
}

// rolls is the index that would be rolled over.
func (c *Cluster) rolls(name string) (*index, *failure) {
	if c.indices[name] != nil {
		return nil, illegal("rollover target is a [concrete index] but one of [alias,data_stream] was expected")
	}
	if s := c.streams[name]; s != nil {
		return c.indices[s.indices[len(s.indices)-1]], nil
	}
	write, only, aliased := c.writeAlias(name)
	if write == nil {
		write = only
	}
	switch {
	case !aliased:
		return nil, noIndex(name, "index_expression")
	case write == nil:
		return nil, illegal("rollover target [%s] does not point to a write index", name)
	case !counted.MatchString(write.name):
		return nil, illegal(`index name [%s] does not match pattern '^.*-\d+$'`, write.name)
	}
	return write, nil
}

// next is the name of the index after one.
func (c *Cluster) next(old *index) string {
	if s := c.streams[old.stream]; s != nil {
		return c.behind(&stream{name: s.name, generation: s.generation + 1})
	}
	parts := counted.FindStringSubmatch(old.name)
	number, _ := strconv.Atoi(parts[2]) // digits
	return fmt.Sprintf("%s-%06d", parts[1], number+1)
}

func (c *Cluster) roll(name string, old *index, next string) *failure {
	if s := c.streams[name]; s != nil {
		if failed := c.makeIndex(next, name, name, nil); failed != nil {
			return failed
		}
		s.generation++
		s.indices = append(s.indices, next)
	} else {
		if failed := c.makeIndex(next, next, "", map[string]any{"aliases": map[string]any{name: map[string]any{"is_write_index": true}}}); failed != nil {
			return failed
		}
		if _, said := old.aliases[name]["is_write_index"]; said {
			old.aliases[name] = map[string]any{"is_write_index": false}
		} else {
			delete(old.aliases, name)
			delete(c.indices[next].aliases, name)
			c.indices[next].aliases[name] = map[string]any{}
		}
	}
	old.rolled = c.now
	return nil
}
