package conformance_test

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// handmade are captures for what no exporter in Debian sends, with the document that each layout is after. Formats of fixed form are in
// handmade_fixed_test.go, NetFlow v9 in handmade_v9_test.go, IPFIX in handmade_ipfix_test.go,
// sFlow in handmade_sflow_test.go.
type handmade struct {
	name     string
	document string
	packets  [][]byte
}

// What the headers say, and when the packets were received.
const (
	madeUnix   = 1_790_000_000 // seconds
	madeUptime = 86_400_000    // milliseconds
)

// madeFirst and madeLast are the uptimes at which flows begin and end.
const madeFirst, madeLast = madeUptime - 5000, madeUptime - 1000

const handmadeFolder = "../testdata/handmade"

// handmadeFiles are the captures and the list of them, by file name.
func handmadeFiles(t *testing.T) map[string][]byte {
	t.Helper()
	var list bytes.Buffer
	list.WriteString("# Captures made by hand\n\nMade by `go test ./collector/conformance -update` after the documents named here, " +
		"for what Debian has no exporter for.\n\n| capture | after |\n|---|---|\n")
	files := map[string][]byte{}
	for _, h := range slices.Concat(fixedForms(), netflow9(), ipfix(), sflow()) {
		files[h.name+".pcap"] = h.capture(t)
		list.WriteString("| " + h.name + ".pcap | " + h.document + " |\n")
	}
	files["README.md"] = list.Bytes()
	return files
}

func updateHandmade(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(handmadeFolder); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(handmadeFolder, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, data := range handmadeFiles(t) {
		if err := os.WriteFile(filepath.Join(handmadeFolder, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestHandmade holds that the captures in testdata are what the tables say.
func TestHandmade(t *testing.T) {
	want := handmadeFiles(t)
	entries, err := os.ReadDir(handmadeFolder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got, err := os.ReadFile(filepath.Join(handmadeFolder, e.Name()))
		if err != nil || !bytes.Equal(got, want[e.Name()]) {
			t.Errorf("%s is not what the tables say (%v): go test ./collector/conformance -update", e.Name(), err)
		}
	}
	if len(entries) != len(want) {
		t.Errorf("%d files, want %d", len(entries), len(want))
	}
}

func (h handmade) capture(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	w := pcapgo.NewWriterNanos(&b)
	if err := w.WriteFileHeader(65535, layers.LinkTypeEthernet); err != nil {
		t.Fatal(err)
	}
	for i, p := range h.packets {
		frame := datagram(t, p)
		at := time.Unix(madeUnix, int64(i)*1e6)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: at, CaptureLength: len(frame), Length: len(frame)}, frame); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

// n is a number of so many octets.
func n(octets int, value uint64) []byte {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], value)
	return b[8-octets:]
}

func n1(value int) []byte { return n(1, uint64(value)) }
func n2(value int) []byte { return n(2, uint64(value)) }
func n4(value int) []byte { return n(4, uint64(value)) }
func n8(value int) []byte { return n(8, uint64(value)) }

// text is a string filled up with zeros.
func text(octets int, s string) []byte { return append([]byte(s), make([]byte, octets-len(s))...) }

func octets(b ...byte) []byte { return b }

func concat(parts ...[]byte) []byte { return slices.Concat(parts...) }

// Addresses of the documentation networks (RFC 5737, RFC 3849).
func sourceAddress(i int) []byte      { return octets(198, 51, 100, byte(i)) }
func destinationAddress(i int) []byte { return octets(203, 0, 113, byte(i)) }
func routerAddress() []byte           { return octets(192, 0, 2, 254) }

func address6(network byte, i int) []byte {
	return octets(0x20, 0x01, 0x0d, 0xb8, 0, network, 0, 0, 0, 0, 0, 0, 0, 0, 0, byte(i))
}
