package exporter

import (
	"net/netip"
	"time"
)

// Limits bound what exporters can make the collector remember. NetFlow over UDP is not authenticated: whoever can send packets
// can invent exporters and templates. A zero means the default. Each is counted where it is reached (Stats, Snapshot).
type Limits struct {
	Exporters        int // sources (address, session, format and domain) remembered at once; default 10000
	PerAddress       int // of these, of one address; default 256
	Templates        int // templates of one source; default 1024
	Fields           int // fields of one template; default 512
	TemplateAllBytes int // memory for the templates of all sources together, of which one may have an eighth; default 64 MiB
	PendingBytes     int // memory for data sets of one source that wait for their template; default 1 MiB
	PendingAllBytes  int // the same for all sources together; default 64 MiB
	OptionRows       int // interfaces, applications, samplers and other things that a device may describe; default 16384
	OptionAllBytes   int // memory for what all devices describe together; default 64 MiB

	PendingMaxAge    time.Duration  // how long data sets wait for their template; default one hour
	PacketsPerSecond int            // packets of one address; 0: as many as it likes
	Allow            []netip.Prefix // who may send; empty: everybody
}

func (l Limits) withDefaults() Limits {
	for _, d := range []struct {
		value    *int
		fallback int
	}{
		{&l.Exporters, 10000},
		{&l.PerAddress, 256},
		{&l.Templates, 1024},
		{&l.Fields, 512},
		{&l.TemplateAllBytes, 64 << 20},
		{&l.PendingBytes, 1 << 20},
		{&l.PendingAllBytes, 64 << 20},
		{&l.OptionRows, 16384},
		{&l.OptionAllBytes, 64 << 20},
	} {
		if *d.value <= 0 {
			*d.value = d.fallback
		}
	}
	if l.PendingMaxAge <= 0 {
		l.PendingMaxAge = time.Hour
	}
	return l
}
