package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/exporterconfig"
)

func exporterConfigCommand() *cobra.Command {
	var s exporterconfig.Settings
	var remove, asJSON bool
	cmd := &cobra.Command{
		Use:   "exporter-config PLATFORM --collector ADDRESS",
		Short: "Print what to type on a router so that it sends its flows here",
		Long: "Exporter-config prints the configuration with which a router, a switch, a firewall or a host sends its flows to a collector, or with --remove what takes it away again. " +
			"What the platform cannot do is refused. Warnings, notes and where the syntax is from go to standard error.\n\nPlatforms:\n" + platforms(),
		Example: `  flowcollector exporter-config edgeos --collector 192.0.2.10 --interface eth0
  flowcollector exporter-config cisco-ios-xe --collector 192.0.2.10 --interface Gi0/0/0 --interface Gi0/0/1 --source Loopback0
  flowcollector exporter-config juniper-mx --collector 192.0.2.10 --interface ge-0/0/0.0 --source 198.51.100.1 --sampling 1000
  flowcollector exporter-config openvswitch --collector 192.0.2.10 --interface br0 --protocol sflow --sampling 256`,
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.FixedCompletions(completions(), cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			r, err := exporterconfig.Render(args[0], s)
			if err != nil {
				return flagged(err)
			}
			if asJSON {
				return json.NewEncoder(cmd.OutOrStdout()).Encode(r)
			}
			remarks(cmd.ErrOrStderr(), r)
			text := r.Configuration
			if remove {
				text = r.Removal
			}
			_, err = io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.Collector, "collector", "", "address or name that flows are sent to")
	f.IntVar(&s.Port, "port", 0, "UDP port (2055)")
	f.StringArrayVar(&s.Interfaces, "interface", nil, "interface whose traffic is looked at, as the platform names it; once for each")
	f.StringVar((*string)(&s.Protocol), "protocol", "", "netflow5, netflow9, ipfix or sflow (the best that the platform has)")
	f.StringVar((*string)(&s.Direction), "direction", "", "ingress, egress or both")
	f.StringVar(&s.Source, "source", "", "address or interface that packets are sent from")
	f.Var(durationFlag{&s.Active}, "active-timeout", "how often flows that go on are reported (1m)")
	f.Var(durationFlag{&s.Inactive}, "inactive-timeout", "silence after which a flow has ended (15s)")
	f.Var(durationFlag{&s.Template}, "template-refresh", "how often templates are repeated (1m)")
	f.IntVar(&s.Sampling, "sampling", 0, "look at one packet of so many")
	f.IntVar(&s.Domain, "domain", 0, "observation domain, source id or engine id")
	f.IntVar(&s.MaxFlows, "max-flows", 0, "keep so many flows at a time (softflowd; its own are 8192)")
	f.StringVar(&s.Filter, "filter", "", "look at packets of a pcap-filter(7) expression only (softflowd)")
	f.StringVar((*string)(&s.Track), "track", "", "what makes a flow: ip, proto, full, vlan or ether (softflowd)")
	f.BoolVar(&remove, "remove", false, "print what takes it away again")
	f.BoolVar(&asJSON, "json", false, "print all of it as a JSON object")
	completeFlag(cmd, "protocol", cobra.ShellCompDirectiveNoFileComp, "netflow5", "netflow9", "ipfix", "sflow")
	completeFlag(cmd, "direction", cobra.ShellCompDirectiveNoFileComp, "ingress", "egress", "both")
	completeFlag(cmd, "track", cobra.ShellCompDirectiveNoFileComp, "ip", "proto", "full", "vlan", "ether")
	for _, name := range []string{"collector", "port", "interface", "source", "active-timeout", "inactive-timeout", "template-refresh", "sampling", "domain", "max-flows", "filter"} {
		completeFlag(cmd, name, cobra.ShellCompDirectiveNoFileComp)
	}
	if err := cmd.MarkFlagRequired("collector"); err != nil {
		panic(err) // it is there
	}
	return cmd
}

func platforms() string {
	var b strings.Builder
	for i := range exporterconfig.Platforms {
		p := &exporterconfig.Platforms[i]
		fmt.Fprintf(&b, "  %-14s %s\n", p.Name, p.Title)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func completions() []cobra.Completion {
	all := make([]cobra.Completion, 0, len(exporterconfig.Platforms))
	for i := range exporterconfig.Platforms {
		all = append(all, cobra.CompletionWithDesc(exporterconfig.Platforms[i].Name, exporterconfig.Platforms[i].Title))
	}
	return all
}

// flagged names the flag of a setting that cannot be.
func flagged(err error) error {
	var wrong *exporterconfig.SettingError
	if !errors.As(err, &wrong) || wrong.Setting == "platform" {
		return err
	}
	name := strings.ReplaceAll(wrong.Setting, "_", "-")
	if name == "interfaces" {
		name = "interface"
	}
	return fmt.Errorf("--%s: %s", name, wrong.Problem)
}

// remarks are for people, beside what is to be pasted.
func remarks(out io.Writer, r exporterconfig.Result) {
	for _, w := range r.Warnings {
		fmt.Fprintln(out, "warning:", w)
	}
	for _, n := range r.Notes {
		fmt.Fprintln(out, "note:", n)
	}
	for _, s := range r.Sources {
		fmt.Fprintf(out, "source: %s, %s\n", s.Title, s.URL)
	}
}
