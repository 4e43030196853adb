package service

import (
	"net/netip"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// sampleInterval is how often figures are noted, and sampleGrace how long that may take.
	sampleInterval = 2 * time.Second
	sampleGrace    = 10 * time.Second
	// samplesKept are those of an hour.
	samplesKept = int(time.Hour / sampleInterval)
	// rateSamples is over how many intervals rates are: exporters send in bursts.
	rateSamples = 5
	// trackSamples is how many intervals make a point of an exporter's history, of which trackPoints are kept: 15 minutes.
	trackSamples = 5
	trackPoints  = int(15 * time.Minute / (trackSamples * sampleInterval))
	// maxTracked is how many exporters are followed: rates and history take 3 KiB of each.
	maxTracked = 2000
)

// sums are what is counted of an exporter, or of all.
type sums struct {
	flows, packets, octets uint64
	lost, late, units      uint64 // of sequence numbers: what was missing, what of that came late after all, and what came
}

// missing is what was missing and did not come late.
func (s sums) missing() uint64 { return s.lost - min(s.lost, s.late) }

// since is what was added since before. Where a counter went back, an exporting process was forgotten in between, and nobody knows.
func (s sums) since(before sums) sums {
	if s.flows < before.flows || s.packets < before.packets || s.octets < before.octets || s.lost < before.lost || s.late < before.late || s.units < before.units {
		return sums{}
	}
	return sums{s.flows - before.flows, s.packets - before.packets, s.octets - before.octets, s.lost - before.lost, s.late - before.late, s.units - before.units}
}

func (s *sums) add(o sums) {
	s.flows, s.packets, s.octets = s.flows+o.flows, s.packets+o.packets, s.octets+o.octets
	s.lost, s.late, s.units = s.lost+o.lost, s.late+o.late, s.units+o.units
}

// recentSums are what was counted at the last samples, from which rates are made.
type recentSums struct {
	at  [rateSamples + 1]time.Time
	of  [rateSamples + 1]sums
	n   int // samples so far
	now int // place of the newest
}

func (r *recentSums) put(at time.Time, s sums) {
	r.now = (r.now + 1) % len(r.of)
	r.at[r.now], r.of[r.now] = at, s
	r.n++
}

// rates are per second, over the samples that there are.
func (r *recentSums) rates() page.Rates {
	if r.n < 2 {
		return page.Rates{}
	}
	oldest := (r.now + 1) % len(r.of)
	if r.n < len(r.of) {
		oldest = (r.now - r.n + 1 + len(r.of)) % len(r.of)
	}
	seconds := r.at[r.now].Sub(r.at[oldest]).Seconds()
	if seconds <= 0 {
		return page.Rates{}
	}
	d := r.of[r.now].since(r.of[oldest])
	return page.Rates{Flows: float64(d.flows) / seconds, Packets: float64(d.packets) / seconds, Bits: float64(d.octets) * 8 / seconds}
}

// track follows an exporter.
type track struct {
	recent recentSums
	last   sums // at the last point of the history
	points [trackPoints]struct{ flows, lost, units float32 }
	n      int       // points so far
	begun  time.Time // the point that is under way
	turns  int       // samples since then
}

func (t *track) put(at time.Time, s sums) {
	if t.recent.n == 0 {
		t.last, t.begun = s, at
	}
	t.recent.put(at, s)
	if t.turns++; t.turns <= trackSamples {
		return
	}
	d := s.since(t.last)
	seconds := max(at.Sub(t.begun).Seconds(), 0.001)
	t.points[t.n%trackPoints] = struct{ flows, lost, units float32 }{float32(float64(d.flows) / seconds), float32(d.lost) - float32(d.late), float32(d.units)}
	t.n++
	t.last, t.begun, t.turns = s, at, 1
}

// history is flows a second, oldest first, with zeros where there was nothing yet.
func (t *track) history() []float64 {
	list := make([]float64, trackPoints)
	for i := range min(t.n, trackPoints) {
		list[trackPoints-1-i] = float64(t.points[(t.n-1-i)%trackPoints].flows)
	}
	return list
}

// loss is the share of what was missing in the history, and since its last point.
func (t *track) loss() float64 {
	d := t.recent.of[t.recent.now].since(t.last)
	lost, units := float64(d.lost)-float64(d.late), float64(d.units)
	for i := range min(t.n, trackPoints) {
		lost, units = lost+float64(t.points[i].lost), units+float64(t.points[i].units)
	}
	if lost <= 0 {
		return 0
	}
	return lost / (lost + units)
}

// outputTrack follows an output.
type outputTrack struct {
	sent    uint64
	rate    float64
	problem output.Problem // of last
	gone    time.Time      // when it was over
}

// sampler notes figures at regular times, from which rates and histories are made.
type sampler struct {
	state *state
	beat  *heartbeat.Heartbeat
	ended chan struct{}

	mu        sync.Mutex
	at        time.Time // of the last sample
	totals    []totals  // of the last samples, the oldest first: those that rates are made of
	all       recentSums
	octets    uint64                // of all exporters, those that were forgotten among them
	octetsOf  map[netip.Addr]uint64 // at the last sample
	points    [samplesKept]page.Point
	n         int // points so far
	exporters map[netip.Addr]*track
	outputs   map[string]*outputTrack
	sockets   map[*listener]*recentSums
}

func newSampler(s *state) *sampler {
	p := &sampler{
		state: s, beat: heartbeat.New("sampler of the page", sampleGrace), ended: make(chan struct{}),
		exporters: map[netip.Addr]*track{}, outputs: map[string]*outputTrack{}, sockets: map[*listener]*recentSums{},
	}
	p.sample(time.Now())
	return p
}

// end ends run.
func (p *sampler) end() { close(p.ended) }

// run notes figures until stopped is closed, or end is called.
func (p *sampler) run(stopped <-chan struct{}) {
	ticker := time.NewTicker(sampleInterval)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			p.beat.Rest() // finished
			return
		case <-p.ended:
			return // nobody asks it for a sign of life
		case now := <-ticker.C:
			p.beat.Beat(sampleInterval + sampleGrace)
			p.sample(now)
		}
	}
}

// sample notes the figures of now.
func (p *sampler) sample(now time.Time) {
	listeners := p.state.listeners()
	snaps := snapshots(listeners)
	t := p.state.totals()

	p.mu.Lock()
	defer p.mu.Unlock()
	by := map[netip.Addr]sums{}
	before := p.sockets
	p.sockets = make(map[*listener]*recentSums, len(listeners))
	for i, snap := range snaps {
		l := listeners[i]
		for j := range snap.Sources {
			src := &snap.Sources[j]
			if src.Packets == 0 {
				continue // known from before the restart
			}
			one := sumsOf(src)
			sum := by[src.Key.Address]
			sum.add(one)
			by[src.Key.Address] = sum
		}
		if p.sockets[l] = before[l]; p.sockets[l] == nil {
			p.sockets[l] = &recentSums{}
		}
		p.sockets[l].put(now, sums{flows: l.flows(), packets: received(l.feed)})
	}
	// Of totals, which do not go back when a listener ends or a source is forgotten: all rates would be 0 until that is out of the window.
	all := sums{flows: t.flows, packets: t.packets, octets: p.traffic(by)}
	p.follow(now, by)
	p.follows(now, t)

	if p.all.n > 0 {
		seconds := max(now.Sub(p.at).Seconds(), 0.001)
		d := all.since(p.all.of[p.all.now])
		p.points[p.n%samplesKept] = page.Point{Flows: float64(d.flows) / seconds, Packets: float64(d.packets) / seconds, Drops: float64(more(t.lost(), p.latest().lost())) / seconds}
		p.n++
	}
	p.all.put(now, all)
	p.totals = append(p.totals, t)
	p.totals = p.totals[max(0, len(p.totals)-len(p.all.of)):]
	p.at = now
}

// rate is how many packets a second came to a listener. The sampler is locked.
func (p *sampler) rate(l *listener) float64 {
	if r := p.sockets[l]; r != nil {
		return r.rates().Packets
	}
	return 0
}

// latest are the totals of the last sample. The sampler is locked.
func (p *sampler) latest() totals { return p.totals[len(p.totals)-1] }

// headline is the status line. The sampler is locked.
func (p *sampler) headline() string { return p.latest().line(p.totals[0]) }

// lost are the flows and packets that were lost here.
func (t totals) lost() uint64 { return t.dropped + t.kernelDrops }

// traffic adds up what exporters told of since the last sample. The sampler is locked.
func (p *sampler) traffic(by map[netip.Addr]sums) uint64 {
	of := make(map[netip.Addr]uint64, len(by))
	for address, s := range by {
		if before := p.octetsOf[address]; s.octets > before {
			p.octets += s.octets - before
		}
		of[address] = s.octets
	}
	p.octetsOf = of
	return p.octets
}

// received is how many packets or messages came in.
func received(f feed) uint64 {
	switch f := f.(type) {
	case datagrams:
		return f.Stats().Packets
	case streams:
		return f.Stats().Messages
	}
	return 0
}

// follow notes the figures of exporters, and forgets those that are gone. The sampler is locked.
func (p *sampler) follow(now time.Time, by map[netip.Addr]sums) {
	for address, t := range p.exporters {
		s, known := by[address]
		if !known {
			delete(p.exporters, address)
			continue
		}
		t.put(now, s)
	}
	for address, s := range by {
		if p.exporters[address] == nil && len(p.exporters) < maxTracked {
			t := &track{}
			if p.all.n > 0 { // what it has sent so far came since the sample before
				t.put(p.at, sums{})
			}
			t.put(now, s)
			p.exporters[address] = t
		}
	}
}

// follows notes the figures of outputs. The sampler is locked.
func (p *sampler) follows(now time.Time, t totals) {
	for _, o := range t.outputs {
		one := p.outputs[o.Name]
		if one == nil {
			one = &outputTrack{sent: o.Sent}
			p.outputs[o.Name] = one
		}
		if seconds := now.Sub(p.at).Seconds(); seconds > 0 && o.Sent >= one.sent {
			one.rate = float64(o.Sent-one.sent) / seconds
		}
		one.sent = o.Sent
		switch {
		case o.Problem.Cause != "":
			one.problem, one.gone = o.Problem, time.Time{}
		case one.problem.Cause != "" && one.gone.IsZero():
			one.gone = now
		}
	}
}

// sumsOf are the sums of a source.
func sumsOf(s *exporter.SourceStats) sums {
	return sums{
		flows: s.Records, packets: s.Packets, octets: s.Traffic.Octets,
		lost: s.SequenceLost, late: s.SequenceReordered, units: s.SequenceUnits,
	}
}

// dropRate is flows and packets lost a second. The sampler is locked.
func (p *sampler) dropRate() float64 {
	const over = rateSamples
	sum, n := 0.0, min(p.n, over)
	for i := range n {
		sum += p.points[(p.n-1-i)%samplesKept].Drops
	}
	return sum / float64(max(1, n))
}

// history lists the points, oldest first. The sampler is locked.
func (p *sampler) history() []page.Point {
	n := min(p.n, samplesKept)
	list := make([]page.Point, 0, n)
	for i := p.n - n; i < p.n; i++ {
		list = append(list, p.points[i%samplesKept])
	}
	return list
}
