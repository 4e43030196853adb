package security

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// TestBuiltInWhileSomebodyIsRefused: 7.17.29 answers 404 for a built-in user while a wrong password of it is being looked at.
func TestBuiltInWhileSomebodyIsRefused(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Elastic-Product", "Elasticsearch")
		w.Header().Set("Content-Type", "application/json")
		body := `{"elastic":{"username":"elastic","roles":["superuser"],"enabled":true}}`
		if r.URL.Path != "/_security/user" {
			w.WriteHeader(http.StatusNotFound)
			body = `{}`
		}
		if _, err := w.Write([]byte(body)); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()
	on, err := client.New(client.Config{Endpoint: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	user, there, err := GetBuiltIn(t.Context(), on, Superuser)
	if err != nil || !there || !user.Enabled {
		t.Errorf("%+v, %t: %v", user, there, err)
	}
	if _, there, err := GetBuiltIn(t.Context(), on, "kibana"); err != nil || there {
		t.Errorf("a user that is not in the list: %t: %v", there, err)
	}
}
