package functions

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// BytesPerFlow are what a flow takes on disk, in octets, by the profile of documents. Measured: docs/performance.md, "On disk, in Elasticsearch";
// a test holds them equal.
var BytesPerFlow = map[string]float64{"lean": 113.5, "full": 194.7}

const (
	// unmerged is what an index takes more while it is written to: segments that are not merged yet, and the copy that a merge makes. Ours, not measured.
	unmerged = 1.15
	// watermark is the part of a disk up to which Elasticsearch puts shards on it (cluster.routing.allocation.disk.watermark.low).
	watermark = 0.85
	// shardBytes is the largest shard that Elastic's guide asks for.
	shardBytes = 50 << 30
	secondsDay = 24 * 60 * 60
)

// Disk is what flows take on disk.
type Disk struct {
	Flows        int64   `tfsdk:"flows"`
	BytesPerFlow float64 `tfsdk:"bytes_per_flow"`
	PrimaryBytes int64   `tfsdk:"primary_bytes"`
	DailyBytes   int64   `tfsdk:"daily_bytes"`
	Bytes        int64   `tfsdk:"bytes"`
	Shards       int64   `tfsdk:"shards"`
}

var diskType = map[string]attr.Type{
	"flows": types.Int64Type, "bytes_per_flow": types.Float64Type, "primary_bytes": types.Int64Type, "daily_bytes": types.Int64Type,
	"bytes": types.Int64Type, "shards": types.Int64Type,
}

// DiskSizing reckons what flowsPerSecond on average, kept for days, take. Options are profile (lean, full) and replicas.
func DiskSizing(flowsPerSecond, days float64, options map[string]string) (Disk, error) {
	switch {
	case !(flowsPerSecond > 0) || flowsPerSecond > 1e9:
		return Disk{}, function.NewArgumentFuncError(0, fmt.Sprintf("%g flows/s are no rate", flowsPerSecond))
	case !(days > 0) || days > 36525:
		return Disk{}, function.NewArgumentFuncError(1, fmt.Sprintf("%g days are no time to keep flows", days))
	}
	profile, replicas := "lean", 0
	for _, name := range slices.Sorted(maps.Keys(options)) {
		value := options[name]
		switch name {
		case "profile":
			profile = value
		case "replicas":
			number, err := strconv.Atoi(value)
			if err != nil || number < 0 || number > 10 {
				return Disk{}, function.NewArgumentFuncError(2, fmt.Sprintf("%q is no number of replicas", value))
			}
			replicas = number
		default:
			return Disk{}, function.NewArgumentFuncError(2, fmt.Sprintf("there is no option %q; there are profile and replicas", name))
		}
	}
	each, ok := BytesPerFlow[profile]
	if !ok {
		return Disk{}, function.NewArgumentFuncError(2, fmt.Sprintf("there is no figure for the profile %q; there is one for %s", profile,
			strings.Join(slices.Sorted(maps.Keys(BytesPerFlow)), " and ")))
	}
	copies := float64(1 + replicas)
	flows := flowsPerSecond * secondsDay * days
	primary := flows * each
	bytes := primary * copies * unmerged / watermark
	if bytes > math.MaxInt64/2 {
		return Disk{}, function.NewArgumentFuncError(0, fmt.Sprintf("%g flows/s for %g days are more than can be reckoned with", flowsPerSecond, days))
	}
	return Disk{
		Flows: whole(flows), BytesPerFlow: each, PrimaryBytes: whole(primary), DailyBytes: whole(primary * copies / days), Bytes: whole(bytes),
		Shards: whole(primary/shardBytes) * int64(1+replicas),
	}, nil
}

// whole rounds up, but not what only the arithmetic of floats has added.
func whole(value float64) int64 {
	if nearest := math.Round(value); math.Abs(value-nearest) <= 1e-14*value+1e-9 {
		return int64(nearest)
	}
	return int64(math.Ceil(value))
}

type diskFunction struct{}

// NewDisk makes the function disk_sizing.
func NewDisk() function.Function { return diskFunction{} }

// Metadata implements function.Function.
func (diskFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "disk_sizing"
}

// Definition implements function.Function.
func (diskFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Disk space for flows in Elasticsearch",
		MarkdownDescription: "Returns what flows take on the disks of Elasticsearch, from what one was measured to take " +
			"([Performance](https://github.com/flowstack/terraform-provider-flowstack/blob/main/docs/performance.md), of made-up office traffic: real traffic differs). The object has\n\n" +
			"- `flows`: how many are kept,\n" +
			"- `bytes_per_flow`: 113.5 in the profile `lean`, 194.7 in `full`, after all segments are merged,\n" +
			"- `primary_bytes`: what they take once, without replicas,\n" +
			"- `daily_bytes`: what a day adds, with replicas,\n" +
			"- `bytes`: **the disks to have**, on all data nodes together: with replicas, 15 % for segments that are not merged yet, and only 85 % full, " +
			"since from then on Elasticsearch puts no new shard on a disk,\n" +
			"- `shards`: how many there are with replicas, when none is larger than 50 GiB.\n\n" +
			"Take the average rate of a day, not the peak.",
		Parameters: []function.Parameter{
			function.Float64Parameter{Name: "flows_per_second", MarkdownDescription: "Flows a second, on average over a day."},
			function.Float64Parameter{Name: "days", MarkdownDescription: "How long they are kept."},
		},
		VariadicParameter: function.MapParameter{
			Name: "options", ElementType: types.StringType,
			MarkdownDescription: "At most one: `profile`, `lean` (default) or `full`, the collector's `document.profile`; and `replicas`, default 0, as on one node.",
		},
		Return: function.ObjectReturn{AttributeTypes: diskType},
	}
}

// Run implements function.Function.
func (diskFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var rate, days float64
	var options []map[string]string
	if resp.Error = req.Arguments.Get(ctx, &rate, &days, &options); resp.Error != nil {
		return
	}
	if len(options) > 1 {
		resp.Error = function.NewArgumentFuncError(3, "there is one argument of options at most")
		return
	}
	var chosen map[string]string
	if len(options) == 1 {
		chosen = options[0]
	}
	disk, err := DiskSizing(rate, days, chosen)
	if err != nil {
		resp.Error = funcError(err)
		return
	}
	resp.Error = resp.Result.Set(ctx, disk)
}
