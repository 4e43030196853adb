package elasticsearch

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch"
	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
)

// change is one apply to one node.
type change struct {
	asking
	plan    *Model
	spec    elasticsearch.Spec
	desired host.Desired
	c       hostresource.Context
	// before is what was there when the first of several applies began.
	before host.Before
}

func apply(ctx context.Context, on *connection.Host, prior, plan *Model, desired host.Desired, c hostresource.Context) (host.Observation, error) {
	spec, _, diags := plan.spec(ctx)
	if diags.HasError() {
		return host.Observation{}, fmt.Errorf("the plan cannot be read: %v", diags)
	}
	ask, err := newAsking(ctx, on, plan, spec, c)
	if err != nil {
		return host.Observation{}, err
	}
	a := &change{asking: ask, plan: plan, spec: spec, desired: desired, c: c}
	if prior != nil {
		a.known = prior.ClusterUUID.ValueString()
	}
	seen, err := a.run(ctx)
	seen.Before = a.before.Merge(seen.Before)
	if plan.ClusterUUID.IsUnknown() {
		plan.ClusterUUID = types.StringNull()
		if err == nil && a.identity.Formed() {
			plan.ClusterUUID = types.StringValue(a.identity.UUID)
		}
	}
	if err != nil {
		err = a.explain(ctx, err)
	}
	return seen, err
}

// run brings the node to its state, in one of three ways: it restarts a member of a cluster when it is its turn, forms a cluster, or starts a node.
func (a *change) run(ctx context.Context) (host.Observation, error) {
	seen, err := host.Probe(ctx, a.on, a.desired)
	if err != nil {
		return host.Observation{}, err
	}
	if seen.Facts[unitFact("active")] == "active" {
		return a.renew(ctx, seen)
	}
	forms, err := a.mayForm(ctx)
	if err != nil {
		return host.Observation{}, err
	}
	if forms {
		return a.form(ctx)
	}
	lost := a.known != "" && !a.spec.Alone() && !a.hasData(seen.Facts)
	seen, err = a.start(ctx)
	if err != nil && lost {
		err = fmt.Errorf("its data are gone, and it was in the cluster %s, which it looks for: start its other nodes, or, if the cluster is gone for good, replace the resource: %w", a.known, err)
	}
	return seen, err
}

func unitFact(name string) string { return "unit " + elasticsearch.Unit + ": " + name }

// form starts the node with what forms a cluster, waits for the cluster, and takes it out again.
func (a *change) form(ctx context.Context) (host.Observation, error) {
	forming := a.spec
	forming.Forming = true
	keystore, diags := a.plan.keystore(ctx, a.c)
	if diags.HasError() {
		return host.Observation{}, fmt.Errorf("the keystore's entries cannot be read: %v", diags)
	}
	forming.Keystore = keystore
	seen, err := host.Apply(ctx, a.on, replaceFile(a.desired, elasticsearch.Desired(forming), elasticsearch.SettingsPath))
	a.before = a.before.Merge(seen.Before)
	if err != nil {
		return seen, err
	}
	if err := a.awaitJoined(ctx); err != nil {
		return seen, fmt.Errorf("it waits for the nodes that form the cluster, %s: %w", elasticsearch.List(a.spec.InitialMasterNodes), err)
	}
	return a.member(ctx)
}

// replaceFile takes one file from another state.
func replaceFile(desired, from host.Desired, path string) host.Desired {
	replaced := make(host.Desired, len(desired))
	id := host.File{Path: path}.ID()
	for i, item := range desired {
		replaced[i] = item
		for _, other := range from {
			if item.ID() == id && other.ID() == id {
				replaced[i] = other
			}
		}
	}
	return replaced
}

// start starts a node that does not run, or leaves one that needs nothing as it is, and waits until it is well.
func (a *change) start(ctx context.Context) (host.Observation, error) {
	seen, err := host.Apply(ctx, a.on, a.desired)
	if err != nil || a.silent() {
		return seen, err
	}
	if err := a.awaitJoined(ctx); err != nil {
		return seen, err
	}
	if err := a.settle(ctx); err != nil {
		return seen, err
	}
	return seen, a.awaitStatus(ctx)
}

// settle ends a restart of this node that was cut short.
func (a *change) settle(ctx context.Context) error {
	node, err := a.node(ctx)
	if err != nil {
		return err
	}
	holder, err := node.Holder(ctx)
	if err != nil || holder != a.identity.Name {
		return a.mayAsk(err)
	}
	turn, err := a.takeTurn(ctx, node) // another process may be about it just now
	if err != nil {
		return err
	}
	defer turn.leave(ctx)
	return node.Release(ctx, a.identity.Name)
}

// mayAsk passes over the answer that these credentials may not look at the cluster's settings: nobody restarted with them, either.
func (a *change) mayAsk(err error) error {
	if client.HasStatus(err, 403) {
		return nil
	}
	return err
}

// restarting tells whether bringing the host to its state restarts the unit.
func restarting(seen host.Facts, desired host.Desired) (restart, upgrade bool) {
	for _, change := range seen.Changes(desired.Settled(seen).Facts()) {
		switch fact := change.Fact; {
		case fact == "package "+elasticsearch.PackageName:
			restart, upgrade = true, change.From != host.Absent
		case strings.HasPrefix(fact, "file "+elasticsearch.Directory+"/"), strings.HasPrefix(fact, "file "+elasticsearch.DropInPath),
			strings.HasPrefix(fact, "keystore "), strings.HasPrefix(fact, unitFact("")) && fact != unitFact("enabled"):
			restart = true
		}
	}
	return restart, upgrade
}

// renew changes a node that runs.
func (a *change) renew(ctx context.Context, seen host.Observation) (host.Observation, error) {
	restart, _ := restarting(seen.Facts, a.desired)
	if !restart || a.silent() {
		return a.start(ctx)
	}
	node, err := a.node(ctx)
	if err == nil {
		a.identity, err = node.Identify(ctx)
	}
	if err == nil {
		if err := a.stranger(); err != nil {
			return host.Observation{}, err
		}
	}
	switch {
	case err != nil && seen.Facts["file "+elasticsearch.SettingsPath+": discovery.type"] == "single-node":
		return a.start(ctx) // alone, it has nobody to wait for
	case client.Refused(err), client.HasStatus(err, 403):
		return host.Observation{}, fmt.Errorf("whether its cluster can do without it for a restart cannot be asked: %w; give credentials in the provider block, or wait_for_status = \"none\"", err)
	case err != nil && !client.Starting(err):
		// It does answer, so others may not do without it already.
		return host.Observation{}, fmt.Errorf("whether its cluster can do without it for a restart cannot be asked: %w; "+
			"set right what it is trusted by, or set wait_for_status = \"none\" for an apply that changes this node alone", err)
	case err != nil, !a.identity.Formed():
		return a.start(ctx) // it does not answer, or is in no cluster: others do without it already
	}
	return a.member(ctx)
}

// member restarts a node of a cluster, if it has to be, once no other node of it is being restarted and all are well.
func (a *change) member(ctx context.Context) (host.Observation, error) {
	leave, err := restarts.take(ctx, turnKey{a.c.Data, a.identity.UUID})
	if err != nil {
		return host.Observation{}, fmt.Errorf("another node of the cluster is being restarted: %w", err)
	}
	defer leave()
	node, err := a.node(ctx)
	if err != nil {
		return host.Observation{}, err
	}
	health, err := node.Health(ctx, "")
	if err != nil {
		return host.Observation{}, err
	}
	if health.Nodes < 2 {
		return a.start(ctx)
	}
	turn, err := a.takeTurn(ctx, node)
	if err != nil {
		return host.Observation{}, err
	}
	defer turn.leave(ctx)
	if err := node.AwaitSpare(ctx, a.identity.Name, a.status(), a.spec.InitialMasterNodes); err != nil {
		return host.Observation{}, fmt.Errorf("the cluster cannot do without this node now: %w", err)
	}
	if err := turn.Held(ctx, node); err != nil { // that wait may have been long
		return host.Observation{}, fmt.Errorf("it was not restarted: %w", err)
	}
	if err := node.Hold(ctx, a.identity.Name); err != nil {
		return host.Observation{}, fmt.Errorf("hold the allocation of shards: %w", err)
	}
	seen, err := a.replace(ctx)
	if err != nil {
		return seen, err // the allocation is still held: the next apply goes on from there
	}
	if err := a.awaitJoined(ctx); err != nil {
		return seen, err
	}
	if node, err = a.node(ctx); err != nil {
		return seen, err
	}
	if err := node.Release(ctx, a.identity.Name); err != nil {
		return seen, fmt.Errorf("let shards be allocated again: %w", err)
	}
	return seen, a.awaitStatus(ctx)
}

// replace restarts the unit with what has changed. A new package only comes when the old program has ended: it would look for parts that are gone.
func (a *change) replace(ctx context.Context) (host.Observation, error) {
	seen, err := host.Probe(ctx, a.on, a.desired)
	if err != nil {
		return host.Observation{}, err
	}
	if _, upgrade := restarting(seen.Facts, a.desired); upgrade {
		stopped, err := host.Apply(ctx, a.on, host.Desired{host.Unit{Name: elasticsearch.Unit, AnyEnabled: true}})
		if err != nil {
			return stopped, fmt.Errorf("stop it for the new package: %w", err)
		}
	}
	return host.Apply(ctx, a.on, a.desired)
}

// explain adds what the node itself says.
func (a *change) explain(ctx context.Context, err error) error {
	var unreachable *connection.Error
	if errors.As(err, &unreachable) {
		return err
	}
	reasons := elasticsearch.Reasons(err.Error())
	if said, file := a.log(ctx); len(said) > 0 {
		return fmt.Errorf("%w\n\nWhat %s says:\n- %s", err, file, strings.Join(said, "\n- "))
	}
	if len(reasons) > 0 {
		return fmt.Errorf("%w\n\nWhat its journal says:\n- %s", err, strings.Join(reasons, "\n- "))
	}
	return err
}
