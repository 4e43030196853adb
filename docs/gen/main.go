// Gen writes the reference pages that come from the code: the document fields, the settings, the information elements, what becomes of the settings of ElastiFlow, what
// to type on exporters, and the pictures of the architecture.
//
//	go run ./docs/gen DIRECTORY
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIRECTORY")
		os.Exit(2)
	}
	registry, err := elements()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	devices, err := exporters()
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
	pages := map[string]string{
		"fields.md": fields(), "settings.md": settings(), "elements.md": registry, "elastiflow-reference.md": imported(), "exporters.md": devices,
	}
	for name, page := range pages {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), []byte(page), 0o644); err != nil { //nolint:gosec // documentation is for everybody
			fmt.Fprintln(os.Stderr, "gen:", err)
			os.Exit(1)
		}
	}
	if err := architecture(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func fields() string {
	var b strings.Builder
	b.WriteString(`# Document fields

One document is one flow record. Names are those of the [Elastic Common Schema](https://www.elastic.co/guide/en/ecs/1.12/index.html) 1.12 where it has
one, ` + "`flow.*`" + ` where it has none. A field that the exporter did not report is absent from the document. This page is generated from
` + "`collector/schema`" + `, the table that also makes the JSON encoder and the index template.

Search and aggregate say what Elasticsearch can do with a field; searches return the value of every one. The profile is the smallest
one that has the field: of ` + "`lean`, `full` and `all`" + `, each has what the ones before it have. ` + "`document.with`" + ` and ` + "`document.without`" + ` change
that field by field. Since is the version of the table that had the field first, with the meaning that it has; this is version ` + strconv.Itoa(schema.Version) + `.

| field | type | search | aggregate | profile | source | since | meaning |
|---|---|---|---|---|---|---|---|
`)
	for _, f := range schema.Fields {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s | %d | %s |\n",
			f.Name, f.Type, yes(f.Index), yes(f.DocValues), f.Tier, cell(f.Source), f.Since, cell(f.Description))
	}
	b.WriteString(`
## Health

Documents of a collector about itself, at intervals, where ` + "`output.elasticsearch.health.index`" + ` is set ([dashboards](dashboards.md#what-collectors-say-about-themselves)). A counter is since
the document before of the same exporter, listener or output, so that it can be added up over any time; a gauge is as it was then.

| field | type | search | aggregate | source | meaning |
|---|---|---|---|---|---|
`)
	for _, f := range schema.Health.Fields {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.Name, f.Type, yes(f.Index), yes(f.DocValues), cell(f.Source), cell(f.Description))
	}
	return b.String()
}

func yes(is bool) string {
	if is {
		return "yes"
	}
	return "no"
}

func settings() string {
	var b strings.Builder
	b.WriteString(`# Collector settings

Dotted, these are the keys of ` + "`settings`" + ` in ` + "`flowstack_collector`" + `; as a tree, they are ` + "`/etc/flowcollector/flowcollector.yml`" + `. ` + "`flowcollector check FILE`" + `
names every mistake in a file at once, with line and column. A change takes effect with ` + "`systemctl reload flowcollector`" + `, unless the meaning says that
it needs a restart. This page is generated from ` + "`collector/config`" + `.

| setting | type | default | meaning |
|---|---|---|---|
`)
	for _, k := range config.Keys() {
		value := "—"
		if k.Default != "" {
			value = "`" + k.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Key, k.Type, value, cell(k.Description)+needs(k))
	}
	return b.String()
}

// needs says what a change needs beyond a reload.
func needs(k config.KeyInfo) string {
	if k.Restart {
		return " **A change needs a restart of the service.**"
	}
	return ""
}

// cell keeps a text inside one cell of a Markdown table.
func cell(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|", `\|`), "\n", " ")
}
