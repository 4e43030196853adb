// Package exporterconfig says what to type on a router, a switch, a firewall or a host so that it sends its flows to a collector: for each platform the configuration, how to
// take it away again, and what it cannot do.
package exporterconfig

import (
	"fmt"
	"math/bits"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Protocol is what an exporter sends.
type Protocol string

// The protocols, as they are named in settings.
const (
	NetFlow5 Protocol = "netflow5"
	NetFlow9 Protocol = "netflow9"
	IPFIX    Protocol = "ipfix"
	SFlow    Protocol = "sflow"
)

// Direction is which packets of an interface are looked at.
type Direction string

// The directions. Both counts what crosses two such interfaces twice.
const (
	Ingress Direction = "ingress"
	Egress  Direction = "egress"
	Both    Direction = "both"
)

// Track is by what packets belong to one flow, as softflowd(8) names it: addresses; the protocol too; ports too; the VLAN too; the Ethernet addresses too.
type Track string

// The tracks, from the coarsest on.
const (
	TrackIP    Track = "ip"
	TrackProto Track = "proto"
	TrackFull  Track = "full"
	TrackVLAN  Track = "vlan"
	TrackEther Track = "ether"
)

// What is set where nothing is said: flows that go on are reported every minute, ended ones after 15 seconds, templates every minute.
const (
	DefaultPort     = 2055
	DefaultActive   = time.Minute
	DefaultInactive = 15 * time.Second
	DefaultTemplate = time.Minute
)

// Settings is what one wants. What is zero is the platform's first choice, or the default above.
type Settings struct {
	Collector  string   // address or name that the exporter sends to
	Port       int      // UDP
	Interfaces []string // as the platform calls them
	Protocol   Protocol
	Direction  Direction
	Source     string // address or interface that packets are sent from
	Active     time.Duration
	Inactive   time.Duration
	Template   time.Duration // how often templates are repeated
	Sampling   int           // one packet of so many; 0 and 1 are every packet
	Domain     int           // observation domain, source id, engine id

	MaxFlows int    // so many are kept at a time
	Filter   string // which packets are looked at, an expression of pcap-filter(7)
	Track    Track  // what makes a flow
}

// SettingError is a setting that cannot be, or not on this platform.
type SettingError struct{ Setting, Problem string }

func (e *SettingError) Error() string { return e.Setting + ": " + e.Problem }

func wrong(setting, format string, arguments ...any) error {
	return &SettingError{setting, fmt.Sprintf(format, arguments...)}
}

// span is which values a platform takes; the zero span takes none, since it cannot be set.
type span struct{ least, most, step int }

func (s span) set() bool { return s.most > 0 }

// atLeast is the least value that it takes from one on.
func (s span) atLeast(value time.Duration) time.Duration {
	seconds, step := max(int(value/time.Second), s.least), max(s.step, 1)
	if over := seconds % step; over > 0 {
		seconds += step - over
	}
	return time.Duration(seconds) * time.Second
}

// check is about whole seconds.
func (s span) check(setting string, value time.Duration, title string) error {
	seconds := int(value / time.Second)
	switch {
	case value%time.Second != 0:
		return wrong(setting, "%s is not a whole number of seconds", value)
	case seconds < s.least || seconds > s.most:
		return wrong(setting, "%s takes %s to %s, not %s", title, time.Duration(s.least)*time.Second, time.Duration(s.most)*time.Second, value)
	case s.step > 1 && seconds%s.step != 0:
		return wrong(setting, "%s takes multiples of %s, and %s is none", title, time.Duration(s.step)*time.Second, value)
	}
	return nil
}

// sampling is what a platform does of it.
type sampling struct {
	most       int // one of so many at most; 0: it looks at every packet
	powerOfTwo bool
	needed     bool // there is no looking at every packet
	only       []Protocol
}

var (
	hostName = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)
	allDigit = regexp.MustCompile(`^[0-9.]+$`)
	// What expressions of pcap-filter(7) need. They are in a file of variables that systemd splits at blanks, and that a shell reads (Debian's softflowd-generator): quotes,
	// backslashes and $ would mean something there.
	filter      = regexp.MustCompile(`^[A-Za-z0-9_.:/()\[\]&|!=<>+*%^-]+( [A-Za-z0-9_.:/()\[\]&|!=<>+*%^-]+)*$`)
	filterRunes = "_.:/()[]&|!=<>+*%^-"
)

// complete fills in what is not said, and refuses what this platform cannot do.
func (p *Platform) complete(s Settings) (Settings, error) {
	if s.Protocol == "" {
		s.Protocol = p.Protocols[0]
	}
	if !slices.Contains(p.Protocols, s.Protocol) {
		return s, wrong("protocol", "%s sends %s, not %s", p.Title, list(p.Protocols), s.Protocol)
	}
	if s.Port == 0 {
		s.Port = DefaultPort
	}
	if s.Port < 1 || s.Port > 65535 {
		return s, wrong("port", "%d is not between 1 and 65535", s.Port)
	}
	for _, check := range []func(*Settings) error{p.collector, p.interfaces, p.source, p.times, p.samples, p.directions, p.flows} {
		if err := check(&s); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (p *Platform) collector(s *Settings) error {
	if s.Collector == "" {
		return wrong("collector", "say the address that flows are sent to")
	}
	address, err := netip.ParseAddr(s.Collector)
	switch {
	case err == nil && address.Zone() != "":
		return wrong("collector", "%s has a zone, which means nothing to another device", s.Collector)
	case err == nil && address.Unmap().Is6() && p.noIPv6:
		return wrong("collector", "%s sends to IPv4 addresses only, not to %s", p.Title, s.Collector)
	case err == nil:
		s.Collector = address.Unmap().String()
	case len(s.Collector) > 253 || !hostName.MatchString(s.Collector) || allDigit.MatchString(s.Collector):
		return wrong("collector", "%q is neither an address nor a name", s.Collector)
	case !p.names:
		return wrong("collector", "%s takes an address, not a name such as %s", p.Title, s.Collector)
	}
	return nil
}

func (p *Platform) interfaces(s *Settings) error {
	if p.interfacePattern == nil {
		if len(s.Interfaces) > 0 {
			return wrong("interfaces", "%s looks at all traffic: leave them out", p.Title)
		}
		return nil
	}
	if len(s.Interfaces) == 0 && !p.allInterfaces {
		return wrong("interfaces", "say which, as %s names them, such as %s", p.Title, p.example)
	}
	seen := map[string]bool{}
	for _, name := range s.Interfaces {
		if !p.interfacePattern.MatchString(name) {
			return wrong("interfaces", "%q is not what %s calls an interface, such as %s", name, p.Title, p.example)
		}
		if seen[name] {
			return wrong("interfaces", "%s is there twice", name)
		}
		seen[name] = true
	}
	if p.oneInterface && len(s.Interfaces) > 1 {
		return wrong("interfaces", "%s looks at one; write a configuration for each", p.Title)
	}
	return nil
}

func (p *Platform) source(s *Settings) error {
	switch {
	case s.Source == "" && p.sourceNeeded:
		return wrong("source", "%s needs to know %s", p.Title, p.sourceIs)
	case s.Source == "":
		return nil
	case p.sourceIs == "":
		return wrong("source", "%s sends from the address of the interface that leads to the collector: leave it out", p.Title)
	}
	address, err := netip.ParseAddr(s.Source)
	switch {
	case err == nil && p.sourceInterface:
		return wrong("source", "%s wants the name of an interface, such as %s, not an address", p.Title, p.example)
	case err == nil && address.Zone() == "":
		s.Source = address.Unmap().String()
		return nil
	case p.sourceInterface && p.interfaceName().MatchString(s.Source):
		return nil
	case p.sourceInterface:
		return wrong("source", "%q is not what %s calls an interface", s.Source, p.Title)
	}
	return wrong("source", "%q is not an address", s.Source)
}

func (p *Platform) times(s *Settings) error {
	for _, t := range []struct {
		setting  string
		value    *time.Duration
		standard time.Duration
		takes    span
	}{
		{"active_timeout", &s.Active, DefaultActive, p.active},
		{"inactive_timeout", &s.Inactive, DefaultInactive, p.inactive},
		{"template_refresh", &s.Template, DefaultTemplate, p.template},
	} {
		none := s.Protocol == SFlow || t.setting == "template_refresh" && s.Protocol == NetFlow5
		switch {
		case *t.value == 0 && (none || !t.takes.set()):
			continue
		case none:
			return wrong(t.setting, "there is none in %s", s.Protocol)
		case !t.takes.set():
			return wrong(t.setting, "%s does not let one set it", p.Title)
		case *t.value == 0:
			*t.value = t.takes.atLeast(t.standard)
		}
		if err := t.takes.check(t.setting, *t.value, p.Title); err != nil {
			return err
		}
	}
	return nil
}

func (p *Platform) samples(s *Settings) error {
	needed := p.sampling.needed || s.Protocol == SFlow
	switch {
	case s.Sampling < 0:
		return wrong("sampling", "%d packets are none to take one of", s.Sampling)
	case s.Sampling == 0 && needed:
		s.Sampling = 1024
		return nil
	case s.Sampling <= 1 && !needed:
		s.Sampling = 1
		return nil
	case p.sampling.most == 0:
		return wrong("sampling", "%s looks at every packet: leave it out", p.Title)
	case len(p.sampling.only) > 0 && !slices.Contains(p.sampling.only, s.Protocol):
		return wrong("sampling", "%s samples with %s only", p.Title, list(p.sampling.only))
	case s.Sampling > p.sampling.most:
		return wrong("sampling", "%s takes one of %d packets at most, not of %d", p.Title, p.sampling.most, s.Sampling)
	case p.sampling.powerOfTwo && bits.OnesCount(uint(s.Sampling)) != 1:
		return wrong("sampling", "%s takes powers of two, and %d is none", p.Title, s.Sampling)
	}
	return nil
}

func (p *Platform) directions(s *Settings) error {
	if s.Direction == "" {
		s.Direction = p.Directions[0]
	}
	if !slices.Contains(p.Directions, s.Direction) {
		return wrong("direction", "%s looks at %s, not %s", p.Title, list(p.Directions), s.Direction)
	}
	if s.Domain != 0 && p.domain == 0 {
		return wrong("domain", "%s does not let one set it", p.Title)
	}
	most := p.domain
	if s.Protocol == NetFlow5 {
		most = min(most, 255) // its engine_id is an octet
	}
	switch {
	case s.Domain != 0 && s.Protocol == SFlow:
		return wrong("domain", "there is none in %s", s.Protocol)
	case s.Domain < 0 || s.Domain > most:
		return wrong("domain", "%s takes 0 to %d in %s, not %d", p.Title, most, s.Protocol, s.Domain)
	}
	return nil
}

// flows is about which there are, and how many.
func (p *Platform) flows(s *Settings) error {
	switch {
	case s.MaxFlows != 0 && p.maxFlows == 0:
		return wrong("max_flows", "%s does not let one set it", p.Title)
	case s.MaxFlows < 0 || s.MaxFlows > p.maxFlows:
		return wrong("max_flows", "%s takes 1 to %d, not %d", p.Title, p.maxFlows, s.MaxFlows)
	case s.Filter != "" && !p.filters:
		return wrong("filter", "%s does not let one set it", p.Title)
	case s.Filter != "" && !filter.MatchString(s.Filter):
		return wrong("filter", "%q cannot be passed on: write words of letters, digits and %s with a blank between them, without quotes", s.Filter, filterRunes)
	case s.Track == "" && len(p.tracks) > 0:
		s.Track = p.tracks[0]
	case s.Track != "" && len(p.tracks) == 0:
		return wrong("track", "%s does not let one set it", p.Title)
	case s.Track != "" && !slices.Contains(p.tracks, s.Track):
		return wrong("track", "%s tracks %s, not %s", p.Title, list(p.tracks), s.Track)
	}
	return nil
}

// list is for people: "a, b or c".
func list[T ~string](words []T) string {
	texts := make([]string, 0, len(words))
	for _, w := range words {
		texts = append(texts, string(w))
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	return strings.Join(texts[:len(texts)-1], ", ") + " or " + texts[len(texts)-1]
}
