package conformance_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files, the captures made by hand and docs/conformance.md anew")

// ledger takes the differences found in one capture. Those that the table names are struck off; others fail the test, as do lines of the
// table that are no longer true.
type ledger struct {
	t        *testing.T
	capture  string
	who      string
	open     []known // not yet seen
	seen     []known
	reported int
	compared int // records
}

func newLedger(t *testing.T, capture, who string) *ledger {
	l := &ledger{t: t, capture: capture, who: who}
	for _, k := range table {
		if k.who == who && k.capture == capture {
			l.open = append(l.open, k)
		}
	}
	return l
}

// note takes a difference in a packet or record, which is counted from 0.
func (l *ledger) note(number int, d difference) {
	l.t.Helper()
	is := func(k known) bool { return k.fact == d.fact }
	if slices.ContainsFunc(l.seen, is) {
		return
	}
	if i := slices.IndexFunc(l.open, is); i >= 0 {
		l.seen = append(l.seen, l.open[i])
		l.open = slices.Delete(l.open, i, i+1)
		return
	}
	const most = 10
	if l.reported++; l.reported <= most {
		l.t.Errorf("number %d: %s: the collector says %q, %s says %q", number+1, d.fact, d.ours, l.who, d.theirs)
	}
}

func (l *ledger) close() {
	l.t.Helper()
	for _, k := range l.open {
		l.t.Errorf("%s and the collector no longer differ on %q: take the line out of the table", l.who, k.fact)
	}
	l.t.Logf("%d records compared with %s", l.compared, l.who)
}

const conformanceFile = "../../docs/conformance.md"

// TestDocument holds that docs/conformance.md has the differences of the table.
func TestDocument(t *testing.T) {
	var b strings.Builder
	b.WriteString(introduction)
	for _, k := range table {
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", k.capture, k.who, k.fact, k.right, k.why)
	}
	if *update {
		if err := os.WriteFile(conformanceFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(conformanceFile)
	if err != nil || string(text) != b.String() {
		t.Errorf("docs/conformance.md is not what the table says (%v): go test ./collector/conformance -update", err)
	}
}

// introduction is what docs/conformance.md begins with.
const introduction = `# How the decoder is held against others

Three kinds of packets are decoded by the collector and by other people's decoders, and compared record by record: addresses, ports,
protocol, octets, packets, times, interfaces, AS numbers, flags, type of service, VLAN, prefix lengths, next hop, hardware addresses, and
what few exporters say besides; of sFlow the sampled headers, and the counters of interfaces where tshark finds them (4.0 loses its way
behind a counter record that it does not know).

- Recordings of real exporters: softflowd, fprobe, pmacctd and Open vSwitch of Debian 12 (collector/testdata/exporters).
- Packets made by hand after the documents, for what Debian has no exporter for (collector/testdata/handmade).
- Other people's captures of routers, switches, firewalls and wireless controllers, which are not part of this repository.

The other decoders are tshark (Wireshark 4.0) and nfdump 1.7.1, run by the test in collector/conformance. It fails on each difference
that is not in this table, and on each line of the table that is no longer true. The table is written by
` + "`go test ./collector/conformance -update`" + `.

| capture | other decoder | fact | who is right | why |
|---|---|---|---|---|
`
