package exporterconfig

import (
	"embed"
	"fmt"
	"math/bits"
	"net"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// Result is what to do on a device.
type Result struct {
	Platform      string   `json:"platform"`
	Settings      Settings `json:"-"`             // all of them: what was said, and what that leaves
	Configuration string   `json:"configuration"` // lines to type or to paste; numbered steps where there is only a web page
	Removal       string   `json:"removal"`       // the same to take it away again
	Warnings      []string `json:"warnings"`      // what may disappoint
	Notes         []string `json:"notes"`
	Sources       []Source `json:"sources"`
}

//go:embed platforms/*.tmpl
var files embed.FS

var templates = template.Must(template.New("").Funcs(template.FuncMap{
	"seconds":      func(d time.Duration) int { return int(d / time.Second) },
	"minutes":      func(d time.Duration) int { return int(d / time.Minute) },
	"milliseconds": func(d time.Duration) int { return int(d / time.Millisecond) },
	"join":         func(separator string, words []string) string { return strings.Join(words, separator) },
	"target":       func(s Settings) string { return net.JoinHostPort(s.Collector, strconv.Itoa(s.Port)) },
	"less":         func(n int) int { return n - 1 },
	"power":        func(n int) int { return bits.TrailingZeros(uint(n)) },
	"junos":        junos,
	"families":     func() []string { return []string{"ipv4", "ipv6"} },
}).ParseFS(files, "platforms/*.tmpl"))

// In says whether packets that come in are looked at.
func (s Settings) In() bool { return s.Direction != Egress }

// Out says whether packets that go out are looked at.
func (s Settings) Out() bool { return s.Direction != Ingress }

// Sampled says whether only some packets are looked at.
func (s Settings) Sampled() bool { return s.Sampling > 1 }

// IPv6 says whether the collector has an IPv6 address.
func (s Settings) IPv6() bool { return strings.Contains(s.Collector, ":") }

// Version is the number of a version of NetFlow, 10 for IPFIX.
func (s Settings) Version() int {
	return map[Protocol]int{NetFlow5: 5, NetFlow9: 9, IPFIX: 10}[s.Protocol]
}

// junos names an interface as configuration does: ge-0/0/0.5 is unit 5 of ge-0/0/0.
func junos(name string) string {
	base, unit, found := strings.Cut(name, ".")
	if !found {
		unit = "0"
	}
	return base + " unit " + unit
}

var blank = regexp.MustCompile(`\n{2,}`)

// Render says what to do on a platform. An error is a *SettingError, or about a platform that there is not.
func Render(platform string, settings Settings) (Result, error) {
	p := Find(platform)
	if p == nil {
		return Result{}, wrong("platform", "there is no %q; there are %s", platform, strings.Join(Names(), ", "))
	}
	s, err := p.complete(settings)
	if err != nil {
		return Result{}, err
	}
	r := Result{Platform: p.Name, Settings: s, Notes: p.Notes, Sources: p.Sources}
	for name, into := range map[string]*string{"configuration": &r.Configuration, "removal": &r.Removal} {
		var b strings.Builder
		if err := templates.ExecuteTemplate(&b, p.Name+" "+name, s); err != nil {
			return Result{}, fmt.Errorf("unable to write the %s for %s: %w", name, p.Title, err)
		}
		*into = strings.TrimSpace(blank.ReplaceAllString(b.String(), "\n")) + "\n"
	}
	r.Warnings = p.warnings(s)
	return r, nil
}

func (p *Platform) warnings(s Settings) []string {
	all := []string{}
	if s.Active > DefaultActive {
		all = append(all, fmt.Sprintf("Flows that go on are reported every %s: graphs by the minute will show peaks. 60 s or less would be better.", s.Active))
	}
	if s.Direction == Both && len(s.Interfaces) != 1 {
		all = append(all, "What comes in by one of these interfaces and leaves by another is counted twice. Look at ingress of all interfaces only, or at flows of one direction in dashboards.")
	}
	if s.Protocol == NetFlow5 {
		all = append(all, "NetFlow v5 has no IPv6 flows, 16 bit of an AS, and no octets beyond 32 bit.")
	}
	for _, w := range p.Warnings {
		if len(w.Only) == 0 || slices.Contains(w.Only, s.Protocol) {
			all = append(all, w.Text)
		}
	}
	return all
}
