package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// complete asks as a shell does: the answers, and last the directive.
func complete(t *testing.T, words ...string) (answers []string, directive string) {
	t.Helper()
	cmd := root()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&bytes.Buffer{})
	cmd.SetArgs(append([]string{cobra.ShellCompNoDescRequestCmd}, words...))
	if err := cmd.Execute(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(out.String())
	return lines[:len(lines)-1], lines[len(lines)-1]
}

func TestCompletion(t *testing.T) {
	const files, values = ":8", ":4" // cobra.ShellCompDirectiveFilterFileExt, NoFileComp
	for line, want := range map[string]struct{ answers, directive string }{
		"el":                            {"elements", values},
		"check ":                        {"yml yaml", files},
		"check a.yml ":                  {"", values},
		"replay ":                       {"pcap pcapng dat", files},
		"replay a.pcap ":                {"pcap pcapng dat", files},
		"replay --extra ":               {"none known all", values},
		"replay --geoip-city ":          {"mmdb", files},
		"run --config ":                 {"yml yaml", files},
		"setup --target a":              {"auto data_stream alias index", values},
		"elements octetDeltaCountFromS": {"octetDeltaCountFromSourceNode", values},
		"elements --file ":              {"yml yaml", files},
		"elements noSuchElementAnyWhat": {"", values},
	} {
		answers, directive := complete(t, strings.Split(line, " ")...)
		if got := strings.Join(answers, " "); got != want.answers || directive != want.directive {
			t.Errorf("flowcollector %s: %q and %s, not %q and %s", line, got, directive, want.answers, want.directive)
		}
	}
}

// TestEveryFlagWithAValueIsCompleted: a flag without a rule of its own offers all files, which is right for a password only.
func TestEveryFlagWithAValueIsCompleted(t *testing.T) {
	checked := 0
	for _, cmd := range root().Commands() {
		if cmd.Hidden {
			continue
		}
		cmd.LocalNonPersistentFlags().VisitAll(func(f *pflag.Flag) {
			if f.NoOptDefVal != "" || f.Name == "password-file" {
				return
			}
			checked++
			if _, ok := cmd.GetFlagCompletionFunc(f.Name); !ok {
				t.Errorf("flowcollector %s --%s has no completion", cmd.Name(), f.Name)
			}
		})
	}
	if checked == 0 {
		t.Error("no flag was checked")
	}
}
