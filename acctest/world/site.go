package world

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
)

// networks are what the office says about its own addresses, as a user of the collector would.
const networks = `network,name,site,role
10.0.0.0/22,office-north,Vienna,clients
10.0.4.0/22,office-south,Graz,clients
10.0.8.0/22,office-west,Linz,clients
10.1.0.0/24,server-room,Vienna,servers
2001:db8::/32,office-ipv6,Vienna,clients
`

// WithSite adds what the office knows of itself: its networks, its routers and their interfaces. The files are written into a directory.
func (k Knowledge) WithSite(directory string) (Knowledge, error) {
	k.Networks, k.Exporters = filepath.Join(directory, "networks.csv"), filepath.Join(directory, "exporters.yml")
	for path, text := range map[string]string{k.Networks: networks, k.Exporters: exporters()} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return k, err
		}
	}
	return k, nil
}

// router is the address that a router exports from.
func router(n int) netip.Addr { return netip.AddrFrom4([4]byte{10, 255, 0, byte(n + 1)}) }

// exporters names the routers, and the interfaces as long as vendors have them.
func exporters() string {
	var b strings.Builder
	b.WriteString("exporters:\n")
	for n := range routers {
		fmt.Fprintf(&b, "  - address: %s\n    name: edge-%d.example.com\n    site: %s\n    interfaces:\n", router(n), n+1, [...]string{"Vienna", "Graz", "Linz"}[n%3])
		for index := 1; index <= 1+floors; index++ {
			alias := fmt.Sprintf("floor %d of building %d, access switch", index-1, n+1)
			if index == 1 {
				alias = fmt.Sprintf("to the provider, circuit AT-%d", 47110+n)
			}
			fmt.Fprintf(&b, "      - {index: %d, name: GigabitEthernet0/0/%d, alias: %q}\n", index, index-1, alias)
		}
	}
	return b.String()
}
