package security

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strconv"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/host"
)

// Role is what its holders may do; the part of it without metadata is also what an API key may do.
type Role struct {
	Cluster      []string       `json:"cluster"`
	Indices      []Indices      `json:"indices"`
	Applications []Application  `json:"applications,omitempty"`
	RunAs        []string       `json:"run_as,omitempty"`
	Metadata     map[string]any `json:"metadata,omitempty"`
}

// Indices are privileges on indices, data streams and aliases.
type Indices struct {
	Names      []string `json:"names"`
	Privileges []string `json:"privileges"`
	Restricted bool     `json:"allow_restricted_indices,omitempty"` // those of the server itself, too
	// Query and Fields narrow what can be read; they need a licence, and are known only to be seen when somebody else set them.
	Query  json.RawMessage `json:"query,omitempty"`
	Fields json.RawMessage `json:"field_security,omitempty"`
}

// Application are privileges in a program that keeps its own in Elasticsearch, such as kibana-.kibana.
type Application struct {
	Application string   `json:"application"`
	Privileges  []string `json:"privileges"`
	Resources   []string `json:"resources"`
}

// CollectorRole is the least that a collector needs which writes to these indices (data streams, aliases) or ones that begin with one of them and a -.
func CollectorRole(indices ...string) Role {
	names := make([]string, 0, 2*len(indices))
	for _, index := range indices {
		names = append(names, index, index+"-*")
	}
	return Role{
		Cluster: []string{"monitor"},
		Indices: []Indices{{
			Names: names,
			// To write, and to look whether the mappings are those of the documents. Not auto_configure: what it writes to is made before, and if it went
			// missing, Elasticsearch would guess the mappings of another.
			Privileges: []string{"create_doc", "view_index_metadata"},
		}},
	}
}

// Facts are what a person would say about the role.
func (r Role) Facts() host.Facts {
	facts := host.Facts{}
	put := func(name, value string) {
		for base, n := name, 2; facts[name] != ""; n++ {
			name = base + " (" + strconv.Itoa(n) + ")"
		}
		if value != "" {
			facts[name] = value
		}
	}
	put("cluster privileges", sorted(r.Cluster))
	put("run as", sorted(r.RunAs))
	for _, on := range r.Indices {
		name := "indices " + sorted(on.Names)
		put(name, sorted(on.Privileges))
		if on.Restricted {
			put(name+": restricted ones", "allowed")
		}
		put(name+": query", string(on.Query))
		put(name+": fields", string(on.Fields))
	}
	for _, in := range r.Applications {
		put("application "+in.Application+" on "+sorted(in.Resources), sorted(in.Privileges))
	}
	for name, value := range r.Metadata {
		put("metadata "+name, fmt.Sprint(value))
	}
	return facts
}

// GetRole reads a role; there is false when it is proven that there is none.
func GetRole(ctx context.Context, on *client.Client, name string) (role Role, there bool, err error) {
	var answer map[string]Role
	err = on.Ask(ctx, esapi.SecurityGetRoleRequest{Name: []string{name}}, &answer)
	if client.Absent(err) {
		return Role{}, false, nil
	}
	if err != nil {
		return Role{}, false, err
	}
	role, there = answer[name]
	if !there {
		return Role{}, false, fmt.Errorf("%w: it has no role %s and does not say that there is none", client.ErrForeign, name)
	}
	return role, true, nil
}

// Roles returns the roles by their names, without the built-in ones.
func Roles(ctx context.Context, on *client.Client) (map[string]Role, error) {
	var roles map[string]Role
	if err := on.Ask(ctx, esapi.SecurityGetRoleRequest{}, &roles); err != nil && !client.Absent(err) {
		return nil, err
	}
	maps.DeleteFunc(roles, func(_ string, r Role) bool { return reserved(r.Metadata) })
	return roles, nil
}

// PutRole makes a role, or makes it as given.
func PutRole(ctx context.Context, on *client.Client, name string, role Role) error {
	return call(ctx, on, esapi.SecurityPutRoleRequest{Name: name, Body: body(role.whole())})
}

// whole is the role without nulls, which Elasticsearch refuses.
func (r Role) whole() Role {
	if r.Cluster == nil {
		r.Cluster = []string{}
	}
	if r.Indices == nil {
		r.Indices = []Indices{}
	}
	return r
}

// DeleteRole removes a role.
func DeleteRole(ctx context.Context, on *client.Client, name string) error {
	return unlessAbsent(ctx, on, esapi.SecurityDeleteRoleRequest{Name: name})
}
