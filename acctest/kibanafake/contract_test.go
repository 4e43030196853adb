package kibanafake_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

const (
	inSpace = "/s/flowstack-test"
	pattern = "/api/saved_objects/index-pattern/flowstack-test"
	line    = `{"type":"index-pattern","id":"flowstack-test-2","attributes":{"title":"flows-*"},"references":[],"migrationVersion":{"index-pattern":"7.11.0"}}`
	dangles = `{"type":"visualization","id":"flowstack-test-3","attributes":{"title":"x","visState":"{}"},"references":[{"name":"i","type":"index-pattern","id":"flowstack-test-nowhere"}],` +
		`"migrationVersion":{"visualization":"7.14.0"}}`
)

// exchange is what a Kibana 7.17 is asked, and what it answers at least: of an object the members that are named, of a text all of it.
type exchange struct {
	what         string // with where the behaviour is from
	method, path string
	body         string
	file         string // of a form, in the place of a body
	headers      map[string]string
	anonymous    bool
	status       int
	want         string
}

// contract is asked in this order.
var contract = []exchange{
	{
		what: "nobody (core/http: authentication)", method: http.MethodGet, path: "/api/saved_objects/_find?type=dashboard", anonymous: true,
		status: 401, want: `{"statusCode":401,"error":"Unauthorized"}`,
	},
	{
		what: "a change without kbn-xsrf (core/http/lifecycle_handlers)", method: http.MethodPost, path: pattern, body: `{"attributes":{}}`, headers: map[string]string{"kbn-xsrf": ""},
		status: 400, want: `{"statusCode":400,"error":"Bad Request","message":"Request must contain a kbn-xsrf header."}`,
	},
	{
		what: "another version (core/http/lifecycle_handlers)", method: http.MethodPost, path: pattern, body: `{"attributes":{}}`, headers: map[string]string{"kbn-version": "1.2.3"},
		status: 400, want: `{"statusCode":400,"error":"Bad Request"}`,
	},
	{what: "the status (core/status/routes)", method: http.MethodGet, path: "/api/status?v8format=true", status: 200, want: `{"status":{"overall":{"level":"available"}}}`},
	{what: "a space (spaces/routes/api/external/post)", method: http.MethodPost, path: "/api/spaces/space", body: `{"id":"flowstack-test","name":"Test"}`, status: 200, want: `{"id":"flowstack-test","name":"Test"}`},
	{what: "the same again", method: http.MethodPost, path: "/api/spaces/space", body: `{"id":"flowstack-test","name":"Test"}`, status: 409, want: `{"error":"Conflict"}`},
	{what: "it is there", method: http.MethodGet, path: "/api/spaces/space/flowstack-test", status: 200, want: `{"id":"flowstack-test"}`},
	{what: "one that is not", method: http.MethodGet, path: "/api/spaces/space/flowstack-test-nowhere", status: 404, want: `{"error":"Not Found"}`},
	{what: "the default one stays (spaces/routes/api/external/delete)", method: http.MethodDelete, path: "/api/spaces/space/default", status: 400, want: `{"error":"Bad Request"}`},
	{
		what: "an object (core/saved_objects/routes/create)", method: http.MethodPost, path: inSpace + pattern, body: `{"attributes":{"title":"flows-*"}}`,
		status: 200, want: `{"id":"flowstack-test","type":"index-pattern","attributes":{"title":"flows-*"},"references":[]}`,
	},
	{what: "the same again", method: http.MethodPost, path: inSpace + pattern, body: `{"attributes":{"title":"flows-*"}}`, status: 409, want: `{"message":"Saved object [index-pattern/flowstack-test] conflict"}`},
	{
		what: "over it", method: http.MethodPost, path: inSpace + pattern + "?overwrite=true", body: `{"attributes":{"title":"flows2-*"}}`,
		status: 200, want: `{"attributes":{"title":"flows2-*"}}`,
	},
	{what: "without attributes", method: http.MethodPost, path: inSpace + pattern + "-4", body: `{}`, status: 400, want: `{"error":"Bad Request"}`},
	{what: "what no object has", method: http.MethodPost, path: inSpace + pattern + "-4", body: `{"attributes":{},"x":1}`, status: 400, want: `{"error":"Bad Request"}`},
	{
		what: "a newer one than Kibana (migrations/core/document_migrator)", method: http.MethodPost, path: inSpace + pattern + "-4", body: `{"attributes":{},"migrationVersion":{"index-pattern":"99.0.0"}}`,
		status: 422, want: `{"error":"Unprocessable Entity"}`,
	},
	{what: "read (routes/get)", method: http.MethodGet, path: inSpace + pattern, status: 200, want: `{"attributes":{"title":"flows2-*"}}`},
	{what: "in another space", method: http.MethodGet, path: pattern, status: 404, want: `{"message":"Saved object [index-pattern/flowstack-test] not found"}`},
	{
		what: "a part of it (routes/update)", method: http.MethodPut, path: inSpace + pattern, body: `{"attributes":{"timeFieldName":"@timestamp"}}`,
		status: 200, want: `{"attributes":{"timeFieldName":"@timestamp"}}`,
	},
	{what: "the rest stays", method: http.MethodGet, path: inSpace + pattern, status: 200, want: `{"attributes":{"title":"flows2-*","timeFieldName":"@timestamp"}}`},
	{what: "an import (routes/import)", method: http.MethodPost, path: inSpace + "/api/saved_objects/_import?overwrite=true", file: line, status: 200, want: `{"success":true,"successCount":1}`},
	{
		what: "one that is there", method: http.MethodPost, path: inSpace + "/api/saved_objects/_import", file: line,
		status: 200, want: `{"success":false,"successCount":0,"errors":[{"id":"flowstack-test-2","type":"index-pattern","error":{"type":"conflict"}}]}`,
	},
	{
		what: "a reference to nowhere", method: http.MethodPost, path: inSpace + "/api/saved_objects/_import?overwrite=true", file: dangles,
		status: 200, want: `{"success":false,"errors":[{"id":"flowstack-test-3","error":{"type":"missing_references","references":[{"type":"index-pattern","id":"flowstack-test-nowhere"}]}}]}`,
	},
	{what: "the same twice in a file", method: http.MethodPost, path: inSpace + "/api/saved_objects/_import", file: line + "\n" + line, status: 400, want: `{"error":"Bad Request"}`},
	{
		what: "an export (routes/export)", method: http.MethodPost, path: inSpace + "/api/saved_objects/_export", body: `{"objects":[{"type":"index-pattern","id":"flowstack-test-nowhere"}]}`,
		status: 400, want: `{"error":"Bad Request"}`,
	},
	{what: "gone (routes/delete)", method: http.MethodDelete, path: inSpace + pattern, status: 200, want: `{}`},
	{what: "gone already", method: http.MethodDelete, path: inSpace + pattern, status: 404, want: `{"error":"Not Found"}`},
	{what: "the space, with what is in it (spaces/routes/api/external/delete)", method: http.MethodDelete, path: "/api/spaces/space/flowstack-test", status: 204, want: ``},
}

// TestContract: the server answers as Kibana is known to. A real one is asked the same where KIBANA_URL names it, with KIBANA_USERNAME, KIBANA_PASSWORD and KIBANA_CA_FILE.
func TestContract(t *testing.T) {
	fake := httptest.NewServer(kibanafake.New(kibanafake.Options{Authenticate: func(_ context.Context, user, password string) (bool, error) {
		return user == "elastic" && password == "password", nil
	}}))
	t.Cleanup(fake.Close)
	servers := map[string]*elasticfake.Real{"fake": {URL: fake.URL, Username: "elastic", Password: "password", Client: fake.Client()}}
	named, err := elasticfake.FromEnvironment("KIBANA")
	if err != nil {
		t.Fatal(err)
	}
	if named != nil {
		servers["KIBANA_URL"] = named
	} else {
		t.Log("no real Kibana is asked: KIBANA_URL names none")
	}
	for name, s := range servers {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() { // after a failure
				_, _ = send(context.WithoutCancel(t.Context()), s, exchange{method: http.MethodDelete, path: "/api/spaces/space/flowstack-test"})
			})
			for _, e := range contract {
				status, body := send(t.Context(), s, e)
				if status != e.status || !has(t, e.want, body) {
					t.Errorf("%s: %s %s is answered %d %s, not %d %s", e.what, e.method, e.path, status, body, e.status, e.want)
				}
			}
		})
	}
}

// send asks, and returns the status and the body of the answer; 0 and why there is none.
func send(ctx context.Context, s *elasticfake.Real, e exchange) (status int, body string) {
	content, kind := []byte(e.body), "application/json"
	if e.file != "" {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		part, err := w.CreateFormFile("file", "objects.ndjson")
		if err == nil {
			_, err = part.Write([]byte(e.file))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			return 0, err.Error()
		}
		content, kind = form.Bytes(), w.FormDataContentType()
	}
	request, err := http.NewRequestWithContext(ctx, e.method, s.URL+e.path, bytes.NewReader(content))
	if err != nil {
		return 0, err.Error()
	}
	request.Header.Set("Kbn-Xsrf", "true")
	if len(content) > 0 {
		request.Header.Set("Content-Type", kind)
	}
	for name, value := range e.headers {
		request.Header.Del(name)
		if value != "" {
			request.Header.Set(name, value)
		}
	}
	if !e.anonymous {
		request.SetBasicAuth(s.Username, s.Password)
	}
	response, err := s.Client.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close() //nolint:errcheck // read to its end
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

// has tells whether an answer has what is wanted.
func has(t *testing.T, want, got string) bool {
	t.Helper()
	if want == "" {
		return got == ""
	}
	var least, is any
	if err := json.Unmarshal([]byte(want), &least); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	return json.Unmarshal([]byte(got), &is) == nil && within(least, is)
}

func within(want, got any) bool {
	switch want := want.(type) {
	case map[string]any:
		is, ok := got.(map[string]any)
		for name, value := range want {
			ok = ok && within(value, is[name])
		}
		return ok
	case []any:
		is, ok := got.([]any)
		ok = ok && len(is) == len(want)
		for i, value := range want {
			ok = ok && within(value, is[i])
		}
		return ok
	}
	return want == got
}
