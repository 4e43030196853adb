package config

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// FromSettings reads settings given by dotted name over the defaults. The error is an Errors whose elements carry the Key, in the order of
// the keys.
func FromSettings(settings map[string]string) (Config, error) {
	c := Default()
	all := leaves(&c)
	var failed Errors
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		i := slices.IndexFunc(all, func(l leaf) bool { return l.key == key })
		if i < 0 {
			names := make([]string, len(all))
			for i, l := range all {
				names[i] = l.key
			}
			failed = append(failed, &Error{Key: key, Message: unknown(key, names)})
			continue
		}
		if err := all[i].setText(settings[key]); err != nil {
			failed = append(failed, &Error{Key: key, Message: err.Error()})
		}
	}
	if failed == nil {
		for _, found := range c.validate() {
			failed = append(failed, &Error{Key: found.key, Message: found.message})
		}
	}
	if failed != nil {
		return Config{}, failed
	}
	return c, nil
}

// Canonical is the text that all spellings of a value share: "1024KiB" and "1 MiB" are "1MiB". The error says what is wrong with it.
func Canonical(key, value string) (string, error) {
	c := Default()
	for _, l := range leaves(&c) {
		if l.key == key {
			if err := l.setText(value); err != nil {
				return "", &Error{Key: key, Message: err.Error()}
			}
			return l.text(), nil
		}
	}
	return "", &Error{Key: key, Message: unknown(key, nil)}
}

// KeyInfo describes one setting.
type KeyInfo struct {
	Key, Type, Default, Description string
	Restart                         bool // a change is in force only after a restart of the service
}

// Keys describes every setting, in the order of the tree.
func Keys() []KeyInfo {
	var c Config
	all := leaves(&c)
	keys := make([]KeyInfo, 0, len(all))
	for _, l := range all {
		keys = append(keys, KeyInfo{l.key, l.kind(), l.fallback, l.desc, l.restart})
	}
	return keys
}

// Setting is a setting with its value.
type Setting struct {
	Key, Value, Default, Description string
	Changed                          bool // the value is another than the default
	Restart                          bool // a change is in force only after a restart of the service
}

// Settings lists every setting, in the order of the tree. None of the values is a secret: those are in files of their own.
func (c Config) Settings() []Setting {
	all := leaves(&c)
	list := make([]Setting, 0, len(all))
	standard := Default()
	defaults := leaves(&standard)
	for i, l := range all {
		list = append(list, Setting{l.key, l.text(), defaults[i].text(), l.desc, l.text() != defaults[i].text(), l.restart})
	}
	return list
}

const header = "# Settings of flowcollector. Everything that is not here is at its default: flowcollector check --print-effective shows all.\n"

// YAML is a settings file with what differs from the defaults, in the order of the tree.
func (c Config) YAML() ([]byte, error) {
	standard := Default()
	defaults := leaves(&standard)
	var changed []leaf
	for i, l := range leaves(&c) {
		if l.text() != defaults[i].text() {
			changed = append(changed, l)
		}
	}
	return render(header, changed)
}

// EffectiveYAML is a settings file with everything, the defaults included.
func (c Config) EffectiveYAML() ([]byte, error) { return render("", leaves(&c)) }

func render(first string, list []leaf) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(first)
	if len(list) == 0 {
		return b.Bytes(), nil
	}
	root := &yaml.Node{Kind: yaml.MappingNode}
	for _, l := range list {
		put(root, strings.Split(l.key, "."), l)
	}
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(root); err != nil {
		return nil, err
	}
	return b.Bytes(), e.Close()
}

// put adds a setting below root, with the objects on the way.
func put(root *yaml.Node, names []string, l leaf) {
	at := root
	for _, name := range names[:len(names)-1] {
		i := 0
		for i < len(at.Content) && at.Content[i].Value != name {
			i += 2
		}
		if i == len(at.Content) {
			at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: name}, &yaml.Node{Kind: yaml.MappingNode})
		}
		at = at.Content[i+1]
	}
	at.Content = append(at.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: names[len(names)-1]}, l.node())
}

func (l leaf) node() *yaml.Node {
	list, ok := l.value.Interface().([]string)
	if !ok {
		n := &yaml.Node{Kind: yaml.ScalarNode, Value: l.text()}
		if l.kind() == "text" {
			n.Tag = "!!str" // quoted where it would read as something else
		}
		return n
	}
	n := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, element := range list {
		n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: element})
	}
	return n
}
