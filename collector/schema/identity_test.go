package schema

import (
	"net/netip"
	"strconv"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func parseNumber(t *testing.T, text string) uint64 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestCommunityID compares with what the authors of the specification published.
func TestCommunityID(t *testing.T) {
	for _, line := range lines(t, "community-id.csv") {
		r := flow.Record{
			Has: flow.HasProtocol, Protocol: uint8(parseNumber(t, line[0])),
			Source: flow.Endpoint{Addr: netip.MustParseAddr(line[1])}, Destination: flow.Endpoint{Addr: netip.MustParseAddr(line[2])},
		}
		if line[3] != "" {
			a, b := parseNumber(t, line[3]), parseNumber(t, line[4])
			r.Source.Port, r.Destination.Port = uint16(a), uint16(b)
			r.ICMPType, r.ICMPCode = uint8(a), uint8(b) // of a pair the code does not count
			r.Has |= flow.HasPorts | flow.HasICMP
		}
		if got := string(communityID(nil, &r)); got != `"`+line[5]+`"` {
			t.Errorf("%v becomes %s", line, got)
		}
	}
}

// TestCommunityIDNeedsAll: an id of half of what is known of a flow would be that of another.
func TestCommunityIDNeedsAll(t *testing.T) {
	for name, change := range map[string]func(r *flow.Record){
		"no ports":     func(r *flow.Record) { r.Has &^= flow.HasPorts },
		"no source":    func(r *flow.Record) { r.Source.Addr = netip.Addr{} },
		"no target":    func(r *flow.Record) { r.Destination.Addr = netip.Addr{} },
		"two families": func(r *flow.Record) { r.Source.Addr = netip.IPv6Unspecified() },
		"no protocol":  func(r *flow.Record) { r.Has &^= flow.HasProtocol },
		"no ICMP type": func(r *flow.Record) { r.Protocol, r.Has = flow.ProtocolICMP, r.Has&^flow.HasICMP },
	} {
		r := everything(complete, flow.ProtocolTCP)
		change(r)
		if got, there := leaves(t, AppendJSON(nil, r))["network.community_id"]; there {
			t.Errorf("%s: the id is %v", name, got)
		}
	}
}

// TestConversationID: one for both directions and all ports of the client, another for whatever else differs.
func TestConversationID(t *testing.T) {
	id := func(change func(r *flow.Record)) string {
		r := everything(complete, flow.ProtocolTCP)
		change(r)
		return string(conversationID(nil, r))
	}
	same := id(func(*flow.Record) {})
	if len(same) != len(`"01234567890"`) {
		t.Errorf("%s is not 64 bits in base64url", same)
	}
	for name, change := range map[string]func(r *flow.Record){
		"the way back": func(r *flow.Record) {
			r.Source, r.Destination, r.Client = r.Destination, r.Source, flow.SideDestination
		},
		"another port of the client": func(r *flow.Record) { r.Source.Port++ },
		"other counters":             func(r *flow.Record) { r.Bytes = 1 },
	} {
		if got := id(change); got != same {
			t.Errorf("%s: %s, want %s", name, got, same)
		}
	}
	for name, change := range map[string]func(r *flow.Record){
		"another port of the server": func(r *flow.Record) { r.Destination.Port++ },
		"another client":             func(r *flow.Record) { r.Source.Addr = r.Source.Addr.Next() },
		"another server":             func(r *flow.Record) { r.Destination.Addr = r.Destination.Addr.Next() },
		"another protocol":           func(r *flow.Record) { r.Protocol = flow.ProtocolUDP },
		"the other is the client":    func(r *flow.Record) { r.Client = flow.SideDestination },
	} {
		if got := id(change); got == same {
			t.Errorf("%s: the id is the same", name)
		}
	}
	r := everything(complete, flow.ProtocolTCP)
	r.Client = flow.SideUnknown
	for name, value := range leaves(t, AppendJSON(nil, r)) {
		if below(name, "client") || below(name, "server") || name == "flow.conversation_id" {
			t.Errorf("nobody knows who began, and %s is %v", name, value)
		}
	}
}
