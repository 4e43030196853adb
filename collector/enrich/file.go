package enrich

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Bounds of the files that people write.
const (
	MaxFileSize = 16 << 20 // octets
	MaxEntries  = 200_000  // of one file, of all kinds of entries
	MaxText     = 256      // octets of a name
	maxMistakes = 100      // told of one file; the rest is counted
)

// position is where something stands in a file, 1-based.
type position struct{ line, column int }

// cell is a plain value in a file. One that is not there has no line.
type cell struct {
	text string
	at   position
	key  string // for messages
}

func (c cell) set() bool { return c.at.line > 0 }

// reader reads a file and gathers its mistakes.
type reader struct {
	file    string
	errors  yamlfile.Errors
	more    int
	entries int
}

// ReadFile reads a file that people write: a regular one, up to one octet more than MaxFileSize. Its errors are without the path.
func ReadFile(path string) ([]byte, error) {
	if err := regular(path); err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err) // without the path, which the caller has
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
}

func (r *reader) fail(at position, key, message string) {
	if len(r.errors) >= maxMistakes {
		r.more++
		return
	}
	r.errors = append(r.errors, &yamlfile.Error{File: r.file, Line: at.line, Column: at.column, Key: key, Message: message})
}

// failed tells whether there were mistakes since the number of them was before.
func (r *reader) failed(before int) bool { return len(r.errors)+r.more > before }

func (r *reader) mistakes() int { return len(r.errors) + r.more }

// result returns all mistakes in order, nil when there are none.
func (r *reader) result() yamlfile.Errors {
	if len(r.errors) == 0 {
		return nil
	}
	r.errors.Sort()
	if r.more > 0 {
		r.errors = append(r.errors, &yamlfile.Error{File: r.file, Message: fmt.Sprintf("and %d more mistakes", r.more)})
	}
	return r.errors
}

// sized complains about a file that is too large.
func (r *reader) sized(data []byte) bool {
	if len(data) > MaxFileSize {
		r.fail(position{}, "", fmt.Sprintf("the file has more than %d octets", MaxFileSize))
		return false
	}
	return true
}

// count complains once when there are too many entries.
func (r *reader) count(at position, key string) bool {
	r.entries++
	if r.entries == MaxEntries+1 {
		r.fail(at, key, fmt.Sprintf("a file may have at most %d entries", MaxEntries))
	}
	return r.entries <= MaxEntries
}

// columns are the keys that an entry may have, those that it must have first.
type columns struct {
	required, optional []string
}

func (c columns) all() []string { return append(slices.Clone(c.required), c.optional...) }

// rows reads a list of entries with plain values, from YAML below the key root or from CSV with a line of names at the top. Which it is,
// the file's name says. each gets one cell for each of the columns, in their order, valid during the call.
func (r *reader) rows(data []byte, root string, c columns, each func(cells []cell)) {
	switch ext := strings.ToLower(filepath.Ext(r.file)); {
	case !r.sized(data):
	case ext == ".csv":
		r.csvRows(data, c, each)
	case ext == ".yml" || ext == ".yaml":
		r.yamlRows(data, root, c, each)
	default:
		r.fail(position{}, "", "its name must end in .yml, .yaml or .csv, which says what it is")
	}
}

func (r *reader) yamlRows(data []byte, root string, c columns, each func(cells []cell)) {
	valid := c.all()
	r.list(r.root(data, root), root, func(key string, n *yaml.Node) {
		members, ok := r.mapping(n, key, c)
		if !ok {
			return
		}
		cells := make([]cell, len(valid))
		before := r.mistakes()
		for i, name := range valid {
			cells[i] = r.scalar(members[name], key+"."+name)
		}
		if !r.failed(before) {
			each(cells)
		}
	})
}

func place(n *yaml.Node) position { return position{n.Line, n.Column} }

// root returns what stands behind the one key of a YAML file, nil for a file without anything.
func (r *reader) root(data []byte, key string) *yaml.Node {
	if !r.sized(data) {
		return nil
	}
	n, mistake := yamlfile.Root(r.file, data)
	switch {
	case mistake != nil:
		r.errors = append(r.errors, mistake)
		return nil
	case n == nil:
		return nil
	}
	members, _ := r.mapping(n, "", columns{required: []string{key}})
	return members[key]
}

// list goes through a YAML list. Nil and null are empty ones.
func (r *reader) list(n *yaml.Node, key string, each func(key string, n *yaml.Node)) {
	switch {
	case n == nil || yamlfile.IsNull(n):
	case n.Kind == yaml.AliasNode:
		r.fail(place(n), key, "YAML aliases are not supported")
	case n.Kind != yaml.SequenceNode:
		r.fail(place(n), key, "must be a list")
	default:
		for i, one := range n.Content {
			name := key + "[" + strconv.Itoa(i) + "]"
			if !r.count(place(one), name) {
				return
			}
			each(name, one)
		}
	}
}

// mapping returns the members of a YAML mapping by their keys. ok says that it is one without a mistake in its keys. An alias has to be
// written out: a file of a few lines could else stand for a thousand times as many.
func (r *reader) mapping(n *yaml.Node, key string, c columns) (members map[string]*yaml.Node, ok bool) {
	valid := c.all()
	switch {
	case n.Kind == yaml.AliasNode:
		r.fail(place(n), key, "YAML aliases are not supported")
		return nil, false
	case n.Kind != yaml.MappingNode:
		r.fail(place(n), key, "must have "+strings.Join(valid, ", ")+" below it")
		return nil, false
	}
	before := r.mistakes()
	members = make(map[string]*yaml.Node, len(valid))
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		switch {
		case !slices.Contains(valid, name.Value):
			r.fail(place(name), key, unknown("key", name.Value, valid))
		case members[name.Value] != nil:
			r.fail(place(name), key, name.Value+" is there twice")
		default:
			members[name.Value] = value
		}
	}
	for _, name := range c.required {
		if members[name] == nil {
			r.fail(place(n), key, name+" is missing")
		}
	}
	return members, !r.failed(before)
}

// scalar reads a plain value; nil is one that is not there.
func (r *reader) scalar(n *yaml.Node, key string) cell {
	switch {
	case n == nil:
	case n.Kind == yaml.AliasNode:
		r.fail(place(n), key, "YAML aliases are not supported")
	case yamlfile.IsNull(n):
		r.fail(place(n), key, "needs a value")
	case n.Kind != yaml.ScalarNode:
		r.fail(place(n), key, "must be a plain value")
	default:
		return cell{n.Value, place(n), key}
	}
	return cell{}
}

// scalars reads a plain value or a list of them.
func (r *reader) scalars(n *yaml.Node, key string) []cell {
	if n == nil {
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		if c := r.scalar(n, key); c.set() {
			return []cell{c}
		}
		return nil
	}
	var list []cell
	r.list(n, key, func(key string, n *yaml.Node) {
		if c := r.scalar(n, key); c.set() {
			list = append(list, c)
		}
	})
	if len(n.Content) == 0 {
		r.fail(place(n), key, "must have at least one")
	}
	return list
}

// csvRows reads CSV (RFC 4180). Lines that begin with # are comments; an empty cell is one that is not there.
func (r *reader) csvRows(data []byte, c columns, each func(cells []cell)) {
	file := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(data, []byte("\ufeff"))))
	file.Comment, file.FieldsPerRecord, file.ReuseRecord, file.TrimLeadingSpace = '#', -1, true, true
	header, err := file.Read()
	if errors.Is(err, io.EOF) {
		return
	}
	if err != nil {
		r.csvError(err)
		return
	}
	at := func(i int) position {
		line, column := file.FieldPos(i)
		return position{line, column}
	}
	valid := c.all()
	where := make([]int, len(valid)) // in the file, 1-based; 0 is not there
	for i, name := range header {
		name = strings.TrimSpace(name)
		switch to := slices.Index(valid, name); {
		case to < 0:
			r.fail(at(i), "", unknown("column", name, valid))
		case where[to] > 0:
			r.fail(at(i), "", "the column "+name+" is there twice")
		default:
			where[to] = i + 1
		}
	}
	for i, name := range c.required {
		if where[i] == 0 {
			r.fail(at(0), "", "the column "+name+" is missing; the first line has the names of the columns")
		}
	}
	if len(r.errors) > 0 {
		return
	}
	width := len(header)
	cells := make([]cell, len(valid)) // of one line after the other
	for {
		record, err := file.Read()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			r.csvError(err)
			return
		}
		if !r.count(at(0), "") {
			return
		}
		if len(record) != width {
			r.fail(at(0), "", fmt.Sprintf("there are %d values for %d columns", len(record), width))
			continue
		}
		clear(cells)
		before := r.mistakes()
		for i, name := range valid {
			if where[i] == 0 {
				continue
			}
			if text := strings.TrimSpace(record[where[i]-1]); text != "" {
				cells[i] = cell{text, at(where[i] - 1), name}
			} else if i < len(c.required) {
				r.fail(at(where[i]-1), name, "needs a value")
			}
		}
		if !r.failed(before) {
			each(cells)
		}
	}
}

func (r *reader) csvError(err error) {
	if pe := (*csv.ParseError)(nil); errors.As(err, &pe) {
		r.fail(position{pe.Line, pe.Column}, "", "not CSV: "+pe.Err.Error())
		return
	}
	r.fail(position{}, "", "not CSV: "+err.Error())
}

// text reads a name.
func (r *reader) text(c cell) string {
	switch {
	case !c.set():
		return ""
	case c.text == "" || strings.TrimSpace(c.text) != c.text:
		r.fail(c.at, c.key, "must not be empty, nor begin or end with a space")
	case len(c.text) > MaxText:
		r.fail(c.at, c.key, fmt.Sprintf("%q is too long; it may have at most %d octets", clip(c.text), MaxText))
	case !utf8.ValidString(c.text):
		r.fail(c.at, c.key, "must be UTF-8")
	default:
		return c.text
	}
	return ""
}

func (r *reader) number(c cell, least, most uint64) uint64 {
	if !c.set() {
		return 0
	}
	n, err := strconv.ParseUint(c.text, 10, 64)
	if err != nil || n < least || n > most {
		r.fail(c.at, c.key, fmt.Sprintf("%q must be a number from %d to %d", clip(c.text), least, most))
		return 0
	}
	return n
}

func (r *reader) system(c cell) uint32 {
	if !c.set() {
		return 0
	}
	n, err := parseSystem(c.text)
	if err != nil || n == 0 {
		r.fail(c.at, c.key, fmt.Sprintf("%q must be the number of an autonomous system, from 1 to 4294967295", clip(c.text)))
	}
	return n
}

func (r *reader) boolean(c cell) (value, set bool) {
	if !c.set() {
		return false, false
	}
	if c.text != "true" && c.text != "false" {
		r.fail(c.at, c.key, fmt.Sprintf("%q must be true or false", clip(c.text)))
	}
	return c.text == "true", true
}

func (r *reader) network(c cell) (netip.Prefix, bool) {
	p, err := config.ParseNetwork(c.text)
	if err != nil {
		r.fail(c.at, c.key, err.Error())
	}
	return p, err == nil
}

func (r *reader) address(c cell) (netip.Addr, bool) {
	a, err := netip.ParseAddr(c.text)
	if err != nil || a.Zone() != "" || a.Is4In6() {
		r.fail(c.at, c.key, fmt.Sprintf("%q is not an address; write it like 192.0.2.1 or 2001:db8::1", clip(c.text)))
		return netip.Addr{}, false
	}
	return a, true
}

// unknown words a mistake in a word, with the nearest right one.
func unknown(kind, word string, valid []string) string {
	message := fmt.Sprintf("unknown %s %q", kind, clip(word))
	if best := yamlfile.Nearest(clip(word), valid); best != "" {
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
