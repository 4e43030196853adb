package flowindex

import (
	"context"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// remove takes away what can go: everything, when there are no flows or they are to be deleted. Where flows stay, so does what Elasticsearch needs to keep
// them: it refuses to delete the template of a data stream, and a policy that indices have, and goes on to delete what is older than the retention.
func remove(ctx context.Context, m *Model, c elasticresource.Context) error {
	name := m.Name.ValueString()
	has, err := targetOf(ctx, c.Client, name)
	if err != nil {
		return err
	}
	if has.kind != "" {
		keep := !m.DeleteData.ValueBool()
		if keep {
			if keep, err = hasFlows(ctx, c.Client, name); err != nil {
				return err
			}
		}
		if !keep {
			if has, err = deleteTarget(ctx, c.Client, name, has); err != nil {
				return err
			}
		}
	}
	if has.kind == schema.TargetDataStream {
		return nil
	}
	return removeParts(ctx, c.Client, name, has)
}

// removeParts removes what is ours of the parts, in the order in which Elasticsearch allows it.
func removeParts(ctx context.Context, on *client.Client, name string, has target) error {
	template, err := templateOf(ctx, on, name)
	if err == nil && template != nil && ours(template) {
		_, err = on.Call(ctx, esapi.IndicesDeleteIndexTemplateRequest{Name: name})
	}
	if elasticresource.AbsentIsFine(err) != nil {
		return err
	}
	for _, component := range []string{settingsName(name), mappingsName(name)} {
		found, err := componentOf(ctx, on, component)
		if err == nil && found != nil && ours(found) {
			_, err = on.Call(ctx, esapi.ClusterDeleteComponentTemplateRequest{Name: component})
		}
		if elasticresource.AbsentIsFine(err) != nil {
			return err
		}
	}
	policy, err := policyOf(ctx, on, name)
	if err != nil || policy == nil || !mine(policy) || has.uses(name) {
		return err
	}
	_, err = on.Call(ctx, esapi.ILMDeleteLifecycleRequest{Policy: name})
	return elasticresource.AbsentIsFine(err)
}

// uses tells whether an index has a policy.
func (t target) uses(policy string) bool {
	for _, settings := range t.indices {
		if settings["index.lifecycle.name"] == policy {
			return true
		}
	}
	return false
}

// hasFlows tells whether there is any document.
func hasFlows(ctx context.Context, on *client.Client, name string) (bool, error) {
	var answer struct {
		All struct {
			Primaries struct {
				Docs struct {
					Count int64 `json:"count"`
				} `json:"docs"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	// Documents that a search does not find yet count only after a refresh.
	if _, err := on.Call(ctx, esapi.IndicesRefreshRequest{Index: []string{name}}); err != nil {
		return false, err
	}
	err := on.Ask(ctx, esapi.IndicesStatsRequest{Index: []string{name}, Metric: []string{"docs"}}, &answer)
	return answer.All.Primaries.Docs.Count > 0, err
}

// deleteTarget deletes the flows, too. It returns what is left: an alias of indices that somebody else put there.
func deleteTarget(ctx context.Context, on *client.Client, name string, has target) (left target, err error) {
	if has.kind == schema.TargetDataStream {
		_, err := on.Call(ctx, esapi.IndicesDeleteDataStreamRequest{Name: []string{name}})
		return target{}, elasticresource.AbsentIsFine(err)
	}
	left = target{kind: has.kind, indices: map[string]map[string]string{}}
	for index, settings := range has.indices {
		if !ofFlows(name, index) {
			left.indices[index] = settings
			continue
		}
		_, err := on.Call(ctx, esapi.IndicesDeleteRequest{Index: []string{index}})
		if elasticresource.AbsentIsFine(err) != nil {
			return has, err
		}
	}
	if len(left.indices) == 0 {
		return target{}, nil
	}
	return left, nil
}

// ofFlows tells whether an index is the one of the name, or one of those that rollovers make.
func ofFlows(name, index string) bool {
	_, made := schema.RolloverNumber(name, index)
	return index == name || made
}

// stays tells what a destroy has left, and why.
func stays(ctx context.Context, m *Model, c elasticresource.Context) (string, error) {
	name := m.Name.ValueString()
	has, err := targetOf(ctx, c.Client, name)
	if err != nil || has.kind == "" {
		return "", err
	}
	left := []string{fmt.Sprintf("%s %s with its %s", strings.TrimPrefix(strings.TrimPrefix(words[has.kind], "an "), "a "), name, kind(m.Documents.ValueString()).Plural)}
	if has.kind == schema.TargetDataStream {
		left = append(left, "its templates, without which it could not be")
	}
	if has.uses(name) {
		left = append(left, "its lifecycle policy, which goes on to delete old ones")
	}
	return "There are still the " + strings.Join(left, ", and ") + ". With delete_data = true, applied before the destroy, all of it would have gone.", nil
}
