package elastiflow

import (
	"bytes"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// readUnit reads the environment of a unit of systemd, or of a drop-in (systemd.exec(5), systemd.syntax(7)), or what systemctl show says of one.
func readUnit(name string, data []byte) (in Input, failed yamlfile.Errors) {
	in.File, in.Unit = name, true
	number := 0
	var logical strings.Builder // a line with those that continue it
	first := Setting{File: name}
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if logical.Len() == 0 {
			first.Line, first.Column = number, 1+len(line)-len(bytes.TrimLeft(line, " \t"))
			if isComment(text) {
				continue
			}
		} else if isComment(text) && text != "" {
			continue // comments may stand between lines that continue
		}
		if rest, more := strings.CutSuffix(text, `\`); more {
			logical.WriteString(rest + " ")
			continue
		}
		logical.WriteString(text)
		if mistake := in.directive(first, logical.String()); mistake != "" {
			failed = append(failed, first.fail(mistake))
		}
		logical.Reset()
	}
	if logical.Len() > 0 {
		failed = append(failed, first.fail("the line goes on (\\), and the file ends"))
	}
	in.Settings = ours(in.Settings)
	return in, failed
}

// directive takes what a line of a unit says. It returns what is wrong with it.
func (in *Input) directive(at Setting, line string) string {
	if line[0] == '[' {
		if !strings.HasSuffix(line, "]") {
			return "not a section: write [Service]"
		}
		return ""
	}
	key, value, found := strings.Cut(line, "=")
	if !found {
		return "neither a section nor a directive such as Environment="
	}
	value = strings.TrimSpace(value)
	switch strings.TrimSpace(key) {
	case "Environment":
		if value == "" {
			at.Name = "Environment"
			in.forget(ours(in.Settings), forgottenBy(&at))
			in.Settings, in.Forgets = nil, &at
			return ""
		}
		list, ok := words(value)
		if !ok {
			return "a quote is not closed"
		}
		for _, word := range list {
			name, content, assigned := strings.Cut(word, "=")
			if !assigned || !nameOf.MatchString(name) {
				return `not an assignment: write Environment="NAME=value"`
			}
			s := at
			s.Name, s.Value = name, content
			in.Settings = append(in.Settings, s)
		}
	case "EnvironmentFile":
		if value == "" {
			at.Name = "EnvironmentFile"
			in.forget(in.Includes, forgottenBy(&at))
			in.Includes, in.ForgetsIncludes = nil, &at
			return ""
		}
		s := at
		s.Name, s.Value = "EnvironmentFile", strings.TrimPrefix(value, "-")
		in.Includes = append(in.Includes, s)
	case "EnvironmentFiles": // what systemctl show says of those that the manager knows
		if path, _, _ := strings.Cut(value, " (ignore_errors="); path != "" {
			s := at
			s.Name, s.Value = "EnvironmentFile", path
			in.Includes = append(in.Includes, s)
		}
	}
	return ""
}

// escapes are those of C that systemd knows and that stand for one character.
var escapes = map[byte]byte{'n': '\n', 't': '\t', 's': ' ', '\\': '\\', '"': '"', '\'': '\''}

// words parts a line at blanks that are not in quotes, and takes quotes, escapes and doubled percent signs away.
func words(text string) (list []string, ok bool) {
	var b strings.Builder
	var quote byte
	inside := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\' && i+1 < len(text):
			i++
			if plain, known := escapes[text[i]]; known {
				b.WriteByte(plain)
			} else {
				b.WriteString(text[i-1 : i+1])
			}
			inside = true
		case c == '%' && i+1 < len(text) && text[i+1] == '%':
			i++
			b.WriteByte('%')
			inside = true
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '"' || c == '\''):
			quote, inside = c, true
		case quote == 0 && (c == ' ' || c == '\t'):
			if inside {
				list = append(list, b.String())
			}
			b.Reset()
			inside = false
		default:
			b.WriteByte(c)
			inside = true
		}
	}
	if inside {
		list = append(list, b.String())
	}
	return list, quote == 0
}
