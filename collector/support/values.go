package support

import (
	"bytes"
	"regexp"
	"slices"
)

// names are those that secrets stand behind.
type names struct {
	expression *regexp.Regexp // a name, and what is between it and the value
	parts      []string       // each name has one in it, in small letters: lines without one need no expression, which is slow
}

// secretNames are those of any text: YAML, JSON (also as a text in JSON, or in HTML), files of settings, logs.
var secretNames = newNames(`(?:(?:password|passwd|passphrase|secret|api[_-]?key|token)s?|community|communities)`, "passw", "passphrase", "secret", "api", "token", "communi")

func newNames(expression string, parts ...string) names {
	return names{regexp.MustCompile(`(?i)` + expression + `(?:\\*["']|&#3[49];|&quot;)?[ \t]*(?:=>|:=|[=:])[ \t]*`), parts}
}

// find is where the first name in a line is, with what is behind it.
func (n names) find(line []byte) (found span, there bool) {
	small := bytes.ToLower(line)
	if !slices.ContainsFunc(n.parts, func(part string) bool { return bytes.Contains(small, []byte(part)) }) {
		return span{}, false
	}
	m := n.expression.FindIndex(line)
	if m == nil {
		return span{}, false
	}
	return span{m[0], m[1]}, true
}

var (
	// inQuotes is a value in quotes, also of several texts (a shell's "a"'b'), and what may be behind it: after anything else it goes on to the end of the line.
	inQuotes = regexp.MustCompile(`^((?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')+)(?:[\s,;&}\])]|$)`)
	// bare is a value of JSON without quotes.
	bare = regexp.MustCompile(`^([\w.+-]+)[\s,}\]]`)
)

// values are what stands behind the names.
func (n names) values(text []byte) []span {
	var values []span
	for at := 0; at < len(text); {
		end := lineEnd(text, at)
		name, there := n.find(text[at:end])
		if !there {
			at = end + 1
			continue
		}
		from := at + name.to
		to := valueEnd(text, at+name.from, from)
		if from < to {
			values = append(values, span{from, to})
		}
		at = to
	}
	return values
}

// valueEnd is where a value ends that begins at from, of a name that begins at name. What cannot be told apart from the value belongs to it.
func valueEnd(text []byte, name, from int) int {
	end := lineEnd(text, from)
	line := text[from:end]
	if m := inQuotes.FindSubmatchIndex(line); m != nil {
		return from + m[3]
	}
	if m := bare.FindSubmatchIndex(line); m != nil && bytes.IndexByte(text[name:from], '"') >= 0 {
		return from + m[3]
	}
	empty := len(bytes.TrimSpace(line)) == 0
	// Below the name is what it is in front of: lines further in, of a list also those that begin where it does, and one line at least.
	begin := bytes.LastIndexByte(text[:name], '\n') + 1
	within := indent(text[begin:])
	below := within == name-begin
	for next := end + 1; next < len(text); {
		stop := lineEnd(text, next)
		line := text[next:stop]
		in := indent(line)
		switch {
		case in == len(line): // nothing, or more of the value comes below
		case empty && end == lineEnd(text, from), below && in > within, below && empty && in == within && line[in] == '-':
			end = stop
		default:
			return end
		}
		next = stop + 1
	}
	return end
}

// lineEnd is where the line ends that at is in: at its line end, or that of the text.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n
	}
	return len(text)
}

// indent is how many spaces and tabs a line begins with.
func indent(line []byte) int {
	return len(line) - len(bytes.TrimLeft(line, " \t"))
}
