package image

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// TestOVA: the description comes first, the manifest is true, and vSphere asks for what cloud-init knows.
func TestOVA(t *testing.T) {
	dir := t.TempDir()
	vmdk, ova := filepath.Join(dir, "disk.vmdk"), filepath.Join(dir, "a.ova")
	disk := bytes.Repeat([]byte("disk"), 100)
	if err := os.WriteFile(vmdk, disk, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := writeOVA(ova, "a", vmdk, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(ova)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // read only
	var names []string
	content := map[string][]byte{}
	for in := tar.NewReader(f); ; {
		header, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, header.Name)
		if content[header.Name], err = io.ReadAll(in); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(names, []string{"a.ovf", "a.mf", "a.vmdk"}) || !bytes.Equal(content["a.vmdk"], disk) {
		t.Errorf("in it are %q", names)
	}
	if want := fmt.Sprintf("SHA256(a.ovf)= %x\nSHA256(a.vmdk)= %x\n", sha256.Sum256(content["a.ovf"]), sha256.Sum256(disk)); string(content["a.mf"]) != want {
		t.Errorf("the manifest says %q, want %q", content["a.mf"], want)
	}
	var envelope struct {
		Files []struct {
			Href string `xml:"http://schemas.dmtf.org/ovf/envelope/1 href,attr"`
			Size int    `xml:"http://schemas.dmtf.org/ovf/envelope/1 size,attr"`
		} `xml:"References>File"`
		System struct {
			Properties []struct {
				Key  string `xml:"http://schemas.dmtf.org/ovf/envelope/1 key,attr"`
				Asks bool   `xml:"http://schemas.dmtf.org/ovf/envelope/1 userConfigurable,attr"`
			} `xml:"ProductSection>Property"`
			Hardware struct {
				Transport string `xml:"http://schemas.dmtf.org/ovf/envelope/1 transport,attr"`
			} `xml:"VirtualHardwareSection"`
		} `xml:"VirtualSystem"`
	}
	if err := xml.Unmarshal(content["a.ovf"], &envelope); err != nil {
		t.Fatal(err)
	}
	if len(envelope.Files) != 1 || envelope.Files[0].Href != "a.vmdk" || envelope.Files[0].Size != len(disk) || envelope.System.Hardware.Transport != "com.vmware.guestInfo" {
		t.Errorf("the description says %+v", envelope)
	}
	var keys []string
	for _, p := range envelope.System.Properties {
		if p.Asks {
			keys = append(keys, p.Key)
		}
	}
	if !slices.Equal(keys, []string{"public-keys", "hostname", "user-data"}) {
		t.Errorf("it asks for %q", keys)
	}
}
