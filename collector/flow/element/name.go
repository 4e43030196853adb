package element

// MaxName is the greatest length of an element's name, in octets.
const MaxName = 128

// ValidName tells whether a name follows the convention of RFC 7012 section 2.3, lower camel case, and is short enough to be the name of a
// document field. Names from a user and from an exporter's own description of its elements (RFC 5610) are held to it; IANA's and the
// vendors' are as they registered them.
func ValidName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > MaxName || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}
