package e2e

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// Where the certificates of the test are on both hosts.
const (
	hostCertificate = "/etc/flowstack/tls/host.crt"
	hostKey         = "/etc/flowstack/tls/host.key"
	hostAuthorities = "/etc/flowstack/tls/host-ca.crt"
)

// TestCertificates gives two hosts certificates of an authority on one of them, has OpenSSL's own server and client use them by every name of the host, and then replaces
// the authority: at each step of that, the server of each host is taken for the host by the other one's authorities.
func TestCertificates(t *testing.T) {
	ctx := t.Context()
	hosts := map[string]*acctest.Host{"flow1": startHost(t, "flow1"), "flow2": startHost(t, "flow2")}
	before := map[string]acctest.Listing{}
	entries := map[string]map[string]any{}
	for name, h := range hosts {
		before[name] = list(ctx, t, h)
		entries[name] = map[string]any{"address": h.Address.String(), "port": h.Port, "host_keys": []string{h.HostKey}, "private_key": string(h.PrivateKey)}
	}
	variable, err := json.Marshal(entries)
	must(t, err)
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/certificate", map[string]string{"hosts": string(variable), "rollover": "first"})
	must(t, err)
	cleanup(t, remove)

	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	for name, h := range hosts {
		run(ctx, t, h, "openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", hostAuthorities, hostCertificate)
		run(ctx, t, h, "openssl", "verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", hostAuthorities, hostCertificate)
		if got := string(run(ctx, t, h, "stat", "-c", "%a %U:%G", hostKey, hostCertificate)); got != "640 root:adm\n644 root:adm\n" {
			t.Errorf("%s has %q", name, got)
		}
		serveTLS(ctx, t, h)
		byEveryName(ctx, t, name, h)
	}
	takenForTheHost(ctx, t, hosts, "steady")
	authorityKey := string(run(ctx, t, hosts["flow1"], "cat", "/etc/flowstack/pki/default/ca-1.key"))
	if got := run(ctx, t, hosts["flow2"], "sh", "-c", "grep -rlF '"+strings.Split(authorityKey, "\n")[1]+"' /etc /var /root /tmp || true"); len(got) > 0 {
		t.Errorf("flow2 has the authority's key in %s", got)
	}
	state, err := tofu.StateFile()
	must(t, err)
	if strings.Contains(string(state), "PRIVATE KEY-----") {
		t.Error("a private key is in the state")
	}

	tofu.Set("rollover", "second")
	serial := string(run(ctx, t, hosts["flow2"], "openssl", "x509", "-noout", "-serial", "-in", hostCertificate))
	for _, phase := range []string{"introducing", "replacing", "steady"} {
		plan, err := tofu.Plan(ctx)
		must(t, err)
		if got := plan.Changes["flowstack_certificate_authority.this"].After["phase"]; got != phase || len(plan.Warnings) > 0 {
			t.Errorf("the plan is to go to phase %v, not %s; it warns %q", got, phase, plan.Warnings)
		}
		must(t, tofu.Apply(ctx))
		// Servers that have not read the new files yet are as good as those that have.
		takenForTheHost(ctx, t, hosts, phase+", before the servers are restarted")
		for _, h := range hosts {
			run(ctx, t, h, "systemctl", "restart", "tls.service")
			answers(ctx, t, h)
		}
		takenForTheHost(ctx, t, hosts, phase)
		now := string(run(ctx, t, hosts["flow2"], "openssl", "x509", "-noout", "-serial", "-in", hostCertificate))
		if (now == serial) != (phase == "introducing") {
			t.Errorf("in phase %s the certificate is %s, and it was %s", phase, now, serial)
		}
	}
	expectNothingToDo(ctx, t, tofu)
	for name, h := range hosts {
		byEveryName(ctx, t, name, h)
		run(ctx, t, h, "systemctl", "stop", "tls.service")
	}

	must(t, tofu.Destroy(ctx))
	for name, h := range hosts {
		for _, difference := range before[name].Differences(list(ctx, t, h)) {
			t.Errorf("after the destroy, on %s: %s", name, difference)
		}
	}
}

// serveTLS runs OpenSSL's server on a host until it is stopped; it takes clients with a certificate of the authority, and those without one.
func serveTLS(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	run(ctx, t, h, "systemd-run", "--unit=tls", "--remain-after-exit", "openssl", "s_server", "-accept", "9443", "-www", "-quiet",
		"-cert", hostCertificate, "-cert_chain", hostCertificate, "-key", hostKey, "-CAfile", hostAuthorities, "-verify", "1", "-verify_return_error")
	answers(ctx, t, h)
}

// answers waits until the server takes connections.
func answers(ctx context.Context, t *testing.T, h *acctest.Host) {
	t.Helper()
	waitFor(ctx, t, "the TLS server", func() (bool, string) {
		connection, err := h.DialContext(ctx, "tcp", "127.0.0.1:9443")
		if err != nil {
			return false, err.Error()
		}
		return true, closing(connection)
	})
}

// byEveryName has OpenSSL's client, which shows its own certificate, connect to the host by all that the host is called.
func byEveryName(ctx context.Context, t *testing.T, name string, h *acctest.Host) {
	t.Helper()
	for _, check := range [][2]string{
		{"-verify_hostname", "localhost"},
		{"-verify_ip", "127.0.0.1"},
		{"-verify_ip", "::1"},
		{"-verify_hostname", name},
		{"-verify_ip", h.Address.String()},
		{"-verify_ip", h.Address6.String()},
		{"-verify_hostname", "flows.example.net"},
		{"-verify_ip", "192.0.2.10"},
	} {
		address := "127.0.0.1:9443"
		if check[1] == h.Address.String() {
			address = check[1] + ":9443"
		}
		out := string(run(ctx, t, h, "sh", "-c", fmt.Sprintf("openssl s_client -connect %s -CAfile %s -cert %s -key %s -verify_return_error %s %s </dev/null 2>&1",
			address, hostAuthorities, hostCertificate, hostKey, check[0], check[1])))
		if !strings.Contains(out, "Verify return code: 0 (ok)") {
			t.Errorf("%s by %s: %s", name, check[1], out)
		}
	}
}

// takenForTheHost connects to each host's server with the authorities that each host trusts.
func takenForTheHost(ctx context.Context, t *testing.T, hosts map[string]*acctest.Host, when string) {
	t.Helper()
	for client, from := range hosts {
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(run(ctx, t, from, "cat", hostAuthorities)) {
			t.Fatalf("%s: %s trusts nobody", when, client)
		}
		for server, to := range hosts {
			connection, err := to.DialContext(ctx, "tcp", "127.0.0.1:9443")
			must(t, err)
			secured := tls.Client(connection, &tls.Config{RootCAs: roots, ServerName: to.Address.String()})
			if err := secured.HandshakeContext(ctx); err != nil {
				t.Errorf("%s: %s does not take %s for what it is: %v", when, client, server, err)
			}
			_ = secured.Close() // the handshake is all there is to see
		}
	}
}
