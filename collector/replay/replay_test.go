package replay

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

var sent = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// packet5 is a NetFlow v5 packet with one record: 198.51.100.7:53 → 203.0.113.9:4242, UDP, 3 packets, 300 octets, the last second.
func packet5() []byte {
	p := make([]byte, 24+48)
	put16, put32 := binary.BigEndian.PutUint16, binary.BigEndian.PutUint32
	put16(p[0:], 5)
	put16(p[2:], 1)
	put32(p[4:], 10_000)
	put32(p[8:], uint32(sent.Unix()))
	r := p[24:]
	copy(r[0:], []byte{198, 51, 100, 7})
	copy(r[4:], []byte{203, 0, 113, 9})
	put32(r[16:], 3)
	put32(r[20:], 300)
	put32(r[24:], 9_000)
	put32(r[28:], 10_000)
	put16(r[32:], 53)
	put16(r[34:], 4242)
	r[38] = 17
	return p
}

// frame wraps a payload in UDP, IP and a link layer.
func frame(t *testing.T, payload []byte, ipv6, vlan bool) []byte {
	t.Helper()
	eth := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	udp := &layers.UDP{SrcPort: 5000, DstPort: 2055}
	var network gopacket.SerializableLayer
	if ipv6 {
		ip := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolUDP, HopLimit: 64, SrcIP: net.ParseIP("2001:db8::5"), DstIP: net.ParseIP("2001:db8::1")}
		eth.EthernetType = layers.EthernetTypeIPv6
		network = ip
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
	} else {
		ip := &layers.IPv4{Version: 4, Protocol: layers.IPProtocolUDP, TTL: 64, SrcIP: net.IP{192, 0, 2, 5}, DstIP: net.IP{192, 0, 2, 1}}
		network = ip
		if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
	}
	stack := []gopacket.SerializableLayer{eth}
	if vlan {
		stack = append(stack, &layers.Dot1Q{VLANIdentifier: 7, Type: eth.EthernetType})
		eth.EthernetType = layers.EthernetTypeDot1Q
	}
	stack = append(stack, network, udp, gopacket.Payload(payload))
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, stack...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func pcap(t *testing.T, frames ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriter(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: sent, CaptureLength: len(f), Length: len(f)}, f); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func pcapng(t *testing.T, frames ...[]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: sent, CaptureLength: len(f), Length: len(f)}, f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// document is what the tests look at.
type document struct {
	Timestamp time.Time               `json:"@timestamp"`
	Observer  struct{ IP netip.Addr } `json:"observer"`
	Source    struct {
		IP   netip.Addr
		Port int
	}
	Destination struct {
		IP   netip.Addr
		Port int
	}
	Network struct{ Bytes, Packets int }
}

func replayed(t *testing.T, o Options, files ...string) ([]document, Summary, []string) {
	t.Helper()
	var out bytes.Buffer
	var problems []string
	o.Report = func(err error) { problems = append(problems, err.Error()) }
	if !o.Exporter.IsValid() {
		o.Exporter = netip.MustParseAddr("192.0.2.1")
	}
	summary, err := Files(t.Context(), &out, files, o)
	if err != nil {
		t.Fatal(err)
	}
	var documents []document
	for line := range strings.Lines(out.String()) {
		var d document
		if err := json.Unmarshal([]byte(line), &d); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		documents = append(documents, d)
	}
	return documents, summary, problems
}

func TestCapturesOfBothKinds(t *testing.T) {
	plain, tagged, v6 := frame(t, packet5(), false, false), frame(t, packet5(), false, true), frame(t, packet5(), true, false)
	other := plain[:20] // no UDP
	for name, data := range map[string][]byte{"pcap": pcap(t, plain, tagged, other, v6), "pcapng": pcapng(t, plain, tagged, other, v6)} {
		t.Run(name, func(t *testing.T) {
			documents, summary, problems := replayed(t, Options{}, write(t, "a."+name, data))
			if len(documents) != 3 || len(problems) != 0 {
				t.Fatalf("%d documents, problems %v", len(documents), problems)
			}
			if summary.Packets != 3 || summary.Flows != 3 || summary.Skipped != 1 || summary.Failed != 0 {
				t.Errorf("summary %v", summary)
			}
			for i, exporter := range []string{"192.0.2.5", "192.0.2.5", "2001:db8::5"} {
				d := documents[i]
				if d.Observer.IP.String() != exporter || d.Source.IP.String() != "198.51.100.7" || d.Destination.Port != 4242 ||
					d.Network.Bytes != 300 || d.Network.Packets != 3 || !d.Timestamp.Equal(sent) {
					t.Errorf("document %d is %+v", i, d)
				}
			}
		})
	}
}

// TestPayloadsOfOneExporter gives a template in one file and its data in the next: RFC 3954 section 5.
func TestPayloadsOfOneExporter(t *testing.T) {
	header := func(sequence byte) []byte {
		p := make([]byte, 20)
		p[1], p[3], p[15] = 9, 1, sequence
		binary.BigEndian.PutUint32(p[8:], uint32(sent.Unix()))
		return p
	}
	template := append(header(1), 0, 0, 0, 20, 1, 0, 0, 3, 0, 8, 0, 4, 0, 12, 0, 4, 0, 1, 0, 4)
	data := append(header(2), 1, 0, 0, 16, 198, 51, 100, 7, 203, 0, 113, 9, 0, 0, 1, 44)
	tpl, dat := write(t, "tpl.dat", template), write(t, "data.dat", data)

	documents, summary, _ := replayed(t, Options{Exporter: netip.MustParseAddr("2001:db8::9")}, tpl, dat)
	if len(documents) != 1 || documents[0].Network.Bytes != 300 || documents[0].Observer.IP.String() != "2001:db8::9" || summary.Waiting != 0 {
		t.Errorf("got %+v, %v", documents, summary)
	}
	documents, summary, _ = replayed(t, Options{}, dat)
	if len(documents) != 0 || summary.Waiting != 1 {
		t.Errorf("data without a template: %d documents, %v", len(documents), summary)
	}
	if documents, _, _ = replayed(t, Options{}, dat, tpl); len(documents) != 1 {
		t.Errorf("data before its template: %d documents", len(documents))
	}
}

func TestBadInputIsNamed(t *testing.T) {
	good := frame(t, packet5(), false, false)
	short := frame(t, packet5()[:50], false, false)
	file := write(t, "bad.pcap", pcap(t, good, short))
	documents, summary, problems := replayed(t, Options{}, file)
	if len(documents) != 1 || summary.Failed != 1 || len(problems) != 1 || !strings.Contains(problems[0], file+", packet 2: NetFlow v5 packet, offset 24") {
		t.Errorf("%d documents, %v, %q", len(documents), summary, problems)
	}

	if _, err := Files(t.Context(), &bytes.Buffer{}, []string{file}, Options{Enrich: config.Enrich{GeoIP: config.GeoIP{City: "/nonexistent.mmdb"}}}); err == nil || !strings.Contains(err.Error(), "/nonexistent.mmdb") {
		t.Errorf("a missing database: %v", err)
	}
}

// TestUnreadableFilesAreNamed: what can be read of a file is, and so are the files after it.
func TestUnreadableFilesAreNamed(t *testing.T) {
	good := frame(t, packet5(), false, false)
	whole := pcap(t, good, good)
	next := write(t, "next.pcap", whole)
	for name, test := range map[string]struct {
		file      string
		documents int
		want      string
	}{
		"missing":      {filepath.Join(t.TempDir(), "none.pcap"), 2, "none.pcap: no such file"},
		"cut short":    {write(t, "cut.pcap", whole[:len(whole)-10]), 3, "cut.pcap ends within packet 2: "},
		"not a header": {write(t, "x.pcap", []byte{0xa1, 0xb2, 0xc3, 0xd4, 0}), 2, "x.pcap: "},
	} {
		t.Run(name, func(t *testing.T) {
			documents, summary, problems := replayed(t, Options{}, test.file, next)
			if len(documents) != test.documents || summary.Files != 2 || summary.Unread != 1 || len(problems) != 1 || !strings.Contains(problems[0], test.want) {
				t.Errorf("%d documents, %v, %q; want %q", len(documents), summary, problems, test.want)
			}
		})
	}
}
