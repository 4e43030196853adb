package schema

import "unicode/utf8"

// appendText appends bytes from the wire as a JSON string (RFC 8259 section 7). What is not UTF-8 is replaced. It allocates nothing.
func appendText(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := 0; i < len(text); {
		c := text[i]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
			i++
		case c < ' ' || c == 0x7f:
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
			i++
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, size := utf8.DecodeRune(text[i:])
			dst = utf8.AppendRune(dst, r) // U+FFFD for an octet that is none
			i += size
		}
	}
	return append(dst, '"')
}
