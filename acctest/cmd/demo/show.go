package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// show goes through the chain link by link.
func show(ctx context.Context, c *chain.Chain, repository string) error {
	before, err := c.Host.List(ctx)
	if err != nil {
		return err
	}
	step("tofu apply of %s, over SSH to %s", filepath.Join(repository, "examples", "complete"), c.Host.Address)
	c.Tofu.Log = detail
	if err := c.Tofu.Apply(ctx); err != nil {
		return err
	}
	plan, err := c.Tofu.Plan(ctx)
	if err != nil {
		return err
	}
	if len(plan.Changes) > 0 {
		return fmt.Errorf("the second plan would change %v", slices.Collect(maps.Keys(plan.Changes)))
	}
	detail("a second plan finds nothing to do")

	step("softflowd meters traffic and exports NetFlow v9")
	sent, err := export(ctx, c)
	if err != nil {
		return err
	}
	step("Reading the flows back from Elasticsearch")
	found, err := readBack(ctx, c, sent)
	if err != nil {
		return err
	}
	fmt.Println()
	if err := table(found); err != nil {
		return err
	}
	packets, bytes := total(found)
	fmt.Printf("\n    %d address pairs, %d packets, %d bytes: to the byte what the generator sent.\n", len(found), packets, bytes)

	step("What the apply changed on the host")
	after, err := c.Host.List(ctx)
	if err != nil {
		return err
	}
	for _, difference := range before.Differences(after) {
		if !strings.Contains(difference, " digest ") { // the files are listed themselves
			detail("%s", difference)
		}
	}
	return nil
}

func export(ctx context.Context, c *chain.Chain) (map[acctest.Pair]acctest.Sums, error) {
	exporter, err := acctest.StartExporter(ctx, c.Host, []string{"127.0.0.1:2055"}, "9")
	if err != nil {
		return nil, err
	}
	sent, err := exporter.Send(ctx, acctest.Traffic{Conversations: 120})
	if err == nil {
		err = exporter.Flush(ctx)
	}
	if err != nil {
		_ = exporter.Stop(context.WithoutCancel(ctx)) // the first error is the one to see
		return nil, err
	}
	packets, bytes := total(sent)
	detail("%d packets, %d bytes between %d pairs of addresses", packets, bytes, len(sent))
	return sent, exporter.Stop(ctx)
}

// readBack waits until what was sent has arrived.
func readBack(ctx context.Context, c *chain.Chain, sent map[acctest.Pair]acctest.Sums) (map[acctest.Pair]acctest.Sums, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, time.Minute, errors.New("the flows did not all arrive"))
	defer cancel()
	for {
		found, err := c.Elasticsearch.PairSums(ctx, "flows")
		if err == nil && maps.Equal(found, sent) {
			return found, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(fmt.Errorf("%w: %d of %d pairs are in Elasticsearch", context.Cause(ctx), len(found), len(sent)), err)
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// table prints the ten pairs that exchanged most.
func table(found map[acctest.Pair]acctest.Sums) error {
	pairs := slices.SortedFunc(maps.Keys(found), func(a, b acctest.Pair) int {
		return cmp.Or(cmp.Compare(found[b].Bytes, found[a].Bytes), a.Source.Compare(b.Source), a.Destination.Compare(b.Destination))
	})
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "    SOURCE\tDESTINATION\tPACKETS\tBYTES\t")
	top := found[pairs[0]].Bytes
	for _, p := range pairs[:min(10, len(pairs))] {
		s := found[p]
		fmt.Fprintf(w, "    %s\t%s\t%d\t%d\t%s\n", p.Source, p.Destination, s.Packets, s.Bytes, strings.Repeat("▇", int(1+s.Bytes*29/top)))
	}
	return w.Flush()
}

func total(sums map[acctest.Pair]acctest.Sums) (packets, bytes uint64) {
	for _, s := range sums {
		packets += s.Packets
		bytes += s.Bytes
	}
	return packets, bytes
}

// howToLook leaves keys and certificates in the workspace and says what to do with them.
func howToLook(c *chain.Chain) error {
	key, ca := filepath.Join(c.Tofu.Dir, "id_ed25519"), filepath.Join(c.Tofu.Dir, "ca.crt")
	for file, content := range map[string][]byte{key: c.Host.PrivateKey, ca: c.Elasticsearch.CA} {
		if err := os.WriteFile(file, content, 0o600); err != nil {
			return err
		}
	}
	known := filepath.Join(c.Tofu.Dir, "known_hosts")
	if err := os.WriteFile(known, []byte(c.Host.Address.String()+" "+c.Host.HostKey+"\n"), 0o600); err != nil {
		return err
	}
	ssh := fmt.Sprintf("ssh -i %s -o UserKnownHostsFile=%s", key, known)
	fmt.Printf(`
It is still running.

  the host            %[1]s root@%[2]s   (there: systemctl status flowcollector)
  the collector       %[1]s -N -L 8080:127.0.0.1:8080 root@%[2]s   (in another terminal, then its page is at)
                      http://127.0.0.1:8080/
  Elasticsearch       %[1]s -N -L 9200:127.0.0.1:9200 root@%[2]s   (in another terminal, then)
                      curl --cacert %[3]s -u elastic:%[4]s https://127.0.0.1:9200/flows/_search?pretty
  send it flows       to %[2]s, UDP port 2055
  Terraform's state   %[5]s
  stop it             make demo-stop
`, ssh, c.Host.Address, ca, c.Elasticsearch.Password, c.Tofu.Dir)
	return nil
}
