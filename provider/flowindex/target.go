package flowindex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// ModeAuto takes what is there, else a data stream where the server has them, else an alias. The other modes are the targets of package schema.
const ModeAuto = "auto"

// words are how people call a target.
var words = map[string]string{schema.TargetDataStream: "a data stream", schema.TargetAlias: "an alias", schema.TargetIndex: "an index"}

// writtenTo tells, of a name that stands for indices, what it is, and to which of them documents go.
func writtenTo(ctx context.Context, on *client.Client, name string, indices map[string]map[string]string) (kind, write string, err error) {
	if _, is := indices[name]; is {
		return schema.TargetIndex, name, nil
	}
	var aliases map[string]struct {
		Aliases map[string]struct {
			Write *bool `json:"is_write_index"`
		} `json:"aliases"`
	}
	err = on.Ask(ctx, esapi.IndicesGetAliasRequest{Name: []string{name}}, &aliases)
	if err == nil {
		for index, i := range aliases {
			if said := i.Aliases[name].Write; said != nil && *said || said == nil && len(aliases) == 1 {
				return schema.TargetAlias, index, nil
			}
		}
		return "", "", conclude("the alias %s has no write index: set is_write_index of one of its indices", name)
	}
	if !client.Absent(err) {
		return "", "", err
	}
	var streams struct {
		Streams []struct {
			Name    string `json:"name"`
			Indices []struct {
				Name string `json:"index_name"`
			} `json:"indices"`
		} `json:"data_streams"`
	}
	if err := on.Ask(ctx, esapi.IndicesGetDataStreamRequest{Name: []string{name}}, &streams); err != nil {
		return "", "", err
	}
	for _, s := range streams.Streams {
		if s.Name == name && len(s.Indices) > 0 {
			return schema.TargetDataStream, s.Indices[len(s.Indices)-1].Name, nil
		}
	}
	return "", "", fmt.Errorf("%w: %s is no index, no alias and no data stream, and has indices", client.ErrForeign, name)
}

// settle says what the target is to be: what the mode says, or, for auto, what is there, what our template is for, or what the server can.
func settle(mode, name string, can features, there target, template map[string]any) (string, error) {
	switch {
	case mode == ModeAuto && there.kind != "":
		return there.kind, nil
	case mode == ModeAuto && ours(template):
		return targetFor(name, template), nil
	case mode == ModeAuto && can[featureStreams]:
		return schema.TargetDataStream, nil
	case mode == ModeAuto:
		return schema.TargetAlias, nil
	case there.kind != "" && there.kind != mode:
		return "", conclude("there is %s of this name, not %s: remove it, or set mode to %q", words[there.kind], words[mode], there.kind)
	case mode == schema.TargetDataStream && !can[featureStreams]:
		return "", conclude("this Elasticsearch has no data streams, which are in Elastic's default distribution: set mode to %q", schema.TargetAlias)
	}
	return mode, nil
}

// ours tells a template that flowstack made, the collector or Terraform, by its mark.
func ours(template map[string]any) bool {
	by := elasticresource.Object(template["_meta"])["managed_by"]
	return by == schema.ManagedBy || by == schema.ManagedByTerraform
}

// targetFor is what an index template of a name is for.
func targetFor(name string, template map[string]any) string {
	switch {
	case template["data_stream"] != nil:
		return schema.TargetDataStream
	case slices.Contains(elasticresource.Strings(template["index_patterns"]), name):
		return schema.TargetIndex
	}
	return schema.TargetAlias
}

// create makes the target.
func create(ctx context.Context, on *client.Client, name, kind string) error {
	var err error
	switch kind {
	case schema.TargetDataStream:
		_, err = on.Call(ctx, esapi.IndicesCreateDataStreamRequest{Name: name})
	case schema.TargetAlias:
		aliases := map[string]any{"aliases": map[string]any{name: map[string]any{"is_write_index": true}}}
		err = elasticresource.Send(ctx, on, aliases, func(b io.Reader) esapi.Request { return esapi.IndicesCreateRequest{Index: first(name), Body: b} })
	default:
		_, err = on.Call(ctx, esapi.IndicesCreateRequest{Index: name})
	}
	var answer *client.StatusError
	if errors.As(err, &answer) && answer.Kind == "resource_already_exists_exception" {
		return nil // the collector's setup was faster
	}
	if err != nil {
		return fmt.Errorf("%s %s cannot be created: %w", words[kind], name, err)
	}
	return nil
}

// first is the first index of an alias.
func first(name string) string { return name + "-000001" }

// rollover begins a new index, made by the template as it is now.
func rollover(ctx context.Context, on *client.Client, name string) error {
	_, err := on.Call(ctx, esapi.IndicesRolloverRequest{Alias: name})
	if client.HasStatus(err, http.StatusBadRequest) {
		return fmt.Errorf("the next index, with the new mappings, cannot be begun: %w", err)
	}
	return err
}
