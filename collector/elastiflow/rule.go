package elastiflow

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

// Rule says what becomes of an option.
type Rule struct {
	Class Class    // as a rule; the value may make another one of it
	To    []string // settings it becomes, or the credential it belongs to
	Text  string   // what is different, or why there is nothing to do
	read  func(t *translation, value string) (verdict, error)
}

// verdict is what became of a setting. Without a class it is what the rule says.
type verdict struct {
	class Class
	note  string
}

// becomes takes the value as it is.
func becomes(key, text string) Rule {
	return Rule{Translated, []string{key}, text, func(t *translation, value string) (verdict, error) { return t.set(key, value), nil }}
}

// file takes a path. ElastiFlow looks for a relative one in its own directory.
func file(key, text string) Rule {
	return Rule{Translated, []string{key}, text, func(t *translation, value string) (verdict, error) { return t.set(key, absolute(value)), nil }}
}

// home is where ElastiFlow looks for files.
const home = "/etc/elastiflow"

func absolute(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return path.Join(home, name)
}

// measured takes a whole number with a unit of time, in milliseconds, or a size, in octets, and writes it with the unit.
func measured(key, unit, text string) Rule {
	return Rule{Translated, []string{key}, text, func(t *translation, value string) (verdict, error) {
		n, err := number(value)
		if err != nil {
			return verdict{}, err
		}
		if unit != "" {
			return t.set(key, strconv.FormatInt(n, 10)+unit), nil
		}
		return t.set(key, config.ByteSize(n).String()), nil
	}}
}

func number(value string) (int64, error) {
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is not a whole number", value)
	}
	return n, nil
}

// chosen translates word by word.
func chosen(key string, of map[string]string, text string) Rule {
	return Rule{Translated, []string{key}, text, func(t *translation, value string) (verdict, error) {
		to, known := of[strings.ToLower(value)]
		if !known {
			return verdict{NoEquivalent, fmt.Sprintf("%q has none; %s stays at its default", value, key)}, nil
		}
		return t.set(key, to), nil
	}}
}

// derived is translated with other options, in translation.derive.
func derived(text string, to ...string) Rule { return Rule{Class: Translated, To: to, Text: text} }

// same needs nothing where the value is one of those that this collector does anyway; what else it may be has no equivalent.
func same(values, why, otherwise string) Rule {
	return Rule{
		Class: NotNeeded, Text: "`" + strings.ReplaceAll(values, "|", "`, `") + "`: " + why + "; else: " + otherwise,
		read: func(_ *translation, value string) (verdict, error) {
			for one := range strings.SplitSeq(values, "|") {
				if strings.EqualFold(one, value) {
					return verdict{NotNeeded, why}, nil
				}
			}
			return verdict{NoEquivalent, otherwise}, nil
		},
	}
}

// switched is same for what is on or off.
func switched(normal bool, why, otherwise string) Rule {
	return Rule{
		Class: NotNeeded, Text: fmt.Sprintf("`%t`: %s; else: %s", normal, why, otherwise),
		read: func(_ *translation, value string) (verdict, error) {
			on, err := boolean(value)
			switch {
			case err != nil:
				return verdict{}, err
			case on == normal:
				return verdict{NotNeeded, why}, nil
			}
			return verdict{NoEquivalent, otherwise}, nil
		},
	}
}

func boolean(value string) (bool, error) {
	on, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		return false, fmt.Errorf("%q is neither true nor false", value)
	}
	return on, nil
}

// enables turns others on, which say what becomes of it. Where it is off nothing is lost.
func enables(text string, to ...string) Rule {
	return Rule{Translated, to, text, func(_ *translation, value string) (verdict, error) {
		on, err := boolean(value)
		if err != nil || on {
			return verdict{}, err
		}
		return verdict{NotNeeded, "it is off"}, nil
	}}
}

// absent is a part that this collector does not have, turned on by an option.
func absent(why string) Rule {
	return Rule{Class: NoEquivalent, Text: why, read: func(_ *translation, value string) (verdict, error) {
		on, err := boolean(value)
		if err != nil || on {
			return verdict{}, err
		}
		return verdict{NotNeeded, "it is off"}, nil
	}}
}

func unneeded(why string) Rule { return Rule{Class: NotNeeded, Text: why} }
func missing(why string) Rule  { return Rule{Class: NoEquivalent, Text: why} }

// secret belongs into a credential of systemd. Its value is not looked at.
func secret(credential, text string) Rule {
	return Rule{Class: SecretToKeep, To: []string{credential}, Text: text}
}
