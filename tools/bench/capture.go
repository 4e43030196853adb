package main

import (
	"fmt"
	"io/fs"
	"net/netip"
	"os"
)

// vendors are captures of real exporters, a UDP payload a file, templates apart from data: those that both decoders read alike.
var vendors = []struct{ templates, data string }{
	{"netflow9_test_cisco_asa_1_tpl.dat", "netflow9_test_cisco_asa_1_data.dat"},
	{"netflow9_test_cisco_wlc_tpl.dat", "netflow9_test_cisco_wlc_data261.dat"},
	{"netflow9_test_cisco_nbar_tpl262.dat", "netflow9_test_cisco_nbar_data262.dat"},
	{"netflow9_test_cisco_aci_tpl256-258.dat", "netflow9_test_cisco_aci_data256.dat"},
	{"netflow9_test_fortigate_fortios_542_appid_tpl258-269.dat", "netflow9_test_fortigate_fortios_542_appid_data258_262.dat"},
	{"netflow9_test_h3c_netstream_varstring_tpl3281.dat", "netflow9_test_h3c_netstream_varstring_data3281.dat"},
	{"netflow9_test_macaddr_tpl.dat", "netflow9_test_macaddr_data.dat"},
	{"netflow9_test_nprobe_tpl.dat", "netflow9_test_nprobe_data.dat"},
	{"ipfix_test_barracuda_tpl.dat", "ipfix_test_barracuda_data256.dat"},
	{"ipfix_test_openbsd_pflow_tpl.dat", "ipfix_test_openbsd_pflow_data.dat"},
	{"ipfix_test_procera_tpl52935.dat", "ipfix_test_procera_data52935.dat"},
	{"ipfix_test_viptela_tpl257.dat", "ipfix_test_viptela_data257.dat"},
}

// captured is the load of real packets, each vendor an exporter of its own.
func captured(folder string) (load, error) {
	files := os.DirFS(folder)
	l := load{name: fmt.Sprintf("real packets of %d exporters", len(vendors))}
	for i, v := range vendors {
		from := netip.AddrFrom4([4]byte{192, 0, 2, byte(10 + i)})
		for _, file := range []struct {
			name string
			to   *[]packet
		}{{v.templates, &l.templates}, {v.data, &l.packets}} {
			data, err := fs.ReadFile(files, file.name)
			if err != nil {
				return load{}, fmt.Errorf("unable to read a capture: %w", err)
			}
			*file.to = append(*file.to, packet{from, data})
		}
	}
	return l, nil
}
