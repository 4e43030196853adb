package element

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Bounds of a user's file.
const (
	MaxFileSize     = 1 << 20 // octets
	MaxFileElements = 4096
)

// Add makes a registry of the elements of r and those of a user's file, which is YAML:
//
//	elements:
//	  - enterprise: 64500
//	    id: 12
//	    name: acmeSessionId
//	    type: unsigned32
//	    same_as: flowId # optional: the IANA element whose meaning and encoding it shares
//	    replace: true   # optional: the registry knows another element by this number
//
// The error is a yamlfile.Errors with every mistake at once; file is the name of the file, for messages.
func (r *Registry) Add(file string, data []byte) (*Registry, error) {
	p := fileParser{file: file, known: r, lines: map[number]int{}, names: map[fileName]int{}}
	p.parse(data)
	if len(p.errors) > 0 {
		p.errors.Sort()
		return nil, p.errors
	}
	gone := map[number]bool{} // what the file has instead, and what follows from that by rule
	for _, e := range p.elements {
		gone[e.number()] = true
		if back := reversed(e); back != nil {
			gone[back.number()] = true
		}
	}
	elements := slices.DeleteFunc(slices.Clone(r.elements), func(e *Element) bool { return gone[e.number()] })
	return newRegistry(append(elements, p.elements...), r.sources), nil
}

// AddFile is Add of the file at a path.
func (r *Registry) AddFile(path string) (*Registry, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("unable to read the elements: %w", err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("unable to read the elements: %w", err)
	}
	return r.Add(path, data)
}

// fileName is what has to be different in each element of a file, besides the number.
type fileName struct {
	enterprise uint32
	name       string
}

// fileParser reads a user's file.
type fileParser struct {
	file     string
	known    *Registry
	elements []*Element
	lines    map[number]int // where each element of the file stands
	names    map[fileName]int
	errors   yamlfile.Errors
}

func (p *fileParser) fail(at *yaml.Node, key, message string) {
	p.errors = append(p.errors, &yamlfile.Error{File: p.file, Line: at.Line, Column: at.Column, Key: key, Message: message})
}

func (p *fileParser) parse(data []byte) {
	if len(data) > MaxFileSize {
		p.errors = yamlfile.Errors{{File: p.file, Message: fmt.Sprintf("the file has %d octets; it may have at most %d", len(data), MaxFileSize)}}
		return
	}
	root, mistake := yamlfile.Root(p.file, data)
	switch {
	case mistake != nil:
		p.errors = yamlfile.Errors{mistake}
		return
	case root == nil:
		return
	}
	for _, member := range p.mapping("", root, []string{"elements"}) {
		p.list(member.value)
	}
}

// member is a key of a mapping that it may have, and what stands behind it.
type member struct {
	key   string
	value *yaml.Node
}

// mapping lists the members of a mapping, each once, and complains about all others. An alias has to be written out: a file of a few lines
// could else stand for a thousand times as many.
func (p *fileParser) mapping(key string, n *yaml.Node, valid []string) []member {
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, key, "YAML aliases are not supported")
		return nil
	case n.Kind != yaml.MappingNode:
		p.fail(n, key, "must have "+strings.Join(valid, ", ")+" below it")
		return nil
	}
	var members []member
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(valid, name.Value):
			p.fail(name, key, unknown("key", name.Value, valid))
		case slices.ContainsFunc(members, func(m member) bool { return m.key == name.Value }):
			p.fail(name, key, name.Value+" is there twice")
		default:
			members = append(members, member{name.Value, value})
		}
	}
	return members
}

func (p *fileParser) list(n *yaml.Node) {
	switch {
	case yamlfile.IsNull(n):
		return // everything below it commented out
	case n.Kind == yaml.AliasNode:
		p.fail(n, "elements", "YAML aliases are not supported")
		return
	case n.Kind != yaml.SequenceNode:
		p.fail(n, "elements", "must be a list")
		return
	case len(n.Content) > MaxFileElements:
		p.fail(n, "elements", fmt.Sprintf("there are %d of them; a file may have at most %d", len(n.Content), MaxFileElements))
		return
	}
	for i, entry := range n.Content {
		p.entry(fmt.Sprintf("elements[%d]", i), entry)
	}
}

// The keys of an element, those that it must have first.
var (
	required = []string{"enterprise", "id", "name", "type"}
	keys     = append(slices.Clone(required), "same_as", "replace")
)

// entry reads one element.
func (p *fileParser) entry(key string, n *yaml.Node) {
	before := len(p.errors)
	values := map[string]*yaml.Node{}
	members := p.mapping(key, n, keys)
	for _, m := range members {
		if p.scalar(key+"."+m.key, m.value) {
			values[m.key] = m.value
		}
	}
	if n.Kind != yaml.MappingNode {
		return
	}
	for _, name := range required {
		if !slices.ContainsFunc(members, func(m member) bool { return m.key == name }) {
			p.fail(n, key, name+" is missing")
		}
	}
	e := &Element{}
	replace := false
	if v := values["enterprise"]; v != nil {
		e.Enterprise = uint32(p.number(key+".enterprise", v, 0, 1<<32-1, ""))
	}
	if v := values["id"]; v != nil {
		most, above := uint64(1<<16-1), ""
		if e.Enterprise != 0 {
			most, above = 1<<15-1, ": only NetFlow v9 has field types above, of enterprise 0"
		}
		e.ID = uint16(p.number(key+".id", v, 1, most, above))
	}
	if v := values["name"]; v != nil {
		if e.Name = v.Value; !ValidName(e.Name) {
			p.fail(v, key+".name", fmt.Sprintf("%q must be lower camel case, letters and digits, at most %d", clip(e.Name), MaxName))
		}
	}
	if v := values["type"]; v != nil {
		kind, ok := ParseType(v.Value)
		if e.Type = kind; !ok {
			p.fail(v, key+".type", fmt.Sprintf("unknown type %q; must be one of %s", clip(v.Value), strings.Join(TypeNames(), ", ")))
		}
	}
	if v := values["replace"]; v != nil {
		if replace = v.Value == "true"; !replace && v.Value != "false" {
			p.fail(v, key+".replace", "must be true or false")
		}
	}
	if v := values["same_as"]; v != nil && len(p.errors) == before {
		p.sameAs(e, key+".same_as", v)
	}
	if len(p.errors) == before {
		p.add(e, key, n, replace)
	}
}

// scalar complains about a value that is no plain one.
func (p *fileParser) scalar(key string, n *yaml.Node) bool {
	switch {
	case n.Kind == yaml.AliasNode:
		p.fail(n, key, "YAML aliases are not supported")
	case yamlfile.IsNull(n):
		p.fail(n, key, "needs a value")
	case n.Kind != yaml.ScalarNode:
		p.fail(n, key, "must be a plain value")
	default:
		return true
	}
	return false
}

func (p *fileParser) number(key string, n *yaml.Node, least, most uint64, above string) uint64 {
	v, err := strconv.ParseUint(n.Value, 10, 64)
	if err == nil && v >= least && v <= most {
		return v
	}
	message := fmt.Sprintf("%q must be a number from %d to %d", clip(n.Value), least, most)
	if v > most {
		message += above
	}
	p.fail(n, key, message)
	return 0
}

// sameAs finds the IANA element that an element is said to be like. Their encodings have to have a length in common.
func (p *fileParser) sameAs(e *Element, key string, n *yaml.Node) {
	other := p.known.ByName(n.Value)
	if other != nil && (other.Enterprise != 0 || other.ID >= 1<<15) {
		p.fail(n, key, fmt.Sprintf("%s is %s, not an element of IANA", other.Name, other.number()))
		return
	}
	if other == nil {
		var names []string
		for e := range p.known.All() {
			if e.Enterprise == 0 && e.ID < 1<<15 {
				names = append(names, e.Name)
			}
		}
		p.fail(n, key, unknown("IANA element", n.Value, names))
		return
	}
	least, most := e.Type.Size()
	otherLeast, otherMost := other.Type.Size()
	if least > otherMost || otherLeast > most {
		p.fail(n, key, fmt.Sprintf("%s is %s, which is not encoded like %s", other.Name, other.Type, e.Type))
		return
	}
	e.SameAs = other.ID
}

// add takes an element that is sound by itself.
func (p *fileParser) add(e *Element, key string, n *yaml.Node, replace bool) {
	name := fileName{e.Enterprise, e.Name}
	known := p.known.Lookup(e.Enterprise, e.ID)
	switch {
	case p.lines[e.number()] != 0:
		p.fail(n, key, fmt.Sprintf("element %s is there twice, first in line %d", e.number(), p.lines[e.number()]))
	case p.names[name] != 0:
		p.fail(n, key, fmt.Sprintf("enterprise %d has the name %s twice, first in line %d", e.Enterprise, e.Name, p.names[name]))
	case known != nil && !replace:
		p.fail(n, key, fmt.Sprintf("element %s is known already: %s, %s; say replace: true to have this one instead", e.number(), known.Name, known.Type))
	default:
		p.lines[e.number()], p.names[name] = n.Line, n.Line
		p.elements = append(p.elements, e)
	}
}

// unknown words a mistake in a word, with the nearest right one.
func unknown(kind, word string, valid []string) string {
	message := fmt.Sprintf("unknown %s %q", kind, clip(word))
	if best := yamlfile.Nearest(word, valid); best != "" {
		message += fmt.Sprintf("; did you mean %q?", best)
	}
	return message
}

// clip keeps a message readable, whatever is in the file.
func clip(text string) string {
	const most = 64
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
