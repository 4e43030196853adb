package elasticsearch

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// TurnIndex has one document while a node is being restarted, TurnDocument: who does it.
const (
	TurnIndex    = "flowstack-restarts"
	TurnDocument = "turn"
)

// turnIndex is small and hidden, and has a copy on another node than the one that is restarted, whatever allocation a user, or a restart, holds.
const turnIndex = `{"settings":{"number_of_shards":1,"auto_expand_replicas":"0-1","hidden":true,"routing.allocation.enable":"all"},"mappings":{"dynamic":false}}`

// Lease is how long a turn is taken for alive after its last renewal.
const Lease = time.Minute

// Holder is who restarts a node, as others see it.
type Holder struct {
	Who   string        `json:"who"` // for people: the account, machine and process
	Node  string        `json:"node"`
	Since time.Time     `json:"since"`
	Lease time.Duration `json:"lease_ns"` // without a renewal for so long the holder is taken for gone

	// ID tells the holder from all others, and Renewal one renewal from the next.
	ID      string `json:"id"`
	Renewal int    `json:"renewal"`
}

// Turn is the right to restart a node of a cluster, among all processes that want to: a document in the cluster that only who has seen its last change can
// change (if_seq_no and if_primary_term, Elasticsearch's optimistic concurrency control). No two clocks are compared: who waits takes a turn over when
// it has seen no renewal for the time of its lease.
type Turn struct {
	holder Holder
	last   revision // of the document, by this process
}

// revision is a state of a document.
type revision struct {
	SeqNo       int `json:"_seq_no"`
	PrimaryTerm int `json:"_primary_term"`
}

// HeldError means that somebody else restarts a node.
type HeldError struct{ Holder Holder }

func (e *HeldError) Error() string {
	return fmt.Sprintf("node %s is being restarted by %s since %s; if that is gone, its turn ends %s after its last sign of life",
		e.Holder.Node, e.Holder.Who, e.Holder.Since.UTC().Format(time.RFC3339), e.Holder.Lease)
}

// ErrTurnLost means that a turn was not renewed in time, and somebody else has it.
var ErrTurnLost = client.Conclude(errors.New("the turn to restart a node was not renewed in time, and another process has taken it over"))

// TakeTurn waits for the turn to restart a node, as long as ctx allows; who says who wants it. The error is a *HeldError while somebody else has it.
func (n Node) TakeTurn(ctx context.Context, who, node string, lease time.Duration) (*Turn, error) {
	t := &Turn{holder: Holder{Who: who, Node: node, Since: time.Now(), Lease: lease, ID: rand.Text()}}
	err := await(ctx, n.makeTurnIndex)
	if err != nil {
		return nil, err
	}
	var (
		seen    watch
		refused error // why there is no turn yet
	)
	for {
		err := t.put(ctx, n, nil)
		if client.HasStatus(err, http.StatusConflict) {
			err = t.takeOver(ctx, n, &seen)
		}
		if err == nil {
			return t, nil
		}
		var held *HeldError
		pause := turnPause
		switch {
		case errors.As(err, &held):
			pause = min(pause, held.Holder.Lease/4)
		case client.HasStatus(err, http.StatusConflict): // it has just been left, or another was quicker
			pause = 0
		case !client.Starting(err): // else the cluster is without a master for a moment, while one is restarted
			return nil, err
		}
		if refused == nil || ctx.Err() == nil {
			refused = err
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", refused, context.Cause(ctx))
		}
	}
}

// turnPause is the time between two questions whether a turn has ended.
const turnPause = 2 * time.Second

// watch is what somebody who waits has seen of the one who has the turn.
type watch struct {
	last revision
	at   time.Time // when it was seen first
}

// takeOver takes the turn of a holder that has given no sign of life for as long as its lease is. The error is a *HeldError while that is not so.
func (t *Turn) takeOver(ctx context.Context, on Node, seen *watch) error {
	found, holder, there, err := on.turn(ctx)
	switch {
	case err != nil:
		return err
	case !there:
		return t.put(ctx, on, nil)
	case holder.ID == t.holder.ID: // the answer to the first attempt got lost
		t.last = found
		return nil
	case found != seen.last:
		*seen = watch{found, time.Now()}
	case time.Since(seen.at) > holder.Lease:
		return t.put(ctx, on, &found)
	}
	return &HeldError{holder}
}

func (n Node) makeTurnIndex(ctx context.Context) error {
	err := n.Ask(ctx, esapi.IndicesCreateRequest{Index: TurnIndex, Body: bytes.NewReader([]byte(turnIndex))}, new(struct{}))
	var answer *client.StatusError
	if errors.As(err, &answer) && answer.Kind == "resource_already_exists_exception" {
		return nil
	}
	return err
}

// turn is who has it now; there is false when nobody does.
func (n Node) turn(ctx context.Context) (found revision, holder Holder, there bool, err error) {
	var answer struct {
		revision
		Source Holder `json:"_source"`
	}
	err = n.Ask(ctx, esapi.GetRequest{Index: TurnIndex, DocumentID: TurnDocument}, &answer)
	if client.Absent(err) {
		return revision{}, Holder{}, false, nil
	}
	return answer.revision, answer.Source, err == nil, err
}

// put writes the document in place of a state of it; nil: in place of none.
func (t *Turn) put(ctx context.Context, through Node, over *revision) error {
	body, err := json.Marshal(t.holder)
	if err != nil {
		return err
	}
	request := esapi.IndexRequest{Index: TurnIndex, DocumentID: TurnDocument, Body: bytes.NewReader(body)}
	if over == nil {
		request.OpType = "create"
	} else {
		request.IfSeqNo, request.IfPrimaryTerm = &over.SeqNo, &over.PrimaryTerm
	}
	return through.Ask(ctx, request, &t.last)
}

// Renew tells those who wait that the holder is alive, through any node of the cluster, and for how long it may be silent now. ErrTurnLost is final.
func (t *Turn) Renew(ctx context.Context, through Node, lease time.Duration) error {
	t.holder.Lease, t.holder.Renewal = lease, t.holder.Renewal+1
	last := t.last
	return t.unlessLost(ctx, through, t.put(ctx, through, &last))
}

// Held tells whether the holder still has the turn, which another process may have taken over while it waited for something. Else the error is ErrTurnLost.
func (t *Turn) Held(ctx context.Context, through Node) error {
	_, holder, there, err := through.turn(ctx)
	if err == nil && (!there || holder.ID != t.holder.ID) {
		return ErrTurnLost
	}
	return err
}

// Leave ends the turn. One that somebody else has by now is left alone.
func (t *Turn) Leave(ctx context.Context, through Node) error {
	remove := func() error {
		_, err := through.Call(ctx, esapi.DeleteRequest{Index: TurnIndex, DocumentID: TurnDocument, IfSeqNo: &t.last.SeqNo, IfPrimaryTerm: &t.last.PrimaryTerm})
		if client.Absent(err) {
			return nil
		}
		return err
	}
	err := remove()
	if client.HasStatus(err, http.StatusConflict) && t.unlessLost(ctx, through, err) == nil {
		err = remove()
	}
	if client.HasStatus(err, http.StatusConflict) {
		return nil
	}
	return err
}

// unlessLost passes over a conflict with a change of the very holder, whose answer got lost, and takes note of that change.
func (t *Turn) unlessLost(ctx context.Context, through Node, err error) error {
	if !client.HasStatus(err, http.StatusConflict) {
		return err
	}
	found, holder, there, err := through.turn(ctx)
	switch {
	case err != nil:
		return err
	case !there || holder.ID != t.holder.ID:
		return ErrTurnLost
	}
	t.last = found
	return nil
}
