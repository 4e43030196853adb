package elasticsearch

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// mayForm tells whether the node, which does not run, is to form a cluster. A node that was in one never does, whatever became of its data: it would be a
// second cluster of the same name.
func (a *change) mayForm(ctx context.Context) (bool, error) {
	if len(a.spec.InitialMasterNodes) == 0 || a.known != "" {
		return false, nil
	}
	there, err := a.clusterExists(ctx)
	if err != nil && len(a.spec.InitialMasterNodes) == 1 {
		return false, err
	}
	// Of several names most have to run without data of a cluster to form one: a node that could not tell joins the cluster that the others are in.
	return !there, nil
}

// hasData tells whether the folders of data are there: without them a node is in no cluster any more, whatever it was in.
func (a *change) hasData(facts host.Facts) bool {
	for _, path := range elasticsearch.Elements(a.spec.EffectiveSettings()["path.data"]) {
		if facts[host.Directory{Path: path}.ID()] != host.Present {
			return false
		}
	}
	return true
}

// stranger is an error when the node is in another cluster than it was: one of the same name that was formed beside it, or in its place.
func (a *asking) stranger() error {
	if a.known == "" || a.spec.Alone() || !a.identity.Formed() || a.identity.UUID == a.known {
		return nil
	}
	return fmt.Errorf("it is in a cluster %s with the UUID %s, and it was in %s: they are two of the same name. Look which of them has the data. If the former is gone for good, "+
		"replace the resource", a.identity.Cluster, a.identity.UUID, a.known)
}

// peerTimeout bounds the question to one of the other nodes.
const peerTimeout = 5 * time.Second

// clusterExists asks the seed hosts whether there is a cluster of this name. The error is that one of them could not tell, and none says that there is: only
// where nothing listens, or what does is in no such cluster, there is none.
func (a *asking) clusterExists(ctx context.Context) (bool, error) {
	var open []string
	for _, seed := range a.spec.SeedHosts {
		name := seed
		if h, _, err := net.SplitHostPort(seed); err == nil {
			name = h
		}
		there, err := a.clusterAt(ctx, net.JoinHostPort(name, strconv.Itoa(a.spec.Port())))
		if there {
			return true, nil
		}
		if err != nil {
			open = append(open, fmt.Sprintf("%s: %v", seed, err))
		}
	}
	if len(open) == 0 {
		return false, nil
	}
	return false, fmt.Errorf("whether there is a cluster already cannot be told, and a second one must not be formed beside it. Let this host reach the seed hosts, with credentials that "+
		"they accept and certificates that it trusts, or leave those out that are not there yet:\n- %s", strings.Join(open, "\n- "))
}

// clusterAt asks one address, HOST:PORT.
func (a *asking) clusterAt(ctx context.Context, address string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	conn, err := a.on.DialContext(ctx, "tcp", address)
	if ssh.NothingListens(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_ = conn.Close() // nothing was written
	peer, err := a.nodeAt(address)
	if err != nil {
		return false, err
	}
	who, err := peer.Identify(ctx)
	if err != nil {
		return false, err
	}
	return who.Formed() && who.Cluster == a.spec.EffectiveSettings()["cluster.name"], nil
}
