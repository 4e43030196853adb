package pki

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	tfpath "github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/booldefault"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/pki"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// Names are what a host is called in its certificate; models embed it.
type Names struct {
	DNSNames     types.Set  `tfsdk:"dns_names"`
	IPAddresses  types.Set  `tfsdk:"ip_addresses"`
	HostNames    types.Bool `tfsdk:"host_names"`
	AllNames     types.Set  `tfsdk:"all_dns_names"`
	AllAddresses types.Set  `tfsdk:"all_ip_addresses"`
}

func nameAttributes(more map[string]schema.Attribute) map[string]schema.Attribute {
	more["dns_names"] = schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "Host names that clients reach it by. The first label may be `*`.",
	}
	more["ip_addresses"] = schema.SetAttribute{
		Optional: true, ElementType: types.StringType,
		MarkdownDescription: "IPv4 and IPv6 addresses that clients reach it by, such as one that is translated on the way.",
	}
	more["host_names"] = schema.BoolAttribute{
		Optional: true, Computed: true, Default: booldefault.StaticBool(true),
		MarkdownDescription: "Whether to add `localhost`, `127.0.0.1`, `::1`, and what the host itself says it is called: its name, its name with the domain, and all its addresses, without those of a " +
			"link and temporary ones. They are read in each plan, so a host with a new address gets a new certificate; one that lost an address keeps " +
			"it until then. Default `true`.",
	}
	more["all_dns_names"] = schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "All host names in the certificate."}
	more["all_ip_addresses"] = schema.SetAttribute{Computed: true, ElementType: types.StringType, MarkdownDescription: "All addresses in the certificate."}
	return more
}

func (n *Names) validate() diag.Diagnostics {
	var diags diag.Diagnostics
	names, _ := hostresource.Strings(n.DNSNames)
	for _, name := range names {
		if err := pki.ValidDNSName(name); err != nil {
			diags.AddAttributeError(tfpath.Root("dns_names"), "Unable to certify a name", connection.Explain(err)+".")
		}
	}
	addresses, _ := hostresource.Strings(n.IPAddresses)
	for _, text := range addresses {
		if address, err := netip.ParseAddr(text); err != nil || address.Zone() != "" {
			diags.AddAttributeError(tfpath.Root("ip_addresses"), "Unable to certify an address", fmt.Sprintf("%q is not an IP address.", text))
		}
	}
	return diags
}

// configured are the names that the configuration gives.
func (n *Names) configured() (names []string, addresses []netip.Addr, known bool) {
	names, known = hostresource.Strings(n.DNSNames)
	texts, more := hostresource.Strings(n.IPAddresses)
	return names, parseAddresses(texts), known && more && !n.HostNames.IsUnknown()
}

func parseAddresses(texts []string) []netip.Addr {
	var addresses []netip.Addr
	for _, text := range texts {
		if address, err := netip.ParseAddr(text); err == nil { // validate has refused what is none
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// all are the names that the certificate has; known is false while they are not decided.
func (n *Names) all() (names []string, addresses []netip.Addr, known bool) {
	names, known = hostresource.Strings(n.AllNames)
	texts, more := hostresource.Strings(n.AllAddresses)
	return pki.SortNames(names), pki.SortAddresses(parseAddresses(texts)), known && more
}

// clockLimit is how far a host's clock may be off without a warning: as much as certificates reach into the past would be too late to hear of.
const clockLimit = 5 * time.Minute

// decide sets all names: those configured, and those of the host. While the host cannot be asked they stay what they were.
func (n *Names) decide(ctx context.Context, prior *Names, c hostresource.Context, applying bool) diag.Diagnostics {
	var diags diag.Diagnostics
	n.AllNames, n.AllAddresses = types.SetUnknown(types.StringType), types.SetUnknown(types.StringType)
	names, addresses, known := n.configured()
	if !known {
		return nil
	}
	if n.HostNames.ValueBool() {
		of, err := hostNames(ctx, c)
		switch {
		case err == nil:
			names = append(names, "localhost", of.Hostname)
			if of.FQDN != "" {
				names = append(names, of.FQDN)
			}
			addresses = append(append(addresses, netip.MustParseAddr("127.0.0.1"), netip.IPv6Loopback()), of.Addresses...)
			if off := of.Clock.Sub(pki.Now()); off.Abs() > clockLimit {
				diags.AddWarning("The clock of host "+c.Host.Name+" is wrong", fmt.Sprintf("It differs by %s from the clock here. Certificates that are valid here may not be valid there. "+
					"Let chrony or systemd-timesyncd set it.", off.Round(time.Second)))
			}
		case applying:
			diags.AddError("Unable to tell what host "+c.Host.Name+" is called", connection.Explain(err)+".")
			return diags
		case prior != nil && !prior.AllNames.IsNull() && n.DNSNames.Equal(prior.DNSNames) && n.IPAddresses.Equal(prior.IPAddresses):
			n.AllNames, n.AllAddresses = prior.AllNames, prior.AllAddresses
			return nil
		default:
			return nil
		}
	}
	addresses = pki.SortAddresses(addresses)
	texts := make([]string, len(addresses))
	for i, address := range addresses {
		texts[i] = address.String()
	}
	n.AllNames, n.AllAddresses = setOf(pki.SortNames(names)), setOf(texts)
	if prior != nil && n.covered(prior) {
		n.AllNames, n.AllAddresses = prior.AllNames, prior.AllAddresses
	}
	return diags
}

// covered tells whether a certificate with the names of the state will do as well, though the host has lost some of them since: bridges of containers and addresses of
// DHCP come and go. What the configuration gave, and gives no more, does have to go.
func (n *Names) covered(prior *Names) bool {
	gone := func(all, before types.Set) (gone []attr.Value, covered bool) {
		for _, name := range all.Elements() {
			if !slices.ContainsFunc(before.Elements(), name.Equal) {
				return nil, false
			}
		}
		return slices.DeleteFunc(before.Elements(), func(name attr.Value) bool { return slices.ContainsFunc(all.Elements(), name.Equal) }), true
	}
	names, ok := gone(n.AllNames, prior.AllNames)
	addresses, also := gone(n.AllAddresses, prior.AllAddresses)
	configured := slices.Concat(prior.DNSNames.Elements(), prior.IPAddresses.Elements())
	return n.HostNames.ValueBool() && ok && also && !slices.ContainsFunc(slices.Concat(names, addresses), func(name attr.Value) bool {
		return slices.ContainsFunc(configured, func(given attr.Value) bool { return sameName(given, name) })
	})
}

// sameName compares a name as the configuration may write it with one as certificates have it.
func sameName(given, certified attr.Value) bool {
	a, _ := given.(types.String)     // an unknown one has no text
	b, _ := certified.(types.String) // as above
	if address, err := netip.ParseAddr(a.ValueString()); err == nil {
		return address.Unmap().String() == b.ValueString()
	}
	return strings.EqualFold(a.ValueString(), b.ValueString())
}

// hostNames asks the host; a plan has none that does not answer, and has warned of it already.
func hostNames(ctx context.Context, c hostresource.Context) (host.Names, error) {
	if c.Host == nil {
		return host.Names{}, connection.ErrUnknown
	}
	return host.TakeNames(ctx, c.Host)
}

func setOf(texts []string) types.Set {
	elements := make([]attr.Value, len(texts))
	for i, text := range texts {
		elements[i] = types.StringValue(text)
	}
	return types.SetValueMust(types.StringType, elements)
}
