package exporter

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// newStore returns a store of one table in a new directory, and its log.
func newStore(t *testing.T, directory string) (*Store, *bytes.Buffer) {
	t.Helper()
	log := &bytes.Buffer{}
	s := NewStore(directory, 30*24*time.Hour, slog.New(slog.NewTextHandler(log, nil)))
	s.Place()
	return s, log
}

func file(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func names(t *testing.T, directory string) string {
	t.Helper()
	entries, err := os.ReadDir(directory)
	if err != nil {
		t.Fatal(err)
	}
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return strings.Join(list, " ")
}

func TestStoreWritesWhatIsPut(t *testing.T) {
	directory, now := t.TempDir(), time.Now()
	s, log := newStore(t, directory)
	if got := s.Load(now); len(got.Sources) != 0 || log.Len() != 0 {
		t.Errorf("a first start: %+v\n%s", got, log)
	}
	var running sync.WaitGroup
	running.Go(s.Run)
	table := populated(t, now)
	s.Put(0, State{})
	s.Put(0, table.State())
	s.Close()
	running.Wait()
	if stats := s.Stats(); stats.Errors != 0 || stats.Saved.Before(now) {
		t.Errorf("%+v", stats)
	}
	info, err := os.Stat(filepath.Join(directory, "exporters.json"))
	if err != nil || info.Mode() != 0o600 || names(t, directory) != "exporters.json" {
		t.Errorf("mode %v, %v, files %s", info.Mode(), err, names(t, directory))
	}
	s, log = newStore(t, directory)
	restored := NewTable(Limits{})
	if n := restored.Restore(s.Load(now)); n != 3 || log.Len() != 0 {
		t.Errorf("%d templates\n%s", n, log)
	}
	if got := s.Load(now.Add(31 * 24 * time.Hour)); len(got.Sources)+len(got.Devices) != 0 {
		t.Errorf("not forgotten: %+v", got)
	}
	// A clock that was wrong must not make an exporter win for ever.
	for _, one := range s.Load(now.Add(-time.Hour)).Sources {
		if one.LastSeen > now.Add(-time.Hour).Unix() {
			t.Errorf("last seen at %d", one.LastSeen)
		}
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	now := time.Now()
	data, err := encodeState(populated(t, now).State())
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	wrong := `{"sources":[{"address":7}]}`
	for name, test := range map[string]struct{ content, want string }{
		"empty":           {"", "not all of it is there"},
		"truncated":       {good[:len(good)/2], "not all of it is there"},
		"something after": {good + good, "no JSON"},
		"binary":          {"\x00\x01\x02", "no JSON"},
		"another program": {`{"version":1,"content":{}}`, "not one of flowcollector's exporters"},
		"a newer version": {strings.Replace(good, `s":1,`, `s":2,`, 1), "format 2, that of a newer flowcollector; this one reads 1"},
		"one bit":         {strings.Replace(good, `"domain":7`, `"domain":6`, 1), "checksum does not fit"},
		"no checksum":     {`{"flowcollector_exporters":1,"content":{}}`, "checksum does not fit"},
		"wrong content":   {`{"flowcollector_exporters":1,"sha256":"` + checksum([]byte(wrong)) + `","content":` + wrong + `}`, "content is not as it should be"},
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			path := filepath.Join(directory, "exporters.json")
			for range 2 { // the second replaces the first
				if err := os.WriteFile(path, []byte(test.content), 0o600); err != nil {
					t.Fatal(err)
				}
				s, log := newStore(t, directory)
				if got := s.Load(now); len(got.Sources)+len(got.Devices) != 0 {
					t.Errorf("%+v", got)
				}
				if strings.Count(log.String(), "level=WARN") != 1 || !strings.Contains(log.String(), test.want) || !strings.Contains(log.String(), "kept_as="+path+".corrupt") {
					t.Errorf("log:\n%s\nwant %q", log, test.want)
				}
			}
			if got := names(t, directory); got != "exporters.json.corrupt" || file(t, path+".corrupt") != test.content {
				t.Errorf("files: %s", got)
			}
		})
	}
}

// TestFirstStart: there is no directory yet, which is nothing to warn of.
func TestFirstStart(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "var", "state")
	s, log := newStore(t, directory)
	if got := s.Load(time.Now()); len(got.Sources) != 0 || log.String() != "" {
		t.Errorf("%+v, log:\n%s", got, log)
	}
	if info, err := os.Stat(directory); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%v, %v", info, err)
	}
}

// TestDirectoryThatCannotBeWritten uses a path below a file, because root may write to any directory.
func TestDirectoryThatCannotBeWritten(t *testing.T) {
	directory := filepath.Join(t.TempDir(), "state")
	if err := os.WriteFile(directory, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s, log := newStore(t, directory)
	if got := s.Load(time.Now()); len(got.Sources) != 0 || !strings.Contains(log.String(), "unable to write state.directory") {
		t.Errorf("%+v, log:\n%s", got, log)
	}
	for range 3 {
		s.Put(0, State{})
		s.save(time.Now())
	}
	if n := strings.Count(log.String(), "unable to save"); n != 1 || s.Stats().Errors != 3 || !s.Stats().Saved.IsZero() {
		t.Errorf("%+v, %d lines in the log:\n%s", s.Stats(), n, log)
	}
}

// TestFailureLeavesTheFileOfBefore: a directory stands where the new file is to be made, as a full disk would.
func TestFailureLeavesTheFileOfBefore(t *testing.T) {
	directory, now := t.TempDir(), time.Now()
	s, log := newStore(t, directory)
	table := populated(t, now)
	s.Put(0, table.State())
	s.save(now)
	before := file(t, s.path)
	obstacle := filepath.Join(s.path+".new", "x")
	if err := os.MkdirAll(obstacle, 0o700); err != nil {
		t.Fatal(err)
	}
	table.Source(source(existing(5)), now).Define(announcement(t, table))
	s.Put(0, table.State())
	s.save(now)
	if file(t, s.path) != before || s.Stats().Errors != 1 {
		t.Errorf("%+v, the file changed", s.Stats())
	}
	if err := os.RemoveAll(s.path + ".new"); err != nil {
		t.Fatal(err)
	}
	s.save(now) // nothing was put since, and it is not forgotten
	if after := file(t, s.path); after == before || !strings.Contains(after, "192.0.2.5") || !strings.Contains(log.String(), "is saved again") {
		t.Errorf("log:\n%s\nfile: %s", log, after)
	}
}

// A place is used again, and what the table that had it knew stays: in the file and for tables that come later.
func TestPlacesAreUsedAgain(t *testing.T) {
	directory, now := t.TempDir(), time.Now()
	s, _ := newStore(t, directory)
	want := populated(t, now).State()
	for range 100 {
		place := s.Place()
		if place != 1 {
			t.Fatalf("place %d, want that of the table that left", place)
		}
		s.Put(place, want)
		s.Leave(place, now)
	}
	s.Put(s.Place(), State{})
	s.save(now)
	again, _ := newStore(t, directory)
	for what, got := range map[string]State{"in the file": again.Load(now), "for a new table": s.Latest(now)} {
		if len(want.Sources) == 0 || len(got.Sources) != len(want.Sources) || len(got.Devices) != len(want.Devices) {
			t.Errorf("%s: %d sources and %d devices, want %d and %d", what, len(got.Sources), len(got.Devices), len(want.Sources), len(want.Devices))
		}
	}
}
