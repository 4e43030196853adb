package render

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// settings are beside those of the template: more shards than one, since the greatest of each shard are not the greatest of all.
const settings = `{"settings": {"index": {"number_of_shards": 3}}}`

// Load puts flows into an index with the collector's templates, as the documents that the collector makes of them. They can be found afterwards.
func Load(ctx context.Context, server *acctest.Elasticsearch, index string, flows []flow.Record) error {
	documents := make([][]byte, len(flows))
	for i := range flows {
		documents[i] = schema.AppendJSON(nil, &flows[i])
	}
	return LoadDocuments(ctx, server, schema.Flows, index, documents)
}

// LoadDocuments does the same with documents of a kind, each a JSON object on one line.
func LoadDocuments(ctx context.Context, server *acctest.Elasticsearch, kind *schema.Documents, index string, documents [][]byte) error {
	for _, t := range kind.Templates(index, schema.TargetIndex) {
		if err := server.Do(ctx, http.MethodPut, t.Path, t.Body, nil); err != nil {
			return err
		}
	}
	if err := server.Do(ctx, http.MethodPut, "/"+url.PathEscape(index), json.RawMessage(settings), nil); err != nil {
		return err
	}
	const perRequest = 5000
	for len(documents) > 0 {
		n := min(perRequest, len(documents))
		var body bytes.Buffer
		for _, document := range documents[:n] {
			body.WriteString("{\"create\":{}}\n")
			body.Write(document)
			body.WriteByte('\n')
		}
		var answer struct {
			Errors bool              `json:"errors"`
			Items  []json.RawMessage `json:"items"`
		}
		if err := server.Do(ctx, http.MethodPost, "/"+index+"/_bulk", body.Bytes(), &answer); err != nil {
			return err
		}
		if answer.Errors {
			return fmt.Errorf("not all documents of %s were taken; the first answer is %s", kind.Name, answer.Items[0])
		}
		documents = documents[n:]
	}
	return server.Do(ctx, http.MethodPost, "/"+index+"/_refresh", nil, nil)
}

// Ask sends the searches of a specification, and returns the answers.
func Ask(ctx context.Context, server *acctest.Elasticsearch, index string, requests map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	responses := map[string]json.RawMessage{}
	for name, body := range requests {
		var response json.RawMessage
		if err := server.Do(ctx, http.MethodPost, "/"+url.PathEscape(index)+"/_search", body, &response); err != nil {
			return nil, err
		}
		var state struct {
			TimedOut bool `json:"timed_out"`
			Shards   struct {
				Failed int `json:"failed"`
			} `json:"_shards"`
		}
		if err := json.Unmarshal(response, &state); err != nil {
			return nil, fmt.Errorf("search %s: %w", name, err)
		}
		if state.TimedOut || state.Shards.Failed > 0 {
			return nil, errors.New("the answer is not complete: " + string(response))
		}
		responses[name] = response
	}
	return responses, nil
}
