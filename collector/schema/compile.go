package schema

import (
	"slices"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

// unit is steps that are skipped together, or not: those of a member.
type unit []step

// compile makes the steps for the selected fields.
func (e *Encoder) compile() []step {
	var fields []*Field
	for i := range Fields {
		if e.on[Fields[i].Name] {
			fields = append(fields, &Fields[i])
		}
	}
	return flatten(e.members("", fields))
}

// members makes the units of an object's fields. The prefix is its name and a dot, or empty.
func (e *Encoder) members(prefix string, fields []*Field) []unit {
	var units []unit
	if f := e.fragment(strings.TrimSuffix(prefix, ".")); f != nil {
		units = append(units, unit{newStep("", member, 0, f)})
	}
	for len(fields) > 0 {
		name, inner, isObject := strings.Cut(fields[0].Name[len(prefix):], ".")
		key := strconv.Quote(name) + ":"
		if !isObject || inner == "" {
			if u := leaf(key, fields[0].value); u != nil {
				units = append(units, u)
			}
			fields = fields[1:]
			continue
		}
		n := 0
		for n < len(fields) && strings.HasPrefix(fields[n].Name, prefix+name+".") {
			n++
		}
		if inside := e.members(prefix+name+".", fields[:n]); len(inside) > 0 {
			units = append(units, object(key+"{", inside))
		}
		fields = fields[n:]
	}
	return gated(merged(units))
}

// newStep is a step that is skipped alone.
func newStep(text string, do action, need flow.Fields, p put) step {
	s := step{need: need, skip: 1, do: do, size: uint16(len(text)), put: p}
	if copy(s.text[:], text) < len(text) {
		s.long = &text
	}
	return s
}

func (s *step) constant() string {
	if s.long != nil {
		return *s.long
	}
	return string(s.text[:s.size])
}

// leaf is a value; nil where it is part of a fragment.
func leaf(key string, v value) unit {
	switch {
	case v.constant != "":
		return unit{newStep(key+v.constant+",", nothing, 0, nil)}
	case v.put != nil:
		return unit{newStep(key, member, v.need, v.put)}
	}
	return nil
}

// object is what is inside between its beginning and its end. What all of it needs, the object needs. One of constants only is a constant, and
// one with nothing but another object inside begins and ends with that.
func object(begin string, inside []unit) unit {
	if text, is := constants(inside); is {
		return unit{newStep(begin+strings.TrimSuffix(text, ",")+"},", nothing, 0, nil)}
	}
	need := ^flow.Fields(0)
	for _, u := range inside {
		need &= u[0].need
	}
	ends := uint8(1)
	if last := len(inside[0]) - 1; len(inside) == 1 && inside[0][last].do == ending && inside[0][last].size == inside[0][0].size {
		begin += inside[0][0].constant()
		ends += inside[0][last].ends
		inside = []unit{inside[0][1:last]}
	}
	end := newStep(begin, ending, 0, nil)
	end.ends = ends
	u := slices.Concat(unit{newStep(begin, nothing, need, nil)}, flatten(inside), unit{end})
	u[0].skip = uint16(len(u))
	return u
}

// constants are the text of units that are nothing but a constant each.
func constants(units []unit) (text string, are bool) {
	var all strings.Builder
	for _, u := range units {
		if s := &u[0]; len(u) > 1 || s.do != nothing || s.need != 0 {
			return "", false
		}
		all.WriteString(u[0].constant())
	}
	return all.String(), true
}

// merged makes one of constants that follow each other.
func merged(units []unit) []unit {
	var all []unit
	for _, u := range units {
		if len(all) > 0 {
			if text, are := constants([]unit{all[len(all)-1], u}); are {
				all[len(all)-1] = unit{newStep(text, nothing, 0, nil)}
				continue
			}
		}
		all = append(all, u)
	}
	return all
}

// gated puts a step before several units that only records with details have, so that they are skipped at once.
func gated(units []unit) []unit {
	var all []unit
	for len(units) > 0 {
		n := 0
		for n < len(units) && units[n][0].need&hasDetails != 0 {
			n++
		}
		if n < 3 {
			n = max(n, 1)
			all = append(all, units[:n]...)
		} else {
			inside := flatten(units[:n])
			gate := newStep("", nothing, hasDetails, nil)
			gate.skip = uint16(len(inside) + 1)
			all = append(all, append(unit{gate}, inside...))
		}
		units = units[n:]
	}
	return all
}

func flatten(units []unit) []step {
	var all []step
	for _, u := range units {
		all = append(all, u...)
	}
	return all
}
