package host

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// NftTable is a table of nftables in the kernel; the file it is loaded from, and what loads it at boot, are other items. Nobody else's
// table is touched. File begins by making and deleting the table, so that loading it replaces the table in one transaction.
type NftTable struct {
	Family string // inet
	Name   string
	File   string // absolute path, loaded when the table in the kernel is another one
	Want   map[string]string
	// Format turns what `nft -j list table` says into facts "table FAMILY NAME: SETTING".
	Format Format
}

// ID implements Item.
func (n NftTable) ID() string { return "table " + n.Family + " " + n.Name }

var (
	nftFamilies = regexp.MustCompile(`^(inet|ip|ip6|arp|bridge|netdev)$`)
	nftName     = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]{0,63}$`)
)

func (n NftTable) validate() error {
	if !nftFamilies.MatchString(n.Family) || !nftName.MatchString(n.Name) {
		return fmt.Errorf("%s %s is not the name of a table", n.Family, n.Name)
	}
	if n.Format == nil {
		return errors.New("without a format nothing can be compared")
	}
	return ValidPath(n.File)
}

func (n NftTable) fact(name string) string { return n.ID() + ": " + name }

func (n NftTable) want() Facts {
	facts := Facts{n.ID(): Present}
	for name, value := range n.Want {
		facts[n.fact(name)] = value
	}
	return facts
}

func (n NftTable) request(bool) request {
	return request{kind: "nft", args: []string{n.Family, n.Name}}
}

func (n NftTable) observe(a answer) (Facts, error) {
	if a.failed != "" {
		return nil, fmt.Errorf("could not tell whether it is there: %s", a.failed)
	}
	facts := Facts{}
	for name := range n.want() {
		facts[name] = Absent
	}
	if a.absent() {
		return facts, nil
	}
	facts[n.ID()] = Present
	listing, _ := a.bytes("table")
	found, err := n.Format.Facts(listing)
	if err != nil {
		return nil, err
	}
	for name, value := range found {
		facts[n.fact(name)] = value
	}
	return facts, nil
}

// Names of notes about who else filters packets.
const (
	firewallNote = "firewall "
	chainNote    = "chain "
)

// note implements noter.
func (n NftTable) note(a answer) Facts {
	notes := Facts{}
	for _, name := range a.all("manager") {
		notes[firewallNote+name] = "active"
	}
	for _, chain := range a.all("dropping") {
		notes[chainNote+chain] = "drops"
	}
	return notes
}

// OtherFirewalls lists who filters packets besides: programs ("ufw"), and chains that drop what they have no rule for ("inet filter
// input"). Only a probe of an NftTable looks.
func (o Observation) OtherFirewalls() (programs, chains []string) {
	for _, change := range o.Notes.Changes(nil) { // in order
		if name, ok := strings.CutPrefix(change.Fact, firewallNote); ok {
			programs = append(programs, name)
		}
		if name, ok := strings.CutPrefix(change.Fact, chainNote); ok {
			chains = append(chains, name)
		}
	}
	return programs, chains
}

func (n NftTable) record(answer, *Before) error { return nil }

func (n NftTable) apply(ctx context.Context, e *engine, _ answer) error {
	return e.run(ctx, "load", nftScript, nil, "load", n.File)
}

func (n NftTable) remove(ctx context.Context, e *engine, _ Before) error {
	return e.run(ctx, "delete", nftScript, nil, "delete", n.Family, n.Name)
}

func (n NftTable) left(got Facts, _ Before) []string {
	if got[n.ID()] != Absent {
		return []string{n.ID() + " is still there"}
	}
	return nil
}
