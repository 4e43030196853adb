package schema

import (
	"encoding/json"
	"net/netip"
	"strings"
)

// Geo is where an address is. Empty fields are left out of the document.
type Geo struct {
	Continent, CountryCode, Country, Region, City string

	HasLocation         bool
	Latitude, Longitude float64 // degrees; a point that is not on earth, which Elasticsearch refuses, is none
}

// AS is the autonomous system of an address.
type AS struct {
	Number       uint32 // 0: not known
	Organization string
}

// Network is what a user says about a network of theirs. Empty fields are left out of the document.
type Network struct {
	Name, Site, Role string
}

// AddressInfo is all that is known about an address.
type AddressInfo struct {
	IP       netip.Addr
	Domain   string // by reverse DNS
	Geo      Geo
	AS       AS
	Network  Network
	Internal bool // it is one's own

	// Boundless: nobody said which addresses are one's own, so that there is neither network.direction nor flow.locality.
	Boundless bool
}

// JSONString is a text as a JSON string with its quotes; nil when it is empty. What is not UTF-8 is replaced.
func JSONString(s string) []byte {
	if s == "" {
		return nil
	}
	if isPlain(s) {
		return appendName(make([]byte, 0, len(s)+2), s)
	}
	b, err := json.Marshal(strings.ToValidUTF8(s, "�"))
	if err != nil { // cannot happen for a string
		return []byte(`""`)
	}
	return b
}

// isPlain tells the texts that encoding/json only puts in quotes, which are nearly all.
func isPlain(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case c < ' ' || c >= 0x7f, c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}
