package element

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
)

// TestCaptures: the registry knows what the templates of real exporters name, and gives it a type that fits the length it has there. The
// packets are not part of the repository: FLOWSTACK_SHARED, or a folder shared beside the checkout, has them in captures/.
func TestCaptures(t *testing.T) {
	folder := shared.Folder(t, "captures")
	packets, err := filepath.Glob(filepath.Join(folder, "*.dat"))
	if err != nil || len(packets) == 0 {
		t.Fatalf("%d packets in %s, %v", len(packets), folder, err)
	}
	unknown := []number{{0, 0}, {0, 20000}} // paddings of an unnamed exporter and of H3C; a field of Cisco's wireless controllers that no manual has
	fields := 0
	for _, name := range packets {
		packet, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		templateFields(packet, func(n number, length int) {
			fields++
			e := Builtin().Lookup(n.enterprise, n.id)
			switch {
			case e == nil:
				if !slices.Contains(unknown, n) {
					t.Errorf("%s has %s, which the registry does not know", filepath.Base(name), n)
				}
			case length == 1<<16-1: // variable
				if least, most := e.Type.Size(); least == most {
					t.Errorf("%s has %s, %s, in variable length", filepath.Base(name), e.Name, e.Type)
				}
			case strings.HasPrefix(e.Type.String(), "unsigned"): // some send more octets than IANA's type has
				if length > 8 {
					t.Errorf("%s has %s, %s, in %d octets", filepath.Base(name), e.Name, e.Type, length)
				}
			case n != number{0, 43}: // H3C means something else by it
				if least, most := e.Type.Size(); length < least || length > most {
					t.Errorf("%s has %s, %s, in %d octets", filepath.Base(name), e.Name, e.Type, length)
				}
			}
		})
	}
	if fields < 500 {
		t.Errorf("only %d fields", fields)
	}
}

// templateFields goes through the fields of the templates in a sound packet of NetFlow v9 or IPFIX.
func templateFields(packet []byte, found func(n number, length int)) {
	take := func() int {
		n := int(binary.BigEndian.Uint16(packet))
		packet = packet[2:]
		return n
	}
	header, templates := 20, 0
	switch version := take(); version {
	case 10:
		header, templates = 16, 2
	case 9:
	default:
		return
	}
	packet = packet[header-2:]
	for len(packet) >= 4 {
		set, length := take(), take()
		if length < 4 || length-4 > len(packet) {
			return
		}
		rest := packet[length-4:]
		packet = packet[:length-4]
		for set == templates && len(packet) >= 8 {
			_, count := take(), take()
			for ; count > 0 && len(packet) >= 4; count-- {
				id, length := take(), take()
				n := number{id: uint16(id)}
				if header == 16 && id >= 1<<15 && len(packet) >= 4 {
					n.id &= 1<<15 - 1
					n.enterprise = uint32(take())<<16 | uint32(take())
				}
				found(n, length)
			}
		}
		packet = rest
	}
}
