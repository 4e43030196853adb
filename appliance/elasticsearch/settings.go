package elasticsearch

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

// serverSettings are those that the classes of Elasticsearch 7.17.29 and its security module declare, as tools/elasticsearchsettings prints them: name, kind
// and flags. In a name, * stands for a word that the user chooses or, in the end, for any words; so does a name that ends in a dot.
//
//go:embed settings-7.17.tsv
var serverSettings string

// moduleSettings are those of the modules and plugins of the same release that are not part of it, from their documentation.
//
//go:embed settings-modules-7.17.tsv
var moduleSettings string

// setting is what is known of one.
type setting struct {
	kind       string // boolean, integer, time, size, list, text
	deprecated bool
	secure     bool // belongs into the keystore
	index      bool // belongs into an index, not into elasticsearch.yml
}

var known = sync.OnceValue(func() *stack.Names[setting] {
	list := new(stack.Names[setting])
	for line := range strings.Lines(serverSettings + moduleSettings) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		flags := strings.Split(fields[2], ",")
		list.Add(fields[0], setting{
			kind: fields[1], deprecated: slices.Contains(flags, "deprecated"), secure: slices.Contains(flags, "secure"), index: slices.Contains(flags, "index"),
		})
	}
	return list
})

// lookup finds what is known of a setting. A list may be written as NAME.0, NAME.1, …
func lookup(name string) (setting, bool) {
	if s, _, ok := known().Find(name); ok {
		return s, true
	}
	if list, _, ok := cutIndex(name); ok {
		if s, ok := lookup(list); ok && s.kind == "list" {
			s.kind = "text"
			return s, true
		}
	}
	return setting{}, false
}

var indexed = regexp.MustCompile(`^(.+)\.[0-9]+$`)

func cutIndex(name string) (list, index string, ok bool) {
	m := indexed.FindStringSubmatch(name)
	if m == nil {
		return "", "", false
	}
	return m[1], name[len(m[1])+1:], true
}

// similar is the known setting that was probably meant; empty when none is near.
func similar(name string, secure bool) string {
	return known().Nearest(name, max(2, len(name)/5)+1, func(_ string, s setting) bool { return s.secure == secure && !s.index && !s.deprecated })
}

// unknown says that there is no such setting, and what may have been meant.
func unknown(name string, secure bool) string {
	text := "Elasticsearch 7.17 has no such setting, and does not start with it"
	if guess := similar(name, secure); guess != "" {
		return text + "; did you mean " + guess + "?"
	}
	return text + "."
}

var values = map[string]struct {
	pattern *regexp.Regexp
	form    string
}{
	"boolean": {regexp.MustCompile(`^(true|false)$`), "true or false"},
	"integer": {regexp.MustCompile(`^-?[0-9]+$`), "a whole number"},
	"time":    {regexp.MustCompile(`^(-1|0|-?[0-9]+(nanos|micros|ms|s|m|h|d))$`), "a time such as 30s: a number and nanos, micros, ms, s, m, h or d"},
	"size":    {regexp.MustCompile(`(?i)^(-1|0|[0-9]+(\.[0-9]+)?(b|k|kb|m|mb|g|gb|t|tb|p|pb|%))$`), "a size such as 64mb: a number and b, kb, mb, gb, tb or pb, or a percentage"},
}

// checkValue tells why a value is none for the setting. What Elasticsearch takes from its environment, ${…}, is its business.
func (s setting) checkValue(value string) error {
	v, ok := values[s.kind]
	if !ok || strings.Contains(value, "${") || v.pattern.MatchString(value) {
		return nil
	}
	return fmt.Errorf("%q is not %s", value, v.form)
}
