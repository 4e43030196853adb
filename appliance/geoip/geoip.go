// Package geoip brings databases of places and autonomous systems to hosts: where they come from, whether they are what they should be, and what a
// host that has one looks like. Databases are in MaxMind's format (.mmdb), whoever made them.
package geoip

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Kind is what a database is about.
type Kind string

// The kinds.
const (
	City    Kind = "city"
	Country Kind = "country"
	ASN     Kind = "asn"
)

// Kinds are all of them, as a person writes them.
var Kinds = []string{string(City), string(Country), string(ASN)}

// Directory is where databases are on a host: where geoipupdate puts its own, and the collector may read.
const Directory = "/var/lib/GeoIP"

// Path is where the database of a kind is on a host. It does not depend on whose it is, so that another vendor's is another content, not
// another setting of the collector.
func Path(kind Kind) string { return path.Join(Directory, string(kind)+".mmdb") }

// Info is what a database says of itself, and what it is as a file.
type Info struct {
	Type   string    `json:"type"`  // such as GeoLite2-City
	Built  time.Time `json:"built"` // when its content was made; UTC, in seconds
	Size   int64     `json:"size"`  // bytes
	SHA256 string    `json:"sha256"`
}

// Facts of the file on a host besides its content.
const (
	typeFact  = "type"
	builtFact = "built"
)

// Desired is the host's state: the directory and the database, readable by all. The collector takes a new one in without a restart.
// what is shown instead of what is not known yet; source may be without Open where a host is only asked. foreign: a database that is there is somebody
// else's, and kept on the host until ours is removed.
func Desired(kind Kind, info Info, what string, source *host.Source, foreign bool) host.Desired {
	source.Describe = describe
	source.SHA256, source.Size, source.Unknown = info.SHA256, info.Size, what
	source.Facts = map[string]string{typeFact: what, builtFact: what}
	if info.SHA256 != "" {
		source.Facts[typeFact], source.Facts[builtFact] = info.Type, info.Built.UTC().Format(time.RFC3339)
	}
	return host.Desired{
		host.Directory{Path: Directory, Mode: 0o755, Shared: true},
		host.File{Path: Path(kind), Mode: 0o644, Source: source, Foreign: foreign, Backup: foreign},
	}
}

// Observed is what the facts of a host say of its database; it is zero when none is there, or none that can be read.
func Observed(kind Kind, facts host.Facts) Info {
	id := host.File{Path: Path(kind)}.ID()
	var info Info
	if _, err := fmt.Sscanf(facts[id+": content"], "sha256:%64x (%d bytes)", new([]byte), &info.Size); err != nil {
		return Info{}
	}
	info.SHA256 = strings.TrimPrefix(strings.Fields(facts[id+": content"])[0], "sha256:")
	built, err := time.Parse(time.RFC3339, facts[id+": "+builtFact])
	if err != nil {
		return Info{}
	}
	info.Type, info.Built = facts[id+": "+typeFact], built
	return info
}

// Valid tells whether a kind is one.
func (k Kind) Valid() bool { return slices.Contains(Kinds, string(k)) }
