package main

import (
	"fmt"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/elastiflow"
)

// imported is the reference page of the import: the table of options and the table of fields.
func imported() string {
	var b strings.Builder
	b.WriteString(`# ElastiFlow's settings and fields

What ` + "`flowcollector import-elastiflow`" + ` makes of each option of ElastiFlow's collector, and where its fields are here.
[Moving from ElastiFlow](elastiflow.md) is the guide. This page is generated from ` + "`collector/elastiflow`" + `.

## Settings

Options are named as in versions 6 and 7. An older name that differs is in brackets; those of version 5 are read too. An option whose part
is off (its ` + "`…_ENABLE`" + ` is not true) needs nothing, whatever it says.

| option | becomes | |
|---|---|---|
`)
	for _, o := range elastiflow.Options() {
		name := "`" + o.Name + "`"
		if len(o.Old) > 0 {
			name += " (`" + strings.Join(o.Old, "`, `") + "`)"
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", name, result(o), cell(o.Text))
	}
	b.WriteString(`
## Fields

ElastiFlow has two schemas: CODEX, its own and its default, and one in ECS. Ours is ECS; where the field here has the same name as in theirs, searches and visualisations keep working.
A field that is not in this list is there under its ECS name, if [documents](fields.md) have it.

| CODEX | ElastiFlow in ECS | here |
|---|---|---|
`)
	for _, f := range elastiflow.Fields() {
		here := "—"
		switch {
		case f.Ours == f.ECS:
			here = "the same"
		case f.Ours != "":
			here = "`" + f.Ours + "`"
		}
		fmt.Fprintf(&b, "| `%s` | `%s` | %s |\n", f.Codex, f.ECS, here)
	}
	return b.String()
}

func result(o elastiflow.Option) string {
	switch o.Class {
	case elastiflow.Translated:
		if len(o.To) == 0 {
			return "translated"
		}
		return "`" + strings.Join(o.To, "`, `") + "`"
	case elastiflow.SecretToKeep:
		return "credential `" + strings.Join(o.To, "`, `") + "`"
	case elastiflow.AsDefault, elastiflow.NotNeeded, elastiflow.NoEquivalent, elastiflow.Unknown:
	}
	return string(o.Class)
}
