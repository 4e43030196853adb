package providertest

import (
	"fmt"
	"slices"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
)

// Pinned is a resource, TYPE.test, with a write-only attribute that has a version. Values are those of an ephemeral secret, which is another one in each run:
// each value that is planned is written only where there is a reason for it.
type Pinned struct {
	Provider, Type string
	// Body is the inside of the resource's block with a value, what a version is given with, if there is one, and either of two settings besides.
	Body func(value, version string, other bool) string
	// Attribute is that of the version, Revision what tells secrets apart, without any of them.
	Attribute, Revision string
	// InForce is the secret that was written.
	InForce func() string
	// Drift puts something else in its place, which a read sees; nil: nothing can.
	Drift func()
}

// Run goes through what happens to such a secret.
func (p Pinned) Run(t *testing.T) {
	t.Helper()
	r := &pinned{Pinned: p, t: t, cli: NewCLI(t)}
	r.write("secret-one", 1, false)
	r.applied("creation", "secret-one")
	first := r.settled("creation")

	r.write("secret-two", 1, false)
	r.same("another value", first)
	r.write("secret-three", 1, true)
	r.applied("a change of something else", "secret-one")
	r.same("a change of something else", first)

	r.write("secret-four", 2, true)
	r.applied("another version", "secret-four")
	second := r.settled("another version")
	if second == first {
		t.Errorf("two secrets have revision %s", first)
	}
	if p.Drift != nil {
		p.Drift()
		r.applied("drift", "secret-four")
		r.same("drift", second)
		p.Drift()
		r.write("secret-five", 2, true)
		r.applied("drift under another value", "secret-five")
		r.write("secret-six", 2, true)
		third := r.settled("drift under another value")
		if third == second {
			t.Errorf("what repaired the drift has revision %s as well", second)
		}
		r.write("secret-five", 2, true)
		second = third
	} else {
		r.write("secret-four", 2, true)
	}
	last := p.InForce()

	r.write(last, 0, true)
	r.applied("no version any more", last)
	r.same("no version any more", second)
	r.write(last, 3, true)
	r.applied("a version of the same value", last)
	r.same("a version of the same value", second)
	r.write("secret-seven", 3, true)
	r.same("another value then", second)
	r.write("secret-seven", 0, true)
	r.applied("no version, and another value", "secret-seven")
	if r.settled("no version, and another value") == second {
		t.Errorf("two secrets have revision %s", second)
	}
}

type pinned struct {
	Pinned
	t   *testing.T
	cli *CLI
}

// write writes a configuration; version 0 is none.
func (r *pinned) write(value string, version int, other bool) {
	r.t.Helper()
	text := ""
	if version > 0 {
		text = fmt.Sprintf("%s = %d", r.Attribute, version)
	}
	r.cli.Write(r.Provider + fmt.Sprintf("resource %q \"test\" {\n%s\n}\n", r.Type, r.Body(value, text, other)))
}

// applied applies what has to be a change in place, or a creation, and expects a secret to be in force then.
func (r *pinned) applied(what, secret string) {
	r.t.Helper()
	if said := r.cli.Apply(); len(said.Errors)+len(said.Warnings) > 0 || said.Changes != 1+1 { // planned, and applied
		r.t.Fatalf("%s: %+v", what, said)
	}
	if got := r.InForce(); got != secret {
		r.t.Errorf("%s: in force is %q, not %q", what, got, secret)
	}
}

// settled expects a plan to change nothing, and returns the revision.
func (r *pinned) settled(what string) string {
	r.t.Helper()
	plan, said := r.cli.Show()
	if len(said.Errors)+len(said.Warnings) > 0 || len(plan.ResourceChanges) != 1 {
		r.t.Fatalf("after %s: %+v", what, said)
	}
	change := plan.ResourceChanges[0].Change
	if !slices.Equal(change.Actions, tfjson.Actions{tfjson.ActionNoop}) {
		r.t.Errorf("after %s the plan is to %v: %s", what, change.Actions, differences(change))
	}
	attributes, _ := change.Before.(map[string]any)
	return fmt.Sprint(attributes[r.Revision])
}

// same expects a plan to change nothing, and the secret to be that of a revision.
func (r *pinned) same(what, revision string) {
	r.t.Helper()
	if got := r.settled(what); got != revision {
		r.t.Errorf("after %s the revision is %s, not %s", what, got, revision)
	}
}
