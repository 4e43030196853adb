package geoip

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"

	"github.com/flowstack/terraform-provider-flowstack/acctest/shared"
	"github.com/flowstack/terraform-provider-flowstack/appliance/geoip/geoiptest"
)

var built = time.Date(2026, 1, 6, 12, 0, 0, 0, time.UTC)

func newCache(t *testing.T) *Cache {
	t.Helper()
	t.Setenv("FLOWSTACK_CACHE", t.TempDir())
	c, err := NewCache()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func text(pairs ...string) geoiptest.Record {
	record := geoiptest.Record{}
	for i := 0; i < len(pairs); i += 2 {
		record[mmdbtype.String(pairs[i])] = mmdbtype.String(pairs[i+1])
	}
	return record
}

func TestKinds(t *testing.T) {
	c := newCache(t)
	for _, one := range []struct {
		name   string
		record geoiptest.Record
		kinds  string
		wrong  string // what is said where it is asked for as another kind
	}{
		{geoiptest.City, nil, "city", "which is of kind city, not "},
		{geoiptest.Country, nil, "country", "which is of kind country, not "},
		{geoiptest.ASN, nil, "asn", "which is of kind asn, not "},
		{"DBIP-City-Lite", geoiptest.Records(geoiptest.City), "city", "which is of kind city, not "},
		{"DBIP-Country-Lite", geoiptest.Records(geoiptest.Country), "country", "which is of kind country, not "},
		{"DBIP-ASN-Lite (compat=GeoLite2-ASN)", geoiptest.Records(geoiptest.ASN), "asn", "which is of kind asn, not "},
		{"ipinfo ipinfo_lite.mmdb", text("asn", "AS64500", "as_name", "X", "country", "Austria", "country_code", "AT", "continent", "Europe"), "country asn", "which is of kind country, not city"},
		{"ipinfo standard_location.mmdb", text("city", "Bregenz", "region", "Vorarlberg", "country", "AT", "loc", "47.5,9.7"), "city", "which is of kind city, not "},
		{"ipinfo asn.mmdb", text("asn", "AS64500", "name", "X", "country", "AT", "domain", "example.com"), "asn", "which is of kind asn, not "},
		{"ipinfo country_asn.mmdb", text("asn", "AS64500", "country", "AT", "country_name", "Austria"), "country asn", "which is of kind country, not city"},
		{"GeoIP2-Connection-Type", text("connection_type", "Corporate"), "", "which has neither places nor autonomous systems"},
	} {
		content := geoiptest.Database(t, one.name, built, one.record)
		path := write(t, "x.mmdb", content)
		for _, kind := range []Kind{City, Country, ASN} {
			info, err := c.Inspect(t.Context(), path, geoiptest.Digest(content), kind)
			want := Info{one.name, built, int64(len(content)), geoiptest.Digest(content)}
			switch ok := strings.Contains(one.kinds, string(kind)); {
			case ok && (err != nil || info != want):
				t.Errorf("%s as %s: %+v, %v", one.name, kind, info, err)
			case !ok && (err == nil || !strings.Contains(err.Error(), one.name) || !strings.Contains(err.Error(), one.wrong)):
				t.Errorf("%s as %s: %v", one.name, kind, err)
			}
		}
	}
}

func TestDamage(t *testing.T) {
	c := newCache(t)
	city := geoiptest.Database(t, geoiptest.City, built, nil)
	cut := append([]byte(nil), city...)
	copy(cut[len(cut)/3:], make([]byte, 40))
	for name, one := range map[string]struct {
		content []byte
		says    string
	}{
		"empty":       {nil, "not a database in MaxMind's format"},
		"text":        {[]byte("<html>Please log in</html>"), "not a database in MaxMind's format"},
		"cut off":     {city[:len(city)/2], "not a database in MaxMind's format"},
		"overwritten": {cut, "damaged"},
		"cut archive": {geoiptest.Archive(t, geoiptest.City, city)[:400], "cannot be unpacked"},
		"no database": {geoiptest.Archive(t, geoiptest.City, nil), "no .mmdb file in the archive"},
		"two":         {geoiptest.Archive(t, geoiptest.City, city, "other/GeoLite2-ASN.mmdb"), "two databases in the archive"},
		"zip":         {append([]byte("PK\x03\x04"), make([]byte, 100)...), "unpack it first"},
		"future":      {geoiptest.Database(t, geoiptest.City, time.Now().Add(30*24*time.Hour), nil), "which is not yet"},
		"bomb":        {geoiptest.Gzip(t, make([]byte, minBomb+1<<20)), "more than 50 times its size"},
	} {
		path := write(t, "x", one.content)
		if info, err := c.Inspect(t.Context(), path, geoiptest.Digest(one.content), City); err == nil || !strings.Contains(err.Error(), one.says) {
			t.Errorf("%s: %+v, %v; want %q", name, info, err, one.says)
		}
	}
	expectOnly(t, c, 0)
}

// expectOnly expects so many files in the cache, and none half done.
func expectOnly(t *testing.T, c *Cache, n int) {
	t.Helper()
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != n {
		t.Errorf("the cache has %v", entries)
	}
}

func TestTooLarge(t *testing.T) {
	c := newCache(t)
	city := geoiptest.Database(t, geoiptest.City, built, nil)
	packed := geoiptest.Gzip(t, city)
	defer func(p, d int64) { maxPublished, maxDatabase = p, d }(maxPublished, maxDatabase)
	maxDatabase = int64(len(city)) - 1
	if _, err := c.Inspect(t.Context(), write(t, "x", packed), geoiptest.Digest(packed), City); err == nil || !strings.Contains(err.Error(), "unpacked it has more than") {
		t.Error(err)
	}
	maxPublished = int64(len(packed)) - 1
	if _, err := c.Inspect(t.Context(), write(t, "x", packed), geoiptest.Digest(packed), City); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
	if _, err := c.add(strings.NewReader(string(packed)), ""); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Error(err)
	}
	expectOnly(t, c, 0)
}

// TestMaxMindsOwn are the files that MaxMind tests its own readers with; they are not in the repository.
func TestMaxMindsOwn(t *testing.T) {
	folder := shared.Folder(t, "geoip")
	c := newCache(t)
	good := map[string]Kind{"GeoLite2-City-Test.mmdb": City, "GeoLite2-Country-Test.mmdb": Country, "GeoLite2-ASN-Test.mmdb": ASN}
	var files []string
	for _, pattern := range []string{"*.mmdb", "bad/*.mmdb"} {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %v", filepath.Join(folder, pattern), err)
		}
		files = append(files, found...)
	}
	for _, path := range files {
		for _, kind := range []Kind{City, Country, ASN} {
			digest, err := fileDigest(t.Context(), path)
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.Inspect(t.Context(), path, digest, kind)
			if accepted := err == nil; accepted != (good[filepath.Base(path)] == kind) {
				t.Errorf("%s as %s: %v", path, kind, err)
			}
		}
	}
}

func TestMetadataFromTheEnd(t *testing.T) {
	content := geoiptest.Database(t, geoiptest.City, built, nil)
	facts, err := describe(content)
	if err != nil || facts["type"] != geoiptest.City || facts["built"] != "2026-01-06T12:00:00Z" {
		t.Errorf("%v, %v", facts, err)
	}
	for _, other := range [][]byte{nil, []byte("text"), marker, append(append([]byte(nil), marker...), 0xe1, 0x41, 'x')} {
		if facts, err := describe(other); err == nil {
			t.Errorf("%q: %v", other, facts)
		}
	}
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte("\xab\xcd\xefMaxMind.com\xe1\x4ddatabase_type\x41x"))
	f.Fuzz(func(_ *testing.T, tail []byte) {
		_, _ = describe(tail) // it must neither panic nor hang
	})
}
