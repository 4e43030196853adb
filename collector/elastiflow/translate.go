package elastiflow

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Entry says what became of one setting.
type Entry struct {
	Name   string   `json:"name"`
	File   string   `json:"file"`
	Line   int      `json:"line"`
	Result Class    `json:"result"`
	To     []string `json:"to,omitempty"` // settings of this collector, or a credential of systemd
	Note   string   `json:"note,omitempty"`
}

// Result is a translation.
type Result struct {
	Config  config.Config
	Entries []Entry // in the order of the settings

	origins     map[string][]string // where each setting of Config is from
	credentials []string
	metadata    []Metadata
}

// Loses lists the entries of which something may be missing.
func (r *Result) Loses() int {
	n := 0
	for _, e := range r.Entries {
		if e.Result.Loses() {
			n++
		}
	}
	return n
}

// translation is a Result in the making.
type translation struct {
	given     map[string]Setting // by the option's name
	settings  map[string]string  // of this collector, by dotted name
	origins   map[string][]string
	positions map[string]Setting // the same, for messages
	metadata  []Metadata
	now       Setting // being translated
	option    *Option // of it
	failed    yamlfile.Errors
}

// Translate turns settings into those of this collector. The error is a yamlfile.Errors that names the setting, or that of the resulting
// settings that cannot be together.
func Translate(in Input) (*Result, error) {
	t := &translation{given: map[string]Setting{}, settings: map[string]string{}, origins: map[string][]string{}, positions: map[string]Setting{}}
	r := &Result{}
	chosen := t.order(in.Settings)
	for _, one := range chosen {
		e := Entry{Name: one.Name, File: one.File, Line: one.Line, Result: one.class, Note: one.note}
		if one.class == "" {
			t.now, t.option = one.Setting, one.option
			e = t.entry(one)
		}
		if e.Result == SecretToKeep && !slices.Contains(r.credentials, e.To[0]) {
			r.credentials = append(r.credentials, e.To[0])
		}
		r.Entries = append(r.Entries, e)
	}
	for _, f := range in.Forgotten {
		r.Entries = append(r.Entries, Entry{Name: f.Name, File: f.File, Line: f.Line, Result: NotNeeded, Note: f.Why})
	}
	for _, include := range in.Includes {
		r.Entries = append(r.Entries, Entry{Name: include.Name, File: include.File, Line: include.Line, Result: NoEquivalent, Note: "name this file too, its settings are not in here: " + include.Value})
	}
	t.derive()
	if t.failed != nil {
		t.failed.Sort()
		return nil, t.failed
	}
	var err error
	if r.Config, err = config.FromSettings(t.settings); err != nil {
		return nil, t.place(err)
	}
	r.origins, r.metadata = t.origins, t.metadata
	r.awaitFiles()
	return r, r.markDefaults()
}

// place says which of ElastiFlow's settings the mistakes of this collector's are from.
func (t *translation) place(err error) error {
	var list yamlfile.Errors
	if !errors.As(err, &list) {
		return err
	}
	for _, e := range list {
		for _, key := range slices.Sorted(maps.Keys(t.positions)) {
			if s := t.positions[key]; key == e.Key || e.File == "" && strings.Contains(e.Message, key) { // "is needed for" the other
				e.File, e.Line, e.Column, e.Message = s.File, s.Line, s.Column, s.Name+": "+e.Message
			}
		}
	}
	return list
}

// candidate is a setting with its option.
type candidate struct {
	Setting
	option *Option
	class  Class // decided already
	note   string
}

// namespaced are outputs of which there may be several in ElastiFlow.
var namespaced = regexp.MustCompile(`^EF_(?:FLOW_)?([A-Z0-9_]+?)_OUTPUT_([A-Z0-9_]+)$`)

// order finds the options, and which of several settings of one counts: the last.
func (t *translation) order(list []Setting) []candidate {
	chosen := map[string]string{} // namespace of each output, by the option that turns it on
	for _, s := range list {
		if o, space := find(s.Name); o != nil && space != "" && strings.HasSuffix(o.Name, "_ENABLE") {
			if on, err := boolean(s.Value); (err != nil || on) && chosen[o.Name] == "" {
				chosen[o.Name] = space
			}
		}
	}
	all := make([]candidate, 0, len(list))
	last := map[string]int{}
	for i, s := range list {
		c := candidate{Setting: s}
		o, space := find(s.Name)
		switch {
		case o == nil:
			c.class, c.note = Unknown, "ElastiFlow has no setting of this name that is known here, and ignores such a one"
			if like := yamlfile.Nearest(s.Name, names()); like != "" {
				c.note += "; did you mean " + like + "?"
			}
		case space != "" && chosen[enabler(o)] == "":
			c.class, c.note = NotNeeded, "the output of namespace "+space+" is off"
		case space != "" && chosen[enabler(o)] != space:
			c.class = NoEquivalent
			c.note = "there is one output of a kind, and that of namespace " + chosen[enabler(o)] + " is taken; run a second collector for " + space
		default:
			c.option = o
			if before, again := last[o.Name]; again {
				b := &all[before]
				b.class, b.note = NotNeeded, fmt.Sprintf("it is said again, and what is said last counts: %s, line %d", s.File, s.Line)
			}
			last[o.Name] = i
			t.given[o.Name] = s
		}
		all = append(all, c)
	}
	return all
}

// find returns the option of a name, and the namespace in it.
func find(name string) (*Option, string) {
	if o := byName[name]; o != nil {
		return o, ""
	}
	if m := namespaced.FindStringSubmatch(name); m != nil {
		if o := byName["EF_OUTPUT_"+m[2]]; o != nil {
			return o, m[1]
		}
	}
	return nil, ""
}

// enabler is the option that turns an output on.
func enabler(o *Option) string {
	for o.On != "" {
		o = byName[o.On]
	}
	return o.Name
}

func names() []string {
	list := make([]string, 0, len(byName))
	for name := range byName {
		list = append(list, name)
	}
	slices.Sort(list) // of words that are equally near the first is meant
	return list
}

// variable finds what Docker Compose or a shell would fill in.
var variable = regexp.MustCompile(`\$\{|^\$[A-Za-z_]`)

func (t *translation) entry(c candidate) Entry {
	o := c.option
	e := Entry{Name: c.Name, File: c.File, Line: c.Line, Result: o.Class, Note: o.Text}
	if o.Class == Translated || o.Class == SecretToKeep {
		e.To = o.To
	}
	switch {
	case strings.TrimSpace(c.Value) == "":
		e.Result, e.To, e.Note = NotNeeded, nil, "it is empty"
	case t.off(o) != "":
		e.Result, e.To, e.Note = NotNeeded, nil, t.off(o)+" is not on"
	case o.Name == networksPath || o.Name == netifsPath: // see Convert
	case (o.Class == Translated || o.read != nil) && variable.MatchString(c.Value):
		e.Result, e.To, e.Note = NoEquivalent, nil, "its value is that of a variable which is not in here; resolve it first (docker compose config), or set "+strings.Join(o.To, ", ")+" by hand"
	case o.read != nil:
		v, err := o.read(t, strings.TrimSpace(c.Value))
		if err != nil {
			t.failed = append(t.failed, c.fail(err.Error()))
		}
		if v.class != "" {
			e.Result, e.Note, e.To = v.class, v.note, nil
			if v.class == Translated {
				e.To = o.To
			}
		}
	}
	if o.Name != c.Name && e.Result != Unknown {
		e.Note = strings.TrimPrefix(e.Note+"; an older name of "+o.Name, "; ")
	}
	return e
}

// off is the option without which another one does nothing, if it is not on.
func (t *translation) off(o *Option) string {
	if o.On == "" {
		return ""
	}
	if above := t.off(byName[o.On]); above != "" {
		return above
	}
	if t.on(o.On) {
		return ""
	}
	return o.On
}

// value is what an option is set to, or ElastiFlow's default.
func (t *translation) value(name string) string {
	if t.unresolved(name) {
		return byName[name].Default
	}
	return cmp.Or(strings.TrimSpace(t.given[name].Value), byName[name].Default)
}

func (t *translation) unresolved(name string) bool { return variable.MatchString(t.given[name].Value) }

// on tells whether an option is true. What is not a truth is reported where it is read.
func (t *translation) on(name string) bool {
	on, err := boolean(t.value(name))
	return on && err == nil || t.unresolved(name)
}

// set gives a setting of this collector a value. One that is out of bounds stays at its default, and is explained.
func (t *translation) set(key, value string) verdict {
	if _, err := config.Canonical(key, value); err != nil {
		var mistake *config.Error
		text := err.Error()
		if errors.As(err, &mistake) {
			text = mistake.Message
		}
		return verdict{NoEquivalent, key + " stays at its default: " + text}
	}
	t.settings[key] = value
	t.from(key, t.now)
	return verdict{class: Translated, note: t.option.Text}
}

// add adds to a list.
func (t *translation) add(key string, elements ...string) verdict {
	list := []string{}
	if before := t.settings[key]; before != "" {
		list = strings.Split(before, ", ")
	}
	for _, e := range elements {
		if !slices.Contains(list, e) {
			list = append(list, e)
		}
	}
	return t.set(key, strings.Join(list, ", "))
}

// from notes where a setting comes from.
func (t *translation) from(key string, s Setting) {
	if t.positions[key] == (Setting{}) {
		t.positions[key] = s
	}
	if text := fmt.Sprintf("%s, %s line %d", s.Name, s.File, s.Line); !slices.Contains(t.origins[key], text) {
		t.origins[key] = append(t.origins[key], text)
	}
}

// markDefaults tells settings that change something from those that are the same by default.
func (r *Result) markDefaults() error {
	defaults, err := standard()
	if err != nil {
		return err
	}
	now, err := texts(r.Config)
	if err != nil {
		return err
	}
	for i := range r.Entries {
		e := &r.Entries[i]
		same := e.Result == Translated && len(e.To) > 0
		for _, key := range e.To {
			value, isSetting := now[key]
			same = same && isSetting && value == defaults[key]
		}
		if same {
			e.Result = AsDefault
		}
	}
	return nil
}

// standard are the defaults in their text form.
var standard = sync.OnceValues(func() (map[string]string, error) { return texts(config.Default()) })

// texts are all settings in their text form, by dotted name.
func texts(c config.Config) (map[string]string, error) {
	all, err := c.EffectiveYAML()
	if err != nil {
		return nil, err
	}
	return config.Settings(all)
}
