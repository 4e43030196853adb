// Package firewall says who may reach the ports of a flow host: a table of nftables of its own, the file it is loaded from and the unit
// that loads it at boot. It matches nothing but the ports it is given, so it can lock nobody out of anything else.
package firewall

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go4.org/netipx"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Where it all is on a host.
const (
	Family     = "inet"
	Table      = "flowstack"
	Folder     = "/etc/flowstack"
	RulesPath  = Folder + "/firewall.nft"
	UnitName   = "flowstack-firewall.service"
	unitFolder = "/etc/systemd/system/"
	// DropInFolder is of the distribution's own service, which may not be installed.
	DropInFolder = unitFolder + "nftables.service.d"
	DropInPath   = DropInFolder + "/flowstack.conf"
)

// Group are ports that the same networks may reach; everybody else's packets to them are dropped. The host itself always may.
type Group struct {
	UDP, TCP []uint16
	Allowed  []netip.Prefix
}

// Spec are the groups, by name.
type Spec map[string]Group

// DefaultGroups are the ports of what a flow host has, where a group of this name gives none.
var DefaultGroups = map[string]Group{
	"flows":         {UDP: []uint16{2055}},
	"elasticsearch": {TCP: []uint16{9200}},
	"kibana":        {TCP: []uint16{5601}},
	"page":          {TCP: []uint16{8080}},
}

var groupName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,30}$`)

// SSH is a port that no group may have.
const SSH = 22

// Validate says what is wrong with a specification.
func (s Spec) Validate() error {
	var errs []error
	owner := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(s)) {
		g := s[name]
		if !groupName.MatchString(name) {
			errs = append(errs, fmt.Errorf("%q is not the name of a group: 1 to 31 lower-case letters, digits and _, beginning with a letter", name))
		}
		if len(g.UDP)+len(g.TCP) == 0 {
			errs = append(errs, fmt.Errorf("group %s has no port", name))
		}
		if slices.Contains(g.TCP, SSH) {
			errs = append(errs, fmt.Errorf("group %s: TCP port %d is SSH's, which this never touches", name, SSH))
		}
		for protocol, ports := range map[string][]uint16{"UDP": g.UDP, "TCP": g.TCP} {
			for _, port := range ports {
				id := fmt.Sprintf("%s port %d", protocol, port)
				switch other, taken := owner[id]; {
				case port == 0:
					errs = append(errs, fmt.Errorf("group %s: there is no port 0", name))
				case taken && other == name:
					errs = append(errs, fmt.Errorf("group %s has %s twice", name, id))
				case taken:
					errs = append(errs, fmt.Errorf("%s is in the groups %s and %s", id, other, name))
				}
				owner[id] = name
			}
		}
		for _, network := range g.Allowed {
			if !network.IsValid() || network != network.Masked() {
				errs = append(errs, fmt.Errorf("group %s: %v is not a network", name, network))
			}
		}
	}
	return errors.Join(errs...)
}

// facts are what a person would say about the groups.
func (s Spec) facts() map[string]string {
	facts := map[string]string{}
	for name, g := range s {
		facts[name+": udp"] = listPorts(g.UDP)
		facts[name+": tcp"] = listPorts(g.TCP)
		facts[name+": allowed"] = list(networks(g.Allowed, nil), netip.Prefix.String)
	}
	return facts
}

// SpecOf is the inverse: from the facts of either place.
func SpecOf(facts map[string]string) (Spec, error) {
	s := Spec{}
	for fact, value := range facts {
		name, what, _ := strings.Cut(fact, ": ")
		g := s[name]
		for word := range strings.SplitSeq(value, ", ") {
			if value == none || what == "" {
				break
			}
			switch what {
			case "udp", "tcp":
				port, err := strconv.ParseUint(word, 10, 16)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", fact, err)
				}
				if what == "udp" {
					g.UDP = append(g.UDP, uint16(port))
				} else {
					g.TCP = append(g.TCP, uint16(port))
				}
			case "allowed":
				network, err := netip.ParsePrefix(word)
				if err != nil {
					return nil, fmt.Errorf("%s: %w", fact, err)
				}
				g.Allowed = append(g.Allowed, network)
			}
		}
		if what != "" {
			s[name] = g
		}
	}
	return s, nil
}

// none is what a fact says of an empty list.
const none = "none"

func list[T any](values []T, text func(T) string) string {
	if len(values) == 0 {
		return none
	}
	words := make([]string, len(values))
	for i, value := range values {
		words[i] = text(value)
	}
	return strings.Join(words, ", ")
}

func listPorts(ports []uint16) string {
	return list(slices.Sorted(slices.Values(ports)), func(port uint16) string { return strconv.Itoa(int(port)) })
}

// networks are the fewest that have the same addresses, of the family that wanted takes; nil takes both. The kernel refuses sets with
// networks that overlap.
func networks(all []netip.Prefix, wanted func(netip.Addr) bool) []netip.Prefix {
	var b netipx.IPSetBuilder
	for _, network := range all {
		if wanted == nil || wanted(network.Addr()) {
			b.AddPrefix(network)
		}
	}
	set, err := b.IPSet()
	if err != nil { // Validate has seen the prefixes
		return nil
	}
	return set.Prefixes()
}

const unitFile = `[Unit]
Description=Who may reach the flow collector and its database (flowstack)
Documentation=man:nft(8)
DefaultDependencies=no
Wants=network-pre.target
Before=network-pre.target shutdown.target
Conflicts=shutdown.target
After=local-fs.target nftables.service
# It empties the whole rule set whenever it starts, stops or reloads. What it starts with is in its drop-in.
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service

[Service]
Type=oneshot
RemainAfterExit=yes
StandardInput=null
ExecStart=/usr/sbin/nft -f ` + RulesPath + `
ExecReload=/usr/sbin/nft -f ` + RulesPath + `
ExecStop=-/usr/sbin/nft delete table ` + Family + ` ` + Table + `
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
RestrictAddressFamilies=AF_NETLINK AF_UNIX
MemoryDenyWriteExecute=yes

[Install]
WantedBy=sysinit.target
`

// dropIn has the distribution's service load our table whenever it starts: it empties the rule set then, and what is active already is not started
// again. It also starts what an earlier stop took along. The table is loaded in the same step, before anything that waits for this service.
const dropIn = `[Unit]
Wants=` + UnitName + `

[Service]
ExecStartPost=-/usr/sbin/nft -f ` + RulesPath + `
`

// check accepts a file of rules: the kernel takes it, and none of the TCP ports that follow is the SSH server's: it listens there, or has the
// connection of this login, where systemd listens for it.
const check = `command -v nft >/dev/null || { echo 'the host has no nft program: install the package nftables' >&2; exit 1; }
file=$1
shift
for port in "$@"; do
	sockets=$(ss -Hatnp "sport = :$port") || { echo "it cannot be told whether TCP port $port is the SSH server's: ss (package iproute2) does not say" >&2; exit 1; }
	case $sockets in
	*sshd* | *dropbear*)
		echo "TCP port $port is the SSH server's: no group may have it" >&2
		exit 1
		;;
	esac
done
exec nft -c -f "$file"`

// Desired is the host with the firewall.
func Desired(spec Spec) host.Desired {
	validator := []string{"sh", "-c", check, "check", "{}"}
	for _, name := range slices.Sorted(maps.Keys(spec)) {
		for _, port := range spec[name].TCP {
			validator = append(validator, strconv.Itoa(int(port)))
		}
	}
	want := spec.facts()
	want[rulesFact] = complete
	return host.Desired{
		host.Directory{Path: Folder, Own: true}, // authorities of certificates are in it, too
		host.File{Path: RulesPath, Content: Rules(spec), Format: RulesFormat{}, Validate: validator},
		host.File{Path: unitFolder + UnitName, Content: []byte(unitFile), Format: host.UnitFileFormat{}},
		host.Directory{Path: DropInFolder, Shared: true},
		host.File{Path: DropInPath, Content: []byte(dropIn), Format: host.UnitFileFormat{}},
		// The rules are no input: the table below is replaced in one step, where a restart would open the ports for a moment.
		host.Unit{Name: UnitName, Enabled: true, Active: true},
		host.NftTable{Family: Family, Name: Table, File: RulesPath, Want: want, Format: ListingFormat{}},
	}
}
