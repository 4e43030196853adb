package host

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

const wholeAnswer = "motd\n\nflowstack-probe-begin\nv 0 stat YWJj\nv 0 absent \nv 0 stat ZA==\nd 0\ne 1 bm8=\nd 1\nflowstack-probe-end\nbye"

func TestParseAnswers(t *testing.T) {
	answers, err := parseAnswers([]byte(wholeAnswer), 2)
	if err != nil {
		t.Fatal(err)
	}
	if got := answers[0].all("stat"); !cmp.Equal(got, []string{"abc", "d"}) || !answers[0].absent() || answers[0].failed != "" {
		t.Errorf("answer 0 is %+v", answers[0])
	}
	if answers[1].failed != "no" {
		t.Errorf("answer 1 is %+v", answers[1])
	}
}

// TestParseAnswersCut: no beginning of an output is taken for the whole.
func TestParseAnswersCut(t *testing.T) {
	whole := strings.TrimSuffix(wholeAnswer, "bye")
	for n := range len(whole) {
		if answers, err := parseAnswers([]byte(whole[:n]), 2); err == nil {
			t.Errorf("%q is taken for %+v", whole[:n], answers)
		}
	}
	if _, err := parseAnswers([]byte(whole), 3); !errors.Is(err, errCutOff) {
		t.Errorf("a request without answer: %v", err)
	}
	for _, line := range []string{"v 2 x eA==", "v 0 x !", "x 0", "d", "d 0 0", "v -1 x eA==", "v 0 x", "e 0 !", ""} {
		if answers, err := parseAnswers([]byte("\n"+probeBegin+"\n"+line+"\nd 0\nd 1\n"+probeEnd+"\n"), 2); err == nil {
			t.Errorf("line %q is taken for %+v", line, answers)
		}
	}
}

func FuzzParseAnswers(f *testing.F) {
	f.Add([]byte(wholeAnswer), 2)
	f.Add([]byte("\n"+probeBegin+"\n"+probeEnd+"\n"), 0)
	f.Fuzz(func(t *testing.T, output []byte, n int) {
		n &= 0xff
		answers, err := parseAnswers(output, n)
		if err != nil {
			return
		}
		if len(answers) != n {
			t.Fatalf("%d answers to %d requests", len(answers), n)
		}
		for _, a := range answers { // whatever they are, the items must survive them
			for _, item := range everyKind() {
				if facts, err := item.observe(a); err == nil && len(facts) == 0 {
					t.Fatalf("%s observed nothing in %+v", item.ID(), a)
				}
				_ = item.record(a, &Before{}) // an error is fine, a panic is not
			}
			_, _ = parseSystem(a)
			_, _ = parseInventory(a)
		}
	})
}

func everyKind() Desired {
	return Desired{
		File{Path: "/etc/x", Content: []byte("a = 1\n"), Format: SysctlFormat{}},
		File{Path: "/etc/s", Content: []byte("x"), Secret: true, SecretRevision: "1"},
		Directory{Path: "/etc/d"},
		Sysctl{Key: "vm.swappiness", Value: "1"},
		Package{Name: "flowcollector", Version: "1.0"},
		Unit{Name: "flowcollector.service", Enabled: true, Active: true, Inputs: []string{"/etc/x"}},
	}
}

// canned answers every command with the same result.
type canned struct {
	result ssh.Result
	err    error
}

func (c canned) Run(context.Context, ssh.Command) (ssh.Result, error) { return c.result, c.err }

// TestNothingIsNotAbsent: a host that says nothing, or not all, is an error for every kind of item.
func TestNothingIsNotAbsent(t *testing.T) {
	link := errors.New("link lost")
	for _, item := range everyKind() {
		for name, runner := range map[string]canned{
			"silence":         {},
			"no answer":       {result: ssh.Result{Stdout: []byte("\n" + probeBegin + "\nd 0\nd 1\n" + probeEnd + "\n")}},
			"failed":          {result: ssh.Result{Stdout: []byte("\n" + probeBegin + "\nd 0\ne 1 bm8=\nd 1\n" + probeEnd + "\n")}},
			"exit status 127": {result: ssh.Result{ExitCode: 127, Stderr: []byte("sh: not found")}},
			"no link":         {err: link},
		} {
			if name == "no answer" && strings.HasPrefix(item.ID(), "sysctl") {
				continue // an empty value is one: some parameters are empty
			}
			o, err := Probe(t.Context(), runner, Desired{item})
			if err == nil {
				t.Errorf("%s: %s reads as %v", item.ID(), name, o.Facts)
			}
			if runner.err != nil && !errors.Is(err, link) {
				t.Errorf("%s: the cause is lost: %v", item.ID(), err)
			}
		}
	}
}
