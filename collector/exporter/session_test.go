package exporter

import (
	"net/netip"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

func TestEndSessionForgetsItsSourcesAndKeepsTheirFigures(t *testing.T) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	address := netip.MustParseAddr("192.0.2.1")
	key := func(session, domain uint32) Key {
		return Key{Address: address, Session: session, Format: flow.NetFlow9, Domain: domain}
	}
	for _, k := range []Key{key(0, 1), key(1, 1), key(2, 1), key(2, 2)} {
		s := table.Source(k, now)
		s.Define(&Template{ID: 256, Fields: []flow.FieldSpec{{ID: 1, Length: 4}}})
		s.Wait(Pending{TemplateID: 300, Data: []byte{1, 2, 3}})
		s.Count(5, 0)
	}
	templates, pending := table.templateBytes, table.pendingBytes

	table.EndSession(2)
	snap := table.Snapshot()
	if len(snap.Sources) != 2 || snap.Sources[0].Key != key(0, 1) || snap.Sources[1].Key != key(1, 1) || snap.Ended != 2 || snap.Evicted != 0 {
		t.Errorf("left are %+v; %d ended, %d evicted", snap.Sources, snap.Ended, snap.Evicted)
	}
	if total := snap.Total; total.Packets != 4 || total.Records != 20 || total.SetsDropped != 2 || total.Waiting != 2 || total.Templates != 2 {
		t.Errorf("totals %+v", total)
	}
	if table.templateBytes != templates/2 || table.pendingBytes != pending/2 {
		t.Errorf("%d and %d octets are still taken, of %d and %d", table.templateBytes, table.pendingBytes, templates, pending)
	}

	// The source that was asked for last is gone as well: it begins without templates.
	if s := table.Source(key(2, 2), now); s.Template(256) != nil {
		t.Error("a template outlived its connection")
	}
	table.EndSession(0) // datagrams
	table.EndSession(99)
	if snap := table.Snapshot(); len(snap.Sources) != 3 || snap.Ended != 2 {
		t.Errorf("%d sources, %d ended", len(snap.Sources), snap.Ended)
	}
}

// TestSessionsAreForgotten: nothing is kept for a connection whose sources are gone, one way or the other.
func TestSessionsAreForgotten(t *testing.T) {
	table := NewTable(Limits{Exporters: 10})
	now := time.Unix(1_700_000_000, 0)
	key := func(session, domain int) Key {
		return Key{Address: existing(session % 250), Session: uint32(session), Format: flow.IPFIX, Domain: uint32(domain)}
	}
	for session := range 1000 {
		for domain := range 3 {
			table.Source(key(session, domain), now)
		}
		if session%3 == 1 {
			table.EndSession(uint32(session))
		}
	}
	listed := 0
	for session, own := range table.sessions {
		listed += len(own)
		for s := range own {
			if s.Key.Session != session || table.sources[s.Key] != s {
				t.Errorf("connection %d has %+v", session, s.Key)
			}
		}
		if len(own) == 0 {
			t.Errorf("connection %d has none", session)
		}
	}
	if snap := table.Snapshot(); listed != len(snap.Sources) || snap.Evicted == 0 || snap.Ended != 999 {
		t.Errorf("%d listed, %d sources, %d ended, %d evicted", listed, len(snap.Sources), snap.Ended, snap.Evicted)
	}
}

// BenchmarkEndSession ends connections of one source each, beside thousands of exporters.
func BenchmarkEndSession(b *testing.B) {
	table := NewTable(Limits{})
	now := time.Unix(1_700_000_000, 0)
	for i := range 9000 {
		table.Source(source(invented(i)), now)
	}
	session := uint32(0)
	for b.Loop() {
		session++
		table.Source(Key{Address: existing(1), Session: session, Format: flow.IPFIX}, now)
		table.EndSession(session)
	}
}
