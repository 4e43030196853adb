package flowindex

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringplanmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	flows "github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/provider/semantic"
)

const description = "How Elasticsearch stores flows: component templates with the settings and with a field for each one of the [documents](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/fields.md), the index " +
	"template, the lifecycle policy, and the data stream that the collector writes to, so that the collector needs no right but to create documents. " +
	"[Flows in Elasticsearch](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/flow-index.md) tells what each is for.\n\n" +
	"When the fields or settings of a new version differ from those of the index that is written to, it is rolled over, once; indices of before keep what they were made " +
	"with. A template of somebody else that would be used in place of this one, or that Elasticsearch would refuse it for, is an error of the plan that names it.\n\n" +
	"**Destroying the resource deletes no flows.** Without flows everything goes. Where there are flows, Elasticsearch refuses to delete what keeps them: a data stream keeps " +
	"its templates and its lifecycle policy, an alias the policy only, and old flows go on to be deleted by it; a warning says so. With `delete_data` all of it goes.\n\n" +
	"On the index itself, the user needs the privilege `manage`."

var attributes = map[string]schema.Attribute{
	"name": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(DefaultName),
		MarkdownDescription: "What the collector writes to: its `output.elasticsearch.index`. The template and the lifecycle policy have this name too. Default `" + DefaultName +
			"`. Changing it replaces the resource.",
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"documents": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(flows.Flows.Name),
		MarkdownDescription: "What is stored: `" + flows.Flows.Name + "` (default), or `" + flows.Health.Name + "`, what collectors say about themselves where " +
			"`output.elasticsearch.health.index` is the name, for the dashboard of their health. Changing it replaces the resource.",
		Validators:    []validator.String{stringvalidator.OneOf(flows.Flows.Name, flows.Health.Name)},
		PlanModifiers: []planmodifier.String{stringplanmodifier.RequiresReplace()},
	},
	"mode": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(ModeAuto),
		MarkdownDescription: "What stands behind the name: `data_stream`; `alias`, of indices `NAME-000001` and so on, for servers without data streams; `index`, a single " +
			"one that grows for ever; or `auto` (default), what is there already, else a data stream where the server has them, else an alias. " +
			"What is there already is never turned into something else: that is an error.",
		Validators: []validator.String{stringvalidator.OneOf(ModeAuto, flows.TargetDataStream, flows.TargetAlias, flows.TargetIndex)},
	},
	"target": schema.StringAttribute{
		Computed:            true,
		MarkdownDescription: "What stands behind the name: `data_stream`, `alias` or `index`.",
	},
	"priority": schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "Of the index template: of those that are for a name, the one with the highest priority counts. Default 200 and the length of the name, more than " +
			"Elasticsearch's own ones have.",
		Validators: []validator.Int64{int64validator.Between(1, 1<<31-1)},
	},
	"shards": schema.Int64Attribute{
		Optional: true,
		MarkdownDescription: "Primary shards of an index. Default 1, which one node can write some ten thousand flows a second to. A search uses a processor for each, and several nodes share the " +
			"work when there are as many shards: as many as processors is right where people look at many millions of flows.",
		Validators: []validator.Int64{int64validator.Between(1, 1024)},
	},
	"replicas": schema.Int64Attribute{
		Optional:            true,
		MarkdownDescription: "Copies of each shard. Default: one as soon as there is a second node that holds data, and none before (`auto_expand_replicas` is `0-1`).",
		Validators:          []validator.Int64{int64validator.Between(0, 10)},
	},
	"settings": schema.MapAttribute{
		Optional:    true,
		ElementType: types.StringType,
		MarkdownDescription: "Further settings of the indices, by their full names, such as `\"index.refresh_interval\" = \"30s\"`. Those that can change while an index is open are " +
			"changed in the index that is written to; for others it is rolled over.",
	},
	"retention": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "How long flows are kept, such as `30d` or `12h`. It counts from the moment that the next index is begun (see `rollover`), so that every flow is kept for " +
			"as long, and the oldest of an index for a thirtieth longer. Default: for ever. By size the collector keeps them " +
			"([how](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/flow-index.md#by-size)); the function [disk_sizing](../functions/disk_sizing.md) says how much room a time takes.",
		PlanModifiers: []planmodifier.String{semantic.Duration()},
	},
	"rollover": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "When the next index is begun: at whichever comes first.",
		Attributes: map[string]schema.Attribute{
			"max_age": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Age, such as `1d`. Default a thirtieth of the retention, at least `1h` and at most `30d`.",
				PlanModifiers:       []planmodifier.String{semantic.Duration()},
			},
			"max_size": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "Size of a primary shard, such as `20gb`. Default `" + DefaultShardSize + "`, the largest that Elastic recommends.",
				PlanModifiers:       []planmodifier.String{semantic.Size()},
			},
		},
	},
	"force_merge": schema.BoolAttribute{
		Optional: true,
		Computed: true,
		Default:  booldefault.StaticBool(true),
		MarkdownDescription: "Merge an index into one segment when the next one is begun: it takes less room and is searched faster, for a burst of work. Default true. " +
			"Where warm or cold nodes are to do that work, set it to false and merge there.",
	},
	"warm": tierAttribute("Where indices go that are not written to any more, for nodes with the role `data_warm`."),
	"cold": tierAttribute("Likewise, for nodes with the role `data_cold`."),
	"frozen": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Indices are kept in a snapshot only and searched there, by nodes with the role `data_frozen`. It needs an Enterprise license of Elasticsearch.",
		Attributes: map[string]schema.Attribute{
			"after": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "When, such as `60d`, counted as `retention` is.",
				PlanModifiers:       []planmodifier.String{semantic.Duration()},
			},
			"snapshot_repository": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "Name of the repository, such as that of a [flowstack_elasticsearch_snapshot_repository](elasticsearch_snapshot_repository.md).",
			},
		},
	},
	"delete_data": schema.BoolAttribute{
		Optional:            true,
		Computed:            true,
		Default:             booldefault.StaticBool(false),
		MarkdownDescription: "Whether destroying the resource deletes the flows, too. Default false. It has to be applied before the destroy.",
	},
}

func tierAttribute(text string) schema.Attribute {
	return schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: text,
		Attributes: map[string]schema.Attribute{
			"after": schema.StringAttribute{
				Required:            true,
				MarkdownDescription: "When, such as `7d`, counted as `retention` is.",
				PlanModifiers:       []planmodifier.String{semantic.Duration()},
			},
			"replicas": schema.Int64Attribute{
				Optional:            true,
				MarkdownDescription: "Copies of each shard from then on. Default: as before.",
				Validators:          []validator.Int64{int64validator.Between(0, 10)},
			},
			"node_attributes": schema.MapAttribute{
				Optional:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Attributes of the nodes to go to, such as `{ box = \"slow\" }` for `node.attr.box: slow`, in place of their role.",
			},
		},
	}
}
