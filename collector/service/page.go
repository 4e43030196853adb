package service

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/page"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/top"
)

const (
	// describeTime is how long a page waits for a pipeline to describe an exporter: it does so between packets.
	describeTime = 2 * time.Second
	// describeMost is how many interfaces, samplers and templates of an exporter a page has.
	describeMost = 500
	// interfaceMinutes is over how many minutes the rates of interfaces are.
	interfaceMinutes = 5
	// publishTime is how long a page waits for pipelines to publish what they counted so far: they do with their next tick.
	publishTime = 2 * tickInterval
	// questionsKept is how many questions wait for a pipeline.
	questionsKept = 4
)

// question asks a pipeline what it knows of an exporter.
type question struct {
	address netip.Addr
	answer  chan *exporter.Description // with room for it; nil when nothing is known
}

// pages implements page.Source.
type pages struct{ state *state }

// Settings implements page.Source.
func (p *pages) Settings() []config.Setting { return *p.state.settings.Load() }

// Identity implements page.Source.
func (p *pages) Identity() (version, host string) { return p.state.version, hostName() }

// hostName is empty where it is not known: pages and documents do without.
func hostName() string {
	host, err := os.Hostname()
	if err != nil {
		return ""
	}
	return host
}

// Overview implements page.Source.
func (p *pages) Overview() page.Overview {
	now := time.Now()
	ready, problems := p.state.problems()
	sampler := p.state.sampled()
	o := page.Overview{
		Now: now, Started: p.state.started, Ready: ready, Problems: problems,
		Interval: sampleInterval.Seconds(), Enrichment: p.enrichment(),
	}
	listeners := p.state.listeners()
	snaps := snapshots(listeners)
	refused := map[string]uint64{}
	for i := range listeners {
		for cause, n := range snaps[i].Refused {
			refused[cause] += n
		}
		refused["malformed"] += snaps[i].Total.Malformed
	}
	o.Refused = figuresOf(refused, refusals)
	if sampler == nil {
		return o // the page was turned off while it was asked for
	}
	senders := gather(snaps)

	sampler.mu.Lock()
	defer sampler.mu.Unlock()
	o.Headline = sampler.headline()
	o.Rates, o.Drops, o.History = sampler.all.rates(), sampler.dropRate(), sampler.history()
	t := sampler.latest()
	o.Totals.Flows, o.Totals.Packets, o.Totals.Dropped, o.Totals.KernelDrops = t.flows, t.packets, t.dropped, t.kernelDrops
	for _, s := range senders {
		p.complete(sampler, s)
		o.Exporters = append(o.Exporters, *s)
	}
	slices.SortFunc(o.Exporters, func(a, b page.Sender) int {
		return cmp.Or(cmp.Compare(b.Rates.Flows, a.Rates.Flows), a.Address.Compare(b.Address))
	})
	for _, l := range listeners {
		o.Sockets = append(o.Sockets, socketOf(l, sampler.rate(l)))
	}
	for _, one := range p.state.sink.Stats() {
		if one.Gone {
			continue
		}
		o.Outputs = append(o.Outputs, sampler.output(now, one))
	}
	if len(o.Exporters) == 0 {
		o.First = p.firstSteps()
	}
	return o
}

// snapshots are what the tables of each listener say.
func snapshots(listeners []*listener) []exporter.Snapshot {
	all := make([]exporter.Snapshot, len(listeners))
	for i, l := range listeners {
		all[i] = l.snapshot()
	}
	return all
}

// gather sums up what tables know of each address that sent something.
func gather(snaps []exporter.Snapshot) map[netip.Addr]*page.Sender {
	all := map[netip.Addr]*page.Sender{}
	for i := range snaps {
		for j := range snaps[i].Sources {
			src := &snaps[i].Sources[j]
			if src.Packets == 0 {
				continue // known from before the restart
			}
			s := all[src.Key.Address]
			if s == nil {
				s = &page.Sender{Address: src.Key.Address}
				all[src.Key.Address] = s
			}
			if format := src.Key.Format.String(); !slices.Contains(s.Formats, format) {
				s.Formats = append(s.Formats, format)
			}
			s.Lost += sumsOf(src).missing()
			s.Templates += src.Templates
			s.Malformed += src.Malformed
			if src.Waiting > 0 {
				if s.Waiting == 0 || src.WaitingSince.Before(s.WaitingSince) {
					s.WaitingSince = src.WaitingSince
				}
				s.Waiting += src.Waiting
			}
			if src.LastSeen.After(s.LastSeen) {
				s.LastSeen = src.LastSeen
				if src.Records > 0 {
					s.Skew = src.Traffic.Skew
					s.Sampling, s.SamplingBy = samplingText(src.Traffic)
				}
			}
		}
		for _, d := range snaps[i].Devices {
			if s := all[d.Address]; s != nil {
				s.RateLimited += d.RateLimited
			}
		}
	}
	return all
}

// samplingText says how packets are sampled, and who says so.
func samplingText(t exporter.Traffic) (text, by string) {
	switch t.Sampling {
	case flow.SamplingNone:
		return "", ""
	case flow.SamplingMissing:
		return "unknown", "names a sampler that was not described"
	case flow.SamplingHeader, flow.SamplingRecord, flow.SamplingOptions, flow.SamplingSFlow, flow.SamplingConfigured:
	}
	if t.Interval <= 1 {
		return "", ""
	}
	said := map[flow.SamplingSource]string{
		flow.SamplingHeader: "by its packets", flow.SamplingRecord: "by its records", flow.SamplingOptions: "by its options", flow.SamplingSFlow: "by its samples", flow.SamplingConfigured: "by the settings",
	}
	return "1 in " + strconv.FormatUint(uint64(t.Interval), 10), said[t.Sampling]
}

// complete adds name, rates and history. The sampler is locked.
func (p *pages) complete(sampler *sampler, s *page.Sender) {
	s.Name = p.state.known.Exporter(s.Address)
	if t := sampler.exporters[s.Address]; t != nil {
		s.Rated, s.Rates, s.History, s.Loss = true, t.recent.rates(), t.history(), t.loss()
	}
}

func socketOf(l *listener, rate float64) page.Socket {
	s := page.Socket{Listen: l.feed.LocalAddr().String(), Protocol: l.feed.protocol(), Packets: received(l.feed), Rate: rate, Drops: l.feed.kernelDrops()}
	switch f := l.feed.(type) {
	case datagrams:
		s.Buffer = f.Buffer()
	case streams:
		s.Streams, s.Connections = true, f.Stats().Connections
	}
	return s
}

// refusals and drops say causes in words.
var (
	refusals = map[string]string{
		"too_short": "too short", "unsupported_version": "no format that is supported", "not_allowed": "not from one of exporters.allow",
		"rate_limited": "beyond exporters.max_packets_per_second", "malformed": "malformed: what was sound in them was kept",
	}
	drops = map[string]string{
		output.CauseBufferFull: "nothing could be stored, and the buffer was full", output.CauseRejected: "refused for good", output.CauseShutdown: "not stored when the service stopped",
		output.CauseNoOutput: "no output is set", "spool_full": "nothing could be stored, and the spool was full",
	}
)

// figuresOf lists the figures that are not 0 by name, with words for the names where there are some.
func figuresOf(by map[string]uint64, words map[string]string) []page.NamedSum {
	var list []page.NamedSum
	for _, name := range slices.Sorted(maps.Keys(by)) {
		if by[name] > 0 {
			list = append(list, page.NamedSum{Cause: name, Name: cmp.Or(words[name], name), N: by[name]})
		}
	}
	return list
}

// output describes an output. The sampler is locked.
func (p *sampler) output(now time.Time, s output.Stats) page.Output {
	o := page.Output{
		Name: title(s.Name), Problem: s.Problem.Text, Since: s.Problem.Since, Stored: s.Sent, Held: uint64(s.Held.Documents), HeldBytes: s.Held.Bytes, LimitBytes: s.Held.Limit,
		Dropped: figuresOf(s.Dropped, drops), Rejected: figuresOf(s.Rejected, nil), DeadLetters: s.DeadLetters.Written, Retried: s.Retried, Duplicates: s.Duplicates,
		DocumentsWithoutAPlace: s.Problem.Cause == output.CauseNoOutput,
	}
	if o.DocumentsWithoutAPlace {
		o.Name = "Nowhere"
	}
	if !s.Held.Oldest.IsZero() {
		o.Behind = max(0, now.Sub(s.Held.Oldest))
	}
	if s.Spool != nil {
		o.Spool, o.SpoolBytes, o.SpoolSegments = true, s.Spool.Bytes, s.Spool.Segments
		o.SpoolErrors, o.Restored, o.Unreadable = s.Spool.Errors+s.Spool.SyncErrors, s.Spool.Restored, s.Spool.Unreadable
	}
	if t := p.outputs[s.Name]; t != nil {
		o.Rate = t.rate
		if s.Problem.Cause == "" {
			o.LastProblem, o.LastAt = t.problem.Text, t.gone
		}
	}
	return o
}

func (p *pages) enrichment() []page.Addition {
	files, lines := p.state.known.Status(), p.state.added()
	list := make([]page.Addition, 0, len(lines))
	for i, l := range lines {
		a := page.Addition{Name: l.name, Text: l.text, Problem: l.problem}
		if i < len(files) { // they come first, in the same order
			a.Path, a.Built = files[i].Path, files[i].Built
		}
		list = append(list, a)
	}
	return list
}

// firstSteps says how to have a first packet.
func (p *pages) firstSteps() []page.FirstStep {
	var ports []string
	for _, l := range p.state.listeners() {
		if l.feed.protocol() == "udp" {
			ports = append(ports, strconv.Itoa(int(l.feed.LocalAddr().Port())))
		}
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	if len(ports) == 0 {
		return []page.FirstStep{{Text: "Let an exporter connect to one of the addresses below “Listening”: it listens for IPFIX over TCP or TLS only."}}
	}
	return []page.FirstStep{
		{Text: "Point a router, switch or firewall at this host: NetFlow, IPFIX or sFlow over UDP, to port " + strings.Join(ports, " or ") + "."},
		{Text: "Or export what passes an interface of any Linux host (here eth0):", Code: "softflowd -i eth0 -v 9 -n " + net.JoinHostPort(cmp.Or(hostName(), "collector.example.org"), ports[0])},
		{Text: "Does it send, and nothing comes? Then look for a firewall in between, and on this host whether packets arrive:", Code: "tcpdump -ni any udp port " + ports[0]},
	}
}

// Exporter implements page.Source.
func (p *pages) Exporter(ctx context.Context, address netip.Addr) (page.Exporter, bool) {
	listeners := p.state.listeners()
	snaps := snapshots(listeners)
	s := gather(snaps)[address]
	if s == nil {
		return page.Exporter{}, false
	}
	e := page.Exporter{Minutes: interfaceMinutes}
	sampler := p.state.sampled()
	sampler.mu.Lock()
	p.complete(sampler, s)
	sampler.mu.Unlock()
	e.Sender = *s
	for i := range snaps {
		for j := range snaps[i].Sources {
			if src := &snaps[i].Sources[j]; src.Key.Address == address && src.Packets > 0 {
				e.Sources = append(e.Sources, processOf(src, listeners[i].label))
			}
		}
	}
	p.describe(ctx, &e)
	return e, true
}

func processOf(s *exporter.SourceStats, listen string) page.Process {
	p := page.Process{
		Format: s.Key.Format.String(), Domain: strconv.FormatUint(uint64(s.Key.Domain), 10), Listen: listen, Session: s.Key.Session != 0,
		Packets: s.Packets, Records: s.Records, Options: s.Options, Lost: s.SequenceLost, Reordered: s.SequenceReordered, Restarts: s.SequenceRestarted,
		Templates: s.Templates, Waiting: s.Waiting, Dropped: s.SetsDropped, LastSeen: s.LastSeen,
	}
	if s.Key.Agent.IsValid() {
		p.Agent = s.Key.Agent.String()
	}
	return p
}

// templateKey tells templates of an exporter apart.
type templateKey struct {
	source  exporter.Key
	id      uint16
	options bool
}

// ask returns what pipelines know of an exporter, from the one that heard of it last to the first. Those that know it only from before the restart are not
// asked. They answer between packets, all at once.
func (p *pages) ask(ctx context.Context, e *page.Exporter) []*exporter.Description {
	type answer struct {
		heard time.Time
		*exporter.Description
	}
	var list []answer
	var mu sync.Mutex
	var asked sync.WaitGroup
	for _, pl := range p.state.pipelines() {
		var heard time.Time
		snap := pl.table.Snapshot()
		for i := range snap.Sources {
			if s := &snap.Sources[i]; s.Key.Address == e.Address && s.Packets > 0 && s.LastSeen.After(heard) {
				heard = s.LastSeen
			}
		}
		if heard.IsZero() {
			continue
		}
		asked.Go(func() {
			d, ok := pl.describe(ctx, e.Address)
			mu.Lock()
			defer mu.Unlock()
			e.Busy = e.Busy || !ok
			if d != nil {
				list = append(list, answer{heard, d})
			}
		})
	}
	asked.Wait()
	slices.SortFunc(list, func(a, b answer) int { return b.heard.Compare(a.heard) })
	all := make([]*exporter.Description, len(list))
	for i := range list {
		all[i] = list[i].Description
	}
	return all
}

// describe adds what pipelines know of an exporter. They answer between packets.
func (p *pages) describe(ctx context.Context, e *page.Exporter) {
	ctx, cancel := context.WithTimeout(ctx, describeTime)
	defer cancel()
	interfaces := map[uint32]*page.Interface{}
	samplers, templates := map[string]bool{}, map[templateKey]bool{}
	for _, d := range p.ask(ctx, e) {
		e.Cut = max(e.Cut, d.Cut)
		for i := range d.Interfaces {
			if one := interfaceOf(&d.Interfaces[i]); interfaces[one.Index] == nil {
				interfaces[one.Index] = &one
			}
		}
		for _, s := range d.Samplers {
			if one := describeSampler(s); !samplers[one.Name] {
				samplers[one.Name] = true
				e.Samplers = append(e.Samplers, one)
			}
		}
		for _, t := range d.Templates {
			if key := (templateKey{t.Key, t.ID, t.Options}); !templates[key] {
				templates[key] = true
				e.Templates = append(e.Templates, templateOf(t))
			}
		}
	}
	p.measure(ctx, e.Address, interfaces)
	for _, index := range slices.Sorted(maps.Keys(interfaces)) {
		i := interfaces[index]
		name, alias, nameWins, aliasWins := p.state.known.Interface(e.Address, index)
		if name != "" && (nameWins || i.Name == "") {
			i.Name = name
		}
		if alias != "" && (aliasWins || i.Description == "") {
			i.Description = alias
		}
		e.Interfaces = append(e.Interfaces, *i)
	}
	slices.SortStableFunc(e.Interfaces, func(a, b page.Interface) int { return cmp.Compare(b.In+b.Out, a.In+a.Out) })
}

// measure adds what flows say of interfaces.
func (p *pages) measure(ctx context.Context, address netip.Addr, interfaces map[uint32]*page.Interface) {
	r := p.report(ctx, interfaceMinutes)
	seconds := max(r.To.Sub(r.From).Seconds(), 1)
	for _, one := range r.Interfaces {
		if one.Key.Exporter.Addr() != address {
			continue
		}
		i := interfaces[one.Key.Index]
		if i == nil {
			i = &page.Interface{Index: one.Key.Index}
			interfaces[i.Index] = i
		}
		i.Measured = true
		if rate := float64(one.Octets) * 8 / seconds; one.Key.Out {
			i.Out = rate
		} else {
			i.In = rate
		}
	}
}

func interfaceOf(d *exporter.InterfaceDescription) page.Interface {
	c := &d.Counters
	i := page.Interface{Index: d.Index, Name: d.Name, Description: d.Description, Speed: c.Speed, Counters: c.Index != 0}
	if i.Counters {
		i.Up = c.OperUp
		i.Discards, i.Errors = uint64(c.InDiscards)+uint64(c.OutDiscards), uint64(c.InErrors)+uint64(c.OutErrors)
	}
	return i
}

func describeSampler(s exporter.SamplerDescription) page.Sampler {
	name := fmt.Sprintf("sampler %d of domain %d (%s)", s.ID, s.Domain, s.Format)
	switch {
	case s.Interface:
		name = fmt.Sprintf("interface %d (%s)", s.ID, s.Format)
	case s.ID == 0:
		name = fmt.Sprintf("all of domain %d (%s)", s.Domain, s.Format)
	case s.ID&flow.Selection != 0:
		name = fmt.Sprintf("selection sequence %d of domain %d (%s)", s.ID&^flow.Selection, s.Domain, s.Format)
	}
	return page.Sampler{Name: name, Interval: s.Interval}
}

func templateOf(d exporter.TemplateDescription) page.Template {
	t := page.Template{Format: d.Key.Format.String(), Domain: strconv.FormatUint(uint64(d.Key.Domain), 10), ID: d.ID, Options: d.Options}
	for _, f := range d.Fields {
		one := page.Field{Name: f.Name, Length: plural(int(f.Length), "octet")}
		if f.Length == flow.VariableLength {
			one.Length = "any length"
		}
		if one.Name == "" {
			one.Name = fmt.Sprintf("field %d", f.ID)
		}
		if f.Enterprise != 0 {
			one.Length += fmt.Sprintf(", enterprise %d", f.Enterprise)
		}
		t.Fields = append(t.Fields, one)
	}
	return t
}

// report sums up what pipelines counted.
func (p *pages) report(ctx context.Context, minutes int) top.Report {
	var counters []*top.Counter
	for _, pl := range p.state.pipelines() {
		if t := pl.top.Load(); t != nil {
			counters = append(counters, t)
		}
	}
	now := time.Now()
	ctx, cancel := context.WithTimeout(ctx, publishTime)
	defer cancel()
	top.Await(ctx, now, counters...)
	return top.Merge(now, minutes, counters...)
}

// Top implements page.Source.
func (p *pages) Top(minutes int) page.Top {
	r := p.report(context.Background(), minutes)
	t := page.Top{Minutes: minutes, From: r.From, To: r.To, Sampled: r.Sampled, Flows: r.Total.Flows, Octets: r.Total.Octets}
	s := shares{seconds: max(r.To.Sub(r.From).Seconds(), 1), total: max(1, r.Total.Octets)}
	known := p.state.known
	for _, e := range first(r.Addresses) {
		a := e.Key.Addr()
		t.Talkers = append(t.Talkers, s.of(a.String(), addressDetail(known.Describe(a)), "address="+a.String(), e.Sum))
	}
	for _, e := range first(r.Conversations) {
		client, server := e.Key.Client.Addr(), e.Key.Server.Addr()
		detail := joined(" → ", known.Describe(client).Domain, known.Describe(server).Domain)
		t.Conversations = append(t.Conversations, s.of(client.String()+" → "+server.String(), detail, "", e.Sum))
	}
	for _, e := range first(r.Applications) {
		t.Applications = append(t.Applications, s.application(&e.Key, e.Sum))
	}
	for _, e := range first(r.Systems) {
		number := uint32(e.Key)
		name := known.System(number)
		if as := known.Describe(e.Witness.Addr()).AS; name == "" && as.Number == number {
			name = as.Organization
		}
		text := strconv.FormatUint(uint64(number), 10)
		t.Systems = append(t.Systems, s.of(cmp.Or(name, "AS"+text), "AS"+text, "as="+text, e.Sum))
	}
	for _, e := range first(r.Countries) {
		code, name := string(e.Key[:]), ""
		if geo := known.Describe(e.Witness.Addr()).Geo; geo.CountryCode == code {
			name = geo.Country
		}
		t.Countries = append(t.Countries, s.of(cmp.Or(name, code), code, "country="+code, e.Sum))
	}
	return t
}

// first are as many as pages show.
func first[T any](list []T) []T { return list[:min(len(list), 10)] }

// shares makes rows.
type shares struct {
	seconds float64
	total   uint64
}

func (s shares) of(name, detail, query string, sum top.Sum) page.Share {
	if detail == name {
		detail = ""
	}
	return page.Share{
		Name: name, Detail: detail, Query: query, Octets: sum.Octets,
		Bits: float64(sum.Octets) * 8 / s.seconds, Of: float64(sum.Octets) / float64(s.total),
	}
}

func (s shares) application(a *top.Application, sum top.Sum) page.Share {
	name, detail, query := a.Name(), "recognised by the exporter", ""
	if a.Protocol != 0 {
		protocol := cmp.Or(schema.Transport(a.Protocol), "protocol "+strconv.Itoa(int(a.Protocol)))
		detail, query = protocol, "protocol="+strconv.Itoa(int(a.Protocol))
		if a.Port != 0 {
			detail, query = fmt.Sprintf("%s %d", protocol, a.Port), fmt.Sprintf("%s&port=%d", query, a.Port)
		}
	}
	return s.of(cmp.Or(name, detail), detail, query, sum)
}

// addressDetail says in a line what is known about an address.
func addressDetail(i schema.AddressInfo) string {
	as := ""
	if i.AS.Number != 0 {
		as = cmp.Or(i.AS.Organization, "AS"+strconv.FormatUint(uint64(i.AS.Number), 10))
	}
	return joined(" · ", i.Domain, i.Network.Name, as, cmp.Or(i.Geo.City, i.Geo.Country))
}

// joined joins the texts that are not empty.
func joined(separator string, texts ...string) string {
	return strings.Join(slices.DeleteFunc(texts, func(t string) bool { return t == "" }), separator)
}
