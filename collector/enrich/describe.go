package enrich

import (
	"net/netip"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Describe returns what is known about an address, for people to read. Its name may come later: whoever asks again a second after may get it.
// It looks everything up anew, which takes microseconds, and is safe for concurrent use.
func (s *Set) Describe(a netip.Addr) schema.AddressInfo {
	snap := s.current.Load()
	info := snap.about(a, &found{})
	if snap.namer != nil && named(a) {
		if name, settled := snap.namer.Name(a); settled {
			info.Domain = name
		}
	}
	return info
}

// System returns the name of an autonomous system by the user's file; empty when it has none there.
func (s *Set) System(number uint32) string { return s.current.Load().systems.name(number) }

// Exporter returns the name of an exporter; empty when nobody knows one, or not yet.
func (s *Set) Exporter(a netip.Addr) string {
	snap := s.current.Load()
	if said := snap.exporters[a]; said != nil && said.name != "" {
		return said.name
	}
	if snap.interfaces == nil {
		return ""
	}
	name, _ := snap.interfaces.Exporter(a)
	return name
}

// Interface returns name and alias of an interface of an exporter, and whether they win over those that the exporter tells, as in flow records.
func (s *Set) Interface(exporter netip.Addr, index uint32) (name, alias string, nameWins, aliasWins bool) {
	snap := s.current.Load()
	var said interfaceNames
	if e := snap.exporters[exporter]; e != nil {
		said = e.interfaces[index]
	}
	nameWins, aliasWins = said.name != "", said.alias != ""
	if snap.interfaces != nil && (said.name == "" || said.alias == "") {
		n, a, _ := snap.interfaces.Interface(exporter, index)
		said = interfaceNames{first(said.name, n), first(said.alias, a)}
	}
	return said.name, said.alias, nameWins, aliasWins
}
