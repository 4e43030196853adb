package e2e

import (
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

var accountBackup = regexp.MustCompile(`/etc/g?(passwd|shadow|group)- `)

// TestKibana brings a bare host, whose Elasticsearch has security, to a Kibana with dashboards: by apt from a signed repository, with real systemd, and
// passwords that a real Elasticsearch checks.
func TestKibana(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "flow1")
	es, err := acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	must(t, err)
	cleanup(t, es.Close)
	setPassword := func(password string) {
		t.Helper()
		must(t, es.Do(ctx, "PUT", "/_security/user/kibana_system/_password", map[string]string{"password": password}, nil))
	}
	setPassword("first-password-canary")
	put(ctx, t, h, "/etc/ssl/elasticsearch-ca.crt", "0644", es.CA)

	signer, err := acctest.NewAptSigner()
	must(t, err)
	elastic := acctest.NewAptRepository(signer)
	debs, err := acctest.KibanaDebs(ctx, t.TempDir(), t.Logf, "7.17.28", "7.17.29")
	must(t, err)
	must(t, elastic.AddFiles(ctx, debs...))
	stop, err := elastic.ServeOn(context.WithoutCancel(ctx), h, "127.0.0.1:8099")
	must(t, err)
	t.Cleanup(func() { must(t, stop()) })
	before := list(ctx, t, h)

	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/kibana", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	for name, value := range map[string]string{
		"uri": aptURI, "key": signer.Key, "package_version": "7.17.28", "ca_file": "/etc/ssl/elasticsearch-ca.crt",
		"elastic_password": es.Password, "kibana_password": "first-password-canary", "settings": `{ "server.maxPayload" = "8388608" }`,
	} {
		tofu.Set(name, value)
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	keys := string(run(ctx, t, h, "sha256sum", "/etc/kibana/kibana.keystore"))
	if owner := strings.TrimSpace(string(run(ctx, t, h, "stat", "-c", "%a %U:%G", "/etc/kibana/kibana.keystore", "/etc/kibana/kibana.yml"))); owner != "660 root:kibana\n660 root:kibana" {
		t.Errorf("keystore and settings belong to %q", owner)
	}

	// A setting by hand is drift by its name, and repaired.
	run(ctx, t, h, "sh", "-c", "echo 'server.name: hand' >>/etc/kibana/kibana.yml")
	plan, err := tofu.Plan(ctx)
	must(t, err)
	if facts, _ := plan.Changes["flowstack_kibana.this"].Before["effective"].(map[string]any); facts["file /etc/kibana/kibana.yml: server.name"] != "hand" {
		t.Errorf("the plan shows %v", facts)
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if again := string(run(ctx, t, h, "sha256sum", "/etc/kibana/kibana.keystore")); again != keys {
		t.Error("the keystore is another one after a setting was repaired")
	}

	// A password that Elasticsearch does not have: the error has Kibana's own words. Then it does, and an upgrade comes with it.
	tofu.Set("kibana_password", "second-password-canary")
	err = tofu.Apply(ctx)
	if err == nil || !strings.Contains(strings.Join(strings.Fields(err.Error()), " "), "unable to authenticate user [kibana_system]") {
		t.Errorf("a wrong password: %v", err)
	}
	setPassword("second-password-canary")
	tofu.Set("package_version", "7.17.29")
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	if version := string(run(ctx, t, h, "dpkg-query", "-W", "-f", "${Version} ${db:Status-Want}", "kibana")); version != "7.17.29 hold" {
		t.Errorf("the package is %q", version)
	}

	state, err := tofu.StateFile()
	must(t, err)
	processes := string(run(ctx, t, h, "sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
	journal := string(run(ctx, t, h, "sh", "-c", "journalctl --no-pager; cat /var/log/kibana/kibana.log"))
	for _, secret := range []string{"first-password-canary", "second-password-canary"} {
		for where, text := range map[string]string{"the state": string(state), "a command line": processes, "a log": journal} {
			if strings.Contains(text, secret) {
				t.Errorf("the password is in %s", where)
			}
		}
	}

	must(t, tofu.Destroy(ctx))
	for _, difference := range before.Differences(list(ctx, t, h)) {
		// What useradd and userdel, which the package's scripts call, keep of the files that they change.
		if !accountBackup.MatchString(difference) {
			t.Error(difference)
		}
	}
}
