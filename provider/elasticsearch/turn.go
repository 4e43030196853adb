package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
)

// turn is the turn of this node, kept while it is being restarted.
type turn struct {
	*elasticsearch.Turn
	through []elasticsearch.Node // the node itself first, then the others that answer
	stop    context.CancelFunc
	ended   chan struct{}
}

// takeTurn waits until no other process restarts a node of the cluster, and keeps others from it until the turn is left.
func (a *asking) takeTurn(ctx context.Context, node elasticsearch.Node) (*turn, error) {
	taken, err := node.TakeTurn(ctx, whoAmI(), a.identity.Name, elasticsearch.Lease)
	if err != nil {
		return nil, fmt.Errorf("take the turn to restart it, which is noted in the index %s of the cluster: %w", elasticsearch.TurnIndex, err)
	}
	t := &turn{Turn: taken, through: []elasticsearch.Node{node}, ended: make(chan struct{})}
	peers, err := a.peers(ctx, node)
	if err == nil {
		err = t.choose(ctx, peers)
	}
	renewing, stop := context.WithCancel(ctx)
	t.stop = stop
	go t.renew(renewing)
	if err != nil {
		t.leave(ctx)
		return nil, fmt.Errorf("keep the turn to restart it: %w", err)
	}
	return t, nil
}

// peers are clients of the other nodes.
func (a *asking) peers(ctx context.Context, node elasticsearch.Node) (peers []elasticsearch.Node, err error) {
	addresses, err := node.Peers(ctx, a.identity.Name)
	for _, address := range addresses {
		if peer, err := a.nodeAt(address); err == nil {
			peers = append(peers, peer)
		}
	}
	return peers, err
}

// enoughPeers is how many other nodes a turn is renewed through.
const enoughPeers = 2

// choose finds out which of the other nodes the turn can be renewed through while this one is away. With none of them it is taken for as long as the apply
// may take, at once.
func (t *turn) choose(ctx context.Context, peers []elasticsearch.Node) error {
	for _, peer := range peers {
		limited, cancel := context.WithTimeout(ctx, peerTimeout)
		err := t.Renew(limited, peer, elasticsearch.Lease)
		cancel()
		switch {
		case errors.Is(err, elasticsearch.ErrTurnLost):
			return err
		case err == nil:
			t.through = append(t.through, peer)
		}
		if len(t.through) > enoughPeers {
			return nil
		}
	}
	if deadline, limited := ctx.Deadline(); limited && len(t.through) == 1 {
		return t.Renew(ctx, t.through[0], max(time.Until(deadline), elasticsearch.Lease))
	}
	return nil
}

// renew renews the turn until ctx ends.
func (t *turn) renew(ctx context.Context) {
	defer close(t.ended)
	if len(t.through) == 1 {
		return
	}
	tick := time.NewTicker(elasticsearch.Lease / 6)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := t.anyhow(ctx, func(ctx context.Context, node elasticsearch.Node) error {
			return t.Renew(ctx, node, elasticsearch.Lease)
		}); errors.Is(err, elasticsearch.ErrTurnLost) {
			return
		}
	}
}

// anyhow asks the nodes in turn until one has an answer that counts.
func (t *turn) anyhow(ctx context.Context, ask func(context.Context, elasticsearch.Node) error) (err error) {
	for _, node := range t.through {
		limited, cancel := context.WithTimeout(ctx, peerTimeout)
		err = ask(limited, node)
		cancel()
		if err == nil || errors.Is(err, elasticsearch.ErrTurnLost) {
			return err
		}
	}
	return err
}

// leave lets others have their turn. Where nobody can be told, it ends by itself.
func (t *turn) leave(ctx context.Context) {
	t.stop()
	<-t.ended
	_ = t.anyhow(context.WithoutCancel(ctx), func(ctx context.Context, node elasticsearch.Node) error { return t.Leave(ctx, node) })
}

// whoAmI is this process as people call it.
func whoAmI() string {
	name := "somebody"
	if account, err := user.Current(); err == nil {
		name = account.Username
	}
	machine, err := os.Hostname()
	if err != nil {
		machine = "an unknown machine"
	}
	return fmt.Sprintf("%s on %s (process %d)", name, machine, os.Getpid())
}
