package service

import (
	"fmt"
	"net/netip"
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
		Exporters: c.Max, PerAddress: c.MaxPerAddress, Templates: c.MaxTemplates, Fields: c.MaxFields, TemplateAllBytes: int(c.TemplateBytes),
		PendingBytes: int(c.PendingBytes), PendingAllBytes: int(c.PendingAllBytes), PendingMaxAge: time.Duration(c.PendingMaxAge),
		OptionRows: c.OptionRows, OptionAllBytes: int(c.OptionBytes),
		PacketsPerSecond: c.MaxPacketsPerSecond, Allow: allow,
	}
}

// moments are the values of decode.timestamp_source.
var moments = map[string]exporter.Moment{"end": exporter.End, "start": exporter.Start, "export": exporter.Export, "receive": exporter.Receive}

// policy is what the settings, which were checked when they were read, say about what exporters say. The error is about the file of
// information elements.
func policy(c config.Decode) (exporter.Policy, error) {
	keep, err := flow.ParseKeep(c.Extra)
	if err != nil {
		return exporter.Policy{}, fmt.Errorf("decode.extra: %w", err)
	}
	elements := element.Builtin()
	if c.ElementsFile != "" {
		if elements, err = elements.AddFile(c.ElementsFile); err != nil {
			return exporter.Policy{}, fmt.Errorf("unable to use decode.elements_file: %w", err)
		}
	}
	p := exporter.Policy{
		Timestamp: moments[c.TimestampSource], MaxSkew: time.Duration(c.MaxClockSkew), Dialect: flow.Dialect{Elements: elements, Keep: keep},
	}
	p.Rates = append(rates(c.Sampling, false), rates(c.SamplingOverride, true)...)
	return p, nil
}

func rates(list []string, override bool) (rates []exporter.Rate) {
	for _, text := range list {
		if network, interval, err := config.ParseRate(text); err == nil {
			rates = append(rates, exporter.Rate{Network: network, Interval: interval, Override: override})
		}
	}
	return rates
}
