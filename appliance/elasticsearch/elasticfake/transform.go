package elasticfake

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
)

type transform struct {
	config  map[string]any
	started bool
	failed  string // why it has failed; empty: it has not
}

// transform answers for "Transform APIs". The texts are those of Elastic's transport actions and TransformMessages.
func (c *Cluster) transform(r *call) (any, *failure) {
	name := r.part(1)
	t := c.transforms[name]
	switch action := r.part(2); {
	case r.method == http.MethodPut && action == "":
		return c.putTransform(name, r)
	case r.method == http.MethodGet:
		return c.showTransforms(name, action == "_stats")
	case t == nil:
		return nil, missing("Transform with id [%s] could not be found", name)
	case r.method == http.MethodDelete && action == "":
		if t.started && !r.flag("force", false) {
			return nil, fail(http.StatusConflict, "status_exception", "Cannot delete transform ["+name+"] as the task is running. Stop the task first")
		}
		delete(c.transforms, name)
		return acknowledged(), nil
	case r.method == http.MethodPost && action == "_update":
		return c.updateTransform(t, r.body)
	case r.method == http.MethodPost && action == "_start":
		return acknowledged(), c.startTransform(name, t)
	case r.method == http.MethodPost && action == "_stop":
		if t.failed != "" && !r.flag("force", false) {
			return nil, fail(http.StatusConflict, "status_exception", "Unable to stop transform ["+name+"] as it is in a failed state with reason ["+t.failed+
				"]. Use force stop to stop the transform.")
		}
		t.started, t.failed = false, ""
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

func (c *Cluster) putTransform(name string, r *call) (any, *failure) {
	if c.transforms[name] != nil {
		return nil, fail(http.StatusBadRequest, "resource_already_exists_exception", "Transform with id ["+name+"] already exists")
	}
	for field := range r.body {
		if !slices.Contains([]string{"source", "dest", "pivot", "latest", "sync", "frequency", "description", "settings", "retention_policy", "_meta"}, field) {
			return nil, fail(http.StatusBadRequest, "x_content_parse_exception", "[1:2] [data_frame_transform_config] unknown field ["+field+"]")
		}
	}
	config := copied(r.body)
	source, dest := object(config["source"]), object(config["dest"])
	switch {
	case source == nil || source["index"] == nil:
		return nil, illegal("Required [index]")
	case dest == nil || text(dest["index"]) == "":
		return nil, illegal("Required [index]")
	case config["pivot"] == nil && config["latest"] == nil:
		return nil, fail(http.StatusBadRequest, "action_request_validation_exception",
			"Validation Failed: 1: transform configuration must specify exactly 1 function;")
	case config["retention_policy"] != nil && config["sync"] == nil && config["latest"] == nil && config["pivot"] == nil:
		return nil, illegal("retention_policy is not allowed")
	}
	if !r.flag("defer_validation", false) {
		for _, one := range texts(source["index"]) {
			if found, _ := c.find(one, true); len(found) == 0 && !strings.Contains(one, "*") {
				return nil, fail(http.StatusBadRequest, "validation_exception", "Validation Failed: 1: no such index ["+one+"];")
			}
		}
	}
	source["index"] = list(texts(source["index"]))
	if source["query"] == nil {
		source["query"] = map[string]any{"match_all": map[string]any{}}
	}
	if pivot := object(config["pivot"]); pivot != nil && pivot["aggs"] != nil {
		pivot["aggregations"] = pivot["aggs"]
		delete(pivot, "aggs")
	}
	if config["settings"] == nil {
		config["settings"] = map[string]any{}
	}
	if time := object(object(config["sync"])["time"]); time != nil && time["delay"] == nil {
		time["delay"] = "60s"
	}
	config["id"], config["version"], config["create_time"] = name, Version, float64(c.now.UnixMilli())
	c.transforms[name] = &transform{config: config}
	return acknowledged(), nil
}

// updateTransform changes what may change: neither what is grouped by nor what is summed.
func (c *Cluster) updateTransform(t *transform, body map[string]any) (any, *failure) {
	for field, value := range body {
		if !slices.Contains([]string{"source", "dest", "sync", "frequency", "description", "settings", "retention_policy", "_meta"}, field) {
			return nil, fail(http.StatusBadRequest, "x_content_parse_exception", "[1:2] [data_frame_transform_config_update] unknown field ["+field+"]")
		}
		if value == nil {
			delete(t.config, field)
			continue
		}
		t.config[field] = value
	}
	return t.config, nil
}

// startTransform makes the destination, by its template, as a transform does.
func (c *Cluster) startTransform(name string, t *transform) *failure {
	if t.started {
		return fail(http.StatusConflict, "status_exception", "Cannot start transform ["+name+"] as it is already started.")
	}
	for _, one := range texts(object(t.config["source"])["index"]) {
		if found, _ := c.find(one, true); len(found) == 0 {
			return fail(http.StatusBadRequest, "validation_exception", "Validation Failed: 1: no such index ["+one+"];")
		}
	}
	if dest := text(object(t.config["dest"])["index"]); c.indices[dest] == nil {
		if failed := c.makeIndex(dest, dest, "", nil); failed != nil {
			return failed
		}
	}
	t.started = true
	return nil
}

// BreakTransform lets a transform fail, as one does whose documents cannot be stored.
func (c *Cluster) BreakTransform(name, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transforms[name].failed = reason
}

func (c *Cluster) showTransforms(name string, stats bool) (any, *failure) {
	shown := []any{}
	for _, one := range slices.Sorted(maps.Keys(c.transforms)) {
		if name != "" && name != "_all" && !fits(name, one) {
			continue
		}
		t := c.transforms[one]
		if !stats {
			shown = append(shown, t.config)
			continue
		}
		state := map[string]any{
			"id": one, "state": "stopped", "stats": map[string]any{"pages_processed": 0, "documents_processed": 0, "documents_indexed": 0},
			"checkpointing": map[string]any{"last": map[string]any{"checkpoint": 0}},
		}
		if t.started {
			state["state"] = "started"
		}
		if t.failed != "" {
			state["state"], state["reason"] = "failed", t.failed
		}
		shown = append(shown, state)
	}
	if len(shown) == 0 && name != "" && name != "_all" && !strings.Contains(name, "*") {
		return nil, missing("Transform with id [%s] could not be found", name)
	}
	return map[string]any{"count": len(shown), "transforms": shown}, nil
}

// String helps tests to say what there is.
func (c *Cluster) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("indices %v, data streams %v, templates %v, components %v, policies %v, transforms %v",
		slices.Sorted(maps.Keys(c.indices)), slices.Sorted(maps.Keys(c.streams)), slices.Sorted(maps.Keys(c.templates)), slices.Sorted(maps.Keys(c.components)),
		slices.Sorted(maps.Keys(c.policies)), slices.Sorted(maps.Keys(c.transforms)))
}
