// Package yamlfile is what the readers of YAML files that people write have in common: where a mistake is, how it is worded, and which
// word was probably meant.
package yamlfile

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/agext/levenshtein"
	"go.yaml.in/yaml/v3"
)

// Error is one mistake in a file.
type Error struct {
	File         string // empty when it is not from a file
	Line, Column int    // 1-based; 0 when unknown
	Key          string // dotted; may be empty for a file that is no YAML
	Message      string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	switch {
	case e.Line > 0 && e.Column > 0:
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	case e.Line > 0:
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors are all mistakes of a file.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Sort brings the mistakes into their order in the file.
func (e Errors) Sort() {
	slices.SortStableFunc(e, func(a, b *Error) int { return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) })
}

// syntaxLine is how the YAML library words the place of a syntax error.
var syntaxLine = regexp.MustCompile(`^(?:yaml: )?line (\d+): `)

// Root reads the one document of a file; nil is a file with nothing but comments. The name is for messages. Nodes are as written:
// anchors are not resolved, and nothing is expanded.
func Root(name string, data []byte) (*yaml.Node, *Error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	var document yaml.Node
	switch err := decoder.Decode(&document); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, syntax(name, err)
	}
	if err := decoder.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, &Error{File: name, Message: "the file has more than one YAML document"}
	}
	if len(document.Content) != 1 {
		return nil, nil
	}
	return document.Content[0], nil
}

func syntax(name string, err error) *Error {
	e := &Error{File: name, Message: "not YAML: " + strings.TrimPrefix(err.Error(), "yaml: ")}
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		if n, convErr := strconv.Atoi(m[1]); convErr == nil {
			e.Line = n // the library does not say the column
			e.Message = "not YAML: " + strings.TrimPrefix(err.Error(), m[0])
		}
	}
	return e
}

// IsNull tells whether a key has nothing behind it.
func IsNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// Nearest is the word of a list that was probably meant by another one, or empty when none is like it.
func Nearest(word string, valid []string) string {
	best, least := "", len(word)/2+1
	for _, v := range valid {
		if len(v)-len(word) >= least || len(word)-len(v) >= least {
			continue // at least so many letters to add or to take away
		}
		if d := levenshtein.Distance(word, v, nil); d < least {
			best, least = v, d
		}
	}
	return best
}
