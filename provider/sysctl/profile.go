package sysctl

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/function"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Profiles are recommended kernel parameters, by what the host is for. Their sizes are octets, udp_mem counts pages.
var Profiles = map[string]map[string]string{
	// Receive buffers that hold a burst of flow packets. rmem_max bounds what the collector may ask for (listen.receive_buffer).
	"collector": {
		"net.core.netdev_max_backlog": "4096",
		"net.core.rmem_default":       "262144",
		"net.core.rmem_max":           "67108864",
		"net.ipv4.udp_rmem_min":       "131072",
		"net.ipv4.udp_mem":            "2097152 4194304 8388608",
	},
	// What a bootstrap check of Elasticsearch demands.
	"elasticsearch": {
		"vm.max_map_count": "262144",
	},
}

func profileNames() string { return strings.Join(slices.Sorted(maps.Keys(Profiles)), ", ") }

type profileFunction struct{}

// NewProfileFunction makes the function sysctl_profile.
func NewProfileFunction() function.Function { return profileFunction{} }

// Metadata implements function.Function.
func (profileFunction) Metadata(_ context.Context, _ function.MetadataRequest, resp *function.MetadataResponse) {
	resp.Name = "sysctl_profile"
}

// Definition implements function.Function.
func (profileFunction) Definition(_ context.Context, _ function.DefinitionRequest, resp *function.DefinitionResponse) {
	resp.Definition = function.Definition{
		Summary: "Recommended kernel parameters",
		MarkdownDescription: "Returns recommended kernel parameters for `settings` of `flowstack_sysctl`. Combine several with `merge`; " +
			"your own values go last.\n\n" +
			"| profile | parameter | value | why |\n|---|---|---|---|\n" +
			"| `collector` | `net.core.rmem_max` | 67108864 | bounds what the collector may ask for (`listen.receive_buffer`): a burst waits in the kernel, 64 MiB at most for each socket |\n" +
			"| | `net.core.rmem_default` | 262144 | what a program gets that asks for nothing |\n" +
			"| | `net.core.netdev_max_backlog` | 4096 | packets that wait between the network card and the socket |\n" +
			"| | `net.ipv4.udp_rmem_min` | 131072 | what each UDP socket keeps even when all of them together take too much |\n" +
			"| | `net.ipv4.udp_mem` | 2097152 4194304 8388608 | what all UDP sockets together may take, in pages: 8, 16 and 32 GiB with pages of 4 KiB. " +
			"It reserves nothing; on a smaller host `rmem_max` is the bound that counts |\n" +
			"| `elasticsearch` | `vm.max_map_count` | 262144 | a bootstrap check of Elasticsearch demands it; its package brings the same in `/usr/lib/sysctl.d`, and newer ones more |\n\n" +
			"Swap is a matter of `flowstack_swap`.",
		Parameters: []function.Parameter{function.StringParameter{
			Name:                "name",
			MarkdownDescription: "What the host is for: `collector` or `elasticsearch`.",
		}},
		Return: function.MapReturn{ElementType: types.StringType},
	}
}

// Run implements function.Function.
func (profileFunction) Run(ctx context.Context, req function.RunRequest, resp *function.RunResponse) {
	var name string
	if resp.Error = req.Arguments.Get(ctx, &name); resp.Error != nil {
		return
	}
	profile, ok := Profiles[name]
	if !ok {
		resp.Error = function.NewArgumentFuncError(0, fmt.Sprintf("there is no profile %q; there is %s", name, profileNames()))
		return
	}
	resp.Error = resp.Result.Set(ctx, profile)
}
