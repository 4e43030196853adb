package element

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Private enterprise numbers whose elements are others, reversed.
const (
	reverseEnterprise = 29305  // RFC 5103 section 6.1: those of IANA
	certEnterprise    = 6871   // CERT's own, by a bit of their id
	certReverse       = 0x4000 // "CERT IPFIX Registry", reverse elements
)

//go:embed registry/*.csv
var files embed.FS

// Builtin is the registry that the collector comes with. It is shared: nobody changes it.
var Builtin = sync.OnceValue(func() *Registry {
	r, err := load(files)
	if err != nil {
		panic(err) // the files are part of the program; a test loads them
	}
	return r
})

// Registry holds information elements by number and by name. It does not change once it is made, so any number may read it at once.
type Registry struct {
	elements []*Element // by enterprise and id
	byNumber map[number]*Element
	byName   map[string]*Element
	sources  []Source
}

// number names an element on the wire.
type number struct {
	enterprise uint32
	id         uint16
}

func (n number) String() string { return fmt.Sprintf("%d/%d", n.enterprise, n.id) }

func (e *Element) number() number { return number{e.Enterprise, e.ID} }

// Source is one table that the registry is made from.
type Source struct {
	Vendor      string
	Document    string // what the table follows
	Enterprises []uint32
	Elements    int // reversed ones not counted
}

// Lookup finds an element by its numbers: nil when nobody registered it. It allocates nothing.
func (r *Registry) Lookup(enterprise uint32, id uint16) *Element {
	return r.byNumber[number{enterprise, id}]
}

// ByName finds an element by its name: nil when there is none. Of several with one name it is that of the least enterprise number, so that
// IANA's come first.
func (r *Registry) ByName(name string) *Element { return r.byName[name] }

// All goes through the elements, by enterprise and id.
func (r *Registry) All() iter.Seq[*Element] { return slices.Values(r.elements) }

// Sources lists the tables that the registry is made from, IANA's first.
func (r *Registry) Sources() []Source { return slices.Clone(r.sources) }

// newRegistry adds to the elements those that follow from them by rule.
func newRegistry(elements []*Element, sources []Source) *Registry {
	r := &Registry{byNumber: make(map[number]*Element, 2*len(elements)), byName: make(map[string]*Element, 2*len(elements)), sources: sources}
	for _, e := range elements {
		r.byNumber[e.number()] = e
	}
	r.elements = slices.Clone(elements)
	for _, e := range elements {
		if back := reversed(e); back != nil && r.byNumber[back.number()] == nil {
			r.byNumber[back.number()] = back
			r.elements = append(r.elements, back)
		}
	}
	slices.SortFunc(r.elements, func(a, b *Element) int {
		return cmp.Or(cmp.Compare(a.Enterprise, b.Enterprise), cmp.Compare(a.ID, b.ID))
	})
	for _, e := range r.elements {
		if r.byName[e.Name] == nil {
			r.byName[e.Name] = e
		}
	}
	return r
}

// reversed is the element for the same value of the other direction, in records about both. Nil: there is none.
func reversed(e *Element) *Element {
	back := Element{ID: e.ID, Name: "reverse" + strings.ToUpper(e.Name[:1]) + e.Name[1:], Type: e.Type}
	switch {
	case e.Enterprise == 0 && e.ID < 1<<15:
		back.Enterprise = reverseEnterprise
	case e.Enterprise == certEnterprise && e.ID&certReverse == 0:
		back.Enterprise = certEnterprise
		back.ID |= certReverse
	default:
		return nil
	}
	return &back
}

// load reads the tables.
func load(files fs.FS) (*Registry, error) {
	names, err := fs.Glob(files, "registry/*.csv")
	if err != nil {
		return nil, err
	}
	var elements []*Element
	var sources []Source
	seen := map[number]string{}
	for _, name := range names {
		data, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, err
		}
		table, source, err := parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		for _, e := range table {
			if other := seen[e.number()]; other != "" {
				return nil, fmt.Errorf("%s: %s is in %s already", name, e.number(), other)
			}
			seen[e.number()] = name
		}
		elements = append(elements, table...)
		if path.Base(name) == "iana.csv" {
			sources = slices.Insert(sources, 0, source)
		} else {
			sources = append(sources, source)
		}
	}
	return newRegistry(elements, sources), nil
}

// parse reads one table: a comment line "# vendor: documents", the line of column names, and a line for each element.
func parse(data []byte) ([]*Element, Source, error) {
	head, _, _ := bytes.Cut(data, []byte("\n"))
	vendor, document, ok := strings.Cut(strings.TrimPrefix(string(head), "# "), ": ")
	if !ok {
		return nil, Source{}, fmt.Errorf("line 1 is %q, not who made the elements and where they are documented", head)
	}
	source := Source{Vendor: vendor, Document: document}
	reader := csv.NewReader(bytes.NewReader(data))
	reader.Comment = '#'
	reader.FieldsPerRecord = 5
	rows, err := reader.ReadAll()
	if err != nil {
		return nil, source, err
	}
	var table []*Element
	for i, row := range rows {
		if i == 0 {
			continue
		}
		e, err := parseRow(row)
		if err != nil {
			return nil, source, fmt.Errorf("%s: %w", strings.Join(row, ","), err)
		}
		table = append(table, e)
		if !slices.Contains(source.Enterprises, e.Enterprise) {
			source.Enterprises = append(source.Enterprises, e.Enterprise)
		}
	}
	source.Elements = len(table)
	return table, source, nil
}

func parseRow(row []string) (*Element, error) {
	enterprise, err := strconv.ParseUint(row[0], 10, 32)
	if err != nil {
		return nil, err
	}
	id, err := strconv.ParseUint(row[1], 10, 16)
	if err != nil {
		return nil, err
	}
	if row[2] == "" {
		return nil, errors.New("no name")
	}
	kind, ok := ParseType(row[3])
	if !ok {
		return nil, fmt.Errorf("unknown type %q", row[3])
	}
	e := &Element{Enterprise: uint32(enterprise), ID: uint16(id), Name: row[2], Type: kind}
	if row[4] != "" {
		id, reverse := strings.CutPrefix(row[4], "-")
		same, err := strconv.ParseUint(id, 10, 15)
		if err != nil {
			return nil, err
		}
		e.SameAs, e.Reverse = uint16(same), reverse
	}
	return e, nil
}
