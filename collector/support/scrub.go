package support

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
)

// removed stands where a secret was, unless a secret is too much like it.
const removed = "[removed]"

// Scrubber removes secrets from texts: those it knows, and what looks like one.
type Scrubber struct {
	known  [][]byte // in all forms
	marker []byte   // what stands where a secret was
}

// NewScrubber makes one that knows these secrets: contents of files, with a line end behind them or not. Of several lines each is a secret, and so are the
// values that a file of YAML has of passwords and the like.
func NewScrubber(secrets ...[]byte) *Scrubber {
	s := &Scrubber{}
	there := map[string]bool{}
	for _, content := range secrets {
		for _, secret := range learn(content) {
			for _, form := range forms(string(secret)) {
				if !there[form] {
					there[form] = true
					s.known = append(s.known, []byte(form))
				}
			}
		}
	}
	s.marker = marker(s.known)
	return s
}

// marker chooses what no secret is a part of, nor begins or ends in: a text with markers in it has no secret that it had not before.
func marker(secrets [][]byte) []byte {
	free := func(marker string) bool {
		return !slices.ContainsFunc(secrets, func(secret []byte) bool { return meet(secret, []byte(marker)) })
	}
	if free(removed) {
		return []byte(removed)
	}
	for r := '█'; r <= '\U0010FFFF'; r++ { // the full block of Unicode, and what comes behind it
		if one := string(r); free(one) {
			return []byte(one)
		}
	}
	return []byte(removed)
}

// meet tells whether two texts can have a byte in common somewhere.
func meet(a, b []byte) bool {
	if bytes.Contains(a, b) || bytes.Contains(b, a) {
		return true
	}
	for n := 1; n < min(len(a), len(b)); n++ {
		if bytes.Equal(a[:n], b[len(b)-n:]) || bytes.Equal(b[:n], a[len(a)-n:]) {
			return true
		}
	}
	return false
}

// patterns are what looks like a secret, whoever wrote it; what is in the groups stays. Each begins with a text of its own: without one, it takes a hundred times
// as long to go through a journal.
var patterns = []*regexp.Regexp{
	regexp.MustCompile(`(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\z)`),
	// In a URL all up to the last @, whatever may not be there according to RFC 3986 section 3.2.1; a user before a colon stays.
	regexp.MustCompile(`(://(?:[^\s/@:]*:)?)\S+(@)`),
	regexp.MustCompile(`(uthorization` + scheme),
	regexp.MustCompile(`(UTHORIZATION` + scheme),
	regexp.MustCompile(`(SetCredential(?:Encrypted)?[ \t]*=(?:[^:\n]*:)?)` + continued),
	regexp.MustCompile(`(Environment[ \t]*=)` + continued),
}

// scheme is what is behind the name of HTTP's header (RFC 9110 section 11.6.2).
const scheme = `["']? *[=:] *["'\[]*(?i:basic|bearer|apikey) +)\S+`

// continued is the rest of a line of a unit, and the lines that belong to it: behind a backslash the next one, comments between them left out (systemd.syntax(7)).
const continued = `(?:[^\n]*\\\r?\n(?:[ \t]*[#;][^\n]*\n)*)*[^\r\n]*`

// Scrub removes them.
func (s *Scrubber) Scrub(text []byte) []byte {
	found := make([]span, 0, len(s.known))
	for _, secret := range s.known {
		found = append(found, occurrences(text, secret)...)
	}
	text = s.replace(text, found)
	for _, p := range patterns {
		text = p.ReplaceAll(text, slices.Concat([]byte("${1}"), s.marker, []byte("${2}")))
	}
	return s.replace(text, secretNames.values(text))
}

// span is a part of a text: from a byte up to another one, that one not included.
type span struct{ from, to int }

// occurrences are where a secret is in a text; those that overlap are one.
func occurrences(text, secret []byte) []span {
	var found []span
	for at := 0; ; {
		next := bytes.Index(text[at:], secret)
		if next < 0 {
			return found
		}
		at += next
		if last := len(found) - 1; last >= 0 && at <= found[last].to {
			found[last].to = at + len(secret)
		} else {
			found = append(found, span{at, at + len(secret)})
		}
		at++
	}
}

// replace puts the marker where the spans are, once for those that overlap: of two secrets that have a part in common nothing stays.
func (s *Scrubber) replace(text []byte, spans []span) []byte {
	if len(spans) == 0 {
		return text
	}
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var out []byte
	end := 0
	for i, one := range spans {
		if i == 0 || one.from >= end {
			out = append(append(out, text[end:one.from]...), s.marker...)
		}
		end = max(end, one.to)
	}
	return append(out, text[end:]...)
}
