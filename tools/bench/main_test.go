package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBothReadTheSame: times of decoders that read different things mean nothing.
func TestBothReadTheSame(t *testing.T) {
	for _, l := range append(loads(), reality(t)...) {
		t.Run(l.name, func(t *testing.T) {
			o, err := newOurs(&l)
			if err != nil {
				t.Fatal(err)
			}
			ours, err := total(&l, o.sum)
			if err != nil || ours.records < len(l.packets) || ours.octets == 0 {
				t.Fatalf("%+v in %d packets, %v", ours, len(l.packets), err)
			}
			if l.peerless {
				return
			}
			g, err := newPeer(&l)
			if err != nil {
				t.Fatal(err)
			}
			if theirs, err := total(&l, g.sum); err != nil || ours != theirs {
				t.Errorf("we read %+v, goflow2 %+v, %v", ours, theirs, err)
			}
		})
	}
}

// TestPacketsFitTheWire: and are as full as the documentation says.
func TestPacketsFitTheWire(t *testing.T) {
	for _, l := range loads() {
		for i, p := range l.packets {
			if len(p.data) > 1472 || len(p.data) < 1200 {
				t.Fatalf("%s, packet %d has %d octets", l.name, i, len(p.data))
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	for _, l := range append(loads(), reality(t)...) {
		o, err := newOurs(&l)
		if err != nil {
			t.Fatal(err)
		}
		for name, work := range map[string]func(*packet) error{"decoding": o.decode, "to JSON": o.document} {
			pass := func() {
				for i := range l.packets {
					if err := work(&l.packets[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			pass()
			if n := testing.AllocsPerRun(2, pass); n != 0 {
				t.Errorf("%s, %s: %v allocations in %d packets", l.name, name, n, len(l.packets))
			}
		}
	}
}

// reality is the load of real packets, where there are any.
func reality(t *testing.T) []load {
	shared := os.Getenv("FLOWSTACK_SHARED")
	if shared == "" {
		shared = "../../../shared"
	}
	folder := filepath.Join(shared, "captures")
	if _, err := os.Stat(folder); err != nil {
		t.Logf("without real packets: %v; set FLOWSTACK_SHARED to the folder that has captures/", err)
		return nil
	}
	l, err := captured(folder)
	if err != nil {
		t.Fatal(err)
	}
	return []load{l}
}
