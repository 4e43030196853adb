package service

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
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
	known *enrich.Set
	names atomic.Pointer[names]
}

// names is what asks others for names. It is replaced as a whole; what needs not change is the same in the next.
type names struct {
	exporters *snmp.Client
	addresses *rdns.Resolver // nil when off

	endExporters, endAddresses context.CancelFunc // of what runs them
}

// openNames makes what the settings ask for. The error is about them.
func openNames(c config.Enrich, logger *slog.Logger) (*names, error) {
	addresses, err := rdns.New(c.ReverseDNS, logger)
	if err != nil {
		return nil, fmt.Errorf("unable to use enrich.reverse_dns: %w", err)
	}
	return &names{exporters: snmp.New(c.SNMP, logger), addresses: addresses}, nil
}

// options are the settings as package enrich wants them. The encoder is that of the documents, because what is known of an address is kept as
// members of them.
func (n *names) options(c config.Enrich, encoder *schema.Encoder, logger *slog.Logger) enrich.Options {
	o := enrich.FromConfig(c)
	o.Encoder, o.Logger, o.Interfaces = encoder, logger, n.exporters
	if n.addresses != nil {
		o.Namer = n.addresses
	}
	return o
}

// run asks for names until ctx ends, or until another one takes their place.
func (n *names) run(ctx context.Context, all *sync.WaitGroup) {
	if n.endExporters == nil {
		running, end := context.WithCancel(ctx)
		n.endExporters = end
		all.Go(func() { n.exporters.Run(running) })
	}
	if n.endAddresses == nil && n.addresses != nil {
		running, end := context.WithCancel(ctx)
		n.endAddresses = end
		all.Go(func() { n.addresses.Run(running) })
	}
}

// inherit takes what before has and the settings still ask for: who asks, where its settings are the same, or else what it knows.
func (n *names) inherit(before *names, sameExporters, sameAddresses bool) {
	if sameExporters {
		n.exporters, n.endExporters = before.exporters, before.endExporters
	} else {
		n.exporters.Inherit(before.exporters)
	}
	if sameAddresses {
		n.addresses, n.endAddresses = before.addresses, before.endAddresses
	} else {
		n.addresses.Inherit(before.addresses)
	}
}

// end ends what is not in the next any more.
func (n *names) end(next *names) {
	if n.exporters != next.exporters && n.endExporters != nil {
		n.endExporters()
	}
	if n.addresses != next.addresses && n.endAddresses != nil {
		n.endAddresses()
	}
}

// alive returns an error that names what makes no progress.
func (e *enrichment) alive() error {
	n := e.names.Load()
	for _, alive := range []func() error{e.known.Alive, n.exporters.Alive, n.addresses.Alive} {
		if err := alive(); err != nil {
			return err
		}
	}
	return nil
}

// added describes something that flows are enriched from.
type added struct{ name, text, problem string } // problem is empty when all is well

func (e *enrichment) added() []added {
	var all []added
	names := e.names.Load()
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
	if file := names.exporters.Status(); file.Credentials > 0 || file.Error != "" {
		asked := names.exporters.Stats()
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
	if names.addresses != nil {
		asked := names.addresses.Stats()
		l := added{name: "reverse dns", text: fmt.Sprintf("%s remembered, %s under way", plural(asked.Entries, "address"), plural(asked.Pending, "address"))}
		if asked.LastErrorTime.Sub(asked.LastAnswerTime) >= dnsSilence {
			l.problem = "no answer, the last: " + asked.LastError
		}
		all = append(all, l)
	}
	return all
}
