package config

import (
	"fmt"
	"strings"

	"github.com/agext/levenshtein"
)

// Error is one mistake in the settings.
type Error struct {
	File         string // empty when the settings are not from a file
	Line, Column int    // 1-based; 0 when unknown
	Key          string // dotted; may be empty for a file that is no YAML
	Message      string
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File + ": ")
	}
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Message)
	return b.String()
}

// Errors are all mistakes of a file or a map, in their order there.
type Errors []*Error

func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// unknown words the error about a setting that does not exist, with the nearest one that does.
func unknown(key string, valid []string) string {
	best, least := "", len(key)/2+1
	for _, v := range valid {
		if d := levenshtein.Distance(key, v, nil); d < least {
			best, least = v, d
		}
	}
	if best == "" {
		// The last part alone may be right, in the wrong place.
		for _, v := range valid {
			if strings.HasSuffix(v, "."+key[strings.LastIndexByte(key, '.')+1:]) {
				best = v
				break
			}
		}
	}
	if best == "" {
		return fmt.Sprintf("unknown setting %q", key)
	}
	return fmt.Sprintf("unknown setting %q; did you mean %q?", key, best)
}
