package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/replay"
)

func replayCommand() *cobra.Command {
	var o replay.Options
	var settings, exporter string
	var lenient bool
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Print the flows of captures as NDJSON",
		Long: `Replay decodes the packets of NetFlow, IPFIX and sFlow in pcap and pcapng captures, and in files that are the payload of one UDP
packet each (*.dat), and prints one JSON document for each flow. Files are read in the order given, as if one exporter had
sent them one after the other, so a template file goes before its data file. A summary goes to standard error.

What is added to flows, and which fields are printed, is as in the settings file, or as in one that is empty; nobody is asked for
names by SNMP or DNS.

A packet that cannot be decoded is named with its file and number, and so is a capture that ends within a packet. Either makes the
exit status 1, unless --lenient is given; all that can be read is read.`,
		Example: `  flowcollector replay router.pcapng > flows.ndjson
  flowcollector replay template.dat data.dat`,
		Args:              cobra.MinimumNArgs(1),
		ValidArgsFunction: completeFiles(math.MaxInt, "pcap", "pcapng", "dat"),
		RunE: func(cmd *cobra.Command, files []string) error {
			address, err := netip.ParseAddr(exporter)
			if err != nil {
				return fmt.Errorf("--exporter: %w", err)
			}
			o.Exporter = address
			cfg := config.Default()
			if settings != "" {
				cfg, err = load(settings)
				if err = mistakes(cmd, settings, err); err != nil {
					return err
				}
			}
			for flag, to := range map[string]*string{"extra": &cfg.Decode.Extra, "elements": &cfg.Decode.ElementsFile, "geoip-city": &cfg.Enrich.GeoIP.City, "geoip-asn": &cfg.Enrich.GeoIP.ASN} {
				if cmd.Flags().Changed(flag) {
					*to, _ = cmd.Flags().GetString(flag) // it is a string
				}
			}
			o.Enrich, o.Document = cfg.Enrich, cfg.Document
			if o.Dialect.Keep, err = flow.ParseKeep(cfg.Decode.Extra); err != nil {
				return fmt.Errorf("--extra: %w", err)
			}
			registry := element.Builtin()
			if elements := cfg.Decode.ElementsFile; elements != "" {
				registry, err = registry.AddFile(elements)
				if err = mistakes(cmd, elements, err); err != nil {
					return err
				}
			}
			o.Dialect.Elements = registry
			o.Report = func(problem error) { fmt.Fprintln(cmd.ErrOrStderr(), "flowcollector:", problem) }
			out := bufio.NewWriterSize(cmd.OutOrStdout(), 1<<16)
			summary, err := replay.Files(cmd.Context(), out, files, o)
			if err = errors.Join(err, out.Flush()); err != nil {
				return err
			}
			fmt.Fprintln(cmd.ErrOrStderr(), summary)
			switch {
			case lenient:
				return nil
			case summary.Unread > 0:
				return fmt.Errorf("%d files were not read, or not to their end", summary.Unread)
			case summary.Failed > 0:
				return fmt.Errorf("%d packets were not decoded, or not fully", summary.Failed)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&settings, "config", "c", "", "settings file to take decode.extra, decode.elements_file, enrich and document from")
	cmd.Flags().StringVar(&exporter, "exporter", "192.0.2.1", "address of the exporter for files that are a packet's payload")
	cmd.Flags().String("extra", "none", "fields without a place in the document to keep in flow.extra: none, known or all")
	cmd.Flags().String("elements", "", "YAML file of information elements to add to the registry")
	cmd.Flags().BoolVar(&lenient, "lenient", false, "exit with status 0 though packets or files could not be read")
	cmd.Flags().String("geoip-city", "", "city database (.mmdb) to enrich with")
	cmd.Flags().String("geoip-asn", "", "autonomous system database (.mmdb) to enrich with")
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "elements", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "extra", cobra.ShellCompDirectiveNoFileComp, "none", "known", "all")
	completeFlag(cmd, "exporter", cobra.ShellCompDirectiveNoFileComp)
	completeFlag(cmd, "geoip-city", cobra.ShellCompDirectiveFilterFileExt, "mmdb")
	completeFlag(cmd, "geoip-asn", cobra.ShellCompDirectiveFilterFileExt, "mmdb")
	return cmd
}
