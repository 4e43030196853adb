package host

import (
	"slices"
	"strings"
	"testing"
)

func TestUnitValuesThatMayBeSecret(t *testing.T) {
	const (
		canary = "sha256:e100fbce008c04ec" // printf canary | sha256sum
		empty  = "sha256:e3b0c44298fc1c14"
	)
	for content, want := range map[string]string{
		"Environment=A=canary":                                     "A=" + canary,
		"Environment=A=canary \"B=canary\"":                        "A=" + canary + " B=" + canary,
		"Environment=\"A=canary\" 'B='":                            "A=" + canary + " B=" + empty,
		"Environment=A='canary'":                                   "A=" + canary,
		"Environment=canary":                                       canary,
		"Environment=":                                             "",
		"Environment=A=canary\nEnvironment=\nEnvironment=B=canary": "A=" + canary + "; ; B=" + canary,
		"SetCredential=token:canary":                               "token:" + canary,
		"SetCredential=canary":                                     canary,
		"EnvironmentFile=/etc/canary":                              "/etc/canary",
		"ExecStart=/bin/canary":                                    "/bin/canary",
	} {
		facts, err := UnitFileFormat{}.Facts([]byte("[Service]\n" + content + "\n"))
		name, _, _ := strings.Cut(content, "=")
		if got := facts["[Service] "+name]; err != nil || got != want {
			t.Errorf("%q shows as %q, want %q, %v", content, got, want, err)
		}
	}
}

func TestSplitWords(t *testing.T) {
	for value, want := range map[string][]string{
		"":                          nil,
		" a\tb ":                    {"a", "b"},
		`"a b" 'c d'e`:              {"a b", "c de"},
		`"a \"b\" c" '\''`:          {`a "b" c`, "'"},
		`a\ b \\ \n`:                {"a b", `\`, `\n`},
		`"" ''`:                     {"", ""},
		`"open and never closed`:    {"open and never closed"},
		"\"of two\nlines\" A=\"é\"": {"of two\nlines", "A=é"},
	} {
		if got := splitWords(value); !slices.Equal(got, want) {
			t.Errorf("%q divides into %q, want %q", value, got, want)
		}
	}
}
