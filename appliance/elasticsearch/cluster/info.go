package cluster

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// Info is a cluster as a whole.
type Info struct {
	Name    string
	UUID    string
	Version string // of the node that was asked
	Master  string // name of the node
	Nodes   []Node // by name
	Health  Health
}

// Health is how well a cluster is.
type Health struct {
	Status           string  `json:"status"` // green, yellow, red
	Nodes            int64   `json:"number_of_nodes"`
	DataNodes        int64   `json:"number_of_data_nodes"`
	ActiveShards     int64   `json:"active_shards"`
	UnassignedShards int64   `json:"unassigned_shards"`
	Active           float64 `json:"active_shards_percent_as_number"`
}

// Node is a node of a cluster.
type Node struct {
	ID      string   `json:"-"`
	Name    string   `json:"name"`
	Version string   `json:"version"`
	Roles   []string `json:"roles"`
	Address string   `json:"ip"`
	HTTP    struct {
		Address string `json:"publish_address"`
	} `json:"http"`
}

// GetInfo reads what a cluster is.
func GetInfo(ctx context.Context, on *client.Client) (Info, error) {
	var root struct {
		Name    string `json:"cluster_name"`
		UUID    string `json:"cluster_uuid"`
		Version struct {
			Number string `json:"number"`
		} `json:"version"`
	}
	var nodes struct {
		Nodes map[string]Node `json:"nodes"`
	}
	var state struct {
		Master string `json:"master_node"`
	}
	var health Health
	for _, question := range []struct {
		request esapi.Request
		into    any
	}{
		{esapi.InfoRequest{}, &root},
		{esapi.ClusterHealthRequest{}, &health},
		{esapi.NodesInfoRequest{Metric: []string{"http"}}, &nodes},
		{esapi.ClusterStateRequest{Metric: []string{"master_node"}}, &state},
	} {
		if err := on.Ask(ctx, question.request, question.into); err != nil {
			return Info{}, err
		}
	}
	info := Info{Name: root.Name, UUID: root.UUID, Version: root.Version.Number, Master: nodes.Nodes[state.Master].Name, Health: health}
	for id, node := range nodes.Nodes {
		node.ID = id
		info.Nodes = append(info.Nodes, node)
	}
	slices.SortFunc(info.Nodes, func(a, b Node) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return info, nil
}

// Certificate is one of those that the node that was asked uses, in its files.
type Certificate struct {
	Path       string    `json:"path"` // relative to the directory of elasticsearch.yml
	Format     string    `json:"format"`
	Subject    string    `json:"subject_dn"`
	Serial     string    `json:"serial_number"` // hexadecimal
	PrivateKey bool      `json:"has_private_key"`
	NotAfter   time.Time `json:"expiry"`
}

// GetCertificates reads those of the node that is asked, by path.
func GetCertificates(ctx context.Context, on *client.Client) ([]Certificate, error) {
	var certificates []Certificate
	if err := on.Ask(ctx, esapi.SSLCertificatesRequest{}, &certificates); err != nil {
		return nil, err
	}
	slices.SortStableFunc(certificates, func(a, b Certificate) int { return cmp.Compare(a.Path, b.Path) })
	return certificates, nil
}

// Deprecation is something that a later version will not take any more.
type Deprecation struct {
	Kind    string // cluster_settings, node_settings, ml_settings, index_settings
	Index   string // for index_settings
	Level   string `json:"level"` // warning, critical
	Message string `json:"message"`
	Details string `json:"details"`
	URL     string `json:"url"`
}

// ErrNoDeprecations means that a distribution of Elasticsearch cannot tell.
var ErrNoDeprecations = client.Conclude(errors.New("this distribution of Elasticsearch has no deprecation API (_migration/deprecations)"))

// GetDeprecations reads what a cluster would have to change before an upgrade, by kind and index.
func GetDeprecations(ctx context.Context, on *client.Client) ([]Deprecation, error) {
	var answer struct {
		Cluster []Deprecation            `json:"cluster_settings"`
		Node    []Deprecation            `json:"node_settings"`
		ML      []Deprecation            `json:"ml_settings"`
		Index   map[string][]Deprecation `json:"index_settings"`
	}
	err := on.Ask(ctx, esapi.MigrationDeprecationsRequest{}, &answer)
	if client.HasStatus(err, http.StatusMethodNotAllowed) || client.HasStatus(err, http.StatusBadRequest) {
		return nil, ErrNoDeprecations
	}
	if err != nil {
		return nil, err
	}
	var all []Deprecation
	add := func(kind, index string, found []Deprecation) {
		for _, d := range found {
			d.Kind, d.Index = kind, index
			all = append(all, d)
		}
	}
	add("cluster_settings", "", answer.Cluster)
	add("node_settings", "", answer.Node)
	add("ml_settings", "", answer.ML)
	for index, found := range answer.Index {
		add("index_settings", index, found)
	}
	slices.SortStableFunc(all, func(a, b Deprecation) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Index, b.Index)) })
	return all, nil
}
