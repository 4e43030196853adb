package elasticsearch

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"
)

// Voters are the nodes whose votes elect a master, and which of them are there. Elasticsearch keeps their number odd: of two nodes that may be master
// one votes.
type Voters struct {
	Present []string // names
	Missing []string // ids: the name of a node goes with it
	Others  []string // names of the nodes that are there and have no vote
}

// Voters asks for the voting configuration, and who of it is there.
func (n Node) Voters(ctx context.Context) (v Voters, err error) {
	var state struct {
		Metadata struct {
			Coordination struct {
				Config []string `json:"last_committed_config"`
			} `json:"cluster_coordination"`
		} `json:"metadata"`
		Nodes map[string]struct {
			Name string `json:"name"`
		} `json:"nodes"`
	}
	err = n.Ask(ctx, esapi.ClusterStateRequest{
		Metric: []string{"metadata", "nodes"}, FilterPath: []string{"metadata.cluster_coordination.last_committed_config", "nodes.*.name"},
	}, &state)
	if err != nil {
		return Voters{}, err
	}
	for _, id := range state.Metadata.Coordination.Config {
		if node, ok := state.Nodes[id]; ok {
			v.Present = append(v.Present, node.Name)
		} else {
			v.Missing = append(v.Missing, id)
		}
		delete(state.Nodes, id)
	}
	for _, node := range slices.Sorted(maps.Keys(state.Nodes)) {
		v.Others = append(v.Others, state.Nodes[node].Name)
	}
	slices.Sort(v.Present)
	slices.Sort(v.Missing)
	slices.Sort(v.Others)
	return v, nil
}

// Without tells whether a master can be elected while a node is away. Where all that vote are there and it is the only one, or one of two, nothing can be
// done about it: the cluster stands still for the time of the restart. Known are the names of nodes that there should be, for the error.
func (v Voters) Without(node string, known []string) error {
	all, left := len(v.Present)+len(v.Missing), len(v.Present)
	if !slices.Contains(v.Present, node) || len(v.Missing) == 0 {
		return nil // its vote does not count, or everybody else is there
	}
	if left--; left > all/2 {
		return nil
	}
	missing := "of unknown names, with the ids " + strings.Join(v.Missing, ", ")
	if names := slices.DeleteFunc(slices.Clone(known), func(name string) bool {
		return slices.Contains(v.Present, name) || slices.Contains(v.Others, name)
	}); len(names) > 0 {
		missing = strings.Join(names, ", ")
	}
	return fmt.Errorf("of %d nodes that elect the master, %d are away (%s): without %s, too, there would be %d, and %d are needed. Start those that are away first",
		all, len(v.Missing), missing, node, left, all/2+1)
}

// AwaitSpare waits until the cluster can do without a node: its health is at least a status, and a master can be elected without it; as long as ctx allows.
func (n Node) AwaitSpare(ctx context.Context, node, status string, known []string) error {
	return await(ctx, func(ctx context.Context) error {
		v, err := n.Voters(ctx)
		if err != nil {
			return err
		}
		if err := v.Without(node, known); err != nil {
			return &notYetError{err}
		}
		h, err := n.Health(ctx, status)
		if err == nil && !h.reaches(status) {
			return &notYetError{fmt.Errorf("%s; %s was waited for", h, status)}
		}
		return err
	})
}

// Peers are where the APIs of the other nodes of the cluster are, HOST:PORT.
func (n Node) Peers(ctx context.Context, node string) (addresses []string, err error) {
	var answer struct {
		Nodes map[string]struct {
			Name string `json:"name"`
			HTTP struct {
				Address string `json:"publish_address"`
			} `json:"http"`
		} `json:"nodes"`
	}
	if err := n.Ask(ctx, esapi.NodesInfoRequest{Metric: []string{"http"}}, &answer); err != nil {
		return nil, err
	}
	for _, peer := range answer.Nodes {
		if peer.Name == node || peer.HTTP.Address == "" {
			continue
		}
		_, address, named := strings.Cut(peer.HTTP.Address, "/") // es1.example/192.0.2.1:9200
		if !named {
			address = peer.HTTP.Address
		}
		addresses = append(addresses, address)
	}
	slices.Sort(addresses)
	return addresses, nil
}
