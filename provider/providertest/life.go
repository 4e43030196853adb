package providertest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	tfjson "github.com/hashicorp/terraform-json"
	"github.com/hashicorp/terraform-plugin-testing/plancheck"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

// Life is what every resource on a host has to live through: creation, an empty plan, drift and its repair, an update in place, import, a link
// cut at each command of an apply, being deleted by hand, and the end, after which the host is what it was before. Secrets are searched for in
// states, plans, TRACE logs, and the command lines that the host saw.
//
//	providertest.Life{Host: h, Type: "flowstack_file", Body: `path = "/etc/motd"`, …}.Run(t)
type Life struct {
	Host *Host
	// Elasticsearch is behind the host, for a resource that lives in it: then it is what goes away at each request in turn, not the link.
	Elasticsearch interface {
		link
		Provider(h *Host) string
	}
	Type string // of the resource, whose address is TYPE.test
	// Body is the inside of the resource's block; Changed is another one that has to be an update in place.
	Body, Changed string
	// More is configuration besides: variables, other resources.
	More string
	// Check tells whether the host is as Body wants it, CheckChanged as Changed does. Plans tell what the resource believes; these look.
	Check, CheckChanged func() error
	// Drifts are what happens by hand while Body is in force.
	Drifts []Drift
	// Vanish removes all of the resource by hand. Nil: nobody can, as with the values of a kernel.
	Vanish func()

	ImportID string            // empty: no import is tried, since it makes the secrets anew
	Identity map[string]string // for an import block; nil: none is tried
	// NotImported are attributes that no host shows: a plan after an import may set them, and nothing else.
	NotImported []string

	// Secrets are texts that only the configuration may hold, and the host's files.
	Secrets []string
	// Ignore are beginnings of paths below the host's root that need not be as before in the end, such as "etc/fake/log".
	Ignore []string
	// CutEvery is the distance of the commands that the link is cut at; 0 is 3. It is odd, for both moments to come. With FLOWSTACK_EVERY_CUT set it is
	// each command, which takes three times as long.
	CutEvery int
	// Left looks for what is left outside of the host's files in the end; nil: there is nothing.
	Left func() error
}

// Drift is one thing changed by hand, and what the plan says about it.
type Drift struct {
	Name string
	By   func()
	// Fact goes from one value to another in the plan; empty is for a fact that is not there. See Drifts.
	Fact, From, To string
	// Replaces: it cannot be repaired in place.
	Replaces bool
	// Warning is part of what the plan warns of, where no fact can show it; empty: it warns of nothing.
	Warning string
}

// Run lives the life.
func (l Life) Run(t *testing.T) {
	t.Helper()
	c := NewCLI(t)
	log := filepath.Join(c.Dir, "trace.log")
	t.Setenv("TF_ACC_LOG_PATH", log) // what the provider says, TRACE
	c.Env = append(c.Env, "TF_LOG=TRACE", "TF_LOG_PATH="+log)
	r := &living{Life: l, t: t, cli: c, address: l.Type + ".test", before: l.Host.files(l.Ignore)}
	r.beginning()
	r.drifts()
	r.update()
	r.imports()
	r.end("destroy")
	r.cuts()
	r.vanishing()
	r.secrets()
}

type living struct {
	Life
	t       *testing.T
	cli     *CLI
	address string
	before  map[string]string
	warning string // that is due; empty: none is
}

func (r *living) configuration(body string) string {
	block := r.Host.Provider()
	if r.Elasticsearch != nil {
		block = r.Elasticsearch.Provider(r.Host)
	}
	return block + r.More + fmt.Sprintf("\nresource %q \"test\" {\n%s\n}\n", r.Type, body)
}

func (r *living) beginning() {
	r.t.Helper()
	r.cli.Write(r.configuration(r.Body))
	r.expect("creation", tfjson.ActionCreate)
	r.apply("creation")
	r.settled("creation", r.Check)
}

func (r *living) drifts() {
	r.t.Helper()
	for _, drift := range r.Drifts {
		drift.By()
		actions := tfjson.Actions{tfjson.ActionUpdate}
		if drift.Replaces {
			actions = tfjson.Actions{tfjson.ActionDelete, tfjson.ActionCreate}
		}
		r.warning = drift.Warning
		plan := r.expect("drift of "+drift.Name, actions...)
		if drift.Fact != "" {
			var resp plancheck.CheckPlanResponse
			Drifts(r.address, drift.Fact, drift.From, drift.To).CheckPlan(context.Background(), plancheck.CheckPlanRequest{Plan: plan}, &resp)
			if resp.Error != nil {
				r.t.Errorf("drift of %s: %v", drift.Name, resp.Error)
			}
		}
		r.apply("repair of " + drift.Name)
		r.warning = ""
		r.settled("repair of "+drift.Name, r.Check)
	}
}

func (r *living) update() {
	r.t.Helper()
	r.cli.Write(r.configuration(r.Changed))
	r.expect("update", tfjson.ActionUpdate)
	r.apply("update")
	r.settled("update", r.CheckChanged)
	r.cli.Write(r.configuration(r.Body))
	r.apply("update back")
	r.settled("update back", r.Check)
}

// imports leaves the state as it was: what an imported resource found on the host, nobody knows any more.
func (r *living) imports() {
	r.t.Helper()
	if r.ImportID == "" {
		return
	}
	state := filepath.Join(r.cli.Dir, "terraform.tfstate")
	kept, err := os.ReadFile(state)
	if err != nil {
		r.t.Fatal(err)
	}
	r.cli.Forget(r.address)
	r.cli.Import(r.address, r.ImportID)
	r.imported("import by id", false)
	if r.Identity != nil && keepsIdentities(r.t) {
		r.cli.Forget(r.address)
		var identity strings.Builder
		for _, name := range slices.Sorted(maps.Keys(r.Identity)) {
			fmt.Fprintf(&identity, "    %s = %q\n", name, r.Identity[name])
		}
		r.cli.Write(r.configuration(r.Body) + fmt.Sprintf("import {\n  to = %s\n  identity = {\n%s  }\n}\n", r.address, identity.String()))
		r.imported("import by identity", true)
		r.cli.Write(r.configuration(r.Body))
	}
	if err := os.WriteFile(state, kept, 0o600); err != nil {
		r.t.Fatal(err)
	}
	r.settled("putting back the state after the imports", r.Check)
}

// imported expects a plan to change nothing but what no host shows, and no plan after that.
func (r *living) imported(what string, byBlock bool) {
	r.t.Helper()
	change := r.change(what, r.plan(what))
	if (change.Importing != nil) != byBlock {
		r.t.Errorf("%s: the plan imports: %t", what, change.Importing != nil)
	}
	if change.Actions.Update() && len(r.NotImported) > 0 {
		before, _ := change.Before.(map[string]any)
		after, _ := change.After.(map[string]any)
		for name, value := range after {
			if !reflect.DeepEqual(before[name], value) && !slices.Contains(r.NotImported, name) {
				r.t.Errorf("%s: the plan changes %s from %v to %v", what, name, before[name], value)
			}
		}
	} else if !change.Actions.NoOp() {
		r.t.Errorf("%s: the plan is to %v: %s", what, change.Actions, differences(change))
	}
	r.apply(what)
	r.settled(what, r.Check)
}

func (r *living) vanishing() {
	r.t.Helper()
	if r.Vanish == nil {
		return
	}
	r.cli.Write(r.configuration(r.Body))
	r.apply("last creation")
	r.Vanish()
	r.before = r.Host.files(r.Ignore) // what the resource had replaced is not there any more, either
	r.expect("creation of what was deleted by hand", tfjson.ActionCreate)
	r.apply("creation of what was deleted by hand")
	r.settled("creation of what was deleted by hand", r.Check)
	r.end("destroy of what was deleted by hand")
}

func (r *living) end(what string) {
	r.t.Helper()
	if said := r.cli.Destroy(); len(said.Errors) > 0 {
		r.t.Fatalf("the %s failed: %q", what, said.Errors)
	}
	r.nothingLeft("the " + what)
}

// cuts cuts the link at one command after another of a creation, an update and a destroy, CutEvery apart, until there is none left to cut: in turns before
// the command is run, and after it when its answer is on the way. Whatever is left behind, the next apply heals it.
func (r *living) cuts() {
	r.t.Helper()
	if server, is := r.Elasticsearch.(*Cluster); is && server.Cluster == nil {
		return // a real server cannot be told to fail
	}
	moments := []sshtest.Moment{sshtest.Before, sshtest.After}
	var on link = r.Host
	if r.Elasticsearch != nil {
		on = r.Elasticsearch
	}
	failed, step := 0, max(r.CutEvery, 3)
	if os.Getenv("FLOWSTACK_EVERY_CUT") != "" {
		step = 1
	}
	for n := 1; ; n += step {
		cut := 0
		during := func(what string, moment sshtest.Moment, do func() Outcome) string {
			on.CutAt(n, moment)
			if said := do(); len(said.Errors) > 0 {
				failed++
			}
			if !on.CutPending() {
				cut++
			}
			on.CutAt(0, moment)
			return fmt.Sprintf("%s with the link cut %s command %d", what, moment, n)
		}
		r.cli.Write(r.configuration(r.Body))
		what := during("creation", moments[n%2], r.cli.Apply)
		r.apply(what)
		r.check(what, r.Check)
		r.cli.Write(r.configuration(r.Changed))
		what = during("update", moments[(n+1)%2], r.cli.Apply)
		r.apply(what)
		r.check(what, r.CheckChanged)
		if said := r.cli.Plan(); len(said.Errors)+len(said.Warnings)+said.Changes > 0 {
			r.t.Errorf("after the %s the plan has %d changes, says %q and warns %q", what, said.Changes, said.Errors, said.Warnings)
		}
		r.end(during("destroy", moments[n%2], r.cli.Destroy))
		if cut == 0 {
			break
		}
	}
	if failed == 0 {
		r.t.Error("no link that was cut made anything fail")
	}
}

// link is what a life depends on, and what can be cut.
type link interface {
	CutAt(n int, moment sshtest.Moment)
	CutPending() bool
}

// secrets searches everything that the run has written: states, plans, logs.
func (r *living) secrets() {
	r.t.Helper()
	searched := 0
	entries, err := os.ReadDir(r.cli.Dir)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.Type().IsRegular() || strings.HasSuffix(entry.Name(), ".tf") {
			continue
		}
		content, err := os.ReadFile(filepath.Join(r.cli.Dir, entry.Name()))
		if err != nil {
			r.t.Fatal(err)
		}
		switch entry.Name() {
		case "trace.log":
			// Both OpenTofu's and the provider's lines are there.
			if !strings.Contains(string(content), "[TRACE]") || !strings.Contains(string(content), "tf_rpc=ApplyResourceChange") {
				r.t.Errorf("the log has not what is to be searched: %d octets", len(content))
			}
			searched++
		case "terraform.tfstate.backup":
			searched++
		}
		r.hasNone(entry.Name(), string(content))
	}
	if searched != 2 {
		r.t.Errorf("there is no log, or no former state, to search among %v", entries)
	}
	for _, command := range r.Host.Commands() {
		r.hasNone("a command line", command)
	}
}

func (r *living) hasNone(where, text string) {
	r.t.Helper()
	for _, secret := range r.Secrets {
		if strings.Contains(text, secret) {
			r.t.Errorf("the secret %q is in %s", secret, where)
		}
		// A weak one is found by it.
		if digest := sha256.Sum256([]byte(secret)); strings.Contains(text, hex.EncodeToString(digest[:])) {
			r.t.Errorf("the SHA-256 of the secret %q is in %s", secret, where)
		}
	}
}

// plan plans without an error or a warning that is not due.
func (r *living) plan(what string) *tfjson.Plan {
	r.t.Helper()
	plan, said := r.cli.Show()
	r.saysNothingElse(what, "plan", said)
	plan.Config, plan.Variables = nil, nil // what was written, not what was made of it
	shown, err := json.Marshal(plan)
	if err != nil {
		r.t.Fatal(err)
	}
	r.hasNone("the plan of the "+what, string(shown))
	state, err := os.ReadFile(filepath.Join(r.cli.Dir, "terraform.tfstate"))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	r.hasNone("the state before the "+what, string(state))
	return plan
}

func (r *living) change(what string, plan *tfjson.Plan) *tfjson.Change {
	r.t.Helper()
	for _, change := range plan.ResourceChanges {
		if change.Address == r.address {
			return change.Change
		}
	}
	r.t.Fatalf("%s: the plan has nothing about %s", what, r.address)
	return nil
}

// expect expects a plan to do this.
func (r *living) expect(what string, actions ...tfjson.Action) *tfjson.Plan {
	r.t.Helper()
	plan := r.plan(what)
	if change := r.change(what, plan); !slices.Equal(change.Actions, actions) {
		r.t.Fatalf("%s: the plan is to %v, not to %v: %s", what, change.Actions, actions, differences(change))
	}
	return plan
}

func (r *living) apply(what string) {
	r.t.Helper()
	r.saysNothingElse(what, "apply", r.cli.Apply())
}

// saysNothingElse expects neither errors nor warnings, but for the one that is due.
func (r *living) saysNothingElse(what, run string, said Outcome) {
	r.t.Helper()
	warned := len(said.Warnings) == 0
	if r.warning != "" {
		warned = len(said.Warnings) > 0 && !slices.ContainsFunc(said.Warnings, func(text string) bool { return !strings.Contains(text, r.warning) })
	}
	if len(said.Errors) > 0 || !warned {
		r.t.Fatalf("%s: the %s says %q and warns %q", what, run, said.Errors, said.Warnings)
	}
}

// settled expects the next plan to be empty, and the host as wanted.
func (r *living) settled(what string, check func() error) {
	r.t.Helper()
	for _, change := range r.plan(what).ResourceChanges {
		if !change.Change.Actions.NoOp() {
			r.t.Fatalf("after the %s the plan is to %v %s: %s", what, change.Change.Actions, change.Address, differences(change.Change))
		}
	}
	r.check(what, check)
}

func (r *living) check(what string, check func() error) {
	r.t.Helper()
	if err := check(); err != nil {
		r.t.Errorf("after the %s: %v", what, err)
	}
}

func (r *living) nothingLeft(what string) {
	r.t.Helper()
	now := r.Host.files(r.Ignore)
	for _, path := range slices.Sorted(maps.Keys(now)) {
		if was, ok := r.before[path]; !ok || was != now[path] {
			r.t.Errorf("after %s there is %s: %s (before: %q)", what, path, now[path], was)
		}
	}
	for path, was := range r.before {
		if _, ok := now[path]; !ok {
			r.t.Errorf("after %s %s is not there any more: %s", what, path, was)
		}
	}
	if r.Left != nil {
		if err := r.Left(); err != nil {
			r.t.Errorf("after %s: %v", what, err)
		}
	}
}

// differences says what a change is about.
func differences(change *tfjson.Change) string {
	before, _ := change.Before.(map[string]any)
	after, _ := change.After.(map[string]any)
	all := maps.Clone(before)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, after)
	var text []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !reflect.DeepEqual(before[name], after[name]) {
			text = append(text, fmt.Sprintf("%s: %v → %v", name, before[name], after[name]))
		}
	}
	return strings.Join(text, "; ")
}
