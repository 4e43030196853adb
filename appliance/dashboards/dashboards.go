// Package dashboards has the views of flows: definitions in Go, of which saved objects of Kibana are made, and the searches that these ask of Elasticsearch. Every
// field that a view uses is in the table of the collector's documents, and can be used so; every search is bounded.
package dashboards

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/dashboards/vega"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Options are what a user says about the dashboards. The zero value of each stands for its default.
type Options struct {
	Prefix      string      // of the ids of all objects; default flows
	Index       string      // data stream, alias or pattern that the flows are in; default flows
	HealthIndex string      // likewise, of the documents of collectors about themselves; default health-flows
	Title       *string     // in front of the title of each dashboard; default "Flows: "
	Deduplicate Deduplicate // default none
	Views       []string    // names of the views; default all
	Speeds      []Speed     // of interfaces, which no flow record says
}

// The defaults.
const (
	DefaultPrefix      = "flows"
	DefaultIndex       = "flows"
	DefaultHealthIndex = "health-flows"
	DefaultTitle       = "Flows: "
)

// Deduplicate is which of the flows of exporters that report what comes in and what goes out are counted.
type Deduplicate string

// The ways to count each packet once.
const (
	DeduplicateNone    Deduplicate = "none"    // all flows
	DeduplicateIngress Deduplicate = "ingress" // without those that exporters saw going out
	DeduplicateEgress  Deduplicate = "egress"  // without those that exporters saw coming in
)

// Deduplications are all of them.
var Deduplications = []Deduplicate{DeduplicateNone, DeduplicateIngress, DeduplicateEgress}

// Filter chooses the flows that are counted. Those of exporters that do not say the direction are always among them.
func (d Deduplicate) Filter() Filter {
	switch d {
	case DeduplicateIngress:
		return Not(Is("flow.direction", "egress"))
	case DeduplicateEgress:
		return Not(Is("flow.direction", "ingress"))
	case DeduplicateNone:
	}
	return Filter{}
}

// Speed is how fast an interface is.
type Speed = vega.Speed

// OptionError is what is wrong with an option: its name, as a user writes it.
type OptionError struct{ Option, Message string }

func (e *OptionError) Error() string { return e.Message }

func (o Options) complete() (Options, error) {
	if o.Prefix == "" {
		o.Prefix = DefaultPrefix
	}
	if o.Index == "" {
		o.Index = DefaultIndex
	}
	if o.HealthIndex == "" {
		o.HealthIndex = DefaultHealthIndex
	}
	if o.Title == nil {
		title := DefaultTitle
		o.Title = &title
	}
	if o.Deduplicate == "" {
		o.Deduplicate = DeduplicateNone
	}
	switch {
	case !slices.Contains(Deduplications, o.Deduplicate):
		return o, &OptionError{"deduplicate", fmt.Sprintf("deduplicate is none, ingress or egress, not %q", o.Deduplicate)}
	case !indexForm.MatchString(o.Index):
		return o, &OptionError{"index", fmt.Sprintf("%q is no name of an index and no pattern of such", o.Index)}
	case !indexForm.MatchString(o.HealthIndex):
		return o, &OptionError{"health_index", fmt.Sprintf("%q is no name of an index and no pattern of such", o.HealthIndex)}
	}
	if err := checkSpeeds(o.Speeds); err != nil {
		return o, err
	}
	for _, name := range o.Views {
		if !slices.Contains(Names(), name) {
			return o, &OptionError{"views", fmt.Sprintf("there is no view %q; there are %s", name, strings.Join(Names(), ", "))}
		}
	}
	return o, nil
}

func checkSpeeds(speeds []Speed) error {
	known := map[[2]string]bool{}
	for _, s := range speeds {
		address, err := netip.ParseAddr(s.Exporter)
		_, number := strconv.ParseUint(s.Interface, 10, 32)
		id := [2]string{s.Exporter, s.Interface}
		switch {
		case err != nil || address.String() != s.Exporter:
			return &OptionError{"interface_speeds", fmt.Sprintf("%q is no address of an exporter as documents have it, such as 192.0.2.1 or 2001:db8::1", s.Exporter)}
		case number != nil:
			return &OptionError{"interface_speeds", fmt.Sprintf("%q is no ifIndex of an interface of %s", s.Interface, s.Exporter)}
		case s.BitsPerSecond == 0:
			return &OptionError{"interface_speeds", fmt.Sprintf("interface %s of %s has the speed 0", s.Interface, s.Exporter)}
		case known[id]:
			return &OptionError{"interface_speeds", fmt.Sprintf("interface %s of %s is there twice", s.Interface, s.Exporter)}
		}
		known[id] = true
	}
	return nil
}

// indexForm is of names of indices, with stars and commas (Elasticsearch reference, "Create index API", path parameters).
var indexForm = regexp.MustCompile(`^[a-z0-9.*][a-z0-9._*,-]*$`)

// Names are the names of all views.
func Names() []string {
	views := Views()
	names := make([]string, len(views))
	for i, v := range views {
		names[i] = v.Name
	}
	return names
}

func (o Options) views() []View {
	views := Views()
	if len(o.Views) > 0 {
		views = slices.DeleteFunc(views, func(v View) bool { return !slices.Contains(o.Views, v.Name) })
	}
	return views
}

// Build makes the saved objects: what others need comes before them. Equal options make equal objects, with equal ids.
func Build(o Options) ([]kibana.Object, error) {
	o, err := o.complete()
	if err != nil {
		return nil, err
	}
	if err := checkAll(Views()); err != nil {
		return nil, errors.Join(errors.New("the definitions of the dashboards are wrong"), err)
	}
	c := &context{options: o, views: o.views()}
	objects := []kibana.Object{c.indexPattern(schema.Flows)}
	if slices.ContainsFunc(c.views, asksForHealth) {
		objects = append(objects, c.indexPattern(schema.Health))
	}
	made := map[string]kibana.Object{}
	for _, view := range c.views {
		for _, panel := range view.Panels() {
			name := panel.Visual.About().Name
			object := c.object(name, panel.Visual.saved(c))
			switch other, there := made[name]; {
			case !there:
				made[name] = object
				objects = append(objects, object)
			case other.Digest() != object.Digest():
				return nil, fmt.Errorf("the definitions of the dashboards are wrong: in view %s another visual is called %s", view.Name, name)
			}
		}
	}
	for _, view := range c.views {
		objects = append(objects, c.object(view.Name, c.dashboard(view)))
	}
	return objects, nil
}

// asksForHealth tells whether a view is about documents of health, among others.
func asksForHealth(v View) bool {
	return slices.ContainsFunc(v.Panels(), func(p Panel) bool { return p.Visual.About().Documents() == schema.Health })
}

// NDJSON writes objects as Kibana exports them: one a line, and a line that counts them.
func NDJSON(objects []kibana.Object) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, o := range objects {
		if err := encoder.Encode(o); err != nil {
			panic(err) // maps, lists and texts
		}
	}
	fmt.Fprintf(&out, "{\"exportedCount\":%d,\"missingRefCount\":0,\"missingReferences\":[]}\n", len(objects))
	return out.Bytes()
}
