package kibanafake

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const objectsPath = "/api/saved_objects/"

// Reference is what an object needs.
type Reference struct {
	Name string `json:"name"`
	Type string `json:"type"`
	ID   string `json:"id"`
}

// Object is a saved object as Kibana returns it.
type Object struct {
	ID                   string            `json:"id"`
	Type                 string            `json:"type"`
	Namespaces           []string          `json:"namespaces,omitempty"`
	OriginID             string            `json:"originId,omitempty"`
	UpdatedAt            string            `json:"updated_at,omitempty"`
	Version              string            `json:"version,omitempty"`
	Attributes           map[string]any    `json:"attributes"`
	References           []Reference       `json:"references"`
	MigrationVersion     map[string]string `json:"migrationVersion,omitempty"`
	CoreMigrationVersion string            `json:"coreMigrationVersion,omitempty"`
}

// key tells objects apart. All importable types of 7.17 are of one space.
type key struct{ space, kind, id string }

// types are those that can be imported and exported, and the version of their last migration: no newer object is accepted. Empty: a type without
// migrations. (The migrations of 7.17's plugins dashboard, visualizations, data, lens, maps, discover, saved_objects_tagging, canvas.)
var types = map[string]string{
	"dashboard": "7.17.3", "visualization": "7.17.0", "index-pattern": "7.11.0", "search": "7.9.3", "lens": "7.17.0", "map": "7.14.0",
	"query": "7.16.0", "tag": "", "config": "7.13.0", "url": "7.14.0", "canvas-workpad": "7.0.0", "canvas-element": "", "graph-workspace": "7.11.0",
	"infrastructure-ui-source": "7.16.2", "metrics-explorer-view": "", "inventory-view": "",
}

func notFound(kind, id string) *answer {
	return boom(http.StatusNotFound, fmt.Sprintf("Saved object [%s/%s] not found", kind, id))
}

// object is /api/saved_objects (core/saved_objects/routes).
func (s *Server) object(r *http.Request, space, path string) *answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return boom(http.StatusBadRequest, err.Error())
	}
	switch r.Method + " " + path {
	case "POST _bulk_get":
		return s.bulkGet(space, body)
	case "GET _find":
		return s.find(space, r.URL.Query())
	case "POST _export":
		return s.export(space, body)
	case "POST _import", "POST _resolve_import_errors":
		return s.importFile(r, space, path, body)
	}
	kind, id, _ := strings.Cut(path, "/")
	if id, err = url.PathUnescape(id); err != nil {
		return boom(http.StatusBadRequest, err.Error())
	}
	if _, known := types[kind]; !known { // core/saved_objects/service/lib/errors createUnsupportedTypeError
		return boom(http.StatusBadRequest, fmt.Sprintf("Unsupported saved object type: '%s': Bad Request", kind))
	}
	at := key{space, kind, id}
	found := s.objects[at]
	switch {
	case r.Method == http.MethodPost:
		return s.create(r, at, body)
	case found == nil:
		return notFound(kind, id)
	case r.Method == http.MethodGet:
		return ok(found)
	case r.Method == http.MethodPut:
		return s.update(at, body)
	case r.Method == http.MethodDelete:
		delete(s.objects, at)
		s.touch()
		return ok(map[string]any{})
	}
	return boom(http.StatusNotFound, "Not Found")
}

func decode(body []byte, into any) *answer {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields() // @kbn/config-schema: definition for this key is missing
	err := decoder.Decode(into)
	if unknown, ok := strings.CutPrefix(fmt.Sprint(err), "json: unknown field "); ok {
		return boom(http.StatusBadRequest, fmt.Sprintf("[request body.%s]: definition for this key is missing", strings.Trim(unknown, `"`)))
	}
	if err != nil {
		return boom(http.StatusBadRequest, "Invalid request payload JSON format")
	}
	return nil
}

// write is the body of a creation or an update.
type write struct {
	Attributes           map[string]any    `json:"attributes"`
	References           []Reference       `json:"references"`
	MigrationVersion     map[string]string `json:"migrationVersion"`
	CoreMigrationVersion string            `json:"coreMigrationVersion"`
	InitialNamespaces    []string          `json:"initialNamespaces"`
	Version              string            `json:"version"`
}

// create is POST /TYPE/ID?overwrite (routes/create).
func (s *Server) create(r *http.Request, at key, body []byte) *answer {
	var w write
	if wrong := decode(body, &w); wrong != nil {
		return wrong
	}
	if w.Attributes == nil {
		return boom(http.StatusBadRequest, "[request body.attributes]: expected value of type [object] but got [undefined]")
	}
	if at.id == "" {
		at.id = s.newID()
	}
	if s.objects[at] != nil && r.URL.Query().Get("overwrite") != "true" {
		return boom(http.StatusConflict, fmt.Sprintf("Saved object [%s/%s] conflict", at.kind, at.id))
	}
	made := &Object{ID: at.id, Type: at.kind, Attributes: w.Attributes, References: w.References, MigrationVersion: w.MigrationVersion}
	if made.MigrationVersion == nil { // migrations/core/document_migrator: what says no version is taken for up to date
		made.MigrationVersion = upToDate(at.kind)
	}
	if err := migrate(made); err != nil {
		return boom(http.StatusUnprocessableEntity, err.Error())
	}
	return ok(s.put(at, made))
}

// update is PUT /TYPE/ID (routes/update): attributes that are not named stay.
func (s *Server) update(at key, body []byte) *answer {
	var w write
	if wrong := decode(body, &w); wrong != nil {
		return wrong
	}
	is := s.objects[at]
	if w.Version != "" && w.Version != is.Version {
		return boom(http.StatusConflict, fmt.Sprintf("Saved object [%s/%s] conflict", at.kind, at.id))
	}
	maps.Copy(is.Attributes, w.Attributes)
	if w.References != nil {
		is.References = w.References
	}
	return ok(s.put(at, is))
}

// put stores an object as Kibana does, with what it adds.
func (s *Server) put(at key, made *Object) *Object {
	s.touch()
	made.Namespaces = []string{at.space}
	made.UpdatedAt = now()
	made.CoreMigrationVersion = s.options.Version
	made.Version = base64.StdEncoding.EncodeToString([]byte("[" + strconv.Itoa(s.clock) + ",1]"))
	if made.References == nil {
		made.References = []Reference{}
	}
	s.objects[at] = made
	return made
}

// newID is the id of an object that has none, or a copy.
func (s *Server) newID() string {
	s.clock++
	return fmt.Sprintf("00000000-0000-4000-8000-%012x", s.clock)
}

// bulkGet is POST _bulk_get (routes/bulk_get): one answer an object, also for those that are not there.
func (s *Server) bulkGet(space string, body []byte) *answer {
	var asked []struct {
		Type   string   `json:"type"`
		ID     string   `json:"id"`
		Fields []string `json:"fields"`
	}
	if wrong := decode(body, &asked); wrong != nil {
		return wrong
	}
	found := make([]any, len(asked))
	for i, one := range asked {
		_, known := types[one.Type]
		object := s.objects[key{space, one.Type, one.ID}]
		switch {
		case !known:
			found[i] = map[string]any{"id": one.ID, "type": one.Type, "error": map[string]any{
				"statusCode": 400, "error": "Bad Request", "message": fmt.Sprintf("Unsupported saved object type: '%s': Bad Request", one.Type),
			}}
		case object == nil:
			found[i] = map[string]any{"id": one.ID, "type": one.Type, "error": map[string]any{
				"statusCode": 404, "error": "Not Found", "message": fmt.Sprintf("Saved object [%s/%s] not found", one.Type, one.ID),
			}}
		default:
			found[i] = object
		}
	}
	return ok(map[string]any{"saved_objects": found})
}

// find is GET _find (routes/find), by type and page.
func (s *Server) find(space string, query url.Values) *answer {
	wanted := query["type"]
	if len(wanted) == 0 {
		return boom(http.StatusBadRequest, "[request query.type]: expected at least one defined value but got [undefined]")
	}
	number := func(name string, standard int) int {
		if n, err := strconv.Atoi(query.Get(name)); err == nil {
			return n
		}
		return standard
	}
	size, page := number("per_page", 20), number("page", 1)
	all := s.all(func(k key) bool { return k.space == space && slices.Contains(wanted, k.kind) })
	from, to := min((page-1)*size, len(all)), min(page*size, len(all))
	return ok(map[string]any{"page": page, "per_page": size, "total": len(all), "saved_objects": all[from:to]})
}

// all are the objects whose key is wanted, in order.
func (s *Server) all(wanted func(key) bool) []*Object {
	keys := slices.SortedFunc(maps.Keys(s.objects), func(a, b key) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id)) })
	found := []*Object{}
	for _, k := range keys {
		if wanted(k) {
			found = append(found, s.objects[k])
		}
	}
	return found
}

// export is POST _export (routes/export, export/saved_objects_exporter): what is needed comes before what needs it, and the last line counts.
func (s *Server) export(space string, body []byte) *answer {
	var asked struct {
		Type                  any                         `json:"type"`
		Objects               []struct{ Type, ID string } `json:"objects"`
		HasReference          any                         `json:"hasReference"`
		Search                string                      `json:"search"`
		IncludeReferencesDeep bool                        `json:"includeReferencesDeep"`
		ExcludeExportDetails  bool                        `json:"excludeExportDetails"`
	}
	if wrong := decode(body, &asked); wrong != nil {
		return wrong
	}
	wanted := map[string]bool{}
	switch kinds := asked.Type.(type) {
	case string:
		wanted[kinds] = true
	case []any:
		for _, kind := range kinds {
			wanted[fmt.Sprint(kind)] = true
		}
	}
	switch {
	case len(wanted) == 0 && len(asked.Objects) == 0:
		return boom(http.StatusBadRequest, "Either `type` or `objects` are required.")
	case len(wanted) > 0 && len(asked.Objects) > 0:
		return boom(http.StatusBadRequest, `Can't specify both "types" and "objects" properties when exporting`)
	}
	chosen := s.all(func(k key) bool { return k.space == space && wanted[k.kind] })
	for _, one := range asked.Objects {
		object := s.objects[key{space, one.Type, one.ID}]
		if object == nil {
			return boom(http.StatusBadRequest, "Error fetching objects to export").with(map[string]any{"objects": []any{map[string]any{
				"id": one.ID, "type": one.Type, "error": map[string]any{
					"statusCode": 404, "error": "Not Found", "message": fmt.Sprintf("Saved object [%s/%s] not found", one.Type, one.ID),
				},
			}}})
		}
		chosen = append(chosen, object)
	}
	e := exporting{server: s, space: space, deep: asked.IncludeReferencesDeep, seen: map[key]bool{}}
	for _, object := range chosen {
		e.seen[key{space, object.Type, object.ID}] = false
	}
	for _, object := range chosen {
		e.add(object)
	}
	content, err := e.content(asked.ExcludeExportDetails)
	if err != nil {
		return boom(http.StatusInternalServerError, err.Error())
	}
	return &answer{status: http.StatusOK, raw: content, kind: "application/ndjson"}
}

type exporting struct {
	server  *Server
	space   string
	deep    bool
	seen    map[key]bool // chosen objects; true: already in the list
	objects []*Object
	missing []map[string]any
}

func (e *exporting) add(object *Object) {
	at := key{e.space, object.Type, object.ID}
	if e.seen[at] {
		return
	}
	e.seen[at] = true
	for _, reference := range object.References {
		needed := key{e.space, reference.Type, reference.ID}
		_, chosen := e.seen[needed]
		found := e.server.objects[needed]
		switch {
		case found != nil && (chosen || e.deep):
			e.add(found)
		case found == nil && e.deep:
			e.missing = append(e.missing, map[string]any{"id": reference.ID, "type": reference.Type})
		}
	}
	e.objects = append(e.objects, object)
}

func (e *exporting) content(plain bool) ([]byte, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	for _, object := range e.objects {
		copied := *object
		copied.Namespaces = nil
		if err := encoder.Encode(copied); err != nil {
			return nil, err
		}
	}
	if plain {
		return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
	}
	if e.missing == nil {
		e.missing = []map[string]any{}
	}
	err := encoder.Encode(map[string]any{ // with what 7.17 adds
		"exportedCount": len(e.objects), "missingRefCount": len(e.missing), "missingReferences": e.missing,
		"excludedObjects": []any{}, "excludedObjectsCount": 0,
	})
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), err
}

// Object is an object of a space; nil when there is none.
func (s *Server) Object(space, kind, id string) *Object {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.objects[key{space, kind, id}]
	if found == nil {
		return nil
	}
	copied, err := clone(found)
	if err != nil {
		panic(err) // it was JSON
	}
	return copied
}

// Objects are the objects of a space, as TYPE/ID.
func (s *Server) Objects(space string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.all(func(k key) bool { return k.space == space })
	names := make([]string, len(found))
	for i, object := range found {
		names[i] = object.Type + "/" + object.ID
	}
	return names
}

// SetObject makes or replaces an object by hand.
func (s *Server) SetObject(space string, object Object) {
	s.mu.Lock()
	defer s.mu.Unlock()
	copied, err := clone(&object)
	if err != nil {
		panic(err)
	}
	s.put(key{space, object.Type, object.ID}, copied)
}

// RemoveObject removes an object by hand.
func (s *Server) RemoveObject(space, kind, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.objects, key{space, kind, id})
	s.touch()
}

// Click is somebody who adds a field to a table in Discover: the field's popularity in the index pattern grows, and the object is another version.
func (s *Server) Click(space, id, field string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	at := key{space, "index-pattern", id}
	pattern := s.objects[at]
	if pattern == nil {
		return errors.New("there is no index pattern " + id)
	}
	fields := map[string]map[string]any{}
	if text, ok := pattern.Attributes["fieldAttrs"].(string); ok {
		if err := json.Unmarshal([]byte(text), &fields); err != nil {
			return err
		}
	}
	if fields[field] == nil {
		fields[field] = map[string]any{}
	}
	count, _ := fields[field]["count"].(float64)
	fields[field]["count"] = count + 1
	text, err := json.Marshal(fields)
	if err != nil {
		return err
	}
	pattern.Attributes["fieldAttrs"] = string(text)
	s.put(at, pattern)
	return nil
}

func clone(object *Object) (*Object, error) {
	content, err := json.Marshal(object)
	if err != nil {
		return nil, err
	}
	copied := new(Object)
	return copied, json.Unmarshal(content, copied)
}
