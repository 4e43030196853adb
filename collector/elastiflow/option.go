package elastiflow

import "strings"

// Option is a setting that ElastiFlow has, or had, and what becomes of it here.
type Option struct {
	Name    string   // in the newest version that has it
	Old     []string // in versions before
	Default string   // ElastiFlow's, where it matters that nothing is said
	On      string   // the option without which this one does nothing; empty: none
	Rule
}

// Class says what becomes of a setting.
type Class string

// The classes. Only those of NoEquivalent and Unknown may lose something.
const (
	Translated   Class = "translated"
	AsDefault    Class = "default" // translated, to what is the default here
	NotNeeded    Class = "not needed"
	SecretToKeep Class = "secret" // to be put into a credential by hand
	NoEquivalent Class = "no equivalent"
	Unknown      Class = "unknown"
)

// Loses tells whether something of a setting of the class may be missing afterwards.
func (c Class) Loses() bool { return c == NoEquivalent || c == Unknown }

// generations are the prefixes of names in version 5, for those of versions 6 and 7. The first that fits counts.
var generations = []struct{ now, before string }{
	{"EF_PROCESSOR_DECODE_", "EF_FLOW_DECODER_"},
	{"EF_PROCESSOR_ENRICH_IPADDR_", "EF_FLOW_DECODER_ENRICH_"},
	{"EF_PROCESSOR_ENRICH_", "EF_FLOW_DECODER_ENRICH_"},
	{"EF_PROCESSOR_", "EF_FLOW_DECODER_"},
	{"EF_OUTPUT_", "EF_FLOW_OUTPUT_"},
	{"EF_LOGGER_", "EF_FLOW_LOGGER_"},
	{"EF_LICENSE_KEY", "EF_FLOW_LICENSE_KEY"},
	{"EF_ACCOUNT_ID", "EF_FLOW_ACCOUNT_ID"},
}

// before5 is the name of an option in version 5, or empty when it is the same.
func before5(name string) string {
	for _, g := range generations {
		if rest, ok := strings.CutPrefix(name, g.now); ok {
			return g.before + rest
		}
	}
	return ""
}

// Options are all options, in the order of the reference page.
func Options() []Option { return options }

var options = complete(inputOptions, serviceOptions, processorOptions, addressOptions, elasticsearchOptions, kafkaOptions, plainOptions, otherOutputs(), otherInputs)

// complete joins the parts of the table, and adds the names of version 5.
func complete(parts ...[]Option) []Option {
	var all []Option
	for _, part := range parts {
		for _, o := range part {
			if old := before5(o.Name); old != "" {
				o.Old = append([]string{old}, o.Old...)
			}
			all = append(all, o)
		}
	}
	return all
}

// byName finds options by all of their names.
var byName = func() map[string]*Option {
	index := map[string]*Option{}
	for i := range options {
		o := &options[i]
		for _, name := range append([]string{o.Name}, o.Old...) {
			if index[name] != nil {
				panic("elastiflow: " + name + " is there twice") // held by a test
			}
			index[name] = o
		}
	}
	return index
}()
