package security

import (
	"context"
	"fmt"
	"maps"

	"github.com/elastic/go-elasticsearch/v7/esapi"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// User is a user of the native realm, or a built-in one, without the password, which nobody can read.
type User struct {
	Roles    []string       `json:"roles"`
	FullName string         `json:"full_name,omitempty"`
	Email    string         `json:"email,omitempty"`
	Metadata map[string]any `json:"metadata"`
	Enabled  bool           `json:"enabled"`
}

// GetUser reads a user; there is false when it is proven that there is none.
func GetUser(ctx context.Context, on *client.Client, name string) (user User, there bool, err error) {
	var answer map[string]User
	err = on.Ask(ctx, esapi.SecurityGetUserRequest{Username: []string{name}}, &answer)
	if client.Absent(err) {
		return User{}, false, nil
	}
	if err != nil {
		return User{}, false, err
	}
	user, there = answer[name]
	if !there {
		return User{}, false, fmt.Errorf("%w: it has no user %s and does not say that there is none", client.ErrForeign, name)
	}
	return user, true, nil
}

// GetBuiltIn reads a built-in user. Elasticsearch looks it up in the reserved realm's cache, which logins share: while a wrong password of the user is being
// checked, asking for that user alone is answered 404 (seen with 7.17.29). The list of all users does not come from there, so it has the last word.
func GetBuiltIn(ctx context.Context, on *client.Client, name string) (user User, there bool, err error) {
	user, there, err = GetUser(ctx, on, name)
	if err != nil || there {
		return user, there, err
	}
	var users map[string]User
	if err := on.Ask(ctx, esapi.SecurityGetUserRequest{}, &users); err != nil {
		return User{}, false, err
	}
	user, there = users[name]
	return user, there, nil
}

// Users returns the users of the native realm by their names, without the built-in ones.
func Users(ctx context.Context, on *client.Client) (map[string]User, error) {
	var users map[string]User
	if err := on.Ask(ctx, esapi.SecurityGetUserRequest{}, &users); err != nil && !client.Absent(err) {
		return nil, err
	}
	maps.DeleteFunc(users, func(_ string, u User) bool { return reserved(u.Metadata) })
	return users, nil
}

// PutUser makes a user, or makes it as given. An empty password leaves the one it has.
func PutUser(ctx context.Context, on *client.Client, name string, user User, password string) error {
	if user.Roles == nil {
		user.Roles = []string{} // null is refused
	}
	return call(ctx, on, esapi.SecurityPutUserRequest{Username: name, Body: body(struct {
		User
		Password string `json:"password,omitempty"`
	}{user, password})})
}

// DeleteUser removes a user.
func DeleteUser(ctx context.Context, on *client.Client, name string) error {
	return unlessAbsent(ctx, on, esapi.SecurityDeleteUserRequest{Username: name})
}

// ChangePassword gives a user another password. When it is the one that on asks as, on goes on with the new one.
func ChangePassword(ctx context.Context, on *client.Client, name, password string) error {
	err := call(ctx, on, esapi.SecurityChangePasswordRequest{Username: name, Body: body(map[string]string{"password": password})})
	if err == nil {
		on.Learn(client.Credentials{Username: name, Password: password})
	}
	return err
}

// Enable lets a user authenticate.
func Enable(ctx context.Context, on *client.Client, name string) error {
	return call(ctx, on, esapi.SecurityEnableUserRequest{Username: name})
}

// Accepts tells whether a password is the one of an enabled user, by authenticating with it.
func Accepts(ctx context.Context, on *client.Client, name, password string) (bool, error) {
	err := call(ctx, on.As(client.Credentials{Username: name, Password: password}), esapi.SecurityAuthenticateRequest{})
	if client.Refused(err) {
		return false, nil
	}
	return err == nil, err
}
