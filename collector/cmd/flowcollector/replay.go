package main

import (
	"bufio"
	"errors"
	"fmt"
	"net/netip"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
	"github.com/flowstack/terraform-provider-flowstack/collector/replay"
)

func replayCommand() *cobra.Command {
	var o replay.Options
	var exporter, extra, elements string
	var lenient bool
	cmd := &cobra.Command{
		Use:   "replay FILE...",
		Short: "Print the flows of captures as NDJSON",
		Long: `Replay decodes the packets of NetFlow, IPFIX and sFlow in pcap and pcapng captures, and in files that are the payload of one UDP
packet each (*.dat), and prints one JSON document for each flow. Files are read in the order given, as if one exporter had
sent them one after the other, so a template file goes before its data file. A summary goes to standard error.

A packet that cannot be decoded is named with its file and number, and so is a capture that ends within a packet. Either makes the
exit status 1, unless --lenient is given; all that can be read is read.`,
		Example: `  flowcollector replay router.pcapng > flows.ndjson
  flowcollector replay template.dat data.dat`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			address, err := netip.ParseAddr(exporter)
			if err != nil {
				return fmt.Errorf("--exporter: %w", err)
			}
			o.Exporter = address
			if o.Dialect.Keep, err = flow.ParseKeep(extra); err != nil {
				return fmt.Errorf("--extra: %w", err)
			}
			registry := element.Builtin()
			if elements != "" {
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
	cmd.Flags().StringVar(&exporter, "exporter", "192.0.2.1", "address of the exporter for files that are a packet's payload")
	cmd.Flags().StringVar(&extra, "extra", "none", "fields without a place in the document to keep in flow.extra: none, known or all")
	cmd.Flags().StringVar(&elements, "elements", "", "YAML file of information elements to add to the registry")
	cmd.Flags().BoolVar(&lenient, "lenient", false, "exit with status 0 though packets or files could not be read")
	cmd.Flags().StringVar(&o.City, "geoip-city", "", "city database (.mmdb) to enrich with")
	cmd.Flags().StringVar(&o.ASN, "geoip-asn", "", "autonomous system database (.mmdb) to enrich with")
	return cmd
}
