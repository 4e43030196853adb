// Package rdns gives addresses the names that the DNS has for them. Whoever wants a name never waits for it: he gets what is known, and
// whether that is the last word.
//
// It asks by github.com/miekg/dns and not by the standard library's resolver, because that one does not say for how long an answer holds, and
// makes no difference between a name server that failed and an address without a name in all cases.
package rdns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/lru"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// leastAge is how long an answer is good at least, whatever its server says.
	leastAge = time.Minute
	// maxQueue bounds the addresses that wait to be looked up; it is never more than those of a second.
	maxQueue = 4096
	// retryFirst and retryMost bound the time until a failed look-up is tried again; it doubles from failure to failure.
	retryFirst = 5 * time.Second
	retryMost  = 10 * time.Minute
	// lookTime is how long a look-up may take beyond its time-out before its worker counts as stuck.
	lookTime = time.Minute
	// logEvery is how often failures are logged at most.
	logEvery = 30 * time.Second
)

// Resolver knows the names of addresses. It is safe for concurrent use. A nil resolver knows no names.
type Resolver struct {
	settings         config.ReverseDNS
	include, exclude []netip.Prefix
	logger           *slog.Logger
	limit            *rate.Limiter
	queue            chan netip.Addr
	beats            heartbeat.Group // of the workers
	now              func() time.Time
	lookup           func(ctx context.Context, a netip.Addr, timeout time.Duration) (answer, error)

	mu      sync.Mutex
	entries *lru.Map[[16]byte, entry]
	pending map[[16]byte]struct{} // in the queue or being looked up: at most what the queue holds, and one for each worker
	stats   Stats
	logged  time.Time
}

// entry is what is known of an address.
type entry struct {
	name     string
	known    bool      // there was an answer
	due      time.Time // when it is looked up again
	until    time.Time // when what is known is no longer given out, though it cannot be looked up again
	failures uint8     // in a row
}

// New returns a resolver, or nil when names are not to be looked up. An error is a network that is none.
func New(settings config.ReverseDNS, logger *slog.Logger) (*Resolver, error) {
	if !settings.Enabled {
		return nil, nil //nolint:nilnil // a nil resolver is one that knows no names
	}
	if logger == nil {
		logger = slog.Default()
	}
	include, err := networks("include", settings.Include)
	exclude, excludeErr := networks("exclude", settings.Exclude)
	if err := errors.Join(err, excludeErr); err != nil {
		return nil, err
	}
	asked := &servers{file: hostFile, set: settings.Servers}
	r := &Resolver{
		settings: settings, include: include, exclude: exclude, logger: logger,
		// One at a time: look-ups are spread over the second.
		limit: rate.NewLimiter(rate.Limit(settings.PerSecond), 1),
		queue: make(chan netip.Addr, min(max(settings.PerSecond, 1), maxQueue)),
		now:   time.Now, lookup: asked.lookup,
		entries: lru.New[[16]byte, entry](settings.Entries), pending: map[[16]byte]struct{}{},
		stats: Stats{Failed: map[Cause]uint64{}},
	}
	for i := range settings.Workers {
		r.beats = append(r.beats, heartbeat.New(fmt.Sprintf("reverse DNS worker %d", i+1), heartbeat.Forever))
	}
	return r, nil
}

// Inherit takes over the names that another resolver, which was made with other settings, knows of addresses that this one may look up. It is
// called before Run.
func (r *Resolver) Inherit(from *Resolver) {
	if r == nil || from == nil {
		return
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	now, keep := r.now(), time.Duration(r.settings.Keep)
	from.entries.Oldest(func(key [16]byte, e *entry) bool {
		if e.known && r.wanted(netip.AddrFrom16(key).Unmap()) {
			known := *e
			if latest := now.Add(keep); known.due.After(latest) {
				known.due, known.until = latest, latest.Add(keep)
			}
			r.entries.Put(key, known)
		}
		return true
	})
	asked := from.stats
	asked.Failed = maps.Clone(asked.Failed)
	r.stats = asked // counters go on
}

// Alive returns an error that names the worker which makes no progress.
func (r *Resolver) Alive() error {
	if r == nil {
		return nil
	}
	return r.beats.Err()
}

func networks(setting string, texts []string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range texts {
		network, err := config.ParseNetwork(text)
		if err != nil {
			return nil, fmt.Errorf("unable to use enrich.reverse_dns.%s: %w", setting, err)
		}
		list = append(list, network)
	}
	return list, nil
}

// Name returns the name of an address, empty where it has none or is not to be looked up. It never waits. Settled is false while a name may
// yet become known: the address is about to be looked up, or the look-up failed and will be tried again.
func (r *Resolver) Name(a netip.Addr) (name string, settled bool) {
	if r == nil || !a.IsValid() {
		return "", true
	}
	key := a.As16()
	now := r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	e := r.entries.Get(key)
	if e != nil && now.Before(e.due) {
		if e.known && e.failures > 0 && !now.Before(e.until) {
			e.known, e.name = false, ""
		}
		return e.name, e.known
	}
	if e == nil {
		a = a.Unmap().WithZone("")
		if !r.wanted(a) {
			return "", true
		}
	}
	r.begin(key, a)
	if e == nil || !e.known || e.failures > 0 && !now.Before(e.until) {
		return "", false
	}
	return e.name, true // what was known before, until it is known anew
}

// begin has an address looked up, unless it is on its way already.
func (r *Resolver) begin(key [16]byte, a netip.Addr) {
	if _, ok := r.pending[key]; ok {
		return
	}
	select {
	case r.queue <- a.Unmap().WithZone(""):
		r.pending[key] = struct{}{}
	default:
		r.stats.Deferred++
	}
}

// wanted tells whether an address is looked up. The DNS knows nothing of those without a meaning beyond the host or the link.
func (r *Resolver) wanted(a netip.Addr) bool {
	if a.IsUnspecified() || a.IsLoopback() || a.IsMulticast() || a.IsLinkLocalUnicast() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return false
	}
	contains := func(n netip.Prefix) bool { return n.Contains(a) }
	return (len(r.include) == 0 || slices.ContainsFunc(r.include, contains)) && !slices.ContainsFunc(r.exclude, contains)
}

// Run looks up names until the context ends, and returns when nothing of it is left. It is called once.
func (r *Resolver) Run(ctx context.Context) {
	if r == nil {
		return
	}
	var workers sync.WaitGroup
	for _, beat := range r.beats {
		workers.Go(func() {
			defer beat.Rest() // finished
			for {
				beat.Rest()
				select {
				case <-ctx.Done():
					return
				case a := <-r.queue:
					// The limit may have this one wait for all other workers.
					beat.Beat(lookTime + time.Duration(r.settings.Timeout) + time.Duration(len(r.beats))*time.Second/time.Duration(max(1, r.settings.PerSecond)))
					if r.limit.Wait(ctx) != nil {
						return
					}
					r.work(ctx, a)
				}
			}
		})
	}
	workers.Wait()
}

// work looks up one address.
func (r *Resolver) work(ctx context.Context, a netip.Addr) {
	r.mu.Lock()
	r.stats.Asked++
	r.mu.Unlock()
	got, err := r.lookup(ctx, a, time.Duration(r.settings.Timeout))

	key, now := a.As16(), r.now()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.pending, key)
	var e entry
	if before := r.entries.Peek(key); before != nil {
		e = *before
	}
	switch {
	case err == nil:
		keep := time.Duration(r.settings.Keep)
		r.stats.LastAnswerTime = now
		if r.stats.Answered++; got.name == "" {
			keep = time.Duration(r.settings.KeepNone)
			r.stats.None++
		}
		if age := max(min(got.ttl, keep), min(leastAge, keep)); !e.known || e.name != got.name {
			if e.known {
				r.stats.Generation++
			}
			e = entry{name: got.name, known: true, due: now.Add(age), until: now.Add(age + keep)}
		} else {
			e.failures, e.due, e.until = 0, now.Add(age), now.Add(age+keep)
		}
	case ctx.Err() != nil:
		return
	default:
		r.failure(a, &e, err, now)
	}
	if _, forgot := r.entries.Put(key, e); forgot {
		r.stats.Evicted++
	}
}

// failure takes that a look-up failed. What was known before stays for as long again.
func (r *Resolver) failure(a netip.Addr, e *entry, err error, now time.Time) {
	cause := Malformed
	var f *failure
	if errors.As(err, &f) {
		cause = f.cause
	}
	r.stats.Failed[cause]++
	r.stats.LastError = fmt.Sprintf("unable to look up %s: %s: %v", a, cause, err)
	r.stats.LastErrorTime = now
	e.due = now.Add(backOff(e.failures))
	e.failures = min(e.failures+1, 100)
	if now.Sub(r.logged) >= logEvery {
		r.logged = now
		r.logger.Warn("names of addresses cannot be looked up", "error", r.stats.LastError, "failed", r.stats.Failed[cause])
	}
}

// backOff is the time until the next attempt after so many failures before this one. The half of it is left to chance.
func backOff(failures uint8) time.Duration {
	d := min(retryMost, retryFirst<<min(failures, 20))
	return d/2 + rand.N(d/2+1) //nolint:gosec // G404: jitter needs no secrecy.
}

// Stats are figures of a resolver.
type Stats struct {
	Asked      uint64           // look-ups begun
	Answered   uint64           // of them, answered
	None       uint64           // of these, that there is no name, or none of a host
	Failed     map[Cause]uint64 // look-ups that failed; every cause is there
	Deferred   uint64           // look-ups that were not begun because the queue was full
	Evicted    uint64           // names forgotten for others
	Generation uint64           // grows whenever an address got another name than it had

	Entries int // addresses remembered
	Pending int // addresses that wait, or are being looked up

	LastError     string // empty when nothing failed so far
	LastErrorTime time.Time

	LastAnswerTime time.Time
}

// Stats returns the figures.
func (r *Resolver) Stats() Stats {
	s := Stats{Failed: map[Cause]uint64{}}
	if r != nil {
		r.mu.Lock()
		defer r.mu.Unlock()
		s = r.stats
		s.Failed = maps.Clone(s.Failed)
		s.Entries, s.Pending = r.entries.Len(), len(r.pending)
	}
	for _, cause := range Causes {
		s.Failed[cause] += 0
	}
	return s
}
