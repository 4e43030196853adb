// Package elasticcluster is about an Elasticsearch cluster as a whole: the resource flowstack_elasticsearch_cluster_settings, and the data sources
// flowstack_elasticsearch_cluster, _certificates and _deprecations.
package elasticcluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/cluster"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// SettingsType is the type of the resource.
const SettingsType = "flowstack_elasticsearch_cluster_settings"

// SettingsModel are settings of a cluster in Terraform's terms.
type SettingsModel struct {
	elasticresource.Common
	hostresource.WithSettings
	Name types.String `tfsdk:"name"`
}

// settings are persistent ones, by name. A transient one in front of it is marked.
type settings map[string]string

// NewSettings makes the resource.
var NewSettings = elasticresource.New[SettingsModel, settings, *SettingsModel](elasticresource.Kind[SettingsModel, settings]{
	Type:        SettingsType,
	Thing:       "Elasticsearch cluster settings",
	Description: settingsDescription,
	Privileges:  []string{"manage"},
	Attributes:  settingsAttributes,
	Name:        func(m *SettingsModel) *types.String { return &m.Name },
	Sources:     []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_cluster_settings", Take: takeSettings}},
	Validate:    validateSettings,
	Desired: func(_ context.Context, m *SettingsModel, _ elasticresource.Context) (settings, bool, diag.Diagnostics) {
		want, known := m.AllSettings()
		return want, known, nil
	},
	Facts: func(s settings) host.Facts {
		facts := host.Facts{}
		for name, value := range s {
			facts["setting "+name] = canonical(value)
		}
		return facts
	},
	Ours:   func(settings) bool { return true }, // what was there before is put back
	Unseen: leaves,
	Read:   readSettings,
	Write:  writeSettings,
	Remove: func(ctx context.Context, m *SettingsModel, c elasticresource.Context) error {
		before, _, err := recorded(ctx, c)
		if err != nil {
			return err
		}
		update := cluster.Update{Persistent: map[string]*string{}}
		for name := range m.KnownSettings() {
			update.Persistent[name] = before[name]
		}
		return cluster.PutSettings(ctx, c.Client, update)
	},
	Import: func(_ context.Context, m *SettingsModel, found settings) diag.Diagnostics {
		m.SetSettings(found)
		return nil
	},
})

const settingsDescription = "Persistent settings of an Elasticsearch cluster, such as `search.max_buckets`: those that can be changed while it runs. Settings that are not named here stay as they " +
	"are, so several of these resources can share a cluster. A setting that somebody changed is drift, a transient one in front of it too.\n\nA setting that is left out again, and all of them " +
	"when the resource is destroyed, are put back to what they were before. Settings of a node, in `elasticsearch.yml`, are those of " +
	"`flowstack_elasticsearch_node`."

const defaultName = "cluster"

var settingsAttributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(defaultName),
		MarkdownDescription: "Tells several of these resources apart; it means nothing to Elasticsearch. Default `cluster`.",
		Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"settings": schema.MapAttribute{
		Required: true, ElementType: types.StringType,
		MarkdownDescription: "Values by dotted name: `{ \"search.max_buckets\" = 100000 }`. A list is written `\"a,b\"`.",
		Validators:          []validator.Map{mapvalidator.SizeAtLeast(1)},
	},
}

var comma = regexp.MustCompile(`\s*,\s*`)

// canonical is how a value is compared.
func canonical(value string) string { return comma.ReplaceAllString(strings.TrimSpace(value), ",") }

func validateSettings(_ context.Context, m *SettingsModel) (diags diag.Diagnostics) {
	for name, value := range m.Settings.Elements() {
		at := path.Root("settings").AtMapKey(name)
		text, ok := value.(types.String)
		switch {
		case strings.TrimSpace(name) != name || name == "" || strings.ContainsAny(name, "*?"):
			diags.AddAttributeError(at, "Unable to use setting "+name, "It is no name of a setting.")
		case value.IsNull() || ok && !text.IsUnknown() && strings.TrimSpace(text.ValueString()) == "":
			diags.AddAttributeError(at, "Unable to use setting "+name, "It has no value. Leave it out to have it at its default.")
		}
	}
	return diags
}

func readSettings(ctx context.Context, m *SettingsModel, c elasticresource.Context) (found settings, there bool, err error) {
	all, err := cluster.GetSettings(ctx, c.Client)
	if err != nil {
		return nil, false, err
	}
	if m.Settings.IsNull() { // an import
		return all.Persistent, len(all.Persistent) > 0, nil
	}
	found = settings{}
	for name := range m.KnownSettings() {
		if value, ok := all.Persistent[name]; ok {
			found[name] = value
		}
		if value, ok := all.Transient[name]; ok {
			found[name] = value + " (transient)"
		}
	}
	if c.Config != nil {
		err = remember(ctx, m, all.Persistent, c)
	}
	return found, len(found) > 0, err
}

// leaves tells whether settings are to be put back.
func leaves(prior, plan *SettingsModel) bool {
	if prior == nil {
		return false
	}
	kept := plan.KnownSettings()
	for name := range prior.KnownSettings() {
		if _, ok := kept[name]; !ok {
			return true
		}
	}
	return false
}

func writeSettings(ctx context.Context, change elasticresource.Change[SettingsModel, settings]) error {
	before, _, err := recorded(ctx, change.Context)
	if err != nil {
		return err
	}
	update := cluster.Update{Persistent: map[string]*string{}, Transient: map[string]*string{}}
	for name, value := range change.Want {
		update.Persistent[name] = &value
		if strings.HasSuffix(change.Found[name], " (transient)") {
			update.Transient[name] = nil
		}
	}
	if change.Prior != nil {
		for name := range change.Prior.KnownSettings() {
			if _, ok := change.Want[name]; !ok {
				update.Persistent[name] = before[name]
			}
		}
	}
	if err := cluster.PutSettings(ctx, change.Client, update); err != nil {
		return cluster.ExplainSetting(ctx, change.Client, err)
	}
	maps.DeleteFunc(before, func(name string, _ *string) bool { _, ok := change.Want[name]; return !ok })
	return record(ctx, change.Context, before)
}

// beforeKey is where private state keeps the values there were before.
const beforeKey = "before"

// recorded are the values there were before, nil for a default; known is false as long as nothing was applied, as after an import: then all is ours.
func recorded(ctx context.Context, c elasticresource.Context) (before map[string]*string, known bool, err error) {
	content, diags := c.Private.GetKey(ctx, beforeKey)
	if diags.HasError() {
		return nil, false, client.Conclude(errors.New(diags.Errors()[0].Detail()))
	}
	before = map[string]*string{}
	if len(content) == 0 {
		return before, false, nil
	}
	if err := json.Unmarshal(content, &before); err != nil {
		return nil, false, client.Conclude(fmt.Errorf("the record of what was there before: %w", err))
	}
	return before, true, nil
}

func record(ctx context.Context, c elasticresource.Context, before map[string]*string) error {
	content, err := json.Marshal(before)
	if err != nil {
		return err
	}
	if diags := c.Private.SetKey(ctx, beforeKey, content); diags.HasError() {
		return errors.New(diags.Errors()[0].Detail())
	}
	return nil
}

// remember records the values of settings that are about to be set for the first time.
func remember(ctx context.Context, m *SettingsModel, now map[string]string, c elasticresource.Context) error {
	before, known, err := recorded(ctx, c)
	if err != nil {
		return err
	}
	imported := !known && !c.Creating
	for name := range m.KnownSettings() {
		if _, ok := before[name]; ok {
			continue
		}
		before[name] = nil
		if value, ok := now[name]; ok && !imported {
			before[name] = &value
		}
	}
	return record(ctx, c, before)
}
