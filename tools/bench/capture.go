package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// recordings are the captures in collector/testdata/exporters of formats that goflow2 knows, but for sFlow: its decoder leaves packet
// headers unread, so that there are no octets to compare.
var recordings = []string{
	"fprobe-netflow5", "openvswitch-netflow5", "pmacctd-netflow5", "softflowd-netflow5", "pmacctd-netflow9", "softflowd-netflow9",
	"openvswitch-ipfix", "pmacctd-ipfix", "softflowd-ipfix", "softflowd-ipfix-biflow",
}

// recorded is the load of what Debian's exporters sent, each an exporter of its own. They repeat their templates among the data.
func recorded(folder string) (load, error) {
	l := load{name: "packets of Debian's exporters"}
	for i, name := range recordings {
		payloads, err := datagrams(os.DirFS(folder), name+".pcap")
		if err != nil {
			return load{}, fmt.Errorf("unable to read capture %s: %w", name, err)
		}
		for _, data := range payloads {
			l.packets = append(l.packets, packet{netip.AddrFrom4([4]byte{192, 0, 2, byte(100 + i)}), data})
		}
	}
	l.templates = l.packets
	return l, nil
}

// datagrams are the UDP payloads of a capture.
func datagrams(folder fs.FS, name string) (payloads [][]byte, err error) {
	data, err := fs.ReadFile(folder, name)
	if err != nil {
		return nil, err
	}
	capture, err := pcapgo.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	for {
		frame, _, err := capture.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return payloads, nil
		}
		if err != nil {
			return nil, err
		}
		if udp, ok := gopacket.NewPacket(frame, capture.LinkType(), gopacket.NoCopy).TransportLayer().(*layers.UDP); ok {
			payloads = append(payloads, udp.Payload)
		}
	}
}

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

// captured is the load of real packets, each an exporter of its own.
func captured(folder string) (load, error) {
	files := os.DirFS(folder)
	l := load{name: fmt.Sprintf("%d captures of vendors", len(vendors))}
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
