package geoip

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
)

const key = "license-key-canary"

func noWaiting(t *testing.T) {
	t.Helper()
	before := firstWait
	firstWait = time.Millisecond
	t.Cleanup(func() { firstWait = before })
}

func maxmind(t *testing.T) (*geoiptest.Server, Source) {
	t.Helper()
	noWaiting(t)
	s := geoiptest.Start(t, "12345", key)
	return s, Source{Edition: geoiptest.City, Base: s.URL, Account: "12345", Key: key}
}

func TestEdition(t *testing.T) {
	c := newCache(t)
	server, source := maxmind(t)
	city := geoiptest.Database(t, geoiptest.City, built, nil)
	packed := geoiptest.Archive(t, geoiptest.City, city)
	server.Publish(geoiptest.City, packed)

	var group sync.WaitGroup
	for range 8 { // hosts
		group.Go(func() {
			p, err := c.Get(t.Context(), source, "")
			if err != nil || p.SHA256 != geoiptest.Digest(packed) {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
	group.Wait()
	downloads := 0
	for _, request := range server.Requests() {
		if request == geoiptest.City+" tar.gz" {
			downloads++
		}
	}
	if downloads != 1 {
		t.Errorf("%d downloads", downloads)
	}
	info, err := c.Inspect(t.Context(), c.path(geoiptest.Digest(packed)), geoiptest.Digest(packed), City)
	if err != nil {
		t.Fatal(err)
	}
	content, err := c.Open(t.Context(), source, geoiptest.Digest(packed), City, info)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(content)
	if err = errors.Join(err, content.Close()); err != nil || !bytes.Equal(got, city) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if requests := server.Requests(); len(requests) > 0 {
		t.Errorf("the server was asked %q for what is in the cache", requests)
	}
	if leaked := server.Leaked(); len(leaked) > 0 {
		t.Errorf("the storage got %q", leaked)
	}

	// A damaged cache is no answer, and one that is damaged otherwise is mended.
	if err := os.WriteFile(c.path(geoiptest.Digest(packed)), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), source, geoiptest.Digest(packed)); err != nil {
		t.Error(err)
	}
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, geoiptest.Database(t, geoiptest.City, built.Add(time.Hour), nil)))
	if err := os.Remove(c.path(geoiptest.Digest(packed))); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), source, geoiptest.Digest(packed)); err == nil || !strings.Contains(err.Error(), "plan again") {
		t.Errorf("of another release than planned: %v", err)
	}
}

func TestErrorsOfServers(t *testing.T) {
	c := newCache(t)
	server, source := maxmind(t)
	stranger := source
	stranger.Key = key + "-of-another"
	for name, one := range map[string]struct {
		source Source
		says   string
	}{
		"no such edition": {source, "is there an edition of this name?"},
		"another key":     {stranger, "do not go together"},
		"nobody there":    {Source{URL: "http://127.0.0.1:1/x", SHA256: strings.Repeat("0", 64)}, "connection refused"},
		"no key":          {Source{URL: server.URL + "/x", SHA256: strings.Repeat("0", 64)}, "it asks for license_key_wo"},
	} {
		_, err := c.Get(t.Context(), one.source, "")
		if err == nil || !strings.Contains(err.Error(), one.says) || strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	server.Requests()
	server.Break(true)
	if _, err := c.Get(t.Context(), source, ""); err == nil || !strings.Contains(err.Error(), "503") {
		t.Error(err)
	}
	if n := len(server.Requests()); n != attempts {
		t.Errorf("a server out of order was asked %d times", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Get(ctx, source, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestURL(t *testing.T) {
	c := newCache(t)
	noWaiting(t)
	content := geoiptest.Gzip(t, geoiptest.Database(t, geoiptest.City, built, nil))
	checksum := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+key {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if r.URL.Path == "/sums" {
			fmt.Fprint(w, checksum)
			return
		}
		_, _ = w.Write(content)
	}))
	t.Cleanup(server.Close)
	source := Source{URL: server.URL + "/dbip-city-lite.mmdb.gz", ChecksumURL: server.URL + "/sums", Key: key}
	digest := geoiptest.Digest(content)
	for text, says := range map[string]string{
		digest + "\n": "",
		geoiptest.Checksum([]byte("x"), "other.gz") + geoiptest.Checksum(content, "*dbip-city-lite.mmdb.gz"): "",
		`{"checksums":{"md5":"x","sha256":"` + strings.ToUpper(digest) + `"}}`:                               "",
		"<html>": "no SHA-256 digest",
		geoiptest.Checksum([]byte("x"), "other.gz") + geoiptest.Checksum([]byte("y"), "third.gz"): "not one of them for dbip-city-lite.mmdb.gz",
		strings.Repeat("0", 64): "its SHA-256 is " + digest,
	} {
		checksum = text
		p, err := c.Get(t.Context(), source, "")
		if says == "" && (err != nil || p.SHA256 != digest) || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%q: %+v, %v", text, p, err)
		}
	}
}

func TestRedirectsThatAreNotFollowed(t *testing.T) {
	c := newCache(t)
	noWaiting(t)
	elsewhere := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(elsewhere.Close)
	secure := httptest.NewTLSServer(http.RedirectHandler(elsewhere.URL+"/x?signature=canary", http.StatusFound))
	t.Cleanup(secure.Close)
	var loop *httptest.Server
	loop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, loop.URL, http.StatusFound) }))
	t.Cleanup(loop.Close)
	for name, one := range map[string]struct{ url, says string }{
		"loop":            {loop.URL, "a redirect that is not followed: there were 10 before"},
		"not trusted":     {secure.URL, "certificate signed by unknown authority"},
		"proxied nowhere": {"http://database.example/x", "proxyconnect"},
	} {
		if name == "proxied nowhere" {
			t.Setenv("HTTP_PROXY", "http://user:proxy-canary@127.0.0.1:1")
		}
		_, err := c.Get(t.Context(), Source{URL: one.url, SHA256: strings.Repeat("0", 64)}, "")
		if err == nil || !strings.Contains(err.Error(), one.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	down := &http.Request{URL: mustURL(t, elsewhere.URL), Header: http.Header{"Authorization": {"x"}}}
	if err := checkRedirect(down, []*http.Request{{URL: mustURL(t, secure.URL)}}); !errors.Is(err, errRedirect) || !strings.Contains(err.Error(), "without TLS") {
		t.Errorf("from TLS to none: %v", err)
	}
}

func mustURL(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestProxyOfTheEnvironment(t *testing.T) {
	c := newCache(t)
	content := geoiptest.Database(t, geoiptest.City, built, nil)
	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		_, _ = w.Write(content)
	}))
	t.Cleanup(proxy.Close)
	t.Setenv("HTTP_PROXY", proxy.URL)
	if _, err := c.Get(t.Context(), Source{URL: "http://database.example/city.mmdb", SHA256: geoiptest.Digest(content)}, ""); err != nil {
		t.Fatal(err)
	}
	if want := []string{"http://database.example/city.mmdb"}; !slices.Equal(asked, want) {
		t.Errorf("the proxy was asked for %q", asked)
	}
}

func TestCheckURL(t *testing.T) {
	for text, says := range map[string]string{
		"https://example.com/x.mmdb?edition=1": "",
		"http://127.0.0.1:8000/x":              "",
		"http://example.com/x":                 "use https",
		"ftp://example.com/x":                  "https:// or http://",
		"/x.mmdb":                              "https:// or http://",
		"https://user:canary@example.com/x":    "would be in the state",
		"https://example.com/x?token=canary":   "its parameter token would be in the state",
		"https://example.com/%zz?token=canary": "it is not a URL",
	} {
		err := CheckURL(text, false)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "canary")) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if err := CheckURL("http://example.com/x", true); err != nil {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	c := newCache(t)
	content := geoiptest.Database(t, geoiptest.ASN, built, nil)
	path := write(t, "asn.mmdb", content)
	for source, says := range map[Source]string{
		{File: path}: "",
		{File: path, SHA256: geoiptest.Digest(content)}: "",
		{File: path, SHA256: strings.Repeat("0", 64)}:   path + ": its SHA-256 is " + geoiptest.Digest(content),
		{File: "/none"}:            "/none: no such file or directory",
		{File: filepath.Dir(path)}: filepath.Dir(path) + ": it is not a file",
	} {
		p, err := c.Get(t.Context(), source, "")
		if says == "" && (err != nil || p != Published{path, geoiptest.Digest(content)}) || says != "" && (err == nil || err.Error()[:len(says)] != says) {
			t.Errorf("%+v: %+v, %v", source, p, err)
		}
	}
	info, err := c.Inspect(t.Context(), path, geoiptest.Digest(content), ASN)
	if err != nil {
		t.Fatal(err)
	}
	// What changed between plan and apply does not get to a host.
	if err := os.WriteFile(path, geoiptest.Database(t, geoiptest.ASN, built.Add(time.Hour), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Open(t.Context(), Source{File: path}, geoiptest.Digest(content), ASN, info); err == nil || !strings.Contains(err.Error(), "plan again") {
		t.Error(err)
	}
}

func TestCacheForgets(t *testing.T) {
	c := newCache(t)
	old, err := c.add(strings.NewReader("old"), "")
	if err != nil {
		t.Fatal(err)
	}
	kept, err := c.add(strings.NewReader("kept"), "")
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(keep + time.Hour)
	c.now = func() time.Time { return later }
	if c.find(t.Context(), kept) == "" {
		t.Error("it is not there")
	}
	if _, err := c.add(strings.NewReader("new"), ""); err != nil {
		t.Fatal(err)
	}
	if c.find(t.Context(), old) != "" || c.find(t.Context(), kept) == "" {
		t.Errorf("kept: old %q, used %q", c.find(t.Context(), old), c.find(t.Context(), kept))
	}
}
