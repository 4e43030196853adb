package schema

import (
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func detail(has flow.DetailFields, get func(*flow.Details) uint64) value {
	return detailed(func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		if d.Has&has == 0 {
			return dst
		}
		return appendLong(dst, get(d))
	})
}

// text is a name that came over the wire.
func text(get func(*flow.Details) []byte) value {
	return detailed(func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		name := get(d)
		if len(name) == 0 {
			return dst
		}
		return appendText(dst, name)
	})
}

func detailMAC(has flow.DetailFields, get func(*flow.Details) *[6]byte) value {
	return detailed(func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		if d.Has&has == 0 {
			return dst
		}
		return appendMAC(dst, get(d)[:])
	})
}

func vrf(has flow.DetailFields, get func(*flow.Details) (uint32, []byte)) value {
	return detailed(func(dst []byte, d *flow.Details, _ *flow.Record) []byte {
		number, name := get(d)
		switch {
		case len(name) > 0:
			return appendText(dst, name)
		case d.Has&has != 0:
			return appendQuoted(dst, uint64(number))
		}
		return dst
	})
}

// innerVLAN leaves 0 out, which is "untagged".
func innerVLAN(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.Has&flow.HasInnerVLAN == 0 || d.InnerVLAN == 0 {
		return dst
	}
	return appendQuoted(dst, uint64(d.InnerVLAN))
}

func applicationID(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.Has&flow.HasApplication == 0 || d.ApplicationID == 0 {
		return dst
	}
	dst = append(dst, '"')
	dst = strconv.AppendUint(dst, d.ApplicationID>>56, 10)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, d.ApplicationID&(1<<56-1), 10)
	return append(dst, '"')
}

func flowID(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.Has&flow.HasFlowID == 0 {
		return dst
	}
	return appendQuoted(dst, d.FlowID)
}

func agent(dst []byte, d *flow.Details, r *flow.Record) []byte {
	if d.Agent == r.Exporter || d.Agent.IsUnspecified() {
		return dst
	}
	return appendAddr(dst, d.Agent)
}

func reverseTCPFlags(dst []byte, d *flow.Details, r *flow.Record) []byte {
	if d.Has&flow.HasReverseTCPFlags == 0 || r.Protocol != flow.ProtocolTCP {
		return dst
	}
	return appendFlags(dst, d.ReverseTCPFlags)
}

func labels(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.LabelCount == 0 {
		return dst
	}
	for i, label := range d.Labels[:d.LabelCount] {
		dst = append(dst, "[,"[min(i, 1)])
		dst = strconv.AppendUint(dst, uint64(label), 10)
	}
	return append(dst, ']')
}

// firewallEvents are IANA's names of firewallEvent (233), natEvents those of natEvent (230, RFC 8158 section 4.3).
var (
	firewallEvents = [...]string{1: "flow-created", 2: "flow-deleted", 3: "flow-denied", 4: "flow-alert", 5: "flow-update"}
	natEvents      = [...]string{
		1: "nat-translation-create", 2: "nat-translation-delete", 3: "nat-addresses-exhausted", 4: "nat44-session-create",
		5: "nat44-session-delete", 6: "nat64-session-create", 7: "nat64-session-delete", 8: "nat44-bib-create", 9: "nat44-bib-delete",
		10: "nat64-bib-create", 11: "nat64-bib-delete", 12: "nat-ports-exhausted", 13: "quota-exceeded", 14: "address-binding-create",
		15: "address-binding-delete", 16: "port-block-allocation", 17: "port-block-deallocation", 18: "threshold-reached",
	}
)

func eventAction(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	switch {
	case d.Has&flow.HasFirewallEvent != 0 && d.FirewallEvent != 0:
		return appendOneOf(dst, firewallEvents[:], "firewall-event-", d.FirewallEvent)
	case d.Has&flow.HasNATEvent != 0 && d.NATEvent != 0:
		return appendOneOf(dst, natEvents[:], "nat-event-", d.NATEvent)
	}
	return dst
}

// endReasons are IANA's names of flowEndReason (136).
var endReasons = [...]string{1: "idle-timeout", 2: "active-timeout", 3: "end-of-flow", 4: "forced-end", 5: "lack-of-resources"}

func endReason(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.Has&flow.HasEndReason == 0 || d.EndReason == 0 {
		return dst
	}
	return appendOneOf(dst, endReasons[:], "reason-", d.EndReason)
}

// forwardingStates are the two upper bits of forwardingStatus (89, RFC 7270 section 4.12).
var forwardingStates = [...]string{"unknown", "forwarded", "dropped", "consumed"}

func forwardingStatus(dst []byte, d *flow.Details, _ *flow.Record) []byte {
	if d.Has&flow.HasForwardingStatus == 0 {
		return dst
	}
	return appendName(dst, forwardingStates[d.ForwardingStatus>>6])
}

// appendOneOf appends the name of a number, or the number behind a prefix where it has none.
func appendOneOf(dst []byte, names []string, prefix string, n uint8) []byte {
	if int(n) < len(names) && names[n] != "" {
		return appendName(dst, names[n])
	}
	dst = append(dst, '"')
	dst = append(dst, prefix...)
	dst = strconv.AppendUint(dst, uint64(n), 10)
	return append(dst, '"')
}
