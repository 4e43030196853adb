package elastiflow

import (
	"bytes"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/yamlfile"
)

// Setting is a variable as it stands in a file.
type Setting struct {
	Name, Value  string
	File         string
	Line, Column int // 1-based
}

func (s Setting) fail(message string) *yamlfile.Error {
	return &yamlfile.Error{File: s.File, Line: s.Line, Column: s.Column, Key: s.Name, Message: message}
}

// Format is how a file with settings is written.
type Format string

// The formats that Read knows.
const (
	Auto        Format = "auto"    // by the name and the content
	Environment Format = "env"     // NAME=value, perhaps in quotes, as for EnvironmentFile= and env_file of Docker Compose
	Docker      Format = "docker"  // NAME=value, in which quotes are part of the value, as for docker run --env-file
	Systemd     Format = "systemd" // a unit or a drop-in with Environment=
	YAML        Format = "yaml"    // flowcoll.yml, a Docker Compose file, a manifest of Kubernetes
)

// Formats lists them.
var Formats = []Format{Auto, Environment, Docker, Systemd, YAML}

// nameOf is what a variable's name may be.
var nameOf = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

const prefix = "EF_"

// Input is what one file has.
type Input struct {
	File     string
	Settings []Setting // those whose names begin with EF_, in their order
	Includes []Setting // files that a unit takes more settings from (EnvironmentFile=); the value is the path
	Unit     bool      // it is a unit or a drop-in, which
	Forgets  *Setting  // by this empty Environment= forgets those of files before, and
	// ForgetsIncludes: by this empty EnvironmentFile= the files.
	ForgetsIncludes *Setting
	Forgotten       []Forgotten
}

// Read reads the settings of a file; name is for messages. The error is a yamlfile.Errors with every line that is not understood. Messages
// have nothing of a value in them, as it may be a secret.
func Read(name string, data []byte, format Format) (Input, error) {
	if format == Auto {
		format = guess(name, data)
	}
	in := Input{File: name}
	var failed yamlfile.Errors
	switch format {
	case Environment:
		in.Settings, failed = readEnvironment(name, data)
	case Docker:
		in.Settings, failed = readDocker(name, data)
	case Systemd:
		in, failed = readUnit(name, data)
	case YAML:
		in.Settings, failed = readYAML(name, data)
	default:
		return Input{}, fmt.Errorf("%q is not a format; choose one of %v", format, Formats)
	}
	if failed != nil {
		failed.Sort()
		return Input{}, failed
	}
	return in, nil
}

// guess finds the format by the name, or by the first line that is neither empty nor a comment.
func guess(name string, data []byte) Format {
	if ext := filepath.Ext(name); ext == ".yml" || ext == ".yaml" {
		return YAML
	}
	for line := range bytes.Lines(data) {
		text := strings.TrimSpace(string(line))
		if isComment(text) {
			continue
		}
		word := strings.IndexAny(text, "=:")
		switch {
		case strings.HasPrefix(text, "["), strings.HasPrefix(text, "Environment"):
			return Systemd
		case strings.HasPrefix(text, "-"), word >= 0 && text[word] == ':':
			return YAML
		}
		return Environment
	}
	return Environment
}

func isComment(line string) bool { return line == "" || line[0] == '#' || line[0] == ';' }

func readEnvironment(name string, data []byte) (list []Setting, failed yamlfile.Errors) {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimSpace(string(line))
		if isComment(text) {
			continue
		}
		s := Setting{File: name, Line: number, Column: 1 + len(line) - len(bytes.TrimLeft(line, " \t"))}
		if rest, ok := strings.CutPrefix(text, "export "); ok {
			text = strings.TrimSpace(rest)
		}
		key, value, found := strings.Cut(text, "=")
		if key = strings.TrimSpace(key); !found || !nameOf.MatchString(key) {
			failed = append(failed, s.fail("not a setting: write NAME=value"))
			continue
		}
		s.Name = key
		var ok bool
		if s.Value, ok = unquote(strings.TrimSpace(value)); !ok {
			failed = append(failed, s.fail("the quote is not closed on its line, or something follows it"))
			continue
		}
		list = append(list, s)
	}
	return ours(list), failed
}

// readDocker reads what docker run --env-file does: the value is all behind the first =, and a name alone stands for a variable of who runs docker
// (Docker reference, "docker container run: Set environment variables").
func readDocker(name string, data []byte) (list []Setting, failed yamlfile.Errors) {
	number := 0
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimLeft(strings.TrimRight(string(line), "\r\n"), " \t")
		if text == "" || text[0] == '#' {
			continue
		}
		s := Setting{File: name, Line: number, Column: 1 + len(line) - len(bytes.TrimLeft(line, " \t"))}
		key, value, found := strings.Cut(text, "=")
		if !nameOf.MatchString(key) {
			failed = append(failed, s.fail("not a setting: write NAME=value"))
			continue
		}
		if s.Name, s.Value = key, value; !found {
			s.Value = "${" + key + "}"
		}
		list = append(list, s)
	}
	return ours(list), failed
}

// ours leaves the settings of other programs out.
func ours(list []Setting) []Setting {
	return slices.DeleteFunc(list, func(s Setting) bool { return !strings.HasPrefix(s.Name, prefix) })
}

// unquote takes quotes and a comment away, as shells and Docker Compose do.
func unquote(text string) (value string, ok bool) {
	if text == "" || text[0] != '"' && text[0] != '\'' {
		if i := strings.Index(text, " #"); i >= 0 {
			text = strings.TrimSpace(text[:i])
		}
		return text, true
	}
	quote := text[0]
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			rest := strings.TrimSpace(text[i+1:])
			return b.String(), rest == "" || rest[0] == '#'
		case c == '\\' && quote == '"' && i+1 < len(text) && strings.IndexByte("\"\\$`", text[i+1]) >= 0:
			i++
			b.WriteByte(text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
