package schema

import (
	"bytes"
	"unicode/utf8"
)

const (
	upperDigits = "0123456789ABCDEF"
	lowerDigits = "0123456789abcdef"
)

// appendText appends text from a packet as a JSON string. It ends at its first NUL, because exporters fill fields of fixed length with
// them; what is not UTF-8 is replaced. It allocates nothing.
func appendText(dst, text []byte) []byte {
	if end := bytes.IndexByte(text, 0); end >= 0 {
		text = text[:end]
	}
	dst = append(dst, '"')
	for len(text) > 0 {
		switch c := text[0]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < 0x20:
			dst = append(dst, '\\', 'u', '0', '0', lowerDigits[c>>4], lowerDigits[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			r, size := utf8.DecodeRune(text) // RuneError, which is U+FFFD, for what is none
			dst = utf8.AppendRune(dst, r)
			text = text[size:]
			continue
		}
		text = text[1:]
	}
	return append(dst, '"')
}

// appendHex appends octets as a JSON string of lower-case hexadecimal digits.
func appendHex(dst, value []byte) []byte {
	dst = append(dst, '"')
	for _, b := range value {
		dst = append(dst, lowerDigits[b>>4], lowerDigits[b&15])
	}
	return append(dst, '"')
}

// appendMAC appends a hardware address in RFC 7042 notation.
func appendMAC(dst, value []byte) []byte {
	dst = append(dst, '"')
	for i, b := range value {
		if i > 0 {
			dst = append(dst, '-')
		}
		dst = append(dst, upperDigits[b>>4], upperDigits[b&15])
	}
	return append(dst, '"')
}

// appendName appends a text that needs no escapes.
func appendName(dst []byte, name string) []byte {
	dst = append(dst, '"')
	dst = append(dst, name...)
	return append(dst, '"')
}
