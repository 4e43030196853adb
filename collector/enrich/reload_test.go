package enrich

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

var (
	cityOptions = mmdbwriter.Options{DatabaseType: "Test-City"}
	asnOptions  = mmdbwriter.Options{DatabaseType: "Test-ASN"}
)

// replace puts another file in place of one, by rename.
func replace(t testing.TB, path string, data []byte) {
	t.Helper()
	next := path + ".next"
	if err := os.WriteFile(next, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(next, path); err != nil {
		t.Fatal(err)
	}
}

func country(t testing.TB, code string) []byte {
	t.Helper()
	return build(t, cityOptions, map[string]mmdbtype.Map{"198.18.0.0/16": {"country": mmdbtype.Map{"iso_code": mmdbtype.String(code)}}})
}

func codeOf(t testing.TB, e *Enricher) any {
	t.Helper()
	geo, _ := members(t, e, "198.18.0.1")["geo"].(m)
	return geo["country_iso_code"]
}

func TestDatabaseIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	s, log := open(t, Options{City: path})
	e := s.New()
	if status := s.Status()[0]; status.Loaded || status.Stale || status.Error == "" || codeOf(t, e) != nil {
		t.Fatalf("a file that is not there: %+v", status)
	}
	step := func(name string, want any, loaded, stale bool, problem string) {
		t.Helper()
		s.refresh()
		status := s.Status()[0]
		if got := codeOf(t, e); got != want || status.Loaded != loaded || status.Stale != stale || !strings.Contains(status.Error, problem) || (problem == "") != (status.Error == "") {
			t.Errorf("%s: country %v, %+v", name, got, status)
		}
		if loaded && (status.Built.IsZero() || status.Type != "Test-City") {
			t.Errorf("%s: %+v", name, status)
		}
	}
	replace(t, path, country(t, "AT"))
	step("it comes", "AT", true, false, "")
	replace(t, path, country(t, "CH"))
	step("another", "CH", true, false, "")
	logged := log.Len()
	step("no change", "CH", true, false, "")
	if log.Len() != logged {
		t.Errorf("no change is logged: %s", log.String()[logged:])
	}
	replace(t, path, country(t, "DE")[:100])
	step("damaged", "CH", true, true, "unable to use enrich.geoip.city")
	replace(t, path, build(t, asnOptions, asnRecords()))
	step("the wrong one", "CH", true, true, "it is of type Test-ASN, which has no places")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	step("gone", "CH", true, true, "no such file or directory")
	replace(t, path, country(t, "DE"))
	step("back", "DE", true, false, "")
	// Overwritten where it lies: what is mapped is no longer what it was.
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	step("overwritten by nonsense", nil, false, false, "unable to use enrich.geoip.city")
	if err := os.WriteFile(path, country(t, "LI"), 0o600); err != nil {
		t.Fatal(err)
	}
	step("overwritten", "LI", true, false, "")
	if status := s.Status()[0]; status.Reloads != 4 || status.Failures != 5 {
		t.Errorf("%+v", status)
	}
}

// A database that cannot be opened for now, such as for want of descriptors, is tried again though it did not change. Meanwhile what is
// mapped stays in use: it is what it was.
func TestDatabaseCannotBeOpenedForNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	replace(t, path, country(t, "AT"))
	s, _ := open(t, Options{City: path})
	e, city := s.New(), (*s.sources.Load())[0]
	load := city.load
	city.load = func(*source) (content, error) { return content{}, unreadable{syscall.EMFILE} }
	city.stamp = nil // looked at anew
	s.refresh()
	if status := s.Status()[0]; codeOf(t, e) != "AT" || !status.Loaded || !status.Stale {
		t.Errorf("unreadable: %+v", status)
	}
	if err := os.WriteFile(path, country(t, "CH"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.refresh()
	city.load = load
	s.refresh() // the file is what it was at the last try
	if status := s.Status()[0]; codeOf(t, e) != "CH" || !status.Loaded || status.Stale || status.Error != "" {
		t.Errorf("readable again: %+v", status)
	}
}

func TestWhichErrorsOfDatabasesPass(t *testing.T) {
	dir := t.TempDir()
	loop, nonsense := filepath.Join(dir, "loop"), filepath.Join(dir, "nonsense")
	if err := os.Symlink(loop, loop); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(nonsense, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{filepath.Join(dir, "missing"): true, loop: true, dir: true, nonsense: false} {
		_, err := openDatabase(path, places, nil)
		if _, got := err.(unreadable); err == nil || got != want { //nolint:errorlint // never wrapped
			t.Errorf("%s: %v may pass: %v", path, err, got)
		}
	}
}

func TestFileIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "networks.csv")
	s, log := open(t, Options{NetworksFile: path})
	e := s.New()
	step := func(name, text string, country any, loaded, stale bool, problem string) {
		t.Helper()
		replace(t, path, []byte(text))
		s.refresh()
		status := s.Status()[0]
		if got := codeOf(t, e); got != country || status.Loaded != loaded || status.Stale != stale || status.Error != problem {
			t.Errorf("%s: country %v, %+v", name, got, status)
		}
	}
	const good = "network,country\n198.18.0.0/16,AT\n"
	bad := "unable to use enrich.networks_file " + path + ": line 2, column 1: network: "
	step("mistakes at first", "network,country\nx,AT\n", nil, false, false, bad+`"x" is neither a network nor an address; write it like 192.0.2.0/24 or 2001:db8::1`)
	step("good", good, "AT", true, false, "")
	step("mistakes", "network,country\ny,A\n,\nz,AT\n", "AT", true, true, bad+`"y" is neither a network nor an address; write it like 192.0.2.0/24 or 2001:db8::1 (and 3 more mistakes)`)
	step("good again", strings.Replace(good, "AT", "CH", 1), "CH", true, false, "")
	if n := strings.Count(log.String(), "level=ERROR"); n != 3 { // missing, and two with mistakes
		t.Errorf("%d errors logged: %s", n, log)
	}
	if status := s.Status()[0]; status.Entries != 1 || status.Modified.IsZero() || status.Database {
		t.Errorf("%+v", status)
	}
}

// What keeps failing in the same way is logged once.
func TestAlarmIsLoggedOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "as.csv")
	s, log := open(t, Options{ASFile: path})
	for i := range 5 {
		replace(t, path, []byte("number,name\nx,y\n"+strings.Repeat("\n", i)))
		s.refresh()
	}
	if n := strings.Count(log.String(), "level=ERROR"); n != 2 { // missing, then the mistake
		t.Errorf("%d errors logged: %s", n, log)
	}
	if f := s.Status()[0].Failures; f != 6 {
		t.Errorf("%d failures counted", f)
	}
}

func TestRunAndReload(t *testing.T) {
	path := filepath.Join(t.TempDir(), "city.mmdb")
	replace(t, path, country(t, "AT"))
	s, _ := open(t, Options{City: path, Interval: time.Millisecond})
	e := s.New()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); s.Run(ctx) }()
	replace(t, path, country(t, "CH"))
	deadline := time.Now().Add(30 * time.Second)
	for codeOf(t, e) != "CH" {
		if time.Now().After(deadline) {
			t.Fatal("the new database is not taken in")
		}
		time.Sleep(time.Millisecond)
	}
	cancel()
	<-done
	before := s.Status()[0].Reloads
	(*s.sources.Load())[0].stamp = nil // looked at anew
	s.refresh()
	if after := s.Status()[0].Reloads; after != before+1 {
		t.Errorf("%d reloads, then %d", before, after)
	}
}

// A database that was replaced is unmapped once all enrichers turned to the new one, and not before.
func TestReplacedDatabaseIsUnmapped(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("looks at /proc/self/maps")
	}
	path := filepath.Join(t.TempDir(), "unmapped.mmdb")
	replace(t, path, country(t, "AT"))
	s, _ := open(t, Options{City: path})
	e := s.New()
	codeOf(t, e)
	mapped := func() int {
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(maps), path)
	}
	replace(t, path, country(t, "CH"))
	s.refresh()
	for range 3 {
		runtime.GC()
	}
	if mapped() != 2 {
		t.Errorf("%d databases are mapped while the enricher may read both", mapped())
	}
	e.Tick()
	deadline := time.Now().Add(30 * time.Second)
	for mapped() != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d databases are mapped", mapped())
		}
		runtime.GC()
		time.Sleep(time.Millisecond)
	}
	if codeOf(t, e) != "CH" {
		t.Error("the new one is not in use")
	}
}

// TestChange: other options are in force with the next record; a file that stays is not loaded again, and what was loaded of it stays in use
// though it has mistakes by now.
func TestChange(t *testing.T) {
	city := filepath.Join(t.TempDir(), "city.mmdb")
	networks := filepath.Join(t.TempDir(), "networks.yml")
	replace(t, city, country(t, "AT"))
	replace(t, networks, []byte("networks:\n  - {network: 198.18.0.0/15, name: lab, as: 64512}\n"))
	s, _ := open(t, Options{City: city})
	e := s.New()
	if codeOf(t, e) != "AT" {
		t.Fatal("no place")
	}
	replace(t, city, []byte("damaged"))
	s.Change(Options{City: city, NetworksFile: networks})
	known := members(t, e, "198.18.0.1")
	if codeOf(t, e) != "AT" || known["as"] == nil {
		t.Errorf("after the change: %v", known)
	}
	if status := s.Status(); len(status) != 2 || !status[0].Stale || status[0].Reloads != 1 || !status[1].Loaded {
		t.Errorf("status %+v", status)
	}
	s.Change(Options{})
	if len(s.Status()) != 0 || codeOf(t, e) != nil {
		t.Error("a database that is not asked for any more is in use")
	}
}
