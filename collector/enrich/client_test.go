package enrich

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestClientAndApplication(t *testing.T) {
	const file = `
applications:
  - {name: everything, ports: 30000-39999, protocols: tcp}
  - {name: narrow, ports: 30010-30019, protocols: [tcp, udp]}
  - {name: one, ports: 30015}
  - {name: intranet, ports: 443, protocols: tcp, networks: [10.0.0.0/8, "fd00::/8"]}
  - {name: wide intranet, ports: 400-500, protocols: tcp, networks: 10.0.0.0/7}
  - {name: "quo\"te", ports: [55555, 55557]}
  - {name: ERP-ä, ports: 55558}
  - {name: CRM, ports: 55558, networks: 10.0.0.0/8}
`
	s, _ := open(t, Options{Services: true, ApplicationsFile: put(t, "a.yml", file)})
	e := s.New()
	const ports = flow.HasPorts | flow.HasProtocol
	const unknown, source, destination = flow.SideUnknown, flow.SideSource, flow.SideDestination
	biflow := &flow.Details{Has: flow.HasReverseBytes}
	direction := func(how uint8) *flow.Details {
		return &flow.Details{Has: flow.HasBiflowDirection | flow.HasReverseBytes, BiflowDirection: how}
	}
	named := &flow.Details{ApplicationName: []byte("youtube")}
	for name, tt := range map[string]struct {
		r           flow.Record
		from, to    string
		client      flow.Side
		application string
	}{
		"to a service":          {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "192.0.2.2:443", source, "https"},
		"from a service":        {flow.Record{Has: ports, Protocol: 6}, "192.0.2.2:443", "192.0.2.1:50000", destination, "https"},
		"UDP-Lite":              {flow.Record{Has: ports, Protocol: 136}, "192.0.2.2:53", "192.0.2.1:50000", destination, "domain"},
		"SCTP":                  {flow.Record{Has: ports, Protocol: 132}, "192.0.2.1:50000", "192.0.2.2:3868", source, "diameter"},
		"DCCP":                  {flow.Record{Has: ports, Protocol: 33}, "192.0.2.1:50000", "192.0.2.2:9", source, "discard"},
		"two services":          {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:3306", "192.0.2.2:443", source, "https"},
		"two services back":     {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:443", "192.0.2.2:3306", destination, "https"},
		"no names":              {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:60000", "192.0.2.2:59999", source, ""},
		"no names back":         {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:59999", "192.0.2.2:60000", destination, ""},
		"a name above none":     {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:1023", "192.0.2.2:5353", source, "mdns"},
		"equal ports":           {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:123", "192.0.2.2:123", source, "ntp"},
		"fragments":             {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:0", "192.0.2.2:0", unknown, ""},
		"ports not said":        {flow.Record{Has: flow.HasProtocol, Protocol: 6}, "192.0.2.1:0", "192.0.2.2:443", unknown, ""},
		"protocol not said":     {flow.Record{Has: flow.HasPorts}, "192.0.2.1:5", "192.0.2.2:443", unknown, ""},
		"GRE":                   {flow.Record{Has: ports, Protocol: 47}, "192.0.2.1:1", "192.0.2.2:2", unknown, ""},
		"user over IANA":        {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:22", "192.0.2.2:30001", source, "everything"},
		"fewest ports":          {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "192.0.2.2:30010", source, "narrow"},
		"one port":              {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "192.0.2.2:30015", source, "one"},
		"another protocol":      {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:50000", "192.0.2.2:30019", source, "narrow"},
		"not that protocol":     {flow.Record{Has: ports, Protocol: 132}, "192.0.2.1:50000", "192.0.2.2:30019", source, ""},
		"in the network":        {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "10.0.0.1:443", source, "intranet"},
		"in the network, IPv6":  {flow.Record{Has: ports, Protocol: 6}, "[fd00::1]:443", "[2001:db8::1]:50000", destination, "intranet"},
		"in the wide network":   {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "11.0.0.1:443", source, "wide intranet"},
		"wide ports":            {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "10.0.0.1:401", source, "wide intranet"},
		"beyond wide ports":     {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "10.0.0.1:501", source, "stmf"},
		"quoted":                {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:55557", "192.0.2.2:55556", destination, `quo\"te`},
		"the exporter knows":    {flow.Record{Has: ports, Protocol: 6, Details: named}, "192.0.2.1:50000", "192.0.2.2:443", source, ""},
		"both directions":       {flow.Record{Has: ports, Protocol: 6, Details: biflow}, "192.0.2.1:443", "192.0.2.2:50000", source, ""},
		"to a group":            {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:53", "224.0.0.251:50000", source, ""},
		"to all":                {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:50000", "255.255.255.255:137", source, "netbios-ns"},
		"DHCP asked":            {flow.Record{Has: ports, Protocol: 17}, "0.0.0.0:68", "255.255.255.255:67", source, "bootps"},
		"DHCP answered":         {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:67", "255.255.255.255:68", destination, "bootps"},
		"one port, source's":    {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:443", "192.0.2.2:0", destination, "https"},
		"one port without name": {flow.Record{Has: ports, Protocol: 17}, "192.0.2.1:0", "192.0.2.2:60000", source, ""},
		"initiator":             {flow.Record{Has: ports, Protocol: 6, Details: direction(1)}, "192.0.2.1:443", "192.0.2.2:50000", source, ""},
		"reverse initiator":     {flow.Record{Has: ports, Protocol: 6, Details: direction(2)}, "192.0.2.1:443", "192.0.2.2:50000", destination, "https"},
		"perimeter":             {flow.Record{Has: ports, Protocol: 6, Details: direction(3)}, "192.0.2.1:443", "192.0.2.2:50000", destination, "https"},
		"at random":             {flow.Record{Has: ports, Protocol: 6, Details: direction(0)}, "192.0.2.1:443", "192.0.2.2:50000", destination, "https"},
		"small letters":         {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "192.0.2.2:55558", source, "erp-ä"},
		"likewise, networks":    {flow.Record{Has: ports, Protocol: 6}, "192.0.2.1:50000", "10.0.0.1:55558", source, "crm"},
		"a group of OSPF":       {flow.Record{Has: flow.HasProtocol, Protocol: 89}, "192.0.2.1:0", "224.0.0.5:0", source, ""},
		"SYN":                   {flow.Record{Has: ports | flow.HasTCPFlags, Protocol: 6, TCPFlags: 0x02}, "192.0.2.1:20", "192.0.2.2:50000", source, ""},
		"SYN and RST":           {flow.Record{Has: ports | flow.HasTCPFlags, Protocol: 6, TCPFlags: 0x06}, "192.0.2.1:20", "192.0.2.2:50000", source, ""},
		"SYN-ACK alone":         {flow.Record{Has: ports | flow.HasTCPFlags | flow.HasPackets, Packets: 1, Protocol: 6, TCPFlags: 0x12}, "192.0.2.1:50000", "192.0.2.2:20", destination, ""},
		"SYN-ACK of several":    {flow.Record{Has: ports | flow.HasTCPFlags | flow.HasPackets, Packets: 2, Protocol: 6, TCPFlags: 0x12}, "192.0.2.1:50000", "192.0.2.2:20", source, "ftp-data"},
		"flags not said":        {flow.Record{Has: ports, Protocol: 6, TCPFlags: 0x02}, "192.0.2.1:20", "192.0.2.2:50000", destination, "ftp-data"},
		"echo":                  {flow.Record{Has: flow.HasProtocol | flow.HasICMP, Protocol: 1, ICMPType: 8}, "192.0.2.1:0", "192.0.2.2:0", source, ""},
		"echo reply":            {flow.Record{Has: flow.HasProtocol | flow.HasICMP, Protocol: 1, ICMPType: 0}, "192.0.2.1:0", "192.0.2.2:0", destination, ""},
		"unreachable":           {flow.Record{Has: flow.HasProtocol | flow.HasICMP, Protocol: 1, ICMPType: 3}, "192.0.2.1:0", "192.0.2.2:0", unknown, ""},
		"type not said":         {flow.Record{Has: flow.HasProtocol, Protocol: 1}, "192.0.2.1:0", "192.0.2.2:0", unknown, ""},
		"echo, IPv6":            {flow.Record{Has: ports | flow.HasICMP, Protocol: 58, ICMPType: 128}, "[2001:db8::1]:0", "[2001:db8::2]:32768", source, ""},
		"echo reply, IPv6":      {flow.Record{Has: ports | flow.HasICMP, Protocol: 58, ICMPType: 129}, "[2001:db8::1]:0", "[2001:db8::2]:0", destination, ""},
	} {
		r := tt.r
		from, to := netip.MustParseAddrPort(tt.from), netip.MustParseAddrPort(tt.to)
		r.Source, r.Destination = flow.Endpoint{Addr: from.Addr(), Port: from.Port()}, flow.Endpoint{Addr: to.Addr(), Port: to.Port()}
		e.Enrich(&r)
		if got := strings.Trim(string(r.Application), `"`); r.Client != tt.client || got != tt.application {
			t.Errorf("%s: client %d, application %q; want %d, %q", name, r.Client, got, tt.client, tt.application)
		}
	}
}

func TestServicesCanBeOff(t *testing.T) {
	s, _ := open(t, Options{})
	e := s.New()
	r := ordinary()
	if e.Enrich(&r); r.Application != nil || r.Client != flow.SideSource {
		t.Errorf("application %s, client %d", r.Application, r.Client)
	}
}

func TestServiceNames(t *testing.T) {
	p := services()
	for port, want := range map[string]string{
		"0/22": "ssh", "0/80": "http", "0/443": "https", "1/443": "https", "0/465": "submissions", "1/53": "domain", "1/123": "ntp", "2/3868": "diameter",
		"0/2049": "nfs", "0/6010": "x11", "3/9": "discard", "1/4739": "ipfix", "0/49151": "", "0/60000": "", "0/0": "",
	} {
		var transport int8
		var number uint16
		if _, err := fmt.Sscanf(port, "%d/%d", &transport, &number); err != nil {
			t.Fatal(err)
		}
		if got := strings.Trim(string(p.find(transport, number)), `"`); got != want {
			t.Errorf("%s is %q, want %q", port, got, want)
		}
	}
	for _, name := range p.names {
		if !bytes.Equal(name, bytes.ToLower(name)) {
			t.Errorf("%s has capitals", name)
		}
	}
	if n := len(p.names); n < 5000 {
		t.Errorf("%d names", n)
	}
	for _, table := range []string{"", "port,name\n", "port,name,protocols\nx,y,tcp\n", "port,name,protocols\n1,y,tpc\n", "port,name,protocols\n1\n"} {
		if _, err := loadServices([]byte(table)); err == nil {
			t.Errorf("%q is taken", table)
		}
	}
}
