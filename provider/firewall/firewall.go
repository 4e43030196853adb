// Package firewall is the resource flowstack_firewall: who may reach the ports of a flow host.
package firewall

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/firewall"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// ResourceType is the type of the resource.
const ResourceType = "flowstack_firewall"

// Model is the resource in Terraform's terms.
type Model struct {
	hostresource.Common
	Groups types.Map `tfsdk:"groups"`
}

// group is one element of Groups.
type group struct {
	UDP     types.Set `tfsdk:"udp"`
	TCP     types.Set `tfsdk:"tcp"`
	Allowed types.Set `tfsdk:"allowed"`
}

var groupType = types.ObjectType{AttrTypes: map[string]attr.Type{
	"udp": types.SetType{ElemType: types.Int64Type}, "tcp": types.SetType{ElemType: types.Int64Type}, "allowed": types.SetType{ElemType: types.StringType},
}}

// NewResource makes the resource.
var NewResource = hostresource.New[Model, *Model](hostresource.Kind[Model]{
	Type:        ResourceType,
	Thing:       "firewall",
	Description: description,
	Attributes:  attributes,
	Validate:    validate,
	Desired:     desired,
	Observe:     observe,
	Import:      imported,
	Gone:        gone,
})

// gone: neither table nor file nor unit is there. The folder may be others' as well.
func gone(desired host.Desired, facts host.Facts) bool {
	for _, item := range desired {
		if _, folder := item.(host.Directory); folder {
			continue
		}
		for name := range (host.Desired{item}).Facts() {
			if facts[name] != host.Absent {
				return false
			}
		}
	}
	return true
}

// spec reads the groups; known is false when something is unknown, and then the spec has what is known.
func (m *Model) spec(ctx context.Context) (spec firewall.Spec, known bool, diags diag.Diagnostics) {
	spec = firewall.Spec{}
	if m.Groups.IsUnknown() {
		return spec, false, nil
	}
	known = true
	for name, element := range m.Groups.Elements() {
		if element.IsUnknown() {
			known = false
			continue
		}
		object, ok := element.(types.Object)
		if !ok || object.IsNull() {
			continue // the schema refuses it
		}
		var g group
		if diags.Append(object.As(ctx, &g, basetypes.ObjectAsOptions{})...); diags.HasError() {
			return spec, false, diags
		}
		at := path.Root("groups").AtMapKey(name)
		var one firewall.Group
		var udp, tcp, allowed bool
		one.UDP, udp = ports(g.UDP)
		one.TCP, tcp = ports(g.TCP)
		one.Allowed, allowed = networks(g.Allowed, at.AtName("allowed"), &diags)
		if g.UDP.IsNull() && g.TCP.IsNull() {
			standard := firewall.DefaultGroups[name]
			one.UDP, one.TCP = standard.UDP, standard.TCP
		}
		known = known && udp && tcp && allowed
		spec[name] = one
	}
	return spec, known, diags
}

func ports(set types.Set) (numbers []uint16, known bool) {
	known = !set.IsUnknown()
	for _, element := range set.Elements() {
		number, ok := element.(types.Int64)
		if !ok || number.IsUnknown() {
			known = false
			continue
		}
		numbers = append(numbers, uint16(number.ValueInt64())) // the schema has the bounds
	}
	slices.Sort(numbers)
	return numbers, known
}

func networks(set types.Set, at path.Path, diags *diag.Diagnostics) (all []netip.Prefix, known bool) {
	known = !set.IsUnknown()
	for _, element := range set.Elements() {
		text, ok := element.(types.String)
		if !ok || text.IsUnknown() {
			known = false
			continue
		}
		network, err := parseNetwork(text.ValueString())
		if err != nil {
			diags.AddAttributeError(at, "Unable to allow "+text.ValueString(), connection.Explain(err)+".")
			continue
		}
		all = append(all, network)
	}
	return all, known
}

// parseNetwork reads a network or one address.
func parseNetwork(text string) (netip.Prefix, error) {
	if address, err := netip.ParseAddr(text); err == nil {
		if address.Zone() != "" || address.Is4In6() {
			return netip.Prefix{}, errors.New("an address with a zone, or of IPv4 inside IPv6, is none that a packet comes from")
		}
		return netip.PrefixFrom(address, address.BitLen()), nil
	}
	network, err := netip.ParsePrefix(text)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf("%q is neither a network such as 192.0.2.0/24 or 2001:db8::/32 nor an address", text)
	case network.Addr().Is4In6():
		return netip.Prefix{}, errors.New("packets of IPv4 have addresses of IPv4: write the network that way")
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("it has bits beyond its length: the network is %s, the address alone %s", network.Masked(), network.Addr())
	}
	return network, nil
}

func validate(ctx context.Context, m *Model) diag.Diagnostics {
	spec, known, diags := m.spec(ctx)
	if diags.HasError() || !known {
		return diags
	}
	if err := spec.Validate(); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			diags.AddAttributeError(path.Root("groups"), "Unable to use the groups", connection.Explain(errors.New(line))+".")
		}
	}
	return diags
}

func desired(ctx context.Context, m *Model, _ hostresource.Context) (host.Desired, bool, diag.Diagnostics) {
	spec, known, diags := m.spec(ctx)
	if diags.HasError() || !known {
		return nil, false, diags
	}
	if err := spec.Validate(); err != nil { // what was unknown when the configuration was checked
		diags.AddAttributeError(path.Root("groups"), "Unable to use the groups", connection.Explain(err)+".")
		return nil, false, diags
	}
	return firewall.Desired(spec), true, nil
}

// observe warns of others who decide about the same packets.
func observe(_ context.Context, m *Model, seen host.Observation) diag.Diagnostics {
	programs, chains := seen.OtherFirewalls()
	if len(programs) == 0 && len(chains) == 0 {
		return nil
	}
	who := programs
	for _, chain := range chains {
		who = append(who, "the chain "+chain+" of nftables")
	}
	return diag.Diagnostics{diag.NewWarningDiagnostic("Another firewall filters packets of host "+m.Host.ValueString(),
		"A packet has to get past both: what flowstack_firewall lets through may still be dropped by "+strings.Join(who, ", ")+
			". Let the ports through there as well, or let one of the two do it all.")}
}

// imported takes the groups from the table in the kernel, or from the file when there is none.
func imported(ctx context.Context, m *Model, facts host.Facts) diag.Diagnostics {
	var diags diag.Diagnostics
	found := map[string]string{}
	for _, id := range []string{"file " + firewall.RulesPath, "table " + firewall.Family + " " + firewall.Table} {
		for fact, value := range facts {
			name, ok := strings.CutPrefix(fact, id+": ")
			if ok && strings.Contains(name, ": ") && value != host.Absent {
				found[name] = value
			}
		}
	}
	spec, err := firewall.SpecOf(found)
	if err != nil {
		diags.AddError("Unable to import the firewall", connection.Explain(err))
		return diags
	}
	groups := map[string]group{}
	for _, name := range slices.Sorted(maps.Keys(spec)) {
		g, standard := spec[name], firewall.DefaultGroups[name]
		one := group{UDP: types.SetNull(types.Int64Type), TCP: types.SetNull(types.Int64Type)}
		if !slices.Equal(g.UDP, standard.UDP) || !slices.Equal(g.TCP, standard.TCP) {
			one.UDP, one.TCP = portSet(g.UDP), portSet(g.TCP)
		}
		allowed := make([]attr.Value, 0, len(g.Allowed))
		for _, network := range g.Allowed {
			text := network.String()
			if network.IsSingleIP() {
				text = network.Addr().String()
			}
			allowed = append(allowed, types.StringValue(text))
		}
		one.Allowed = types.SetValueMust(types.StringType, allowed)
		groups[name] = one
	}
	var more diag.Diagnostics
	m.Groups, more = types.MapValueFrom(ctx, groupType, groups)
	diags.Append(more...)
	return diags
}

// portSet is null for none, as a configuration leaves it out.
func portSet(ports []uint16) types.Set {
	if len(ports) == 0 {
		return types.SetNull(types.Int64Type)
	}
	values := make([]attr.Value, len(ports))
	for i, port := range ports {
		values[i] = types.Int64Value(int64(port))
	}
	return types.SetValueMust(types.Int64Type, values)
}
