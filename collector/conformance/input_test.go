package conformance_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
)

// input is a capture to decode.
type input struct {
	name    string // of the difference table: the file's, without its extension
	file    string // pcap
	packets []packet
}

// packet is one datagram of it.
type packet struct {
	payload  []byte
	from     netip.Addr
	received time.Time
}

// fixtures are the captures of this repository: recordings of exporters, and what is made by hand.
func fixtures(t *testing.T) []input {
	t.Helper()
	if *update {
		updateHandmade(t)
	}
	var all []input
	for _, folder := range []string{"exporters", "handmade"} {
		files, err := filepath.Glob(filepath.Join("..", "testdata", folder, "*.pcap"))
		if err != nil || len(files) == 0 {
			t.Fatalf("testdata/%s: %d captures, %v", folder, len(files), err)
		}
		for _, file := range files {
			all = append(all, input{strings.TrimSuffix(filepath.Base(file), ".pcap"), file, readCapture(t, file)})
		}
	}
	return all
}

// partRE cuts off what tells the files of one exporter apart.
var partRE = regexp.MustCompile(`_(opt)?(tpl|data).*$`)

// captures are other people's, which are not part of the repository: FLOWSTACK_SHARED, or a folder shared beside the checkout, has them in
// captures/, a UDP payload a file. Those of one exporter become one capture, templates first.
func captures(t *testing.T) []input {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(shared.Folder(t, "captures"), "*.dat"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	groups := map[string][]string{}
	var names []string
	for _, file := range files {
		name := partRE.ReplaceAllString(strings.TrimSuffix(filepath.Base(file), ".dat"), "")
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], file)
	}
	slices.Sort(names)
	all := make([]input, 0, len(names))
	for _, name := range names {
		slices.SortStableFunc(groups[name], func(a, b string) int {
			return bytes.Compare([]byte{data(a)}, []byte{data(b)})
		})
		all = append(all, input{name: name, file: writeCapture(t, name, groups[name])})
		all[len(all)-1].packets = readCapture(t, all[len(all)-1].file)
	}
	return all
}

// data is 1 for a file that has no templates by its name.
func data(file string) byte {
	if strings.Contains(filepath.Base(file), "tpl") {
		return 0
	}
	return 1
}

// netflowPort is where the captures were sent to.
const netflowPort = 2055

// writeCapture puts payloads into a capture, as datagrams of one exporter, received when they say they were sent.
func writeCapture(t *testing.T, name string, files []string) string {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		payload, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frame := datagram(t, payload)
		info := gopacket.CaptureInfo{Timestamp: exportTime(payload), CaptureLength: len(frame), Length: len(frame)}
		if err := w.WritePacket(info, frame); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), name+".pcap")
	if err := os.WriteFile(file, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// exportTime is the time in the header, in whole seconds.
func exportTime(payload []byte) time.Time {
	const ipfix = 10
	at := 8
	if binary.BigEndian.Uint16(payload) == ipfix {
		at = 4
	}
	return time.Unix(int64(binary.BigEndian.Uint32(payload[at:])), 0)
}

func datagram(t *testing.T, payload []byte) []byte {
	t.Helper()
	ethernet := &layers.Ethernet{SrcMAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, DstMAC: net.HardwareAddr{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}
	ip := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolUDP, SrcIP: net.IP{192, 0, 2, 1}, DstIP: net.IP{192, 0, 2, 2}}
	udp := &layers.UDP{SrcPort: 50000, DstPort: netflowPort}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	b := gopacket.NewSerializeBuffer()
	o := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
	if err := gopacket.SerializeLayers(b, o, ethernet, ip, udp, gopacket.Payload(payload)); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readCapture(t *testing.T, file string) []packet {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	r, err := pcapgo.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var all []packet
	for {
		frame, info, err := r.ReadPacketData()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		decoded := gopacket.NewPacket(frame, r.LinkType(), gopacket.NoCopy)
		udp, ok := decoded.TransportLayer().(*layers.UDP)
		if !ok {
			t.Fatalf("%s, packet %d is not UDP", file, len(all)+1)
		}
		from, _ := netip.AddrFromSlice(decoded.NetworkLayer().NetworkFlow().Src().Raw())
		all = append(all, packet{udp.Payload, from, info.Timestamp})
	}
}

// sampled tells sFlow from the formats of flows.
func (i input) sampled() bool { return strings.Contains(i.name, "sflow") }
