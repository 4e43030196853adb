package connection

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

func TestConfigOfAModel(t *testing.T) {
	hop := func(address string) hopModel {
		return hopModel{
			Address: types.StringValue(address), Port: types.Int32Value(2222), User: types.StringValue("user"),
			HostKeys: []string{"key"}, KnownHosts: types.StringValue("known"), HostCertificateAuthorities: []string{"ca"},
			InsecureIgnoreHostKey: types.BoolValue(true), PrivateKey: types.StringValue("private"),
			PrivateKeyPassphrase: types.StringValue("phrase"), Certificate: types.StringValue("certificate"),
			Agent: types.BoolValue(true), Password: types.StringValue("password"),
		}
	}
	want := func(address string, timeout time.Duration) ssh.Config {
		return ssh.Config{
			Host: address, Port: 2222, User: "user", HostKeys: []string{"key"}, KnownHosts: "known", HostCertificateAuthorities: []string{"ca"},
			InsecureIgnoreHostKey: true, PrivateKey: "private", Passphrase: "phrase", Certificate: "certificate", Agent: true, Password: "password",
			ConnectTimeout: timeout,
		}
	}
	for text, times := range map[string]struct{ wait, attempt time.Duration }{
		"":    {DefaultConnectTimeout, 30 * time.Second},
		"10m": {10 * time.Minute, 30 * time.Second},
		"5s":  {5 * time.Second, 5 * time.Second},
	} {
		model := hostModel{hopModel: hop("host"), SudoPassword: types.StringValue("sudo"), Bastions: []hopModel{hop("b1"), hop("b2")}}
		if text != "" {
			model.ConnectTimeout = types.StringValue(text)
		}
		got, wait, err := model.config()
		if err != nil || wait != times.wait {
			t.Fatalf("%q: waits %s, %v", text, wait, err)
		}
		whole := want("host", times.attempt)
		whole.SudoPassword = "sudo"
		whole.Bastions = []ssh.Config{want("b1", times.attempt), want("b2", times.attempt)}
		if diff := cmp.Diff(whole, got); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	var wrong *ssh.ConfigError
	if _, _, err := (hostModel{ConnectTimeout: types.StringValue("-1s")}).config(); !errors.As(err, &wrong) || wrong.Field != "ConnectTimeout" {
		t.Errorf("a negative timeout gives %v", err)
	}
}

func TestMistakesAreAtTheirAttribute(t *testing.T) {
	for field, want := range map[string]string{
		"Host":        `hosts["a"].address`,
		"HostKeys[2]": `hosts["a"].host_keys[2]`,
		"Bastions[1].HostCertificateAuthorities[0]": `hosts["a"].bastions[1].host_certificate_authorities[0]`,
		"InsecureIgnoreHostKey":                     `hosts["a"].insecure_ignore_host_key`,
		"Passphrase":                                `hosts["a"].private_key_passphrase`,
		"PrivateKey":                                `hosts["a"].private_key`,
	} {
		got := configDiagnostic(path.Root("hosts").AtMapKey("a"), "summary", &ssh.ConfigError{Field: field, Message: "is wrong"})
		located, ok := got.(diag.DiagnosticWithPath)
		if !ok || located.Path().String() != want || got.Detail() != "Is wrong" {
			t.Errorf("%s became %v, want it at %s", field, got, want)
		}
	}
}

func TestHosts(t *testing.T) {
	known := &Hosts{entries: map[string]*Host{"b": {}, "a": {}}}
	if _, err := known.Default(); err == nil {
		t.Error("one of two hosts was chosen")
	}
	if _, err := known.Lookup("c"); err == nil || known.Has("c") {
		t.Error("a host was found that is not there")
	}
	unknown := &Hosts{entries: map[string]*Host{}, unknown: true}
	if name, err := unknown.Default(); name != "" || err != nil {
		t.Errorf("the default of unknown hosts is %q, %v", name, err)
	}
	host, err := unknown.Lookup("x")
	if err != nil || host.Known() {
		t.Errorf("an unknown host is known: %v", err)
	}
	if again, _ := unknown.Lookup("x"); again != host {
		t.Error("a second look gives another host")
	}
	var cause *Error
	if err := host.Reach(context.Background()); !errors.As(err, &cause) || !errors.Is(err, ErrUnknown) || cause.Refused() {
		t.Errorf("reaching it gives %v", err)
	}
	other, _ := unknown.Lookup("y")
	if !host.FirstWarning() || host.FirstWarning() || other.FirstWarning() {
		t.Error("there is not exactly one warning")
	}
}
