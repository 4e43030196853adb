package schema

import (
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func detail(has flow.DetailFields, get func(*flow.Details) uint64) detailFn {
	return func(dst []byte, d *flow.Details) ([]byte, bool) {
		if d.Has&has == 0 {
			return dst, false
		}
		return strconv.AppendUint(dst, get(d), 10), true
	}
}

// text puts a name that came over the wire.
func text(get func(*flow.Details) []byte) detailFn {
	return func(dst []byte, d *flow.Details) ([]byte, bool) {
		name := get(d)
		return appendText(dst, name), len(name) > 0
	}
}

func translated(get func(*flow.Details) *addr) detailFn {
	return func(dst []byte, d *flow.Details) ([]byte, bool) { return appendAddr(dst, *get(d)) }
}

func detailMAC(has flow.DetailFields, get func(*flow.Details) *[6]byte) detailFn {
	return func(dst []byte, d *flow.Details) ([]byte, bool) {
		if d.Has&has == 0 {
			return dst, false
		}
		return appendMAC(dst, get(d)[:]), true
	}
}

func innerVLAN(dst []byte, d *flow.Details) ([]byte, bool) {
	if d.Has&flow.HasInnerVLAN == 0 || d.InnerVLAN == 0 { // 0 is "untagged"
		return dst, false
	}
	return appendQuoted(dst, uint64(d.InnerVLAN)), true
}

func vrf(has flow.DetailFields, get func(*flow.Details) (uint32, []byte)) detailFn {
	return func(dst []byte, d *flow.Details) ([]byte, bool) {
		number, name := get(d)
		switch {
		case len(name) > 0:
			return appendText(dst, name), true
		case d.Has&has != 0:
			return appendQuoted(dst, uint64(number)), true
		}
		return dst, false
	}
}

func applicationID(dst []byte, d *flow.Details) ([]byte, bool) {
	if d.Has&flow.HasApplication == 0 || d.ApplicationID == 0 {
		return dst, false
	}
	dst = append(dst, '"')
	dst = strconv.AppendUint(dst, d.ApplicationID>>56, 10)
	dst = append(dst, ':')
	dst = strconv.AppendUint(dst, d.ApplicationID&(1<<56-1), 10)
	return append(dst, '"'), true
}

func flowID(dst []byte, d *flow.Details) ([]byte, bool) {
	return appendQuoted(dst, d.FlowID), d.Has&flow.HasFlowID != 0
}

func agent(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Details == nil || !r.Details.Agent.IsValid() || r.Details.Agent == r.Exporter || r.Details.Agent.IsUnspecified() {
		return dst, false
	}
	return appendAddr(dst, r.Details.Agent)
}

func reverseTCPFlags(dst []byte, r *flow.Record) ([]byte, bool) {
	if r.Details == nil || r.Details.Has&flow.HasReverseTCPFlags == 0 || r.Protocol != 6 {
		return dst, false
	}
	return appendFlags(dst, r.Details.ReverseTCPFlags)
}

func labels(dst []byte, d *flow.Details) ([]byte, bool) {
	if d.LabelCount == 0 {
		return dst, false
	}
	for i, label := range d.Labels[:d.LabelCount] {
		dst = append(dst, "[,"[min(i, 1)])
		dst = strconv.AppendUint(dst, uint64(label), 10)
	}
	return append(dst, ']'), true
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

func eventAction(dst []byte, d *flow.Details) ([]byte, bool) {
	switch {
	case d.Has&flow.HasFirewallEvent != 0 && d.FirewallEvent != 0:
		return appendOneOf(dst, firewallEvents[:], "firewall-event-", d.FirewallEvent), true
	case d.Has&flow.HasNATEvent != 0 && d.NATEvent != 0:
		return appendOneOf(dst, natEvents[:], "nat-event-", d.NATEvent), true
	}
	return dst, false
}

// endReasons are IANA's names of flowEndReason (136).
var endReasons = [...]string{1: "idle-timeout", 2: "active-timeout", 3: "end-of-flow", 4: "forced-end", 5: "lack-of-resources"}

func endReason(dst []byte, d *flow.Details) ([]byte, bool) {
	if d.Has&flow.HasEndReason == 0 || d.EndReason == 0 {
		return dst, false
	}
	return appendOneOf(dst, endReasons[:], "reason-", d.EndReason), true
}

// forwardingStates are the two upper bits of forwardingStatus (89, RFC 7270 section 4.12).
var forwardingStates = [...]string{"unknown", "forwarded", "dropped", "consumed"}

func forwardingStatus(dst []byte, d *flow.Details) ([]byte, bool) {
	if d.Has&flow.HasForwardingStatus == 0 {
		return dst, false
	}
	return appendName(dst, forwardingStates[d.ForwardingStatus>>6]), true
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

func appendQuoted(dst []byte, n uint64) []byte {
	dst = append(dst, '"')
	dst = strconv.AppendUint(dst, n, 10)
	return append(dst, '"')
}
