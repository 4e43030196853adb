package e2e

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// demoUnit is what a package would bring. Its program refuses to run with a setting that it does not like.
const demoUnit = `[Unit]
Description=A service to try things on
[Service]
ExecStart=/bin/sh -c 'if grep -q bad /etc/demo.conf; then echo "demo: /etc/demo.conf is bad" >&2; exit 3; fi; exec sleep infinity'
[Install]
WantedBy=multi-user.target
`

func TestSystemd(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	put(ctx, t, h, "/usr/lib/systemd/system/demo.service", "0644", []byte(demoUnit))
	put(ctx, t, h, "/etc/demo.conf", "0644", []byte("good\n"))
	run(ctx, t, h, "systemctl", "daemon-reload")
	tell := func(script string) string {
		t.Helper()
		return strings.TrimSpace(string(run(ctx, t, h, "sh", "-c", script)))
	}
	state := func(unit string) string {
		t.Helper()
		return tell("systemctl is-enabled " + unit + "; systemctl is-active " + unit + "; true")
	}
	starts := func() string { t.Helper(); return tell("journalctl -u demo -o cat | grep -c '^Started'") }
	variables := chain.Variables(h, nil)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/systemd", variables)
	must(t, err)
	cleanup(t, remove)

	before := list(ctx, t, h)
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if got := state("demo"); got != "enabled\nactive" {
		t.Errorf("demo is %q", got)
	}
	if got := state("own"); got != "enabled\nactive" {
		t.Errorf("own is %q", got)
	}
	const files = `awk '/open files/ {print $4 ":" $5}' /proc/$(systemctl show -p MainPID --value demo)/limits`
	if got := tell(files); got != "4096:8192" {
		t.Errorf("of files demo may open %s", got)
	}
	const environment = `tr '\0' '\n' </proc/$(systemctl show -p MainPID --value demo)/environ | grep GREETING`
	if got := tell(environment); got != "GREETING=hello" {
		t.Errorf("the environment has %s", got)
	}

	t.Run("one restart for two changes", func(t *testing.T) {
		count := starts()
		other, err := changed(tofu, variables, map[string]string{"nofile": "2048", "environment": "GREETING=again"})
		must(t, err)
		must(t, other.Apply(ctx))
		expectNothingToDo(ctx, t, other)
		if got := tell(files) + " " + tell(environment); got != "2048:2048 GREETING=again" {
			t.Errorf("it runs with %s", got)
		}
		if got := starts(); mustInt(t, got) != mustInt(t, count)+1 {
			t.Errorf("demo was started %s times, and before %s", got, count)
		}
		must(t, tofu.Apply(ctx))
	})

	const service = "flowstack_systemd_service.demo"
	for _, drift := range []struct{ name, address, script, fact, found string }{
		{"an input", service, "echo good >/etc/demo.conf", "unit demo.service: configuration", "stale: /etc/demo.conf is newer"},
		{
			"a limit", "flowstack_service_limits.demo", "sed -i s/4096:8192/1000/ /etc/systemd/system/demo.service.d/60-flowstack-limits.conf",
			"file /etc/systemd/system/demo.service.d/60-flowstack-limits.conf: [Service] LimitNOFILE", "1000",
		},
		{"enablement", service, "systemctl disable -q demo", "unit demo.service: enabled", "disabled"},
		{"a mask", service, "systemctl disable -q --now demo; systemctl mask -q demo", "unit demo.service: enabled", "masked"},
		{
			"the file of a unit", "flowstack_systemd_unit.own", "rm /etc/systemd/system/own.service", "file /etc/systemd/system/own.service", "absent",
		},
	} {
		t.Run(drift.name, func(t *testing.T) {
			tell(drift.script)
			plan, err := tofu.Plan(ctx)
			must(t, err)
			change := plan.Changes[drift.address]
			if !slices.Equal(change.Actions, []string{"update"}) {
				t.Fatalf("the plan is to %v %s", change.Actions, drift.address)
			}
			was, _ := change.Before["effective"].(map[string]any)
			if got := fmt.Sprint(was[drift.fact]); got != drift.found {
				t.Errorf("the plan shows %q for %q, want %q", got, drift.fact, drift.found)
			}
			must(t, tofu.Apply(ctx))
			expectNothingToDo(ctx, t, tofu)
			if got := state("demo") + "\n" + state("own"); got != "enabled\nactive\nenabled\nactive" {
				t.Errorf("not repaired: %q", got)
			}
			if got := tell(files); got != "4096:8192" {
				t.Errorf("of files demo may open %s", got)
			}
		})
	}

	t.Run("a drop-in that is read later", func(t *testing.T) {
		const later = "/etc/systemd/system/demo.service.d/90-later.conf"
		put(ctx, t, h, later, "0644", []byte("[Service]\nLimitNOFILE=1000\n"))
		tell("systemctl daemon-reload; systemctl restart demo")
		plan, err := tofu.Plan(ctx)
		must(t, err)
		was, _ := plan.Changes["flowstack_service_limits.demo"].Before["effective"].(map[string]any)
		if got := was["unit demo.service: LimitNOFILE: overridden by "+later]; got != "1000" {
			t.Errorf("the plan shows %v of %v", got, was)
		}
		expectError(t, tofu.Apply(ctx), "LimitNOFILE is 1000 ("+later+")", "take the line out")
		tell("rm " + later + "; systemctl daemon-reload; systemctl restart demo")
		expectNothingToDo(ctx, t, tofu)
	})

	t.Run("a start that fails", func(t *testing.T) {
		tell("echo bad >/etc/demo.conf")
		for range 2 { // and again: it is not forgotten
			expectError(t, tofu.Apply(ctx), "did not keep running", "demo: /etc/demo.conf is bad")
		}
		tell("echo good >/etc/demo.conf")
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
	})

	t.Run("a setting that systemd does not know", func(t *testing.T) {
		other, err := changed(tofu, variables, map[string]string{"environment": "A=1\nEnvirnment=B=2"})
		must(t, err)
		expectError(t, other.Apply(ctx), "the old file stays", "demo.service.d/50-environment.conf:3: Unknown key", "Envirnment")
		if got := tell(environment); got != "GREETING=hello" {
			t.Errorf("the environment has %s", got)
		}
	})

	must(t, tofu.Destroy(ctx))
	if got := state("demo"); got != "disabled\ninactive" {
		t.Errorf("after the destroy demo is %q", got)
	}
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
}

// changed is the workspace of a Tofu with other variables.
func changed(t *acctest.Tofu, variables, with map[string]string) (*acctest.Tofu, error) {
	env := map[string]string{}
	for _, set := range []map[string]string{variables, with} {
		for name, value := range set {
			env["TF_VAR_"+name] = value
		}
	}
	return acctest.NewTofu(repository+"/bin/tofu", repository+"/bin/terraform-provider-flowstack", t.Dir, env)
}

func expectError(t *testing.T, err error, words ...string) {
	t.Helper()
	var failed *acctest.DiagnosticError
	if !errors.As(err, &failed) {
		t.Fatalf("the error is %v", err)
	}
	text := strings.Join(strings.Fields(failed.Error()), " ")
	for _, word := range words {
		if !strings.Contains(text, word) {
			t.Errorf("%q is not in the error: %s", word, failed)
		}
	}
}

func mustInt(t *testing.T, text string) int {
	t.Helper()
	var n int
	_, err := fmt.Sscan(text, &n)
	must(t, err)
	return n
}
