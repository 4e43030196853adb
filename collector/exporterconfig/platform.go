package exporterconfig

import "regexp"

// Platform is a kind of device, and what it can do.
type Platform struct {
	Name       string // as settings name it
	Title      string // as its vendor does
	Protocols  []Protocol
	Directions []Direction
	Warnings   []Warning
	Notes      []string
	Sources    []Source

	noIPv6 bool // it sends to IPv4 only
	names  bool // it looks names up

	interfacePattern *regexp.Regexp // nil: it looks at all traffic
	example          string         // of an interface
	allInterfaces    bool           // none said is all
	oneInterface     bool

	sourceIs        string // what a source is; empty: it cannot be said
	sourceInterface bool   // an interface, not an address
	sourceNeeded    bool

	active, inactive, template span // seconds
	sampling                   sampling
	domain                     int // the highest; 0: it cannot be set

	maxFlows int     // the most; 0: it cannot be set
	filters  bool    // it takes a filter
	tracks   []Track // the first is its own; none: it cannot be set
}

// Warning is something that may disappoint, with some protocols or with all.
type Warning struct {
	Text string
	Only []Protocol
}

// Source is where the syntax is from.
type Source struct {
	Title string `json:"title"`
	URL   string `json:"url"`
}

// Example is what an interface is called; empty: the platform looks at all traffic.
func (p *Platform) Example() string {
	if p.interfacePattern == nil {
		return ""
	}
	return "`" + p.example + "`"
}

// Sampling says which of its packets the platform looks at, for people; empty: at every one.
func (p *Platform) Sampling() string {
	switch {
	case p.sampling.most == 0:
		return ""
	case len(p.sampling.only) > 0:
		return "with " + list(p.sampling.only)
	case p.sampling.needed && p.sampling.powerOfTwo:
		return "always, powers of two"
	case p.sampling.needed:
		return "always"
	case p.sampling.powerOfTwo:
		return "powers of two"
	}
	return "any"
}

// Usual is what somebody would say to send flows to a collector, and no more.
func (p *Platform) Usual(collector string) Settings {
	s := Settings{Collector: collector}
	if p.interfacePattern != nil {
		s.Interfaces = []string{p.example}
	}
	if p.sourceNeeded {
		s.Source = "198.51.100.1"
		if p.sourceInterface {
			s.Source = p.example
		}
	}
	return s
}

// interfaceName is what interfaces are called, also where none has to be said.
func (p *Platform) interfaceName() *regexp.Regexp {
	if p.interfacePattern != nil {
		return p.interfacePattern
	}
	return word
}

// Find is the platform of a name; nil: there is none.
func Find(name string) *Platform {
	for i := range Platforms {
		if Platforms[i].Name == name {
			return &Platforms[i]
		}
	}
	return nil
}

// Names are those of all platforms.
func Names() []string {
	names := make([]string, 0, len(Platforms))
	for i := range Platforms {
		names = append(names, Platforms[i].Name)
	}
	return names
}
