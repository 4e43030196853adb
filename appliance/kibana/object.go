package kibana

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// ObjectID names a saved object of a space.
type ObjectID struct{ Type, ID string }

func (id ObjectID) String() string { return id.Type + "/" + id.ID }

// ParseObjectID is the inverse of String.
func ParseObjectID(text string) (ObjectID, bool) {
	kind, id, ok := strings.Cut(text, "/")
	return ObjectID{kind, id}, ok && kind != "" && id != ""
}

// Reference is an object that another one needs.
type Reference struct {
	Name string `json:"name"`
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Target is the object that is referred to.
func (r Reference) Target() ObjectID { return ObjectID{r.Type, r.ID} }

// Object is a saved object: an index pattern, a visualization, a dashboard.
type Object struct {
	Type             string            `json:"type"`
	ID               string            `json:"id"`
	Attributes       map[string]any    `json:"attributes"`
	References       []Reference       `json:"references"`
	MigrationVersion map[string]string `json:"migrationVersion,omitempty"`
	// Raw is the object with all its fields, as it was read.
	Raw json.RawMessage `json:"-"`
}

// Name is the object's id.
func (o Object) Name() ObjectID { return ObjectID{o.Type, o.ID} }

// Title is what people know it by; empty when it has none.
func (o Object) Title() string {
	for _, attribute := range []string{"title", "name"} {
		if text, ok := o.Attributes[attribute].(string); ok && text != "" {
			return text
		}
	}
	return ""
}

const (
	objectsPath = "/api/saved_objects"
	atOnce      = 500 // objects that one question is about
)

// Objects returns those of these objects that a space has.
func (c *Client) Objects(ctx context.Context, space string, ids []ObjectID) (map[ObjectID]Object, error) {
	found := map[ObjectID]Object{}
	for some := range slices.Chunk(ids, atOnce) {
		asked := make([]map[string]string, len(some))
		for i, id := range some {
			asked[i] = map[string]string{"type": id.Type, "id": id.ID}
		}
		var answer struct {
			SavedObjects []json.RawMessage `json:"saved_objects"`
		}
		if err := c.call(ctx, http.MethodPost, spacePath(space)+objectsPath+"/_bulk_get", nil, asked, "", &answer); err != nil {
			return nil, err
		}
		if len(answer.SavedObjects) != len(some) {
			return nil, &StatusError{http.StatusOK, fmt.Sprintf("it said something of %d objects and was asked for %d", len(answer.SavedObjects), len(some))}
		}
		for _, raw := range answer.SavedObjects {
			object, there, err := readObject(raw)
			if err != nil {
				return nil, err
			}
			if there {
				found[object.Name()] = object
			}
		}
	}
	return found, nil
}

// readObject reads one object of an answer; there is false for one that is proven absent.
func readObject(raw json.RawMessage) (object Object, there bool, err error) {
	var one struct {
		Object
		Error *struct {
			StatusCode int    `json:"statusCode"`
			Message    string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(raw, &one); err != nil {
		return Object{}, false, &StatusError{http.StatusOK, "this is no saved object: " + err.Error()}
	}
	switch {
	case one.Error == nil:
		one.Raw = raw
		return one.Object, true, nil
	case one.Error.StatusCode == http.StatusNotFound:
		return Object{}, false, nil
	}
	return Object{}, false, fmt.Errorf("%s: %w", one.Name(), &StatusError{one.Error.StatusCode, one.Error.Message})
}

// PutObject makes an object, or replaces the one that there is.
func (c *Client) PutObject(ctx context.Context, space string, object Object) error {
	body := map[string]any{"attributes": object.Attributes, "references": object.References}
	if object.References == nil {
		body["references"] = []Reference{}
	}
	if len(object.MigrationVersion) > 0 {
		body["migrationVersion"] = object.MigrationVersion
	}
	path := spacePath(space) + objectsPath + "/" + url.PathEscape(object.Type) + "/" + url.PathEscape(object.ID)
	return c.call(ctx, http.MethodPost, path, url.Values{"overwrite": {"true"}}, body, "", nil)
}

// DeleteObject removes an object; that there is none is as wanted.
func (c *Client) DeleteObject(ctx context.Context, space string, id ObjectID) error {
	path := spacePath(space) + objectsPath + "/" + url.PathEscape(id.Type) + "/" + url.PathEscape(id.ID)
	err := c.call(ctx, http.MethodDelete, path, nil, nil, "", nil)
	var answer *StatusError
	if errors.As(err, &answer) && client.Absent(err) && strings.Contains(answer.Message, "["+id.String()+"] not found") {
		return nil
	}
	return err
}

// Import writes objects, all or none; those that there are are replaced. The error names each object that Kibana did not take, and why.
func (c *Client) Import(ctx context.Context, space string, objects []Object) error {
	if len(objects) == 0 {
		return nil
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	file, err := form.CreateFormFile("file", "flowstack.ndjson") // Kibana refuses any other ending
	if err != nil {
		return err
	}
	for _, object := range objects {
		line := []byte(object.Raw)
		if line == nil {
			if line, err = json.Marshal(object); err != nil {
				return err
			}
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, line); err != nil {
			return fmt.Errorf("%s: %w", object.Name(), err)
		}
		compact.WriteByte('\n')
		if _, err := file.Write(compact.Bytes()); err != nil {
			return err
		}
	}
	if err := form.Close(); err != nil {
		return err
	}
	var answer imported
	if err := c.call(ctx, http.MethodPost, spacePath(space)+objectsPath+"/_import", url.Values{"overwrite": {"true"}}, body.Bytes(), form.FormDataContentType(), &answer); err != nil {
		return err
	}
	return answer.problem(len(objects))
}

// imported is the answer to an import. Its HTTP status is 200 whatever became of it, and successCount counts objects that were not written when another one
// was in the way: only success counts.
type imported struct {
	Success      *bool         `json:"success"`
	SuccessCount int           `json:"successCount"`
	Errors       []importError `json:"errors"`
}

type importError struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Title string `json:"title"`
	Error struct {
		Type          string      `json:"type"`
		Message       string      `json:"message"`
		StatusCode    int         `json:"statusCode"`
		DestinationID string      `json:"destinationId"`
		References    []Reference `json:"references"`
	} `json:"error"`
}

// ImportError is an import that Kibana did not do, or not whole.
type ImportError struct{ Reasons []string }

func (e *ImportError) Error() string {
	return "Kibana did not import the objects:\n- " + strings.Join(e.Reasons, "\n- ")
}

func (a imported) problem(sent int) error {
	switch {
	case a.Success == nil:
		return &StatusError{http.StatusOK, "this is no answer to an import"}
	case *a.Success && a.SuccessCount == sent:
		return nil
	case *a.Success:
		return fmt.Errorf("Kibana says that it imported %d objects of %d", a.SuccessCount, sent) //nolint:staticcheck // a name
	case len(a.Errors) == 0:
		return errors.New("Kibana did not import the objects, and does not say why") //nolint:staticcheck // a name
	}
	failed := &ImportError{}
	for _, e := range a.Errors {
		failed.Reasons = append(failed.Reasons, e.explain())
	}
	return failed
}

func (e importError) explain() string {
	text := ObjectID{e.Type, e.ID}.String()
	if e.Title != "" {
		text += fmt.Sprintf(" (%q)", e.Title)
	}
	switch e.Error.Type {
	case "conflict":
		return text + " is there already"
	case "ambiguous_conflict":
		return text + " could be any of several that are there already"
	case "unsupported_type":
		return text + " is of a type that this Kibana does not know"
	case "missing_references":
		needed := make([]string, len(e.Error.References))
		for i, reference := range e.Error.References {
			needed[i] = reference.Target().String()
		}
		return text + " needs " + strings.Join(needed, ", ") + ", which is neither among the objects nor in Kibana"
	}
	if e.Error.Message != "" {
		return text + ": " + e.Error.Message
	}
	return text + ": " + e.Error.Type
}
