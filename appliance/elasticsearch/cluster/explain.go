package cluster

import (
	"context"
	"errors"
	"fmt"
	"regexp"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

var refusedSetting = regexp.MustCompile(`setting \[([^\]]+)\], not (recognized|dynamically updateable)`)

// ExplainSetting says what to do about a setting that Elasticsearch refused to change, with the name that may have been meant.
func ExplainSetting(ctx context.Context, on *client.Client, refused error) error {
	var answer *client.StatusError
	if !errors.As(refused, &answer) {
		return refused
	}
	said := refusedSetting.FindStringSubmatch(answer.Reason)
	switch {
	case said == nil:
		return refused
	case said[2] == "recognized":
		if near := nearestSetting(ctx, on, said[1]); near != "" {
			return fmt.Errorf("%w; did you mean %q?", refused, near)
		}
		return refused
	}
	return fmt.Errorf("%w: it is a setting of the nodes, in elasticsearch.yml", refused)
}

// nearestSetting is the setting whose name is nearest to one that does not exist; empty when none is near, or the cluster does not say.
func nearestSetting(ctx context.Context, on *client.Client, name string) string {
	var answer struct {
		Defaults map[string]any `json:"defaults"`
	}
	yes := true
	if on.Ask(ctx, esapi.ClusterGetSettingsRequest{FlatSettings: &yes, IncludeDefaults: &yes}, &answer) != nil {
		return "" // the refusal says enough
	}
	var known stack.Names[any]
	for setting, value := range answer.Defaults {
		known.Add(setting, value)
	}
	return known.Nearest(name, len(name)/3, func(string, any) bool { return true })
}
