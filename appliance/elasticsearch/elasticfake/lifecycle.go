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

// policy is of index lifecycle management, or of snapshot lifecycle management.
type policy struct {
	version  int
	modified time.Time
	body     map[string]any
}

// phases are those that there are, with their actions. "Index lifecycle", "Phase actions".
var phases = []struct {
	name    string
	actions []string
}{
	{"hot", []string{"set_priority", "unfollow", "rollover", "readonly", "shrink", "forcemerge", "searchable_snapshot"}},
	{"warm", []string{"set_priority", "unfollow", "readonly", "allocate", "migrate", "shrink", "forcemerge"}},
	{"cold", []string{"set_priority", "unfollow", "readonly", "allocate", "migrate", "freeze", "searchable_snapshot"}},
	{"frozen", []string{"searchable_snapshot"}},
	{"delete", []string{"wait_for_snapshot", "delete"}},
}

// ilm answers for "Index lifecycle management APIs".
func (c *Cluster) ilm(r *call) (any, *failure) {
	name := r.part(2)
	switch {
	case r.part(1) == "status" && r.method == http.MethodGet:
		return map[string]any{"operation_mode": "RUNNING"}, nil
	case r.part(1) != "policy":
		return nil, noHandler(r)
	case r.method == http.MethodPut:
		return c.putPolicy(name, r.body)
	case r.method == http.MethodGet:
		shown := map[string]any{}
		for one, p := range c.policies {
			if name == "" || fits(name, one) {
				indices, streams, templates := c.users(one)
				shown[one] = map[string]any{
					"version": p.version, "modified_date": p.modified.Format("2006-01-02T15:04:05.000Z"), "policy": p.body,
					"in_use_by": map[string]any{"indices": list(indices), "data_streams": list(streams), "composable_templates": list(templates)},
				}
			}
		}
		if len(shown) == 0 && name != "" && !strings.Contains(name, "*") {
			return nil, missing("Lifecycle policy not found: %s", name)
		}
		return shown, nil
	case r.method == http.MethodDelete:
		if indices, _, _ := c.users(name); len(indices) > 0 {
			return nil, illegal("Cannot delete policy [%s]. It is in use by one or more indices: [%s]", name, strings.Join(indices, ", "))
		}
		if c.policies[name] == nil {
			return nil, missing("Lifecycle policy not found: %s", name)
		}
		delete(c.policies, name)
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

// putPolicy checks a policy as Elastic's TimeseriesLifecycleType does.
func (c *Cluster) putPolicy(name string, body map[string]any) (any, *failure) {
	given := object(body["policy"])
	if given == nil {
		return nil, illegal("Required [policy]")
	}
	kept := copied(given)
	for phase, value := range object(kept["phases"]) {
		known := slices.IndexFunc(phases, func(p struct {
			name    string
			actions []string
		},
		) bool {
			return p.name == phase
		})
		if known < 0 {
			return nil, illegal("Timeseries lifecycle does not support phase [%s]", phase)
		}
		actions := object(object(value)["actions"])
		for action, settings := range actions {
			if !slices.Contains(phases[known].actions, action) {
				return nil, illegal("invalid action [%s] defined in phase [%s]", action, phase)
			}
			if failed := c.checkAction(name, action, object(settings)); failed != nil {
				return nil, failed
			}
		}
		for _, after := range []string{"shrink", "forcemerge", "searchable_snapshot"} {
			if phase == "hot" && actions[after] != nil && actions["rollover"] == nil {
				return nil, illegal("the [%s] action(s) may not be used in the [hot] phase without an accompanying [rollover] action", after)
			}
		}
		if object(value)["min_age"] == nil {
			object(value)["min_age"] = "0ms"
		}
	}
	version := 1
	if before := c.policies[name]; before != nil {
		version = before.version + 1
	}
	c.policies[name] = &policy{version: version, modified: c.now, body: kept}
	return acknowledged(), nil
}

func (c *Cluster) checkAction(name, action string, settings map[string]any) *failure {
	switch action {
	case "rollover":
		if len(settings) == 0 {
			return illegal("At least one rollover condition must be set.")
		}
		for condition := range settings {
			if !slices.Contains([]string{"max_age", "max_size", "max_docs", "max_primary_shard_size"}, condition) {
				return fail(http.StatusBadRequest, "x_content_parse_exception", "[1:2] [rollover] unknown field ["+condition+"]")
			}
		}
	case "delete":
		if settings["delete_searchable_snapshot"] == nil {
			settings["delete_searchable_snapshot"] = true
		}
	case "forcemerge":
		if segments, ok := settings["max_num_segments"].(float64); !ok || segments < 1 {
			return illegal("[max_num_segments] must be a positive integer")
		}
	case "searchable_snapshot":
		switch {
		case settings["snapshot_repository"] == nil:
			return illegal("Required [snapshot_repository]")
		case c.options.License == "basic":
			return illegal("policy [%s] defines the [searchable_snapshot] action but the current license is non-compliant for [searchable-snapshots]", name)
		}
		if settings["force_merge_index"] == nil {
			settings["force_merge_index"] = true
		}
	case "allocate":
		for _, rule := range []string{"include", "exclude", "require"} {
			if settings[rule] == nil {
				settings[rule] = map[string]any{}
			}
		}
	}
	return nil
}

// users are the indices, data streams and templates that have a policy.
func (c *Cluster) users(policy string) (indices, streams, templates []string) {
	indices, streams, templates = []string{}, []string{}, []string{}
	for _, name := range slices.Sorted(maps.Keys(c.indices)) {
		if c.indices[name].settings["index.lifecycle.name"] == policy {
			indices = append(indices, name)
			if s := c.indices[name].stream; s != "" && !slices.Contains(streams, s) {
				streams = append(streams, s)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.templates)) {
		parts := []map[string]any{object(c.templates[name]["template"])}
		for _, component := range texts(c.templates[name]["composed_of"]) {
			parts = append(parts, object(c.components[component]["template"]))
		}
		for _, part := range parts {
			if scalar(flatten(map[string]any{}, "", object(part["settings"]))["index.lifecycle.name"]) == policy {
				templates = append(templates, name)
				break
			}
		}
	}
	return indices, streams, templates
}

func (c *Cluster) explain(name string) (any, *failure) {
	return c.each(name, &call{}, func(i *index) any {
		managed := i.settings["index.lifecycle.name"]
		if managed == "" {
			return map[string]any{"index": i.name, "managed": false}
		}
		return map[string]any{"index": i.name, "managed": true, "policy": managed, "age": c.age(i).String(), "phase": c.phase(i)}
	})
}

// age counts from the rollover, where there was one. "Index lifecycle", "Phase transitions".
func (c *Cluster) age(i *index) time.Duration {
	if i.rolled.IsZero() {
		return c.now.Sub(i.made)
	}
	return c.now.Sub(i.rolled)
}

// phase is the one that an index is in.
func (c *Cluster) phase(i *index) string {
	now := "new"
	p := c.policies[i.settings["index.lifecycle.name"]]
	if p == nil {
		return now
	}
	all := object(p.body["phases"])
	rolls := object(object(all["hot"])["actions"])["rollover"] != nil
	for _, phase := range phases {
		said := object(all[phase.name])
		if said == nil {
			continue
		}
		if phase.name != "hot" && rolls && i.rolled.IsZero() {
			break // the rollover is still awaited
		}
		if after, err := duration(text(said["min_age"])); err == nil && c.age(i) >= after {
			now = phase.name
		}
	}
	return now
}

// lifecyclePoll is a poll of ILM here; indices.lifecycle.poll_interval is 10 minutes.
const lifecyclePoll = time.Hour

// Elapse lets time pass and does what ILM does in it: rollover, another tier, deletion.
func (c *Cluster) Elapse(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for end := c.now.Add(d); c.now.Before(end); {
		c.now = c.now.Add(min(lifecyclePoll, end.Sub(c.now)))
		for _, name := range slices.Sorted(maps.Keys(c.indices)) {
			c.live(c.indices[name])
		}
	}
}

func (c *Cluster) live(i *index) {
	p := c.policies[i.settings["index.lifecycle.name"]]
	if p == nil {
		return
	}
	all := object(p.body["phases"])
	target := i.stream
	if target == "" {
		target = i.settings["index.lifecycle.rollover_alias"]
	}
	if rollover := object(object(object(all["hot"])["actions"])["rollover"]); rollover != nil && i.rolled.IsZero() && target != "" {
		for condition, value := range rollover {
			old, failed := c.rolls(target)
			if failed == nil && old == i && c.due(i, condition, value) {
				_ = c.roll(target, i, c.next(i)) // as ILM does, which tries again at the next poll
				break
			}
		}
	}
	switch phase := c.phase(i); phase {
	case "delete":
		if _, deletes := object(object(all[phase])["actions"])["delete"]; deletes {
			c.drop(i)
		}
	case "warm", "cold":
		actions := object(object(all[phase])["actions"])
		if replicas, said := object(actions["allocate"])["number_of_replicas"]; said {
			i.settings["index.number_of_replicas"] = scalar(replicas)
		}
		if migrate := object(actions["migrate"]); migrate == nil || migrate["enabled"] != false {
			i.settings["index.routing.allocation.include._tier_preference"] = map[string]string{"warm": "data_warm,data_hot", "cold": "data_cold,data_warm,data_hot"}[phase]
		}
	}
}

// due tells whether a condition of a rollover is met.
func (c *Cluster) due(i *index, condition string, value any) bool {
	switch condition {
	case "max_age":
		limit, err := duration(text(value))
		return err == nil && c.now.Sub(i.made) >= limit
	case "max_docs":
		limit, _ := value.(float64)
		return float64(len(i.docs)) >= limit
	}
	limit, err := bytes(text(value))
	return err == nil && i.bytes >= limit
}

// Grow lets an index become so many octets large.
func (c *Cluster) Grow(name string, size int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.indices[name].bytes = size
}

// duration reads "Time units".
func duration(s string) (time.Duration, error) {
	for _, unit := range []struct {
		name string
		is   time.Duration
	}{{"ms", time.Millisecond}, {"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}, {"s", time.Second}} {
		if number, ok := strings.CutSuffix(s, unit.name); ok {
			n, err := strconv.Atoi(number)
			return time.Duration(n) * unit.is, err
		}
	}
	return 0, fmt.Errorf("failed to parse [%s] as a time value", s)
}

// bytes reads "Byte size units".
func bytes(s string) (int64, error) {
	s = strings.ToLower(s)
	for _, unit := range []struct {
		name string
		is   int64
	}{{"pb", 1 << 50}, {"tb", 1 << 40}, {"gb", 1 << 30}, {"mb", 1 << 20}, {"kb", 1 << 10}, {"b", 1}} {
		if number, ok := strings.CutSuffix(s, unit.name); ok {
			n, err := strconv.ParseInt(number, 10, 64)
			return n * unit.is, err
		}
	}
	return 0, fmt.Errorf("failed to parse [%s] as a size in bytes", s)
}
