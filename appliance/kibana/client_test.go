package kibana

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest/kibanafake"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// start starts a Kibana, and a client of it.
func start(t *testing.T, options kibanafake.Options) (*kibanafake.Server, *Client) {
	t.Helper()
	fake := kibanafake.New(options)
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	return fake, connect(t, server.URL+options.BasePath, "elastic", "right")
}

func connect(t *testing.T, endpoint, user, password string) *Client {
	t.Helper()
	var dialer net.Dialer
	c, err := New(Config{Endpoint: endpoint, Dial: dialer.DialContext, Credentials: []client.Credentials{{Username: user, Password: password}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func secured(options kibanafake.Options) kibanafake.Options {
	options.Authenticate = func(_ context.Context, user, password string) (bool, error) {
		return user == "elastic" && password == "right", nil
	}
	return options
}

func TestStatus(t *testing.T) {
	for _, version := range []string{"7.17.29", "8.4.0"} {
		fake, c := start(t, secured(kibanafake.Options{Version: version}))
		status, err := c.Status(t.Context())
		if err != nil || status.Level != "available" || !status.Usable() || status.Version != version || status.Reason != "" {
			t.Errorf("%s: %+v, %v", version, status, err)
		}
		fake.SetTrouble("Unable to retrieve version information from Elasticsearch nodes.")
		status, err = c.Status(t.Context())
		if err != nil || status.Usable() || status.Reason != "elasticsearch: Unable to retrieve version information from Elasticsearch nodes." {
			t.Errorf("%s in trouble: %+v, %v", version, status, err)
		}
		fake.SetReady(false)
		_, err = c.Status(t.Context())
		if !client.Away(err) || !client.Starting(err) || !strings.Contains(err.Error(), "503 Service Unavailable: Kibana server is not ready yet") {
			t.Errorf("%s that starts: %v", version, err)
		}
	}
	_, c := start(t, secured(kibanafake.Options{}))
	c.credentials = client.NewTries(client.Credentials{Username: "elastic", Password: "wrong"})
	if _, err := c.Status(t.Context()); !client.Refused(err) || !strings.Contains(err.Error(), "unable to authenticate user [elastic]") {
		t.Errorf("a wrong password: %v", err)
	}
	page := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
	t.Cleanup(page.Close)
	if _, err := connect(t, page.URL, "", "").Status(t.Context()); err == nil || client.Away(err) || !strings.Contains(err.Error(), "no answer of Kibana's") {
		t.Errorf("another server: %v", err)
	}
}

// TestPreviousPassword: whichever of two passwords is in force is used, with the whole body, and first the next time.
func TestPreviousPassword(t *testing.T) {
	inForce, asked := "former", []string(nil)
	fake := kibanafake.New(kibanafake.Options{Authenticate: func(_ context.Context, _, password string) (bool, error) {
		asked = append(asked, password)
		return password == inForce, nil
	}})
	server := httptest.NewServer(fake)
	t.Cleanup(server.Close)
	var dialer net.Dialer
	c, err := New(Config{Endpoint: server.URL, Dial: dialer.DialContext, Credentials: []client.Credentials{{Username: "elastic", Password: "new"}, {Username: "elastic", Password: "former"}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct{ inForce, space, asked string }{
		{"former", "one", "new former"},
		{"former", "two", "former"},
		{"new", "three", "former new"},
		{"new", "four", "new"},
		{"another", "", "new former new former"}, // once more, for a password that somebody changes between the two
	} {
		inForce, asked = test.inForce, nil
		err := c.CreateSpace(t.Context(), Space{ID: cmp.Or(test.space, "five"), Name: "Flows"})
		if (err == nil) != (test.space != "") || test.space == "" && !client.Refused(err) || strings.Join(asked, " ") != test.asked {
			t.Errorf("with %q in force %q were asked: %v", test.inForce, asked, err)
		}
	}
}

func TestSpaces(t *testing.T) {
	fake, c := start(t, secured(kibanafake.Options{BasePath: "/kibana"}))
	ctx := t.Context()
	space := Space{ID: "flows", Name: "Flows", Color: "#00ff00", DisabledFeatures: []string{"ml"}}
	if _, there, err := c.Space(ctx, "flows"); there || err != nil {
		t.Errorf("%t, %v", there, err)
	}
	if err := c.CreateSpace(ctx, space); err != nil {
		t.Fatal(err)
	}
	if err := c.CreateSpace(ctx, space); !client.HasStatus(err, http.StatusConflict) {
		t.Errorf("made twice: %v", err)
	}
	space.Name = "All flows"
	if err := c.UpdateSpace(ctx, space); err != nil {
		t.Fatal(err)
	}
	if got, there, err := c.Space(ctx, "flows"); err != nil || !there || got.Name != "All flows" || !slices.Equal(got.DisabledFeatures, []string{"ml"}) {
		t.Errorf("%+v, %t, %v", got, there, err)
	}
	if err := c.CreateSpace(ctx, Space{ID: "Flows", Name: "x", DisabledFeatures: []string{}}); err == nil || !strings.Contains(err.Error(), "must be lower case") {
		t.Errorf("%v", err)
	}
	if err := c.DeleteSpace(ctx, DefaultSpace); err == nil || !strings.Contains(err.Error(), "reserved") {
		t.Errorf("%v", err)
	}
	for range 2 { // that there is none is as wanted
		if err := c.DeleteSpace(ctx, "flows"); err != nil {
			t.Error(err)
		}
	}
	if _, there := fake.Space("flows"); there {
		t.Error("it is still there")
	}
	// An endpoint that lacks the base path proves nothing.
	c.endpoint = strings.TrimSuffix(c.endpoint, "/kibana")
	if _, _, err := c.Space(ctx, "flows"); err == nil {
		t.Error("a space is proven absent by another server's 404")
	}
	if err := c.DeleteSpace(ctx, "flows"); err == nil {
		t.Error("a space is proven deleted by another server's 404")
	}
	if err := c.DeleteObject(ctx, "", ObjectID{"dashboard", "a"}); err == nil {
		t.Error("an object is proven deleted by another server's 404")
	}
}

// object is one of a file.
func object(t *testing.T, line string) Object {
	t.Helper()
	objects, err := ReadObjects([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return objects[0]
}

const (
	pattern = `{"type":"index-pattern","id":"flows-*","attributes":{"title":"flows-*","timeFieldName":"@timestamp","fields":"[]"},"references":[],"migrationVersion":{"index-pattern":"7.11.0"}}`
	chart   = `{"type":"visualization","id":"top","attributes":{"title":"Top","visState":"{\"type\":\"metrics\",\"params\":{\"interval\":\">=1m\"}}"},"references":[],"migrationVersion":{"visualization":"7.14.0"}}`
	board   = `{"type":"dashboard","id":"overview","attributes":{"title":"Overview","panelsJSON":"[{\"panelRefName\":\"panel_0\",\"title\":\"\"}]"},"references":[{"name":"0:panel_0","type":"visualization","id":"top"},{"name":"i","type":"index-pattern","id":"flows-*"}],"migrationVersion":{"dashboard":"7.14.0"}}`
)

func TestObjects(t *testing.T) {
	fake, c := start(t, kibanafake.Options{})
	ctx := t.Context()
	sent := []Object{object(t, pattern), object(t, chart), object(t, board)}
	if err := c.Import(ctx, "flows", sent); err != nil {
		t.Fatal(err)
	}
	if got := fake.Objects("flows"); !slices.Equal(got, []string{"dashboard/overview", "index-pattern/flows-*", "visualization/top"}) {
		t.Errorf("Kibana has %q", got)
	}
	ids := []ObjectID{{"index-pattern", "flows-*"}, {"dashboard", "overview"}, {"dashboard", "none"}}
	found, err := c.Objects(ctx, "flows", ids)
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	if changed := Changed(sent[0].Parts(), found[ids[0]].Parts()); len(changed) > 0 {
		t.Errorf("the index pattern is another one in %q", changed)
	}
	// What a migration adds is a change; what it only writes in another way is none.
	if changed := Changed(sent[2].Parts(), found[ids[1]].Parts()); !slices.Equal(changed, []string{"panelsJSON"}) {
		t.Errorf("the dashboard is another one in %q", changed)
	}
	if err := fake.Click("flows", "flows-*", "source.ip"); err != nil {
		t.Fatal(err)
	}
	again, err := c.Objects(ctx, "flows", ids[:1])
	if err != nil || again[ids[0]].Digest() != found[ids[0]].Digest() {
		t.Errorf("a click in Discover is a change, or %v", err)
	}
	if elsewhere, err := c.Objects(ctx, DefaultSpace, ids); err != nil || len(elsewhere) > 0 {
		t.Errorf("in another space: %v, %v", elsewhere, err)
	}

	changed := found[ids[1]]
	changed.Attributes["title"] = "Another"
	if err := c.PutObject(ctx, "flows", changed); err != nil {
		t.Fatal(err)
	}
	if got := fake.Object("flows", "dashboard", "overview"); got.Attributes["title"] != "Another" || len(got.References) != 2 {
		t.Errorf("%+v", got)
	}
	for range 2 {
		if err := c.DeleteObject(ctx, "flows", ids[1]); err != nil {
			t.Error(err)
		}
	}
	if got := fake.Object("flows", "dashboard", "overview"); got != nil {
		t.Errorf("it is still there: %+v", got)
	}
	if _, err := c.Objects(ctx, "", []ObjectID{{"widget", "x"}}); err == nil || !strings.Contains(err.Error(), "widget/x") || client.Absent(err) {
		t.Errorf("a type that there is not: %v", err)
	}
}

func TestImportErrors(t *testing.T) {
	fake, c := start(t, kibanafake.Options{MaxImport: 3})
	ctx := t.Context()
	newer := object(t, strings.Replace(chart, `"7.14.0"`, `"8.1.0"`, 1))
	strange := object(t, `{"type":"widget","id":"w","attributes":{"title":"Widget"},"references":[]}`)
	for name, c2 := range map[string]struct {
		objects []Object
		message string
		written []string
	}{
		// 200, success: false, successCount: 1, and nothing was written
		"missing index pattern": {[]Object{object(t, chart), object(t, board)}, `dashboard/overview ("Overview") needs index-pattern/flows-*`, []string{}},
		// the rest is written
		"unknown type": {[]Object{object(t, pattern), strange}, `widget/w ("Widget") is of a type that this Kibana does not know`, []string{"index-pattern/flows-*"}},
		"newer":        {[]Object{object(t, pattern), newer}, `422 Unprocessable Entity: Document "top" has property "visualization" which belongs to a more recent version`, []string{}},
		"twice":        {[]Object{object(t, pattern), object(t, pattern)}, "Non-unique import objects detected: [index-pattern:flows-*]", []string{}},
		"many":         {[]Object{object(t, pattern), object(t, chart), object(t, board), strange}, "Can't import more than 3 objects", []string{}},
	} {
		fake.RemoveSpace("flows")
		err := c.Import(ctx, "flows", c2.objects)
		if err == nil || !strings.Contains(err.Error(), c2.message) {
			t.Errorf("%s: %v", name, err)
		}
		if got := fake.Objects("flows"); !slices.Equal(got, c2.written) {
			t.Errorf("%s: Kibana has %q", name, got)
		}
	}
	for body, message := range map[string]string{
		`{}`:                                 "no answer to an import",
		`{"success":true,"successCount":1}`:  "imported 1 objects of 2",
		`{"success":false,"successCount":2}`: "does not say why",
		`{"success":false,"errors":[{"type":"a","id":"b","error":{"type":"conflict"}},{"type":"a","id":"c","error":{"type":"ambiguous_conflict"}},` +
			`{"type":"a","id":"d","error":{"type":"unknown","message":"disk full"}},{"type":"a","id":"e","error":{"type":"odd"}}]}`: "a/b is there already\n- a/c could be any of several that are there already\n- a/d: disk full\n- a/e: odd",
	} {
		var answer imported
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Fatal(err)
		}
		if err := answer.problem(2); err == nil || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestWrongEndpoints(t *testing.T) {
	for _, endpoint := range []string{"127.0.0.1:5601", "ftp://a", "https://a:b@c", "https://"} {
		_, err := New(Config{Endpoint: endpoint})
		var mistake *client.FieldError
		if !errors.As(err, &mistake) || mistake.Field != "Endpoint" || strings.Contains(err.Error(), "a:b@") {
			t.Errorf("%s: %v", endpoint, err)
		}
	}
	if _, err := New(Config{Trust: client.Trust{Certificates: []byte("x")}}); err == nil {
		t.Error("a text is a certificate")
	}
}
