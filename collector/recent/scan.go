package recent

import (
	"encoding/json"
	"math"
)

// deepest bounds how deep objects are in each other.
const deepest = 64

// space passes over white space, and returns what comes then; 0 is the end.
func (d *reader) space() byte {
	for i, c := range d.data {
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			d.data = d.data[i:]
			return c
		}
	}
	d.data = nil
	return 0
}

// object reads an object, and gives each of its members to read. What is no object is passed over.
func (d *reader) object(read member) error {
	if d.space() != '{' {
		return d.skip()
	}
	d.data = d.data[1:]
	if d.space() == '}' {
		d.data = d.data[1:]
		return nil
	}
	for {
		name, err := d.text()
		if err != nil {
			return err
		}
		if d.space() != ':' {
			return errDocument
		}
		d.data = d.data[1:]
		if err := read(d, name); err != nil {
			return err
		}
		switch d.space() {
		case ',':
			d.data = d.data[1:]
		case '}':
			d.data = d.data[1:]
			return nil
		default:
			return errDocument
		}
	}
}

// text reads a string. The result is part of the document where there is nothing to unescape.
func (d *reader) text() ([]byte, error) {
	if d.space() != '"' {
		return nil, errDocument
	}
	escaped := false
	for i := 1; i < len(d.data); i++ {
		switch d.data[i] {
		case '\\':
			escaped = true
			i++
		case '"':
			quoted := d.data[:i+1]
			d.data = d.data[i+1:]
			if !escaped {
				return quoted[1:i], nil
			}
			var s string
			err := json.Unmarshal(quoted, &s)
			return []byte(s), err
		}
	}
	return nil, errDocument
}

// number reads a whole number that is not negative, or the largest there is.
func (d *reader) number() (uint64, error) {
	d.space()
	var n uint64
	for i, c := range d.data {
		if c < '0' || c > '9' {
			if i == 0 {
				return 0, errDocument
			}
			d.data = d.data[i:]
			return n, nil
		}
		if n > (math.MaxUint64-9)/10 {
			n = math.MaxUint64
			continue
		}
		n = 10*n + uint64(c-'0')
	}
	return 0, errDocument
}

// skip passes over a value.
func (d *reader) skip() error {
	depth := 0
	for {
		switch c := d.space(); c {
		case 0:
			return errDocument
		case '"':
			if err := d.pass(); err != nil {
				return err
			}
		case '{', '[':
			if depth++; depth > deepest {
				return errDocument
			}
			d.data = d.data[1:]
			continue
		case '}', ']':
			if depth--; depth < 0 {
				return errDocument
			}
			d.data = d.data[1:]
		case ',', ':':
			if depth == 0 {
				return errDocument
			}
			d.data = d.data[1:]
			continue
		default: // a number, true, false, null
			i := 0
			for i < len(d.data) && !delimits(d.data[i]) {
				i++
			}
			d.data = d.data[i:]
		}
		if depth == 0 {
			return nil
		}
	}
}

// pass passes over a string.
func (d *reader) pass() error {
	for i := 1; i < len(d.data); i++ {
		switch d.data[i] {
		case '\\':
			i++
		case '"':
			d.data = d.data[i+1:]
			return nil
		}
	}
	return errDocument
}

func delimits(c byte) bool {
	switch c {
	case ',', '}', ']', ' ', '\t', '\n', '\r', ':':
		return true
	}
	return false
}
