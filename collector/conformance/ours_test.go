package conformance_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// decoder is the one under test.
type decoder struct {
	table  *exporter.Table
	decode func(dst []flow.Record, packet []byte, from exporter.Origin, received time.Time) ([]flow.Record, error)
}

func newDecoder() decoder {
	table := exporter.NewTable(exporter.Limits{})
	return decoder{table, decode.New(table).Decode}
}

// ourFacts are those of a record of the collector.
func ourFacts(r *flow.Record) facts {
	f := facts{}
	address := func(name string, a netip.Addr) {
		if a.IsValid() {
			f.set(name, a)
		}
	}
	when := func(said bool, name string, value any) {
		if said {
			f.set(name, value)
		}
	}
	address("source", r.Source.Addr)
	address("destination", r.Destination.Addr)
	when(r.Has&flow.HasPorts != 0, "source port", r.Source.Port)
	when(r.Has&flow.HasPorts != 0, "destination port", r.Destination.Port)
	when(r.Has&flow.HasProtocol != 0, "protocol", r.Protocol)
	when(r.Has&flow.HasBytes != 0, "octets", r.Bytes)
	when(r.Has&flow.HasPackets != 0, "packets", r.Packets)
	when(r.Has&flow.HasTCPFlags != 0, "TCP flags", r.TCPFlags)
	when(r.Has&flow.HasTOS != 0, "TOS", r.TOS)
	when(r.Has&flow.HasInput != 0, "input", r.Input)
	when(r.Has&flow.HasOutput != 0, "output", r.Output)
	when(r.Has&flow.HasSourceAS != 0, "source AS", r.Source.AS)
	when(r.Has&flow.HasDestinationAS != 0, "destination AS", r.Destination.AS)
	when(r.Source.PrefixLength != 0, "source prefix length", r.Source.PrefixLength)
	when(r.Destination.PrefixLength != 0, "destination prefix length", r.Destination.PrefixLength)
	when(r.Has&flow.HasNextHop != 0, "next hop", r.NextHop)
	when(r.Has&flow.HasSourceMAC != 0, "source MAC", net.HardwareAddr(r.Source.MAC[:]))
	when(r.Has&flow.HasDestinationMAC != 0, "destination MAC", net.HardwareAddr(r.Destination.MAC[:]))
	when(r.Has&flow.HasVLAN != 0, "VLAN", r.VLAN)
	when(r.Has&flow.HasDirection != 0, "direction", r.Direction)
	when(r.Has&flow.HasStart != 0, "start", r.Start)
	when(r.Has&flow.HasEnd != 0, "end", r.End)
	when(r.Has&flow.HasICMP != 0, "ICMP", fmt.Sprintf("%d/%d", r.ICMPType, r.ICMPCode))
	when(r.Sampling.Source != flow.SamplingNone, "sampling", r.Sampling.Interval)
	d := r.Details
	if d == nil {
		return f
	}
	address("source after NAT", d.SourceNAT)
	address("destination after NAT", d.DestinationNAT)
	when(d.Has&flow.HasSourceNATPort != 0, "source port after NAT", d.SourceNATPort)
	when(d.Has&flow.HasDestinationNATPort != 0, "destination port after NAT", d.DestinationNATPort)
	when(d.Has&flow.HasEndReason != 0, "flow end reason", d.EndReason)
	when(d.Has&flow.HasFirewallEvent != 0, "firewall event", d.FirewallEvent)
	when(d.Has&flow.HasExtendedEvent != 0, "extended event", d.ExtendedEvent)
	when(d.Has&flow.HasNATEvent != 0, "NAT event", d.NATEvent)
	when(d.Has&flow.HasFlowID != 0, "flow id", d.FlowID)
	when(d.Has&flow.HasInputVRF != 0, "input VRF", d.InputVRF)
	when(d.Has&flow.HasOutputVRF != 0, "output VRF", d.OutputVRF)
	when(d.Has&flow.HasForwardingStatus != 0, "forwarding status", d.ForwardingStatus)
	when(d.Has&flow.HasReverseBytes != 0, "reverse octets", d.ReverseBytes)
	when(d.Has&flow.HasReversePackets != 0, "reverse packets", d.ReversePackets)
	when(d.Has&flow.HasReverseTCPFlags != 0, "reverse TCP flags", d.ReverseTCPFlags)
	when(d.Has&flow.HasStationMAC != 0, "station MAC", net.HardwareAddr(d.StationMAC[:]))
	when(d.Has&flow.HasAccessPointMAC != 0, "access point MAC", net.HardwareAddr(d.AccessPointMAC[:]))
	when(len(d.SSID) > 0, "SSID", string(bytes.TrimRight(d.SSID, "\x00")))
	when(len(d.User) > 0, "user", string(bytes.TrimRight(d.User, "\x00")))
	return f
}

// withoutZeros drops what a record cannot tell from what is not said: prefix lengths, hardware addresses and names that are empty.
func withoutZeros(f facts) facts {
	for _, name := range []string{"source prefix length", "destination prefix length", "source MAC", "destination MAC", "SSID", "user"} {
		if v := f[name]; v == "0" || v == "" || v == "00:00:00:00:00:00" {
			delete(f, name)
		}
	}
	return f
}
