package elasticfake_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// A server is one that the contract is held against.
type server struct {
	elasticfake.Real
	plain bool // without data streams and the rest
}

func (s *server) do(t *testing.T, method, path, body string) (status int, answer any) {
	t.Helper()
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, content)
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	if s.Username != "" {
		request.SetBasicAuth(s.Username, s.Password)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer response.Body.Close() //nolint:errcheck // read only
	if product := response.Header.Get("X-elastic-product"); product != "Elasticsearch" {
		t.Errorf("%s %s: the product is %q", method, path, product)
	}
	content2, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content2, &answer); err != nil {
		t.Fatalf("%s %s: %v in %s", method, path, err, content2)
	}
	return response.StatusCode, answer
}

func fake(t *testing.T, options elasticfake.Options) *server {
	t.Helper()
	web := httptest.NewServer(elasticfake.New(options))
	t.Cleanup(web.Close)
	return &server{Real: elasticfake.Real{URL: web.URL, Client: web.Client()}, plain: options.Plain}
}

// exchange is a request and what has to be in its answer. A text that begins with ~ is a regular expression.
type exchange struct {
	method, path, body string
	status             int
	want               string
}

const (
	t   = "flowstack-test"
	yes = `{"acknowledged":true}`
)

// failure is the shape of an error.
func failure(kind, reason string) string {
	return fmt.Sprintf(`{"error":{"type":%q,"reason":%q,"root_cause":[{"type":%q,"reason":%q}]}}`, kind, reason, kind, reason)
}

// everywhere was recorded from a server 7.17.29 from Maven Central.
var everywhere = []exchange{
	{"PUT", "/_component_template/" + t + "-s", `{"template":{"settings":{"number_of_shards":1,"codec":"best_compression"}},"_meta":{"a":1}}`, 200, yes},
	{"PUT", "/_component_template/" + t + "-m", `{"template":{"mappings":{"dynamic":"false","properties":{"a":{"type":"keyword","ignore_above":1024},"b":{"properties":{"c":{"type":"long","index":false}}}}}}}`, 200, yes},
	{"GET", "/_component_template/" + t + "-s", "", 200, `{"component_templates":[{"name":"flowstack-test-s","component_template":{"template":{"settings":{"index":{"number_of_shards":"1","codec":"best_compression"}}},"_meta":{"a":1}}}]}`},
	{"GET", "/_component_template/flowstack-none", "", 404, failure("resource_not_found_exception", "component template matching [flowstack-none] not found")},
	{"PUT", "/_component_template/" + t + "-x", `{"template":{"settings":{"index.nope.nope":"p"}}}`, 400, failure("illegal_argument_exception", "unknown setting [index.nope.nope] please check that any required plugins are installed, or check the breaking changes documentation for removed settings")},
	{"PUT", "/_index_template/" + t, `{"index_patterns":["flowstack-test","flowstack-test-*"],"priority":905,"composed_of":["flowstack-test-s","flowstack-test-m"],"_meta":{"x":1}}`, 200, yes},
	{"GET", "/_index_template/" + t, "", 200, `{"index_templates":[{"name":"flowstack-test","index_template":{"index_patterns":["flowstack-test","flowstack-test-*"],"composed_of":["flowstack-test-s","flowstack-test-m"],"priority":905,"_meta":{"x":1}}}]}`},
	{"GET", "/_index_template/flowstack-none", "", 404, failure("resource_not_found_exception", "index template matching [flowstack-none] not found")},
	{"DELETE", "/_index_template/flowstack-none", "", 404, failure("index_template_missing_exception", "index_template [flowstack-none] missing")},
	{"DELETE", "/_component_template/flowstack-none", "", 404, failure("resource_not_found_exception", "flowstack-none")},
	{"DELETE", "/_component_template/" + t + "-s", "", 400, failure("illegal_argument_exception", "component templates [flowstack-test-s] cannot be removed as they are still in use by index templates [flowstack-test]")},
	{"PUT", "/_index_template/" + t + "-u", `{"index_patterns":["flowstack-test-a*"],"priority":905}`, 400, failure("illegal_argument_exception", "index template [flowstack-test-u] has index patterns [flowstack-test-a*] matching patterns from existing templates [flowstack-test] with patterns (flowstack-test => [flowstack-test, flowstack-test-*]) that have the same priority [905], multiple index templates may not match during index creation, please use a different priority")},
	{"PUT", "/_index_template/" + t + "-u", `{"index_patterns":["flowstack-test-a*"],"priority":950,"template":{"settings":{"refresh_interval":"5s"}}}`, 200, yes},
	{"POST", "/_index_template/_simulate_index/" + t + "-abc", "", 200, `{"template":{"settings":{"index":{"refresh_interval":"5s"}},"aliases":{}},"overlapping":[{"name":"flowstack-test","index_patterns":["flowstack-test","flowstack-test-*"]}]}`},
	{"POST", "/_index_template/_simulate_index/" + t + "-000001", "", 200, `{"template":{"settings":{"index":{"codec":"best_compression"}},"mappings":{"dynamic":"false"}},"overlapping":[{"name":"flowstack-test-u"}]}`},
	{"PUT", "/_index_template/" + t + "-v", `{"index_patterns":["flowstack-v"],"composed_of":["flowstack-none"]}`, 400, failure("invalid_index_template_exception", "index_template [flowstack-test-v] invalid, cause [index template [flowstack-test-v] specifies component templates [flowstack-none] that do not exist]")},
	{"PUT", "/_index_template/" + t + "-v", `{"index_patterns":["flowstack-v"],"foo":1}`, 400, failure("x_content_parse_exception", `~\[index_template\] unknown field \[foo\]$`)},
	{"PUT", "/_index_template/" + t + "-v", `{}`, 400, failure("illegal_argument_exception", "Required [index_patterns]")},
	{"PUT", "/_index_template/" + t + "-v", `{"index_patterns":["flowstack-v"],"template":{"settings":{"index.foo":1}}}`, 400, failure("invalid_index_template_exception", "index_template [flowstack-test-v] invalid, cause [Validation Failed: 1: unknown setting [index.foo] please check that any required plugins are installed, or check the breaking changes documentation for removed settings;]")},
	{"PUT", "/_index_template/" + t + "-v", `{"index_patterns":["flowstack-v"],"template":{"mappings":{"properties":{"a":{"type":"nope"}}}}}`, 400, `{"error":{"type":"illegal_argument_exception","reason":"composable template [flowstack-test-v] template after composition is invalid","caused_by":{"type":"illegal_argument_exception","reason":"invalid composite mappings for [flowstack-test-v]","caused_by":{"type":"mapper_parsing_exception","reason":"Failed to parse mapping [_doc]: No handler for type [nope] declared on field [a]"}}}}`},
	{"PUT", "/" + t + "-000001", `{"aliases":{"flowstack-test":{"is_write_index":true}}}`, 200, `{"acknowledged":true,"shards_acknowledged":true,"index":"flowstack-test-000001"}`},
	{"PUT", "/" + t + "-000001", `{}`, 400, failure("resource_already_exists_exception", `~^index \[flowstack-test-000001/.*\] already exists$`)},
	{"GET", "/" + t, "", 200, `{"flowstack-test-000001":{"aliases":{"flowstack-test":{"is_write_index":true}},"mappings":{"dynamic":"false","properties":{"b":{"properties":{"c":{"type":"long","index":false}}}}},"settings":{"index":{"codec":"best_compression","number_of_shards":"1","provided_name":"flowstack-test-000001","routing":{"allocation":{"include":{"_tier_preference":"data_content"}}}}}}}`},
	{"GET", "/" + t + "/_settings?flat_settings=true", "", 200, `{"flowstack-test-000001":{"settings":{"index.codec":"best_compression","index.number_of_shards":"1"}}}`},
	{"GET", "/_alias/" + t, "", 200, `{"flowstack-test-000001":{"aliases":{"flowstack-test":{"is_write_index":true}}}}`},
	{"GET", "/_alias/flowstack-none", "", 404, `{"error":"alias [flowstack-none] missing","status":404}`},
	{"GET", "/flowstack-none", "", 404, failure("index_not_found_exception", "no such index [flowstack-none]")},
	{"GET", "/flowstack-none/_mapping", "", 404, failure("index_not_found_exception", "no such index [flowstack-none]")},
	{"PUT", "/" + t + "/_create/1", `{"a":"x"}`, 201, `{"_index":"flowstack-test-000001","_id":"1","result":"created"}`},
	{"PUT", "/" + t + "/_create/1", `{"a":"x"}`, 409, failure("version_conflict_engine_exception", "[1]: version conflict, document already exists (current version [1])")},
	{"PUT", "/" + t + "-000001/_doc/1?if_seq_no=0&if_primary_term=1", `{"a":"y"}`, 200, `{"_id":"1","result":"updated","_seq_no":1,"_primary_term":1}`},
	{"PUT", "/" + t + "-000001/_doc/1?if_seq_no=0&if_primary_term=1", `{"a":"z"}`, 409, failure("version_conflict_engine_exception", "[1]: version conflict, required seqNo [0], primary term [1]. current document has seqNo [1] and primary term [1]")},
	{"PUT", "/" + t + "-000001/_doc/2?if_seq_no=0&if_primary_term=1", `{"a":"z"}`, 409, failure("version_conflict_engine_exception", "[2]: version conflict, required seqNo [0], primary term [1]. but no document was found")},
	{"PUT", "/" + t + "-000001/_doc/1?op_type=create", `{"a":"z"}`, 409, failure("version_conflict_engine_exception", "[1]: version conflict, document already exists (current version [2])")},
	{"GET", "/" + t + "-000001/_doc/1", "", 200, `{"_id":"1","_seq_no":1,"_primary_term":1,"found":true,"_source":{"a":"y"}}`},
	{"GET", "/" + t + "-000001/_doc/2", "", 404, `{"_id":"2","found":false}`},
	{"GET", "/flowstack-none/_doc/1", "", 404, failure("index_not_found_exception", "no such index [flowstack-none]")},
	{"DELETE", "/" + t + "-000001/_doc/1?if_seq_no=0&if_primary_term=1", "", 409, failure("version_conflict_engine_exception", "[1]: version conflict, required seqNo [0], primary term [1]. current document has seqNo [1] and primary term [1]")},
	{"DELETE", "/" + t + "-000001/_doc/1?if_seq_no=1&if_primary_term=1", "", 200, `{"_id":"1","result":"deleted"}`},
	{"DELETE", "/" + t + "-000001/_doc/1", "", 404, `{"_id":"1","result":"not_found"}`},
	{"POST", "/" + t + "/_rollover", "", 200, `{"acknowledged":true,"old_index":"flowstack-test-000001","new_index":"flowstack-test-000002","rolled_over":true,"dry_run":false,"conditions":{}}`},
	{"POST", "/" + t + "/_rollover", `{"conditions":{"max_docs":5}}`, 200, `{"acknowledged":false,"old_index":"flowstack-test-000002","new_index":"flowstack-test-000003","rolled_over":false,"conditions":{"[max_docs: 5]":false}}`},
	{"GET", "/_alias/" + t, "", 200, `{"flowstack-test-000001":{"aliases":{"flowstack-test":{"is_write_index":false}}},"flowstack-test-000002":{"aliases":{"flowstack-test":{"is_write_index":true}}}}`},
	{"POST", "/flowstack-none/_rollover", "", 404, failure("index_not_found_exception", `~^no such index \[+flowstack-none\]+$`)}, // with security on there are two brackets
	{"POST", "/" + t + "-000001/_rollover", "", 400, failure("illegal_argument_exception", "rollover target is a [concrete index] but one of [alias,data_stream] was expected")},
	{"PUT", "/" + t + "-000001/_mapping", `{"properties":{"a":{"type":"long"}}}`, 400, failure("illegal_argument_exception", "mapper [a] cannot be changed from type [keyword] to [long]")},
	{"PUT", "/" + t + "-000001/_mapping", `{"properties":{"d":{"type":"long"}}}`, 200, yes},
	{"PUT", "/" + t + "-000001/_settings", `{"index.refresh_interval":"7s"}`, 200, yes},
	{"PUT", "/" + t + "-000001/_settings", `{"index.codec":"default"}`, 400, failure("illegal_argument_exception", `~^Can't update non dynamic settings \[\[index.codec\]\] for open indices \[\[flowstack-test-000001/.*\]\]$`)},
	{"GET", "/_resolve/index/" + t + "*", "", 200, `{"indices":[{"name":"flowstack-test-000001","aliases":["flowstack-test"],"attributes":["open"]},{"name":"flowstack-test-000002"}],"aliases":[{"name":"flowstack-test","indices":["flowstack-test-000001","flowstack-test-000002"]}],"data_streams":[]}`},
	{"GET", "/_resolve/index/flowstack-none*", "", 200, `{"indices":[],"aliases":[],"data_streams":[]}`},
	{"GET", "/" + t + "/_stats/store,docs", "", 200, `{"indices":{"flowstack-test-000001":{"primaries":{"store":{"reserved_in_bytes":0}}},"flowstack-test-000002":{"primaries":{"docs":{"count":0}}}}}`},
	{"DELETE", "/" + t, "", 400, failure("illegal_argument_exception", "The provided expression [flowstack-test] matches an alias, specify the corresponding concrete indices instead.")},
	{"PUT", "/" + t + "-ro", `{"settings":{"index.blocks.read_only_allow_delete":true}}`, 200, yes},
	{"PUT", "/" + t + "-ro/_create/1", `{"a":"x"}`, 429, failure("cluster_block_exception", "index [flowstack-test-ro] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];")},
	{"PUT", "/" + t + "-sorted", `{"settings":{"index":{"sort":{"field":"@timestamp","order":"asc"}}}}`, 400, failure("illegal_argument_exception", "unknown index sort field:[@timestamp]")},
	{"PUT", "/" + t + "-Up", `{}`, 400, failure("invalid_index_name_exception", "Invalid index name [flowstack-test-Up], must be lowercase")},
	{"PUT", "/" + t + "-one", `{}`, 200, yes},
	{"PUT", "/" + t + "-turn", `{"settings":{"number_of_shards":1,"auto_expand_replicas":"0-1","hidden":true,"routing.allocation.enable":"all"},"mappings":{"dynamic":false}}`, 200, yes},
	{"GET", "/" + t + "-turn/_settings?flat_settings=true", "", 200, `{"flowstack-test-turn":{"settings":{"index.routing.allocation.enable":"all","index.auto_expand_replicas":"0-1","index.hidden":"true"}}}`},
	{"POST", "/_aliases", `{"actions":[{"add":{"index":"flowstack-test-one","alias":"flowstack-test-alias"}}]}`, 200, yes},
	{"POST", "/flowstack-test-alias/_rollover", "", 400, failure("illegal_argument_exception", `index name [flowstack-test-one] does not match pattern '^.*-\d+$'`)},
	{"POST", "/a/b/c/d", "", 400, `{"error":"no handler found for uri [/a/b/c/d] and method [POST]"}`},
	{"GET", "/_nope", "", 400, failure("invalid_index_name_exception", "Invalid index name [_nope], must not start with '_'.")},
	{"GET", "/_snapshot/flowstack-none", "", 404, failure("repository_missing_exception", "[flowstack-none] missing")},
	{"DELETE", "/_snapshot/flowstack-none", "", 404, failure("repository_missing_exception", "[flowstack-none] missing")},
	{"POST", "/_snapshot/flowstack-none/_verify", "", 404, failure("repository_missing_exception", "[flowstack-none] missing")},
	{"PUT", "/_snapshot/" + t, `{}`, 400, failure("action_request_validation_exception", "Validation Failed: 1: type is missing;")},
	{"PUT", "/_snapshot/" + t, `{"type":"fs","settings":{}}`, 500, `{"error":{"root_cause":[{"type":"repository_exception","reason":"[flowstack-test] missing location"}],"type":"repository_exception","reason":"[flowstack-test] failed to create repository","caused_by":{"type":"repository_exception","reason":"[flowstack-test] missing location"}},"status":500}`},
	{"PUT", "/_snapshot/" + t, `{"type":"fs","settings":{"location":"/nowhere/at/all"}}`, 500, `{"error":{"type":"repository_exception","reason":"[flowstack-test] failed to create repository","caused_by":{"type":"repository_exception","reason":"~^\\[flowstack-test\\] location \\[/nowhere/at/all\\] doesn't match any of the locations specified by path.repo"}},"status":500}`},
	{"PUT", "/_snapshot/" + t, `{"type":"nope","settings":{}}`, 500, failure("repository_exception", "[flowstack-test] repository type [nope] does not exist")},
	{"PUT", "/_cluster/settings", `{"persistent":{"indices.recovery.max_bytes_per_sec":"50mb"}}`, 200, `{"acknowledged":true,"persistent":{"indices":{"recovery":{"max_bytes_per_sec":"50mb"}}},"transient":{}}`},
	{"GET", "/_cluster/settings?flat_settings=true", "", 200, `{"persistent":{"indices.recovery.max_bytes_per_sec":"50mb"},"transient":{}}`},
	{"PUT", "/_cluster/settings", `{"persistent":{"indices.recovery.max_bytes_per_sec":null}}`, 200, `{"acknowledged":true,"persistent":{},"transient":{}}`},
	{"PUT", "/_cluster/settings", `{"persistent":{"nope.nope":"50mb"}}`, 400, failure("illegal_argument_exception", "persistent setting [nope.nope], not recognized")},
	{"PUT", "/_cluster/settings", `{}`, 400, failure("action_request_validation_exception", "Validation Failed: 1: no settings to update;")},
}

// onPlain are the answers of a server that has no data streams, ILM, SLM and transforms; recorded likewise.
var onPlain = []exchange{
	{"GET", "/_xpack", "", 200, `{"features":{"security":{"available":true},"data_tiers":{"available":true}}}`},
	{"GET", "/_ilm/policy", "", 405, `{"error":"Incorrect HTTP method for uri [/_ilm/policy] and method [GET], allowed: [POST]","status":405}`},
	{"GET", "/_ilm/policy/p", "", 404, failure("index_not_found_exception", "no such index [_ilm]")},
	{"PUT", "/_ilm/policy/p", `{"policy":{}}`, 400, failure("invalid_index_name_exception", "Invalid index name [_ilm], must not start with '_', '-', or '+'")},
	{"DELETE", "/_ilm/policy/p", "", 404, failure("index_not_found_exception", "no such index [_ilm]")},
	{"GET", "/_slm/policy/p", "", 404, failure("index_not_found_exception", "no such index [_slm]")},
	{"GET", "/_data_stream", "", 400, failure("invalid_index_name_exception", "Invalid index name [_data_stream], must not start with '_'.")},
	{"GET", "/_data_stream/x", "", 405, `{"error":"Incorrect HTTP method for uri [/_data_stream/x] and method [GET], allowed: [POST]","status":405}`},
	{"PUT", "/_data_stream/x", "", 405, `{"error":"Incorrect HTTP method for uri [/_data_stream/x] and method [PUT], allowed: [POST]","status":405}`},
	{"PUT", "/_transform/x", "{}", 405, `{"error":"Incorrect HTTP method for uri [/_transform/x] and method [PUT], allowed: [POST]","status":405}`},
	{"GET", "/_transform/x/_stats", "", 404, failure("index_not_found_exception", "no such index [_transform]")},
	{"POST", "/_transform/x/_start", "", 400, failure("parse_exception", "request body is required")},
	{"PUT", "/_component_template/" + t + "-x", `{"template":{"settings":{"index.lifecycle.name":"p"}}}`, 400, failure("illegal_argument_exception", "unknown setting [index.lifecycle.name] please check that any required plugins are installed, or check the breaking changes documentation for removed settings")},
	{"PUT", "/_index_template/" + t + "-v", `{"index_patterns":["flowstack-v"],"data_stream":{}}`, 400, `{"error":{"type":"illegal_argument_exception","reason":"composable template [flowstack-test-v] template after composition is invalid","caused_by":{"type":"x_content_parse_exception","reason":"[index_template] unknown field [data_stream]"}},"status":400}`},
}

// onDefault are the answers of the default distribution, by Elastic's reference for 7.17 and the texts of its tests.
var onDefault = []exchange{
	{"GET", "/_xpack", "", 200, `{"features":{"ilm":{"available":true,"enabled":true},"slm":{"available":true},"data_streams":{"available":true},"transform":{"available":true}}}`},
	// "Create or update lifecycle policy API", "Get lifecycle policy API", "Delete lifecycle policy API".
	{"GET", "/_ilm/policy/flowstack-none", "", 404, failure("resource_not_found_exception", "Lifecycle policy not found: flowstack-none")},
	{"DELETE", "/_ilm/policy/flowstack-none", "", 404, failure("resource_not_found_exception", "Lifecycle policy not found: flowstack-none")},
	{"PUT", "/_ilm/policy/" + t, `{"policy":{"phases":{"hot":{"actions":{"forcemerge":{"max_num_segments":1}}}}}}`, 400, failure("illegal_argument_exception", "the [forcemerge] action(s) may not be used in the [hot] phase without an accompanying [rollover] action")},
	{"PUT", "/_ilm/policy/" + t, `{"policy":{"phases":{"hot":{"actions":{"delete":{}}}}}}`, 400, failure("illegal_argument_exception", "invalid action [delete] defined in phase [hot]")},
	{"PUT", "/_ilm/policy/" + t, `{"policy":{"phases":{"hot":{"actions":{"rollover":{"max_age":"1d"}}},"delete":{"min_age":"30d","actions":{"delete":{}}}}}}`, 200, yes},
	{"GET", "/_ilm/policy/" + t, "", 200, `{"flowstack-test":{"version":1,"policy":{"phases":{"hot":{"min_age":"0ms","actions":{"rollover":{"max_age":"1d"}}},"delete":{"min_age":"30d","actions":{"delete":{"delete_searchable_snapshot":true}}}}},"in_use_by":{"indices":[],"data_streams":[],"composable_templates":[]}}}`},
	// "Create data stream API", "Delete index template API", "Get data stream API".
	{"PUT", "/_data_stream/flowstack-test-ds", "", 400, failure("illegal_argument_exception", "matching index template [flowstack-test] for data stream [flowstack-test-ds] has no data stream template")},
	{"PUT", "/_data_stream/flowstack-other", "", 400, failure("illegal_argument_exception", "no matching index template found for data stream [flowstack-other]")},
	{"PUT", "/_component_template/" + t + "-l", `{"template":{"settings":{"index.lifecycle.name":"flowstack-test"}}}`, 200, yes},
	{"PUT", "/_index_template/" + t + "-ds", `{"index_patterns":["flowstack-test-ds"],"priority":960,"composed_of":["flowstack-test-l"],"data_stream":{}}`, 200, yes},
	{"GET", "/_index_template/" + t + "-ds", "", 200, `{"index_templates":[{"index_template":{"data_stream":{"hidden":false}}}]}`},
	{"PUT", "/flowstack-test-ds", "", 400, failure("illegal_argument_exception", "cannot create index with name [flowstack-test-ds], because it matches with template [flowstack-test-ds] that creates data streams only, use create data stream api instead")},
	{"PUT", "/_data_stream/flowstack-test-ds", "", 200, yes},
	{"PUT", "/_data_stream/flowstack-test-ds", "", 400, failure("resource_already_exists_exception", "data_stream [flowstack-test-ds] already exists")},
	{"POST", "/flowstack-test-ds/_rollover", "", 200, `{"rolled_over":true,"new_index":"~^\\.ds-flowstack-test-ds-[0-9.]{10}-000002$"}`},
	{"GET", "/_data_stream/flowstack-test-ds", "", 200, `{"data_streams":[{"name":"flowstack-test-ds","timestamp_field":{"name":"@timestamp"},"generation":2,"template":"flowstack-test-ds","ilm_policy":"flowstack-test","indices":[{"index_name":"~-000001$"},{"index_name":"~-000002$"}]}]}`},
	{"GET", "/_data_stream/flowstack-none", "", 404, failure("index_not_found_exception", "no such index [flowstack-none]")},
	{"POST", "/flowstack-test-ds/_doc", `{"a":1}`, 400, `{"error":{"type":"mapper_parsing_exception","caused_by":{"type":"illegal_argument_exception","reason":"data stream timestamp field [@timestamp] is missing"}}}`},
	{"PUT", "/flowstack-test-ds/_doc/1", `{"@timestamp":"2026-01-01T00:00:00Z"}`, 400, failure("illegal_argument_exception", "only write ops with an op_type of create are allowed in data streams")},
	{"PUT", "/flowstack-test-ds/_create/1", `{"@timestamp":"2026-01-01T00:00:00Z"}`, 201, `{"result":"created"}`},
	{"DELETE", "/_ilm/policy/" + t, "", 400, `{"error":{"type":"illegal_argument_exception","reason":"~^Cannot delete policy \\[flowstack-test\\]. It is in use by one or more indices: \\["}}`},
	{"DELETE", "/_index_template/" + t + "-ds", "", 400, failure("illegal_argument_exception", "unable to remove composable templates [flowstack-test-ds] as they are in use by a data streams [flowstack-test-ds]")},
	// "Create or update snapshot lifecycle policy API" and its neighbours.
	{"GET", "/_slm/policy/flowstack-none", "", 404, `{"error":{"type":"resource_not_found_exception","reason":"~^snapshot lifecycle policy or policies \\[flowstack-none\\] not found"}}`},
	{"DELETE", "/_slm/policy/flowstack-none", "", 404, failure("resource_not_found_exception", "snapshot lifecycle policy not found: flowstack-none")},
	{"PUT", "/_slm/policy/" + t, `{"name":"<s-{now/d}>","schedule":"0 30 1 * * ?","repository":"flowstack-none"}`, 400, failure("illegal_argument_exception", "no such repository [flowstack-none]")},
	// "Create transform API" and its neighbours.
	{"GET", "/_transform/flowstack-none", "", 404, failure("resource_not_found_exception", "Transform with id [flowstack-none] could not be found")},
	{"PUT", "/_transform/" + t, `{"source":{"index":"flowstack-test-ds"},"dest":{"index":"flowstack-test-hourly"},"sync":{"time":{"field":"@timestamp"}},"pivot":{"group_by":{"a":{"terms":{"field":"a"}}},"aggs":{"b":{"sum":{"field":"b"}}}}}`, 200, yes},
	{"PUT", "/_transform/" + t, `{"source":{"index":"flowstack-test-ds"},"dest":{"index":"flowstack-test-hourly"},"pivot":{"group_by":{"a":{"terms":{"field":"a"}}},"aggs":{"b":{"sum":{"field":"b"}}}}}`, 400, failure("resource_already_exists_exception", "Transform with id [flowstack-test] already exists")},
	{"GET", "/_transform/" + t, "", 200, `{"count":1,"transforms":[{"id":"flowstack-test","source":{"index":["flowstack-test-ds"],"query":{"match_all":{}}},"dest":{"index":"flowstack-test-hourly"},"sync":{"time":{"field":"@timestamp","delay":"60s"}},"pivot":{"group_by":{"a":{"terms":{"field":"a"}}},"aggregations":{"b":{"sum":{"field":"b"}}}}}]}`},
	{"POST", "/_transform/" + t + "/_start", "", 200, yes},
	{"DELETE", "/_transform/" + t, "", 409, failure("status_exception", "Cannot delete transform [flowstack-test] as the task is running. Stop the task first")},
	{"POST", "/_transform/" + t + "/_stop?wait_for_completion=true", "", 200, yes},
	{"GET", "/_transform/" + t + "/_stats", "", 200, `{"count":1,"transforms":[{"id":"flowstack-test","state":"stopped"}]}`},
	{"DELETE", "/_transform/" + t, "", 200, yes},
}

// afterwards takes away what the exchanges made.
var afterwards = []string{
	"/_transform/" + t + "?force=true", "/_data_stream/flowstack-test-ds", "/flowstack-test-hourly", "/flowstack-test-000001", "/flowstack-test-000002", "/flowstack-test-ro", "/flowstack-test-one", "/flowstack-test-turn",
	"/_index_template/flowstack-test-ds", "/_index_template/flowstack-test-u", "/_index_template/flowstack-test", "/_component_template/flowstack-test-l",
	"/_component_template/flowstack-test-m", "/_component_template/flowstack-test-s", "/_ilm/policy/flowstack-test",
}

// start starts the real server that tests have.
func start(t *testing.T) *server {
	t.Helper()
	h, err := acctest.StartHost(t.Context(), acctest.HostOptions{Name: "contract", Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	stop := func(stop func(context.Context) error) {
		t.Cleanup(func() {
			if err := stop(context.WithoutCancel(t.Context())); err != nil {
				t.Error(err)
			}
		})
	}
	stop(h.Stop)
	e, err := acctest.StartElasticsearch(t.Context(), acctest.ElasticsearchOptions{Host: h, Log: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	stop(e.Close)
	return &server{Real: elasticfake.Real{URL: e.URL, Username: e.Username, Password: e.Password, Client: e.HTTPClient()}}
}

func TestMain(m *testing.M) {
	code := m.Run()
	if err := acctest.Sweep(context.Background()); err != nil {
		println("sweep:", err.Error())
		code = 1
	}
	os.Exit(code)
}

// TestContract: the fake answers as real servers were seen, or are said, to answer. The real server that tests can start has no x-pack; one that
// has is asked the same where ELASTICSEARCH_URL names it.
func TestContract(tt *testing.T) {
	servers := map[string]*server{
		"fake":        fake(tt, elasticfake.Options{PathRepo: []string{"/srv/snapshots"}}),
		"fake, plain": fake(tt, elasticfake.Options{Plain: true, PathRepo: []string{"/srv/snapshots"}}),
	}
	named, err := elasticfake.FromEnvironment("ELASTICSEARCH")
	if err != nil {
		tt.Fatal(err)
	}
	if named != nil {
		servers["ELASTICSEARCH_URL"] = &server{Real: *named}
	}
	servers["real"] = start(tt)
	for _, name := range []string{"ELASTICSEARCH_URL", "real"} {
		if s := servers[name]; s != nil {
			_, info := s.do(tt, http.MethodGet, "/_xpack", "")
			s.plain = contains("", map[string]any{"features": map[string]any{"ilm": map[string]any{"available": true}}}, info) != ""
		}
	}
	for name, s := range servers {
		tt.Run(name, func(tt *testing.T) {
			tt.Cleanup(func() {
				for _, path := range afterwards {
					request, err := http.NewRequest(http.MethodDelete, s.URL+path, nil) //nolint:noctx // the test's has ended
					if err != nil {
						tt.Fatal(err)
					}
					request.SetBasicAuth(s.Username, s.Password)
					if response, err := s.Client.Do(request); err == nil {
						_ = response.Body.Close()
					}
				}
			})
			more := onDefault
			if s.plain {
				more = onPlain
			}
			for _, e := range append(everywhere[:len(everywhere):len(everywhere)], more...) {
				var want any
				if err := json.Unmarshal([]byte(e.want), &want); err != nil {
					tt.Fatalf("%s: %v", e.want, err)
				}
				status, got := s.do(tt, e.method, e.path, e.body)
				why := contains("", want, got)
				if status != e.status {
					why = fmt.Sprintf("status %d, want %d", status, e.status)
				}
				if why != "" {
					tt.Errorf("%s %s %s: %s\n%v", e.method, e.path, e.body, why, got)
				}
			}
		})
	}
}

// contains says where something that is wanted is not in an answer; empty: all is.
func contains(at string, want, got any) string {
	switch want := want.(type) {
	case map[string]any:
		tree, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, no object", at, got)
		}
		for name, value := range want {
			if why := contains(at+"."+name, value, tree[name]); why != "" {
				return why
			}
		}
		return ""
	case []any:
		list, ok := got.([]any)
		if !ok || len(list) != len(want) {
			return fmt.Sprintf("%s is %v, not %v", at, got, want)
		}
		for i, value := range want {
			if why := contains(fmt.Sprintf("%s[%d]", at, i), value, list[i]); why != "" {
				return why
			}
		}
		return ""
	case string:
		if pattern, ok := strings.CutPrefix(want, "~"); ok {
			if s, ok := got.(string); ok && regexp.MustCompile(pattern).MatchString(s) {
				return ""
			}
		}
	}
	if !reflect.DeepEqual(want, got) {
		return fmt.Sprintf("%s is %v, not %v", at, got, want)
	}
	return ""
}
