package elasticsearch

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// asking is how a node is asked, through the connection to its own host.
type asking struct {
	on       *connection.Host
	spec     elasticsearch.Spec
	wait     string // wait_for_status; empty: the usual
	block    *connection.Elasticsearch
	more     []client.Credentials
	identity elasticsearch.Identity // as it said last
	known    string                 // the UUID of its cluster, as the state has it; empty: it is not known to have been in one
}

func newAsking(ctx context.Context, on *connection.Host, m *Model, spec elasticsearch.Spec, c hostresource.Context) (asking, error) {
	a := asking{on: on, spec: spec, wait: m.WaitForStatus.ValueString()}
	if c.Data != nil {
		a.block = c.Data.Elasticsearch
	}
	if c.Config == nil {
		return a, nil
	}
	of, bootstrap, diags := configured(ctx, c.Config)
	if diags.HasError() {
		return a, fmt.Errorf("the keystore's entries cannot be read: %v", diags)
	}
	if password, ok := configuredEntries(of, bootstrap).Values[elasticsearch.BootstrapPassword]; ok {
		a.more = []client.Credentials{{Username: "elastic", Password: string(password)}}
	}
	return a, nil
}

// waitForNothing is the value of wait_for_status with which a node is not asked.
const waitForNothing = "none"

// silent tells whether the node is not to be asked.
func (a *asking) silent() bool { return a.wait == waitForNothing }

// status is the health to wait for.
func (a *asking) status() string {
	switch {
	case a.wait != "":
		return a.wait
	case a.spec.Alone():
		return "yellow"
	}
	return "green"
}

// authority is the file on the host that says whom to trust: the first that the node itself trusts.
func (a *asking) authority() string {
	if a.spec.HTTP == nil || len(a.spec.HTTP.Authorities) == 0 {
		return client.AuthorityFile
	}
	return elasticsearch.ConfigFile(a.spec.HTTP.Authorities[0])
}

// node is a client of the node where it listens.
func (a *asking) node(ctx context.Context) (elasticsearch.Node, error) {
	at, err := a.listening(ctx)
	if err != nil {
		return elasticsearch.Node{}, err
	}
	return a.nodeAt(at.String())
}

func (a *asking) nodeAt(address string) (elasticsearch.Node, error) {
	scheme := "http"
	if a.spec.HTTPS() {
		scheme = "https"
	}
	c, err := a.block.NodeOf(a.on, scheme+"://"+address, a.authority(), a.more...)
	return elasticsearch.Node{Client: c}, err
}

// notListeningError means that the node does not answer yet, or not any more.
type notListeningError struct{ port int }

func (e *notListeningError) Error() string {
	return fmt.Sprintf("nothing listens on TCP port %d of the host", e.port)
}

// listening looks where the node listens: network_host can say that in many ways.
func (a *asking) listening(ctx context.Context) (netip.AddrPort, error) {
	result, err := a.on.Run(ctx, ssh.Command{Argv: []string{"cat", "/proc/net/tcp", "/proc/net/tcp6"}})
	if err != nil {
		return netip.AddrPort{}, err
	}
	if at, ok := elasticsearch.Listening(string(result.Stdout), a.spec.Port()); ok {
		return at, nil
	}
	return netip.AddrPort{}, &notListeningError{a.spec.Port()}
}

// awaitJoined waits until the node is in a cluster, as long as ctx allows.
func (a *asking) awaitJoined(ctx context.Context) error {
	node, err := a.node(ctx)
	if err != nil {
		return err
	}
	a.identity, err = node.AwaitJoined(ctx)
	if client.Refused(err) {
		return fmt.Errorf("%w; it answers, but lets nobody in: give credentials in the provider block or bootstrap_password_wo, or wait_for_status = \"none\", not to ask", err)
	}
	if err != nil {
		return fmt.Errorf("wait until it is in a cluster: %w", err)
	}
	return a.stranger()
}

func (a *asking) awaitStatus(ctx context.Context) error {
	node, err := a.node(ctx)
	if err != nil {
		return err
	}
	if _, err = node.AwaitStatus(ctx, a.status()); err != nil {
		return fmt.Errorf("wait for the cluster's health: %w", err)
	}
	return nil
}

// logTail is how much of the end of a log is looked at, in lines.
const logTail = "2000"

// log is what the node's log says about why it does not run.
func (a *asking) log(ctx context.Context) (reasons []string, file string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute) // the time for the apply may be over
	defer cancel()
	file = a.spec.LogFile()
	result, err := a.on.Run(ctx, ssh.Command{Argv: []string{"tail", "-n", logTail, "--", file}, Root: true})
	if err != nil || result.ExitCode != 0 {
		return nil, file
	}
	log, err := io.ReadAll(bytes.NewReader(result.Stdout))
	if err != nil {
		return nil, file
	}
	return elasticsearch.Reasons(string(log)), file
}

// allocationFact is there only while a restart of the node that was cut short holds the allocation of shards.
const allocationFact = "cluster: allocation of shards"

const heldBack = "held back by a restart of this node that was cut short"

// look sees what only the node itself says: its cluster, and a restart that was cut short. What it does not say stays as the state has it.
func look(ctx context.Context, on *connection.Host, m *Model, facts host.Facts, c hostresource.Context) diag.Diagnostics {
	before, left := m.Facts()[allocationFact]
	if left {
		facts[allocationFact] = before
	}
	spec, known, diags := m.spec(ctx)
	if !known || diags.HasError() || m.Version.IsNull() || facts[unitFact("active")] != "active" || m.WaitForStatus.ValueString() == waitForNothing {
		return diags
	}
	ask, err := newAsking(ctx, on, m, spec, c)
	if err != nil {
		return diags
	}
	limited, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	node, err := ask.node(limited)
	if err != nil {
		return diags
	}
	who, err := node.Identify(limited)
	if err != nil {
		return diags
	}
	ask.known, ask.identity = m.ClusterUUID.ValueString(), who
	if err := ask.stranger(); err != nil {
		diags.AddAttributeWarning(path.Root("cluster_uuid"), "The Elasticsearch node is in another cluster than before", connection.Explain(err)+".")
	} else if who.Formed() {
		m.ClusterUUID = types.StringValue(who.UUID)
	}
	holder, err := node.Holder(limited)
	switch {
	case err != nil:
	case holder == who.Name:
		facts[allocationFact] = heldBack
	default:
		delete(facts, allocationFact)
	}
	return diags
}

// lookTimeout bounds a look at the node in a read: one that hangs is no reason for a plan to.
const lookTimeout = 20 * time.Second
