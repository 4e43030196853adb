package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
	"github.com/flowstack/terraform-provider-flowstack/collector/service"
)

// flowsOptions are the flags of the command, as they are written.
type flowsOptions struct {
	settings, directory                                string
	address, source, destination, exporter             string
	protocol, country, application, order, from, until string
	top                                                string
	port                                               uint16
	as                                                 uint32
	limit, offset                                      int
	since, timeout                                     time.Duration
	json                                               bool
}

func flowsCommand() *cobra.Command {
	var o flowsOptions
	cmd := &cobra.Command{
		Use:   "flows",
		Short: "Search the recent flows",
		Long: `Flows searches what the collector keeps of recent flows (output.recent), while it runs or not, and prints the newest first. Every flag narrows
the search; --address, --port, --as and --country are those of either side. With --top it adds up flows by what they have in common, and prints what has
the most flows, or with --order the most bytes or packets, of each. How many flows there are in all goes to standard error.

The directory is that of the settings file, or /var/lib/flowcollector/recent where it names none. Nothing is changed in it.`,
		Example: `  flowcollector flows --since 15m
  flowcollector flows --address 192.0.2.0/24 --port 443 --since 1h --limit 50
  flowcollector flows --source 2001:db8::/32 --protocol udp --order bytes
  flowcollector flows --from 2026-09-21T14:00:00Z --to 2026-09-21T15:00:00Z --as 64500
  flowcollector flows --top source --order bytes --since 1h
  flowcollector flows --application dns --json | jq .source.ip`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q, err := o.query(time.Now())
			if err != nil {
				return err
			}
			directory, err := o.place(cmd.Flags().Changed("config"))
			if err != nil {
				return err
			}
			if _, err := os.ReadDir(directory); err != nil {
				return fmt.Errorf("unable to read the recent flows: %w", err)
			}
			store, out := recent.Open(directory), bufio.NewWriter(cmd.OutOrStdout())
			if o.top != "" {
				return o.printTop(cmd, store, q, out)
			}
			result, err := store.Search(cmd.Context(), q)
			if err != nil {
				return err
			}
			if o.json {
				err = flowsJSON(out, result.Flows)
			} else {
				err = flowsTable(out, result.Flows)
			}
			if err := errors.Join(err, out.Flush()); err != nil {
				return err
			}
			return flowsSummary(cmd.ErrOrStderr(), &q, summary{
				"flows", len(result.Flows), result.Sums, result.Oldest, result.Newest, result.Partial, result.Problem, result.Searched, result.Segments,
			})
		},
	}
	f := cmd.Flags()
	f.StringVarP(&o.settings, "config", "c", DefaultFile, "settings file that says where the flows are")
	f.StringVar(&o.directory, "directory", "", "directory of the flows, whatever the settings say")
	f.StringVar(&o.address, "address", "", "network or address of either side")
	f.StringVar(&o.source, "source", "", "network or address of the source")
	f.StringVar(&o.destination, "destination", "", "network or address of the destination")
	f.Uint16Var(&o.port, "port", 0, "port of either side")
	f.StringVar(&o.protocol, "protocol", "", "transport protocol: its keyword, such as tcp, or its number")
	f.StringVar(&o.exporter, "exporter", "", "address of the exporter")
	f.Uint32Var(&o.as, "as", 0, "autonomous system of either side")
	f.StringVar(&o.country, "country", "", "country of either side, such as AT")
	f.StringVar(&o.application, "application", "", "application, such as https")
	f.Var(durationFlag{&o.since}, "since", "flows of this time until now, such as 15m or 30d")
	f.StringVar(&o.from, "from", "", "flows since this time, such as 2026-09-21T14:00:00Z")
	f.StringVar(&o.until, "to", "", "flows before this time")
	f.StringVar(&o.order, "order", recent.Newest.String(), "what comes first: newest, bytes or packets")
	f.IntVar(&o.limit, "limit", recent.DefaultLimit, "flows printed at most")
	f.IntVar(&o.offset, "offset", 0, "flows left out at the beginning")
	o.timeout = 30 * time.Second
	f.Var(durationFlag{&o.timeout}, "timeout", "time after which the search ends with what it has")
	f.BoolVar(&o.json, "json", false, "print the whole documents, one a line")
	cmd.MarkFlagsMutuallyExclusive("since", "from")
	f.StringVar(&o.top, "top", "", "print sums instead of flows, by "+strings.Join(recent.Dimensions(), ", "))
	completeFlag(cmd, "config", cobra.ShellCompDirectiveFilterFileExt, settingsFiles...)
	completeFlag(cmd, "directory", cobra.ShellCompDirectiveFilterDirs)
	for name, values := range map[string][]string{
		"order":    {recent.Newest.String(), recent.Octets.String(), recent.Packets.String()},
		"protocol": {"tcp", "udp", "icmp", "ipv6-icmp", "sctp", "gre", "esp"},
		"top":      recent.Dimensions(),
		"since":    {"5m", "15m", "1h", "6h", "24h"},
		"address":  nil, "source": nil, "destination": nil, "port": nil, "exporter": nil, "as": nil, "country": nil, "application": nil,
		"from": nil, "to": nil, "limit": nil, "offset": nil, "timeout": nil,
	} {
		completeFlag(cmd, name, cobra.ShellCompDirectiveNoFileComp, values...)
	}
	return cmd
}

// query reads the flags.
func (o *flowsOptions) query(now time.Time) (recent.Query, error) {
	q := recent.Query{
		Port: o.port, AS: o.as, Country: o.country, Application: o.application, Limit: o.limit, Offset: o.offset, Budget: o.timeout,
	}
	var failed []error
	fail := func(flag string, err error) {
		if err != nil {
			failed = append(failed, fmt.Errorf("--%s: %w", flag, err))
		}
	}
	for _, n := range []struct {
		flag, text string
		into       *netip.Prefix
	}{{"address", o.address, &q.Either}, {"source", o.source, &q.Source}, {"destination", o.destination, &q.Destination}} {
		if n.text != "" {
			var err error
			*n.into, err = config.ParseNetwork(n.text)
			fail(n.flag, err)
		}
	}
	for _, t := range []struct {
		flag, text string
		into       *time.Time
	}{{"from", o.from, &q.From}, {"to", o.until, &q.To}} {
		if t.text != "" {
			var err error
			*t.into, err = parseTime(t.text)
			fail(t.flag, err)
		}
	}
	if o.since < 0 {
		fail("since", fmt.Errorf("%s is negative", o.since))
	} else if o.since > 0 {
		q.From = now.Add(-o.since)
	}
	if o.exporter != "" {
		var err error
		if q.Exporter, err = netip.ParseAddr(o.exporter); err != nil {
			fail("exporter", fmt.Errorf("%q is not an address", o.exporter))
		}
	}
	if o.protocol != "" {
		var err error
		q.Protocol, err = schema.ParseProtocol(o.protocol)
		fail("protocol", err)
	}
	var err error
	q.Order, err = recent.ParseOrder(o.order)
	fail("order", err)
	if o.limit < 1 {
		fail("limit", errors.New("must be at least 1"))
	}
	return q, errors.Join(failed...)
}

// parseTime reads a time with its zone, or one of this machine's zone.
func parseTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, form := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(form, text, time.Local); err == nil { //nolint:gosmopolitan // what people at this machine mean
			return t, nil
		}
	}
	return time.Time{}, fmt.Errorf("%q is not a time; write it like 2026-09-21T14:00:00Z, or 2026-09-21 14:00", text)
}

// systemDirectory is where systemd gives the service its state directory, which it tells the service alone.
const systemDirectory = "/var/lib/flowcollector/recent"

// place is the directory to search. A settings file that nobody named may be absent.
func (o *flowsOptions) place(named bool) (string, error) {
	if o.directory != "" {
		return o.directory, nil
	}
	cfg, err := load(o.settings)
	if errors.Is(err, fs.ErrNotExist) && !named {
		cfg, err = config.Default(), nil
	}
	if err != nil {
		return "", err
	}
	if directory := service.RecentDirectory(cfg); directory != "" {
		return directory, nil
	}
	return systemDirectory, nil
}

func flowsJSON(w io.Writer, flows []recent.Flow) error {
	for _, f := range flows {
		if _, err := fmt.Fprintf(w, "%s\n", f.Document); err != nil {
			return err
		}
	}
	return nil
}

func flowsTable(w io.Writer, flows []recent.Flow) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TIME\tEXPORTER\tPROTOCOL\tSOURCE\tDESTINATION\tAPPLICATION\tBYTES\tPACKETS")
	for _, f := range flows {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\n", f.Time.Local().Format("2006-01-02 15:04:05.000"), known(f.Exporter),
			printable(f.Transport, "-"), endpoint(f.Source), endpoint(f.Destination), printable(f.Application, "-"), f.Octets, f.Packets)
	}
	return table.Flush()
}

// printTop prints groups of flows.
func (o *flowsOptions) printTop(cmd *cobra.Command, store *recent.Store, q recent.Query, out *bufio.Writer) error {
	by, err := recent.ParseDimension(o.top)
	if err != nil {
		return fmt.Errorf("--top: %w", err)
	}
	found, err := store.Top(cmd.Context(), q, by)
	if err != nil {
		return err
	}
	if o.json {
		err = groupsJSON(out, found.Groups)
	} else {
		err = groupsTable(out, strings.ToUpper(o.top), found.Groups)
	}
	if err := errors.Join(err, out.Flush()); err != nil {
		return err
	}
	return flowsSummary(cmd.ErrOrStderr(), &q, summary{
		"groups", len(found.Groups), found.Sums, found.Oldest, found.Newest, found.Partial, found.Problem, found.Searched, found.Segments,
	})
}

func groupsJSON(w io.Writer, groups []recent.Group) error {
	encoder := json.NewEncoder(w)
	for _, g := range groups {
		if err := encoder.Encode(struct {
			Key     string `json:"key"`
			Flows   uint64 `json:"flows"`
			Bytes   uint64 `json:"bytes"`
			Packets uint64 `json:"packets"`
		}{g.Key, g.Flows, g.Octets, g.Packets}); err != nil {
			return err
		}
	}
	return nil
}

func groupsTable(w io.Writer, title string, groups []recent.Group) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "%s\tFLOWS\tBYTES\tPACKETS\n", title)
	for _, g := range groups {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\n", printable(g.Key, "-"), g.Flows, g.Octets, g.Packets)
	}
	return table.Flush()
}

func known(a netip.Addr) string {
	if !a.IsValid() {
		return "-"
	}
	return a.String()
}

// endpoint is an address with its port, if it has one.
func endpoint(s recent.Side) string {
	if !s.Address.IsValid() || s.Port == 0 {
		return known(s.Address)
	}
	return netip.AddrPortFrom(s.Address, s.Port).String()
}

// printable is text that came over the network, without what a terminal would obey.
func printable(text, empty string) string {
	if text == "" {
		return empty
	}
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return '?'
		}
		return r
	}, text)
}

// summary is what is said of a search besides what it found.
type summary struct {
	noun               string
	printed            int
	sums               recent.Sums
	oldest, newest     time.Time
	partial            bool
	problem            error
	searched, segments int
}

// flowsSummary says what else there is, and what is missing.
func flowsSummary(w io.Writer, q *recent.Query, r summary) error {
	if r.oldest.IsZero() && !r.partial {
		_, err := fmt.Fprintln(w, "there are no recent flows")
		return err
	}
	if r.printed == 1 {
		r.noun = strings.TrimSuffix(r.noun, "s")
	}
	fmt.Fprintf(w, "%d %s", r.printed, r.noun)
	if q.Offset > 0 {
		fmt.Fprintf(w, ", after the first %d", q.Offset)
	}
	fmt.Fprintf(w, "; in all %d flows, %d bytes, %d packets", r.sums.Flows, r.sums.Octets, r.sums.Packets)
	if !r.oldest.IsZero() {
		fmt.Fprintf(w, "; the store has flows from %s to %s", r.oldest.Local().Format(time.RFC3339), r.newest.Local().Format(time.RFC3339))
	}
	fmt.Fprintln(w)
	if r.problem != nil {
		fmt.Fprintln(w, "warning:", r.problem)
	}
	if r.partial {
		fmt.Fprintf(w, "warning: this is not all: %d of %d files were searched, the newest first\n", r.searched, r.segments)
	}
	return nil
}
