package elasticsearch

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/listvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/mapvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/setvalidator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/int32default"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/listplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/setdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const description = "A node of Elasticsearch 7.17 (or 8) on a host, alone or one of a cluster: its package from Elastic's repository, pinned and held; heap, limits, `elasticsearch.yml`, " +
	"secrets in the keystore, and the service `elasticsearch.service`, enabled and running with all of it. The apply waits until the API answers, the node is in a cluster and the health is as " +
	"asked for; when that fails, the reason from Elasticsearch's log is in the error. There is a [guide](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/elasticsearch.md), which also has the way from one node to a cluster.\n\n" +
	"A node of a cluster that has others is restarted, and upgraded, without making the cluster stand still: no replicas are made elsewhere meanwhile (`cluster.routing.allocation.enable`), " +
	"one node at a time in one apply, the next one when the health is as asked for. A restart that was cut short is finished by the next apply.\n\n" +
	"Destroying the resource purges the package and removes all files; data and logs stay, unless `delete_data`."

var settingsAttribute = &schema.MapAttribute{
	Optional:    true,
	ElementType: types.StringType,
	MarkdownDescription: "Other settings of `elasticsearch.yml` by dotted name, such as `\"search.max_buckets\" = \"250000\"`. Lists are written `\"a, b\"`. Names and values are checked in the plan " +
		"against what 7.17 knows; what is deprecated is warned of, with what to do instead. They take precedence over what this resource would choose. Secrets go to `keystore_wo`.",
}

var notEmpty = []validator.List{listvalidator.SizeAtLeast(1), listvalidator.UniqueValues(), listvalidator.ValueStringsAre(stringvalidator.LengthAtLeast(1))}

// filesOf describes the files of one side of TLS.
func filesOf(side, text string) schema.SingleNestedAttribute {
	file := func(text, usual string) schema.StringAttribute {
		return schema.StringAttribute{
			Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
			MarkdownDescription: text + " Default `" + elasticsearch.CertificateFolder + "/" + usual + "`.",
		}
	}
	return schema.SingleNestedAttribute{
		Optional: true, MarkdownDescription: text,
		Attributes: map[string]schema.Attribute{
			"certificate": file("The certificate, PEM.", side+".crt"),
			"key":         file("Its private key, PEM.", side+".key"),
			"authorities": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, Validators: notEmpty,
				MarkdownDescription: "Certificates of the authorities that are trusted, PEM. Default `[\"" + elasticsearch.CertificateFolder + "/ca.crt\"]`.",
			},
		},
	}
}

var attributes = map[string]schema.Attribute{
	"version": schema.StringAttribute{
		Optional: true, Computed: true, Default: stringdefault.StaticString(elasticsearch.DefaultVersion),
		MarkdownDescription: "The version of the package. Default `" + elasticsearch.DefaultVersion + "`. A higher one upgrades the node; a lower one is refused, since Elasticsearch cannot read what a higher one wrote.",
	},
	"repository": schema.SingleNestedAttribute{
		Optional: true,
		MarkdownDescription: "Lets this resource bring Elastic's repository to the host: `repository = {}`. Without it the host has to have one, as where a `flowstack_apt_repository` or the " +
			"node's neighbour Kibana brings it: a host can have a repository once.",
		Attributes: map[string]schema.Attribute{
			"uris": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, Validators: notEmpty,
				MarkdownDescription: "Mirrors of it, `http`, `https` or `file`. Default: Elastic's own, such as `https://artifacts.elastic.co/packages/7.x/apt`.",
			},
			"key": schema.StringAttribute{
				Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
				MarkdownDescription: "The public keys that sign it, armored. Default: Elastic's, which this provider carries.",
			},
			"key_fingerprints": schema.ListAttribute{
				Optional: true, ElementType: types.StringType, Validators: notEmpty,
				MarkdownDescription: "The fingerprints of `key`. Default: Elastic's, `4609 5ACC 8548 582C 1A26 99A9 D27D 666C D88E 42B4`.",
			},
		},
	},
	"cluster_name": schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The name of the cluster (`cluster.name`): nodes of other names are not let in.",
	},
	"node_name": schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
		MarkdownDescription: "The name of the node (`node.name`). Default: the host's name.",
	},
	"roles": schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "What the node does (`node.roles`), such as `[\"master\", \"data\", \"ingest\"]`; an empty set is a node that only coordinates. Default: everything.",
	},
	"network_host": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: notEmpty,
		MarkdownDescription: "Addresses to listen on and to be reached at (`network.host`), such as `[\"0.0.0.0\"]` or `[\"_local_\", \"_site_\"]`. Default: the loopback alone.",
	},
	"http_port": schema.Int32Attribute{
		Optional: true, Computed: true, Default: int32default.StaticInt32(elasticsearch.DefaultHTTPPort),
		Validators:          []validator.Int32{int32validator.Between(1, 65535)},
		MarkdownDescription: "The port of the API (`http.port`). Default `9200`.",
	},
	"seed_hosts": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: notEmpty,
		MarkdownDescription: "Names or addresses of the nodes that may be master (`discovery.seed_hosts`), itself may be among them. Without them the node is alone (`discovery.type: single-node`).",
	},
	"initial_master_nodes": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: notEmpty,
		MarkdownDescription: "Names of the nodes that form the cluster, one or three and the same on all of them. They are in force while there is no cluster yet, and are taken out of " +
			"`elasticsearch.yml` as soon as there is one: a node that lost its data would form another one with them. With several names their nodes have to be created at the same time, so none may depend on " +
			"another; with one name they may come one after the other, and each of `seed_hosts` has to be seen to be in no cluster: one that cannot be asked is an error. A node that joins a cluster needs none.",
	},
	"memory_lock": schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(true),
		MarkdownDescription: "Whether the heap is kept from being swapped out (`bootstrap.memory_lock`). Default `true`.",
	},
	"security": schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(true),
		MarkdownDescription: "Whether there are users, passwords and TLS (`xpack.security.enabled`). Default `true`.",
	},
	"tls": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Files of TLS, on the host, in " + elasticsearch.Directory + " or below: Elasticsearch may read no others. `flowstack_certificate` makes them. They are read again by Elasticsearch itself when they change.",
		Attributes: map[string]schema.Attribute{
			"http":      filesOf("http", "TLS of the API; `{}` is with the usual files."),
			"transport": filesOf("transport", "TLS between nodes; `{}` is with the usual files. Required in a cluster with security."),
		},
	},
	"data_paths": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: notEmpty,
		PlanModifiers:       []planmodifier.List{listplanmodifier.RequiresReplace()},
		MarkdownDescription: "Folders of data (`path.data`), whose parents are there. Default `[\"" + elasticsearch.DefaultDataPath + "\"]`. Changing it replaces the node: it does not find its data elsewhere.",
	},
	"log_path": schema.StringAttribute{
		Optional:            true,
		PlanModifiers:       []planmodifier.String{stringplanmodifier.RequiresReplace()},
		MarkdownDescription: "The folder of the logs (`path.logs`). Default `" + elasticsearch.DefaultLogPath + "`. Changing it replaces the node.",
	},
	"heap_size": schema.StringAttribute{
		Optional: true, Computed: true,
		MarkdownDescription: "The heap, `-Xms` and `-Xmx` alike, such as `12g`. Default: by the host's memory, as the function [`jvm_heap`](../functions/jvm_heap.md) has it.",
		PlanModifiers:       []planmodifier.String{semantic.Size()},
	},
	"beside": schema.SetAttribute{
		Optional: true, Computed: true, ElementType: types.StringType,
		Default:             setdefault.StaticValue(types.SetValueMust(types.StringType, []attr.Value{types.StringValue("collector"), types.StringValue("kibana")})),
		Validators:          []validator.Set{setvalidator.ValueStringsAre(stringvalidator.OneOf("collector", "kibana"))},
		MarkdownDescription: "What else runs on the host, for the default of `heap_size`: a third of the memory, or half of it where there is nothing (`[]`). Default `[\"collector\", \"kibana\"]`.",
	},
	"jvm_options": schema.ListAttribute{
		Optional: true, ElementType: types.StringType, Validators: []validator.List{listvalidator.UniqueValues()},
		MarkdownDescription: "Other options of the JVM, as lines of `jvm.options.d`: `-Dname=value`, `17-:-XX:+UseZGC`.",
	},
	keystoreAttribute: schema.MapAttribute{
		Optional: true, WriteOnly: true, Sensitive: true, ElementType: types.StringType,
		Validators: []validator.Map{mapvalidator.SizeAtLeast(1)},
		MarkdownDescription: "Secrets in Elasticsearch's keystore by their names, such as `\"xpack.security.http.ssl.secure_key_passphrase\"`. Write-only: they are neither in the state nor in the plan. Changed " +
			"ones are noticed by a salted hash in private state, and on the host by the checksum of the keystore, so no version has to be counted up; for values that are new in each run there is `keystore_wo_version`. " +
			"Entries that others made stay.",
	},
	"keystore_wo_version": keystoreVersion(),
	bootstrapAttribute: schema.StringAttribute{
		Optional: true, WriteOnly: true, Sensitive: true,
		Validators: []validator.String{stringvalidator.LengthAtLeast(elasticsearch.MinPassword)},
		MarkdownDescription: "The password of the user `elastic` until it gets one (`bootstrap.password` in the keystore): the way into a new cluster, the same on all of its nodes. The apply asks with it where the " +
			"credentials of the provider block are not accepted yet.",
	},
	"keystore_entries": schema.SetAttribute{
		Computed: true, ElementType: types.StringType, MarkdownDescription: "The names of the entries that this resource keeps in the keystore.",
	},
	"keystore_revision": schema.StringAttribute{
		Computed: true, MarkdownDescription: "Changes whenever an entry does; says nothing about it. Null without entries.",
	},
	"wait_for_status": schema.StringAttribute{
		Optional: true, Validators: []validator.String{stringvalidator.OneOf("green", "yellow", "red", waitForNothing)},
		MarkdownDescription: "The health of the cluster that an apply waits for, after a start and, in a cluster of several nodes, before a restart: `green`, `yellow`, `red` (any), or `none`, not to ask the node " +
			"at all, which does not go with `initial_master_nodes`. Default: `yellow` for a node that is alone, `green` in a cluster.",
	},
	"delete_data": schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(false),
		MarkdownDescription: "Whether destroying the resource deletes data and logs. Default `false`.",
	},
	"cluster_uuid": schema.StringAttribute{
		Computed: true, MarkdownDescription: "What tells the cluster from others of its name. Null when the node was not asked.",
	},
}

// keystoreVersion is that of bootstrap_password_wo, too: both are entries of one keystore.
func keystoreVersion() schema.Int64Attribute {
	version := secret.VersionAttribute(keystoreAttribute, "It is about `"+bootstrapAttribute+"` as well; one of the two is needed. All entries are written when one comes or goes. A keystore that "+
		"somebody else changed is still noticed, and its entries get the values that are configured then. With another bootstrap password configured than the one in force, an apply that "+
		"asks the node needs the credentials of the provider block.")
	version.Validators = []validator.Int64{int64validator.Any(
		int64validator.AlsoRequires(path.MatchRoot(keystoreAttribute)), int64validator.AlsoRequires(path.MatchRoot(bootstrapAttribute)),
	)}
	return version
}
