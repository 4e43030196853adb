package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/acctest/chain"
)

// TestFirewall sends real packets: those of an allowed network arrive, others are dropped and counted, and what is no port of the firewall is
// left alone, SSH above all.
func TestFirewall(t *testing.T) {
	ctx := t.Context()
	h := startHost(t, "firewall1")
	before := list(ctx, t, h)
	rules := string(run(ctx, t, h, "nft", "list", "ruleset"))
	tofu, remove, err := chain.Workspace(ctx, repository, "testdata/firewall", chain.Variables(h, nil))
	must(t, err)
	cleanup(t, remove)
	allow := func(networks ...string) {
		t.Helper()
		text, err := json.Marshal(networks)
		must(t, err)
		tofu.Set("allowed", string(text))
		must(t, tofu.Apply(ctx))
		expectNothingToDo(ctx, t, tofu)
	}
	us, us6 := h.Address.Prev(), h.Address6.Prev() // this machine, as the host sees it

	allow(us.String(), us6.String())
	expectPackets(ctx, t, h, 0, true)

	allow("192.0.2.0/24", "2001:db8:ffff::/48")
	expectPackets(ctx, t, h, 2, false)
	if _, err := h.Run(ctx, "true"); err != nil {
		t.Errorf("SSH: %v", err)
	}

	allow(netip.PrefixFrom(us, 30).Masked().String(), netip.PrefixFrom(us6, 64).Masked().String())
	expectPackets(ctx, t, h, 0, true)

	// The distribution's own service empties the rule set, and does not run so far. Ours is there in the same moment.
	for _, words := range [][]string{{"start"}, {"restart"}, {"reload"}, {"stop", "start"}, {"stop", "restart"}} {
		for _, word := range words {
			run(ctx, t, h, "systemctl", word, "nftables.service")
		}
		if out, err := h.Run(ctx, "nft", "list", "set", "inet", "flowstack", "flows_ip4"); err != nil {
			t.Errorf("after systemctl %s nftables.service: %v %s", strings.Join(words, " and "), err, out)
		}
	}
	expectPackets(ctx, t, h, 0, true)
	expectNothingToDo(ctx, t, tofu)
	run(ctx, t, h, "systemctl", "stop", "nftables.service")

	// A stop opens, as with any firewall; the next apply closes again.
	run(ctx, t, h, "systemctl", "stop", "flowstack-firewall.service")
	plan, err := tofu.Plan(ctx)
	must(t, err)
	was, _ := plan.Changes["flowstack_firewall.this"].Before["effective"].(map[string]any)
	if was["table inet flowstack"] != "absent" || was["unit flowstack-firewall.service: active"] != "inactive" {
		t.Errorf("after a stop the plan shows %v", was)
	}
	must(t, tofu.Apply(ctx))
	expectNothingToDo(ctx, t, tofu)
	expectPackets(ctx, t, h, 0, true)

	must(t, tofu.Destroy(ctx))
	run(ctx, t, h, "systemctl", "reset-failed")
	for _, difference := range before.Differences(list(ctx, t, h)) {
		t.Error("after the destroy: " + difference)
	}
	if got := string(run(ctx, t, h, "nft", "list", "ruleset")); got != rules {
		t.Errorf("after the destroy there are the rules\n%s", got)
	}
}

// expectPackets sends one packet each over IPv4 and IPv6 from outside to the port of the firewall and to another port, and one from the host to
// itself. It expects those from outside to the port to arrive, or so many of them to be counted as dropped.
func expectPackets(ctx context.Context, t *testing.T, h *acctest.Host, dropped int, arrive bool) {
	t.Helper()
	for _, address := range []netip.Addr{h.Address, h.Address6} {
		for _, port := range []uint16{2055, 6343} {
			at := netip.AddrPortFrom(address, port)
			r, err := acctest.Record(ctx, h.Netns, at)
			must(t, err)
			want := map[string]bool{"outside": arrive || port != 2055, "itself": true}
			var d net.Dialer
			outside, err := d.DialContext(ctx, "udp", at.String())
			must(t, err)
			itself, err := h.DialContext(ctx, "udp", at.String())
			must(t, err)
			for name, c := range map[string]net.Conn{"outside": outside, "itself": itself} {
				_, err := c.Write([]byte(name))
				must(t, err)
				must(t, c.Close())
			}
			got, err := r.Stop(ctx)
			must(t, err)
			arrived := map[string]bool{}
			for _, packet := range got {
				arrived[string(packet.Payload)] = true
			}
			for name, wanted := range want {
				if arrived[name] != wanted {
					t.Errorf("a packet from %s to %s arrived: %t, want %t", name, at, arrived[name], wanted)
				}
			}
		}
	}
	if got := string(run(ctx, t, h, "nft", "list", "chain", "inet", "flowstack", "group_flows")); !strings.Contains(got, fmt.Sprintf("counter packets %d ", dropped)) {
		t.Errorf("%d packets should have been dropped:\n%s", dropped, got)
	}
}
