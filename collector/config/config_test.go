package config

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreValid(t *testing.T) {
	c := Default()
	if found := c.validate(); len(found) > 0 {
		t.Errorf("the defaults are not valid: %v", found)
	}
	if c.Listen.ReceiveBuffer != 32<<20 || !c.Output.Elasticsearch.Gzip || len(c.Listen.UDP) != 2 {
		t.Errorf("unexpected defaults %+v", c)
	}
	for _, k := range Keys() {
		if k.Description == "" {
			t.Errorf("%s has no description", k.Key)
		}
		text, err := Canonical(k.Key, k.Default)
		if err != nil || text != k.Default {
			t.Errorf("%s: default %q is canonically %q, %v", k.Key, k.Default, text, err)
		}
	}
}

func TestParseNamesEveryMistakeWithItsPlace(t *testing.T) {
	for name, test := range map[string]struct{ file, want string }{
		"unknown setting": {
			"output:\n  elasticsearch:\n    adresses: [x]\n",
			`f.yml: line 3, column 5: unknown setting "output.elasticsearch.adresses"; did you mean "output.elasticsearch.addresses"?`,
		},
		"unknown object": {"ouput: {}\n", `f.yml: line 1, column 1: unknown setting "ouput"; did you mean "output"?`},
		"in the wrong place": {
			"receive_buffer: 1MiB\n",
			`f.yml: line 1, column 1: unknown setting "receive_buffer"; did you mean "listen.receive_buffer"?`,
		},
		"twice":             {"log:\n  level: info\n  level: warn\n", `f.yml: line 3, column 3: setting "log.level" is there twice`},
		"no YAML":           {"log: {level: info\n", "f.yml: line 1: not YAML: did not find expected"},
		"tab":               {"log:\n\tlevel: info\n", "f.yml: line 2: not YAML: found character that cannot start any token"},
		"two documents":     {"log: {}\n---\nlog: {}\n", "f.yml: the file has more than one YAML document"},
		"wrong type":        {"exporters:\n  max: many\n", `f.yml: line 2, column 8: exporters.max: "many" is not a number`},
		"out of range":      {"exporters:\n  max: 0\n", "f.yml: line 2, column 8: exporters.max: must be between 1 and 1000000, not 0"},
		"no value":          {"log:\n  level:\n", "f.yml: line 2, column 9: log.level: needs a value (text)"},
		"object as value":   {"log:\n  level: {a: b}\n", "f.yml: line 2, column 10: log.level: must be a plain value (text)"},
		"value as object":   {"log: info\n", "f.yml: line 1, column 6: log: must have settings below it"},
		"bad size":          {"listen:\n  receive_buffer: big\n", `listen.receive_buffer: "big" is not a size; write it like 4MiB`},
		"bad duration":      {"output: {elasticsearch: {flush_interval: 5}}\n", `output.elasticsearch.flush_interval: "5" is not a duration`},
		"bad address":       {"listen:\n  udp: [localhost:2055]\n", `listen.udp: "localhost:2055" is not an IP address with a port`},
		"no address":        {"listen:\n  udp: []\n", "listen.udp: needs at least one address"},
		"stream twice":      {"listen:\n  ipfix_tcp: ['0.0.0.0:1', '0.0.0.0:1']\n", "f.yml: line 2, column 14: listen.ipfix_tcp: 0.0.0.0:1 is listed twice"},
		"TCP and TLS":       {"listen:\n  ipfix_tcp: ['0.0.0.0:1']\n  ipfix_tls: ['0.0.0.0:1']\n  tls: {certificate_file: /c, key_file: /k}\n", "f.yml: line 3, column 14: listen.ipfix_tls: 0.0.0.0:1 is also in listen.ipfix_tcp"},
		"no certificate":    {"listen:\n  ipfix_tls: ['0.0.0.0:1']\n  tls: {key_file: /k}\n", "listen.tls.certificate_file: is needed for listen.ipfix_tls"},
		"no key":            {"listen:\n  ipfix_tls: ['0.0.0.0:1']\n  tls: {certificate_file: /c}\n", "listen.tls.key_file: is needed for listen.ipfix_tls"},
		"bad stream":        {"listen:\n  ipfix_tcp: [':4739']\n", `listen.ipfix_tcp: ":4739" is not an IP address with a port`},
		"old TLS":           {"listen:\n  tls: {min_version: '1.1'}\n", `listen.tls.min_version: "1.1" is not a version of TLS; choose 1.2 or 1.3`},
		"relative key":      {"listen:\n  tls: {key_file: key.pem}\n", `listen.tls.key_file: "key.pem" is not an absolute path`},
		"no connections":    {"listen:\n  max_connections: 0\n", "listen.max_connections: must be between 1 and 65536, not 0"},
		"none of one":       {"listen:\n  max_connections_per_address: 0\n", "listen.max_connections_per_address: must be between 1 and 65536, not 0"},
		"short idleness":    {"listen:\n  idle_timeout: 10ms\n", "listen.idle_timeout: must be between 1s and 24h, not 10ms"},
		"address twice":     {"listen:\n  udp: ['0.0.0.0:1', '0.0.0.0:1']\n", "listen.udp: 0.0.0.0:1 is listed twice"},
		"bad URL":           {"output: {elasticsearch: {addresses: ['192.0.2.1:9200']}}\n", `must be a URL like https://192.0.2.10:9200`},
		"bad scheme":        {"output: {elasticsearch: {addresses: ['ftp://x']}}\n", `has scheme "ftp"`},
		"bad index":         {"output: {elasticsearch: {index: Flows}}\n", `"Flows" is not a name Elasticsearch takes`},
		"relative path":     {"enrich: {geoip: {city: x.mmdb}}\n", `enrich.geoip.city: "x.mmdb" is not an absolute path`},
		"bad level":         {"log: {level: loud}\n", `log.level: "loud" is not a level; choose one of debug, info, warn, error`},
		"bad moment":        {"decode: {timestamp_source: last}\n", `decode.timestamp_source: "last" is not a moment of a flow; choose one of end, start, export, receive`},
		"bad rate":          {"decode: {sampling: ['192.0.2.0/24=0']}\n", `decode.sampling: "192.0.2.0/24=0" is not a network with a sampling interval; write it like 192.0.2.0/24=1000`},
		"bad skew":          {"decode: {max_clock_skew: -1s}\n", "decode.max_clock_skew: must be between 0s and 720h, not -1s"},
		"too long":          {"exporters: {pending_max_age: 200h}\n", "exporters.pending_max_age: must be between 1s and 168h, not 200h"},
		"bad network":       {"exporters: {allow: [192.0.2.0/33]}\n", `exporters.allow: "192.0.2.0/33" is neither a network nor an address`},
		"bits too many":     {"exporters: {allow: [192.0.2.1/24]}\n", `"192.0.2.1/24" has bits beyond its length; write 192.0.2.0/24 for the network, 192.0.2.1 for the address`},
		"IPv4 in IPv6":      {"exporters: {allow: ['::ffff:192.0.2.1']}\n", `"::ffff:192.0.2.1" is IPv4 within IPv6; write it as IPv4`},
		"zone":              {"exporters: {allow: ['fe80::1%eth0']}\n", `"fe80::1%eth0" is neither a network nor an address`},
		"relative state":    {"state: {directory: state}\n", `state.directory: "state" is not an absolute path`},
		"negative rate":     {"exporters: {max_packets_per_second: -1}\n", "must be between 0 and 10000000, not -1"},
		"one > all":         {"exporters: {pending_bytes: 2MiB, pending_all_bytes: 1MiB}\n", "exporters.pending_all_bytes: must be at least exporters.pending_bytes (2MiB)"},
		"key alone":         {"output: {elasticsearch: {client_key_file: /k}}\n", "output.elasticsearch.client_certificate_file: is needed for output.elasticsearch.client_key_file"},
		"certificate alone": {"output: {elasticsearch: {client_certificate_file: /c}}\n", "output.elasticsearch.client_key_file: is needed for output.elasticsearch.client_certificate_file"},
		"two proofs":        {"output: {elasticsearch: {username: u, api_key_file: /k}}\n", "output.elasticsearch.api_key_file: cannot be together with output.elasticsearch.username"},
		"no user":           {"output: {elasticsearch: {password_file: /p}}\n", "output.elasticsearch.password_file: needs output.elasticsearch.username"},
		"no Kafka user":     {"output: {kafka: {password_file: /p}}\n", "output.kafka.password_file: needs output.kafka.username"},
		"Kafka authority":   {"output: {kafka: {ca_file: /c}}\n", "output.kafka.ca_file: needs output.kafka.tls"},
		"Kafka certificate": {"output: {kafka: {client_certificate_file: /c, client_key_file: /k}}\n", "output.kafka.client_certificate_file: needs output.kafka.tls"},
		"open to all":       {"http: {address: '0.0.0.0:8080'}\n", "http.address: 0.0.0.0:8080 lets others than this host see all traffic: set http.tls.certificate_file and http.tls.key_file, and http.username and its password"},
		"open in clear":     {"http: {address: '192.0.2.1:8080', username: u}\n", "see all traffic: set http.tls.certificate_file and http.tls.key_file; or use 127.0.0.1"},
		"open to everybody": {"http: {address: '[::]:8080', tls: {certificate_file: /c, key_file: /k}}\n", "see all traffic: set http.username and its password"},
		"no page key":       {"http: {tls: {certificate_file: /c}}\n", "http.tls.key_file: is needed for http.tls.certificate_file"},
		"no page user":      {"http: {password_file: /p}\n", "http.password_file: needs http.username"},
		"host with port":    {"http: {hosts: ['a.example:80']}\n", `http.hosts: "a.example:80" is not a name of a host`},
		"size of one index": {"output: {elasticsearch: {target: index, retention: {max_bytes: 1GiB}}}\n", "output.elasticsearch.retention.max_bytes: one index cannot be kept below a size"},
		"small spool":       {"output: {elasticsearch: {spool: {max_bytes: 1MiB}}}\n", "output.elasticsearch.spool.max_bytes: must be between 2MiB and"},
		"spool of 4":        {"output: {elasticsearch: {spool: {max_bytes: 8MiB}}}\n", "output.elasticsearch.spool.max_bytes: must be 0, or at least 8 times output.elasticsearch.batch_bytes (16MiB)"},
		"unknown sync":      {"output: {elasticsearch: {spool: {sync: often}}}\n", "output.elasticsearch.spool.sync: \"often\" is not a way to sync; choose one of interval, always, never"},
		"health in flows":   {"output: {elasticsearch: {health: {index: flows-health}}}\n", "output.elasticsearch.health.index: must be another name than output.elasticsearch.index"},
		"health is flows":   {"output: {elasticsearch: {health: {index: flows}}}\n", "output.elasticsearch.health.index: must be another name than output.elasticsearch.index"},
		"health's name":     {"output: {elasticsearch: {health: {index: Health}}}\n", "output.elasticsearch.health.index: \"Health\" is not a name Elasticsearch takes"},
		"batch > buffer":    {"output: {elasticsearch: {batch_bytes: 2MiB, buffer_bytes: 1MiB}}\n", "output.elasticsearch.buffer_bytes: must be at least output.elasticsearch.batch_bytes (2MiB)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse("f.yml", []byte(test.file))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestURLErrorsHideTheCredentials(t *testing.T) {
	for address, want := range map[string]string{
		"https://user:hidden@h:9200":   "use output.elasticsearch.username",
		"user:hidden@h:9200":           "must be a URL",
		"https://user:hidden@h:port":   "must be a URL",
		"https://user:hidden@h:9200%":  "must be a URL",
		"ftp://user:hidden@192.0.2.10": "http and https",
	} {
		_, err := Parse("f.yml", []byte("output: {elasticsearch: {addresses: ['"+address+"']}}\n"))
		if err == nil || strings.Contains(err.Error(), "hidden") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", address, err)
		}
	}
}

func TestParseReportsAllAtOnceInOrder(t *testing.T) {
	_, err := Parse("f.yml", []byte("log: {level: x}\nexporters: {max: y, mx: 1}\nhttp: {address: z}\n"))
	var all Errors
	if !errors.As(err, &all) || len(all) != 4 {
		t.Fatalf("got %v", err)
	}
	if !slices.IsSortedFunc(all, func(a, b *Error) int { return a.Line - b.Line }) {
		t.Errorf("not in the order of the file: %v", err)
	}
}

func TestEmptyFilesAreTheDefaults(t *testing.T) {
	for _, file := range []string{"", "# nothing\n", "output:\n  elasticsearch:\n    # index: x\n"} {
		c, err := Parse("f.yml", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(Default(), c); d != "" {
			t.Errorf("%q:\n%s", file, d)
		}
	}
}

func TestStreamsAloneAreEnough(t *testing.T) {
	for _, file := range []string{
		"listen: {udp: [], ipfix_tcp: ['0.0.0.0:4739'], idle_timeout: 0s}\n",
		"listen: {udp: [], ipfix_tls: ['[::]:4740'], tls: {certificate_file: /c, key_file: /k, min_version: 1.3}}\n",
	} {
		if _, err := Parse("f.yml", []byte(file)); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

var some = map[string]string{
	"listen.udp":                          "192.0.2.1:9995, [2001:db8::1]:9995",
	"listen.receive_buffer":               "64MiB",
	"listen.ipfix_tls":                    "192.0.2.1:4740",
	"listen.tls.certificate_file":         "/etc/flowcollector/tls/collector.crt",
	"listen.tls.key_file":                 "/etc/flowcollector/tls/collector.key",
	"listen.tls.min_version":              "1.3", // text, though it reads as a number
	"enrich.geoip.city":                   "/var/lib/GeoIP/City.mmdb",
	"output.elasticsearch.addresses":      "https://192.0.2.10:9200",
	"output.elasticsearch.username":       "on", // reads as a truth value unless it is quoted
	"output.elasticsearch.index":          "1234",
	"output.elasticsearch.flush_interval": "1m",
	"output.elasticsearch.gzip":           "false",
	"exporters.max":                       "7",
	"exporters.allow":                     "192.0.2.0/24, 2001:db8::1",
	"exporters.forget_after":              "1h",
	"exporters.max_per_address":           "3",
	"exporters.pending_max_age":           "10m",
	"state.directory":                     "/var/lib/flowcollector",
	"http.address":                        "",
}

func TestSettingsGoThroughTheFileUnchanged(t *testing.T) {
	c, err := FromSettings(some)
	if err != nil {
		t.Fatal(err)
	}
	file, err := c.YAML()
	if err != nil {
		t.Fatal(err)
	}
	back, err := Settings(file)
	if err != nil {
		t.Fatalf("%v in\n%s", err, file)
	}
	if d := cmp.Diff(some, back); d != "" {
		t.Errorf("%s\n%s", d, file)
	}
	parsed, err := Parse("f.yml", file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(c, parsed); d != "" {
		t.Error(d)
	}
	whole, err := c.EffectiveYAML()
	if err != nil {
		t.Fatal(err)
	}
	all, err := Settings(whole)
	if err != nil || len(all) != len(Keys()) {
		t.Errorf("the whole tree has %d of %d settings: %v", len(all), len(Keys()), err)
	}
}

func TestFromSettingsErrorsCarryTheKey(t *testing.T) {
	_, err := FromSettings(map[string]string{"log.levle": "info", "exporters.max": "-1"})
	var all Errors
	if !errors.As(err, &all) || len(all) != 2 {
		t.Fatalf("got %v", err)
	}
	got := map[string]string{}
	for _, e := range all {
		got[e.Key] = e.Message
	}
	if !strings.Contains(got["log.levle"], `did you mean "log.level"?`) || !strings.Contains(got["exporters.max"], "between 1 and") {
		t.Errorf("got %v", got)
	}
}

func TestCanonicalJoinsSpellings(t *testing.T) {
	for _, test := range [][3]string{
		{"listen.receive_buffer", "1024KiB", "1MiB"},
		{"listen.receive_buffer", " 1.5 MiB", "1536KiB"},
		{"listen.receive_buffer", "1MB", "1000000"},
		{"output.elasticsearch.flush_interval", "0.5s", "500ms"},
		{"output.elasticsearch.flush_interval", "60s", "1m"},
		{"listen.udp", `["0.0.0.0:1","[::]:1"]`, "0.0.0.0:1, [::]:1"},
		{"listen.udp", `[::]:1`, "[::]:1"},
		{"listen.udp", `[::]:1,[::1]:2`, "[::]:1, [::1]:2"},
	} {
		got, err := Canonical(test[0], test[1])
		if err != nil || got != test[2] {
			t.Errorf("Canonical(%q, %q) = %q, %v; want %q", test[0], test[1], got, err, test[2])
		}
	}
}

func FuzzParse(f *testing.F) {
	c, err := FromSettings(some)
	if err != nil {
		f.Fatal(err)
	}
	file, err := c.YAML()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte("listen: {udp: !!binary x}\n? {a: b}\n: c\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("f.yml", data)
		if err != nil {
			return
		}
		// What is accepted can be written and read again.
		file, err := c.YAML()
		if err != nil {
			t.Fatal(err)
		}
		back, err := Parse("f.yml", file)
		if err != nil {
			t.Fatalf("%v in\n%s", err, file)
		}
		if d := cmp.Diff(c, back); d != "" {
			t.Errorf("%s\n%s", d, file)
		}
	})
}

func TestKeysAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, k := range Keys() {
		seen[k.Key] = true
	}
	if len(seen) != len(Keys()) {
		t.Errorf("of %d settings only %d names are different: %v", len(Keys()), len(seen), slices.Sorted(maps.Keys(seen)))
	}
}
