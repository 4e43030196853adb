package elasticresource

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Source is a resource type of another provider that manages the same object, so that a `moved` block can hand it over. Its name is in an attribute of the
// same name as here.
type Source struct {
	Provider string // namespace and type; whichever registry it is from
	Type     string
	// Take are attributes to set besides the name, from the attributes of the other's state. Nil: none.
	Take func(from map[string]any) (map[string]attr.Value, error)
}

// is tells whether an address of a provider is that of the source. OpenTofu 1.11 gives its type alone.
func (s Source) is(address string) bool {
	return strings.HasSuffix(address, "/"+s.Provider) || strings.HasSuffix(s.Provider, "/"+address)
}

// Elasticstack is the provider of Elastic's own.
const Elasticstack = "elastic/elasticstack"

// MoveState implements resource.ResourceWithMoveState. It takes over which object it is, and no more than an import would: the read that follows says how it is, so
// that no drift is hidden.
func (r *Resource[M, O, P]) MoveState(context.Context) []resource.StateMover {
	return []resource.StateMover{{StateMover: func(ctx context.Context, req resource.MoveStateRequest, resp *resource.MoveStateResponse) {
		taken, err := r.kind.take(req)
		if err != nil {
			resp.Diagnostics.AddError("Unable to move "+req.SourceTypeName+" to "+r.kind.Type, err.Error()+".")
			return
		}
		for _, name := range slices.Sorted(maps.Keys(taken)) {
			resp.Diagnostics.Append(resp.TargetState.SetAttribute(ctx, path.Root(name), taken[name])...)
		}
		for _, part := range r.kind.parts() {
			resp.Diagnostics.Append(resp.TargetIdentity.SetAttribute(ctx, path.Root(part.Attribute), taken[part.Attribute])...)
		}
	}}}
}

// take are the attributes that another provider's state gives.
func (k Kind[M, O]) take(req resource.MoveStateRequest) (map[string]attr.Value, error) {
	source, err := k.source(req)
	if err != nil {
		return nil, err
	}
	if req.SourceRawState == nil || len(req.SourceRawState.JSON) == 0 {
		return nil, errors.New("its state is not in JSON, as those of Terraform before 0.12 are")
	}
	from := map[string]any{}
	if err := json.Unmarshal(req.SourceRawState.JSON, &from); err != nil {
		return nil, fmt.Errorf("its state cannot be read: %w", err)
	}
	for _, own := range []string{"elasticsearch_connection", "kibana_connection"} {
		if list, ok := from[own].([]any); ok && len(list) > 0 {
			return nil, fmt.Errorf("it has an %s of its own, which may lead to another cluster than the one of this provider's block; apply it without that first", own)
		}
	}
	taken := map[string]attr.Value{}
	if source.Take != nil {
		if taken, err = source.Take(from); err != nil {
			return nil, err
		}
	}
	for _, part := range k.parts() {
		if _, there := taken[part.Attribute]; there {
			continue
		}
		name, ok := from[part.Attribute].(string)
		if !ok || name == "" {
			return nil, fmt.Errorf("its state has no %s", part.Attribute)
		}
		taken[part.Attribute] = types.StringValue(name)
	}
	return taken, nil
}

// source finds where a move comes from.
func (k Kind[M, O]) source(req resource.MoveStateRequest) (Source, error) {
	var known []string
	for _, source := range k.Sources {
		if req.SourceTypeName == source.Type && source.is(req.SourceProviderAddress) {
			return source, nil
		}
		known = append(known, source.Type+" of "+source.Provider)
	}
	advice := "import the object, and let a removed block forget the other resource"
	if len(known) == 0 {
		return Source{}, errors.New("nothing can be moved to it: " + advice)
	}
	return Source{}, fmt.Errorf("only %s can, and this is of %s: %s", strings.Join(known, " or "), req.SourceProviderAddress, advice)
}
