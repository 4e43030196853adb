package service

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
)

// fingerprint is all of a service that settings make, as a text. Nothing of it runs.
func fingerprint(s *service) string {
	var b strings.Builder
	s.readers.Wait()
	for _, l := range s.listeners() {
		for _, p := range l.pipelines {
			p.follow()
			fmt.Fprintf(&b, "%v %+v %+v %+v\n", l.bound, p.table.Limits(), *p.table.Policy(), p.batcher)
		}
		switch f := l.feed.(type) {
		case datagrams:
			fmt.Fprintln(&b, f.Buffer())
		case streams:
			fmt.Fprintf(&b, "%+v\n", f.StreamListener)
		}
	}
	for _, kind := range outputKinds {
		fmt.Fprintf(&b, "%s %p\n", kind.name, s.sink.Sink(kind.name))
	}
	fmt.Fprintf(&b, "%p\n", s.health.Load())
	if kept, ok := s.sink.Sink(recentName).(*output.Recent); ok {
		figures := kept.Writer().Stats()
		fmt.Fprintln(&b, figures.Limit, figures.Keep)
	}
	asking := s.names.Load()
	fmt.Fprintf(&b, "%p %p %+v %p\n", asking.exporters, asking.addresses, s.known, s.encoder)
	fmt.Fprintf(&b, "%p %p %p %v %+v %v\n", s.http, s.http.now.Load(), s.certificates.Load(), s.options.Level.Level(), s.store, *s.allowed.Load())
	s.pool.Put(s.pool.Get()) // prints the same whether one was made or not
	fmt.Fprintf(&b, "%+v\n", s.pool)
	return b.String()
}

// TestEverySettingIsReloadedOrNeedsARestart changes each setting alone: something that it makes is another one then, or it is named.
func TestEverySettingIsReloadedOrNeedsARestart(t *testing.T) {
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	authority := certtest.New(t)
	one, other := newTLSFiles(t), newTLSFiles(t)
	one.put(t, authority.Server(t, "collector"), authority)
	other.put(t, authority.Server(t, "collector"), authority)
	password := file("password", "hunter2")
	base := map[string]string{
		"listen.udp": "127.0.0.1:0", "listen.ipfix_tls": "127.0.0.1:0", "listen.tls.certificate_file": one.CertificateFile, "listen.tls.key_file": one.KeyFile,
		"listen.receive_buffer": "64KiB", "state.directory": filepath.Join(folder, "state"), "http.address": "127.0.0.1:0",
		"enrich.reverse_dns.enabled": "true", "output.elasticsearch.addresses": "http://127.0.0.1:9", "output.elasticsearch.username": "writer",
		"output.ndjson.path": "/dev/null", "output.kafka.brokers": "127.0.0.1:9", "output.kafka.tls": "true",
		"output.recent.enabled": "true", "output.recent.directory": filepath.Join(folder, "recent"),
		"output.kafka.username": "writer", "output.kafka.password_file": password, "output.elasticsearch.health.index": "health-flows",
	}
	pair := map[string]string{"output.kafka.client_certificate_file": one.CertificateFile, "output.kafka.client_key_file": one.KeyFile}
	esPair := map[string]string{"output.elasticsearch.client_certificate_file": one.CertificateFile, "output.elasticsearch.client_key_file": one.KeyFile}
	// What each is set to, where a rule of its type does not do; with what it needs besides.
	others := map[string]map[string]string{
		"listen.udp": {"listen.udp": "127.0.0.2:0"}, "listen.ipfix_tcp": {"listen.ipfix_tcp": "127.0.0.1:0"}, "listen.ipfix_tls": {"listen.ipfix_tls": "127.0.0.2:0"},
		"listen.receive_buffer":       {"listen.receive_buffer": "100KiB"},
		"listen.tls.certificate_file": {"listen.tls.certificate_file": other.CertificateFile, "listen.tls.key_file": other.KeyFile},
		"listen.tls.key_file":         {"listen.tls.certificate_file": other.CertificateFile, "listen.tls.key_file": other.KeyFile},
		"listen.tls.client_ca_file":   {"listen.tls.client_ca_file": one.ClientCAFile}, "listen.tls.min_version": {"listen.tls.min_version": "1.3"},
		"decode.timestamp_source": {"decode.timestamp_source": "export"}, "decode.sampling": {"decode.sampling": "192.0.2.0/24=10"}, "decode.sampling_override": {"decode.sampling_override": "192.0.2.0/24=10"},
		"decode.extra": {"decode.extra": "all"}, "decode.elements_file": {"decode.elements_file": file("elements.yml", "elements: []\n")},
		"enrich.internal": {"enrich.internal": "192.0.2.0/24"}, "document.profile": {"document.profile": "lean"},
		"document.with": {"document.with": "source.geo"}, "document.without": {"document.without": "source.geo"}, "exporters.allow": {"exporters.allow": "192.0.2.0/24"},
		"exporters.pending_bytes":           {"exporters.pending_bytes": "2MiB"},
		"enrich.reverse_dns.servers":        {"enrich.reverse_dns.servers": "127.0.0.1:9"},
		"enrich.reverse_dns.include":        {"enrich.reverse_dns.include": "192.0.2.0/24"},
		"enrich.reverse_dns.exclude":        {"enrich.reverse_dns.exclude": "192.0.2.0/24"},
		"output.elasticsearch.addresses":    {"output.elasticsearch.addresses": "http://127.0.0.2:9"},
		"output.elasticsearch.username":     {"output.elasticsearch.username": "another"},
		"output.elasticsearch.target":       {"output.elasticsearch.target": "alias"},
		"output.elasticsearch.index":        {"output.elasticsearch.index": "others"},
		"output.elasticsearch.health.index": {"output.elasticsearch.health.index": "health-others"},
		"output.elasticsearch.ca_file":      {"output.elasticsearch.ca_file": one.ClientCAFile},
		"output.elasticsearch.spool.sync":   {"output.elasticsearch.spool.sync": "never"},
		"output.elasticsearch.api_key_file": {
			"output.elasticsearch.api_key_file": password, "output.elasticsearch.username": "",
		},
		"output.elasticsearch.password_file":           {"output.elasticsearch.password_file": password},
		"output.elasticsearch.client_certificate_file": esPair, "output.elasticsearch.client_key_file": esPair,
		"output.kafka.client_certificate_file": pair, "output.kafka.client_key_file": pair,
		"output.elasticsearch.spool.directory": {"output.elasticsearch.spool.directory": filepath.Join(folder, "spool")},
		"output.ndjson.path":                   {"output.ndjson.path": filepath.Join(folder, "flows.ndjson")},
		"output.ndjson.max_bytes":              {"output.ndjson.max_bytes": "1MiB"},
		"output.kafka.brokers":                 {"output.kafka.brokers": "127.0.0.2:9"}, "output.kafka.topic": {"output.kafka.topic": "others"},
		"output.kafka.compression": {"output.kafka.compression": "zstd"}, "output.kafka.mechanism": {"output.kafka.mechanism": "plain"},
		"output.kafka.ca_file": {"output.kafka.ca_file": one.ClientCAFile}, "output.kafka.username": {"output.kafka.username": "another"},
		"output.kafka.password_file":       {"output.kafka.password_file": file("another", "hunter3")},
		"output.elasticsearch.batch_bytes": {"output.elasticsearch.batch_bytes": "1MiB"},
		"http.tls.certificate_file":        {"http.tls.certificate_file": one.CertificateFile, "http.tls.key_file": one.KeyFile},
		"http.tls.key_file":                {"http.tls.certificate_file": one.CertificateFile, "http.tls.key_file": one.KeyFile},
		"http.username":                    {"http.username": "me", "http.password_file": password},
		"http.password_file":               {"http.username": "me", "http.password_file": password},
		"http.hosts":                       {"http.hosts": "flows.example.org"},
		"output.recent.enabled":            {"output.recent.enabled": "false"},
		"output.recent.directory":          {"output.recent.directory": filepath.Join(folder, "others")},
		"http.address":                     {"http.address": "127.0.0.2:0"}, "log.level": {"log.level": "debug"},
	}
	parse := func(change map[string]string) config.Config {
		t.Helper()
		all := map[string]string{}
		for _, from := range []map[string]string{base, change} {
			for key, value := range from {
				all[key] = value
			}
		}
		// Addresses with port 0 are for tests alone.
		lists := map[string][]string{}
		for i, key := range []string{"listen.udp", "listen.ipfix_tcp", "listen.ipfix_tls", "http.address"} {
			if value, set := all[key]; set {
				lists[key] = []string{value}
				all[key] = strings.Replace(value, ":0", fmt.Sprintf(":%d", i+1), 1)
			}
		}
		c, err := config.FromSettings(all)
		if err != nil {
			t.Fatal(err)
		}
		c.Listen.UDP, c.Listen.IPFIXTLS = lists["listen.udp"], lists["listen.ipfix_tls"]
		c.HTTP.Address = lists["http.address"][0]
		if tcp := lists["listen.ipfix_tcp"]; tcp != nil {
			c.Listen.IPFIXTCP = tcp
		}
		return c
	}
	log := &syncLog{}
	s, err := start(t.Context(), parse(nil), Options{Logger: slog.New(slog.NewTextHandler(log, nil)), Level: new(slog.LevelVar), DrainTime: 1})
	if err != nil {
		t.Fatal(err)
	}
	// What a change begins comes to its end at once: nothing runs while it is looked at.
	over, cancel := context.WithCancelCause(t.Context())
	cancel(nil)
	s.reading, s.fail, s.watching = over, cancel, over
	for _, l := range s.listeners() { // these are not run
		l.end = func() {}
	}
	t.Cleanup(func() {
		_ = s.release(context.WithoutCancel(t.Context()), true)
		s.background.Wait()
	})
	for _, k := range config.Keys() {
		change := others[k.Key]
		if change == nil {
			value, ok := another(k, base[k.Key], password)
			if !ok {
				t.Errorf("%s: the test has no other value", k.Key)
				continue
			}
			change = map[string]string{k.Key: value}
		}
		apply := func(c map[string]string) (changed, restart []string) {
			next, changed, restart := config.Reload(s.config, parse(c))
			if partly, err := s.apply(t.Context(), next); err != nil || len(partly) > 0 {
				t.Fatalf("%s: %v, %v", k.Key, err, partly)
			}
			return changed, restart
		}
		apply(nil)
		before := fingerprint(s)
		apply(nil)
		if k.Key == "listen.udp" && fingerprint(s) != before {
			t.Fatal("the fingerprint changes though nothing does")
		}
		changed, restart := apply(change)
		switch {
		case k.Restart:
			if !slices.Equal(restart, []string{k.Key}) {
				t.Errorf("%s needs a restart, named are %v", k.Key, restart)
			}
		case !slices.Contains(changed, k.Key):
			t.Errorf("%s is not among what changed: %v", k.Key, changed)
		case fingerprint(s) == before:
			t.Errorf("%s changed, and nothing did", k.Key)
		}
	}
}

// another is a value that a setting may have besides the one it has.
func another(k config.KeyInfo, now, path string) (string, bool) {
	if now == "" {
		now = k.Default
	}
	switch k.Type {
	case "true or false":
		return map[string]string{"true": "false", "false": "true"}[now], true
	case "number":
		if now == "0" {
			return "5", true
		}
		return map[bool]string{true: "3", false: "2"}[now == "2"], true
	case "size":
		return "128MiB", true
	case "duration":
		return map[bool]string{true: "1500ms", false: "1h1m"}[strings.HasSuffix(now, "s") && len(now) < 4], true
	case "text":
		return path, strings.HasSuffix(k.Key, "_file") || strings.HasSuffix(k.Key, ".path") || strings.HasPrefix(k.Key, "enrich.geoip.") || k.Key == "state.directory"
	}
	return "", false
}
