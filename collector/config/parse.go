package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Parse reads a settings file over the defaults. The error is an Errors with every mistake at once; name is the file's, for messages. With an
// error, the settings are of use only to look at what else is wrong.
func Parse(name string, data []byte) (Config, error) {
	c := Default()
	p := parser{leaves: leaves(&c), at: map[string]*yaml.Node{}, file: name}
	p.document(data)
	if len(p.errors) == 0 {
		for _, found := range c.validate() {
			p.fail(p.position(found.key), found.key, found.message)
		}
	}
	if len(p.errors) > 0 {
		p.errors.Sort()
		return c, p.errors
	}
	return c, nil
}

// Settings lists the settings that a file has, by dotted name, with their canonical text. What the file leaves out is not listed.
func Settings(data []byte) (map[string]string, error) {
	c := Default()
	p := parser{leaves: leaves(&c), at: map[string]*yaml.Node{}}
	p.document(data)
	if len(p.errors) > 0 {
		return nil, p.errors
	}
	settings := make(map[string]string, len(p.at))
	for _, l := range p.leaves {
		if p.at[l.key] != nil {
			settings[l.key] = l.text()
		}
	}
	return settings, nil
}

// parser sets leaves from YAML nodes.
type parser struct {
	file   string
	leaves []leaf
	at     map[string]*yaml.Node // where each setting of the file stands
	errors Errors
}

func (p *parser) fail(at *yaml.Node, key, message string) {
	e := &Error{File: p.file, Key: key, Message: message}
	if at != nil {
		e.Line, e.Column = at.Line, at.Column
	}
	p.errors = append(p.errors, e)
}

func (p *parser) position(key string) *yaml.Node { return p.at[key] }

func (p *parser) document(data []byte) {
	root, mistake := yamlfile.Root(p.file, data)
	switch {
	case mistake != nil:
		p.errors = append(p.errors, mistake)
	case root != nil:
		p.mapping("", root)
	}
}

// mapping reads an object of the tree.
func (p *parser) mapping(prefix string, n *yaml.Node) {
	if yamlfile.IsNull(n) {
		return // "output:" with everything below it commented out
	}
	if n.Kind != yaml.MappingNode {
		p.fail(n, strings.TrimSuffix(prefix, "."), "must have settings below it")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := prefix + name.Value
		if seen[key] {
			p.fail(name, "", fmt.Sprintf("setting %q is there twice", key))
			continue
		}
		seen[key] = true
		p.entry(key, name, value)
	}
}

func (p *parser) entry(key string, name, value *yaml.Node) {
	below := false
	for _, l := range p.leaves {
		if l.key == key {
			p.leaf(l, value)
			return
		}
		below = below || strings.HasPrefix(l.key, key+".")
	}
	if below {
		p.mapping(key+".", value)
		return
	}
	p.fail(name, "", unknown(key, p.names()))
}

// names lists settings and the objects that hold them.
func (p *parser) names() []string {
	var names []string
	for _, l := range p.leaves {
		names = append(names, l.key)
		for i, r := range l.key {
			if r == '.' && !slices.Contains(names, l.key[:i]) {
				names = append(names, l.key[:i])
			}
		}
	}
	return names
}

func (p *parser) leaf(l leaf, n *yaml.Node) {
	p.at[l.key] = n
	var err error
	switch {
	case n.Kind == yaml.AliasNode:
		err = errors.New("YAML aliases are not supported")
	case yamlfile.IsNull(n):
		err = fmt.Errorf("needs a value (%s)", l.kind())
	case l.isList() && n.Kind == yaml.SequenceNode:
		list := []string{}
		for _, element := range n.Content {
			if element.Kind != yaml.ScalarNode {
				p.fail(element, l.key, "must be a list of plain values")
				return
			}
			list = append(list, element.Value)
		}
		err = l.setList(list)
	case n.Kind != yaml.ScalarNode:
		err = fmt.Errorf("must be a plain value (%s)", l.kind())
	default:
		err = l.setText(n.Value)
	}
	if err != nil {
		p.fail(n, l.key, err.Error())
	}
}
