package pki

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Entry says where a certificate of an authority is. The authority's host keeps a register of them, one in a line, as JSON: how far a rollover has
// come is then read from where the certificates are, not remembered.
type Entry struct {
	Host        string `json:"host"` // as the provider names it
	Certificate string `json:"certificate"`
	Authorities string `json:"authorities"` // the file of those that are trusted there
}

// Line is the entry's in the register.
func (e Entry) Line() string {
	line, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings are always written
	}
	return string(line)
}

// String names the certificate as the id of its resource does.
func (e Entry) String() string { return e.Host + e.Certificate }

// ParseRegister reads a register. Of several lines about one certificate the last one counts; a line that cannot be read is an error, since nobody
// knows which certificate it was about.
func ParseRegister(text string) ([]Entry, error) {
	entries := map[string]Entry{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		if strings.TrimSpace(line) == "" {
			continue
		}
		var e Entry
		if err := json.Unmarshal([]byte(line), &e); err != nil || e.Host == "" || e.Certificate == "" || e.Authorities == "" {
			return nil, fmt.Errorf("line %d of the register is not about a certificate: %.100q", number, strings.TrimSpace(line))
		}
		entries[e.String()] = e
	}
	sorted := make([]Entry, 0, len(entries))
	for _, key := range slices.Sorted(maps.Keys(entries)) {
		sorted = append(sorted, entries[key])
	}
	return sorted, nil
}

// Standing is what a host has of a certificate in the register, as far as it concerns a rollover.
type Standing struct {
	There  bool // a certificate that is proven not to be there stops nobody
	Issuer func(generation Generation) bool
	trusts trust
}

// Trusts tells whether the host trusts a generation.
func (s Standing) Trusts(g Generation) bool { return s.trusts.has(g) }

// Look reads how the certificates of entries stand, which are all on one host.
func Look(ctx context.Context, runner host.Runner, entries []Entry) ([]Standing, error) {
	paths := make([]string, 0, 2*len(entries))
	for _, e := range entries {
		paths = append(paths, e.Certificate, e.Authorities)
	}
	texts, err := host.ReadTexts(ctx, runner, paths...)
	if err != nil {
		return nil, err
	}
	standings := make([]Standing, len(entries))
	for i, e := range entries {
		content, there := texts[e.Certificate]
		if !there {
			continue
		}
		s := Standing{There: true, Issuer: func(Generation) bool { return false }, trusts: trustedBy(texts[e.Authorities])}
		if chain, err := ParseChain([]byte(content)); err == nil {
			s.Issuer = func(g Generation) bool {
				authority, err := ParseChain(g.Certificate)
				return err == nil && chain[0].CheckSignatureFrom(authority[0]) == nil
			}
		}
		standings[i] = s
	}
	return standings, nil
}
