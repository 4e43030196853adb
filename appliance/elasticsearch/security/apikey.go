package security

import (
	"context"
	"strconv"
	"time"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// APIKey is what can be read of an API key: not the secret, and not what it may do.
type APIKey struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Expiration  int64          `json:"expiration"` // milliseconds since 1970; 0: never
	Invalidated bool           `json:"invalidated"`
	Metadata    map[string]any `json:"metadata"`
}

// Expires is when the key ends; zero: never.
func (k APIKey) Expires() time.Time {
	if k.Expiration == 0 {
		return time.Time{}
	}
	return time.UnixMilli(k.Expiration).UTC()
}

// NewAPIKey is a key that was just made, with its secret, which nobody can read again.
type NewAPIKey struct {
	APIKey
	Secret string `json:"api_key"`
}

// Credentials are the key as id:key.
func (k NewAPIKey) Credentials() string { return k.ID + ":" + k.Secret }

// CreateAPIKey makes a key that may do what the role says and its maker may do, for that long; zero is for ever. Place says where it will be kept, so
// that APIKeysAt finds it though the answer gets lost.
func CreateAPIKey(ctx context.Context, on *client.Client, name, place string, role Role, validity time.Duration) (NewAPIKey, error) {
	role.Metadata = nil // the key has its own
	metadata := Mark()
	metadata["place"] = place
	request := map[string]any{"name": name, "role_descriptors": map[string]any{name: role.whole()}, "metadata": metadata}
	if validity > 0 {
		request["expiration"] = strconv.FormatInt(int64(validity/time.Second), 10) + "s"
	}
	var made NewAPIKey
	err := on.Ask(ctx, esapi.SecurityCreateAPIKeyRequest{Body: body(request)}, &made)
	return made, err
}

// GetAPIKey reads a key; there is false when it is proven that there is none.
func GetAPIKey(ctx context.Context, on *client.Client, id string) (key APIKey, there bool, err error) {
	var answer struct {
		Keys []APIKey `json:"api_keys"`
	}
	err = on.Ask(ctx, esapi.SecurityGetAPIKeyRequest{ID: id}, &answer)
	if client.Absent(err) {
		return APIKey{}, false, nil
	}
	if err != nil {
		return APIKey{}, false, err
	}
	for _, key := range answer.Keys {
		if key.ID == id {
			return key, true, nil
		}
	}
	return APIKey{}, false, nil
}

// APIKeysAt are the ids of the keys of a name that flowstack made for a place and that are not invalidated.
func APIKeysAt(ctx context.Context, on *client.Client, name, place string) ([]string, error) {
	var answer struct {
		Keys []APIKey `json:"api_keys"`
	}
	err := on.Ask(ctx, esapi.SecurityGetAPIKeyRequest{Name: name}, &answer)
	if err != nil && !client.Absent(err) {
		return nil, err
	}
	var ids []string
	for _, key := range answer.Keys {
		if key.Name == name && !key.Invalidated && Marked(key.Metadata) && key.Metadata["place"] == place {
			ids = append(ids, key.ID)
		}
	}
	return ids, nil
}

// InvalidateAPIKeys ends keys at once. That one is not there, or not in force, is as well.
func InvalidateAPIKeys(ctx context.Context, on *client.Client, ids ...string) error {
	if len(ids) == 0 {
		return nil
	}
	return unlessAbsent(ctx, on, esapi.SecurityInvalidateAPIKeyRequest{Body: body(map[string]any{"ids": ids})})
}

// AcceptsAPIKey tells whether a key, as id:key, is accepted.
func AcceptsAPIKey(ctx context.Context, on *client.Client, key string) (bool, error) {
	err := call(ctx, on.As(client.Credentials{APIKey: key}), esapi.SecurityAuthenticateRequest{})
	if client.Refused(err) {
		return false, nil
	}
	return err == nil, err
}
