package flowsummary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	flows "github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// stopTime is how long a transform is waited for that is to stop: it ends the page it works on.
const stopTime = time.Minute

// read is what Elasticsearch has. It is there as long as any part of it is that flowstack made. A server without transforms answers that there is none.
func read(ctx context.Context, m *Model, c elasticresource.Context) (found summary, there bool, err error) {
	found.name = m.Name.ValueString()
	if err := found.readTransform(ctx, c.Client); err != nil {
		return summary{}, false, err
	}
	var templates struct {
		Templates []struct {
			Name     string         `json:"name"`
			Template map[string]any `json:"index_template"`
		} `json:"index_templates"`
	}
	err = c.Client.Ask(ctx, esapi.IndicesGetIndexTemplateRequest{Name: found.name}, &templates)
	if elasticresource.AbsentIsFine(err) != nil {
		return summary{}, false, err
	}
	for _, t := range templates.Templates {
		if t.Name == found.name {
			found.template = t.Template
		}
	}
	if err := found.readIndex(ctx, c.Client); err != nil {
		return summary{}, false, err
	}
	there = found.transform != nil || found.template != nil && elasticresource.Object(found.template["_meta"])["managed_by"] == flows.ManagedByTerraform
	return found, there, nil
}

func (s *summary) readTransform(ctx context.Context, on *client.Client) error {
	var configs struct {
		Transforms []map[string]any `json:"transforms"`
	}
	err := on.Ask(ctx, esapi.TransformGetTransformRequest{TransformID: s.name}, &configs)
	if client.Absent(err) || client.Unheard(err) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, config := range configs.Transforms {
		if config["id"] == s.name {
			s.transform = config
		}
	}
	var stats struct {
		Transforms []struct {
			ID     string `json:"id"`
			State  string `json:"state"`
			Reason string `json:"reason"`
		} `json:"transforms"`
	}
	err = on.Ask(ctx, esapi.TransformGetTransformStatsRequest{TransformID: s.name}, &stats)
	if elasticresource.AbsentIsFine(err) != nil {
		return err
	}
	for _, t := range stats.Transforms {
		if t.ID != s.name {
			continue
		}
		switch s.state = t.State; {
		case t.State == "indexing":
			s.state = running
		case t.Reason != "":
			s.state += ": " + t.Reason
		}
	}
	return nil
}

func (s *summary) readIndex(ctx context.Context, on *client.Client) error {
	var mappings map[string]struct {
		Mappings map[string]any `json:"mappings"`
	}
	err := on.Ask(ctx, esapi.IndicesGetMappingRequest{Index: []string{s.name}}, &mappings)
	if client.Absent(err) {
		return nil
	}
	if err != nil {
		return err
	}
	s.shape = "of somebody else"
	if shape, said := elasticresource.Object(mappings[s.name].Mappings["_meta"])["shape"].(string); said {
		s.shape = shape
	}
	var stats struct {
		All struct {
			Primaries struct {
				Docs struct {
					Count int64 `json:"count"`
				} `json:"docs"`
			} `json:"primaries"`
		} `json:"_all"`
	}
	err = on.Ask(ctx, esapi.IndicesStatsRequest{Index: []string{s.name}, Metric: []string{"docs"}}, &stats)
	s.documents = stats.All.Primaries.Docs.Count
	return err
}

type change = elasticresource.Change[Model, summary]

// write makes of what is there what is wanted. What a transform groups by cannot be changed: the resource is replaced then, so that what differs here can.
func write(ctx context.Context, c change) error {
	found, want := c.Found, c.Want
	if part := found.foreign(); part != "" && c.Creating {
		return errors.New("there is a " + part + " that flowstack did not make: remove it, or choose another name")
	}
	if found.shape != "" && found.shape != want.shape {
		if found.documents > 0 || found.shape == "of somebody else" {
			return fmt.Errorf("there is an index %s with other summaries in it (%s), which would be counted besides the new ones: choose another name, or delete the index",
				want.name, found.shape)
		}
		if _, err := c.Client.Call(ctx, esapi.IndicesDeleteRequest{Index: []string{want.name}}); elasticresource.AbsentIsFine(err) != nil {
			return err
		}
	}
	if found.template == nil || !same(templateFacts, found.template, want.template) {
		err := elasticresource.Send(ctx, c.Client, want.template, func(b io.Reader) esapi.Request {
			return esapi.IndicesPutIndexTemplateRequest{Name: want.name, Body: b}
		})
		if err != nil {
			return fmt.Errorf("the index template is refused: %w", err)
		}
	}
	return writeTransform(ctx, c)
}

// same tells whether two things have the same facts.
func same(facts func(host.Facts, map[string]any), a, b map[string]any) bool {
	of, other := host.Facts{}, host.Facts{}
	facts(of, a)
	facts(other, b)
	return reflect.DeepEqual(of, other)
}

func writeTransform(ctx context.Context, c change) error {
	found, want := c.Found, c.Want
	switch {
	case found.transform == nil:
		err := elasticresource.Send(ctx, c.Client, want.transform, func(b io.Reader) esapi.Request {
			return esapi.TransformPutTransformRequest{TransformID: want.name, Body: b}
		})
		if client.Unheard(err) {
			return errors.New("this Elasticsearch has no transforms, which are in Elastic's default distribution")
		}
		if err != nil {
			return fmt.Errorf("the transform is refused: %w", err)
		}
	case !same(pivotFacts, found.transform, want.transform):
		// Somebody made another one of the same name.
		if err := stop(ctx, c.Client, want.name); err != nil {
			return err
		}
		if _, err := c.Client.Call(ctx, esapi.TransformDeleteTransformRequest{TransformID: want.name}); elasticresource.AbsentIsFine(err) != nil {
			return err
		}
		c.Found.transform, c.Found.state = nil, ""
		return writeTransform(ctx, c)
	case !same(transformFacts, found.transform, want.transform):
		update := map[string]any{"retention_policy": want.transform["retention_policy"]} // null removes it
		for _, name := range []string{"source", "dest", "description", "frequency", "sync"} {
			update[name] = want.transform[name]
		}
		err := elasticresource.Send(ctx, c.Client, update, func(b io.Reader) esapi.Request {
			return esapi.TransformUpdateTransformRequest{TransformID: want.name, Body: b}
		})
		if err != nil {
			return fmt.Errorf("the change of the transform is refused: %w", err)
		}
	}
	if found.state == running {
		return nil
	}
	if found.transform != nil && found.state != "stopped" {
		if err := stop(ctx, c.Client, want.name); err != nil { // failed: it does not start again by itself
			return err
		}
	}
	_, err := c.Client.Call(ctx, esapi.TransformStartTransformRequest{TransformID: want.name})
	if err != nil {
		return fmt.Errorf("the transform cannot be started: %w", err)
	}
	return nil
}

func pivotFacts(found host.Facts, transform map[string]any) {
	elasticresource.Flatten(found, "", transform["pivot"])
}

// stop ends a transform, even one that has failed.
func stop(ctx context.Context, on *client.Client, name string) error {
	yes := true
	_, err := on.Call(ctx, esapi.TransformStopTransformRequest{TransformID: name, Force: &yes, WaitForCompletion: &yes, Timeout: stopTime})
	if client.Unheard(err) {
		return nil
	}
	return elasticresource.AbsentIsFine(err)
}

// remove ends the transform and takes away its template. The summaries stay, unless there are none or they are to be deleted.
func remove(ctx context.Context, m *Model, c elasticresource.Context) error {
	name := m.Name.ValueString()
	found, _, err := read(ctx, m, c)
	if err != nil {
		return err
	}
	if found.transform != nil {
		if err := stop(ctx, c.Client, name); err != nil {
			return err
		}
		if _, err := c.Client.Call(ctx, esapi.TransformDeleteTransformRequest{TransformID: name}); elasticresource.AbsentIsFine(err) != nil {
			return err
		}
	}
	if found.shape != "" && found.shape != "of somebody else" && (m.DeleteData.ValueBool() || found.documents == 0) {
		if _, err := c.Client.Call(ctx, esapi.IndicesDeleteRequest{Index: []string{name}}); elasticresource.AbsentIsFine(err) != nil {
			return err
		}
	}
	if found.template == nil || found.foreign() == "index template "+name {
		return nil
	}
	_, err = c.Client.Call(ctx, esapi.IndicesDeleteIndexTemplateRequest{Name: name})
	return elasticresource.AbsentIsFine(err)
}

// stays tells what a destroy has left.
func stays(ctx context.Context, m *Model, c elasticresource.Context) (string, error) {
	found, _, err := read(ctx, m, c)
	if err != nil || found.shape == "" || found.shape == "of somebody else" {
		return "", err
	}
	return fmt.Sprintf("There is still the index %s with its summaries, and nothing deletes the old ones any more. With delete_data = true, applied before the destroy, it would "+
		"have gone.", found.name), nil
}
