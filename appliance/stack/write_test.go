package stack

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// TestTexts: a text stays one, whatever it looks like, and a name may be the beginning of another.
func TestTexts(t *testing.T) {
	settings := map[string]string{
		"a": "true", "b": "0", "c": "-12", "d": "007", "e": "1.5", "f": "yes", "g": "", "h": "a, b", "i": `say "ü" \ <x>`, "j": "two\nlines", "k": "12345678901234567890", "l": "[a]",
		"logger.org": "INFO", "logger.org.elasticsearch": "DEBUG", "m": "a text that is longer than eighty characters, which is where lines are folded if nobody says otherwise",
	}
	want := host.Managed + `a: true
b: 0
c: -12
d: "007"
e: "1.5"
f: "yes"
g: ""
h: "a, b"
i: "say \"ü\" \\ <x>"
j: "two\nlines"
k: "12345678901234567890"
l: "[a]"
logger.org: "INFO"
logger.org.elasticsearch: "DEBUG"
m: "a text that is longer than eighty characters, which is where lines are folded if nobody says otherwise"
`
	got := Texts(settings)
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
	read, err := Read(got)
	if diff := cmp.Diff(settings, read); err != nil || diff != "" {
		t.Errorf("read back: %v, %s", err, diff)
	}
}
