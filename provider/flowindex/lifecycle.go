package flowindex

import (
	"errors"
	"fmt"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

const (
	// DefaultShardSize is the largest shard that Elastic's guide asks for.
	DefaultShardSize = "50gb"
	// longestIndex is how long an index is written to at most where nobody says how long flows are kept.
	longestIndex = 30 * 24 * time.Hour
	// parts are how many indices a retention is divided into: what is kept longer than asked for is one of them at most.
	parts = 30
)

// lifecycle says how indices live. Times are Elasticsearch's, such as 30d, sizes too.
type lifecycle struct {
	retention string // empty: for ever
	maxAge    string // of an index until the next one is begun; empty: by the retention
	maxSize   string // of a primary shard, until the next index is begun
	merge     bool   // into one segment, after the next one is begun
	warm      *tier
	cold      *tier
	frozen    *frozen
}

// tier is a phase in which an index moves to other nodes.
type tier struct {
	after      string
	replicas   *int64
	attributes map[string]string // of the nodes; nil: those with the role of the tier
}

// frozen is the phase in which an index is searched in its snapshot.
type frozen struct {
	after, repository string
}

// mistake is an error about an attribute, by its path.
type mistake struct {
	at  []string
	err error
}

// check finds what cannot be: a time that is none, or phases that are not in their order. It returns the mistakes with the attributes to blame.
func (l lifecycle) check() (found []mistake) {
	blame := func(err error, at ...string) { found = append(found, mistake{at, err}) }
	last, lastName := time.Duration(0), ""
	after := func(text string, at ...string) {
		if text == "" {
			return
		}
		d, err := elasticresource.ParseTime(text)
		switch name := at[0]; {
		case err != nil:
			blame(err, at...)
		case d <= last && lastName != "":
			blame(fmt.Errorf("%s has to come later than %s: times count from the moment that the next index is begun", name, lastName), at...)
		default:
			last, lastName = d, name
		}
	}
	if l.warm != nil {
		after(l.warm.after, "warm", "after")
	}
	if l.cold != nil {
		after(l.cold.after, "cold", "after")
	}
	if l.frozen != nil {
		after(l.frozen.after, "frozen", "after")
	}
	after(l.retention, "retention")
	if l.maxAge != "" {
		if _, err := elasticresource.ParseTime(l.maxAge); err != nil {
			blame(err, "rollover", "max_age")
		}
	}
	if l.maxSize != "" {
		if _, err := elasticresource.ParseSize(l.maxSize); err != nil {
			blame(err, "rollover", "max_size")
		}
	}
	for name, t := range map[string]*tier{"warm": l.warm, "cold": l.cold} {
		if t != nil && t.replicas != nil && *t.replicas < 0 {
			blame(errors.New("there cannot be fewer than 0"), name, "replicas")
		}
	}
	return found
}

// indexAge is how long an index is written to at most: a part of the retention, in whole hours and, from some on, days.
func (l lifecycle) indexAge() string {
	if l.maxAge != "" {
		return l.maxAge
	}
	d, err := elasticresource.ParseTime(l.retention)
	if err != nil {
		return elasticresource.ShowTime(longestIndex)
	}
	d /= parts
	switch {
	case d < time.Hour:
		d = time.Hour
	case d < 24*time.Hour:
		d = d.Truncate(time.Hour)
	default:
		d = min(d.Truncate(24*time.Hour), longestIndex)
	}
	return elasticresource.ShowTime(d)
}

// policy is the body of the ILM policy, as Elasticsearch returns it. "Create or update lifecycle policy API", "Phase actions".
func (l lifecycle) policy() map[string]any {
	size := l.maxSize
	if size == "" {
		size = DefaultShardSize
	}
	hot := map[string]any{
		"set_priority": map[string]any{"priority": float64(100)},
		"rollover":     map[string]any{"max_age": l.indexAge(), "max_primary_shard_size": size},
	}
	if l.merge {
		hot["forcemerge"] = map[string]any{"max_num_segments": float64(1)}
	}
	phases := map[string]any{"hot": phase("0ms", hot)}
	if l.warm != nil {
		phases["warm"] = phase(l.warm.after, l.warm.actions(50))
	}
	if l.cold != nil {
		phases["cold"] = phase(l.cold.after, l.cold.actions(0))
	}
	if l.frozen != nil {
		phases["frozen"] = phase(l.frozen.after, map[string]any{
			"searchable_snapshot": map[string]any{"snapshot_repository": l.frozen.repository, "force_merge_index": true},
		})
	}
	if l.retention != "" {
		phases["delete"] = phase(l.retention, map[string]any{"delete": map[string]any{"delete_searchable_snapshot": true}})
	}
	return map[string]any{"phases": phases, "_meta": map[string]any{"managed_by": schema.ManagedByTerraform}}
}

func phase(after string, actions map[string]any) map[string]any {
	return map[string]any{"min_age": after, "actions": actions}
}

// actions are those of a tier; priority is in which order indices are recovered after a restart. Where the nodes are named by attributes, the data
// tiers are not to move the index somewhere else.
func (t *tier) actions(priority float64) map[string]any {
	actions := map[string]any{"set_priority": map[string]any{"priority": priority}}
	allocate := map[string]any{"include": map[string]any{}, "exclude": map[string]any{}, "require": map[string]any{}}
	if t.replicas != nil {
		allocate["number_of_replicas"] = float64(*t.replicas)
	}
	if len(t.attributes) > 0 {
		require := map[string]any{}
		for name, value := range t.attributes {
			require[name] = value
		}
		allocate["require"] = require
		actions["migrate"] = map[string]any{"enabled": false}
	}
	if t.replicas != nil || len(t.attributes) > 0 {
		actions["allocate"] = allocate
	}
	return actions
}
