package host

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The probe's protocol. Requests go in on stdin, one a line:
//
//	KIND ARGUMENT…
//
// each argument in base64, "=" for an empty one. Answers come out on stdout between two marker lines (a login shell may print
// what it likes around them), one value a line:
//
//	v INDEX NAME BASE64    a value of request INDEX; a name may come several times
//	e INDEX BASE64         the request could not be answered, and why
//	d INDEX                the request is done; it always comes
//
// An answer without its "d", or an output without its end marker, was cut off and is an error: nothing is ever taken for absent
// because of silence. The script proves absence by "v INDEX absent".
const (
	probeBegin = "flowstack-probe-begin"
	probeEnd   = "flowstack-probe-end"
)

// request is one question of a probe.
type request struct {
	kind string
	args []string
}

// answer is what came back for one request.
type answer struct {
	values []value
	failed string // why there is no answer; empty when there is one
}

type value struct {
	name    string
	content []byte
}

func encodeRequests(requests []request) []byte {
	var out bytes.Buffer
	for _, r := range requests {
		out.WriteString(r.line())
		out.WriteByte('\n')
	}
	return out.Bytes()
}

// line is the request as it goes out: two with the same line have the same answer.
func (r request) line() string {
	var out strings.Builder
	out.WriteString(r.kind)
	for _, argument := range r.args {
		out.WriteByte(' ')
		if argument == "" {
			out.WriteByte('=')
			continue
		}
		out.WriteString(base64.StdEncoding.EncodeToString([]byte(argument)))
	}
	return out.String()
}

var errCutOff = errors.New("the output of the probe was cut off")

// parseAnswers reads the script's output for n requests.
func parseAnswers(output []byte, n int) ([]answer, error) {
	_, body, ok := bytes.Cut(output, []byte("\n"+probeBegin+"\n"))
	if !ok {
		return nil, fmt.Errorf("the probe answered without its marker: %q", excerpt(output))
	}
	answers, done := make([]answer, n), make([]bool, n)
	for {
		var line []byte
		if line, body, ok = bytes.Cut(body, []byte("\n")); !ok {
			return nil, errCutOff
		}
		if string(line) == probeEnd {
			break
		}
		if err := parseLine(line, answers, done); err != nil {
			return nil, fmt.Errorf("line %q of the probe's output: %w", excerpt(line), err)
		}
	}
	if slices.Contains(done, false) {
		return nil, errCutOff
	}
	return answers, nil
}

func parseLine(line []byte, answers []answer, done []bool) error {
	fields := bytes.Split(line, []byte(" "))
	if len(fields) < 2 {
		return errors.New("too few words")
	}
	index, err := strconv.Atoi(string(fields[1]))
	if err != nil || index < 0 || index >= len(answers) || done[index] {
		return errors.New("no such request is open")
	}
	a := &answers[index]
	switch kind := string(fields[0]); {
	case kind == "d" && len(fields) == 2:
		done[index] = true
		return nil
	case kind == "e" && len(fields) == 3:
		said, err := base64.StdEncoding.DecodeString(string(fields[2]))
		if err != nil {
			return err
		}
		if a.failed = strings.TrimSpace(string(said)); a.failed == "" {
			a.failed = "no message"
		}
		return nil
	case kind == "v" && len(fields) == 4:
		content, err := base64.StdEncoding.DecodeString(string(fields[3]))
		if err != nil {
			return err
		}
		a.values = append(a.values, value{name: string(fields[2]), content: content})
		return nil
	}
	return errors.New("not a line of the protocol")
}

func excerpt(text []byte) string {
	if len(text) > 200 {
		return string(text[:200]) + "…"
	}
	return string(text)
}

func (a answer) bytes(name string) (content []byte, ok bool) {
	for _, v := range a.values {
		if v.name == name {
			return v.content, true
		}
	}
	return nil, false
}

// absent tells whether the host proved that what was asked for is not there.
func (a answer) absent() bool {
	_, ok := a.bytes("absent")
	return ok
}

func (a answer) text(name string) string {
	content, _ := a.bytes(name)
	return string(content)
}

// part are the values of an answer whose names begin with a prefix, without it.
func (a answer) part(prefix string) answer {
	p := answer{failed: a.failed}
	for _, v := range a.values {
		if name, ok := strings.CutPrefix(v.name, prefix); ok {
			p.values = append(p.values, value{name, v.content})
		}
	}
	return p
}

func (a answer) line(name string) string { return strings.TrimSpace(a.text(name)) }

func (a answer) all(name string) []string {
	var all []string
	for _, v := range a.values {
		if v.name == name {
			all = append(all, string(v.content))
		}
	}
	return all
}
