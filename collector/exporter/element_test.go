package exporter

import (
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// TestRenew: templates follow what the device describes, those of all its sources, and not more often than once in a while.
func TestRenew(t *testing.T) {
	table := NewTable(Limits{})
	table.Apply(Policy{Dialect: flow.Dialect{Keep: flow.KeepKnown}})
	now := time.Unix(1_700_000_000, 0)
	one, other := table.Source(Key{Address: existing(1), Format: flow.IPFIX, Domain: 1}, now), table.Source(Key{Address: existing(1), Format: flow.IPFIX, Domain: 2}, now)
	stranger := table.Source(Key{Address: existing(2), Format: flow.IPFIX, Domain: 1}, now)
	all := []*Source{one, other, stranger}
	for _, s := range all {
		template, err := table.compile(TemplateState{ID: 256, Fields: fieldsJSON{{Enterprise: 99999, ID: 1, Length: 1}}}, s.Dialect())
		if err != nil || !s.Define(template) {
			t.Fatal(err)
		}
	}
	// known is what the sources call the field at a time, one behind the other.
	known := func(after time.Duration) string {
		names := make([]string, 0, len(all))
		for _, s := range all {
			s.Renew(now.Add(after).UnixNano())
			var r flow.Record
			p, _ := s.Record(256)
			p.Decode(&r, []byte{7}, &flow.Context{Dialect: s.Dialect(), Arena: new(flow.Arena)})
			name := "-"
			if r.Details != nil && len(r.Details.Extra) == 1 {
				name = r.Details.Extra[0].Element.Name
			}
			names = append(names, name)
		}
		return strings.Join(names, " ")
	}
	for _, step := range []struct {
		after time.Duration
		name  string // described then; empty: nothing is
		want  string
	}{
		{0, "", "- - -"},
		{0, "mood", "mood mood -"}, // the first time at once
		{time.Second, "humour", "mood mood -"},
		{renewEvery - 1, "", "mood mood -"},
		{renewEvery, "", "humour humour -"},
		{3 * renewEvery, "mood", "mood mood -"},
		{-time.Hour, "humour", "humour humour -"}, // the clock was set back
	} {
		if step.name != "" {
			one.DescribeElement(99999, 1, []byte(step.name), element.Unsigned8)
		}
		if got := known(step.after); got != step.want {
			t.Errorf("after %v: %s, want %s", step.after, got, step.want)
		}
	}
	if s := table.Snapshot().Total; s.TemplatesRedefined != 0 || s.Templates != 3 || s.OptionsRefused != 0 {
		t.Errorf("%+v", s)
	}
}

func TestElementsAreLimited(t *testing.T) {
	table := NewTable(Limits{OptionRows: 2})
	s := table.Source(source(existing(1)), time.Unix(1_700_000_000, 0))
	for id := range uint16(5) {
		s.DescribeElement(99999, id, []byte("mood"), element.String)
	}
	s.DescribeElement(99999, 1, []byte("humour"), element.String) // one that is there may change
	if e := s.Device().Lookup(99999, 1); e == nil || e.Name != "humour" || s.Device().Lookup(99999, 2) != nil {
		t.Errorf("%+v", e)
	}
	if snap := table.Snapshot(); snap.Total.OptionsRefused != 3 || snap.Devices[0].Rows.Elements != 2 {
		t.Errorf("%+v", snap)
	}
	if want := deviceBytes + 2*rowBytes[elementTable] + len("moodhumour"); table.optionBytes != want {
		t.Errorf("%d octets accounted, want %d", table.optionBytes, want)
	}
}
