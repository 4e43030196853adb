// Package cluster is what one asks and tells an Elasticsearch 7.17 cluster as a whole: its settings, its health and nodes, the certificates of a node,
// what an upgrade will not take any more.
package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// Settings are settings of a cluster that are not at their default, by dotted name. A list is written "a,b".
type Settings struct {
	Persistent map[string]string
	Transient  map[string]string // win over persistent ones until the whole cluster is restarted
}

// GetSettings reads all of them.
func GetSettings(ctx context.Context, on *client.Client) (Settings, error) {
	var answer struct {
		Persistent map[string]any `json:"persistent"`
		Transient  map[string]any `json:"transient"`
	}
	flat := true
	if err := on.Ask(ctx, esapi.ClusterGetSettingsRequest{FlatSettings: &flat}, &answer); err != nil {
		return Settings{}, err
	}
	if answer.Persistent == nil || answer.Transient == nil {
		return Settings{}, fmt.Errorf("%w: it has no settings", client.ErrForeign)
	}
	return Settings{texts(answer.Persistent), texts(answer.Transient)}, nil
}

func texts(values map[string]any) map[string]string {
	settings := make(map[string]string, len(values))
	for name, value := range values {
		settings[name] = text(value)
	}
	return settings
}

func text(value any) string {
	list, ok := value.([]any)
	if !ok {
		return fmt.Sprint(value)
	}
	parts := make([]string, len(list))
	for i, part := range list {
		parts[i] = fmt.Sprint(part)
	}
	return strings.Join(parts, ",")
}

// Update is what to do with settings, all of it or nothing: a value sets one, nil puts it back to its default.
type Update struct {
	Persistent map[string]*string `json:"persistent,omitempty"`
	Transient  map[string]*string `json:"transient,omitempty"`
}

// PutSettings changes settings.
func PutSettings(ctx context.Context, on *client.Client, update Update) error {
	if len(update.Persistent)+len(update.Transient) == 0 {
		return nil // which Elasticsearch refuses
	}
	body, err := json.Marshal(update)
	if err != nil {
		return err
	}
	_, err = on.Call(ctx, esapi.ClusterPutSettingsRequest{Body: bytes.NewReader(body)})
	return err
}
