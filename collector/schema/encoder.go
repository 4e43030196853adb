package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// Encoder writes documents with the fields of a selection. It is safe for concurrent use.
type Encoder struct {
	on    map[string]bool
	steps []step
	views [views]knownFields // what is selected of an address, by place in the document
}

// NewEncoder returns an encoder. The error names a profile or a field that there is not, or one that every document must have.
func NewEncoder(s Selection) (*Encoder, error) {
	on, err := s.fields()
	if err != nil {
		return nil, err
	}
	e := &Encoder{on: on, views: viewsOf(on)}
	e.steps = e.compile()
	return e, nil
}

// complete writes all fields.
var complete = func() *Encoder {
	e, err := NewEncoder(Selection{Profile: "all"})
	if err != nil {
		panic(err) // the selection is constant
	}
	return e
}()

// Complete is the encoder for all fields.
func Complete() *Encoder { return complete }

// AppendJSON is Append of the encoder for all fields.
func AppendJSON(dst []byte, r *flow.Record) []byte { return complete.Append(dst, r) }

// wide is how much text is copied at once. Nearly all keys and openings of objects are shorter.
const wide = 32

// step is one thing the encoder does: it appends its text, then what put does. It fills a cache line.
type step struct {
	need flow.Fields // all of these, or else the step is skipped
	put  put
	text [wide]byte
	long *string // in place of text where that is too short, or else nil
	size uint16  // of text, or of the beginning of the object that ends
	skip uint16  // steps to the next one where this one is skipped
	do   action
	ends uint8 // objects that end
}

// action is what happens behind the text of a step.
type action uint8

const (
	nothing action = iota // the beginning of objects, or constants
	member                // put: a value, or members of an object. Without any, the text goes too
	ending                // of objects; their beginning goes too when there is nothing in them
)

// Append appends the document of a record: one JSON object without a line feed. It allocates only to grow dst.
//
// Behind each member there is a comma. The end of an object overwrites the last one.
func (e *Encoder) Append(dst []byte, r *flow.Record) []byte {
	has := factsOf(r)
	dst = append(dst, '{')
	steps := e.steps
	for i := 0; i < len(steps); {
		s := &steps[i]
		if has&s.need != s.need {
			i += int(s.skip)
			continue
		}
		i++
		at := len(dst)
		if s.do == ending {
			dst = finish(dst, s)
			continue
		}
		if s.long == nil && cap(dst)-at >= wide {
			dst = dst[:at+wide]
			*(*[wide]byte)(dst[at:]) = s.text
			dst = dst[:at+int(s.size)]
		} else {
			dst = appendLongText(dst, s)
		}
		if s.do == nothing {
			continue
		}
		before := len(dst)
		if dst = s.put(dst, r); len(dst) > before {
			dst = append(dst, ',')
		} else {
			dst = dst[:at]
		}
	}
	dst[len(dst)-1] = '}' // never empty: every document has a timestamp
	return dst
}

// finish ends the objects of a step, or takes their beginning back.
func finish(dst []byte, s *step) []byte {
	last := len(dst) - 1
	if dst[last] != ',' {
		return dst[:last+1-int(s.size)]
	}
	dst[last] = '}'
	for range s.ends - 1 {
		dst = append(dst, '}')
	}
	return append(dst, ',')
}

func appendLongText(dst []byte, s *step) []byte {
	if s.long != nil {
		return append(dst, *s.long...)
	}
	return append(dst, s.text[:s.size]...)
}
