package elasticfake_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/elasticfake"
)

// TestElapse: an index is rolled over by age or size, moves through its tiers, and is deleted by the time since its rollover.
func TestElapse(tt *testing.T) {
	c := elasticfake.New(elasticfake.Options{Nodes: 3})
	web := httptest.NewServer(c)
	tt.Cleanup(web.Close)
	s := &server{Real: elasticfake.Real{URL: web.URL, Client: web.Client()}}
	for _, e := range []exchange{
		{http.MethodPut, "/_ilm/policy/p", `{"policy":{"phases":{"hot":{"actions":{"rollover":{"max_age":"1d","max_size":"10gb"}}},` +
			`"warm":{"min_age":"2d","actions":{"allocate":{"number_of_replicas":0}}},"delete":{"min_age":"5d","actions":{"delete":{}}}}}}`, 200, ""},
		{http.MethodPut, "/_index_template/d", `{"index_patterns":["d"],"data_stream":{},"template":{"settings":{"index.lifecycle.name":"p","index.auto_expand_replicas":"0-1"}}}`, 200, ""},
		{http.MethodPut, "/_data_stream/d", "", 200, ""},
	} {
		if status, answer := s.do(tt, e.method, e.path, e.body); status != e.status {
			tt.Fatalf("%s %s: %v", e.method, e.path, answer)
		}
	}
	stream := func() string {
		_, answer := s.do(tt, http.MethodGet, "/d/_settings?flat_settings=true", "")
		all := answer.(map[string]any) //nolint:forcetypeassert // a panic would say so
		shown := make([]string, 0, len(all))
		for name, value := range all {
			settings := value.(map[string]any)["settings"].(map[string]any) //nolint:forcetypeassert // as above
			shown = append(shown, name[len(name)-1:]+settings["index.number_of_replicas"].(string))
		}
		return strings.Join(shown, " ")
	}
	if got := stream(); got != "11" {
		tt.Errorf("in the beginning %s", got)
	}
	c.Grow(".ds-d-2026.01.31-000001", 11<<30)
	c.Elapse(2 * time.Hour)
	if got := stream(); len(got) != len("11 21") {
		tt.Errorf("a large one is not rolled over: %s", got)
	}
	c.Elapse(48 * time.Hour)
	if got := stream(); !strings.Contains(got, "10") || !strings.Contains(got, "41") && !strings.Contains(got, "31") {
		tt.Errorf("after two days %s", got)
	}
	c.Elapse(4 * 24 * time.Hour)
	if got := stream(); strings.Contains(got, "10") {
		tt.Errorf("the first is not deleted: %s", got)
	}
}

func TestFaults(tt *testing.T) {
	c := elasticfake.New(elasticfake.Options{})
	web := httptest.NewServer(c)
	tt.Cleanup(web.Close)
	ask := func(ctx context.Context, method, path string) (int, error) {
		request, err := http.NewRequestWithContext(ctx, method, web.URL+path, http.NoBody)
		if err != nil {
			tt.Fatal(err)
		}
		response, err := web.Client().Do(request)
		if err != nil {
			return 0, err
		}
		return response.StatusCode, response.Body.Close()
	}
	c.Inject(elasticfake.Overloaded.On(http.MethodPut, "/*").Once())
	c.Inject(elasticfake.Fault{Method: http.MethodPut, Path: "/after", Cut: true, After: true, Times: 1})
	c.Inject(elasticfake.Fault{Path: "/cut", Cut: true})
	for _, e := range []struct {
		method, path string
		want         int // 0: no answer
	}{
		{http.MethodPut, "/a", 429},
		{http.MethodPut, "/a", 200},
		{http.MethodPut, "/after", 0},
		{http.MethodGet, "/after", 200},
		{http.MethodGet, "/cut", 0},
		{http.MethodGet, "/a", 200},
	} {
		if got, err := ask(tt.Context(), e.method, e.path); got != e.want || (err == nil) != (e.want != 0) {
			tt.Errorf("%s %s: %d, %v; want %d", e.method, e.path, got, err, e.want)
		}
	}
	c.Heal()
	if got, err := ask(tt.Context(), http.MethodGet, "/cut"); got != http.StatusNotFound || err != nil {
		tt.Errorf("healed: %d, %v", got, err)
	}
	c.Inject(elasticfake.Fault{Wait: make(chan struct{})})
	ctx, cancel := context.WithCancel(tt.Context())
	go cancel()
	if _, err := ask(ctx, http.MethodGet, "/a"); !errors.Is(err, context.Canceled) {
		tt.Errorf("a slow answer: %v", err)
	}
}
