package service

import (
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/enrich"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// shows waits for a page that has all texts.
func (c *collector) shows(path string, texts ...string) string {
	c.t.Helper()
	body, missing := "", ""
	defer func() {
		if c.t.Failed() {
			c.t.Logf("%s never had %q:\n%s", path, missing, body)
		}
	}()
	until(c.t, "all figures on "+path, func() bool {
		_, body = c.get(path)
		for _, text := range texts {
			if !strings.Contains(body, text) {
				missing = text
				return false
			}
		}
		return true
	})
	return body
}

func TestPagesShowWhatTheServiceDoes(t *testing.T) { eachReaders(t, pagesShowWhatTheServiceDoes) }

func pagesShowWhatTheServiceDoes(t *testing.T) {
	es := newElastic(t)
	names := filepath.Join(t.TempDir(), "exporters.yml")
	if err := os.WriteFile(names, []byte("exporters:\n  - address: 127.0.0.1\n    name: edge-of-tests\n    interfaces:\n      - {index: 1, name: uplink}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Enrich.ExportersFile = names
	}), Options{})
	c.shows("/", "No exporter has sent anything yet", "softflowd -i eth0", c.UDP[0].String())
	c.shows("/exporters/127.0.0.1", "No exporter 127.0.0.1")

	c.send(c.UDP[0], netflow5(0, 30), netflow5(40, 5), netflow9(0, 10))
	c.shows("/", "1 exporter, ", "edge-of-tests", "netflow5", "netflow9", "1 set waits", "203.0.113.1", "https", "AS64501", "35 flows so far", "22\u00a0%") // 10 of 45 are missing
	c.send(c.UDP[0], template9(1), netflow9(2, 20))
	body := c.shows("/", "65 flows so far", "2001:db8:1::1", "domain", "Elasticsearch")
	if strings.Contains(body, "1 set waits") {
		t.Error("what waits for nothing any more is still said to wait")
	}
	c.shows("/exporters/127.0.0.1", "edge-of-tests", "uplink", "sourceIPv6Address", "domain 7", "127.0.0.1")
	if code, body := c.get("/settings?only=changed"); code != http.StatusOK || !strings.Contains(body, "output.elasticsearch.addresses") || strings.Contains(body, "exporters.max_fields") {
		t.Errorf("settings: status %d", code)
	}
	if code, body := c.get("/flows"); code != http.StatusOK || !strings.Contains(body, "No flows are kept here") {
		t.Errorf("flows: status %d", code)
	}
	if err := c.stop(); err != nil {
		t.Error(err)
	}
}

// client asks over TLS.
func (c *collector) client(authority *certtest.Authority, username, password string) func(path string) (int, string) {
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: authority.Pool(), MinVersion: tls.VersionTLS12}}
	c.t.Cleanup(transport.CloseIdleConnections)
	return func(path string) (int, string) {
		c.t.Helper()
		req, err := http.NewRequestWithContext(c.t.Context(), http.MethodGet, "https://"+c.HTTP.String()+path, nil)
		if err != nil {
			c.t.Fatal(err)
		}
		if username != "" {
			req.SetBasicAuth(username, password)
		}
		res, err := (&http.Client{Transport: transport}).Do(req)
		if err != nil {
			c.t.Fatal(err)
		}
		defer func() { _ = res.Body.Close() }()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			c.t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
}

func TestPagesOverTLSWithAPassword(t *testing.T) { eachReaders(t, pagesOverTLSWithAPassword) }

func pagesOverTLSWithAPassword(t *testing.T) {
	authority, files := certtest.New(t), newTLSFiles(t)
	files.put(t, authority.Server(t, "collector"), authority)
	password := filepath.Join(t.TempDir(), "password")
	put(t, password, []byte("s3cret-of-the-page\n"))
	c := run(t, settings(func(c *config.Config) {
		c.HTTP = config.HTTP{
			Address: "0.0.0.0:0", TLS: config.HTTPTLS{CertificateFile: files.CertificateFile, KeyFile: files.KeyFile}, Username: "operator", PasswordFile: password,
		}
	}), Options{})
	c.HTTP = netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), c.HTTP.Port())
	nobody, operator := c.client(authority, "", ""), c.client(authority, "operator", "s3cret-of-the-page")
	for _, path := range []string{"/", "/metrics", "/readyz", "/settings", "/flows", "/exporters/192.0.2.1"} {
		if code, body := nobody(path); code != http.StatusUnauthorized || strings.Contains(body, "flowcollector_") {
			t.Errorf("%s without a password: status %d", path, code)
		}
	}
	if code, _ := nobody("/livez"); code != http.StatusOK {
		t.Errorf("/livez without a password: status %d", code)
	}
	for path, text := range map[string]string{"/": "No exporter has sent", "/metrics": "flowcollector_build_info", "/settings": "http.username"} {
		code, body := operator(path)
		if code != http.StatusOK || !strings.Contains(body, text) {
			t.Errorf("%s: status %d", path, code)
		}
		if strings.Contains(body, "s3cret") {
			t.Errorf("%s shows the password", path)
		}
	}
	put(t, password, []byte("another\n"))
	if code, _ := operator("/"); code != http.StatusUnauthorized {
		t.Errorf("status %d with the password of before", code)
	}
	if code, _ := c.client(authority, "operator", "another")("/"); code != http.StatusOK {
		t.Errorf("status %d with the new password", code)
	}
}

func TestAPasswordThatIsNotThereFailsTheStart(t *testing.T) {
	t.Setenv("CREDENTIALS_DIRECTORY", t.TempDir())
	c := settings(func(c *config.Config) { c.HTTP.Username = "operator" })
	err := Run(t.Context(), c, Options{Logger: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "http.username needs a password: set http.password_file, or the systemd credential http-password") {
		t.Errorf("got %v", err)
	}
	c.HTTP.PasswordFile = "/nowhere"
	if err := Run(t.Context(), c, Options{Logger: slog.New(slog.DiscardHandler)}); err == nil || !strings.Contains(err.Error(), "unable to read http.password_file") {
		t.Errorf("got %v", err)
	}
}

// TestNoSecretIsOnAnyPage gives every setting that names a file a file with a secret in it, and every credential one, and looks for them
// everywhere.
func TestNoSecretIsOnAnyPage(t *testing.T) {
	const secretText = "very-s3cret-indeed"
	dir := t.TempDir()
	t.Setenv("CREDENTIALS_DIRECTORY", dir)
	for _, name := range []string{passwordCredential, apiKeyCredential, kafkaPasswordCredential, httpPasswordCredential, "snmp"} {
		put(t, filepath.Join(dir, name), []byte(secretText))
	}
	es := newElastic(t)
	files := 0
	c := run(t, settings(func(c *config.Config) {
		c.Output.Elasticsearch.Addresses = []string{es.URL}
		c.Output.Elasticsearch.Username, c.HTTP.Username = "writer", "operator"
		var walk func(v reflect.Value, name string)
		walk = func(v reflect.Value, name string) {
			for i := range v.NumField() {
				f, key := v.Field(i), name+v.Type().Field(i).Tag.Get("yaml")
				switch {
				case f.Kind() == reflect.Struct:
					walk(f, key+".")
				case strings.Contains(key, "password_file") || strings.Contains(key, "api_key_file") || strings.Contains(key, "credentials_file"):
					path := filepath.Join(dir, strings.ReplaceAll(key, ".", "-"))
					put(t, path, []byte(secretText))
					f.SetString(path)
					files++
				}
			}
		}
		walk(reflect.ValueOf(c).Elem(), "")
	}), Options{})
	if files < 5 {
		t.Fatalf("only %d settings name files with secrets", files)
	}
	c.send(c.UDP[0], netflow5(0, 30))
	for _, path := range []string{"/", "/settings", "/settings?only=changed", "/flows", "/exporters/127.0.0.1", "/metrics", "/readyz", "/livez", "/nowhere"} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+c.HTTP.String()+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth("operator", secretText)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode == http.StatusUnauthorized {
			t.Fatalf("%s: status %d, %v", path, res.StatusCode, err)
		}
		if strings.Contains(string(body), secretText) {
			t.Errorf("%s shows a secret", path)
		}
	}
}

func TestLookingDoesNotDisturb(t *testing.T) { eachReaders(t, lookingDoesNotDisturb) }

func lookingDoesNotDisturb(t *testing.T) {
	es := newElastic(t)
	c := run(t, settings(func(c *config.Config) { c.Output.Elasticsearch.Addresses = []string{es.URL} }), Options{})
	c.send(c.UDP[0], netflow5(0, 1), template9(0))
	c.shows("/exporters/127.0.0.1", "netflow5")
	var lookers sync.WaitGroup
	stop := make(chan struct{})
	for _, path := range []string{"/", "/?minutes=60", "/exporters/127.0.0.1", "/metrics", "/settings"} {
		lookers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					c.get(path)
				}
			}
		})
	}
	const packets = 200
	for i := range uint32(packets) {
		c.send(c.UDP[0], netflow5(1+i*10, 10))
		if i%20 == 0 {
			until(t, "the flows", func() bool { return es.count() >= int(1+i*10) })
		}
	}
	until(t, "all flows", func() bool { return es.count() == 1+packets*10 })
	close(stop)
	lookers.Wait()
}

// samplerOf follows a table that no packets come to.
func samplerOf(t *testing.T, table *exporter.Table) *sampler {
	t.Helper()
	group, err := receive.ListenGroup(t.Context(), "127.0.0.1:0", receive.GroupOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = group.Close() })
	pool := output.NewPool(1, 1)
	s := &state{sink: output.NewOutputs(pool, output.Named{Name: none, Sink: output.NewDiscard(pool, "")})}
	s.open.Store(&listening{listeners: []*listener{{feed: datagrams{group}, pipelines: []*pipeline{{table: table, feed: datagrams{group}}}}}})
	names, err := openNames(config.Default().Enrich, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s.names.Store(names)
	s.known = enrich.Open(names.options(config.Default().Enrich, schema.Complete(), slog.New(slog.DiscardHandler)))
	return newSampler(s)
}

func TestRatesAndLossOfExporters(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{})
	p := samplerOf(t, table)
	at := p.at
	key := exporter.Key{Address: netip.MustParseAddr("192.0.2.1"), Format: 6}
	source := table.Source(key, at)
	source.Sequence(0, 10, 1000)
	source.Count(10, 0)
	for range 200 {
		at = at.Add(sampleInterval)
		source = table.Source(key, at)
		source.Count(20, 0)
		p.sample(at)
	}
	tr := p.exporters[key.Address]
	if r := tr.recent.rates(); r.Flows != 10 || r.Packets != 0.5 {
		t.Errorf("got %+v, want 10 flows and half a packet a second", r)
	}
	if h := tr.history(); len(h) != trackPoints || h[len(h)-1] != 10 || h[0] != 0 {
		t.Errorf("history %v", h)
	}
	if len(p.history()) != 200 {
		t.Errorf("%d points", len(p.history()))
	}
	// The exporter is forgotten, and comes back: no rate jumps.
	p.state.pipelines()[0].table = exporter.NewTable(exporter.Limits{})
	at = at.Add(sampleInterval)
	p.sample(at)
	if len(p.exporters) != 0 {
		t.Error("an exporter that was forgotten is followed")
	}
	if r := p.all.rates(); r.Bits < 0 || r.Flows < 0 {
		t.Errorf("rates %+v", r)
	}
}

// What is missing goes down when a packet comes late: the exporter was not forgotten, and goes on with its rates.
func TestRatesOutlastReordering(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{})
	p := samplerOf(t, table)
	at := p.at
	key := exporter.Key{Address: netip.MustParseAddr("192.0.2.1"), Format: 6}
	next := func(sequence uint32) {
		source := table.Source(key, at)
		source.Sequence(sequence, 10, 1000)
		source.Count(10, 0)
	}
	for i := range uint32(4) {
		next(10 * i)
		at = at.Add(sampleInterval)
		p.sample(at)
	}
	next(50) // 40 is missing
	at = at.Add(sampleInterval)
	p.sample(at)
	next(40)
	at = at.Add(sampleInterval)
	p.sample(at)
	tr := p.exporters[key.Address]
	if r := tr.recent.rates(); r.Flows != 5 || tr.loss() != 0 {
		t.Errorf("rates %+v, loss %v", r, tr.loss())
	}
}

// Several readers know an exporter from before the restart, and one of them hears of it.
func TestPagesWithSeveralReaders(t *testing.T) { eachReaders(t, pagesWithSeveralReaders) }

func pagesWithSeveralReaders(t *testing.T) {
	several := settings(func(c *config.Config) { c.Listen.Readers, c.State.Directory = 4, t.TempDir() })
	c := run(t, several, Options{})
	c.send(c.UDP[0], template9(0), netflow9(1, 5))
	c.shows("/exporters/127.0.0.1", "sourceIPv6Address")
	if err := c.stop(); err != nil {
		t.Error(err)
	}
	c = run(t, several, Options{})
	c.send(c.UDP[0], netflow9(2, 20))
	body := c.shows("/exporters/127.0.0.1", "sourceIPv6Address")
	if n := strings.Count(body, `<details class="template"><summary>256 `); n != 1 {
		t.Errorf("the template is shown %d times", n)
	}
	until(t, "traffic", func() bool {
		_, body := c.get("/")
		return strings.Contains(body, "bit/s") && !strings.Contains(body, "0\u00a0bit/s")
	})
}

func TestOnlySoManyExportersAreFollowed(t *testing.T) {
	table := exporter.NewTable(exporter.Limits{Exporters: 5000})
	p := samplerOf(t, table)
	for i := range 3000 {
		table.Source(exporter.Key{Address: netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), Format: 6}, time.Now()).Count(1, 0)
	}
	p.sample(time.Now())
	if len(p.exporters) != maxTracked {
		t.Errorf("%d are followed, want %d", len(p.exporters), maxTracked)
	}
}

func TestAQuestionToABusyReaderEnds(t *testing.T) {
	p := &pipeline{questions: make(chan question, 1)}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, ok := p.describe(ctx, netip.Addr{}); ok {
		t.Error("there is an answer though nobody gave one")
	}
}
