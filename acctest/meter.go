package acctest

import (
	"context"
	"fmt"
	"strings"
)

// Meter is one of Debian's flow exporters in one of the formats it speaks.
type Meter struct {
	Name    string // program and format, "softflowd-ipfix"
	Package string // Debian's
	Traffic Traffic
	// Overhead is how many octets it counts for each packet besides those of the IP packet.
	Overhead uint64
	SFlow    bool
	// Misread is why nfdump is not asked about it.
	Misread string

	program func() program
}

// The traffic that meters are given: what the oldest formats can express, and everything the generator knows.
var (
	plainTraffic = Traffic{Conversations: 12, Exchanges: 5, SCTP: true, IPv4Only: true}
	mixedTraffic = Traffic{Conversations: 16, Exchanges: 5, SCTP: true, VLAN: 42}
)

// totals says what nfdump 1.7.1 does with a template that has both kinds of counters.
const totals = "nfdump takes octetTotalCount (85), which counts all flows since the switch began, for the octets of the flow"

// Meters are all exporters that tests and fixtures use.
var Meters = []Meter{
	{Name: "softflowd-netflow1", Package: "softflowd", Traffic: plainTraffic, program: func() program { return &softflowd{version: "1"} }},
	{Name: "softflowd-netflow5", Package: "softflowd", Traffic: plainTraffic, program: func() program { return &softflowd{version: "5"} }},
	{Name: "softflowd-netflow9", Package: "softflowd", Traffic: mixedTraffic, program: func() program {
		return &softflowd{version: "9", extra: []string{"-T", "ether"}}
	}},
	{Name: "softflowd-ipfix", Package: "softflowd", Traffic: mixedTraffic, program: func() program {
		return &softflowd{version: "10", extra: []string{"-T", "ether", "-A", "milli"}}
	}},
	{Name: "softflowd-ipfix-biflow", Package: "softflowd", Traffic: mixedTraffic, program: func() program {
		return &softflowd{version: "10", extra: []string{"-b"}}
	}},
	{Name: "fprobe-netflow1", Package: "fprobe", Traffic: plainTraffic, program: func() program { return &fprobe{version: "1"} }},
	{Name: "fprobe-netflow5", Package: "fprobe", Traffic: plainTraffic, program: func() program { return &fprobe{version: "5"} }},
	{Name: "fprobe-netflow7", Package: "fprobe", Traffic: plainTraffic, program: func() program { return &fprobe{version: "7"} }},
	{Name: "pmacctd-netflow5", Package: "pmacct", Traffic: plainTraffic, program: func() program { return &pmacctd{plugin: "nfprobe", version: "5"} }},
	{Name: "pmacctd-netflow9", Package: "pmacct", Traffic: mixedTraffic, program: func() program { return &pmacctd{plugin: "nfprobe", version: "9"} }},
	{Name: "pmacctd-ipfix", Package: "pmacct", Traffic: mixedTraffic, program: func() program { return &pmacctd{plugin: "nfprobe", version: "10"} }},
	{Name: "pmacctd-sflow5", Package: "pmacct", Traffic: mixedTraffic, SFlow: true, program: func() program { return &pmacctd{plugin: "sfprobe"} }},
	{Name: "openvswitch-netflow5", Package: "openvswitch-switch", Traffic: plainTraffic, Overhead: 14, program: func() program {
		return &openvswitch{table: "netflow"}
	}},
	{Name: "openvswitch-ipfix", Package: "openvswitch-switch", Traffic: mixedTraffic, Misread: totals, program: func() program {
		return &openvswitch{table: "ipfix"}
	}},
	{Name: "openvswitch-sflow5", Package: "openvswitch-switch", Traffic: mixedTraffic, SFlow: true, program: func() program {
		return &openvswitch{table: "sflow"}
	}},
}

// Command is how the exporter was started, for people: interface, directory and process stand for what differs from run to run.
func (x *Exporter) Command() string {
	return strings.NewReplacer(x.line.watched, "LINE", x.run.dir, "DIR").Replace(x.command)
}

// Version is the version of the Debian package of a meter.
func (m Meter) Version(ctx context.Context) (string, error) {
	out, err := command(ctx, "dpkg-query", "--show", "--showformat=${Version}", m.Package)
	if err != nil {
		return "", fmt.Errorf("%s: %w", m.Name, err)
	}
	return string(out), nil
}
