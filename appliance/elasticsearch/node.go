package elasticsearch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// Node asks one node about itself and its cluster.
type Node struct{ *client.Client }

// Identity is what a node says about itself.
type Identity struct {
	Name    string `json:"name"`
	Cluster string `json:"cluster_name"`
	UUID    string `json:"cluster_uuid"` // see Formed
	Version struct {
		Number string `json:"number"`
	} `json:"version"`
}

// Formed tells whether the node is in a cluster: that there was a master once.
func (i Identity) Formed() bool { return i.UUID != "" && i.UUID != "_na_" }

// Identify asks the node who it is.
func (n Node) Identify(ctx context.Context) (i Identity, err error) {
	return i, n.Ask(ctx, esapi.InfoRequest{}, &i)
}

// AwaitJoined waits until the node answers and is in a cluster, as long as ctx allows.
func (n Node) AwaitJoined(ctx context.Context) (i Identity, err error) {
	err = await(ctx, func(ctx context.Context) error {
		if i, err = n.Identify(ctx); err == nil && !i.Formed() {
			return &notYetError{errors.New("it has found no master: it is in no cluster")}
		}
		return err
	})
	return i, err
}

// settling is how long credentials may be refused before that is final: a node that has just started may not have read its users yet.
const settling = 30 * time.Second

func await(ctx context.Context, ask func(context.Context) error) error {
	var refused time.Time
	return client.Await(ctx, func(ctx context.Context) error {
		err := ask(ctx)
		if !client.Refused(err) {
			return err
		}
		if refused.IsZero() {
			refused = time.Now()
		}
		if time.Since(refused) > settling {
			return err
		}
		return &notYetError{err}
	})
}

// notYetError is what client.Await goes on asking for: it is no answer of Elasticsearch.
type notYetError struct{ cause error }

func (e *notYetError) Error() string { return e.cause.Error() }

// Health is the health of a cluster.
type Health struct {
	Cluster      string `json:"cluster_name"`
	Status       string `json:"status"` // green, yellow, red
	Nodes        int    `json:"number_of_nodes"`
	Unassigned   int    `json:"unassigned_shards"`
	Initializing int    `json:"initializing_shards"`
	Relocating   int    `json:"relocating_shards"`
	Pending      int    `json:"number_of_pending_tasks"`
}

func (h Health) String() string {
	return fmt.Sprintf("cluster %s is %s, with %d nodes, %d unassigned and %d initializing shards", h.Cluster, h.Status, h.Nodes, h.Unassigned, h.Initializing)
}

var ranks = map[string]int{"red": 1, "yellow": 2, "green": 3}

// reaches tells whether the health is at least a status.
func (h Health) reaches(status string) bool { return ranks[h.Status] >= ranks[status] }

// healthRound is how long one question about health waits at the server.
const healthRound = 20 * time.Second

// Health asks for the health, and lets the server wait a moment for a status; empty: not at all.
func (n Node) Health(ctx context.Context, status string) (h Health, err error) {
	request := esapi.ClusterHealthRequest{}
	if status != "" {
		request.WaitForStatus, request.Timeout = status, healthRound
	}
	err = n.Ask(ctx, request, &h)
	if client.HasStatus(err, http.StatusRequestTimeout) { // the time was over, which says nothing about the health
		err = n.Ask(ctx, esapi.ClusterHealthRequest{}, &h)
	}
	return h, err
}

// AwaitStatus waits until the cluster's health is at least this, as long as ctx allows.
func (n Node) AwaitStatus(ctx context.Context, status string) (h Health, err error) {
	err = await(ctx, func(ctx context.Context) error {
		if h, err = n.Health(ctx, status); err == nil && !h.reaches(status) {
			return &notYetError{fmt.Errorf("%s; %s was waited for", h, status)}
		}
		return err
	})
	return h, err
}

// What a restart notes in the cluster's settings, in one request with what it does: whoever finds it knows that it was cut short, and what was set before.
const (
	allocationSetting = "cluster.routing.allocation.enable"
	holderSetting     = "cluster.metadata.flowstack.restart.node"
	formerSetting     = "cluster.metadata.flowstack.restart.allocation"
	heldAllocation    = "primaries"
)

// persistent are the cluster's persistent settings that a restart has to do with.
func (n Node) persistent(ctx context.Context) (map[string]string, error) {
	var answer struct {
		Persistent map[string]any `json:"persistent"`
	}
	flat := true
	if err := n.Ask(ctx, esapi.ClusterGetSettingsRequest{FlatSettings: &flat}, &answer); err != nil {
		return nil, err
	}
	settings := map[string]string{}
	for _, name := range []string{allocationSetting, holderSetting, formerSetting} {
		if text, ok := answer.Persistent[name].(string); ok {
			settings[name] = text
		}
	}
	return settings, nil
}

// put sets persistent settings; nil takes one away.
func (n Node) put(ctx context.Context, settings map[string]any) error {
	body, err := json.Marshal(map[string]any{"persistent": settings})
	if err != nil {
		return err
	}
	_, err = n.Call(ctx, esapi.ClusterPutSettingsRequest{Body: strings.NewReader(string(body))})
	return err
}

// Holder is the node whose restart holds the allocation of shards; empty: none does.
func (n Node) Holder(ctx context.Context) (string, error) {
	settings, err := n.persistent(ctx)
	return settings[holderSetting], err
}

// Hold keeps the cluster from making new replicas of what is on a node that is about to be restarted, and writes what is in memory to disk, so that it is back
// soon. A user's own setting that is as strict stays. What a restart that was cut short left is taken over: who holds has the turn (TakeTurn), so nobody is
// at it any more.
func (n Node) Hold(ctx context.Context, node string) error {
	settings, err := n.persistent(ctx)
	if err != nil {
		return err
	}
	former := any(nil)
	switch _, held := settings[holderSetting]; {
	case held:
		if text, ok := settings[formerSetting]; ok {
			former = text
		}
	case settings[allocationSetting] == "none", settings[allocationSetting] == heldAllocation:
		return n.flush(ctx)
	default:
		if text, ok := settings[allocationSetting]; ok {
			former = text
		}
	}
	if err := n.put(ctx, map[string]any{allocationSetting: heldAllocation, holderSetting: node, formerSetting: former}); err != nil {
		return err
	}
	return n.flush(ctx)
}

// flush is not needed for anything but a quicker start: shards that cannot be flushed now are recovered from their log.
func (n Node) flush(ctx context.Context) error {
	_, err := n.Call(ctx, esapi.IndicesFlushRequest{})
	if client.HasStatus(err, http.StatusForbidden) || client.Away(err) && ctx.Err() == nil {
		return nil
	}
	return err
}

// Release puts back what Hold changed for a node. What somebody set meanwhile stays, and so does what is held for another node.
func (n Node) Release(ctx context.Context, node string) error {
	settings, err := n.persistent(ctx)
	if err != nil {
		return err
	}
	if settings[holderSetting] != node {
		return nil
	}
	change := map[string]any{holderSetting: nil, formerSetting: nil}
	if settings[allocationSetting] == heldAllocation {
		change[allocationSetting] = nil
		if former, ok := settings[formerSetting]; ok {
			change[allocationSetting] = former
		}
	}
	return n.put(ctx, change)
}
