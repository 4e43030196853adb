package host

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh/sshtest"
)

func TestFileLife(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	sub, name := filepath.Join(folder, "a b"), filepath.Join(folder, "a b", "it's\n$(x) *.conf")
	desired := mine(t, Desired{
		Directory{Path: sub, Mode: 0o750},
		File{Path: name, Content: []byte("one\n"), Mode: 0o640},
	})
	for fact, value := range probe(t, l, desired) {
		if value != Absent {
			t.Errorf("%s is %q before", fact, value)
		}
	}
	if l.runs != 1 {
		t.Errorf("the probe took %d round trips", l.runs)
	}
	first := apply(t, l, desired)
	info, err := os.Stat(name)
	if err != nil || info.Mode() != 0o640 {
		t.Fatalf("mode %v, %v", info.Mode(), err)
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "one\n" {
		t.Fatalf("content %q, %v", content, err)
	}

	l.runs = 0
	second := apply(t, l, desired)
	if l.runs != 1 {
		t.Errorf("an Apply with nothing to do took %d round trips", l.runs)
	}
	if !second.Before.Files[name].Existed || first.Before.Files[name].Existed {
		t.Errorf("Before: first %+v, second %+v", first.Before, second.Before)
	}

	drifts := map[string]func() error{
		"file " + name + ": mode":     func() error { return os.Chmod(name, 0o777) },
		"file " + name + ": content":  func() error { return os.WriteFile(name, []byte("two\n"), 0o640) },
		"directory " + sub + ": mode": func() error { return os.Chmod(sub, 0o700) },
	}
	for fact, drift := range drifts {
		if err := drift(); err != nil {
			t.Fatal(err)
		}
		changes := probe(t, l, desired).Changes(desired.Facts())
		if len(changes) != 1 || changes[0].Fact != fact || changes[0].To != desired.Facts()[fact] {
			t.Errorf("after a change of %q: %+v", fact, changes)
		}
		apply(t, l, desired)
	}

	remove(t, l, desired, first.Before.Merge(second.Before))
	if left := entries(t, folder); len(left) != 0 {
		t.Errorf("Remove left %q", left)
	}
	remove(t, l, desired, first.Before) // once more: nothing there is as wanted
}

func TestFileRestored(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name, large := filepath.Join(folder, "x"), filepath.Join(folder, "large")
	for path, content := range map[string][]byte{name: []byte("theirs\x00\xff\n\n"), large: make([]byte, MaxPreviousContent+1)} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	desired := mine(t, Desired{File{Path: name, Content: []byte("ours")}, File{Path: large, Content: []byte("ours")}, Directory{Path: folder, Mode: 0o711}})
	o := apply(t, l, desired)
	if o.Before.Files[large].Kept || !o.Before.Files[large].Existed {
		t.Errorf("of the large file Before says %+v", o.Before.Files[large])
	}
	remove(t, l, desired, o.Before)
	content, err := os.ReadFile(name)
	if err != nil || string(content) != "theirs\x00\xff\n\n" {
		t.Errorf("content %q, %v", content, err)
	}
	if info, err := os.Stat(name); err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(folder); err != nil || info.Mode().Perm() != 0o755 {
		t.Errorf("mode of the directory %v, %v", info.Mode(), err)
	}
	if left := entries(t, folder); !cmp.Equal(left, []string{"x"}) {
		t.Errorf("there is %q", left)
	}
}

func TestDirectoryWithOthersFilesStays(t *testing.T) {
	l, folder := newLocal(t), filepath.Join(t.TempDir(), "d")
	desired := mine(t, Desired{Directory{Path: folder}})
	o := apply(t, l, desired)
	if err := os.WriteFile(filepath.Join(folder, "theirs"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	remove(t, l, desired, o.Before)
	if left := entries(t, folder); len(left) != 1 {
		t.Errorf("there is %q", left)
	}
}

func TestFileSpecialMode(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	desired := mine(t, Desired{
		File{Path: filepath.Join(folder, "s"), Content: []byte("x"), Mode: 0o755 | fs.ModeSetuid | fs.ModeSetgid},
		Directory{Path: filepath.Join(folder, "t"), Mode: 0o777 | fs.ModeSticky},
	})
	apply(t, l, desired)
	for bits := range uint32(0o10000) {
		if unixMode(fileMode(bits)) != bits {
			t.Fatalf("%o becomes %o", bits, unixMode(fileMode(bits)))
		}
	}
}

func TestFileOtherKindRefused(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	target, link, directory := filepath.Join(folder, "target"), filepath.Join(folder, "link"), filepath.Join(folder, "dir")
	if err := errors.Join(os.WriteFile(target, []byte("keep"), 0o600), os.Symlink(target, link), os.Mkdir(directory, 0o755)); err != nil {
		t.Fatal(err)
	}
	for path, kind := range map[string]string{link: "symbolic link to " + target, directory: "directory"} {
		desired := mine(t, Desired{File{Path: path, Content: []byte("x")}})
		if got := probe(t, l, desired)["file "+path]; got != kind {
			t.Errorf("kind %q, want %q", got, kind)
		}
		_, err := Apply(t.Context(), l, desired)
		wantError(t, err, "file "+path, kind, "not replaced")
		wantError(t, Remove(t.Context(), l, desired, Before{}), "file "+path, "not removed")
	}
	_, err := Apply(t.Context(), l, mine(t, Desired{Directory{Path: link}}))
	wantError(t, err, "directory "+link, "symbolic link")
	if content, err := os.ReadFile(target); err != nil || string(content) != "keep" {
		t.Errorf("the target has %q, %v", content, err)
	}
}

func TestFileCouldNotTell(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Fatal("this test needs root to become someone who may not look")
	}
	folder, err := os.MkdirTemp("/tmp", "flowstack-host-test-") //nolint:usetesting // nobody may pass the parents of t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	closed := filepath.Join(folder, "closed")
	if err := errors.Join(os.Chmod(folder, 0o755), os.Mkdir(closed, 0o700)); err != nil {
		t.Fatal(err)
	}
	nobody := newLocal(t)
	nobody.uid = 65534
	for _, item := range []Item{File{Path: filepath.Join(closed, "x: No such file or directory")}, Directory{Path: filepath.Join(closed, "x")}} {
		_, err := Probe(t.Context(), nobody, Desired{item})
		wantError(t, err, item.ID(), "could not tell", "Permission denied")
	}
	secret := filepath.Join(folder, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err = Probe(t.Context(), nobody, Desired{File{Path: secret, Format: SysctlFormat{}}, File{Path: filepath.Join(folder, "absent")}})
	wantError(t, err, "file "+secret, "Permission denied")
	// Below a file there is nothing: that is proof, not doubt.
	if got := probe(t, newLocal(t), Desired{File{Path: secret + "/below"}})["file "+secret+"/below"]; got != Absent {
		t.Errorf("below a file there is %q", got)
	}
}

func TestFileValidator(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "x")
	check := []string{"sh", "-c", `grep -q good "$1" || { echo "line 1: $(cat "$1")" >&2; exit 3; }`, "check", "{}"}
	file := File{Path: name, Content: []byte("good"), Validate: check}
	apply(t, l, mine(t, Desired{file}))
	file.Content = []byte("hunter2")
	_, err := Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "file "+name, "sh refused the content with status 3", "line 1: hunter2")
	file.Secret, file.SecretRevision = true, "2"
	_, err = Apply(t.Context(), l, mine(t, Desired{file}))
	wantError(t, err, "refused", "not shown")
	if strings.Contains(err.Error(), "hunter2") {
		t.Errorf("the secret is in the error: %v", err)
	}
	if content, err := os.ReadFile(name); err != nil || string(content) != "good" {
		t.Errorf("the old file has %q, %v", content, err)
	}
	if left := entries(t, folder); len(left) != 1 {
		t.Errorf("there is %q", left)
	}
}

func TestSecretFile(t *testing.T) {
	l, name := newLocal(t), filepath.Join(t.TempDir(), "password")
	file := File{Path: name, Content: []byte("hunter2"), Mode: 0o600, Secret: true, SecretRevision: "1"}
	file.Verify = func(content []byte) bool { return string(content) == "hunter2" }
	o := apply(t, l, mine(t, Desired{file}))
	for _, text := range append([]string{o.Facts["file "+name+": content"]}, mapsText(o.Facts)) {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "sha256") {
			t.Errorf("a fact tells about the secret: %s", text)
		}
	}

	blind := file // as a refresh has it: without the content
	blind.Content = nil
	if changes := probe(t, l, mine(t, Desired{blind})).Changes(o.Facts); len(changes) != 0 {
		t.Errorf("drift: %+v", changes)
	}
	if err := os.Chmod(name, 0o644); err != nil {
		t.Fatal(err)
	}
	apply(t, l, mine(t, Desired{blind})) // the mode can be repaired without the content
	if err := os.WriteFile(name, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	changes := probe(t, l, mine(t, Desired{blind})).Changes(o.Facts)
	if want := []Change{{"file " + name + ": content", "different", "1"}}; !cmp.Equal(changes, want) {
		t.Errorf("changes %+v", changes)
	}
	_, err := Apply(t.Context(), l, mine(t, Desired{blind}))
	wantError(t, err, "file "+name, "is not known here")
	second := apply(t, l, mine(t, Desired{file}))
	if before := second.Before.Files[name]; before.Kept || before.Content != nil || !before.Existed {
		t.Errorf("Before of a secret is %+v", before)
	}
	blind.Verify = nil
	if got := probe(t, l, mine(t, Desired{blind}))["file "+name+": content"]; got != "not verified" {
		t.Errorf("content is %q", got)
	}
}

func mapsText(facts Facts) string {
	var all strings.Builder
	for name, value := range maps.All(facts) {
		all.WriteString(name + "=" + value + "\n")
	}
	return all.String()
}

// TestFileTruncated cuts the content at every octet, as a lost link or a full disk of the sender would.
func TestFileTruncated(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	name := filepath.Join(folder, "x")
	apply(t, l, mine(t, Desired{File{Path: name, Content: []byte("old")}}))
	content := []byte("0123456789")
	desired := mine(t, Desired{File{Path: name, Content: content}})
	writes := func(limit int64, damage bool) {
		step := 0
		l.stdin = func(r io.Reader) io.Reader {
			if step++; step != 2 { // the first is the probe
				return r
			}
			if damage {
				return bytes.NewReader([]byte("012345678X"))
			}
			return io.LimitReader(r, limit)
		}
	}
	for limit := range len(content) + 1 {
		writes(int64(limit), limit == len(content))
		_, err := Apply(t.Context(), l, desired)
		wantError(t, err, "file "+name, "the old file stays")
		if got, err := os.ReadFile(name); err != nil || string(got) != "old" {
			t.Fatalf("cut after %d: the old file has %q, %v", limit, got, err)
		}
		if left := entries(t, folder); len(left) != 1 {
			t.Fatalf("cut after %d: there is %q", limit, left)
		}
	}
	l.stdin = nil
	// What a crash of the host left is removed by the next write.
	if err := os.WriteFile(leftovers(name)+"abcdefghij", []byte("012"), 0o600); err != nil {
		t.Fatal(err)
	}
	other := leftovers(filepath.Join(folder, "y")) + "abcdefghij" // of a write going on beside it
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, l, desired)
	if left := entries(t, folder); !cmp.Equal(left, []string{filepath.Base(other), "x"}) {
		t.Errorf("there is %q", left)
	}
}

// TestLinkCut cuts a real SSH connection in the middle of the content.
func TestLinkCut(t *testing.T) {
	folder := t.TempDir()
	name := filepath.Join(folder, "x")
	if err := os.WriteFile(name, []byte("old"), 0o644); err != nil {
		t.Fatal(err)
	}
	content := make([]byte, 512<<10)
	for i := range content {
		content[i] = byte(rand.Uint32())
	}
	desired := mine(t, Desired{File{Path: name, Content: content}})
	dial := func(cut int64) *ssh.Client {
		server := sshtest.Start(t, sshtest.Options{CutAfter: cut})
		client, err := ssh.New(ssh.Config{Host: server.Host, Port: server.Port, HostKeys: []string{server.HostKey}, PrivateKey: server.PrivateKey})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() }) // the link is dead already in one case
		return client
	}
	o, err := Apply(t.Context(), dial(200<<10), desired)
	wantError(t, err, "file "+name)
	if string(o.Before.Files[name].Content) != "old" {
		t.Errorf("Before of the failed Apply is %+v", o.Before)
	}
	if got, err := os.ReadFile(name); err != nil || string(got) != "old" {
		t.Fatalf("the old file has %d bytes, %v", len(got), err)
	}
	apply(t, dial(0), desired)
	if left := entries(t, folder); !cmp.Equal(left, []string{"x"}) {
		t.Errorf("there is %q", left)
	}
}

// TestProbeAnything: whatever a path and a content are made of, the probe tells of them.
func TestProbeAnything(t *testing.T) {
	l, folder := newLocal(t), t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte(" \t\n'\"$`\\*?[]{}()<>|&;!#~-=%\r\x01\x7f\x80\xff\xc3\xa4abc")
	var desired Desired
	for i := range 60 {
		name := make([]byte, 1, 32)
		name[0] = 'a' + byte(i%26)
		for range 1 + random.IntN(30) {
			name = append(name, alphabet[random.IntN(len(alphabet))])
		}
		content := make([]byte, random.IntN(3000))
		for j := range content {
			content[j] = alphabet[random.IntN(len(alphabet))]
		}
		desired = append(desired, File{Path: filepath.Join(folder, string(name)), Content: content})
	}
	desired = mine(t, desired)
	if err := desired.Validate(); err != nil {
		t.Fatal(err)
	}
	apply(t, l, desired)
	for _, item := range desired {
		file, ok := item.(File)
		if !ok {
			t.Fatal("not a file")
		}
		if content, err := os.ReadFile(file.Path); err != nil || !bytes.Equal(content, file.Content) {
			t.Errorf("%q: %v", file.Path, err)
		}
	}
	l.runs = 0
	o := apply(t, l, desired)
	if l.runs != 1 {
		t.Errorf("%d round trips", l.runs)
	}
	remove(t, l, desired, Before{})
	if left := entries(t, folder); len(left) != 0 || len(o.Facts) != 4*len(desired) {
		t.Errorf("left %q, %d facts", left, len(o.Facts))
	}
}

func TestLargeFile(t *testing.T) {
	l, name := newLocal(t), filepath.Join(t.TempDir(), "x")
	content := bytes.Repeat([]byte("0123456789abcdef"), 1<<17) // 2 MiB
	desired := mine(t, Desired{File{Path: name, Content: content}})
	apply(t, l, desired)
	formatted := mine(t, Desired{File{Path: name, Content: []byte("a = 1"), Format: SysctlFormat{}}})
	if got := probe(t, l, formatted)["file "+name]; !strings.HasPrefix(got, "unreadable: 2097152 bytes") {
		t.Errorf("the fact of a file too large for its format is %q", got)
	}
}
