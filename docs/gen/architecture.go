package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/tools/block"
)

const module = "github.com/flowstack/terraform-provider-flowstack/"

// wings are the three parts of the house.
var wings = []string{"collector", "appliance", "provider"}

// architecture draws the packages and their imports into the page: what it shows is what the code is.
func architecture(directory string) error {
	packages, err := listPackages()
	if err != nil {
		return err
	}
	page := filepath.Join(directory, "architecture.md")
	for _, w := range wings {
		if err := block.Replace(page, w, drawing(w, packages)+"\n"+contents(w, packages)); err != nil {
			return err
		}
	}
	return nil
}

// goPackage is what `go list -json` says of a package.
type goPackage struct {
	ImportPath, Doc string
	Imports         []string
}

// listPackages returns the product's packages by their folder, with imports of each other only. Programs and what tests alone use are left out.
func listPackages() (map[string]goPackage, error) {
	cmd := exec.CommandContext(context.Background(), "go", "list", "-json=ImportPath,Doc,Imports", "./appliance/...", "./collector/...", "./provider/...")
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("unable to list the packages: %w", err)
	}
	packages := map[string]goPackage{}
	for d := json.NewDecoder(bytes.NewReader(text)); ; {
		var p goPackage
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, fmt.Errorf("unable to read the list of packages: %w", err)
		}
		folder := strings.TrimPrefix(p.ImportPath, module)
		if p.Doc == "" || strings.HasSuffix(folder, "test") || strings.HasSuffix(folder, "fake") || folder == "provider/cmd/schema" || folder == "appliance/cmd/dashboards" {
			continue
		}
		packages[folder] = p
	}
	for folder, p := range packages {
		own := p.Imports[:0]
		for _, i := range p.Imports {
			if name := strings.TrimPrefix(i, module); name != i && packages[name].Doc != "" {
				own = append(own, name)
			}
		}
		p.Imports = own
		packages[folder] = p
	}
	return packages, nil
}

// drawing is a picture, in Mermaid's language, of a wing: an arrow leads to what a package imports, unless it imports that by way of another as well.
func drawing(wing string, packages map[string]goPackage) string {
	var b strings.Builder
	b.WriteString("```mermaid\nflowchart LR\n")
	in := func(folder string) bool { return folder == wing || strings.HasPrefix(folder, wing+"/") }
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		if !in(folder) {
			continue
		}
		for _, i := range packages[folder].Imports {
			if in(i) && !slices.ContainsFunc(packages[folder].Imports, func(other string) bool { return other != i && in(other) && reaches(packages, other, i) }) {
				fmt.Fprintf(&b, "  %s --> %s\n", node(wing, folder), node(wing, i))
			}
		}
	}
	b.WriteString("```\n")
	return b.String()
}

// node names a package in the picture.
func node(wing, folder string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(folder, wing), "/")
	if name == "" {
		return wing
	}
	if id := strings.ReplaceAll(name, "/", "_"); id != name {
		return fmt.Sprintf("%s[%q]", id, name)
	}
	return name
}

// reaches says whether a package imports another, directly or by way of others.
func reaches(packages map[string]goPackage, from, to string) bool {
	return slices.ContainsFunc(packages[from].Imports, func(i string) bool { return i == to || reaches(packages, i, to) })
}

// contents is the table of a wing's packages: what each is, and what it takes from the other wings.
func contents(wing string, packages map[string]goPackage) string {
	var b strings.Builder
	b.WriteString("| package | what it is | from other wings |\n|---|---|---|\n")
	for _, folder := range slices.Sorted(maps.Keys(packages)) {
		if folder != wing && !strings.HasPrefix(folder, wing+"/") {
			continue
		}
		var others []string
		for _, i := range packages[folder].Imports {
			if !strings.HasPrefix(i, wing+"/") && i != wing {
				others = append(others, "`"+i+"`")
			}
		}
		fmt.Fprintf(&b, "| [`%s`](../%s) | %s | %s |\n", folder, folder, cell(sentence(packages[folder].Doc)), strings.Join(others, ", "))
	}
	return b.String()
}

// sentence is what a package's comment says after "Package x is".
func sentence(doc string) string {
	if words := strings.SplitN(doc, " ", 3); len(words) == 3 && words[0] == "Package" {
		doc = words[2]
	}
	for _, verb := range []string{"is ", "are "} {
		if rest, is := strings.CutPrefix(doc, verb); is {
			doc = rest
		}
	}
	return doc
}
