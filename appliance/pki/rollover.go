package pki

import (
	"slices"
)

// Role is what a generation of an authority does.
type Role string

// Roles. All generations are trusted.
const (
	Signing  Role = "signing"
	Next     Role = "next"     // will sign once everybody trusts it
	Previous Role = "previous" // has signed certificates that may still be in use
)

// Generation is a certificate of an authority with its key: there are two of them during a rollover.
type Generation struct {
	Number      int
	Role        Role
	Certificate []byte // with those of its issuers, PEM; nil: it is to be made
}

// Phase is where an authority is in its rollover.
type Phase string

// Phases, in their order. Each lasts for at least an apply. TLS works in all of them, since nobody shows a certificate of an authority that the
// others do not trust.
const (
	Steady      Phase = "steady"
	Introducing Phase = "introducing" // the next generation is trusted beside the one that signs
	Replacing   Phase = "replacing"   // the new generation signs, certificates of the former one are replaced and still trusted
)

// PhaseOf tells where generations are in a rollover.
func PhaseOf(generations []Generation) Phase {
	switch {
	case Find(generations, Next) != nil:
		return Introducing
	case Find(generations, Previous) != nil:
		return Replacing
	}
	return Steady
}

// Find is the generation of a role; nil: there is none.
func Find(generations []Generation, role Role) *Generation {
	i := slices.IndexFunc(generations, func(g Generation) bool { return g.Role == role })
	if i < 0 {
		return nil
	}
	return &generations[i]
}

// Begin introduces a next generation beside the one that signs. A nil certificate is to be made.
func Begin(generations []Generation, certificate []byte) []Generation {
	number := 0
	for _, g := range generations {
		number = max(number, g.Number)
	}
	return append(slices.Clone(generations), Generation{Number: number + 1, Role: Next, Certificate: certificate})
}

// Proceed goes a phase further. The one that signs comes first.
func Proceed(generations []Generation) []Generation {
	switch PhaseOf(generations) {
	case Introducing:
		signing, next := *Find(generations, Signing), *Find(generations, Next)
		signing.Role, next.Role = Previous, Signing
		return []Generation{next, signing}
	case Replacing:
		return []Generation{*Find(generations, Signing)}
	}
	return generations
}
