package elastiflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

var update = flag.Bool("update", false, "write the golden files anew")

// translate reads variables, each a line.
func translate(t *testing.T, lines ...string) *Result {
	t.Helper()
	in, err := Read("flow.env", []byte(strings.Join(lines, "\n")), Environment)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Translate(in)
	if err != nil {
		t.Fatal(err)
	}
	valid(t, r)
	return r
}

// valid holds that the service takes the settings that are written, and that they are those that were meant.
func valid(t *testing.T, r *Result) {
	t.Helper()
	text, err := r.YAML()
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse("flowcollector.yml", text)
	if err != nil {
		t.Fatalf("the result is not valid: %v\n%s", err, text)
	}
	got, gotErr := c.EffectiveYAML()
	want, wantErr := r.Config.EffectiveYAML()
	if err := errors.Join(gotErr, wantErr); err != nil || !bytes.Equal(got, want) {
		t.Fatalf("the file has other settings (%v):\n%s\nnot:\n%s", err, got, want)
	}
}

// changed are the settings that differ from the defaults.
func changed(t *testing.T, r *Result) map[string]string {
	t.Helper()
	text, err := r.Config.YAML()
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Settings(text)
	if err != nil {
		t.Fatal(err)
	}
	return settings
}

func entry(t *testing.T, r *Result, name string) Entry {
	t.Helper()
	for _, e := range r.Entries {
		if e.Name == name {
			return e
		}
	}
	t.Fatalf("%s is not in the report", name)
	return Entry{}
}

func TestGolden(t *testing.T) {
	for _, name := range []string{"seed.conf", "docker-compose.yml"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		in, err := Read(name, data, Auto)
		if err != nil {
			t.Fatal(err)
		}
		r, err := Translate(in)
		if err != nil {
			t.Fatal(err)
		}
		valid(t, r)
		settings, err := r.YAML()
		if err != nil {
			t.Fatal(err)
		}
		var report bytes.Buffer
		if err := r.WriteReport(&report); err != nil {
			t.Fatal(err)
		}
		for path, got := range map[string][]byte{name + ".golden.yml": settings, name + ".golden.report": report.Bytes()} {
			path = filepath.Join("testdata", path)
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
				t.Errorf("%s is not what is made now (go test -update writes it anew; %v):\n%s", path, err, got)
			}
		}
		for _, secret := range []string{"changeme", "eyJhbGciOiJub25lIn0", "public-community", "0123456789abcdef"} {
			if bytes.Contains(settings, []byte(secret)) || bytes.Contains(report.Bytes(), []byte(secret)) {
				t.Errorf("%s: there is a secret in what is printed", name)
			}
		}
	}
}

// TestSeedIsWhole: nothing of an installation of version 5.6 is lost.
func TestSeedIsWhole(t *testing.T) {
	data, err := os.ReadFile("testdata/seed.conf")
	if err != nil {
		t.Fatal(err)
	}
	in, err := Read("seed.conf", data, Auto)
	if err != nil {
		t.Fatal(err)
	}
	r, err := Translate(in)
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Loses(); n != 0 || len(r.Entries) != 20 {
		t.Errorf("%d of %d settings are lost", n, len(r.Entries))
	}
	want := map[string]string{
		"listen.udp": "192.168.1.2:9995", "enrich.geoip.city": "/etc/elastiflow/maxmind/GeoLite2-City.mmdb",
		"enrich.geoip.asn": "/etc/elastiflow/maxmind/GeoLite2-ASN.mmdb", "output.elasticsearch.addresses": "https://192.168.1.2:9200",
		"output.elasticsearch.username": "elastic", "output.elasticsearch.ca_file": "/etc/elastiflow/ca/ca.crt", "output.elasticsearch.setup": "true",
	}
	got := changed(t, r)
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s is %q, not %q", key, got[key], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("settings %v", got)
	}
}

// TestTableIsComplete: testdata/names.txt has every name of the vendor's documentation and examples.
func TestTableIsComplete(t *testing.T) {
	data, err := os.ReadFile("testdata/names.txt")
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Fields(string(data))
	if len(list) < 300 {
		t.Fatalf("%d names", len(list))
	}
	for _, name := range list {
		if o, _ := find(name); o == nil {
			t.Errorf("%s is not in the table", name)
		}
	}
}

func TestTableIsSound(t *testing.T) {
	keys := map[string]bool{"enrich.snmp": true}
	for _, k := range config.Keys() {
		keys[k.Key] = true
	}
	credentials := []string{"elasticsearch-password", "elasticsearch-api-key", "kafka-password", "http-password", "snmp"}
	for _, o := range Options() {
		if o.On != "" && byName[o.On] == nil {
			t.Errorf("%s depends on %s, which is not there", o.Name, o.On)
		}
		if o.Class == "" || o.Text == "" && o.Class != Translated && o.Class != SecretToKeep {
			t.Errorf("%s: nothing is said of it", o.Name)
		}
		for _, to := range o.To {
			if o.Class == SecretToKeep && !slices.Contains(credentials, to) || o.Class != SecretToKeep && !keys[to] {
				t.Errorf("%s becomes %s, which is not there", o.Name, to)
			}
		}
	}
	for _, f := range Fields() {
		if f.Codex == "" || f.ECS == "" || f.Ours != "" && schema.CheckField(f.Ours) != nil {
			t.Errorf("field %+v", f)
		}
	}
}

// TestEveryOptionIsExplained gives every option, by every name, values of all kinds, with the parts on that it belongs to.
func TestEveryOptionIsExplained(t *testing.T) {
	for _, o := range Options() {
		var lines []string
		for above := o.On; above != ""; above = byName[above].On {
			lines = append(lines, above+"=true")
		}
		for _, name := range append([]string{o.Name}, o.Old...) {
			values := []string{"1", "0", "x"}
			if name != o.Name {
				values = values[:1]
			}
			for _, value := range values {
				in, err := Read("f", []byte(strings.Join(append(slices.Clone(lines), name+"="+value), "\n")), Environment)
				if err != nil {
					t.Fatal(err)
				}
				r, err := Translate(in)
				if err != nil {
					if !strings.Contains(err.Error(), name) {
						t.Errorf("%s=%s: the error names something else: %v", name, value, err)
					}
					continue
				}
				valid(t, r)
				e := r.Entries[len(r.Entries)-1]
				if e.Name != name || e.Line != len(lines)+1 || e.Result == "" || e.Note == "" && len(e.To) == 0 {
					t.Errorf("%s=%s: %+v", name, value, e)
				}
			}
		}
	}
}

func TestTranslate(t *testing.T) {
	const es = "EF_OUTPUT_ELASTICSEARCH_ENABLE=true"
	for name, c := range map[string]struct {
		lines []string
		want  map[string]string // what must be among the changed settings; empty: must not
	}{
		"nothing said": {nil, map[string]string{"listen.udp": "0.0.0.0:9995, [::]:9995", "output.elasticsearch.addresses": ""}},
		"ports":        {[]string{"EF_FLOW_SERVER_UDP_PORT=2055, 4739", "EF_FLOW_SERVER_UDP_IP=::1"}, map[string]string{"listen.udp": "[::1]:2055, [::1]:4739"}},
		"our default":  {[]string{"EF_FLOW_SERVER_UDP_PORT=2055"}, map[string]string{"listen.udp": ""}},
		"a buffer":     {[]string{"EF_FLOW_SERVER_UDP_READ_BUFFER_MAX_SIZE=134217728"}, map[string]string{"listen.receive_buffer": "128MiB"}},
		"units":        {[]string{es, "EF_OUTPUT_ELASTICSEARCH_BATCH_DEADLINE=2500"}, map[string]string{"output.elasticsearch.flush_interval": "2.5s"}},
		"addresses": {
			[]string{es, "EF_OUTPUT_ELASTICSEARCH_ADDRESSES=a,b:9201,[::1]:1,https://c", "EF_OUTPUT_ELASTICSEARCH_INDEX_TEMPLATE_ENABLE=false"},
			map[string]string{"output.elasticsearch.addresses": "http://a:9200, http://b:9201, http://[::1]:1, https://c:9200", "output.elasticsearch.setup": ""},
		},
		"the cloud": {
			[]string{es, "EF_OUTPUT_ELASTICSEARCH_CLOUD_ID=name:ZXhhbXBsZS5vcmckYWJjJGRlZg=="},
			map[string]string{"output.elasticsearch.addresses": "https://abc.example.org:443"},
		},
		"an output that is off": {[]string{"EF_OUTPUT_ELASTICSEARCH_ADDRESSES=a", "EF_OUTPUT_ELASTICSEARCH_USERNAME=u"}, map[string]string{"output.elasticsearch.addresses": "", "output.elasticsearch.username": ""}},
		"metrics":               {[]string{"EF_METRICS_PORT=9090"}, map[string]string{"http.address": "127.0.0.1:9090"}},
		"metrics with TLS and a login": {
			[]string{
				"EF_API_PORT=9090", "EF_API_TLS_ENABLE=true", "EF_API_TLS_CERT_FILEPATH=api.crt", "EF_API_TLS_KEY_FILEPATH=/k/api.key",
				"EF_API_BASIC_AUTH_ENABLE=true", "EF_API_BASIC_AUTH_USERNAME=prometheus", "EF_API_BASIC_AUTH_PASSWORD=hunter2",
			},
			map[string]string{"http.address": "127.0.0.1:9090", "http.tls.certificate_file": "/etc/elastiflow/api.crt", "http.tls.key_file": "/k/api.key", "http.username": "prometheus"},
		},
		"a login that is off": {[]string{"EF_API_BASIC_AUTH_USERNAME=u"}, map[string]string{"http.username": ""}},
		"brokers by address": {
			[]string{"EF_OUTPUT_KAFKA_ENABLE=true", "EF_OUTPUT_KAFKA_BROKERS=192.0.2.1,[2001:db8::1], 2001:db8::2,[2001:db8::3]:9093"},
			map[string]string{"output.kafka.brokers": "192.0.2.1:9092, [2001:db8::1]:9092, [2001:db8::2]:9092, [2001:db8::3]:9093"},
		},
		"databases": {
			[]string{"EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_ASN_ENABLE=true", "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_PATH=/x.mmdb"},
			map[string]string{"enrich.geoip.asn": "/etc/elastiflow/maxmind/GeoLite2-ASN.mmdb", "enrich.geoip.city": ""},
		},
		"names of private addresses": {
			[]string{"EF_PROCESSOR_ENRICH_IPADDR_DNS_ENABLE=true", "EF_PROCESSOR_ENRICH_IPADDR_DNS_NAMESERVER_IP=192.0.2.53", "EF_PROCESSOR_ENRICH_IPADDR_DNS_RESOLVE_PUBLIC=false"},
			map[string]string{"enrich.reverse_dns.enabled": "true", "enrich.reverse_dns.servers": "192.0.2.53:53", "enrich.reverse_dns.include": private},
		},
		"fields": {
			[]string{"EF_PROCESSOR_EXPAND_CLISRV=false", "EF_PROCESSOR_DROP_FIELDS=flow.src.geo.city.name,destination.geo.location", "EF_PROCESSOR_ENRICH_COMMUNITYID_ENABLE=true"},
			map[string]string{"document.without": "client, server, source.geo.city_name, destination.geo.location", "document.with": "network.community_id"},
		},
		"Kafka": {
			[]string{
				"EF_OUTPUT_KAFKA_ENABLE=true", "EF_OUTPUT_KAFKA_BROKERS=a,b:1", "EF_OUTPUT_KAFKA_TOPIC=t", "EF_OUTPUT_KAFKA_SASL_ENABLE=true", "EF_OUTPUT_KAFKA_SASL_USERNAME=u",
				"EF_OUTPUT_KAFKA_TLS_ENABLE=true", "EF_OUTPUT_KAFKA_TLS_CA_CERT_FILEPATH=ca.crt", "EF_OUTPUT_KAFKA_PRODUCER_COMPRESSION=4",
			},
			map[string]string{
				"output.kafka.brokers": "a:9092, b:1", "output.kafka.topic": "t", "output.kafka.username": "u", "output.kafka.mechanism": "plain", "output.kafka.tls": "true",
				"output.kafka.ca_file": "/etc/elastiflow/ca.crt", "output.kafka.compression": "zstd",
			},
		},
		"a namespace": {
			[]string{"EF_FLOW_LAB_OUTPUT_ELASTICSEARCH_ENABLE=true", "EF_FLOW_LAB_OUTPUT_ELASTICSEARCH_ADDRESSES=lab", "EF_FLOW_HQ_OUTPUT_ELASTICSEARCH_ENABLE=true", "EF_FLOW_HQ_OUTPUT_ELASTICSEARCH_ADDRESSES=hq"},
			map[string]string{"output.elasticsearch.addresses": "http://lab:9200"},
		},
		"the last counts": {[]string{"EF_FLOW_LOGGER_LEVEL=debug", "EF_LOGGER_LEVEL=warn"}, map[string]string{"log.level": "warn"}},
		"standard output": {[]string{"EF_OUTPUT_STDOUT_ENABLE=true"}, map[string]string{"output.ndjson.path": "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := changed(t, translate(t, c.lines...))
			for key, want := range c.want {
				if got[key] != want {
					t.Errorf("%s is %q, not %q", key, got[key], want)
				}
			}
		})
	}
}

func TestReport(t *testing.T) {
	r := translate(t,
		"EF_LOGGER_LEVEL=info", "EF_LOGGER_LVL=info", "EF_OUTPUT_ELASTICSEARCH_ENABLE=true", "EF_OUTPUT_ELASTICSEARCH_PASSWORD=hunter2",
		"EF_OUTPUT_ELASTICSEARCH_ADDRESSES=${HOST}:9200", "EF_OUTPUT_SPLUNK_HEC_ENABLE=true", "EF_OUTPUT_CRIBL_TOKEN=hunter2", "EF_FLOW_OUTPUT_ELASTICSEARCH_BATCH_MAX_BYTES=1",
		"EF_PROCESSOR_DROP_FIELDS=source.ip,netscaler.x", "EF_LICENSE_KEY=", "EF_HQ_OUTPUT_KAFKA_TOPIC=x", "EF_OUTPUT_ELASTICSEARCH_ENABLE=1")
	for name, want := range map[string]Entry{
		"EF_LOGGER_LEVEL":                              {Result: AsDefault, To: []string{"log.level"}},
		"EF_LOGGER_LVL":                                {Result: Unknown, Note: "did you mean EF_LOGGER_LEVEL?"},
		"EF_OUTPUT_ELASTICSEARCH_ENABLE":               {Result: NotNeeded, Note: "what is said last counts: flow.env, line 12"},
		"EF_OUTPUT_ELASTICSEARCH_PASSWORD":             {Result: SecretToKeep, To: []string{"elasticsearch-password"}},
		"EF_OUTPUT_ELASTICSEARCH_ADDRESSES":            {Result: NoEquivalent, Note: "docker compose config"},
		"EF_OUTPUT_SPLUNK_HEC_ENABLE":                  {Result: NoEquivalent, Note: "no output to Splunk"},
		"EF_OUTPUT_CRIBL_TOKEN":                        {Result: NotNeeded, Note: "EF_OUTPUT_CRIBL_ENABLE is not on"},
		"EF_FLOW_OUTPUT_ELASTICSEARCH_BATCH_MAX_BYTES": {Result: NoEquivalent, Note: "output.elasticsearch.batch_bytes stays at its default: must be between"},
		"EF_PROCESSOR_DROP_FIELDS":                     {Result: NoEquivalent, Note: "netscaler.x"},
		"EF_LICENSE_KEY":                               {Result: NotNeeded, Note: "it is empty"},
		"EF_HQ_OUTPUT_KAFKA_TOPIC":                     {Result: NotNeeded, Note: "the output of namespace HQ is off"},
	} {
		e := entry(t, r, name)
		if e.Result != want.Result || !strings.Contains(e.Note, want.Note) || !slices.Equal(e.To, want.To) {
			t.Errorf("%s: %+v, want %+v", name, e, want)
		}
	}
	var text, structured bytes.Buffer
	if err := errors.Join(r.WriteReport(&text), r.WriteJSON(&structured)); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text.String()+structured.String(), "hunter2") || !strings.Contains(text.String(), "\nUnknown (1):\n  flow.env:2: EF_LOGGER_LVL: ") {
		t.Errorf("report:\n%s", &text)
	}
	var back struct {
		Settings    []Entry
		Credentials []string
		Lost        int
	}
	if err := json.Unmarshal(structured.Bytes(), &back); err != nil || len(back.Settings) != 12 || back.Lost != 5 || !slices.Equal(back.Credentials, []string{"elasticsearch-password"}) {
		t.Errorf("%v: %+v", err, back)
	}
	if got := changed(t, r)["output.elasticsearch.addresses"]; got != "" {
		t.Errorf("an address nobody gave: %s", got)
	}
}

func TestValuesThatCannotBe(t *testing.T) {
	for line, want := range map[string]string{
		"EF_FLOW_SERVER_UDP_PORT=http":           `flow.env: line 2, column 1: EF_FLOW_SERVER_UDP_PORT: "http" is not a port`,
		"EF_FLOW_SERVER_UDP_PORT=1,1":            "0.0.0.0:1 is listed twice",
		"EF_FLOW_SERVER_UDP_IP=eth0":             "EF_FLOW_SERVER_UDP_IP: not an IP address",
		"EF_OUTPUT_ELASTICSEARCH_ENABLE=perhaps": `EF_OUTPUT_ELASTICSEARCH_ENABLE: "perhaps" is neither true nor false`,
		"EF_OUTPUT_ELASTICSEARCH_ENABLE=true\nEF_OUTPUT_ELASTICSEARCH_ADDRESSES=u:hunter2@h":   "EF_OUTPUT_ELASTICSEARCH_ADDRESSES: there is a user in an address",
		"EF_OUTPUT_ELASTICSEARCH_ENABLE=true\nEF_OUTPUT_ELASTICSEARCH_CLOUD_ID=hunter2":        "EF_OUTPUT_ELASTICSEARCH_CLOUD_ID: not a Cloud ID",
		"EF_OUTPUT_ELASTICSEARCH_ENABLE=true\nEF_OUTPUT_ELASTICSEARCH_CLIENT_CERT_FILEPATH=/c": "is needed for output.elasticsearch.client_certificate_file",
		"EF_OUTPUT_KAFKA_ENABLE=true\nEF_OUTPUT_KAFKA_BROKERS=user:hunter2@kafka:9092":         "EF_OUTPUT_KAFKA_BROKERS: there is a user in an address: use EF_OUTPUT_KAFKA_SASL_USERNAME",
		"EF_OUTPUT_KAFKA_ENABLE=true\nEF_OUTPUT_KAFKA_BROKERS=a,u:hunter2@h":                   "EF_OUTPUT_KAFKA_BROKERS: there is a user in an address",
		"EF_OUTPUT_KAFKA_ENABLE=true\nEF_OUTPUT_KAFKA_BROKERS=SASL_SSL://kafka:hunter2":        "EF_OUTPUT_KAFKA_BROKERS: a broker is host:port, without a scheme",
		"EF_OUTPUT_KAFKA_ENABLE=true\nEF_OUTPUT_KAFKA_BROKERS=kafka:hunter2":                   "EF_OUTPUT_KAFKA_BROKERS: not a list of host:port",
		"EF_OUTPUT_KAFKA_ENABLE=true\nEF_OUTPUT_KAFKA_BROKERS=kafka/hunter2":                   "EF_OUTPUT_KAFKA_BROKERS: not a list of host:port",
		"EF_API_TLS_ENABLE=true\nEF_API_TLS_CERT_FILEPATH=/c":                                  "is needed for http.tls.certificate_file",
	} {
		in, err := Read("flow.env", []byte("# first\n"+line+"\n"), Environment)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Translate(in)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "flow.env: line ") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", line, err, want)
		}
	}
}

func TestConvert(t *testing.T) {
	files := map[string]string{
		"/etc/elastiflow/metadata/ipaddrs.yml": `192.0.2.0/24:
  internal: true
  metadata: {.site.name: Vienna}
192.0.2.192/26:
  name: guests
  vlan: 1001
  tags: [wifi]
  metadata: {dhcp.pool.name: guests}
192.0.2.194-192.0.2.197: {name: printers}
198.51.100.7:
  name: partner
10.0.0.1: {name: gateway}
`,
		"/x/netifs.yml": `192.0.2.1:
  1: {ifName: lo, ifDescr: lo, ifType: 24}
  3: {ifName: eth0, ifDescr: Gigabit, ifAlias: internet, metadata: {sec.zone.name: internet}}
  4: {ifDescr: vlan}
  5: {ifSpeed: 1000}
`,
	}
	read := func(path string) ([]byte, error) {
		if text, there := files[path]; there {
			return []byte(text), nil
		}
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	written := map[string]string{}
	write := func(path string, data []byte) error { written[path] = string(data); return nil }
	lines := []string{"EF_PROCESSOR_ENRICH_IPADDR_METADATA_ENABLE=true", "EF_PROCESSOR_ENRICH_NETIF_METADATA_ENABLE=true", "EF_PROCESSOR_ENRICH_NETIF_METADATA_USERDEF_PATH=/x/netifs.yml"}

	r := translate(t, lines...)
	if e := entry(t, r, lines[0][:len(lines[0])-5]); e.Result != NoEquivalent || !strings.Contains(e.Note, "ipaddrs.yml is not converted; give --files") {
		t.Errorf("without --files: %+v", e)
	}
	if err := r.Convert("/etc/flowcollector", read, write); err != nil {
		t.Fatal(err)
	}
	valid(t, r)
	if got := changed(t, r); got["enrich.networks_file"] != "/etc/flowcollector/networks.yml" || got["enrich.exporters_file"] != "/etc/flowcollector/exporters.yml" {
		t.Errorf("settings %v", got)
	}
	for path, want := range map[string]string{
		"/etc/flowcollector/networks.yml": `networks:
    - network: 192.0.2.0/24
      site: Vienna
      internal: true
    - network: 192.0.2.192/26
      name: guests
      site: Vienna
      internal: true
    - network: 192.0.2.194/31
      name: printers
      site: Vienna
      internal: true
    - network: 192.0.2.196/31
      name: printers
      site: Vienna
      internal: true
    - network: 10.0.0.1/32
      name: gateway
      internal: true
    - network: 198.51.100.7/32
      name: partner
      internal: false
`,
		"/etc/flowcollector/exporters.yml": `exporters:
    - address: 192.0.2.1
      interfaces:
        - index: 1
          name: lo
        - index: 3
          name: eth0
          alias: internet
        - index: 4
          name: vlan
`,
	} {
		if written[path] != want {
			t.Errorf("%s:\n%s\nnot:\n%s", path, written[path], want)
		}
	}
	if e := entry(t, r, lines[0][:len(lines[0])-5]); e.Result != Translated || !strings.HasSuffix(e.Note, "no place for it: metadata.dhcp.pool.name, tags, vlan") {
		t.Errorf("networks: %+v", e)
	}
	if e := entry(t, r, "EF_PROCESSOR_ENRICH_NETIF_METADATA_USERDEF_PATH"); e.Result != Translated || !strings.HasSuffix(e.Note, "no place for it: ifSpeed, ifType, metadata.sec.zone.name") {
		t.Errorf("interfaces: %+v", e)
	}

	for text, want := range map[string]string{"nonsense: {name: x}\n": "line 1, column 1", "- 1\n": "must be an object", "192.0.2.1: {internal: perhaps}\n": "neither true nor false"} {
		files["/etc/elastiflow/metadata/ipaddrs.yml"] = text
		r := translate(t, lines[0])
		if err := r.Convert("/d", read, write); err != nil {
			t.Fatal(err)
		}
		if e := r.Entries[0]; e.Result != NoEquivalent || !strings.Contains(e.Note, "not converted: /etc/elastiflow/metadata/ipaddrs.yml") || !strings.Contains(e.Note, want) {
			t.Errorf("%q: %+v", text, e)
		}
	}
	r = translate(t, lines[2], "EF_PROCESSOR_ENRICH_NETIF_METADATA_ENABLE=true")
	failed := errors.New("disk full")
	if err := r.Convert("/d", read, func(string, []byte) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("an error of writing: %v", err)
	}
}
