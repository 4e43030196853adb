package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestPrograms: all that we hand on is of licences that let us.
func TestPrograms(t *testing.T) {
	t.Chdir("../..")
	modules, err := linked([]string{".", "./collector/cmd/flowcollector"})
	if err != nil {
		t.Fatal(err)
	}
	if len(modules) < 40 || slices.ContainsFunc(modules, func(m module) bool { return strings.Contains(m.Path, "flowstack") }) {
		t.Errorf("%d modules, ours must not be among them", len(modules))
	}
	var out bytes.Buffer
	if err := write(&out, modules); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nGo's standard library ", "\ngithub.com/spf13/cobra ", "The Go Authors", "Mozilla Public License, version 2.0", "github.com/prometheus/client_golang", ": NOTICE\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("there is no %q in it", want)
		}
	}
	if strings.Contains(out.String(), os.Getenv("HOME")+"/") {
		t.Error("it names files of this machine")
	}
}

func TestUnknownLicences(t *testing.T) {
	dir := t.TempDir()
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	one := []module{{Path: "example.net/one", Version: "v1.2.3", Dir: dir, folders: map[string]bool{dir: true}}}
	var out bytes.Buffer
	if err := write(&out, one); err == nil || err.Error() != "example.net/one v1.2.3 has no licence" {
		t.Error(err)
	}
	put("NOTICE", "Made by somebody.")
	put("license.go", "package license")
	if err := write(&out, one); err == nil || !strings.Contains(err.Error(), "has no licence") {
		t.Error(err)
	}
	put("COPYING", "You may use this on Sundays.")
	if err := write(&out, one); err == nil || !strings.Contains(err.Error(), "COPYING is of no licence") {
		t.Error(err)
	}
	if out.Len() > 0 {
		t.Errorf("it writes %s", &out)
	}
}

func TestRecognise(t *testing.T) {
	for text, want := range map[string][]string{
		"Apache License\n   Version 2.0, January 2004":                                                             {"Apache-2.0"},
		"Mozilla Public License, version 2.0" + strings.Repeat(" word", 100) + "GNU Affero General Public License": {"MPL-2.0"},
		"Permission is hereby granted, free of charge,\nto any person obtaining a copy":                            {"MIT"},
		"GNU GENERAL PUBLIC LICENSE\nVersion 3":                                                                    nil,
		"Business Source License 1.1 … Change License: Mozilla Public License, version 2.0":                        nil,
		"All rights reserved.": nil,
		"Permission is hereby granted, free of charge, to any person obtaining a copy. Commons Clause": nil,
	} {
		if got := recognise(text); !slices.Equal(got, want) {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
