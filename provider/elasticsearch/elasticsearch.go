// Package elasticsearch is the resource flowstack_elasticsearch_node: a node of Elasticsearch on a host, alone or one of a cluster, with its package, settings,
// secrets, limits and service.
package elasticsearch

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_elasticsearch_node"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	hostresource.WithSettings
	Version            types.String `tfsdk:"version"`
	Repository         types.Object `tfsdk:"repository"`
	ClusterName        types.String `tfsdk:"cluster_name"`
	NodeName           types.String `tfsdk:"node_name"`
	Roles              types.Set    `tfsdk:"roles"`
	NetworkHost        types.List   `tfsdk:"network_host"`
	HTTPPort           types.Int32  `tfsdk:"http_port"`
	SeedHosts          types.List   `tfsdk:"seed_hosts"`
	InitialMasterNodes types.List   `tfsdk:"initial_master_nodes"`
	MemoryLock         types.Bool   `tfsdk:"memory_lock"`
	Security           types.Bool   `tfsdk:"security"`
	TLS                types.Object `tfsdk:"tls"`
	DataPaths          types.List   `tfsdk:"data_paths"`
	LogPath            types.String `tfsdk:"log_path"`
	HeapSize           types.String `tfsdk:"heap_size"`
	Beside             types.Set    `tfsdk:"beside"`
	JVMOptions         types.List   `tfsdk:"jvm_options"`
	Keystore           types.Map    `tfsdk:"keystore_wo"`
	KeystoreVersion    types.Int64  `tfsdk:"keystore_wo_version"`
	BootstrapPassword  types.String `tfsdk:"bootstrap_password_wo"`
	KeystoreEntries    types.Set    `tfsdk:"keystore_entries"`
	KeystoreRevision   types.String `tfsdk:"keystore_revision"`
	WaitForStatus      types.String `tfsdk:"wait_for_status"`
	DeleteData         types.Bool   `tfsdk:"delete_data"`
	ClusterUUID        types.String `tfsdk:"cluster_uuid"`
}

// repository is where the package comes from.
type repository struct {
	URIs         types.List   `tfsdk:"uris"`
	Key          types.String `tfsdk:"key"`
	Fingerprints types.List   `tfsdk:"key_fingerprints"`
}

// sides are what TLS is spoken with.
type sides struct {
	HTTP      types.Object `tfsdk:"http"`
	Transport types.Object `tfsdk:"transport"`
}

type files struct {
	Certificate types.String `tfsdk:"certificate"`
	Key         types.String `tfsdk:"key"`
	Authorities types.List   `tfsdk:"authorities"`
}

// limit is how long a creation or an update may take: a slow machine starts Elasticsearch in minutes, and a cluster has to get green before the next node.
const limit = 20 * time.Minute

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "Elasticsearch node",
	Description: description,
	Settings:    settingsAttribute,
	Attributes:  attributes,
	Limit:       limit,
	Validate:    validate,
	Plan:        plan,
	Prepare:     prepare,
	Desired:     desired,
	Apply:       apply,
	Look:        look,
	Import:      imported,
	Gone:        gone,
	Stays:       stays,
})

func desired(ctx context.Context, m *Model, c hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	if m.Effective.IsNull() && c.Config == nil {
		return elasticsearch.Desired(elasticsearch.Spec{Heap: "1m"}), true, nil // an import: what is there will be seen
	}
	spec, known, diags := m.spec(ctx)
	if !known || diags.HasError() {
		return nil, false, diags
	}
	keystore, more := m.keystore(ctx, c)
	diags.Append(more...)
	spec.Keystore = keystore
	// Data that a creation made, which then failed, are of no use; those of a node that ran are deleted only when somebody asked for that.
	spec.DeleteData = c.Creating || c.Removing && m.DeleteData.ValueBool()
	from, _, more := object[repository](ctx, m.Repository)
	if diags.Append(more...); from != nil && !diags.HasError() {
		keys, more := from.keyring()
		if diags.Append(more...); diags.HasError() {
			return nil, false, diags
		}
		uris, _ := hostresource.Strings(from.URIs)
		r := elasticsearch.Repository(spec.Version, uris, keys)
		spec.Repository = &r
	}
	return elasticsearch.Desired(spec), true, diags
}

// gone: neither a file of ours is left nor the package, nor the folder of the drop-in, which is the last to go. Data alone are no node, and account and folder
// of the configuration may have been there before.
func gone(desired host.Desired, facts host.Facts) bool {
	return !slices.ContainsFunc(desired, func(item host.Item) bool {
		switch item := item.(type) {
		case host.File, host.Package, host.Keystore:
			return !strings.HasPrefix(facts[item.ID()], host.Absent)
		case host.Directory:
			return item.Path == path.Dir(elasticsearch.DropInPath) && facts[item.ID()] != host.Absent
		}
		return false
	})
}

// stays names the folders with data that a destroy leaves.
func stays(desired host.Desired, facts host.Facts, _ host.Before) string {
	var left []string
	for _, item := range desired {
		if d, ok := item.(host.Directory); ok && d.Tree && facts[d.ID()] == host.Present {
			left = append(left, d.Path)
		}
	}
	if len(left) == 0 {
		return ""
	}
	slices.Sort(left)
	return fmt.Sprintf("Data and logs of the node are left: %s. With delete_data they would have been deleted.", strings.Join(left, ", "))
}
