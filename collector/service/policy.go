package service

import (
	"fmt"
	"net/netip"
	"os"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

// limits are the settings as the exporter tables want them.
func limits(c config.Exporters) exporter.Limits {
	allow := make([]netip.Prefix, 0, len(c.Allow))
	for _, text := range c.Allow {
		if network, err := config.ParseNetwork(text); err == nil { // checked when the settings were read
			allow = append(allow, network)
		}
	}
	return exporter.Limits{
		Exporters: c.Max, Templates: c.MaxTemplates, Fields: c.MaxFields, TemplateAllBytes: int(c.TemplateBytes),
		PendingBytes: int(c.PendingBytes), PendingAllBytes: int(c.PendingAllBytes),
		OptionRows: c.OptionRows, OptionAllBytes: int(c.OptionBytes),
		PacketsPerSecond: c.MaxPacketsPerSecond, Allow: allow,
	}
}

// policy is what the settings say about what exporters say. The error is about the file of information elements.
func policy(c config.Decode) (exporter.Policy, error) {
	p := exporter.Policy{
		Timestamp: map[string]exporter.Moment{"end": exporter.End, "start": exporter.Start, "export": exporter.Export, "receive": exporter.Receive}[c.TimestampSource],
		MaxSkew:   time.Duration(c.MaxClockSkew),
		Dialect:   flow.Dialect{Keep: map[string]flow.Keep{"none": flow.KeepNone, "known": flow.KeepKnown, "all": flow.KeepAll}[c.Extra]},
	}
	for _, list := range []struct {
		rates    []string
		override bool
	}{{c.Sampling, false}, {c.SamplingOverride, true}} {
		for _, text := range list.rates {
			if network, interval, err := config.ParseRate(text); err == nil { // checked when the settings were read
				p.Rates = append(p.Rates, exporter.Rate{Network: network, Interval: interval, Override: list.override})
			}
		}
	}
	elements := element.Builtin()
	if c.ElementsFile != "" {
		data, err := os.ReadFile(c.ElementsFile)
		if err == nil {
			elements, err = elements.Add(c.ElementsFile, data)
		}
		if err != nil {
			return exporter.Policy{}, fmt.Errorf("unable to use decode.elements_file: %w", err)
		}
	}
	p.Dialect.Elements = elements
	return p, nil
}
