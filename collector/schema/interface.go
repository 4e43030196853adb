package schema

import "github.com/flowstack/terraform-provider-flowstack/collector/flow"

// What is said about the interfaces of a flow.
var (
	inputName = described(
		func(o *flow.Observer) ([]byte, bool) { return o.Input.Name, o.Input.NameWins }, func(d *flow.Details) []byte { return d.InputName })
	inputAlias = described(
		func(o *flow.Observer) ([]byte, bool) { return o.Input.Alias, o.Input.AliasWins }, func(d *flow.Details) []byte { return d.InputDescription })
	outputName = described(
		func(o *flow.Observer) ([]byte, bool) { return o.Output.Name, o.Output.NameWins }, func(d *flow.Details) []byte { return d.OutputName })
	outputAlias = described(
		func(o *flow.Observer) ([]byte, bool) { return o.Output.Alias, o.Output.AliasWins }, func(d *flow.Details) []byte { return d.OutputDescription })
)

// described is a text about an interface: what the exporter told of it, unless something else is known that wins.
func described(known func(o *flow.Observer) (text []byte, wins bool), told func(d *flow.Details) []byte) value {
	return always(func(dst []byte, r *flow.Record) []byte {
		var text []byte
		var wins bool
		if r.Observer != nil {
			text, wins = known(r.Observer)
		}
		if r.Details != nil && (!wins || len(text) == 0) {
			if name := told(r.Details); len(name) > 0 {
				return appendText(dst, name)
			}
		}
		return append(dst, text...)
	})
}

func inputID(dst []byte, r *flow.Record) []byte { return appendQuoted(dst, uint64(r.Input)) }

func outputID(dst []byte, r *flow.Record) []byte { return appendQuoted(dst, uint64(r.Output)) }
