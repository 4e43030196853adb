package snmp

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxText is how many octets of a name or an alias are kept. DisplayString and SnmpAdminString have at most 255 (RFC 2579 section 2,
// RFC 3411 section 5); agents are not held to it by anything.
const MaxText = 255

// text makes what an agent says fit to be shown: valid UTF-8, without control characters, such as NUL and line ends, and without those
// that turn the direction of writing, at most MaxText octets, no space around it.
func text(b []byte) string {
	if len(b) > 4*MaxText {
		b = b[:4*MaxText]
	}
	s := strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r): // unicode.ReplacementChar is
			return -1
		}
		return r
	}, string(b))
	s = strings.TrimSpace(s)
	if len(s) > MaxText {
		end := MaxText
		for !utf8.RuneStart(s[end]) {
			end--
		}
		s = strings.TrimSpace(s[:end])
	}
	return s
}
