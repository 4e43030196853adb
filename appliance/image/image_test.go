package image

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"
)

func valid() Spec {
	return Spec{Architecture: "amd64", Version: "1.2.3", Epoch: time.Unix(1700000000, 0), Collector: "c.deb"}
}

func TestValidateNamesEveryMistake(t *testing.T) {
	if err := valid().Validate(); err != nil {
		t.Fatal(err)
	}
	err := Spec{Architecture: "vax", Snapshot: "yesterday", Mirror: "http://mirror.example/debian", Version: "v1", Formats: []Format{"iso"}}.Validate()
	if err == nil {
		t.Fatal("nothing is wrong with it")
	}
	for _, want := range []string{`"vax"`, `"yesterday"`, "say one of both", `"v1"`, "SOURCE_DATE_EPOCH", "no package of the collector", `"iso"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is missing in: %v", want, err)
		}
	}
}

func TestSources(t *testing.T) {
	for _, c := range []struct {
		spec             Spec
		mirror, security string
	}{
		{Spec{}, "http://deb.debian.org/debian", "http://deb.debian.org/debian-security"},
		{Spec{Mirror: "http://m.example/debian/"}, "http://m.example/debian/", "http://m.example/debian-security"},
		{Spec{Mirror: "http://m.example/debian", Security: "http://s.example"}, "http://m.example/debian", "http://s.example"},
		{Spec{Security: "http://s.example"}, "http://deb.debian.org/debian", "http://s.example"},
		{
			Spec{Snapshot: "20261101T000000Z"},
			"http://snapshot.debian.org/archive/debian/20261101T000000Z", "http://snapshot.debian.org/archive/debian-security/20261101T000000Z",
		},
	} {
		want := []string{"deb " + c.mirror + " trixie main", "deb " + c.mirror + " trixie-updates main", "deb " + c.security + " trixie-security main"}
		if got := c.spec.sources(); !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", c.spec, got, want)
		}
	}
}

func TestPartitionsDoNotOverlap(t *testing.T) {
	end := int64(mebi) // the table is before it
	for _, p := range []partition{biosPartition, efiPartition, rootPartition} {
		if p.start < end || p.start%mebi != 0 || p.size%sector != 0 {
			t.Errorf("%s is at %d, and what is before it ends at %d", p.name, p.start, end)
		}
		end = p.start + p.size
	}
	if end > disk-gibi {
		t.Error("there is no room for the data partition")
	}
}

func TestBootSectors(t *testing.T) {
	boot, core := bytes.Repeat([]byte{1}, 512), bytes.Repeat([]byte{2}, 3*512+1)
	binary.LittleEndian.PutUint16(core[coreBlocks+10:], coreLoadSegment)
	first, second, err := bootSectors(boot, core)
	if err != nil {
		t.Fatal(err)
	}
	if len(first) != 440 || binary.LittleEndian.Uint64(first[0x5c:]) != 2048 || first[0x66] != 0x90 {
		t.Errorf("the first sector: %x", first)
	}
	if binary.LittleEndian.Uint64(second[0x1f4:]) != 2049 || binary.LittleEndian.Uint16(second[0x1fc:]) != 3 || len(second) != len(core) {
		t.Errorf("the second stage: %x", second[:512])
	}
	if _, _, err := bootSectors(boot[1:], core); err == nil {
		t.Error("a short boot.img is taken")
	}
	if _, _, err := bootSectors(boot, bytes.Repeat([]byte{2}, 2048)); err == nil {
		t.Error("a core.img of another platform is taken")
	}
}

func TestGrubEnvironmentIsABlock(t *testing.T) {
	if n := len(grubEnvironment()); n != 1024 {
		t.Errorf("it has %d octets", n)
	}
}

// TestFilesOfTheAppliance: scripts parse, nothing in them is a key or a password, and what they lead to is there.
func TestFilesOfTheAppliance(t *testing.T) {
	var out bytes.Buffer
	if err := overlay(&out, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	programs := 0
	for in := tar.NewReader(&out); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		if header.Uid != 0 || header.Gid != 0 || header.ModTime.Unix() != 1 || fs.FileMode(header.Mode)&0o022 != 0 {
			t.Errorf("%s: %+v", header.Name, header)
		}
		for _, secret := range []string{"PRIVATE KEY", "ssh-ed25519 ", "ssh-rsa ", "$6$", "$y$"} {
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s has %q in it", header.Name, secret)
			}
		}
		if header.Mode == 0o755 && header.Typeflag == tar.TypeReg {
			programs++
			check := exec.CommandContext(t.Context(), "sh", "-n")
			check.Stdin = bytes.NewReader(content)
			if said, err := check.CombinedOutput(); err != nil {
				t.Errorf("%s: %v: %s", header.Name, err, said)
			}
		}
	}
	if programs != 10 {
		t.Errorf("there are %d programs", programs)
	}
}

func TestLicences(t *testing.T) {
	for text, want := range map[string][]string{
		"Format: x\n\nFiles: *\nLicense: GPL-2+\n text\n\nFiles: a\nLicense: MIT\n\nLicense: MIT\n words": {"GPL-2+", "MIT"},
		"On Debian systems see /usr/share/common-licenses/LGPL-2.1.":                                      {"LGPL-2.1"},
		"Do what you want.": {"in the package's copyright file"},
	} {
		if got := licences(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestParseStatus(t *testing.T) {
	got, err := parseStatus([]byte("Package: a\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2\nDescription: x\n y\n\nPackage: gone\nStatus: deinstall ok config-files\nVersion: 1\n"))
	if err != nil || len(got) != 1 || got[0].name != "a" || got[0].version != "1:2" || got[0].architecture != "amd64" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := parseStatus(nil); err == nil {
		t.Error("no status at all is taken")
	}
}
