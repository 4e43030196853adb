// Package enrich adds to flow records what is known about addresses, exporters and ports: places, autonomous systems, the user's networks,
// names, applications, and which side began the conversation.
//
// A Set holds what is known, as an immutable snapshot that is replaced whenever one of its files changes. An Enricher belongs to a pipeline. The
// look-up of an address costs microseconds and the same addresses come again and again, so each enricher keeps the finished JSON of the
// addresses it saw last. A hit costs nanoseconds and allocates nothing.
package enrich

import (
	"context"
	"log/slog"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gaissmai/bart"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// WatchInterval is how often files are looked at for changes. A look is one stat(2) a file.
const WatchInterval = 5 * time.Second

// Namer knows the names of addresses. Name never waits: settled is false while the look-up is under way, and then it is asked again after a
// second. It is called by all pipelines at once.
type Namer interface {
	Name(a netip.Addr) (name string, settled bool)
}

// Interfaces knows the names of exporters and of their interfaces by ifIndex. Its methods never wait: settled is false while the exporter is
// being asked, and then they are called again after a second. They are called by all pipelines at once.
type Interfaces interface {
	Interface(exporter netip.Addr, index uint32) (name, alias string, settled bool)
	Exporter(exporter netip.Addr) (name string, settled bool)
}

// Options say what is added. An empty path turns its source off.
type Options struct {
	City, ASN        string // databases (.mmdb) of MaxMind, DB-IP or IPinfo
	NetworksFile     string
	ExportersFile    string
	ApplicationsFile string
	ASFile           string
	Internal         []netip.Prefix // one's own addresses
	Services         bool           // IANA's service names

	Namer      Namer           // nil is none
	Interfaces Interfaces      // nil is none
	Encoder    *schema.Encoder // that of the documents; nil is one with all fields
	Interval   time.Duration   // 0 is WatchInterval
	Logger     *slog.Logger    // nil is slog.Default()
}

// FromConfig returns the options that settings ask for. Namer, Interfaces, Encoder and Logger are for the caller to set. The networks must
// have been checked, as config.Parse does.
func FromConfig(c config.Enrich) Options {
	o := Options{
		City: c.GeoIP.City, ASN: c.GeoIP.ASN, NetworksFile: c.NetworksFile, ExportersFile: c.ExportersFile,
		ApplicationsFile: c.ApplicationsFile, ASFile: c.ASFile, Services: c.Services,
	}
	for _, text := range c.Internal {
		if p, err := config.ParseNetwork(text); err == nil {
			o.Internal = append(o.Internal, p)
		}
	}
	return o
}

// snapshot is all that is known at one time. It does not change.
type snapshot struct {
	city, asn    *database
	networks     *networks
	internal     *bart.Lite // nil: no networks are one's own by settings
	systems      *systemNames
	exporters    exporters
	applications *applications
	services     *portNames

	namer      Namer
	interfaces Interfaces
	encoder    *schema.Encoder
}

// Set is what is known, kept up to date. Enrichers of several pipelines share it.
type Set struct {
	sources  []*source
	interval time.Duration
	current  atomic.Pointer[snapshot]
	mu       sync.Mutex // one reload at a time
}

// Open loads the sources. One that is missing or damaged is logged and left out: flows without a place are better than no flows. Status says
// what was left out, and Run takes it in once it is there.
func Open(o Options) *Set {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.Interval <= 0 {
		o.Interval = WatchInterval
	}
	first := &snapshot{namer: o.Namer, interfaces: o.Interfaces, encoder: o.Encoder}
	if first.encoder == nil {
		first.encoder = schema.Complete()
	}
	if len(o.Internal) > 0 {
		first.internal = new(bart.Lite)
	}
	for _, p := range o.Internal {
		first.internal.Insert(p)
	}
	if o.Services {
		first.services = services()
	}
	s := &Set{interval: o.Interval}
	for _, one := range []*source{
		databaseSource("city", o.City, places, func(s *snapshot, v any) { s.city, _ = v.(*database) }),
		databaseSource("asn", o.ASN, systems, func(s *snapshot, v any) { s.asn, _ = v.(*database) }),
		fileSource("networks", o.NetworksFile, parseNetworks, func(n *networks) int { return n.entries },
			func(s *snapshot, v any) { s.networks, _ = v.(*networks) }),
		fileSource("exporters", o.ExportersFile, parseExporters, func(e exporters) int { return len(e) },
			func(s *snapshot, v any) { s.exporters, _ = v.(exporters) }),
		fileSource("applications", o.ApplicationsFile, parseApplications, func(a *applications) int { return a.entries },
			func(s *snapshot, v any) { s.applications, _ = v.(*applications) }),
		fileSource("as", o.ASFile, parseSystems, func(n *systemNames) int { return len(n.names) },
			func(s *snapshot, v any) { s.systems, _ = v.(*systemNames) }),
	} {
		if one.path != "" {
			one.logger = o.Logger
			s.sources = append(s.sources, one)
		}
	}
	s.current.Store(first)
	s.refresh(true)
	return s
}

// Run looks for changed files until ctx ends.
func (s *Set) Run(ctx context.Context) {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.refresh(false)
		}
	}
}

// refresh takes in what changed, all of it at once.
func (s *Set) refresh(must bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, changed := *s.current.Load(), false
	for _, one := range s.sources {
		if v, ok := one.refresh(must); ok {
			one.install(&next, v)
			changed = true
		}
	}
	if changed {
		s.current.Store(&next)
	}
}

// Status describes the configured sources.
func (s *Set) Status() []Status {
	list := make([]Status, len(s.sources))
	for i, one := range s.sources {
		list[i] = one.show()
	}
	return list
}
