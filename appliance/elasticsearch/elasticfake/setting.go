package elasticfake

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// indexSettings are those that an index of 7.17 may have and that are used here; true: it cannot be changed while the index is open. "Index modules".
var indexSettings = map[string]bool{
	"index.number_of_shards": true, "index.number_of_routing_shards": true, "index.codec": true, "index.sort.field": true, "index.sort.order": true,
	"index.sort.missing": true, "index.sort.mode": true, "index.number_of_replicas": false, "index.auto_expand_replicas": false, "index.refresh_interval": false,
	"index.mapping.total_fields.limit": false, "index.hidden": false, "index.priority": false, "index.blocks.read_only_allow_delete": false,
	"index.blocks.write": false, "index.blocks.read_only": false, "index.translog.durability": false, "index.translog.sync_interval": false,
	"index.query.default_field": false, "index.max_result_window": false, "index.default_pipeline": false,
}

// lifecycleSettings come with index lifecycle management. "Index lifecycle management settings".
var lifecycleSettings = map[string]bool{
	"index.lifecycle.name": false, "index.lifecycle.rollover_alias": false, "index.lifecycle.indexing_complete": false,
	"index.lifecycle.origination_date": false, "index.lifecycle.parse_origination_date": false,
}

func (c *Cluster) knownSetting(name string) bool {
	if _, ok := indexSettings[name]; ok {
		return true
	}
	if _, ok := lifecycleSettings[name]; ok {
		return !c.options.Plain
	}
	return strings.HasPrefix(name, "index.routing.allocation.")
}

func isStatic(name string) bool { return indexSettings[name] }

// normal are settings as they are kept: dotted names with the prefix, and texts.
func (c *Cluster) normal(settings map[string]any) (map[string]string, *failure) {
	flat := map[string]string{}
	for name, value := range flatten(map[string]any{}, "", settings) {
		if !strings.HasPrefix(name, "index.") {
			name = "index." + name
		}
		if !c.knownSetting(name) {
			return nil, illegal("unknown setting [%s] please check that any required plugins are installed, or check the breaking changes documentation for removed settings", name)
		}
		if value != nil {
			flat[name] = scalar(value)
		}
	}
	return flat, nil
}

// clusterPrefixes are beginnings of settings that a cluster has. "Cluster-level shard allocation", "Index recovery settings" and others.
var clusterPrefixes = []string{
	"action.", "cluster.", "discovery.", "gateway.", "indices.", "ingest.", "logger.", "network.", "node.", "repositories.", "search.", "slm.", "snapshot.",
	"thread_pool.", "transient.", "xpack.",
}

func (c *Cluster) clusterSettings(r *call) map[string]any {
	shown := map[string]any{}
	for kind, settings := range c.settings {
		shown[kind] = nest(settings)
		if r.flag("flat_settings", false) {
			shown[kind] = settings
		}
	}
	return shown
}

func (c *Cluster) putClusterSettings(r *call) (any, *failure) {
	changed := map[string]any{"acknowledged": true, "persistent": map[string]any{}, "transient": map[string]any{}}
	asked := false
	for kind := range c.settings {
		flat := flatten(map[string]any{}, "", object(r.body[kind]))
		asked = asked || len(flat) > 0
		for _, name := range slices.Sorted(maps.Keys(flat)) {
			if !slices.ContainsFunc(clusterPrefixes, func(prefix string) bool { return strings.HasPrefix(name, prefix) }) {
				return nil, illegal("%s setting [%s], not recognized", kind, name)
			}
		}
		news := map[string]string{}
		for name, value := range flat {
			if value == nil {
				delete(c.settings[kind], name)
				continue
			}
			c.settings[kind][name] = scalar(value)
			news[name] = scalar(value)
		}
		changed[kind] = nest(news)
	}
	if !asked {
		return nil, fail(http.StatusBadRequest, "action_request_validation_exception", "Validation Failed: 1: no settings to update;")
	}
	return changed, nil
}
