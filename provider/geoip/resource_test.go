package geoip_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/geoip"
	"github.com/flowstack/terraform-provider-flowstack/provider/providertest"
)

const (
	path   = "/var/lib/GeoIP/city.mmdb"
	file   = "file " + path
	secret = "license-key-canary"
)

var (
	older = time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC)
	newer = time.Date(2026, 1, 9, 12, 0, 0, 0, time.UTC)
)

// cache gives the test a cache of its own.
func cache(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("FLOWSTACK_CACHE", folder)
	return folder
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func is(h *providertest.Host, want []byte) func() error {
	return func() error {
		got, exists := h.Read(path)
		info, err := os.Stat(h.Path(path))
		switch {
		case err != nil:
			return err
		case !exists || !bytes.Equal([]byte(got), want):
			return fmt.Errorf("the host has %d bytes that are not the database of %d bytes", len(got), len(want))
		case info.Mode() != 0o644:
			return fmt.Errorf("its mode is %v", info.Mode())
		}
		return nil
	}
}

func removeAll(t *testing.T, h *providertest.Host) {
	t.Helper()
	if err := os.RemoveAll(h.Path("/var/lib/GeoIP")); err != nil {
		t.Fatal(err)
	}
}

func digest(content []byte) string {
	return fmt.Sprintf("sha256:%s (%d bytes)", geoiptest.Digest(content), len(content))
}

// cacheIsClean expects nothing half done in the cache.
func cacheIsClean(folder string) func() error {
	return func() error {
		left, err := filepath.Glob(filepath.Join(folder, "geoip", ".*"))
		if len(left) > 0 {
			err = errors.Join(err, fmt.Errorf("the cache has %q", left))
		}
		return err
	}
}

func TestLifeOfAFile(t *testing.T) {
	h, folder := providertest.StartHost(t, nil), cache(t)
	first, second := geoiptest.Database(t, geoiptest.City, older, nil), geoiptest.Database(t, geoiptest.City, newer, nil)
	body := func(path string) string { return fmt.Sprintf("kind = \"city\"\nsource = %q", path) }
	providertest.Life{
		Host: h, Type: geoip.ResourceType,
		Body:    body(write(t, "GeoLite2-City.mmdb", first)),
		Changed: body(write(t, "GeoLite2-City_20260109.tar.gz", geoiptest.Archive(t, geoiptest.City, second))),
		Check:   is(h, first), CheckChanged: is(h, second),
		Drifts: []providertest.Drift{
			{Name: "the database", By: func() { h.Write(path, string(second)) }, Fact: file + ": content", From: digest(second), To: digest(first)},
			{Name: "its age", By: func() { h.Write(path, string(second)) }, Fact: file + ": built", From: "2026-01-09T12:00:00Z", To: "2026-01-06T12:00:00Z"},
			{Name: "something else in its place", By: func() { h.Write(path, "nothing of use") }, Fact: file + ": type", From: "unreadable", To: geoiptest.City},
			{Name: "its mode", By: func() {
				if err := os.Chmod(h.Path(path), 0o600); err != nil {
					t.Fatal(err)
				}
			}, Fact: file + ": mode", From: "0600", To: "0644"},
			{Name: "its directory", By: func() {
				if err := os.Chmod(h.Path("/var/lib/GeoIP"), 0o700); err != nil {
					t.Fatal(err)
				}
			}, Fact: "directory /var/lib/GeoIP: mode", From: "0700", To: "0755"},
		},
		Vanish:      func() { removeAll(t, h) },
		ImportID:    "flow1/city",
		Identity:    map[string]string{"host": "flow1", "kind": "city"},
		NotImported: []string{"source", "published_sha256"},
		Left:        cacheIsClean(folder),
	}.Run(t)
}

func TestLifeOfAnEdition(t *testing.T) {
	h, folder := providertest.StartHost(t, nil), cache(t)
	server := geoiptest.Start(t, "12345", secret)
	first, second := geoiptest.Database(t, geoiptest.City, older, nil), geoiptest.Database(t, "GeoIP2-City", newer, geoiptest.Records(geoiptest.City))
	server.Publish(geoiptest.City, geoiptest.Archive(t, geoiptest.City, first))
	server.Publish("GeoIP2-City", geoiptest.Archive(t, "GeoIP2-City", second))
	body := func(edition string) string {
		return fmt.Sprintf("kind = \"city\"\nedition_id = %q\nmaxmind_url = %q\naccount_id = \"12345\"\nlicense_key_wo = %q", edition, server.URL, secret)
	}
	providertest.Life{
		Host: h, Type: geoip.ResourceType,
		Body: body(geoiptest.City), Changed: body("GeoIP2-City"),
		Check: is(h, first), CheckChanged: is(h, second),
		Drifts:   []providertest.Drift{{Name: "the database", By: func() { h.Write(path, string(second)) }, Fact: file + ": type", From: "GeoIP2-City"}},
		Vanish:   func() { removeAll(t, h) },
		ImportID: "flow1/city",
		NotImported: []string{
			"edition_id", "maxmind_url", "account_id", "published_sha256", "effective",
			"database_sha256", "database_size", "database_type", "build_date",
		},
		Secrets: []string{secret},
		Left:    cacheIsClean(folder),
	}.Run(t)
	downloads := 0
	for _, request := range server.Requests() {
		if strings.HasSuffix(request, " tar.gz") {
			downloads++
		}
	}
	if downloads != 2 {
		t.Errorf("two releases were downloaded %d times", downloads)
	}
	if leaked := server.Leaked(); len(leaked) > 0 {
		t.Errorf("the server that was redirected to got %q", leaked)
	}
}

// TestDatabaseOfOthers: one that was there before, too large for a state and not for everybody, is back after the destroy.
func TestDatabaseOfOthers(t *testing.T) {
	h, _ := providertest.StartHost(t, nil), cache(t)
	theirs := strings.Repeat("theirs ", host.MaxPreviousContent)
	if err := os.MkdirAll(h.Path("/var/lib/GeoIP"), 0o755); err != nil {
		t.Fatal(err)
	}
	h.Write(path, theirs)
	if err := os.Chmod(h.Path(path), 0o640); err != nil {
		t.Fatal(err)
	}
	c := providertest.NewCLI(t)
	for _, built := range []time.Time{older, newer} {
		database := geoiptest.Database(t, geoiptest.City, built, nil)
		c.Write(h.Provider() + fmt.Sprintf("resource %q \"test\" {\nkind = \"city\"\nsource = %q\n}\n", geoip.ResourceType, write(t, "GeoLite2-City.mmdb", database)))
		if said := c.Apply(); len(said.Errors) > 0 {
			t.Fatalf("the apply failed: %q", said.Errors)
		}
		if err := is(h, database)(); err != nil {
			t.Fatal(err)
		}
	}
	if said := c.Destroy(); len(said.Errors) > 0 {
		t.Fatalf("the destroy failed: %q", said.Errors)
	}
	info, err := os.Stat(h.Path(path))
	if got, _ := h.Read(path); err != nil || got != theirs || info.Mode() != 0o640 {
		t.Errorf("what was there before is now %d bytes, %v, %v", len(got), info, err)
	}
	if left, err := filepath.Glob(h.Path("/var/lib/GeoIP/*")); err != nil || len(left) != 1 {
		t.Errorf("left are %q, %v", left, err)
	}
}
