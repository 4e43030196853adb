package elastiflow

import (
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Field says what a field is called in ElastiFlow's two schemas, and here. Empty: it has none.
type Field struct{ Codex, ECS, Ours string }

// Fields are the fields that dashboards and searches use. Those of one side of a flow are there for each of source, destination, client and
// server.
func Fields() []Field { return fields }

var fields = slices.Concat(fieldsOfFlow, fieldsOfSides())

var fieldsOfFlow = []Field{
	{"flow.export.host.name", "host.name", "observer.name"},
	{"flow.export.ip.addr", "host.ip", "observer.ip"},
	{"flow.export.type", "event.dataset", "flow.format"},
	{"flow.export.version.name", "flow.export.version.name", "flow.format"},
	{"flow.bytes", "network.bytes", "network.bytes"},
	{"flow.packets", "network.packets", "network.packets"},
	{"l4.proto.name", "network.transport", "network.transport"},
	{"ip.version.name", "network.type", "network.type"},
	{"app.name", "network.application", "network.application"},
	{"flow.community.id", "network.community_id", "network.community_id"},
	{"flow.conversation.id", "flow.conversation.id", "flow.conversation_id"},
	{"flow.locality", "flow.locality", "flow.locality"},
	{"flow.in.vlan.tag.id", "network.vlan.id", "network.vlan.id"},
	{"flow.in.netif.name", "observer.ingress.interface.name", "observer.ingress.interface.name"},
	{"flow.in.netif.index", "observer.ingress.interface.id", "observer.ingress.interface.id"},
	{"flow.out.netif.name", "observer.egress.interface.name", "observer.egress.interface.name"},
	{"flow.out.netif.index", "observer.egress.interface.id", "observer.egress.interface.id"},
	{"flow.in.bytes", "source.bytes", "source.bytes"},
	{"flow.in.packets", "source.packets", "source.packets"},
	{"flow.in.src.mac.addr", "source.mac", "source.mac"},
	{"flow.in.dst.mac.addr", "destination.mac", "destination.mac"},
	{"flow.in.vrf.id", "flow.in.vrf.id", "flow.ingress_vrf"},
	{"flow.out.vrf.id", "flow.out.vrf.id", "flow.egress_vrf"},
	{"ip.dscp.name", "ip.dscp.name", "flow.dscp"},
	{"tcp.flags.bits", "tcp.flags.bits", "flow.tcp_flags"},
	{"tcp.flags.tags", "tcp.flags.tags", "flow.tcp_flags"},
	{"icmp.type.name", "icmp.type.name", "flow.icmp_type"},
	{"icmp.code.name", "icmp.code.name", "flow.icmp_code"},
	{"l4.session.established", "l4.session.established", ""},
	{"sec.threat.name", "sec.threat.name", ""},
	{"as.label", "as.label", ""},
	{"vlan.tag.id", "vlan.tag.id", ""},
}

func fieldsOfSides() (list []Field) {
	for _, side := range []struct{ codex, ecs string }{{"src", "source"}, {"dst", "destination"}, {"client", "client"}, {"server", "server"}} {
		for _, of := range []struct{ codex, ecs, ours string }{
			{"ip.addr", "ip", "ip"},
			{"host.name", "domain", "domain"},
			{"l4.port.id", "port", "port"},
			{"as.org", "as.organization.name", "as.organization.name"},
			{"geo.city.name", "geo.city_name", "geo.city_name"},
			{"geo.country.name", "geo.country_name", "geo.country_name"},
			{"geo.country.code", "geo.country_iso_code", "geo.country_iso_code"},
			{"geo.loc.coord", "geo.location", "geo.location"},
			{"geo.tz.name", "", ""},
			{"as.label", "", ""},
			{"l4.port.name", "", ""},
			{"sec.threat.name", "", ""},
		} {
			f := Field{Codex: "flow." + side.codex + "." + of.codex, Ours: side.ecs + "." + of.ours}
			if f.ECS = side.ecs + "." + of.ecs; of.ecs == "" {
				f.ECS, f.Ours = f.Codex, ""
			}
			if f.Ours != "" && schema.CheckField(f.Ours) != nil {
				f.Ours = "" // of client and server there is less than of source and destination
			}
			list = append(list, f)
		}
	}
	return list
}

// drop leaves fields out of documents.
func drop() Rule {
	return Rule{
		Translated,
		[]string{"document.without"},
		"by the names of fields here (see the table of fields); it holds for all outputs",
		func(t *translation, value string) (verdict, error) {
			var unknown []string
			v := verdict{class: NotNeeded, note: "documents have none of these fields"}
			for name := range strings.SplitSeq(value, ",") {
				name = strings.TrimSpace(name)
				i := slices.IndexFunc(fields, func(f Field) bool { return name == f.Codex || name == f.ECS })
				switch {
				case name == "" || i >= 0 && fields[i].Ours == "":
				case i >= 0:
					v = t.add("document.without", fields[i].Ours)
				case schema.CheckField(name) == nil:
					v = t.add("document.without", name)
				default:
					unknown = append(unknown, name)
				}
			}
			if len(unknown) > 0 {
				return verdict{NoEquivalent, "not known here by name, and seldom in documents: " + strings.Join(unknown, ", ") + "; the others are left out (document.without)"}, nil
			}
			return v, nil
		},
	}
}

// with keeps a field that documents do not have by default.
func with(field string) Rule {
	return Rule{
		Translated,
		[]string{"document.with"},
		"`true`: " + field + " is kept, which documents do not have by default",
		func(t *translation, value string) (verdict, error) {
			on, err := boolean(value)
			if err != nil || !on {
				return verdict{NotNeeded, "documents do not have " + field + " by default"}, err
			}
			return t.add("document.with", field), nil
		},
	}
}

// places leaves out what ElastiFlow was told not to take from the database of places.
func places() Rule {
	parts := []struct{ theirs, ours string }{
		{"city", "city_name"}, {"country", "country_name"}, {"country_code", "country_iso_code"}, {"location", "location"},
	}
	return Rule{
		Translated,
		[]string{"document.without"},
		"what is not listed of city, country, country_code and location is left out of documents; there is no time zone",
		func(t *translation, value string) (verdict, error) {
			listed := strings.Split(strings.ReplaceAll(value, " ", ""), ",")
			v := verdict{NotNeeded, "places have all of them; there is no time zone"}
			for _, p := range parts {
				if !slices.Contains(listed, p.theirs) {
					v = t.add("document.without", "source.geo."+p.ours, "destination.geo."+p.ours)
				}
			}
			return v, nil
		},
	}
}
