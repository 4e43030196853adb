package flowindex

import (
	"context"
	"fmt"
	"net/http"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// features are the parts of x-pack that a server has.
type features map[string]bool

// The parts that matter here, as the server names them.
const (
	featureStreams   = "data_streams"
	featureLifecycle = "ilm"
)

// featuresOf asks which there are. A server without x-pack does not know the question: then there are none.
func featuresOf(ctx context.Context, on *client.Client) (features, error) {
	var answer struct {
		Features map[string]struct {
			Available bool `json:"available"`
			Enabled   bool `json:"enabled"`
		} `json:"features"`
	}
	err := on.Ask(ctx, esapi.XPackInfoRequest{Categories: []string{"features"}}, &answer)
	if client.HasStatus(err, http.StatusBadRequest) || client.HasStatus(err, http.StatusMethodNotAllowed) {
		return features{}, nil
	}
	there := features{}
	for name, feature := range answer.Features {
		there[name] = feature.Available && feature.Enabled
	}
	return there, err
}

// templateOf returns the index template of a name; nil: there is none.
func templateOf(ctx context.Context, on *client.Client, name string) (map[string]any, error) {
	all, err := templates(ctx, on, name)
	if client.Absent(err) {
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	if found, ok := all[name]; ok {
		return found, nil
	}
	return nil, fmt.Errorf("%w: it has no template %s and does not say that there is none", client.ErrForeign, name)
}

// templates returns index templates by their names; an empty pattern means all.
func templates(ctx context.Context, on *client.Client, pattern string) (map[string]map[string]any, error) {
	var answer struct {
		Templates []struct {
			Name     string         `json:"name"`
			Template map[string]any `json:"index_template"`
		} `json:"index_templates"`
	}
	if err := on.Ask(ctx, esapi.IndicesGetIndexTemplateRequest{Name: pattern}, &answer); err != nil {
		return nil, err
	}
	all := map[string]map[string]any{}
	for _, t := range answer.Templates {
		all[t.Name] = t.Template
	}
	return all, nil
}

// componentOf returns the component template of a name; nil: there is none.
func componentOf(ctx context.Context, on *client.Client, name string) (map[string]any, error) {
	var answer struct {
		Templates []struct {
			Name     string         `json:"name"`
			Template map[string]any `json:"component_template"`
		} `json:"component_templates"`
	}
	err := on.Ask(ctx, esapi.ClusterGetComponentTemplateRequest{Name: []string{name}}, &answer)
	if client.Absent(err) {
		return nil, nil //nolint:nilnil // documented
	}
	if err != nil {
		return nil, err
	}
	for _, t := range answer.Templates {
		if t.Name == name {
			return t.Template, nil
		}
	}
	return nil, fmt.Errorf("%w: it has no component template %s and does not say that there is none", client.ErrForeign, name)
}

// policyOf returns the lifecycle policy of a name; nil: there is none. A server without index lifecycle management answers that there is no index _ilm.
func policyOf(ctx context.Context, on *client.Client, name string) (map[string]any, error) {
	var answer map[string]struct {
		Policy map[string]any `json:"policy"`
	}
	err := on.Ask(ctx, esapi.ILMGetLifecycleRequest{Policy: name}, &answer)
	if client.Absent(err) {
		return nil, nil //nolint:nilnil // documented
	}
	return answer[name].Policy, err
}

// target is what documents are written to, as far as it is there.
type target struct {
	kind    string                       // schema.TargetDataStream and so on; empty: there is nothing
	write   string                       // the index that is written to
	indices map[string]map[string]string // settings, with dotted names, by index
	mapping map[string]any               // of the index that is written to
}

// targetOf finds what there is of a name.
func targetOf(ctx context.Context, on *client.Client, name string) (found target, err error) {
	flat := true
	var settings map[string]struct {
		Settings map[string]string `json:"settings"`
	}
	err = on.Ask(ctx, esapi.IndicesGetSettingsRequest{Index: []string{name}, FlatSettings: &flat}, &settings)
	if client.Absent(err) {
		return target{}, nil
	}
	if err != nil {
		return target{}, err
	}
	found.indices = map[string]map[string]string{}
	for index, i := range settings {
		found.indices[index] = i.Settings
	}
	if found.kind, found.write, err = writtenTo(ctx, on, name, found.indices); err != nil {
		return target{}, err
	}
	var mappings map[string]struct {
		Mappings map[string]any `json:"mappings"`
	}
	if err := on.Ask(ctx, esapi.IndicesGetMappingRequest{Index: []string{found.write}}, &mappings); err != nil {
		return target{}, err
	}
	found.mapping = mappings[found.write].Mappings
	return found, nil
}
