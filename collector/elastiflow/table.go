package elastiflow

// Names of options that others depend on.
const (
	udpAddress = "EF_FLOW_SERVER_UDP_IP"
	udpPort    = "EF_FLOW_SERVER_UDP_PORT"

	asnEnable   = "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_ASN_ENABLE"
	asnPath     = "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_ASN_PATH"
	placeEnable = "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_ENABLE"
	placePath   = "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_PATH"

	networksEnable = "EF_PROCESSOR_ENRICH_IPADDR_METADATA_ENABLE"
	networksPath   = "EF_PROCESSOR_ENRICH_IPADDR_METADATA_USERDEF_PATH"
	netifsEnable   = "EF_PROCESSOR_ENRICH_NETIF_METADATA_ENABLE"
	netifsPath     = "EF_PROCESSOR_ENRICH_NETIF_METADATA_USERDEF_PATH"

	dnsEnable     = "EF_PROCESSOR_ENRICH_IPADDR_DNS_ENABLE"
	dnsPrivate    = "EF_PROCESSOR_ENRICH_IPADDR_DNS_RESOLVE_PRIVATE"
	dnsPublic     = "EF_PROCESSOR_ENRICH_IPADDR_DNS_RESOLVE_PUBLIC"
	riskASN       = "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_ASN_ENABLE"
	riskThreat    = "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_THREAT_ENABLE"
	appID         = "EF_PROCESSOR_ENRICH_APP_ID_ENABLE"
	appPort       = "EF_PROCESSOR_ENRICH_APP_IPPORT_ENABLE"
	ownRates      = "EF_PROCESSOR_ENRICH_SAMPLERATE_USERDEF_ENABLE"
	snmpEnable    = "EF_PROCESSOR_ENRICH_NETIF_SNMP_ENABLE"
	logToFile     = "EF_LOGGER_FILE_LOG_ENABLE"
	apiTLS        = "EF_API_TLS_ENABLE"
	apiLogin      = "EF_API_BASIC_AUTH_ENABLE"
	conversations = "EF_PROCESSOR_ENRICH_CONVERSATIONID_ENABLE"
	communities   = "EF_PROCESSOR_ENRICH_COMMUNITYID_ENABLE"
)

const (
	private = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, fc00::/7"

	reload     = "files are looked at every 5 seconds, and read again when they change"
	noFormat   = "the form of this file is not documented well enough to be read by a program: "
	noEveryone = "all formats are taken from every exporter; who may send is a matter of `exporters.allow`"
	oneList    = "`enrich.reverse_dns.include` and `exclude` take networks, in the settings and not in a file"
)

var inputOptions = []Option{
	{Name: udpAddress, Default: "0.0.0.0", Rule: derived("with the port; 0.0.0.0 takes IPv4 and IPv6", "listen.udp")},
	{Name: udpPort, Default: "9995", Rule: derived("ElastiFlow's port is 9995 where nothing is said, ours is 2055", "listen.udp")},
	{Name: "EF_FLOW_SERVER_UDP_READ_BUFFER_MAX_SIZE", Rule: measured("listen.receive_buffer", "", "in octets")},
	{
		Name: "EF_FLOW_PACKET_STREAM_MAX_SIZE", Old: []string{"EF_FLOW_SERVER_UDP_PACKET_STREAM_MAX_SIZE"},
		Rule: unneeded("packets are decoded where they are received: there is no queue in between"),
	},
	{Name: "EF_FLOW_RECORD_STREAM_MAX_SIZE", Rule: unneeded("flows go straight into batches: there is no queue in between")},
	{Name: "EF_INPUT_FLOW_BENCHMARK_ENABLE", Rule: unneeded("`flowcollector replay` decodes captures")},
	{Name: "EF_INPUT_FLOW_BENCHMARK_PACKET_FILEPATH", Rule: unneeded("`flowcollector replay` decodes captures")},
}

const noLicense = "there is no licence, and no limit by one"

var serviceOptions = []Option{
	{Name: "EF_LICENSE_ACCEPTED", Rule: unneeded(noLicense)},
	{Name: "EF_LICENSE_KEY", Rule: unneeded(noLicense)},
	{Name: "EF_LICENSE_FLOW_RECORDS_PER_SECOND", Rule: unneeded(noLicense)},
	{Name: "EF_FLOW_LICENSED_UNITS", Rule: unneeded(noLicense)},
	{Name: "EF_FLOW_LICENSED_CORES", Rule: unneeded(noLicense)},
	{Name: "EF_ACCOUNT_ID", Rule: unneeded(noLicense)},
	{Name: "EF_INSTANCE_NAME", Rule: unneeded("metrics and documents are told apart by the host's name, which Prometheus and Elasticsearch have")},
	{Name: "EF_API_PORT", Old: []string{"EF_METRICS_PORT"}, Rule: Rule{
		Translated,
		[]string{"http.address"},
		"on 127.0.0.1 only; another address, where Prometheus is on another host, needs `http.tls` and a password, or `http.insecure: true`",
		func(t *translation, value string) (verdict, error) {
			if _, err := port(value); err != nil {
				return verdict{}, err
			}
			return t.set("http.address", "127.0.0.1:"+value), nil
		},
	}},
	{Name: apiTLS, Old: []string{"EF_METRICS_TLS_ENABLE"}, Rule: enables("see the certificate", "http.tls.certificate_file")},
	{Name: "EF_API_TLS_CERT_FILEPATH", Old: []string{"EF_METRICS_TLS_CERT_FILEPATH"}, On: apiTLS, Rule: file("http.tls.certificate_file", "")},
	{
		Name: "EF_API_TLS_KEY_FILEPATH", Old: []string{"EF_METRICS_TLS_KEY_FILEPATH"}, On: apiTLS,
		Rule: file("http.tls.key_file", "the service's user has to be able to read it; a credential of systemd is best"),
	},
	{Name: apiLogin, Rule: enables("see the user", "http.username")},
	{Name: "EF_API_BASIC_AUTH_USERNAME", On: apiLogin, Rule: becomes("http.username", "`/livez` asks for none")},
	{Name: "EF_API_BASIC_AUTH_PASSWORD", On: apiLogin, Rule: secret("http-password", "")},
	{Name: "EF_LOGGER_LEVEL", Rule: chosen("log.level", map[string]string{
		"debug": "debug", "info": "info", "warn": "warn", "error": "error", "dpanic": "error", "panic": "error", "fatal": "error",
	}, "panic and fatal become error")},
	{Name: "EF_LOGGER_ENCODING", Rule: unneeded("lines are for people; the journal adds time and unit, and gives JSON by `journalctl -o json`")},
	{Name: logToFile, Rule: unneeded("the journal keeps the log: `journalctl -u flowcollector`")},
	{Name: "EF_LOGGER_FILE_LOG_FILENAME", Rule: unneeded("the journal keeps the log")},
	{Name: "EF_LOGGER_FILE_LOG_MAX_SIZE", Rule: unneeded("see SystemMaxUse= in journald.conf")},
	{Name: "EF_LOGGER_FILE_LOG_MAX_AGE", Rule: unneeded("see MaxRetentionSec= in journald.conf")},
	{Name: "EF_LOGGER_FILE_LOG_MAX_BACKUPS", Rule: unneeded("see SystemMaxFiles= in journald.conf")},
	{Name: "EF_LOGGER_FILE_LOG_COMPRESS", Rule: unneeded("the journal is compressed")},
}

var processorOptions = []Option{
	{Name: "EF_PROCESSOR_POOL_SIZE", Rule: unneeded("each socket has a goroutine that does everything to a packet")},
	{Name: "EF_PROCESSOR_TRANSLATE_KEEP_IDS", Rule: same("default|none", "documents have the numbers that ECS has", "`document.profile: all` has more of the numbers, and `decode.extra: known` those without a field")},
	{Name: "EF_PROCESSOR_DURATION_PRECISION", Rule: unneeded("event.duration is in nanoseconds, as ECS says")},
	{Name: "EF_PROCESSOR_TIMESTAMP_PRECISION", Rule: unneeded("times are as exact as the exporter says them")},
	{Name: "EF_PROCESSOR_PERCENT_NORM", Rule: unneeded("no field is a percentage")},
	{Name: "EF_PROCESSOR_EXPAND_CLISRV", Rule: Rule{
		NotNeeded,
		[]string{"document.without"},
		"`true`: documents have client and server; `false`: they are left out",
		func(t *translation, value string) (verdict, error) {
			on, err := boolean(value)
			if err != nil || on {
				return verdict{NotNeeded, "documents have client and server"}, err
			}
			return t.add("document.without", "client", "server"), nil
		},
	}},
	{Name: "EF_PROCESSOR_EXPAND_CLISRV_NO_L4_PORTS", Rule: switched(true, "client and server are told apart by more than ports", "flows without ports have client and server too, where something says which is which")},
	{Name: "EF_PROCESSOR_KEEP_CPU_TICKS", Rule: switched(false, "times are absolute", "the clock ticks of exporters are not kept")},
	{Name: "EF_PROCESSOR_DROP_FIELDS", Rule: drop()},
	{Name: "EF_PROCESSOR_IFA_ENABLE", Rule: absent("in-band flow analyzer metadata is not decoded")},
	{Name: "EF_PROCESSOR_IFA_WORKER_SIZE", On: "EF_PROCESSOR_IFA_ENABLE", Rule: missing("see EF_PROCESSOR_IFA_ENABLE")},

	{Name: "EF_PROCESSOR_DECODE_IPFIX_ENABLE", Rule: switched(true, "IPFIX is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_NETFLOW1_ENABLE", Rule: switched(true, "NetFlow v1 is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_NETFLOW5_ENABLE", Rule: switched(true, "NetFlow v5 is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_NETFLOW6_ENABLE", Rule: switched(true, "NetFlow v6 is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_NETFLOW7_ENABLE", Rule: switched(true, "NetFlow v7 is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_NETFLOW9_ENABLE", Rule: switched(true, "NetFlow v9 is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_SFLOW5_ENABLE", Rule: switched(true, "sFlow is decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_SFLOW_FLOWS_ENABLE", Rule: switched(true, "flow samples are decoded", noEveryone)},
	{Name: "EF_PROCESSOR_DECODE_SFLOW_FLOWS_KEEP_SAMPLES", Rule: switched(false, "headers of sampled packets are decoded, not kept", "headers of sampled packets are decoded, not kept")},
	{Name: "EF_PROCESSOR_DECODE_SFLOW_COUNTERS_ENABLE", Rule: switched(false, "counter samples make no documents", "counter samples give names to interfaces, and make no documents; ask devices for counters by SNMP (snmp_exporter)")},
	{Name: "EF_PROCESSOR_DECODE_MAX_RECORDS_PER_PACKET", Rule: unneeded("all records of a packet are decoded: its length bounds them")},

	{Name: appID, Rule: absent("names of applications by id come from the exporter (its option tables); a file of them is not read")},
	{Name: "EF_PROCESSOR_ENRICH_APP_ID_PATH", On: appID, Rule: missing("see " + appID)},
	{Name: "EF_PROCESSOR_ENRICH_APP_ID_TTL", On: appID, Rule: unneeded("what exporters say is in force until they say something else")},
	{Name: appPort, Rule: absent(noFormat + "write its entries into `enrich.applications_file` (docs/enrichment.md)")},
	{Name: "EF_PROCESSOR_ENRICH_APP_IPPORT_PATH", On: appPort, Rule: missing("see " + appPort)},
	{Name: "EF_PROCESSOR_ENRICH_APP_IPPORT_TTL", On: appPort, Rule: unneeded(reload)},
	{Name: "EF_PROCESSOR_ENRICH_APP_IPPORT_PRIVATE", On: appPort, Rule: unneeded("an entry of `enrich.applications_file` holds in the networks it names, or in all")},
	{Name: "EF_PROCESSOR_ENRICH_APP_IPPORT_PUBLIC", On: appPort, Rule: unneeded("an entry of `enrich.applications_file` holds in the networks it names, or in all")},
	{Name: "EF_PROCESSOR_ENRICH_APP_REFRESH_RATE", Rule: unneeded(reload)},

	{Name: "EF_PROCESSOR_ENRICH_ASN_PREF", Rule: same("lookup", "the database wins over the exporter", "the database wins over the exporter, which counts where no database knows the address; leave `enrich.geoip.asn` out to have the exporter's only")},
	{Name: "EF_PROCESSOR_ENRICH_TOTALS_IF_NO_DELTAS", Rule: switched(true, "totals count where there are no deltas", "totals count where there are no deltas")},
	{Name: "EF_PROCESSOR_ENRICH_SAMPLERATE_CACHE_SIZE", Rule: unneeded("rates are kept with the exporter they belong to")},
	{Name: ownRates, Rule: absent(noFormat + "write exporters and rates into `decode.sampling` (network=interval)")},
	{Name: "EF_PROCESSOR_ENRICH_SAMPLERATE_USERDEF_PATH", On: ownRates, Rule: missing("see " + ownRates)},
	{Name: "EF_PROCESSOR_ENRICH_SAMPLERATE_USERDEF_OVERRIDE", On: ownRates, Rule: switched(false, "`decode.sampling` does not override what exporters say", "write exporters and rates into `decode.sampling_override`")},
	{Name: communities, Rule: with("network.community_id")},
	{Name: "EF_PROCESSOR_ENRICH_COMMUNITYID_SEED", Rule: same("0", "the seed is 0", "the seed is 0, as in Zeek, Suricata and Packetbeat")},
	{Name: conversations, Rule: with("flow.conversation_id")},
	{Name: "EF_PROCESSOR_ENRICH_CONVERSATIONID_SEED", Rule: same("0", "there is no seed", "there is no seed")},
	{Name: "EF_PROCESSOR_ENRICH_JOIN_ASN", Rule: switched(false, "fields are by side", noJoin)},
	{Name: "EF_PROCESSOR_ENRICH_JOIN_GEOIP", Rule: switched(false, "fields are by side", noJoin)},
	{Name: "EF_PROCESSOR_ENRICH_JOIN_SEC", Rule: switched(false, "fields are by side", noJoin)},
	{Name: "EF_PROCESSOR_ENRICH_JOIN_NETATTR", Rule: switched(false, "fields are by side", noJoin)},
	{Name: "EF_PROCESSOR_ENRICH_JOIN_SUBNETATTR", Rule: switched(false, "fields are by side", noJoin)},

	{Name: "EF_PROCESSOR_ENRICH_NETIF_TTL", On: snmpEnable, Rule: measured("enrich.snmp.refresh", "s", "in seconds")},
	{Name: netifsEnable, Default: "false", Rule: enables("see the path")},
	{Name: netifsPath, On: netifsEnable, Default: home + "/metadata/netifs.yml", Rule: derived("the file is converted with `--files`: names and aliases; the rest is reported", "enrich.exporters_file")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_METADATA_REFRESH_RATE", Rule: unneeded(reload)},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_FLOW_OPTIONS_ENABLE", Rule: switched(true, "option tables of exporters are read", "option tables of exporters are always read; `enrich.exporters_file` wins over them")},
	{Name: snmpEnable, Default: "false", Rule: enables("who is asked, and how, is in the credential `snmp` (docs/names.md); without it nobody is", "enrich.snmp")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_PORT", On: snmpEnable, Rule: inCredential("port")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_VERSION", On: snmpEnable, Rule: inCredential("version")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_COMMUNITIES", On: snmpEnable, Rule: secret("snmp", "each as `community` of the networks it is for")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_V3_USERNAME", On: snmpEnable, Rule: inCredential("username")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_V3_AUTHENTICATION_PROTOCOL", On: snmpEnable, Rule: inCredential("authentication.protocol")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_V3_AUTHENTICATION_PASSPHRASE", On: snmpEnable, Rule: secret("snmp", "as `authentication.password`")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_V3_PRIVACY_PROTOCOL", On: snmpEnable, Rule: inCredential("privacy.protocol")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_V3_PRIVACY_PASSPHRASE", On: snmpEnable, Rule: secret("snmp", "as `privacy.password`")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_TIMEOUT", On: snmpEnable, Rule: measured("enrich.snmp.timeout", "s", "in seconds")},
	{Name: "EF_PROCESSOR_ENRICH_NETIF_SNMP_RETRIES", On: snmpEnable, Rule: unneeded("each question is sent three times")},
}

const noJoin = "there are no fields for both sides at once; search one side `or` the other"

func inCredential(member string) Rule {
	return secret("snmp", "as `"+member+"`; it is no secret, and belongs there")
}

var addressOptions = []Option{
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_TTL", Rule: unneeded("what is remembered of an address is dropped when a file changes; names are remembered for as long as the DNS says")},
	{Name: networksEnable, Default: "false", Rule: enables("see the path")},
	{Name: networksPath, On: networksEnable, Default: home + "/metadata/ipaddrs.yml", Rule: derived("the file is converted with `--files`: names, sites, internal; the rest is reported", "enrich.networks_file")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_METADATA_REFRESH_RATE", Rule: unneeded(reload)},
	{Name: dnsEnable, Default: "false", Rule: becomes("enrich.reverse_dns.enabled", "")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_NAMESERVER_IP", On: dnsEnable, Rule: Rule{
		Translated,
		[]string{"enrich.reverse_dns.servers"},
		"with port 53",
		func(t *translation, value string) (verdict, error) {
			return t.set("enrich.reverse_dns.servers", resolvers(value)), nil
		},
	}},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_NAMESERVER_TIMEOUT", On: dnsEnable, Rule: measured("enrich.reverse_dns.timeout", "ms", "in milliseconds")},
	{Name: dnsPrivate, On: dnsEnable, Default: "true", Rule: lookUp("`false`: private networks are excluded", "enrich.reverse_dns.exclude")},
	{Name: dnsPublic, On: dnsEnable, Default: "true", Rule: lookUp("`false`: only private networks are included", "enrich.reverse_dns.include")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_USERDEF_PATH", On: dnsEnable, Rule: missing("names of single addresses are not read from a file; give them to the resolver, or as `name` of a network of one address to `enrich.networks_file`")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_USERDEF_REFRESH_RATE", On: dnsEnable, Rule: unneeded(reload)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_INCLEXCL_PATH", On: dnsEnable, Rule: missing(oneList)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_DNS_INCLEXCL_REFRESH_RATE", On: dnsEnable, Rule: unneeded(oneList)},
	{Name: asnEnable, Default: "false", Rule: enables("see the path", "enrich.geoip.asn")},
	{Name: asnPath, On: asnEnable, Default: home + "/maxmind/GeoLite2-ASN.mmdb", Rule: file("enrich.geoip.asn", "a relative path is below "+home)},
	{Name: placeEnable, Default: "false", Rule: enables("see the path", "enrich.geoip.city")},
	{Name: placePath, On: placeEnable, Default: home + "/maxmind/GeoLite2-City.mmdb", Rule: file("enrich.geoip.city", "a relative path is below "+home)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_VALUES", On: placeEnable, Rule: places()},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_LANG", On: placeEnable, Rule: same("en", "names are English", "names are English")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_INCLEXCL_PATH", On: placeEnable, Rule: missing("all public addresses are looked up; a network of `enrich.networks_file` wins over the database")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_MAXMIND_GEOIP_INCLEXCL_REFRESH_RATE", On: placeEnable, Rule: unneeded(reload)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_NETINTEL_TIMEOUT", Rule: missing(noThreats)},
	{Name: riskASN, Rule: absent("use a database of autonomous systems: `enrich.geoip.asn`")},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_ASN_ENDPOINT", On: riskASN, Rule: missing("see " + riskASN)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_ASN_REFRESH_INTERVAL", On: riskASN, Rule: missing("see " + riskASN)},
	{Name: riskThreat, Rule: absent(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_THREAT_ENDPOINT", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_THREAT_REFRESH_INTERVAL", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_THREAT_INCLEXCL_PATH", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_THREAT_INCLEXCL_REFRESH_RATE", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_API_USER", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_API_KEY", On: riskThreat, Rule: missing(noThreats)},
	{Name: "EF_PROCESSOR_ENRICH_IPADDR_RISKIQ_API_TIMEOUT", On: riskThreat, Rule: missing(noThreats)},
}

const noThreats = "there is no feed of threats; match addresses in Elasticsearch (enrich processor, Elastic Security's indicator match)"
