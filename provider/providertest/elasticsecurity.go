package providertest

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"
)

// esSecurity is who may do what in the fake Elasticsearch. Its answers are those of 7.17.29.
type esSecurity struct {
	users map[string]*esUser
	roles map[string]json.RawMessage
	keys  map[string]*esKey
}

type esUser struct {
	Username string         `json:"username"`
	Roles    []string       `json:"roles"`
	FullName *string        `json:"full_name"`
	Email    *string        `json:"email"`
	Metadata map[string]any `json:"metadata"`
	Enabled  bool           `json:"enabled"`

	password string
}

type esKey struct {
	ID          string         `json:"id"`
	Name        string         `json:"name"`
	Creation    int64          `json:"creation"`
	Expiration  int64          `json:"expiration,omitempty"`
	Invalidated bool           `json:"invalidated"`
	Username    string         `json:"username"`
	Metadata    map[string]any `json:"metadata"`

	secret string
	role   map[string]any
}

func newESSecurity() esSecurity {
	s := esSecurity{users: map[string]*esUser{}, roles: map[string]json.RawMessage{}, keys: map[string]*esKey{}}
	for _, name := range []string{"elastic", "kibana_system"} {
		s.users[name] = &esUser{Username: name, Roles: []string{name}, Metadata: map[string]any{"_reserved": true}, Enabled: true}
	}
	return s
}

// SetPassword changes a user's password by hand.
func (e *Elasticsearch) SetPassword(user, password string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.setPassword(user, password)
}

func (e *Elasticsearch) setPassword(user, password string) {
	if user == "elastic" {
		e.Password = password
		return
	}
	e.security.users[user].password = password
}

// UserPassword is the password that a user has; empty for one that is not there.
func (e *Elasticsearch) UserPassword(user string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	if user == "elastic" {
		return e.Password
	}
	if found := e.security.users[user]; found != nil {
		return found.password
	}
	return ""
}

// EnableUser enables or disables a user by hand.
func (e *Elasticsearch) EnableUser(user string, enabled bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.security.users[user].Enabled = enabled
}

// Security is an object as Elasticsearch has it, by its path below _security: "role/NAME", "user/NAME"; nil: there is none.
func (e *Elasticsearch) Security(path string) map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	kind, name, _ := strings.Cut(path, "/")
	var found any
	switch kind {
	case "role":
		if role, ok := e.security.roles[name]; ok {
			found = role
		}
	case "user":
		if user, ok := e.security.users[name]; ok {
			found = user
		}
	}
	text, err := json.Marshal(found)
	if err != nil {
		panic(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		panic(err)
	}
	return object
}

// SetRole puts a role by hand; nil removes it.
func (e *Elasticsearch) SetRole(name string, role map[string]any) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if role == nil {
		delete(e.security.roles, name)
		return
	}
	text, err := json.Marshal(role)
	if err != nil {
		panic(err)
	}
	e.security.roles[name] = text
}

// LeaveDisabledUser makes a user whom nobody lets in, with the mark of flowstack, as a creation that was cut off leaves it.
func (e *Elasticsearch) LeaveDisabledUser(name, password string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.security.users[name] = &esUser{Username: name, Metadata: map[string]any{"managed_by": "flowstack"}, password: password}
}

// RemoveUser removes a user by hand.
func (e *Elasticsearch) RemoveUser(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.security.users, name)
}

// APIKeys are the ids of the keys that are in force, with what each may do.
func (e *Elasticsearch) APIKeys() map[string]map[string]any {
	e.mu.Lock()
	defer e.mu.Unlock()
	valid := map[string]map[string]any{}
	for id, key := range e.security.keys {
		if key.valid() {
			valid[id] = key.role
		}
	}
	return valid
}

// InvalidateAPIKeys ends all keys by hand.
func (e *Elasticsearch) InvalidateAPIKeys() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range e.security.keys {
		key.Invalidated = true
	}
}

// ExpireAPIKeys lets all keys end at a time.
func (e *Elasticsearch) ExpireAPIKeys(at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, key := range e.security.keys {
		key.Expiration = at.UnixMilli()
	}
}

func (k *esKey) valid() bool {
	return !k.Invalidated && (k.Expiration == 0 || time.Now().UnixMilli() < k.Expiration)
}

// who is the user that a request authenticates as; ok is false when it does not.
func (e *Elasticsearch) who(r *http.Request) (user string, ok bool) {
	if encoded, isKey := strings.CutPrefix(r.Header.Get("Authorization"), "ApiKey "); isKey {
		text, err := base64.StdEncoding.DecodeString(encoded)
		id, secret, _ := strings.Cut(string(text), ":")
		key := e.security.keys[id]
		if err != nil || key == nil || key.secret != secret || !key.valid() {
			return id, false
		}
		return key.Username, true
	}
	name, password, _ := r.BasicAuth()
	found := e.security.users[name]
	switch {
	case found == nil || !found.Enabled:
		return name, false
	case name == "elastic":
		return name, password == e.Password
	}
	return name, password != "" && password == found.password
}

// serveSecurity answers what is below _security.
func (e *Elasticsearch) serveSecurity(w http.ResponseWriter, r *http.Request, who string) {
	path := strings.TrimPrefix(r.URL.Path, "/_security/")
	kind, name, _ := strings.Cut(path, "/")
	name, verb, _ := strings.Cut(name, "/")
	if kind == "_authenticate" {
		answerJSON(w, http.StatusOK, e.security.users[who])
		return
	}
	if who != "elastic" {
		refuse(w, http.StatusForbidden, "security_exception",
			fmt.Sprintf("action [cluster:admin/xpack/security] is unauthorized for user [%s], this action is granted by the cluster privileges [manage_security,all]", who))
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
		return
	}
	switch kind {
	case "user":
		e.serveUser(w, r.Method, name, verb, body)
	case "role":
		e.serveRole(w, r.Method, name, body)
	case "api_key":
		e.serveAPIKey(w, r, who, body)
	default:
		answer(w, http.StatusBadRequest, `{"error":"no handler found for uri","status":400}`)
	}
}

func (e *Elasticsearch) serveUser(w http.ResponseWriter, method, name, verb string, body []byte) {
	user := e.security.users[name]
	var given struct {
		esUser
		Password *string `json:"password"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &given); err != nil {
			refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
			return
		}
	}
	if given.Password != nil && utf8.RuneCountInString(*given.Password) < 6 {
		refuse(w, http.StatusBadRequest, "validation_exception", "Validation Failed: 1: passwords must be at least [6] characters long;")
		return
	}
	reserved := user != nil && user.Metadata["_reserved"] == true
	switch {
	case verb == "_password" && user == nil:
		refuse(w, http.StatusBadRequest, "validation_exception", "Validation Failed: 1: user must exist in order to change password;")
	case verb == "_password":
		e.setPassword(name, *given.Password)
		answer(w, http.StatusOK, `{}`)
	case verb == "_enable":
		user.Enabled = true
		answer(w, http.StatusOK, `{}`)
	case method == http.MethodGet && name == "":
		answerJSON(w, http.StatusOK, e.security.users)
	case method == http.MethodGet && user == nil:
		answer(w, http.StatusNotFound, `{}`)
	case method == http.MethodGet:
		answerJSON(w, http.StatusOK, map[string]*esUser{name: user})
	case reserved && method == http.MethodDelete:
		refuse(w, http.StatusBadRequest, "illegal_argument_exception", "user ["+name+"] is reserved and cannot be deleted")
	case reserved:
		refuse(w, http.StatusBadRequest, "action_request_validation_exception", "Validation Failed: 1: user ["+name+"] is reserved and only the password can be changed;")
	case method == http.MethodDelete && user == nil:
		answer(w, http.StatusNotFound, `{"found":false}`)
	case method == http.MethodDelete:
		delete(e.security.users, name)
		answer(w, http.StatusOK, `{"found":true}`)
	case user == nil && given.Password == nil:
		refuse(w, http.StatusBadRequest, "validation_exception", "Validation Failed: 1: password must be specified unless you are updating an existing user;")
	default:
		made := given.esUser
		made.Username = name
		if given.Password != nil {
			made.password = *given.Password
		} else {
			made.password = user.password
		}
		e.security.users[name] = &made
		answerJSON(w, http.StatusOK, map[string]bool{"created": user == nil})
	}
}

func (e *Elasticsearch) serveRole(w http.ResponseWriter, method, name string, body []byte) {
	role, there := e.security.roles[name]
	switch {
	case method == http.MethodPut:
		var whole map[string]any
		if err := json.Unmarshal(body, &whole); err != nil {
			refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
			return
		}
		e.security.roles[name] = body
		answer(w, http.StatusOK, fmt.Sprintf(`{"role":{"created":%t}}`, !there))
	case method == http.MethodGet && name == "":
		all := map[string]any{"superuser": map[string]any{"cluster": []string{"all"}, "metadata": map[string]any{"_reserved": true}}}
		for name, role := range e.security.roles {
			all[name] = completeRole(role)
		}
		answerJSON(w, http.StatusOK, all)
	case !there:
		answer(w, http.StatusNotFound, `{}`)
	case method == http.MethodDelete:
		delete(e.security.roles, name)
		answer(w, http.StatusOK, `{"found":true}`)
	default:
		answerJSON(w, http.StatusOK, map[string]any{name: completeRole(role)})
	}
}

// completeRole is a role as 7.17.29 completes it.
func completeRole(role json.RawMessage) map[string]any {
	var whole map[string]any
	if err := json.Unmarshal(role, &whole); err != nil {
		panic(err) // it was read before
	}
	for name, value := range map[string]any{"applications": []any{}, "run_as": []any{}, "transient_metadata": map[string]any{"enabled": true}} {
		if whole[name] == nil {
			whole[name] = value
		}
	}
	indices, _ := whole["indices"].([]any)
	for _, on := range indices {
		if object, ok := on.(map[string]any); ok && object["allow_restricted_indices"] == nil {
			object["allow_restricted_indices"] = false
		}
	}
	return whole
}

func (e *Elasticsearch) serveAPIKey(w http.ResponseWriter, r *http.Request, who string, body []byte) {
	var given struct {
		Name       string         `json:"name"`
		Expiration string         `json:"expiration"`
		Metadata   map[string]any `json:"metadata"`
		Roles      map[string]any `json:"role_descriptors"`
		IDs        []string       `json:"ids"`
	}
	if len(body) > 0 {
		if err := json.Unmarshal(body, &given); err != nil {
			refuse(w, http.StatusBadRequest, "parse_exception", err.Error())
			return
		}
	}
	switch r.Method {
	case http.MethodGet:
		id, name, found := r.URL.Query().Get("id"), r.URL.Query().Get("name"), []*esKey{}
		for _, key := range e.security.keys {
			if id == key.ID || name == key.Name {
				found = append(found, key)
			}
		}
		status := http.StatusOK
		if id != "" && len(found) == 0 {
			status = http.StatusNotFound
		}
		answerJSON(w, status, map[string]any{"api_keys": found})
	case http.MethodDelete:
		invalidated := []string{}
		for _, id := range given.IDs {
			if key := e.security.keys[id]; key != nil && !key.Invalidated {
				key.Invalidated = true
				invalidated = append(invalidated, id)
			}
		}
		answerJSON(w, http.StatusOK, map[string]any{"invalidated_api_keys": invalidated, "previously_invalidated_api_keys": []string{}, "error_count": 0})
	default:
		n := len(e.security.keys) + 1
		key := &esKey{
			ID: fmt.Sprintf("key-id-canary-%06d", n), Name: given.Name, Creation: time.Now().UnixMilli(), Username: who, Metadata: given.Metadata,
			secret: fmt.Sprintf("key-secret-canary-%04d", n), role: given.Roles,
		}
		if given.Expiration != "" {
			validity, err := time.ParseDuration(given.Expiration)
			if err != nil {
				refuse(w, http.StatusBadRequest, "illegal_argument_exception", err.Error())
				return
			}
			key.Expiration = time.Now().Add(validity).UnixMilli()
		}
		e.security.keys[key.ID] = key
		made := map[string]any{
			"id": key.ID, "name": key.Name, "api_key": key.secret, "encoded": base64.StdEncoding.EncodeToString([]byte(key.ID + ":" + key.secret)),
		}
		if key.Expiration > 0 {
			made["expiration"] = key.Expiration
		}
		answerJSON(w, http.StatusOK, made)
	}
}

// refuse answers with an error object as Elasticsearch does.
func refuse(w http.ResponseWriter, status int, kind, reason string) {
	cause := map[string]any{"type": kind, "reason": reason}
	answerJSON(w, status, map[string]any{"error": map[string]any{"root_cause": []any{cause}, "type": kind, "reason": reason}, "status": status})
}

func answerJSON(w http.ResponseWriter, status int, value any) {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	answer(w, status, string(text))
}
