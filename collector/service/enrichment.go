package service

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/rdns"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/snmp"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// dnsSilence is for how long look-ups may all fail before that is a problem: there are always zones whose servers are broken.
const dnsSilence = time.Minute

// enrichment is what is added to flows, and what asks for it.
type enrichment struct {
	known     *enrich.Set
	exporters *snmp.Client
	addresses *rdns.Resolver // nil when off
}

// openEnrichment takes the settings, and the encoder of the documents, because what is known of an address is kept as members of them.
func openEnrichment(c config.Enrich, encoder *schema.Encoder, logger *slog.Logger) (enrichment, error) {
	var e enrichment
	o := enrich.FromConfig(c)
	o.Encoder, o.Logger = encoder, logger
	e.exporters = snmp.New(c.SNMP, logger)
	o.Interfaces = e.exporters
	names, err := rdns.New(c.ReverseDNS, logger)
	if err != nil {
		return e, fmt.Errorf("unable to use enrich.reverse_dns: %w", err)
	}
	if e.addresses = names; names != nil {
		o.Namer = names
	}
	e.known = enrich.Open(o)
	return e, nil
}

// run looks for changed files and asks for names until ctx ends.
func (e *enrichment) run(ctx context.Context) {
	var all sync.WaitGroup
	all.Go(func() { e.known.Run(ctx) })
	all.Go(func() { e.exporters.Run(ctx) })
	if e.addresses != nil {
		all.Go(func() { e.addresses.Run(ctx) })
	}
	all.Wait()
}

// added describes something that flows are enriched from.
type added struct{ name, text, problem string } // problem is empty when all is well

func (e *enrichment) lines() []added {
	var all []added
	for _, s := range e.known.Status() {
		l := added{s.Name + " file", plural(s.Entries, "entry"), s.Error}
		if s.Database {
			l.name, l.text = "geoip "+s.Name, "built "+s.Built.UTC().Format(time.DateOnly)
		}
		if s.Stale {
			l.problem += "; what was loaded before is in use"
		}
		all = append(all, l)
	}
	if file := e.exporters.Status(); file.Credentials > 0 || file.Error != "" {
		asked := e.exporters.Stats()
		l := added{"snmp", fmt.Sprintf("%s of %d known, %s", plural(asked.Named, "exporter"), asked.Exporters, plural(asked.Interfaces, "interface")), file.Error}
		if l.problem != "" && file.Credentials > 0 {
			l.problem += "; the credentials of before are in use"
		}
		if l.problem == "" {
			l.problem = file.Warning
		}
		if l.problem == "" && asked.Silent > 0 {
			l.problem = fmt.Sprintf("%s of %d without an answer, the last: %s", plural(asked.Silent, "exporter"), asked.Exporters, asked.LastError)
		}
		all = append(all, l)
	}
	if e.addresses != nil {
		asked := e.addresses.Stats()
		l := added{name: "reverse dns", text: fmt.Sprintf("%s remembered, %s under way", plural(asked.Entries, "address"), plural(asked.Pending, "address"))}
		if asked.LastErrorTime.Sub(asked.LastAnswerTime) >= dnsSilence {
			l.problem = "no answer, the last: " + asked.LastError
		}
		all = append(all, l)
	}
	return all
}
