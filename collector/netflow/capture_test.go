package netflow_test

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// TestCaptures decodes real packets of other people's exporters. They are not part of the repository: FLOWSTACK_SHARED, or a folder shared
// beside the checkout, has them in captures/, a UDP payload a file, templates apart from data.
func TestCaptures(t *testing.T) {
	folder := shared.Folder(t, "captures")
	for name, test := range map[string]struct {
		files   []string
		records int
		bytes   uint64 // of all records, as tshark adds them up
	}{
		"NetFlow v5":            {[]string{"netflow5.dat"}, 2, 534},
		"softflowd":             {[]string{"netflow9_test_softflowd_tpl_data.dat"}, 7, 1128},
		"Cisco 1941":            {[]string{"netflow9_test_cisco_1941K9.dat"}, 29, 70258},
		"Cisco ASA":             {[]string{"netflow9_test_cisco_asa_1_tpl.dat", "netflow9_test_cisco_asa_1_data.dat"}, 14, 888},
		"Cisco WLC":             {[]string{"netflow9_test_cisco_wlc_tpl.dat", "netflow9_test_cisco_wlc_data261.dat"}, 19, 142991108},
		"Cisco NBAR":            {[]string{"netflow9_test_cisco_nbar_tpl262.dat", "netflow9_test_cisco_nbar_data262.dat"}, 5, 3064},
		"FortiGate":             {[]string{"netflow9_test_fortigate_fortios_542_appid_tpl258-269.dat", "netflow9_test_fortigate_fortios_542_appid_data258_262.dat"}, 17, 29492},
		"fields of length 0":    {[]string{"netflow9_test_0length_fields_tpl_data.dat"}, 10, 64},
		"zeros behind the sets": {[]string{"netflow9_test_paloalto_81_tpl256-263.dat", "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet.dat"}, 1, 363},
		"Cisco ACI":             {[]string{"netflow9_test_cisco_aci_tpl256-258.dat", "netflow9_test_cisco_aci_data256.dat"}, 3, 297},
		"layer 2 segment":       {[]string{"netflow9_test_field_layer2segmentid_tpl.dat", "netflow9_test_field_layer2segmentid_data.dat"}, 1, 52},
		"hardware addresses":    {[]string{"netflow9_test_macaddr_tpl.dat", "netflow9_test_macaddr_data.dat"}, 29, 0}, // and no counters
		"nProbe":                {[]string{"netflow9_test_nprobe_tpl.dat", "netflow9_test_nprobe_data.dat"}, 1, 200},
		"absolute times":        {[]string{"netflow9_test_unknown_tpl266_292_data.dat"}, 2, 310},
		"only options":          {[]string{"netflow9_test_juniper_srx_tplopt.dat"}, 0, 0},
		// H3C announces strings of variable length, which only IPFIX has (RFC 7011 section 7).
		"variable length": {[]string{"netflow9_test_h3c_netstream_varstring_tpl3281.dat", "netflow9_test_h3c_netstream_varstring_data3281.dat"}, 1, 702},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCollector(exporter.Limits{})
			records, bytes := 0, uint64(0)
			for _, file := range test.files {
				packet, err := os.ReadFile(filepath.Join(folder, file))
				if err != nil {
					t.Fatal(err)
				}
				got, err := c.decode(packet)
				if err != nil {
					t.Errorf("%s: %v", file, err)
				}
				records += len(got)
				for _, r := range got {
					bytes += r.Bytes
				}
			}
			if records != test.records || bytes != test.bytes {
				t.Errorf("%d records with %d octets, want %d with %d", records, bytes, test.records, test.bytes)
			}
		})
	}
}

// TestCaptureValues compares whole records with what tshark reads in the same packets.
func TestCaptureValues(t *testing.T) {
	folder := shared.Folder(t, "captures")
	for _, test := range []struct {
		files  []string
		record int // counted from 0
		want   string
	}{
		{[]string{"netflow9_test_softflowd_tpl_data.dat"}, 0, "172.16.32.100:123 > 172.16.32.248:123 protocol 17 flags 0x0 octets 76 packets 1 in 0 out 0 2015-10-08T19:03:46.14Z to 2015-10-08T19:03:46.141Z"},
		{[]string{"netflow9_test_softflowd_tpl_data.dat"}, 6, "[fe80::20c:29ff:fe83:3b6e]:0 > [ff02::1]:34304 protocol 58 flags 0x0 octets 672 packets 7 in 0 out 0 2015-10-08T19:03:47.819Z to 2015-10-08T19:04:25.9Z"},
		// The uptime wraps within this flow.
		{[]string{"netflow5.dat"}, 1, "10.0.2.15:22 > 10.0.2.2:54435 protocol 6 flags 0x18 octets 304 packets 4 in 0 out 0 2015-05-02T18:38:04.898328Z to 2015-05-02T18:38:07.476328Z"},
		{
			[]string{"netflow9_test_fortigate_fortios_542_appid_tpl258-269.dat", "netflow9_test_fortigate_fortios_542_appid_data258_262.dat"},
			16,
			"192.168.100.150:51745 > 192.168.100.111:80 protocol 6 flags 0x0 octets 2164 packets 8 in 8 out 0 2018-05-11T00:53:56.19Z to 2018-05-11T00:54:00.19Z",
		},
		{
			[]string{"netflow9_test_paloalto_81_tpl256-263.dat", "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet.dat"},
			0,
			"134.220.2.6:88 > 134.220.1.156:50234 protocol 6 flags 0x5e octets 363 packets 3 in 500010024 out 500010002 2018-06-06T13:20:02Z to 2018-06-06T13:20:02Z",
		},
		{
			[]string{"netflow9_test_cisco_aci_tpl256-258.dat", "netflow9_test_cisco_aci_data256.dat"},
			2,
			"10.154.230.177:179 > 10.154.230.178:36441 protocol 6 flags 0x18 octets 99 packets 2 in 369143808 out 0 2018-10-15T11:28:05.007Z to 2018-10-15T11:28:24.035Z",
		},
		{
			[]string{"netflow9_test_h3c_netstream_varstring_tpl3281.dat", "netflow9_test_h3c_netstream_varstring_data3281.dat"},
			0,
			"20.20.20.20:137 > 20.20.255.255:137 protocol 17 flags 0x0 octets 702 packets 9 in 17 out 0 2018-07-18T01:34:33.274Z to 2018-07-18T01:35:02.969Z",
		},
	} {
		c := newCollector(exporter.Limits{})
		var all []flow.Record
		for _, file := range test.files {
			packet, err := os.ReadFile(filepath.Join(folder, file))
			if err != nil {
				t.Fatal(err)
			}
			got, err := c.decode(packet)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, got...)
		}
		if len(all) <= test.record {
			t.Fatalf("%s: %d records", test.files[0], len(all))
		}
		r := all[test.record]
		moment := func(ns int64) string { return time.Unix(0, ns).UTC().Format(time.RFC3339Nano) }
		got := fmt.Sprintf("%s > %s protocol %d flags %#x octets %d packets %d in %d out %d %s to %s",
			netip.AddrPortFrom(r.Source.Addr, r.Source.Port), netip.AddrPortFrom(r.Destination.Addr, r.Destination.Port), r.Protocol, r.TCPFlags,
			r.Bytes, r.Packets, r.Input, r.Output, moment(r.Start), moment(r.End))
		if got != test.want {
			t.Errorf("%s, record %d:\n got %s\nwant %s", test.files[0], test.record, got, test.want)
		}
	}
}

// TestEveryCapture: whatever is in the folder, IPFIX included, decodes or is refused with a reason, in any order.
func TestEveryCapture(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(shared.Folder(t, "captures"), "*.dat"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	c := newCollector(exporter.Limits{})
	for range 2 { // the second time templates of others, with the same ids, are there already
		for _, file := range files {
			packet, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var failed *flow.PacketError
			if _, err := c.decode(packet); err != nil && (!errors.As(err, &failed) || failed.Offset > len(packet)) {
				t.Errorf("%s: %v", filepath.Base(file), err)
			}
		}
	}
}
