package service

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// tlsFiles are the files that listen.tls names, in a folder of the test.
type tlsFiles struct{ config.TLS }

func newTLSFiles(t *testing.T) tlsFiles {
	t.Helper()
	dir := t.TempDir()
	return tlsFiles{config.TLS{
		CertificateFile: filepath.Join(dir, "collector.crt"), KeyFile: filepath.Join(dir, "collector.key"),
		ClientCAFile: filepath.Join(dir, "exporters-ca.crt"), MinVersion: "1.2",
	}}
}

// put replaces a file as a whole, as tools that renew certificates do.
func put(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(path+".new", path); err != nil {
		t.Fatal(err)
	}
}

func (f tlsFiles) put(t *testing.T, server certtest.Pair, clients *certtest.Authority) {
	t.Helper()
	put(t, f.CertificateFile, server.Certificate)
	put(t, f.KeyFile, server.Key)
	put(t, f.ClientCAFile, clients.PEM)
}

func TestCertificatesThatCannotBeUsedNameTheSetting(t *testing.T) {
	authority := certtest.New(t)
	server, other := authority.Server(t, "collector"), authority.Server(t, "another")
	for name, test := range map[string]struct {
		spoil func(tlsFiles)
		want  string
	}{
		"no certificate":   {func(f tlsFiles) { _ = os.Remove(f.CertificateFile) }, "unable to read listen.tls.certificate_file: open $certificate: no such file or directory"},
		"no key":           {func(f tlsFiles) { _ = os.Remove(f.KeyFile) }, "unable to read listen.tls.key_file: open $key: no such file or directory"},
		"a folder":         {func(f tlsFiles) { _ = os.Remove(f.KeyFile); _ = os.Mkdir(f.KeyFile, 0o700) }, "unable to read listen.tls.key_file: read $key: is a directory"},
		"no authority":     {func(f tlsFiles) { _ = os.Remove(f.ClientCAFile) }, "unable to read listen.tls.client_ca_file: open $ca: no such file or directory"},
		"another's key":    {func(f tlsFiles) { put(t, f.KeyFile, other.Key) }, "unable to use listen.tls.certificate_file $certificate with listen.tls.key_file $key: tls: private key does not match public key"},
		"an empty file":    {func(f tlsFiles) { put(t, f.CertificateFile, nil) }, "unable to use listen.tls.certificate_file $certificate with listen.tls.key_file $key: tls: failed to find any PEM data in certificate input"},
		"authority no PEM": {func(f tlsFiles) { put(t, f.ClientCAFile, []byte("x")) }, "unable to use listen.tls.client_ca_file $ca: there is no certificate in PEM form in it"},
	} {
		t.Run(name, func(t *testing.T) {
			files := newTLSFiles(t)
			files.put(t, server, authority)
			test.spoil(files)
			want := strings.NewReplacer("$certificate", files.CertificateFile, "$key", files.KeyFile, "$ca", files.ClientCAFile).Replace(test.want)
			err := Run(t.Context(), settings(func(c *config.Config) {
				c.Listen.UDP = nil
				c.Listen.IPFIXTLS = []string{"127.0.0.1:0"}
				c.Listen.TLS = files.TLS
			}), Options{Logger: slog.New(slog.DiscardHandler)})
			if err == nil || err.Error() != want {
				t.Errorf("error %v\nwant  %s", err, want)
			}
		})
	}
}

// shake does a handshake, whatever certificate the collector has, and returns its common name once the collector has closed the connection:
// for the client's certificate, or else for a header that is none of IPFIX.
func shake(t *testing.T, to netip.AddrPort, client certtest.Pair) string {
	t.Helper()
	pair := client.TLS(t)
	raw, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(to))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = raw.Close() }()
	c := tls.Client(raw, &tls.Config{
		InsecureSkipVerify:   true,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil },
	})
	if err := c.HandshakeContext(t.Context()); err != nil {
		t.Fatal(err) // with TLS 1.3 the client learns of a refusal when it reads
	}
	_, _ = c.Write([]byte{0, 9, 0, 0}) // the collector may have closed it already
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("octets from the collector")
	}
	return c.ConnectionState().PeerCertificates[0].Subject.CommonName
}

func TestCertificatesAreReadAgainWhenTheyChange(t *testing.T) {
	ours, theirs := certtest.New(t), certtest.New(t)
	client, stranger := ours.Client(t, "exporter"), theirs.Client(t, "exporter")
	files := newTLSFiles(t)
	files.put(t, ours.Server(t, "first"), ours)
	log := &syncLog{}
	c, err := openCertificates("listen.tls", files.TLS, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c.mu.Lock()
	c.clock = func() time.Time { return now }
	c.mu.Unlock()
	later := func(d time.Duration) {
		c.mu.Lock()
		defer c.mu.Unlock()
		now = now.Add(d)
	}
	l, err := receive.ListenStream(t.Context(), "127.0.0.1:0", receive.StreamOptions{TLS: new(service).secured(c), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	p := build(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, p) }()
	connections := uint64(0)
	expect := func(when string, with certtest.Pair, server, end string) {
		t.Helper()
		before := l.Stats().Closed[end]
		if got := shake(t, l.LocalAddr(), with); got != server {
			t.Errorf("%s: the certificate of %s, want %s", when, got, server)
		}
		connections++
		until(t, when, func() bool { st := l.Stats(); return st.Accepted == connections && st.Connections == 0 })
		if closed := l.Stats().Closed; closed[end] != before+1 {
			t.Errorf("%s: %v, want one more %s", when, closed, end)
		}
	}
	const accepted, refused = "framing", "handshake"

	expect("at first", client, "first", accepted)
	expect("a stranger at first", stranger, "first", refused)
	files.put(t, ours.Server(t, "second"), theirs)
	later(certificatesInterval - time.Second)
	expect("before it is time to look", client, "first", accepted)
	later(time.Second)
	expect("changed", stranger, "second", accepted)
	expect("the authority changed", client, "second", refused)

	put(t, files.KeyFile, ours.Server(t, "third").Key) // and its certificate is not there yet
	later(certificatesInterval)
	expect("half changed", stranger, "second", accepted)
	later(certificatesInterval)
	expect("still half changed", stranger, "second", accepted)
	if n := strings.Count(log.String(), "tls: private key does not match public key"); n != 1 || !strings.Contains(log.String(), "listen.tls.key_file") {
		t.Errorf("%d lines about the key:\n%s", n, log)
	}
	_ = os.Remove(files.KeyFile)
	later(logEvery)
	expect("no key", stranger, "second", accepted)
	if !strings.Contains(log.String(), "unable to read listen.tls.key_file") {
		t.Errorf("log:\n%s", log)
	}
	files.put(t, ours.Server(t, "fourth"), ours)
	later(certificatesInterval)
	expect("mended", client, "fourth", accepted)

	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestMinVersion(t *testing.T) {
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector"), authority)
	for text, want := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		files.MinVersion = text
		c, err := openCertificates("listen.tls", files.TLS, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got := c.latest(); got.MinVersion != want || got.ClientAuth != tls.RequireAndVerifyClientCert {
			t.Errorf("%s: %x, %v", text, got.MinVersion, got.ClientAuth)
		}
	}
}

func TestExportersWithoutCertificatesAreTakenOnlyWhereNoAuthorityIsSet(t *testing.T) {
	authority := certtest.New(t)
	files := newTLSFiles(t)
	files.put(t, authority.Server(t, "collector"), authority)
	files.ClientCAFile = ""
	log := &syncLog{}
	c, err := openCertificates("listen.tls", files.TLS, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if c.latest().ClientAuth != tls.NoClientCert || !strings.Contains(log.String(), "set listen.tls.client_ca_file") {
		t.Errorf("%v, log:\n%s", c.latest().ClientAuth, log)
	}
}
