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
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gaissmai/bart"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
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
	interval time.Duration
	beat     *heartbeat.Heartbeat
	sources  atomic.Pointer[[]*source]
	current  atomic.Pointer[snapshot]
	mu       sync.Mutex // one reload at a time
}

// loadTime is how long the files may take to be loaded before the goroutine of Run counts as stuck.
const loadTime = 2 * time.Minute

// Open loads the sources. One that is missing or damaged is logged and left out: flows without a place are better than no flows. Status says
// what was left out, and Run takes it in once it is there.
func Open(o Options) *Set {
	if o.Interval <= 0 {
		o.Interval = WatchInterval
	}
	s := &Set{interval: o.Interval, beat: heartbeat.New("enrichment files", o.Interval+loadTime)}
	s.sources.Store(&[]*source{})
	s.current.Store(&snapshot{})
	s.Change(o)
	return s
}

// Change puts other options into force, but for Interval. A file that was in use before and is still asked for stays loaded, unless it
// changed. Enrichers turn to what is known then with their next record.
func (s *Set) Change(o Options) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	next := &snapshot{namer: o.Namer, interfaces: o.Interfaces, encoder: o.Encoder}
	if next.encoder == nil {
		next.encoder = schema.Complete()
	}
	if len(o.Internal) > 0 {
		next.internal = new(bart.Lite)
	}
	for _, p := range o.Internal {
		next.internal.Insert(p)
	}
	if o.Services {
		next.services = services()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []*source
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
		if one.path == "" {
			continue
		}
		if i := slices.IndexFunc(*s.sources.Load(), func(old *source) bool { return old.name == one.name && old.path == one.path }); i >= 0 {
			one = (*s.sources.Load())[i]
			one.refresh(false)
		} else {
			one.logger = o.Logger
			one.refresh(true)
		}
		one.install(next, one.value)
		list = append(list, one)
	}
	s.sources.Store(&list)
	s.current.Store(next)
}

// Run looks for changed files until ctx ends.
func (s *Set) Run(ctx context.Context) {
	ticker := time.NewTicker(s.interval)
	defer ticker.Stop()
	defer s.beat.Rest() // finished
	for {
		s.beat.Beat(s.interval + loadTime)
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			s.refresh()
		}
	}
}

// Alive returns an error when the goroutine of Run makes no progress.
func (s *Set) Alive() error { return s.beat.Err() }

// refresh takes in what changed, all of it at once.
func (s *Set) refresh() {
	s.mu.Lock()
	defer s.mu.Unlock()
	next, changed := *s.current.Load(), false
	for _, one := range *s.sources.Load() {
		if one.refresh(false) {
			one.install(&next, one.value)
			changed = true
		}
	}
	if changed {
		s.current.Store(&next)
	}
}

// Status describes the configured sources.
func (s *Set) Status() []Status {
	sources := *s.sources.Load()
	list := make([]Status, len(sources))
	for i, one := range sources {
		list[i] = one.show()
	}
	return list
}
