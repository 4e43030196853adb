// Package security is who may do what in Elasticsearch 7.17: users and their passwords, roles, API keys.
package security

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// MinPassword is the least length of a password, in characters, that Elasticsearch accepts.
const MinPassword = 6

// Superuser is the built-in user who may do everything.
const Superuser = "elastic"

// BuiltIn are the users that every server has. Only their passwords can be changed.
var BuiltIn = []string{Superuser, "kibana", "kibana_system", "logstash_system", "beats_system", "apm_system", "remote_monitoring_user"}

// Mark is the metadata of what flowstack made.
func Mark() map[string]any { return map[string]any{"managed_by": "flowstack"} }

// Marked tells whether metadata have the mark.
func Marked(metadata map[string]any) bool { return metadata["managed_by"] == "flowstack" }

// reserved tells whether metadata are those of what every server has.
func reserved(metadata map[string]any) bool { return metadata["_reserved"] == true }

// body is what a request sends.
func body(value any) io.Reader {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // texts, numbers, and lists of them
	}
	return bytes.NewReader(text)
}

// call asks for something to be done.
func call(ctx context.Context, on *client.Client, request esapi.Request) error {
	_, err := on.Call(ctx, request)
	return err
}

// unlessAbsent is call for which there being nothing is as good.
func unlessAbsent(ctx context.Context, on *client.Client, request esapi.Request) error {
	if err := call(ctx, on, request); !client.Absent(err) {
		return err
	}
	return nil
}

// sorted writes a set of names.
func sorted(names []string) string {
	return strings.Join(slices.Sorted(slices.Values(names)), ", ")
}
