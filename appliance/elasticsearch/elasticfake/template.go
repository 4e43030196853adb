package elasticfake

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (c *Cluster) componentTemplate(r *call) (any, *failure) {
	name := r.part(1)
	switch r.method {
	case http.MethodPut, http.MethodPost:
		settings, failed := c.normal(object(object(r.body["template"])["settings"]))
		if failed == nil {
			failed = checkMappings(object(object(r.body["template"])["mappings"]))
		}
		if failed != nil {
			return nil, failed
		}
		c.components[name] = c.kept(r.body, settings)
		return acknowledged(), nil
	case http.MethodGet, http.MethodHead:
		shown := []any{}
		for _, one := range slices.Sorted(maps.Keys(c.components)) {
			if name == "" || fits(name, one) {
				shown = append(shown, map[string]any{"name": one, "component_template": c.components[one]})
			}
		}
		if len(shown) == 0 && name != "" && !strings.Contains(name, "*") {
			return nil, missing("component template matching [%s] not found", name)
		}
		return map[string]any{"component_templates": shown}, nil
	case http.MethodDelete:
		if c.components[name] == nil {
			return nil, missing("%s", name)
		}
		for _, user := range slices.Sorted(maps.Keys(c.templates)) {
			if slices.Contains(texts(c.templates[user]["composed_of"]), name) {
				return nil, illegal("component templates [%s] cannot be removed as they are still in use by index templates [%s]", name, user)
			}
		}
		delete(c.components, name)
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

// kept is a template as it is returned: settings nested, and as texts.
func (c *Cluster) kept(body map[string]any, settings map[string]string) map[string]any {
	kept := copied(body)
	if inner := object(kept["template"]); inner != nil && inner["settings"] != nil {
		inner["settings"] = nest(settings)
	}
	return kept
}

func (c *Cluster) indexTemplate(r *call) (any, *failure) {
	name := r.part(1)
	switch {
	case name == "_simulate_index" && r.method == http.MethodPost:
		return c.simulate(r.part(2))
	case r.method == http.MethodPut || r.method == http.MethodPost:
		return c.putTemplate(name, r.body)
	case r.method == http.MethodGet || r.method == http.MethodHead:
		shown := []any{}
		for _, one := range slices.Sorted(maps.Keys(c.templates)) {
			if name == "" || fits(name, one) {
				shown = append(shown, map[string]any{"name": one, "index_template": c.templates[one]})
			}
		}
		if len(shown) == 0 && name != "" && !strings.Contains(name, "*") {
			return nil, missing("index template matching [%s] not found", name)
		}
		return map[string]any{"index_templates": shown}, nil
	case r.method == http.MethodDelete:
		return c.deleteTemplate(name)
	}
	return nil, noHandler(r)
}

var templateFields = map[string]bool{
	"index_patterns": true, "template": true, "composed_of": true, "priority": true, "version": true, "_meta": true, "data_stream": true, "allow_auto_create": true,
}

func (c *Cluster) putTemplate(name string, body map[string]any) (any, *failure) {
	for field := range body {
		if !templateFields[field] {
			return nil, fail(http.StatusBadRequest, "x_content_parse_exception", "[1:2] [index_template] unknown field ["+field+"]")
		}
	}
	if body["index_patterns"] == nil {
		return nil, illegal("Required [index_patterns]")
	}
	for _, other := range slices.Sorted(maps.Keys(c.templates)) {
		if other == name || priority(c.templates[other]) != priority(body) {
			continue
		}
		for _, theirs := range texts(c.templates[other]["index_patterns"]) {
			for _, ours := range texts(body["index_patterns"]) {
				if overlap(theirs, ours) {
					patterns := strings.Join(texts(c.templates[other]["index_patterns"]), ", ")
					return nil, illegal("index template [%s] has index patterns [%s] matching patterns from existing templates [%s] with patterns (%s => [%s]) that have "+
						"the same priority [%v], multiple index templates may not match during index creation, please use a different priority",
						name, strings.Join(texts(body["index_patterns"]), ", "), other, other, patterns, priority(body))
				}
			}
		}
	}
	var unknown []string
	for _, component := range texts(body["composed_of"]) {
		if c.components[component] == nil {
			unknown = append(unknown, component)
		}
	}
	if len(unknown) > 0 {
		return nil, fail(http.StatusBadRequest, "invalid_index_template_exception", "index_template ["+name+"] invalid, cause [index template ["+name+
			"] specifies component templates ["+strings.Join(unknown, ", ")+"] that do not exist]")
	}
	settings, failed := c.normal(object(object(body["template"])["settings"]))
	if failed != nil {
		return nil, fail(http.StatusBadRequest, "invalid_index_template_exception",
			"index_template ["+name+"] invalid, cause [Validation Failed: 1: "+failed.reason+";]")
	}
	invalid := illegal("composable template [%s] template after composition is invalid", name)
	if c.options.Plain && body["data_stream"] != nil {
		return nil, invalid.because(fail(http.StatusBadRequest, "x_content_parse_exception", "[index_template] unknown field [data_stream]"))
	}
	if failed := checkMappings(object(object(body["template"])["mappings"])); failed != nil {
		failed.root = nil
		return nil, invalid.because(illegal("invalid composite mappings for [%s]", name).because(failed))
	}
	kept := c.kept(body, settings)
	if kept["composed_of"] == nil {
		kept["composed_of"] = []any{}
	}
	if stream := object(kept["data_stream"]); stream != nil {
		// "Get index template API": what is not said is false.
		for _, flag := range []string{"hidden", "allow_custom_routing"} {
			if stream[flag] == nil {
				stream[flag] = false
			}
		}
	}
	c.templates[name] = kept
	return acknowledged(), nil
}

// deleteTemplate refuses to where a data stream has no other template. The text of Elastic's MetadataIndexTemplateService.
func (c *Cluster) deleteTemplate(name string) (any, *failure) {
	if c.templates[name] == nil {
		return nil, fail(http.StatusNotFound, "index_template_missing_exception", "index_template ["+name+"] missing")
	}
	var users []string
	for _, s := range slices.Sorted(maps.Keys(c.streams)) {
		if c.templateFor(s) == name {
			users = append(users, s)
		}
	}
	if len(users) > 0 {
		return nil, illegal("unable to remove composable templates [%s] as they are in use by a data streams [%s]", name, strings.Join(users, ", "))
	}
	delete(c.templates, name)
	return acknowledged(), nil
}

func priority(template map[string]any) float64 {
	number, _ := template["priority"].(float64)
	return number
}

// templateFor is the name of the template that an index of a name is made with; empty: there is none.
func (c *Cluster) templateFor(name string) string {
	best := ""
	for _, one := range slices.Sorted(maps.Keys(c.templates)) {
		for _, pattern := range texts(c.templates[one]["index_patterns"]) {
			if matches(pattern, name) && (best == "" || priority(c.templates[one]) > priority(c.templates[best])) {
				best = one
			}
		}
	}
	return best
}

// composed is what an index of a name is made with.
func (c *Cluster) composed(name string) (settings map[string]string, mappings map[string]any, aliases map[string]map[string]any) {
	settings, mappings, aliases = map[string]string{}, map[string]any{}, map[string]map[string]any{}
	template := c.templates[c.templateFor(name)]
	parts := make([]map[string]any, 0, 4)
	for _, component := range texts(template["composed_of"]) {
		parts = append(parts, object(c.components[component]["template"]))
	}
	for _, part := range append(parts, object(template["template"])) {
		if part == nil {
			continue
		}
		part = copied(part)
		normal, _ := c.normal(object(part["settings"])) // checked when it was put
		maps.Copy(settings, normal)
		_ = mergeMappings(mappings, object(part["mappings"])) // of templates the last one counts
		for alias, value := range object(part["aliases"]) {
			aliases[alias] = object(value)
		}
	}
	return settings, mappings, aliases
}

func (c *Cluster) simulate(name string) (any, *failure) {
	winner := c.templateFor(name)
	if winner == "" {
		return map[string]any{}, nil
	}
	settings, mappings, aliases := c.composed(name)
	shown := map[string]any{"settings": nest(settings), "aliases": aliases}
	if len(mappings) > 0 {
		shown["mappings"] = mappings
	}
	overlapping := []any{}
	for _, other := range slices.Sorted(maps.Keys(c.templates)) {
		if other == winner {
			continue
		}
		for _, pattern := range texts(c.templates[other]["index_patterns"]) {
			if slices.ContainsFunc(texts(c.templates[winner]["index_patterns"]), func(ours string) bool { return overlap(ours, pattern) }) {
				overlapping = append(overlapping, map[string]any{"name": other, "index_patterns": c.templates[other]["index_patterns"]})
				break
			}
		}
	}
	return map[string]any{"template": shown, "overlapping": overlapping}, nil
}

// Template is an index template as it is; nil: there is none.
func (c *Cluster) Template(name string) map[string]any {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.templates[name] == nil {
		return nil
	}
	return copied(c.templates[name])
}
