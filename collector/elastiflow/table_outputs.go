package elastiflow

const (
	elastic          = "EF_OUTPUT_ELASTICSEARCH_"
	elasticEnable    = elastic + "ENABLE"
	elasticAddresses = elastic + "ADDRESSES"
	elasticTLS       = elastic + "TLS_ENABLE"
	elasticTemplate  = elastic + "INDEX_TEMPLATE_ENABLE"
	elasticCloud     = elastic + "CLOUD_ID"

	kafka       = "EF_OUTPUT_KAFKA_"
	kafkaEnable = kafka + "ENABLE"
	kafkaSASL   = kafka + "SASL_ENABLE"
	kafkaTLS    = kafka + "TLS_ENABLE"
)

const (
	batchText   = "ours is 2MiB by default, measured as the best; leave it out unless you measured"
	untilStored = "a batch is sent until it is stored, or refused for good"
	ownTemplate = "the template has none; put it into an index template of your own with a higher priority"
	oneDocument = "documents of flows are the only ones"
	noCheck     = "certificates are always verified: name the one that signed the server's in "
)

var elasticsearchOptions = onlyWith(elasticEnable, []Option{
	{Name: elasticEnable, Default: "false", Rule: enables("see the addresses", "output.elasticsearch.addresses")},
	{Name: elastic + "ECS_ENABLE", Rule: switched(true, "documents are in ECS", "documents are in ECS; CODEX names are not written, so dashboards for CODEX stay empty (see the table of fields)")},
	{Name: elastic + "BATCH_DEADLINE", Rule: measured("output.elasticsearch.flush_interval", "ms", "in milliseconds")},
	{Name: elastic + "BATCH_MAX_BYTES", Rule: measured("output.elasticsearch.batch_bytes", "", "in octets; "+batchText)},
	{Name: elastic + "TIMESTAMP_SOURCE", Rule: chosen("decode.timestamp_source", map[string]string{
		"end": "end", "start": "start", "export": "export", "collect": "receive",
	}, "collect is receive; it holds for all outputs")},
	{Name: elastic + "INDEX_PERIOD", Rule: same("rollover", "a data stream rolls over, as its lifecycle policy says", "there are no indices by date: a data stream rolls over, as its lifecycle policy says (output.elasticsearch.target)")},
	{Name: elastic + "TSDS_ENABLE", Rule: absent("time series data streams are for metrics: flows of the same moment would be taken for one")},
	{Name: elastic + "INDEX_SUFFIX", Rule: Rule{
		Translated,
		[]string{"output.elasticsearch.index"},
		"flows-SUFFIX",
		func(t *translation, value string) (verdict, error) {
			return t.set("output.elasticsearch.index", "flows-"+value), nil
		},
	}},
	{Name: elastic + "DROP_FIELDS", Rule: drop()},
	{Name: elastic + "ALLOWED_RECORD_TYPES", Rule: same("flow", oneDocument, oneDocument+": none of as_path_hop, flow_option, telemetry")},
	{Name: elasticTemplate, Default: "true", Rule: becomes("output.elasticsearch.setup", "ElastiFlow puts its template where nothing is said; the user needs the privileges of docs/collector.md")},
	{Name: elastic + "INDEX_TEMPLATE_OVERWRITE", Rule: unneeded("a template of an older version is replaced, one that somebody else made is not")},
	{Name: elastic + "INDEX_TEMPLATE_SHARDS", Rule: same("1", "indices have one primary shard", "indices have one primary shard; put number_of_shards into an index template of your own with a higher priority")},
	{Name: elastic + "INDEX_TEMPLATE_REPLICAS", Rule: same("0|1", "a shard has a copy as soon as there is a second node", "a shard has a copy as soon as there is a second node, and no more; put number_of_replicas into an index template of your own with a higher priority")},
	{Name: elastic + "INDEX_TEMPLATE_REFRESH_INTERVAL", Rule: same("10s", "it is 10s", "it is 10s; put refresh_interval into an index template of your own with a higher priority")},
	{Name: elastic + "INDEX_TEMPLATE_CODEC", Rule: same("best_compression", "it is best_compression", "it is best_compression")},
	{Name: elastic + "INDEX_TEMPLATE_ILM_LIFECYCLE", Rule: missing(ownTemplate + " (index.lifecycle.name), and roll over by it")},
	{Name: elastic + "INDEX_TEMPLATE_PIPELINE_DEFAULT", Rule: same("_none", "the template has none", ownTemplate)},
	{Name: elastic + "INDEX_TEMPLATE_PIPELINE_FINAL", Rule: same("_none", "the template has none", ownTemplate)},
	{Name: elasticAddresses, Default: "127.0.0.1:9200", Rule: derived("as URLs, https with "+elasticTLS, "output.elasticsearch.addresses")},
	{Name: elastic + "USERNAME", Rule: becomes("output.elasticsearch.username", "better a user with the privileges of docs/collector.md than elastic")},
	{Name: elastic + "PASSWORD", Rule: secret("elasticsearch-password", "")},
	{Name: elasticCloud, Rule: derived("as the URL that it stands for", "output.elasticsearch.addresses")},
	{Name: elastic + "API_KEY", Rule: secret("elasticsearch-api-key", "it wins over a user")},
	{Name: elastic + "CLIENT_CA_CERT_FILEPATH", Rule: unneeded("the server knows who signed the client's certificate")},
	{Name: elastic + "CLIENT_CERT_FILEPATH", Rule: file("output.elasticsearch.client_certificate_file", "")},
	{Name: elastic + "CLIENT_KEY_FILEPATH", Rule: file("output.elasticsearch.client_key_file", "the service's user has to be able to read it")},
	{Name: elasticTLS, Default: "false", Rule: derived("https in the addresses", "output.elasticsearch.addresses")},
	{Name: elastic + "TLS_SKIP_VERIFICATION", On: elasticTLS, Rule: switched(false, "certificates are verified", noCheck+"`output.elasticsearch.ca_file`")},
	{Name: elastic + "TLS_CA_CERT_FILEPATH", On: elasticTLS, Rule: file("output.elasticsearch.ca_file", "")},
	{Name: elastic + "RETRY_ENABLE", Rule: switched(true, untilStored, untilStored)},
	{Name: elastic + "RETRY_ON_TIMEOUT_ENABLE", Rule: switched(true, untilStored, untilStored)},
	{Name: elastic + "MAX_RETRIES", Rule: unneeded(untilStored)},
	{Name: elastic + "RETRY_BACKOFF", Rule: unneeded("the pause grows while Elasticsearch takes nothing")},
	{Name: elastic + "POOL_SIZE", Rule: becomes("output.elasticsearch.workers", "requests in flight at once; there are fewer while Elasticsearch is overloaded")},
})

var kafkaOptions = onlyWith(kafkaEnable, []Option{
	{Name: kafkaEnable, Default: "false", Rule: enables("see the brokers", "output.kafka.brokers")},
	{Name: kafka + "BROKERS", Rule: derived("with port 9092 where none is said", "output.kafka.brokers")},
	{Name: kafka + "VERSION", Rule: unneeded("the brokers are asked")},
	{Name: kafka + "TOPIC", Rule: becomes("output.kafka.topic", "documents are in ECS, not CODEX: consumers have to know, or take another topic")},
	{Name: kafka + "PARTITION_KEY", Rule: same("flow.export.ip.addr", "messages are keyed by the exporter's address", "messages are keyed by the exporter's address")},
	{Name: kafka + "CLIENT_ID", Rule: unneeded("it is flowcollector")},
	{Name: kafka + "RACK_ID", Rule: unneeded("it matters to consumers only")},
	{Name: kafka + "TIMEOUT", Rule: unneeded(untilStored)},
	{Name: kafka + "DROP_FIELDS", Rule: drop()},
	{Name: kafka + "ALLOWED_RECORD_TYPES", Rule: same("flow", oneDocument, oneDocument+": none of as_path_hop, flow_option, telemetry")},
	{Name: kafka + "FLAT_RECORD_ENABLE", Rule: switched(false, "documents are nested", "documents are nested, as Elasticsearch has them")},
	{Name: kafkaSASL, Default: "false", Rule: enables("see the user", "output.kafka.username")},
	{Name: kafka + "SASL_USERNAME", On: kafkaSASL, Rule: Rule{
		Translated,
		[]string{"output.kafka.username", "output.kafka.mechanism"},
		"with the mechanism plain, as ElastiFlow's; scram-sha-512 where brokers have it keeps the password off the wire",
		func(t *translation, value string) (verdict, error) {
			t.set("output.kafka.mechanism", "plain")
			return t.set("output.kafka.username", value), nil
		},
	}},
	{Name: kafka + "SASL_PASSWORD", On: kafkaSASL, Rule: secret("kafka-password", "")},
	{Name: kafkaTLS, Default: "false", Rule: becomes("output.kafka.tls", "")},
	{Name: kafka + "TLS_CA_CERT_FILEPATH", On: kafkaTLS, Rule: file("output.kafka.ca_file", "")},
	{Name: kafka + "TLS_CERT_FILEPATH", On: kafkaTLS, Rule: file("output.kafka.client_certificate_file", "")},
	{Name: kafka + "TLS_KEY_FILEPATH", On: kafkaTLS, Rule: file("output.kafka.client_key_file", "the service's user has to be able to read it")},
	{Name: kafka + "TLS_SKIP_VERIFICATION", On: kafkaTLS, Rule: switched(false, "certificates are verified", noCheck+"`output.kafka.ca_file`")},
	{Name: kafka + "PRODUCER_MAX_MESSAGE_BYTES", Rule: unneeded("a message is one document, of some hundred octets")},
	{Name: kafka + "PRODUCER_REQUIRED_ACKS", Rule: same("-1", "all replicas in sync acknowledge", "all replicas in sync acknowledge, so that nothing is lost with a broker")},
	{Name: kafka + "PRODUCER_TIMEOUT", Rule: unneeded(untilStored)},
	{Name: kafka + "PRODUCER_COMPRESSION", Rule: chosen("output.kafka.compression", map[string]string{
		"0": "none", "1": "gzip", "2": "snappy", "3": "lz4", "4": "zstd",
	}, "0 to 4 are none, gzip, snappy, lz4, zstd")},
	{Name: kafka + "PRODUCER_COMPRESSION_LEVEL", Rule: same("-1000", "the default of the compression", "the default of the compression")},
	{Name: kafka + "PRODUCER_FLUSH_BYTES", Rule: unneeded("batches are bounded by what brokers take")},
	{Name: kafka + "PRODUCER_FLUSH_MESSAGES", Rule: unneeded("batches are bounded by what brokers take")},
	{Name: kafka + "PRODUCER_FLUSH_FREQUENCY", Rule: unneeded("batches are sent as soon as brokers take them")},
	{Name: kafka + "PRODUCER_FLUSH_MAX_MESSAGES", Rule: unneeded("batches are bounded by what brokers take")},
	{Name: kafka + "PRODUCER_RETRY_MAX", Rule: unneeded(untilStored)},
	{Name: kafka + "PRODUCER_RETRY_BACKOFF", Rule: unneeded("the pause grows while brokers take nothing")},
})

// onlyWith makes options that depend on none depend on the one that turns their part on.
func onlyWith(enable string, list []Option) []Option {
	for i := range list {
		if o := &list[i]; o.On == "" && o.Name != enable {
			o.On = enable
		}
	}
	return list
}

const stdout, monitor = "EF_OUTPUT_STDOUT_", "EF_OUTPUT_MONITOR_"

var plainOptions = []Option{
	{Name: stdout + "ENABLE", Default: "false", Rule: Rule{
		Translated,
		[]string{"output.ndjson.path"},
		"`true`: `-`, which is standard output",
		func(t *translation, value string) (verdict, error) {
			on, err := boolean(value)
			if err != nil || !on {
				return verdict{NotNeeded, "it is off"}, err
			}
			return t.set("output.ndjson.path", "-"), nil
		},
	}},
	{Name: stdout + "FORMAT", On: stdout + "ENABLE", Rule: same("json", "one document a line", "one document a line; `jq .` makes it pretty")},
	{Name: monitor + "ENABLE", Rule: unneeded("figures are in /metrics, and rates in `systemctl status flowcollector`")},
	{Name: monitor + "INTERVAL", Rule: unneeded("figures are in /metrics")},
}

// otherOutputs are those that this collector does not have.
func otherOutputs() (list []Option) {
	const bridge = "write to Kafka or to a file (NDJSON), and take it from there"
	for _, part := range []struct {
		prefix, why string
		rest        []string
	}{
		{"EF_OUTPUT_OPENSEARCH_", "documents go to Elasticsearch; OpenSearch is not tested against; " + bridge, []string{
			"ECS_ENABLE", "BATCH_DEADLINE", "BATCH_MAX_BYTES", "TIMESTAMP_SOURCE", "INDEX_PERIOD", "INDEX_SUFFIX", "DROP_FIELDS", "ALLOWED_RECORD_TYPES",
			"INDEX_TEMPLATE_ENABLE", "INDEX_TEMPLATE_OVERWRITE", "INDEX_TEMPLATE_SHARDS", "INDEX_TEMPLATE_REPLICAS", "INDEX_TEMPLATE_REFRESH_INTERVAL",
			"INDEX_TEMPLATE_CODEC", "INDEX_TEMPLATE_ISM_POLICY", "INDEX_TEMPLATE_PIPELINE_DEFAULT", "INDEX_TEMPLATE_PIPELINE_FINAL", "ADDRESSES", "USERNAME",
			"PASSWORD", "CLIENT_CA_CERT_FILEPATH", "CLIENT_CERT_FILEPATH", "CLIENT_KEY_FILEPATH", "TLS_ENABLE", "TLS_SKIP_VERIFICATION",
			"TLS_CA_CERT_FILEPATH", "RETRY_ENABLE", "RETRY_ON_TIMEOUT_ENABLE", "MAX_RETRIES", "RETRY_BACKOFF",
		}},
		{"EF_OUTPUT_SPLUNK_HEC_", "there is no output to Splunk; " + bridge, []string{
			"CIM_ENABLE", "ADDRESSES", "TOKEN", "BATCH_MAX_BYTES", "BATCH_DEADLINE", "TLS_ENABLE", "TLS_SKIP_VERIFICATION", "TLS_CA_CERT_FILEPATH", "DROP_FIELDS",
		}},
		{"EF_OUTPUT_CRIBL_", "there is no output to Cribl; " + bridge, []string{
			"ADDRESSES", "TOKEN", "BATCH_DEADLINE", "BATCH_MAX_BYTES", "TLS_ENABLE", "TLS_SKIP_VERIFICATION", "TLS_CA_CERT_FILEPATH", "DROP_FIELDS",
		}},
		{"EF_OUTPUT_GENERIC_HTTP_", "there is no output to any HTTP server; " + bridge, []string{
			"ECS_ENABLE", "BATCH_DEADLINE", "BATCH_MAX_BYTES", "ADDRESSES", "USERNAME", "PASSWORD", "TLS_ENABLE", "TLS_SKIP_VERIFICATION",
			"TLS_CA_CERT_FILEPATH", "DROP_FIELDS", "TIMESTAMP_SOURCE",
		}},
		{"EF_OUTPUT_RISKIQ_", noThreats, []string{"HOST", "PORT", "CUSTOMER_UUID", "CUSTOMER_ENCRYPTION_KEY", "POOL_SIZE"}},
	} {
		list = append(list, whole(part.prefix, part.why, part.rest)...)
	}
	return list
}

// whole is a part that this collector does not have.
func whole(prefix, why string, rest []string) []Option {
	enable := prefix + "ENABLE"
	list := make([]Option, 0, 1+len(rest))
	list = append(list, Option{Name: enable, Default: "false", Rule: absent(why)})
	for _, name := range rest {
		list = append(list, Option{Name: prefix + name, On: enable, Rule: missing("see " + enable)})
	}
	return list
}

var otherInputs = func() []Option {
	const aws, snmp = "EF_AWS_VPC_FLOW_LOG_", "EF_INPUT_SNMP_"
	const poller = "devices are not polled for metrics; snmp_exporter with Prometheus does that"
	list := []Option{
		{Name: aws + "S3_ENABLE", Old: []string{aws + "ENABLE"}, Default: "false", Rule: absent("flow logs of AWS are not read; Elastic's AWS integration reads them")},
		{Name: aws + "S3_PREFIX", Old: []string{aws + "PREFIX"}, On: aws + "S3_ENABLE", Rule: missing("see " + aws + "S3_ENABLE")},
	}
	for _, name := range []string{"BUCKET", "TLS_ENABLE", "TLS_SKIP_VERIFICATION", "TLS_CA_CERT_FILEPATH", "TLS_MIN_VERSION"} {
		list = append(list, Option{Name: aws + "S3_" + name, On: aws + "S3_ENABLE", Rule: missing("see " + aws + "S3_ENABLE")})
	}
	list = append(list, whole(snmp, poller, []string{
		"POLLER_WORKER_POOL_SIZE", "DEVICE_DEFINITIONS_DIRECTORY_PATH", "DEVICE_GROUP_DEFINITIONS_DIRECTORY_PATH",
		"OBJECT_GROUP_DEFINITIONS_DIRECTORY_PATH", "OBJECT_DEFINITIONS_DIRECTORY_PATH",
	})...)
	return append(list,
		Option{Name: "EF_PROCESSOR_SNMP_ENUM_ENABLE", On: snmp + "ENABLE", Rule: missing(poller)},
		Option{Name: "EF_PROCESSOR_SNMP_ENUM_DEFINITIONS_DIRECTORY_PATH", On: snmp + "ENABLE", Rule: missing(poller)})
}()
