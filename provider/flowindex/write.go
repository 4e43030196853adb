package flowindex

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

type change = elasticresource.Change[Model, design]

// part is one of the objects of a design.
type part struct {
	what        string
	want, found map[string]any
	facts       func(map[string]any) host.Facts
	put         func(io.Reader) esapi.Request
	body        func(map[string]any) any // nil: as it is
}

// parts are what a design consists of besides the target, in the order in which they can be put: an index template is refused before its components, and
// a rollover would not find a policy that comes later.
func (d design) parts(found design) []part {
	component := func(name string, want, found map[string]any) part {
		return part{
			what: "component template " + name, want: want, found: found, facts: componentFacts,
			put: func(b io.Reader) esapi.Request { return esapi.ClusterPutComponentTemplateRequest{Name: name, Body: b} },
		}
	}
	return []part{
		{
			what: "lifecycle policy " + d.name, want: d.policy, found: found.policy,
			facts: func(policy map[string]any) host.Facts {
				all := host.Facts{}
				policyFacts(all, policy)
				return all
			},
			put:  func(b io.Reader) esapi.Request { return esapi.ILMPutLifecycleRequest{Policy: d.name, Body: b} },
			body: func(policy map[string]any) any { return map[string]any{"policy": policy} },
		},
		component(settingsName(d.name), d.settings, found.settings),
		component(mappingsName(d.name), d.mappings, found.mappings),
		{
			what: "index template " + d.name, want: d.template, found: found.template,
			facts: func(template map[string]any) host.Facts {
				all := host.Facts{}
				templateFacts(all, template)
				innerFacts(all, elasticresource.Object(template["template"]))
				return all
			},
			put: func(b io.Reader) esapi.Request { return esapi.IndicesPutIndexTemplateRequest{Name: d.name, Body: b} },
		},
	}
}

func componentFacts(component map[string]any) host.Facts {
	all := host.Facts{}
	metaFacts(all, "", component)
	innerFacts(all, elasticresource.Object(component["template"]))
	return all
}

// write makes of what is there what is wanted, part by part, each only where it differs. Every step looks at what there is, so that after one that
// failed the next apply goes on from there.
func write(ctx context.Context, c change) error {
	if err := c.Plan.unopposed(ctx, c.Client); err != nil {
		return err
	}
	found := c.Found
	if part := found.foreign(); part != "" && c.Creating {
		return errors.New("there is a " + part + " that flowstack did not make: remove it, or choose another name")
	}
	if other := found.other(kind(c.Plan.Documents.ValueString())); other != nil && c.Creating {
		return fmt.Errorf("what there is of this name is for documents of %s: choose another name, or set documents to %q", other.Name, other.Name)
	}
	for _, p := range c.Want.parts(found) {
		if p.want == nil || p.found != nil && reflect.DeepEqual(p.facts(p.want), p.facts(p.found)) {
			continue
		}
		var body any = p.want
		if p.body != nil {
			body = p.body(p.want)
		}
		if err := elasticresource.Send(ctx, c.Client, body, p.put); err != nil {
			return fmt.Errorf("the %s is refused: %w", p.what, err)
		}
	}
	if found.target.kind == "" {
		if err := create(ctx, c.Client, c.Want.name, c.Want.target.kind); err != nil {
			return err
		}
	} else if err := renew(ctx, c.Client, c.Want, found.target); err != nil {
		return err
	}
	if c.Want.policy == nil && found.policy != nil && mine(found.policy) {
		_, err := c.Client.Call(ctx, esapi.ILMDeleteLifecycleRequest{Policy: c.Want.name})
		return elasticresource.AbsentIsFine(err)
	}
	return nil
}

// mine tells a policy that Terraform made by its mark.
func mine(policy map[string]any) bool {
	return elasticresource.Object(policy["_meta"])["managed_by"] == schema.ManagedByTerraform
}

// renew brings what the indices of the target are made with up to what the templates now say: settings that may change in place, and, where mappings or
// other settings differ, a new index to write to. It compares with the index that is written to, not with the templates before: a rollover that failed
// is made up for, and one that was done is not done again.
func renew(ctx context.Context, on *client.Client, want design, has target) error {
	want.target = has
	wanted := host.Facts{}
	for _, part := range []map[string]any{want.settings, want.mappings} {
		innerFacts(wanted, elasticresource.Object(part["template"]))
	}
	static, dynamic := want.oldSettings(wanted)
	fields := oldFields(wanted, has.mapping)
	if err := putSettings(ctx, on, has, settingsOf(wanted), dynamic); err != nil {
		return err
	}
	switch {
	case len(fields)+len(static) == 0:
		return nil
	case has.kind != schema.TargetIndex:
		return rollover(ctx, on, want.name)
	}
	mappings := elasticresource.Object(elasticresource.Object(want.mappings["template"])["mappings"])
	err := elasticresource.Send(ctx, on, mappings, func(b io.Reader) esapi.Request {
		return esapi.IndicesPutMappingRequest{Index: []string{has.write}, Body: b}
	})
	if client.HasStatus(err, http.StatusBadRequest) {
		return fmt.Errorf("there is a single index of this name, whose fields cannot become of another type (%s): reindex it under another name, or move the flows to a "+
			"data stream: %w", difference(fields), err)
	}
	return err
}

// putSettings changes settings in place: those that all indices have to have in all of them, others in the one that is written to.
func putSettings(ctx context.Context, on *client.Client, has target, wanted map[string]string, names []string) error {
	all, one := map[string]any{}, map[string]any{}
	for _, name := range names {
		var value any // null: the setting is removed
		if text, is := wanted[name]; is {
			value = text
		}
		if everywhere[name] {
			all[name] = value
			continue
		}
		one[name] = value
	}
	for _, put := range []struct {
		indices  []string
		settings map[string]any
	}{{slices.Sorted(maps.Keys(has.indices)), all}, {[]string{has.write}, one}} {
		if len(put.settings) == 0 {
			continue
		}
		for chunk := range slices.Chunk(put.indices, 50) { // names are in the line of the request, which has its bounds
			err := elasticresource.Send(ctx, on, put.settings, func(b io.Reader) esapi.Request {
				return esapi.IndicesPutSettingsRequest{Index: chunk, Body: b}
			})
			if err != nil {
				return fmt.Errorf("the settings of the indices cannot be changed: %w", err)
			}
		}
	}
	return nil
}
