package service

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
)

// The phases of the service's life.
const (
	starting = iota
	running
	stopping
)

// state is what the health pages, the metrics and the status line are made from.
type state struct {
	version  string
	started  time.Time
	settings atomic.Pointer[[]config.Setting]
	phase    atomic.Int32 // only enter changes it
	open     atomic.Pointer[listening]
	sink     *output.Outputs
	health   atomic.Pointer[healthWriter]          // nil when nothing is written about the service itself
	store    *exporter.Store                       // nil when nothing is to outlive a restart
	sampler  atomic.Pointer[sampler]               // nil without pages
	served   atomic.Pointer[atomic.Pointer[error]] // why the server of pages, metrics and health ended; nil without one
	stages   stages
	enrichment
	reloads reloads
}

// listening is what counts for totals at a time: it changes as a whole, so that they never go back.
type listening struct {
	listeners []*listener // at work
	ending    []*listener // not wanted any more, while they read what the kernel holds

	goneFlows, gonePackets, goneDrops uint64 // of those that ended while the service goes on
}

// ended is the same without one of those that end, whose pipelines and socket are done.
func (o listening) ended(l *listener) *listening {
	o.ending = slices.DeleteFunc(slices.Clone(o.ending), func(one *listener) bool { return one == l })
	o.goneFlows += l.flows()
	o.gonePackets += received(l.feed)
	o.goneDrops += l.feed.kernelDrops()
	return &o
}

// listeners are those at work. The list does not change; a reload puts another into its place.
func (s *state) listeners() []*listener {
	if now := s.open.Load(); now != nil {
		return now.listeners
	}
	return nil
}

// counted are the listeners that metrics are about: those at work, and those that come to their end, unless another one has their label already.
func (s *state) counted() []*listener {
	now := s.open.Load()
	if now == nil {
		return nil
	}
	all := slices.Clone(now.listeners)
	for _, l := range now.ending {
		if !slices.ContainsFunc(now.listeners, func(other *listener) bool { return other.label == l.label }) {
			all = append(all, l)
		}
	}
	return all
}

// pipelines are those of all listeners.
func (s *state) pipelines() []*pipeline { return pipelinesOf(s.listeners()) }

// alive returns an error that names the stage which makes no progress. It takes no lock that a stuck stage may hold.
func (s *state) alive() error {
	for _, p := range s.pipelines() {
		if err := p.beat.Err(); err != nil {
			return err
		}
	}
	if err := s.sink.Alive(); err != nil {
		return err
	}
	if err := s.health.Load().alive(); err != nil {
		return err
	}
	if s.store != nil {
		if err := s.store.Alive(); err != nil {
			return err
		}
	}
	if err := s.enrichment.alive(); err != nil {
		return err
	}
	if p := s.sampler.Load(); p != nil {
		if err := p.beat.Err(); err != nil {
			return err
		}
	}
	if served := s.served.Load(); served != nil {
		if err := served.Load(); err != nil {
			return *err
		}
	}
	return s.stages.alive()
}

// sampled is the sampler, or one of this moment for a page that is made while pages are turned off.
func (s *state) sampled() *sampler {
	if p := s.sampler.Load(); p != nil {
		return p
	}
	return newSampler(s)
}

// condition is something that is well, or not.
type condition struct {
	mark       string // one of the following
	name, text string
	told       bool // the status line tells of it
}

// The marks of conditions. A warning does not make the service unready.
const (
	wellMark    = "ok"
	warningMark = "warning"
	unreadyMark = "not ready"
)

// ready says whether flows get from exporters to where they are kept, and explains it line by line.
func (s *state) ready() (bool, string) {
	var b strings.Builder
	ok, list := s.conditions()
	for _, c := range list {
		fmt.Fprintf(&b, "%s: %s: %s\n", c.mark, c.name, c.text)
	}
	return ok, b.String()
}

// problems says the same, and what is not well besides what the status line tells.
func (s *state) problems() (ok bool, texts []string) {
	ok, list := s.conditions()
	for _, c := range list {
		if c.mark != wellMark && !c.told {
			texts = append(texts, title(c.name)+": "+c.text)
		}
	}
	return ok, texts
}

func (s *state) conditions() (ok bool, list []condition) {
	ok = true
	line := func(good bool, name, text string) {
		mark := wellMark
		if !good {
			mark, ok = unreadyMark, false
		}
		list = append(list, condition{mark: mark, name: name, text: text})
	}
	switch s.phase.Load() {
	case starting:
		line(false, "service", "starting")
	case stopping:
		line(false, "service", "stopping")
	}
	for _, l := range s.listeners() {
		line(true, "listen", l.feed.protocol()+" "+l.feed.LocalAddr().String())
	}
	if err := s.alive(); err != nil {
		line(false, "service", err.Error())
	}
	for _, o := range s.sink.Stats() {
		if o.Gone {
			continue
		}
		text := fmt.Sprintf("%d flows stored, %s buffered", o.Sent, buffered(o.Held))
		if r := o.Recent; r != nil && r.Flows > 0 {
			text += fmt.Sprintf(", %d flows since %s can be searched", r.Flows, r.Oldest.UTC().Format(time.RFC3339))
		}
		if o.Problem.Cause != "" {
			text = o.Problem.Text + "; " + text
		}
		line(o.Problem.Cause == "", o.Name, text)
		list[len(list)-1].told = true
	}
	if text := s.health.Load().problem(); text != "" {
		list = append(list, condition{mark: warningMark, name: "documents of health", text: text})
	}
	if text := s.reloads.problem(); text != "" {
		list = append(list, condition{mark: warningMark, name: "settings", text: text})
	}
	// What is missing of these costs names, not flows: it does not make the service unready.
	for _, l := range s.added() {
		if l.problem != "" {
			list = append(list, condition{mark: warningMark, name: l.name, text: l.problem})
		} else {
			line(true, l.name, l.text)
		}
	}
	return ok, list
}

// totals are sums over the whole service, from which rates are made.
type totals struct {
	at          time.Time
	flows       uint64
	packets     uint64 // received, or messages
	kernelDrops uint64
	dropped     uint64
	exporters   int
	outputs     []output.Stats
	missing     []string
	settings    string // what is wrong with the settings of now; empty for nothing
}

func (s *state) totals() totals {
	t := totals{at: time.Now(), outputs: s.sink.Stats(), settings: s.reloads.problem()}
	now := s.open.Load()
	t.flows, t.packets, t.kernelDrops = now.goneFlows, now.gonePackets, now.goneDrops
	for _, l := range slices.Concat(now.listeners, now.ending) {
		t.flows += l.flows()
		t.packets += received(l.feed)
		t.kernelDrops += l.feed.kernelDrops()
	}
	for _, l := range now.listeners {
		t.exporters += exporters(l.snapshot())
	}
	for _, o := range t.outputs {
		for _, n := range o.Dropped {
			t.dropped += n
		}
	}
	for _, l := range s.added() {
		if l.problem != "" {
			t.missing = append(t.missing, l.name)
		}
	}
	return t
}

// more is by how much a counter grew; 0 where it went back.
func more(now, before uint64) uint64 { return max(now, before) - before }

// line is the status line: what happened since the totals before.
func (t totals) line(before totals) string {
	rate := 0.0
	if d := t.at.Sub(before.at).Seconds(); d > 0 {
		rate = float64(more(t.flows, before.flows)) / d
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s flows/s", plural(t.exporters, "exporter"), short(rate))
	for _, o := range t.outputs {
		switch {
		case o.Gone:
		case o.Problem.Cause != "" && o.Held.Limit > 0:
			fmt.Fprintf(&b, "; %s; %s buffered", o.Problem.Text, buffered(o.Held))
		case o.Problem.Cause != "":
			fmt.Fprintf(&b, "; %s", o.Problem.Text)
		case o.Held.Oldest.IsZero():
			fmt.Fprintf(&b, ", %s up to date", title(o.Name))
		default:
			fmt.Fprintf(&b, ", %s behind by %s", title(o.Name), seconds(max(0, t.at.Sub(o.Held.Oldest))))
		}
	}
	if n := more(t.dropped, before.dropped); n > 0 {
		fmt.Fprintf(&b, "; %s dropped", plural(int(n), "flow"))
	}
	if n := more(t.kernelDrops, before.kernelDrops); n > 0 {
		fmt.Fprintf(&b, "; %s dropped by the kernel", plural(int(n), "packet"))
	}
	if len(t.missing) > 0 {
		fmt.Fprintf(&b, "; unable to use for enrichment: %s", strings.Join(t.missing, ", "))
	}
	if t.settings != "" {
		b.WriteString("; " + t.settings)
	}
	return b.String()
}

// title is how people write the name of an output.
func title(name string) string {
	switch name {
	case "elasticsearch":
		return "Elasticsearch"
	case "ndjson":
		return "NDJSON"
	case "kafka":
		return "Kafka"
	case "recent":
		return "recent flows"
	}
	return name
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if stem, ok := strings.CutSuffix(noun, "y"); ok {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	if strings.HasSuffix(noun, "s") {
		noun += "e"
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// short writes a rate without more digits than are of use, with the prefixes of the SI: 0.2, 120, 8.4 k, 1.2 M.
func short(rate float64) string {
	for _, prefix := range []string{"", " k", " M"} {
		switch {
		case rate > 0 && rate < 9.95:
			return fmt.Sprintf("%.1f%s", rate, prefix)
		case rate < 999.5:
			return fmt.Sprintf("%.0f%s", rate, prefix)
		}
		rate /= 1000
	}
	return fmt.Sprintf("%.1f G", rate)
}

// seconds writes a delay: 0.2 s, 3 s, 90 s; a longer one in minutes and hours.
func seconds(d time.Duration) string {
	switch {
	case d < 9950*time.Millisecond:
		return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".0 s", " s", 1)
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

func buffered(h output.Held) string { return mebibytes(h.Bytes) + " of " + mebibytes(h.Limit) }

func mebibytes(n int) string {
	m := float64(n) / (1 << 20)
	if m > 0 && m < 10 {
		return fmt.Sprintf("%.1f MiB", m)
	}
	return fmt.Sprintf("%.0f MiB", m)
}
