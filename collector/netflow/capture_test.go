package netflow_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
)

// TestCaptures decodes real packets of other people's exporters. They are not part of the repository: FLOWSTACK_SHARED, or a folder shared
// beside the checkout, has them in captures/, a UDP payload a file, templates apart from data.
func TestCaptures(t *testing.T) {
	shared := os.Getenv("FLOWSTACK_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	folder := filepath.Join(shared, "captures")
	if _, err := os.Stat(folder); err != nil {
		t.Skipf("no captures to decode: %v", err)
	}
	for name, test := range map[string]struct {
		files   []string
		records int
		bytes   uint64 // of all records, as tshark adds them up
	}{
		"NetFlow v5":            {[]string{"netflow5.dat"}, 2, 534},
		"softflowd":             {[]string{"netflow9_test_softflowd_tpl_data.dat"}, 7, 1128},
		"Cisco 1941":            {[]string{"netflow9_test_cisco_1941K9.dat"}, 29, 0},
		"Cisco ASA":             {[]string{"netflow9_test_cisco_asa_1_tpl.dat", "netflow9_test_cisco_asa_1_data.dat"}, 14, 0},
		"Cisco WLC":             {[]string{"netflow9_test_cisco_wlc_tpl.dat", "netflow9_test_cisco_wlc_data261.dat"}, 19, 0},
		"Cisco NBAR":            {[]string{"netflow9_test_cisco_nbar_tpl262.dat", "netflow9_test_cisco_nbar_data262.dat"}, 5, 0},
		"FortiGate":             {[]string{"netflow9_test_fortigate_fortios_542_appid_tpl258-269.dat", "netflow9_test_fortigate_fortios_542_appid_data258_262.dat"}, 17, 0},
		"fields of length 0":    {[]string{"netflow9_test_0length_fields_tpl_data.dat"}, 10, 0},
		"zeros behind the sets": {[]string{"netflow9_test_paloalto_81_tpl256-263.dat", "netflow9_test_paloalto_81_data257_1flowset_in_large_zerofilled_packet.dat"}, 1, 0},
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
			if records != test.records || test.bytes != 0 && bytes != test.bytes {
				t.Errorf("%d records with %d octets, want %d with %d", records, bytes, test.records, test.bytes)
			}
		})
	}
}
