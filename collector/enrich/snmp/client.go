// Package snmp asks exporters by SNMP what they and their interfaces are called. Whoever wants a name never waits for it: he gets what is
// known, and whether that is the last word.
//
// An exporter is asked for its whole table once, and again when the table is old: sysName (RFC 3418), ifName and ifAlias, and ifDescr where
// there is no ifName (RFC 2863).
package snmp

import (
	"cmp"
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

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/lru"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// earlyEvery is how often at most an unknown interface has the table of its exporter asked for ahead of time.
	earlyEvery = time.Minute
	// maxWanted and maxAbsent are how many interfaces of an exporter are waited for, and known not to exist, at once.
	maxWanted = 64
	maxAbsent = 256
	// noteBytes is the memory of one of them. All together may have a quarter of max_bytes: forged flows can name any interface.
	noteBytes = 16
	// unwantedAfter is when those that never answered, and that nobody wants to know about any more, have to wait for others.
	unwantedAfter = time.Minute
	// retryFirst and retryMost bound the time until an agent that failed is asked again; it doubles from failure to failure.
	retryFirst = 5 * time.Second
	retryMost  = 15 * time.Minute
	// idleAfter is when an exporter may be forgotten for another one.
	idleAfter = 10 * time.Minute
	// forgetAfter is when an exporter that nobody wants to know about is forgotten, if it is not refreshed more seldom than that.
	forgetAfter = 24 * time.Hour
	// tick is how often it is looked for exporters that are due.
	tick = time.Second
	// schedulerTime is how long a round of the scheduler may take before it counts as stuck.
	schedulerTime = time.Minute
	// watchEvery is how often the file of credentials is looked at.
	watchEvery = 5 * time.Second
	// logEvery is how often failures are logged at most.
	logEvery = 30 * time.Second
)

// Client knows the names of exporters and their interfaces. It is safe for concurrent use. A nil client knows no names.
type Client struct {
	settings config.SNMP
	logger   *slog.Logger
	file     *credentialsFile
	queue    chan *exporter
	now      func() time.Time
	beats    heartbeat.Group // of the scheduler, then of the workers
	ask      func(ctx context.Context, agent netip.Addr, c *Credential, timeout time.Duration, most int) (*device, error)

	mu          sync.Mutex
	credentials *Credentials
	exporters   *lru.Map[netip.Addr, *exporter]
	stats       Stats
	bytes       int // of all tables
	links       int // of all tables
	notes       int // octets of all that is wanted and absent
	doubtful    int // exporters in the queue that may well not answer
	logged      time.Time
}

// exporter is one agent, guarded by the client's mutex.
type exporter struct {
	agent  netip.Addr
	device *device // nil while nothing is known
	gone   bool    // it is not remembered any more
	busy   bool    // it is in the queue, or being asked
	doubt  bool    // it is one of the doubtful in the queue
	due    time.Time
	used   time.Time // when somebody wanted to know a name last

	failures int
	began    time.Time // when it was last asked

	wanted map[uint32]struct{} // interfaces that were not in the table, until it is asked for again
	absent map[uint32]struct{} // those that were not in it then either
	notes  int                 // octets of both
}

// New returns a client. Without a file of credentials it asks nobody, and with one that cannot be used nobody until it can be: Status tells.
func New(settings config.SNMP, logger *slog.Logger) *Client {
	if logger == nil {
		logger = slog.Default()
	}
	c := &Client{
		settings: settings, logger: logger, file: newCredentialsFile(settings.CredentialsFile),
		queue: make(chan *exporter, max(64, 4*settings.Workers)), now: time.Now, ask: ask,
		exporters: lru.New[netip.Addr, *exporter](settings.MaxExporters),
		stats:     Stats{Failed: map[Cause]uint64{}},
	}
	c.beats = append(c.beats, heartbeat.New("SNMP scheduler", schedulerTime))
	for i := range settings.Workers {
		c.beats = append(c.beats, heartbeat.New(fmt.Sprintf("SNMP worker %d", i+1), heartbeat.Forever))
	}
	c.load()
	return c
}

// Inherit takes over what another client, which was made with other settings, knows of exporters that this one may ask. It is called before Run.
func (c *Client) Inherit(from *Client) {
	if c == nil || from == nil {
		return
	}
	from.mu.Lock()
	defer from.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.credentials == nil {
		return
	}
	now, refresh := c.now(), time.Duration(c.settings.Refresh)
	from.exporters.Oldest(func(agent netip.Addr, v **exporter) bool {
		known := (*v).device
		if known == nil || len(known.links) > c.settings.MaxInterfaces || c.bytes+known.bytes > int(c.settings.MaxBytes) ||
			c.credentials.For(agent) == nil || c.exporters.Len() >= c.settings.MaxExporters {
			return true
		}
		due := (*v).began.Add(refresh)
		if due.Before(now) {
			due = now
		}
		e := &exporter{agent: agent, due: due, used: (*v).used, began: (*v).began}
		c.exporters.Put(agent, e)
		c.keep(e, known)
		return true
	})
	asked := from.stats
	asked.Failed = maps.Clone(asked.Failed)
	c.stats = asked // counters go on
}

// Alive returns an error that names the goroutine of Run which makes no progress.
func (c *Client) Alive() error {
	if c == nil {
		return nil
	}
	return c.beats.Err()
}

// Interface returns the name and the alias of an exporter's interface, empty where there is none. It never waits. Settled is false while
// they may yet become known: the exporter is about to be asked, or did not answer and will be asked again.
func (c *Client) Interface(agent netip.Addr, index uint32) (name, alias string, settled bool) {
	if c == nil {
		return "", "", true
	}
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.exporter(agent, now)
	switch {
	case e == nil || index == 0 || index > maxIndex:
		return "", "", true
	case e.device != nil:
		if l, ok := e.device.links[index]; ok {
			return l.name, l.alias, true
		}
		if _, ok := e.absent[index]; ok || e.device.cut || len(e.absent) >= maxAbsent {
			return "", "", true
		}
	}
	// The question that is due, or under way, decides whether there is such an interface.
	if _, ok := e.wanted[index]; !ok {
		if len(e.wanted) >= maxWanted || c.notes+noteBytes > int(c.settings.MaxBytes)/4 {
			return "", "", e.device != nil
		}
		if e.wanted == nil {
			e.wanted = map[uint32]struct{}{}
		}
		e.wanted[index] = struct{}{}
		c.count(e)
	}
	if e.device != nil && !e.busy && e.failures == 0 {
		if early := e.began.Add(earlyEvery); early.Before(e.due) {
			e.due = early
		}
		c.start(e, now)
	}
	return "", "", false
}

// Exporter returns what an exporter calls itself, empty where it does not, like Interface.
func (c *Client) Exporter(agent netip.Addr) (name string, settled bool) {
	if c == nil {
		return "", true
	}
	now := c.now()
	c.mu.Lock()
	defer c.mu.Unlock()
	switch e := c.exporter(agent, now); {
	case e == nil:
		return "", true
	case e.device == nil:
		return "", false
	default:
		return e.device.name, true
	}
}

// exporter returns what is known of an agent, begins to ask it when it is new, and returns nil for one that is not to be asked.
func (c *Client) exporter(agent netip.Addr, now time.Time) *exporter {
	if c.credentials == nil {
		return nil
	}
	agent = agent.Unmap().WithZone("")
	if e := c.exporters.Get(agent); e != nil {
		(*e).used = now
		return *e
	}
	if c.credentials.For(agent) == nil {
		return nil
	}
	if c.exporters.Len() >= c.settings.MaxExporters && !c.makeRoom(now) {
		c.stats.Crowded++
		return nil
	}
	e := &exporter{agent: agent, due: now, used: now}
	c.exporters.Put(agent, e)
	c.start(e, now)
	return e
}

// makeRoom forgets the exporter that was not used for longest, if that is long ago: else exporters would push out one another, and each would
// be asked over and over again.
func (c *Client) makeRoom(now time.Time) (made bool) {
	c.exporters.Oldest(func(agent netip.Addr, v **exporter) bool {
		if e := *v; now.Sub(e.used) >= idleAfter {
			c.exporters.Delete(agent)
			c.drop(e)
			c.stats.Evicted++
			made = true
		}
		return false
	})
	return made
}

// unwanted tells whether an exporter never answered, and nobody asked for it lately, as after a forged flow. Whoever wants a name that is not
// known asks again and again.
func (e *exporter) unwanted(now time.Time) bool {
	return e.device == nil && now.Sub(e.used) >= unwantedAfter
}

// doubtful tells whether an exporter may well not answer.
func (e *exporter) doubtful(now time.Time) bool { return e.failures > 0 || e.unwanted(now) }

// start puts an exporter that is due into the queue. With a full queue it stays due, and the next tick tries again. Those that may well not
// answer, which takes long, get half of the queue: the other half is for those that do, and for new ones.
func (c *Client) start(e *exporter, now time.Time) {
	if e.busy || e.gone || now.Before(e.due) {
		return
	}
	doubt := e.doubtful(now)
	if doubt && c.doubtful >= cap(c.queue)/2 {
		c.stats.Deferred++
		return
	}
	select {
	case c.queue <- e:
		if e.busy, e.doubt = true, doubt; doubt {
			c.doubtful++
		}
	default:
		c.stats.Deferred++
	}
}

// drop lets go of an exporter that is not in the map any more.
func (c *Client) drop(e *exporter) {
	e.gone = true
	c.keep(e, nil)
	e.wanted, e.absent = nil, nil
	c.count(e)
}

// count brings the memory of what is wanted and absent up to date.
func (c *Client) count(e *exporter) {
	n := noteBytes * (len(e.wanted) + len(e.absent))
	c.notes += n - e.notes
	e.notes = n
}

// keep sets what is known of an exporter.
func (c *Client) keep(e *exporter, d *device) {
	if e.device != nil {
		c.bytes -= e.device.bytes
		c.links -= len(e.device.links)
	}
	if e.device = d; d != nil {
		c.bytes += d.bytes
		c.links += len(d.links)
	}
}

// Run asks until the context ends, and returns when nothing of it is left. It is called once.
func (c *Client) Run(ctx context.Context) {
	if c == nil {
		return
	}
	var workers sync.WaitGroup
	for _, beat := range c.beats[1:] {
		workers.Go(func() {
			defer beat.Rest() // finished
			for {
				beat.Rest()
				select {
				case <-ctx.Done():
					return
				case e := <-c.queue:
					beat.Beat(budget + schedulerTime)
					c.work(ctx, e)
				}
			}
		})
	}
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	watched := c.now()
	for {
		c.beats[0].Beat(schedulerTime)
		select {
		case <-ctx.Done():
			c.beats[0].Rest()
			workers.Wait()
			return
		case <-ticker.C:
			if now := c.now(); now.Sub(watched) >= watchEvery {
				watched = now
				if c.file.changed() {
					c.load()
				}
			}
			c.schedule()
		}
	}
}

// schedule begins to ask those that are due, and forgets those that nobody wants to know about. Those that are wanted and failed least come
// first, and of these those that wait for longest: else the silent ones, each of which takes a while, would keep all others waiting.
func (c *Client) schedule() {
	now := c.now()
	unused := max(forgetAfter, 2*time.Duration(c.settings.Refresh))
	c.mu.Lock()
	defer c.mu.Unlock()
	full, crowded := len(c.queue) == cap(c.queue), c.doubtful >= cap(c.queue)/2
	var due []*exporter
	c.exporters.Oldest(func(agent netip.Addr, v **exporter) bool {
		switch e := *v; {
		case now.Sub(e.used) >= unused:
			c.exporters.Delete(agent)
			c.drop(e)
		case full || e.busy || now.Before(e.due) || crowded && e.doubtful(now):
		default:
			due = append(due, e)
		}
		return true
	})
	slices.SortFunc(due, func(a, b *exporter) int {
		if x, y := a.unwanted(now), b.unwanted(now); x != y {
			if x {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(a.failures, b.failures), a.due.Compare(b.due))
	})
	for _, e := range due {
		if c.start(e, now); !e.busy {
			break // those that come after it are as doubtful, or there is no place for any
		}
	}
}

// work asks one exporter.
func (c *Client) work(ctx context.Context, e *exporter) {
	c.mu.Lock()
	if e.doubt {
		e.doubt = false
		c.doubtful--
	}
	credential := c.credentials.For(e.agent)
	if e.gone || credential == nil {
		e.busy = false
		c.mu.Unlock()
		return
	}
	c.stats.Asked++
	e.began = c.now()
	c.mu.Unlock()

	d, err := c.ask(ctx, e.agent, credential, time.Duration(c.settings.Timeout), c.settings.MaxInterfaces)

	c.mu.Lock()
	defer c.mu.Unlock()
	e.busy = false
	switch {
	case err == nil:
		c.answer(e, d)
	case ctx.Err() == nil:
		c.failure(e, err, credential)
	}
}

// answer takes what an exporter said.
func (c *Client) answer(e *exporter, d *device) {
	c.stats.Answered++
	if d.cut {
		c.stats.Refused++
	}
	refresh := time.Duration(c.settings.Refresh)
	e.failures = 0
	e.due = c.now().Add(refresh - rand.N(refresh/10+1)) //nolint:gosec // G404: spreads questions, keeps no secret.
	if len(e.absent) >= maxAbsent {
		e.absent = nil
	}
	for index := range e.wanted {
		if _, ok := d.links[index]; !ok && len(e.absent) < maxAbsent {
			if e.absent == nil {
				e.absent = map[uint32]struct{}{}
			}
			e.absent[index] = struct{}{}
		}
	}
	e.wanted = nil
	if e.gone {
		return
	}
	c.count(e)
	if before := e.device; before != nil && !before.equal(d) {
		c.stats.Generation++
	}
	c.keep(e, d)
	for c.bytes+c.notes > int(c.settings.MaxBytes) && c.makeRoom(c.now()) {
		continue
	}
	if !e.gone && c.bytes+c.notes > int(c.settings.MaxBytes) {
		c.stats.Refused++
		c.keep(e, &device{name: d.name, cut: true})
	}
}

func (d *device) equal(o *device) bool {
	if d.name != o.name || d.cut != o.cut || len(d.links) != len(o.links) {
		return false
	}
	for index, l := range d.links {
		if other, ok := o.links[index]; !ok || l != other {
			return false
		}
	}
	return true
}

// failure takes that an exporter said nothing of use. What it said before stays.
func (c *Client) failure(e *exporter, err error, credential *Credential) {
	cause := Malformed
	var f *failure
	if errors.As(err, &f) {
		cause = f.cause
	}
	now := c.now()
	c.stats.Failed[cause]++
	c.stats.LastError = credential.conceal(fmt.Sprintf("unable to ask %s port %d: %s: %v", e.agent, credential.Port, cause, err))
	c.stats.LastErrorTime = now
	e.due = now.Add(backOff(e.failures))
	e.failures++
	if now.Sub(c.logged) >= logEvery {
		c.logged = now
		c.logger.Warn("an exporter cannot be asked for the names of its interfaces", "error", c.stats.LastError, "failures_in_a_row", e.failures)
	}
}

// backOff is the time until the next attempt after so many failures before this one. The half of it is left to chance.
func backOff(failures int) time.Duration {
	d := min(retryMost, retryFirst<<min(failures, 20))
	return d/2 + rand.N(d/2+1) //nolint:gosec // G404: jitter needs no secrecy.
}
