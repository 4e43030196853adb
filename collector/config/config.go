// Package config is the collector's one settings tree: what the service parses at start is what a Terraform plan validates.
// Names, defaults, checks and descriptions stand once, in the struct tags of Config.
package config

import (
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// Config is the settings tree. The zero value is not valid; start from Default.
//
// Tags: yaml is the name in the file, default its text form, check the rule for its value, desc the reference. A setting with reload:"no" is in
// force only after a restart, all others when the service reads its settings again.
type Config struct {
	Listen    Listen    `yaml:"listen"`
	Decode    Decode    `yaml:"decode"`
	Enrich    Enrich    `yaml:"enrich"`
	Document  Document  `yaml:"document"`
	Exporters Exporters `yaml:"exporters"`
	State     State     `yaml:"state"`
	Output    Output    `yaml:"output"`
	HTTP      HTTP      `yaml:"http"`
	Log       Log       `yaml:"log"`
}

// Listen says where packets are taken.
type Listen struct {
	UDP            []string `yaml:"udp" default:"0.0.0.0:2055, [::]:2055" check:"listen" desc:"Addresses to take flow packets on, each with sockets of its own: IPv4 and IPv6 are listened on apart. May be empty where ipfix_tcp or ipfix_tls is not."`
	ReceiveBuffer  ByteSize `yaml:"receive_buffer" default:"32MiB" check:"size" desc:"Receive buffer asked of the kernel for each UDP socket. The kernel gives at most net.core.rmem_max, or what a socket unit says; a smaller one is logged."`
	Readers        int      `yaml:"readers" default:"0" check:"readers" reload:"no" desc:"Sockets and goroutines that share the packets of each address in udp; 0 is one for each processor that the process may use. All packets of an exporter come to the same one. Each has tables and caches of its own, with all limits of exporters."`
	IPFIXTCP       []string `yaml:"ipfix_tcp" check:"listen" desc:"Addresses to take IPFIX on over TCP, such as 0.0.0.0:4739. Neither side proves who it is, and anybody on the way can read it."`
	IPFIXTLS       []string `yaml:"ipfix_tls" check:"listen" desc:"Addresses to take IPFIX on over TLS, such as 0.0.0.0:4740. Needs tls.certificate_file and tls.key_file."`
	TLS            TLS      `yaml:"tls"`
	MaxConnections int      `yaml:"max_connections" default:"256" check:"connections" desc:"Connections open at once on each address of ipfix_tcp and ipfix_tls. Further ones are closed, and counted. Each takes 64 KiB. At most a quarter of them may be in their TLS handshake."`
	MaxPerAddress  int      `yaml:"max_connections_per_address" default:"16" check:"connections" desc:"Of these, connections from one address. Further ones are closed, and counted. Raise it where many exporters are behind one address (NAT)."`
	IdleTimeout    Duration `yaml:"idle_timeout" default:"30m" check:"idle" desc:"Closes a connection on which no IPFIX message is completed for so long; 0s never does."`
}

// TLS says how the collector proves who it is, and whom it listens to. Files are read again when they change.
type TLS struct {
	CertificateFile string `yaml:"certificate_file" check:"path" desc:"PEM certificate that the collector shows to exporters, intermediate ones behind it. Read again when it changes."`
	KeyFile         string `yaml:"key_file" check:"path" desc:"PEM private key of the certificate. Read again when it changes."`
	ClientCAFile    string `yaml:"client_ca_file" check:"path" desc:"PEM certificates that sign those of exporters. When set, an exporter without a valid certificate is refused (mutual TLS, which RFC 7011 section 11 demands); empty takes any exporter. Read again when it changes."`
	MinVersion      string `yaml:"min_version" default:"1.2" check:"tls_version" desc:"Least version of TLS: 1.2 or 1.3."`
}

// Decode says how packets are read.
type Decode struct {
	TimestampSource  string   `yaml:"timestamp_source" default:"end" check:"moment" desc:"Which moment of a flow is @timestamp: end, start, export (when the exporter sent it) or receive. Where the exporter does not say it, the next of this order."`
	MaxClockSkew     Duration `yaml:"max_clock_skew" default:"15m" check:"skew" desc:"How far the clock of an exporter may be off before the times of its flows are moved by the difference, and counted. Times that still cannot be, later than this or before 2000, are left out. 0s leaves all times as they are."`
	Sampling         []string `yaml:"sampling" check:"sampling" desc:"Sampling intervals of exporters that do not tell theirs: network=interval, such as 192.0.2.0/24=1000. The longest network counts."`
	SamplingOverride []string `yaml:"sampling_override" check:"sampling" desc:"The same for exporters that tell a wrong one."`
	Extra            string   `yaml:"extra" default:"none" check:"extra" desc:"Fields without a place in the document that are kept in flow.extra: none, known (those that the registry of information elements has) or all (unknown ones as hexadecimal digits)."`
	ElementsFile     string   `yaml:"elements_file" check:"path" desc:"YAML file of information elements to add to the registry; empty adds none."`
}

// Enrich says what is added to flows. Files are read again when they change; one that cannot be used is reported, and what was known
// before stays in use.
type Enrich struct {
	GeoIP            GeoIP      `yaml:"geoip"`
	Internal         []string   `yaml:"internal" default:"10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 169.254.0.0/16, 127.0.0.0/8, 224.0.0.0/24, 255.255.255.255/32, fc00::/7, fe80::/10, ::1/128, ff02::/16" check:"network" desc:"Networks and addresses that are one's own, for network.direction and flow.locality; the default has loopback too, and what stays within a link: broadcast and multicast. Networks of networks_file count as well, unless they say internal: false. Without any in either, both fields are absent."`
	NetworksFile     string     `yaml:"networks_file" check:"path" desc:"YAML or CSV file of networks with name, site, role, place and autonomous system; empty adds none. The longest prefix counts."`
	ExportersFile    string     `yaml:"exporters_file" check:"path" desc:"YAML file of names of exporters and of their interfaces; empty adds none. It wins over what exporters and SNMP say."`
	ApplicationsFile string     `yaml:"applications_file" check:"path" desc:"YAML file of application names by port and protocol; empty adds none. It wins over IANA's service names."`
	ASFile           string     `yaml:"as_file" check:"path" desc:"YAML or CSV file of names of autonomous systems, such as private ones; empty adds none. It wins over the database."`
	Services         bool       `yaml:"services" default:"true" desc:"Name applications that the exporter did not recognise by IANA's service names."`
	SNMP             SNMP       `yaml:"snmp"`
	ReverseDNS       ReverseDNS `yaml:"reverse_dns"`
}

// GeoIP names databases in MaxMind's format.
type GeoIP struct {
	City string `yaml:"city" check:"path" desc:"City or country database (.mmdb) of MaxMind, DB-IP or IPinfo on the host; empty turns it off. One that is missing or damaged is reported, and flows go on without it, or with the one before."`
	ASN  string `yaml:"asn" check:"path" desc:"Autonomous system database (.mmdb) of MaxMind, DB-IP or IPinfo on the host; empty turns it off."`
}

// SNMP says how exporters are asked for the names of their interfaces.
type SNMP struct {
	CredentialsFile string   `yaml:"credentials_file" check:"path" desc:"YAML file that says for which networks which version, community or user of SNMP is good; empty uses the systemd credential snmp, and without that nobody is asked."`
	Refresh         Duration `yaml:"refresh" default:"1h" check:"wait" desc:"Age at which names are asked for again."`
	Timeout         Duration `yaml:"timeout" default:"2s" check:"interval" desc:"How long an exporter has to answer a question; it is asked three times."`
	Workers         int      `yaml:"workers" default:"4" check:"workers" desc:"Exporters asked at once."`
	MaxExporters    int      `yaml:"max_exporters" default:"10000" check:"count" desc:"Exporters remembered at once. Beyond it one whose names were not wanted for 10 minutes is forgotten; without one the new exporter gets no names. Both are counted."`
	MaxInterfaces   int      `yaml:"max_interfaces" default:"16384" check:"count" desc:"Interfaces remembered of one exporter. A table that has more is cut off there, and counted."`
	MaxBytes        ByteSize `yaml:"max_bytes" default:"64MiB" check:"size" desc:"Memory for the interfaces of all exporters. Beyond it those that were not wanted for 10 minutes are forgotten; without such the interfaces of the exporter that was asked last get no names. Both are counted."`
}

// ReverseDNS says whose addresses are given names.
type ReverseDNS struct {
	Enabled   bool     `yaml:"enabled" default:"false" desc:"Look up the names of addresses. A flow does not wait: it has the name when that is known already."`
	Servers   []string `yaml:"servers" check:"resolver" desc:"Resolvers with their port, such as 192.0.2.53:53; empty uses the host's."`
	Include   []string `yaml:"include" check:"network" desc:"Networks whose addresses are looked up; empty is all."`
	Exclude   []string `yaml:"exclude" check:"network" desc:"Networks whose addresses are not; wins over include."`
	Entries   int      `yaml:"entries" default:"100000" check:"count" desc:"Names remembered at once. The one that was not used for longest makes room."`
	Keep      Duration `yaml:"keep" default:"24h" check:"wait" desc:"Age at which a name is looked up again."`
	KeepNone  Duration `yaml:"keep_none" default:"1h" check:"wait" desc:"Age at which an address without a name is looked up again."`
	Timeout   Duration `yaml:"timeout" default:"3s" check:"interval" desc:"How long a look-up may take."`
	Workers   int      `yaml:"workers" default:"16" check:"workers" desc:"Look-ups at once."`
	PerSecond int      `yaml:"per_second" default:"200" check:"count" desc:"Look-ups begun in a second at most. Addresses beyond are looked up when they come again."`
}

// Document says what a document has in it.
type Document struct {
	Profile string   `yaml:"profile" default:"full" check:"profile" desc:"Which fields documents have: full; lean, with the least that dashboards need at about half the space on disk; or all, with what is seldom asked for or follows from other fields too, at more than the space of full."`
	With    []string `yaml:"with" check:"field" desc:"Fields to add to the profile. An object, such as source.geo, is all fields below it."`
	Without []string `yaml:"without" check:"field" desc:"Fields to leave out of the profile, likewise; wins over with."`
}

// Exporters says who may send, and bounds what exporters can make the collector remember. Bounds are those of each socket.
type Exporters struct {
	Allow               []string `yaml:"allow" check:"network" desc:"Networks and addresses that may send, such as 192.0.2.0/24 or 2001:db8::1; empty lets everybody send. Packets of others are not looked at, and counted."`
	MaxPacketsPerSecond int      `yaml:"max_packets_per_second" default:"0" check:"rate" desc:"UDP packets taken from one address, in bursts of up to a second's; 0 takes as many as come. What is beyond is not looked at, and counted. Nothing is left out of connections."`
	ForgetAfter         Duration `yaml:"forget_after" default:"720h" check:"forget" desc:"Age, since it was last heard of, at which an exporting process and what its device described are left out of the state that outlives a restart."`
	Max                 int      `yaml:"max" default:"10000" check:"count" desc:"Exporting processes remembered at once on each socket. Beyond it one that has been silent is forgotten, and counted; those that delivered flows go last."`
	MaxPerAddress       int      `yaml:"max_per_address" default:"256" check:"count" desc:"Exporting processes remembered of one address, of those that exporters.max allows. Beyond it another one of the address that has been silent is forgotten, and counted."`
	MaxTemplates        int      `yaml:"max_templates" default:"1024" check:"count" desc:"Templates remembered of each exporting process. Further ones are refused, and counted."`
	MaxFields           int      `yaml:"max_fields" default:"512" check:"fields" desc:"Fields of one template. One that has more is refused, and counted."`
	TemplateBytes       ByteSize `yaml:"template_bytes" default:"64MiB" check:"size" desc:"Memory for the templates of all exporting processes. Beyond it a process that has been silent is forgotten, and counted. One process may have an eighth; what is beyond is refused, and counted."`
	PendingBytes        ByteSize `yaml:"pending_bytes" default:"1MiB" check:"size" desc:"Memory for the data sets of one exporting process that wait for their template. Further ones are dropped, and counted."`
	PendingAllBytes     ByteSize `yaml:"pending_all_bytes" default:"64MiB" check:"size" desc:"Memory for the data sets of all exporting processes that wait for their template. Beyond it those of a silent process are dropped, and counted."`
	PendingMaxAge       Duration `yaml:"pending_max_age" default:"1h" check:"wait" desc:"How long data sets wait for their template. Older ones are dropped, and counted."`
	OptionRows          int      `yaml:"option_rows" default:"16384" check:"count" desc:"Interfaces, applications, VRFs, users, samplers and information elements that one device may describe. Further ones are refused, and counted; a new user takes the place of all users of the device."`
	OptionBytes         ByteSize `yaml:"option_bytes" default:"64MiB" check:"size" desc:"Memory for what all devices describe. Beyond it what a silent device described is forgotten, and counted."`
}

// State says what outlives a restart.
type State struct {
	Directory string `yaml:"directory" check:"path" reload:"no" desc:"Directory for what exporters announced (templates, names, samplers), so that it outlives a restart; empty uses the one that systemd gives the service ($STATE_DIRECTORY), and without that nothing is kept."`
}

// Output says where documents go.
type Output struct {
	Elasticsearch Elasticsearch `yaml:"elasticsearch"`
	NDJSON        NDJSON        `yaml:"ndjson"`
	Kafka         Kafka         `yaml:"kafka"`
	Recent        Recent        `yaml:"recent"`
}

// Elasticsearch is the bulk output.
type Elasticsearch struct {
	Addresses             []string   `yaml:"addresses" check:"url" desc:"URLs of the nodes, such as https://127.0.0.1:9200; empty turns the output off. Requests take turns, and a node that is away is left out for a while."`
	Username              string     `yaml:"username" desc:"User for basic authentication; empty sends none. The password comes from password_file or the systemd credential elasticsearch-password, never from this file."`
	PasswordFile          string     `yaml:"password_file" check:"path" desc:"File with the password; empty uses the systemd credential elasticsearch-password. Read again when Elasticsearch refuses it."`
	APIKeyFile            string     `yaml:"api_key_file" check:"path" desc:"File with an API key, as id:key or in the encoded form; empty uses the systemd credential elasticsearch-api-key, which wins over a user. Read again when Elasticsearch refuses it."`
	CAFile                string     `yaml:"ca_file" check:"path" desc:"PEM certificates that sign the server's; empty uses the host's. Read again when it changes."`
	ClientCertificateFile string     `yaml:"client_certificate_file" check:"path" desc:"PEM certificate to show to the server, where it asks for one. Read again when it changes."`
	ClientKeyFile         string     `yaml:"client_key_file" check:"path" desc:"PEM private key of that certificate."`
	Index                 string     `yaml:"index" default:"flows" check:"index" desc:"Data stream, alias or index that documents are created in."`
	Target                string     `yaml:"target" default:"auto" check:"target" desc:"What setup makes of that name: data_stream, alias (a write alias of index-000001, to roll over), index, or auto, which is data_stream where the server has them and alias where it does not."`
	Setup                 bool       `yaml:"setup" default:"false" desc:"Create index template and target when the service starts, as flowcollector setup does, unless they are there. Needs the privilege manage_index_templates and, on the index, view_index_metadata and create_index, for an alias manage."`
	DocumentIDs           bool       `yaml:"document_ids" default:"true" desc:"Give documents ids, so that Elasticsearch refuses what it has already when a batch is sent again. Without them it stores faster, and twice what was on the way when a connection broke."`
	BatchBytes            ByteSize   `yaml:"batch_bytes" default:"2MiB" check:"batch" desc:"Size at which a batch is sent, before compression."`
	FlushInterval         Duration   `yaml:"flush_interval" default:"1s" check:"interval" desc:"Age at which a batch is sent though it is not full."`
	BufferBytes           ByteSize   `yaml:"buffer_bytes" default:"64MiB" check:"size" desc:"Bound of what waits in memory: all that is not stored yet where there is no spool, otherwise what is not in it yet. Beyond it new flows are dropped, and counted."`
	Gzip                  bool       `yaml:"gzip" default:"true" desc:"Compress requests: a seventh of the bytes for about twice the processor time."`
	Workers               int        `yaml:"workers" default:"4" check:"workers" desc:"Requests in flight at once, at most. There are fewer while Elasticsearch says that it is overloaded."`
	Spool                 Spool      `yaml:"spool"`
	DeadLetter            DeadLetter `yaml:"dead_letter"`
	Retention             Retention  `yaml:"retention"`
	Health                Health     `yaml:"health"`
}

// Health is what the collector writes about itself.
type Health struct {
	Index    string   `yaml:"index" check:"health" desc:"Data stream, alias or index that documents about the collector itself are created in, such as health-flows: what each exporter sends, what is lost and by what cause, how far outputs are behind. They wait in memory while Elasticsearch is away. Not below output.elasticsearch.index, whose searches would find them. Empty writes none."`
	Interval Duration `yaml:"interval" default:"30s" check:"health_interval" desc:"Time between these documents: one for each exporter (at most 101 for each address that is listened on), address and output."`
}

// Retention bounds what flows take on Elasticsearch's disks.
type Retention struct {
	MaxBytes   ByteSize `yaml:"max_bytes" default:"0" check:"retention" desc:"Most that flows take on the disks of Elasticsearch, with replicas, such as 500GiB: every minute the oldest indices of the data stream or alias are removed while it is more, and the one that is written to is rolled over at an eighth of it. Needs the privileges view_index_metadata, monitor, manage and delete_index on the index and those behind it. 0 removes nothing; Elasticsearch's own policy keeps flows by age besides."`
	APIKeyFile string   `yaml:"api_key_file" check:"path" desc:"File with an API key that may remove indices, so that what writes flows may not; empty uses the systemd credential elasticsearch-retention-api-key, and without that what the output proves itself by."`
}

// Spool is the disk space for flows that Elasticsearch has not stored yet.
type Spool struct {
	Directory string   `yaml:"directory" check:"path" desc:"Directory for flows that are not stored yet, so that they outlive an outage, a restart and a crash; empty uses spool in the state directory, and without that they wait in memory only."`
	MaxBytes  ByteSize `yaml:"max_bytes" default:"4GiB" check:"spool" desc:"Most that the spool takes on disk, as compressed as requests are. Beyond it the oldest flows are dropped, and counted. At least 8 times output.elasticsearch.batch_bytes; 0 turns the spool off."`
	Sync      string   `yaml:"sync" default:"interval" check:"sync" desc:"When the disk is told to keep what was written: interval (every second), always (before a batch is sent) or never (as the kernel likes). Matters only when power fails: a crash of the collector loses nothing of it."`
}

// DeadLetter is where documents go that Elasticsearch refuses for good.
type DeadLetter struct {
	Path     string   `yaml:"path" check:"path" desc:"File of documents that Elasticsearch refuses for good, one JSON object a line with the reason; empty uses dead-letter.ndjson in the state directory, and without that they are only counted."`
	MaxBytes ByteSize `yaml:"max_bytes" default:"64MiB" check:"size" desc:"Size at which the file is renamed to .1, in place of the one before, and begun anew."`
}

// NDJSON is the output to a file.
type NDJSON struct {
	Path     string   `yaml:"path" check:"ndjson" desc:"File that documents are appended to, one a line; - is standard output; empty turns the output off. A file that was renamed or removed is opened anew."`
	MaxBytes ByteSize `yaml:"max_bytes" default:"0" check:"rotate" desc:"Size at which the file is renamed to .1, .1 to .2 and so on; 0 lets it grow."`
	Keep     int      `yaml:"keep" default:"5" check:"keep" desc:"Renamed files that are kept."`
}

// Kafka is the output to a bus.
type Kafka struct {
	Brokers               []string `yaml:"brokers" check:"broker" desc:"Brokers to begin with, such as kafka.example.org:9092; empty turns the output off."`
	Topic                 string   `yaml:"topic" default:"flows" check:"topic" desc:"Topic that documents are produced to, one a message, keyed by the exporter's address."`
	Compression           string   `yaml:"compression" default:"lz4" check:"compression" desc:"Compression of batches: none, gzip, snappy, lz4 or zstd."`
	BufferBytes           ByteSize `yaml:"buffer_bytes" default:"64MiB" check:"size" desc:"Bound of what waits in memory. Beyond it new flows are dropped from this output, and counted."`
	TLS                   bool     `yaml:"tls" default:"false" desc:"Speak TLS to brokers."`
	CAFile                string   `yaml:"ca_file" check:"path" desc:"PEM certificates that sign those of brokers; empty uses the host's."`
	ClientCertificateFile string   `yaml:"client_certificate_file" check:"path" desc:"PEM certificate to show to brokers."`
	ClientKeyFile         string   `yaml:"client_key_file" check:"path" desc:"PEM private key of that certificate."`
	Mechanism             string   `yaml:"mechanism" default:"scram-sha-512" check:"mechanism" desc:"How the user proves who it is: plain, scram-sha-256 or scram-sha-512."`
	Username              string   `yaml:"username" desc:"User for SASL; empty sends none."`
	PasswordFile          string   `yaml:"password_file" check:"path" desc:"File with the password; empty uses the systemd credential kafka-password."`
}

// Recent is the store of the newest flows, which can be searched.
type Recent struct {
	Enabled   string   `yaml:"enabled" default:"auto" check:"switch" desc:"Keep the newest flows on disk, so that they can be searched: true, false, or auto, which does where no other output is configured."`
	Directory string   `yaml:"directory" check:"path" desc:"Directory for them; empty uses recent in the state directory."`
	MaxBytes  ByteSize `yaml:"max_bytes" default:"1GiB" check:"recent" desc:"Most that they take on disk. Beyond it the oldest are removed. They give way to others: a twentieth of the file system stays free, or 1 GiB if that is less."`
	Keep      Duration `yaml:"keep" default:"24h" check:"recent_keep" desc:"Age at which they are removed, or up to a sixteenth later."`
}

// RecentOn says whether recent flows are kept.
func (o *Output) RecentOn() bool {
	return o.Recent.Enabled == "true" || o.Recent.Enabled == "auto" && len(o.Elasticsearch.Addresses) == 0 && o.NDJSON.Path == "" && len(o.Kafka.Brokers) == 0
}

// HTTP says where the page, metrics and health are served, and to whom.
type HTTP struct {
	Address      string   `yaml:"address" default:"127.0.0.1:8080" check:"http" desc:"Where the page, /metrics, /livez and /readyz are served; empty turns them off. Other addresses than loopback ones need http.tls and a password, or http.insecure."`
	TLS          HTTPTLS  `yaml:"tls"`
	Username     string   `yaml:"username" desc:"User who may look; empty asks for none. The password comes from password_file or the systemd credential http-password. /livez is open to everybody."`
	PasswordFile string   `yaml:"password_file" check:"path" desc:"File with the password; empty uses the systemd credential http-password. Read again when it changes."`
	Hosts        []string `yaml:"hosts" check:"host" desc:"Names that the page is asked for by, besides localhost and addresses, such as those of a proxy in front of it. Without a password requests for other names are refused, because any web page could make a browser send them (DNS rebinding)."`
	Insecure     bool     `yaml:"insecure" default:"false" desc:"Serve other addresses than loopback ones without TLS, or without a password. Whoever gets there sees all traffic."`
	Pprof        bool     `yaml:"pprof" default:"false" desc:"Serve Go's profiles at /debug/pprof/ too, to find out where time and memory go. On another address than a loopback one it needs http.tls and a password."`
}

// HTTPTLS says how the server proves who it is.
type HTTPTLS struct {
	CertificateFile string `yaml:"certificate_file" check:"path" desc:"PEM certificate of the server, intermediate ones behind it; empty serves without TLS. Read again when it changes."`
	KeyFile         string `yaml:"key_file" check:"path" desc:"PEM private key of the certificate. Read again when it changes."`
}

// Log is how much is logged.
type Log struct {
	Level string `yaml:"level" default:"info" check:"level" desc:"Least level that is logged: debug, info, warn or error."`
}

// Default is the tree with every setting at its default.
func Default() Config {
	var c Config
	for _, l := range leaves(&c) {
		if err := l.setText(l.fallback); err != nil {
			panic("config: default of " + l.key + ": " + err.Error()) // held by a test
		}
	}
	return c
}

// validate checks what concerns more than one setting.
func (c *Config) validate() []problem {
	var found []problem
	es := c.Output.Elasticsearch
	if es.BatchBytes > es.BufferBytes {
		found = append(found, problem{"output.elasticsearch.buffer_bytes", "must be at least output.elasticsearch.batch_bytes (" + es.BatchBytes.String() + ")"})
	}
	if least := 8 * es.BatchBytes; es.Spool.MaxBytes != 0 && es.Spool.MaxBytes < least {
		found = append(found, problem{"output.elasticsearch.spool.max_bytes", "must be 0, or at least 8 times output.elasticsearch.batch_bytes (" + least.String() + "): batches that are being sent stay in it"})
	}
	if health := es.Health.Index; health == es.Index || strings.HasPrefix(health, es.Index+"-") {
		found = append(found, problem{"output.elasticsearch.health.index", "must be another name than output.elasticsearch.index, and not begin with it and a hyphen: searches for flows would find what is no flow"})
	}
	if es.Retention.MaxBytes > 0 && es.Target == "index" {
		found = append(found, problem{"output.elasticsearch.retention.max_bytes", "one index cannot be kept below a size: output.elasticsearch.target has to be auto, data_stream or alias"})
	}
	if c.Exporters.PendingBytes > c.Exporters.PendingAllBytes {
		found = append(found, problem{"exporters.pending_all_bytes", "must be at least exporters.pending_bytes (" + c.Exporters.PendingBytes.String() + ")"})
	}
	found = append(found, c.Document.validate()...)
	found = append(found, c.Output.validate()...)
	found = append(found, c.HTTP.validate()...)
	return append(found, c.Listen.validate()...)
}

// Selection is the same in the words of package schema.
func (d *Document) Selection() schema.Selection {
	return schema.Selection{Profile: d.Profile, With: d.With, Without: d.Without}
}

func (d *Document) validate() []problem {
	if _, err := schema.NewEncoder(d.Selection()); err != nil {
		return []problem{{"document.without", err.Error()}}
	}
	return nil
}

func (o *Output) validate() []problem {
	var found []problem
	pair := func(certificate, key, certificateKey, keyKey string) {
		switch {
		case certificate != "" && key == "":
			found = append(found, problem{keyKey, "is needed for " + certificateKey})
		case certificate == "" && key != "":
			found = append(found, problem{certificateKey, "is needed for " + keyKey})
		}
	}
	es, kafka := o.Elasticsearch, o.Kafka
	pair(es.ClientCertificateFile, es.ClientKeyFile, "output.elasticsearch.client_certificate_file", "output.elasticsearch.client_key_file")
	pair(kafka.ClientCertificateFile, kafka.ClientKeyFile, "output.kafka.client_certificate_file", "output.kafka.client_key_file")
	if es.APIKeyFile != "" && es.Username != "" {
		found = append(found, problem{"output.elasticsearch.api_key_file", "cannot be together with output.elasticsearch.username"})
	}
	// What would silently do nothing is a mistake.
	for _, it := range []struct{ key, value, needs, is string }{
		{"output.elasticsearch.password_file", es.PasswordFile, "output.elasticsearch.username", es.Username},
		{"output.kafka.password_file", kafka.PasswordFile, "output.kafka.username", kafka.Username},
	} {
		if it.value != "" && it.is == "" {
			found = append(found, problem{it.key, "needs " + it.needs})
		}
	}
	for _, it := range []struct{ key, value string }{
		{"output.kafka.ca_file", kafka.CAFile}, {"output.kafka.client_certificate_file", kafka.ClientCertificateFile},
	} {
		if it.value != "" && !kafka.TLS {
			found = append(found, problem{it.key, "needs output.kafka.tls"})
		}
	}
	return found
}

func (l *Listen) validate() []problem {
	var found []problem
	if len(l.UDP)+len(l.IPFIXTCP)+len(l.IPFIXTLS) == 0 {
		found = append(found, problem{"listen.udp", "needs at least one address, where listen.ipfix_tcp and listen.ipfix_tls have none"})
	}
	for _, list := range []struct {
		key       string
		addresses []string
	}{{"listen.udp", l.UDP}, {"listen.ipfix_tcp", l.IPFIXTCP}, {"listen.ipfix_tls", l.IPFIXTLS}} {
		for i, a := range list.addresses {
			if slices.Contains(list.addresses[:i], a) {
				found = append(found, problem{list.key, a + " is listed twice"})
			}
		}
	}
	for _, a := range l.IPFIXTLS {
		if slices.Contains(l.IPFIXTCP, a) {
			found = append(found, problem{"listen.ipfix_tls", a + " is also in listen.ipfix_tcp"})
		}
	}
	if len(l.IPFIXTLS) > 0 {
		for _, file := range []struct{ key, path string }{
			{"listen.tls.certificate_file", l.TLS.CertificateFile}, {"listen.tls.key_file", l.TLS.KeyFile},
		} {
			if file.path == "" {
				found = append(found, problem{file.key, "is needed for listen.ipfix_tls"})
			}
		}
	}
	return found
}

type problem struct{ key, message string }
