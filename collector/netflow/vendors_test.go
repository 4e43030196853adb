package netflow_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// describe says everything that the exporter said about a flow.
func describe(r flow.Record) string {
	text := fmt.Sprintf("%s/%d > %s/%d", netip.AddrPortFrom(r.Source.Addr, r.Source.Port), r.Source.PrefixLength,
		netip.AddrPortFrom(r.Destination.Addr, r.Destination.Port), r.Destination.PrefixLength)
	say := func(bit flow.Fields, format string, value any) {
		if r.Has&bit != 0 {
			text += fmt.Sprintf(" "+format, value)
		}
	}
	moment := func(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
	say(flow.HasProtocol, "protocol %d", r.Protocol)
	say(flow.HasTCPFlags, "flags %#x", r.TCPFlags)
	say(flow.HasTOS, "tos %#x", r.TOS)
	say(flow.HasICMP, "icmp %d", []uint8{r.ICMPType, r.ICMPCode})
	say(flow.HasBytes, "octets %d", r.Bytes)
	say(flow.HasPackets, "packets %d", r.Packets)
	say(flow.HasInput, "in %d", r.Input)
	say(flow.HasOutput, "out %d", r.Output)
	say(flow.HasDirection, "direction %d", r.Direction)
	say(flow.HasVLAN, "vlan %d", r.VLAN)
	say(flow.HasSourceMAC, "from %s", net.HardwareAddr(r.Source.MAC[:]))
	say(flow.HasDestinationMAC, "to %s", net.HardwareAddr(r.Destination.MAC[:]))
	say(flow.HasSourceAS, "as %d", r.Source.AS)
	say(flow.HasDestinationAS, "as %d", r.Destination.AS)
	say(flow.HasNextHop, "via %s", r.NextHop)
	say(flow.HasStart, "since %s", moment(r.Start))
	say(flow.HasEnd, "until %s", moment(r.End))
	return text
}

// TestVendors compares whole records with tshark 4.0.17. Where the two differ the comment says who is right.
func TestVendors(t *testing.T) {
	folder := shared.Folder(t, "captures")
	for name, test := range map[string]struct {
		files   []string
		options uint64 // option records
		record  int    // counted from 0
		want    string
	}{
		// tshark shows the start as 1970: it takes an uptime of 0 for a time of 0. It is the moment the exporter started.
		"nProbe": {
			[]string{"nprobe_tpl", "nprobe_data"},
			1, 0,
			"172.16.32.201:22/0 > 172.16.32.1:65058/0 protocol 6 flags 0x18 tos 0x10 octets 200 packets 2 in 0 out 0 as 0 as 0 via 0.0.0.0 " +
				"since 2015-10-08T19:05:55.01Z until 2015-10-08T19:05:55.015Z",
		},
		"hardware addresses": {
			[]string{"macaddr_tpl", "macaddr_data"},
			1, 0,
			"172.16.32.1:65058/0 > 172.16.32.201:22/0 protocol 6 from 00:50:56:c0:00:01 to 00:0c:29:70:86:09",
		},
		// The octets are field 85, octetTotalCount, which tshark calls "permanent octets"; the end is the time of the event.
		"Cisco ASA": {
			[]string{"cisco_asa_1_tpl", "cisco_asa_1_data"},
			0, 0,
			"192.168.14.1:0/0 > 2.2.2.11:17549/0 protocol 1 icmp [0 0] octets 56 in 3 out 2 since 2015-10-09T09:47:47.569Z until 2015-10-09T09:47:49.599Z",
		},
		// tshark also shows fields 181 and 182, the ports of UDP and TCP, under the names of 11 and 7.
		"Cisco NBAR": {
			[]string{"cisco_nbar_opttpl260", "cisco_nbar_tpl262", "cisco_nbar_data262"},
			15, 0,
			"10.30.18.62:0/23 > 10.30.19.180:2048/0 protocol 1 tos 0x0 icmp [8 0] octets 44 packets 1 in 1 out 0 direction 0 " +
				"from 00:50:56:91:56:86 to 1c:df:0f:7e:c3:58 as 0 as 0 via 0.0.0.0 since 2017-02-14T11:10:19.368Z until 2017-02-14T11:10:19.368Z",
		},
		// The only address is that of the client, 366: what goes out of the controller goes to it.
		"Cisco WLC, of two templates": {
			[]string{"cisco_wlc_8510_tpl_262", "cisco_wlc_tpl", "cisco_wlc_data261"},
			0, 18,
			"invalid AddrPort/0 > 192.168.20.121:0/0 octets 80973880 packets 53362 direction 1",
		},
		"Cisco 1941": {
			[]string{"cisco_1941K9"},
			0, 0,
			"192.168.0.111:37301/0 > 62.217.193.1:53/0 protocol 17 flags 0x0 tos 0x0 octets 75 packets 1 in 17 direction 0 vlan 0 from ec:1f:72:11:9f:c1 via 0.0.0.0",
		},
		"VLAN and seconds": {
			[]string{"field_layer2segmentid_tpl", "field_layer2segmentid_data"},
			0, 0,
			"192.168.200.136:61926/0 > 80.82.237.40:445/0 protocol 6 tos 0x0 octets 52 packets 1 in 7 direction 0 vlan 3174 " +
				"since 2018-01-16T09:44:47Z until 2018-01-16T09:44:47Z",
		},
		"only options": {[]string{"juniper_srx_tplopt"}, 1, -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			var all []flow.Record
			for _, file := range test.files {
				packet, err := os.ReadFile(filepath.Join(folder, "netflow9_test_"+file+".dat"))
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.decode(packet)
				if err != nil {
					t.Errorf("%s: %v", file, err)
				}
				all = append(all, got...)
			}
			if s := c.table.Snapshot().Total; s.Options != test.options || s.Waiting != 0 {
				t.Errorf("%d option records, want %d; %d sets wait", s.Options, test.options, s.Waiting)
			}
			switch {
			case test.record < 0 && len(all) != 0 || test.record >= len(all):
				t.Errorf("%d records", len(all))
			case test.record >= 0 && describe(all[test.record]) != test.want:
				t.Errorf("\n got %s\nwant %s", describe(all[test.record]), test.want)
			}
		})
	}
}

// TestDamagedCapture: in this packet of nProbe the set holds a record of 83 octets and 17 more that are not zero. RFC 3954 allows 3 of
// padding; tshark takes the rest for padding, we keep the record and report the rest.
func TestDamagedCapture(t *testing.T) {
	packet, err := os.ReadFile(filepath.Join(shared.Folder(t, "captures"), "netflow9_test_nprobe_dpi.dat"))
	if err != nil {
		t.Fatal(err)
	}
	c := newCollector(exporter.Limits{})
	got, err := c.decode(packet)
	var failed *flow.PacketError
	if !errors.As(err, &failed) || failed.Offset != 167 || len(got) != 1 {
		t.Fatalf("%d records, %v", len(got), err)
	}
	want := "0.0.0.0:0/0 > 0.0.0.0:0/0 protocol 0 octets 82 packets 1 since 1970-01-01T00:08:32Z until 1970-01-01T00:08:35Z"
	if describe(got[0]) != want {
		t.Errorf("\n got %s\nwant %s", describe(got[0]), want)
	}
}
