package conformance_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/replay"
)

// TestGolden holds the documents that the captures in this repository become: received when they were captured, enriched with nothing.
func TestGolden(t *testing.T) {
	folder := filepath.Join("..", "testdata", "golden")
	if *update {
		if err := os.RemoveAll(folder); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	all := fixtures(t)
	for _, in := range all {
		t.Run(in.name, func(t *testing.T) {
			var got bytes.Buffer
			if _, err := replay.Files(t.Context(), &got, []string{in.file}, replay.Options{Enrich: config.Default().Enrich, Document: config.Document{Profile: "all"}}); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(folder, in.name+".ndjson")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatalf("%v: go test ./collector/conformance -update", err)
			}
			compareLines(t, file, got.Bytes(), want)
		})
	}
	if files, err := os.ReadDir(folder); err != nil || len(files) != len(all) {
		t.Errorf("%d golden files for %d captures, %v", len(files), len(all), err)
	}
}

func compareLines(t *testing.T, file string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	a, b := bytes.Split(got, []byte("\n")), bytes.Split(want, []byte("\n"))
	for i := range min(len(a), len(b)) {
		if !bytes.Equal(a[i], b[i]) {
			t.Errorf("%s, line %d:\n got %s\nwant %s\nIf that is right: go test ./collector/conformance -update", file, i+1, a[i], b[i])
			return
		}
	}
	t.Errorf("%s: %d lines, want %d: go test ./collector/conformance -update", file, len(a), len(b))
}
