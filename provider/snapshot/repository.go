// Package snapshot is where Elasticsearch's data is saved to, and when: repositories, and policies of snapshot lifecycle management.
package snapshot

import (
	"context"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/elasticresource"
)

// RepositoryType is the type of the resource.
const RepositoryType = "flowstack_elasticsearch_snapshot_repository"

// RepositoryModel is the resource in Terraform's terms.
type RepositoryModel struct {
	elasticresource.Common
	Name     types.String `tfsdk:"name"`
	Type     types.String `tfsdk:"type"`
	Settings types.Map    `tfsdk:"settings"`
	Verify   types.Bool   `tfsdk:"verify"`
}

// repository is one as it is registered.
type repository struct {
	Type     string         `json:"type"`
	Settings map[string]any `json:"settings"`
}

var repositoryAttributes = map[string]schema.Attribute{
	"name": nameAttribute("Name of the repository."),
	"type": schema.StringAttribute{
		Required: true,
		MarkdownDescription: "`fs`, a directory that all nodes share, below one of their `path.repo`; `url`, to read only; `source`; or of a plugin that every node has to have: `s3`, " +
			"`azure`, `gcs`, `hdfs`.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"settings": schema.MapAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Settings of the type, such as `location` of `fs`, `bucket` and `base_path` of `s3`, and `max_snapshot_bytes_per_sec` and `readonly` of all. No secrets: " +
			"those belong in the keystore of every node, such as `s3.client.default.access_key` and `s3.client.default.secret_key`.",
	},
	"verify": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(true),
		MarkdownDescription: "Whether all nodes try to write to it when it is registered or changed; what fails is put back as it was. Default true.",
	},
}

var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,127}$`)

func nameAttribute(text string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: text + " Changing it replaces the resource.",
		Validators:          []validator.String{stringvalidator.RegexMatches(namePattern, "must be lower-case letters, digits, - , _ or ., beginning with a letter or digit")},
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
	}
}

// NewRepository makes the resource.
var NewRepository = elasticresource.New[RepositoryModel, repository, *RepositoryModel](elasticresource.Kind[RepositoryModel, repository]{
	Type:  RepositoryType,
	Thing: "snapshot repository",
	Description: "Where Elasticsearch saves snapshots to. A [flowstack_elasticsearch_slm_policy](elasticsearch_slm_policy.md) takes them. Destroying the resource makes " +
		"Elasticsearch forget the repository; the snapshots stay where they are, and are there again when it is registered anew.",
	Privileges: []string{"manage"},
	Attributes: repositoryAttributes,
	Name:       func(m *RepositoryModel) *types.String { return &m.Name },
	Sources:    []elasticresource.Source{{Provider: elasticresource.Elasticstack, Type: "elasticstack_elasticsearch_snapshot_repository"}},
	Validate:   validateRepository,
	Desired:    desiredRepository,
	Facts:      repositoryFacts,
	Read:       readRepository,
	Write:      writeRepository,
	Remove: func(ctx context.Context, m *RepositoryModel, c elasticresource.Context) error {
		_, err := c.Client.Call(ctx, esapi.SnapshotDeleteRepositoryRequest{Repository: []string{m.Name.ValueString()}})
		return elasticresource.AbsentIsFine(err)
	},
	Import: func(_ context.Context, m *RepositoryModel, found repository) diag.Diagnostics {
		m.Type, m.Verify, m.Settings = types.StringValue(found.Type), types.BoolValue(true), types.MapNull(types.StringType)
		flat := settingsOf(found)
		if len(flat) > 0 {
			elements := map[string]attr.Value{}
			for name, value := range flat {
				elements[name] = types.StringValue(value)
			}
			m.Settings = types.MapValueMust(types.StringType, elements)
		}
		return nil
	},
})

// secretPattern are names of settings that some types of repositories once took, or people try, for what is secret.
var secretPattern = regexp.MustCompile(`(?i)(^|[._])(access_key|secret_key|session_token|password|secret|token|sas_token|key|credentials(_file)?|client_secret|private_key)$`)

func validateRepository(_ context.Context, m *RepositoryModel) (diags diag.Diagnostics) {
	for _, name := range slices.Sorted(maps.Keys(m.Settings.Elements())) {
		if secretPattern.MatchString(name) {
			diags.AddAttributeError(path.Root("settings").AtMapKey(name), "Unable to use the settings of the snapshot repository",
				fmt.Sprintf("Elasticsearch shows settings to everybody who may look at repositories, and they are in the state: put %s into the keystore of every node, "+
					"such as %s.client.default.%s.", name, m.Type.ValueString(), name))
		}
	}
	return diags
}

func desiredRepository(_ context.Context, m *RepositoryModel, _ elasticresource.Context) (want repository, known bool, diags diag.Diagnostics) {
	known = !m.Name.IsUnknown() && !m.Type.IsUnknown() && !m.Settings.IsUnknown() && !m.Verify.IsUnknown()
	want = repository{Type: m.Type.ValueString(), Settings: map[string]any{}}
	for name, value := range m.Settings.Elements() {
		text, ok := value.(types.String)
		if !ok || text.IsUnknown() {
			return want, false, nil
		}
		if !text.IsNull() {
			want.Settings[name] = text.ValueString()
		}
	}
	return want, known, nil
}

func settingsOf(r repository) host.Facts {
	flat := host.Facts{}
	elasticresource.Flatten(flat, "", r.Settings)
	return flat
}

func repositoryFacts(r repository) host.Facts {
	facts := host.Facts{"type": r.Type}
	for name, value := range settingsOf(r) {
		facts["setting "+name] = value
	}
	return facts
}

func readRepository(ctx context.Context, m *RepositoryModel, c elasticresource.Context) (found repository, there bool, err error) {
	var answer map[string]repository
	name := m.Name.ValueString()
	err = c.Client.Ask(ctx, esapi.SnapshotGetRepositoryRequest{Repository: []string{name}}, &answer)
	if client.Absent(err) {
		return found, false, nil
	}
	found, there = answer[name]
	if err == nil && !there {
		err = fmt.Errorf("%w: it has no repository %s and does not say that there is none", client.ErrForeign, name)
	}
	return found, there, err
}

// writeRepository registers a repository. One that the nodes cannot write to stays registered, with Elasticsearch; a change is put back then, so that the next
// apply tries, and verifies, again.
func writeRepository(ctx context.Context, change elasticresource.Change[RepositoryModel, repository]) error {
	verify, name := change.Plan.Verify.ValueBool(), change.Plan.Name.ValueString()
	put := func(what repository, verify bool) error {
		return elasticresource.Send(ctx, change.Client, what, func(b io.Reader) esapi.Request {
			return esapi.SnapshotCreateRepositoryRequest{Repository: name, Body: b, Verify: &verify}
		})
	}
	err := put(change.Want, verify)
	if err == nil {
		return nil
	}
	if change.There {
		if back := put(change.Found, false); back != nil {
			err = fmt.Errorf("%w; what was before could not be put back: %w", err, back)
		}
	}
	return explainRepository(err)
}

// explainRepository adds what to do about an error.
func explainRepository(err error) error {
	text := connection.Explain(err)
	switch {
	case strings.Contains(text, "path.repo"):
		return fmt.Errorf("%w; path.repo is a setting of every node that holds data or may be master, in elasticsearch.yml", err)
	case strings.Contains(text, "does not exist") && strings.Contains(text, "repository type"):
		return fmt.Errorf("%w; types other than fs, url and source come with a plugin, such as repository-s3, that every node has to have", err)
	case strings.Contains(text, "is not accessible"):
		return fmt.Errorf("%w; the user elasticsearch has to be able to write there, on every node", err)
	}
	return err
}
