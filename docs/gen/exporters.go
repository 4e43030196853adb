package main

import (
	"fmt"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

// exporters is the page about devices: what each can do, and an example.
func exporters() (string, error) {
	var b strings.Builder
	b.WriteString(`# Exporters

What to type on a router, a switch, a firewall or a host so that it sends its flows to the collector. ` + "`flowcollector exporter-config PLATFORM`" + ` prints it, and so does the data source
[` + "`flowstack_exporter_config`" + `](data-sources/exporter_config.md), for your interfaces and addresses; both say what takes it away again, and refuse what the platform cannot do.
This page is generated from ` + "`collector/exporterconfig`" + `.

    flowcollector exporter-config edgeos --collector 192.0.2.10 --interface eth0

Whatever the device:

- Flows that go on are reported every minute (` + "`active_timeout`" + `). Devices do so every half an hour by default, and graphs have peaks then.
- Templates are repeated every minute, where that can be set. Until they come nothing can be decoded; the collector keeps the data meanwhile.
- Ingress of all interfaces counts everything once.
- The device's clock is right. [Troubleshooting](troubleshooting.md) says what happens otherwise.

| platform | | sends | interfaces | sampling |
|---|---|---|---|---|
`)
	for i := range exporterconfig.Platforms {
		p := &exporterconfig.Platforms[i]
		fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s | %s | %s |\n", p.Name, p.Name, p.Title, words(p.Protocols), orNone(p.Example(), "all traffic"), orNone(p.Sampling(), "none"))
	}
	for i := range exporterconfig.Platforms {
		p := &exporterconfig.Platforms[i]
		r, err := exporterconfig.Render(p.Name, p.Usual("192.0.2.10"))
		if err != nil {
			return "", fmt.Errorf("unable to write the example for %s: %w", p.Name, err)
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s: %s, looks at %s.\n\n```\n%s```\n", p.Name, p.Title, words(p.Protocols), words(p.Directions), r.Configuration)
		if remarks := append(append([]string{}, r.Warnings...), r.Notes...); len(remarks) > 0 {
			b.WriteString("\n")
			for _, remark := range remarks {
				fmt.Fprintf(&b, "- %s\n", remark)
			}
		}
		b.WriteString("\nAfter ")
		for n, s := range p.Sources {
			if n > 0 {
				b.WriteString("; ")
			}
			fmt.Fprintf(&b, "[%s](%s)", s.Title, s.URL)
		}
		b.WriteString(".\n")
	}
	return b.String(), nil
}

func words[T ~string](all []T) string {
	texts := make([]string, 0, len(all))
	for _, one := range all {
		texts = append(texts, string(one))
	}
	return strings.Join(texts, ", ")
}

func orNone(text, none string) string {
	if text == "" {
		return none
	}
	return text
}
