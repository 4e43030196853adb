package elasticresource

import (
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// Send asks with a value as the JSON of the body, where only the error of the answer is of interest.
func Send(ctx context.Context, on *client.Client, value any, request func(body io.Reader) esapi.Request) error {
	body, err := json.Marshal(value)
	if err == nil {
		_, err = on.Call(ctx, request(bytes.NewReader(body)))
	}
	return err
}

// AbsentIsFine takes the answer that there is no such thing for done.
func AbsentIsFine(err error) error {
	if client.Absent(err) {
		return nil
	}
	return err
}
