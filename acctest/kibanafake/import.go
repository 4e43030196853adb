package kibanafake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strings"
)

// retry is how to resolve one error of an import (routes/resolve_import_errors).
type retry struct {
	Type                    string                            `json:"type"`
	ID                      string                            `json:"id"`
	Overwrite               bool                              `json:"overwrite"`
	DestinationID           string                            `json:"destinationId"`
	ReplaceReferences       []struct{ Type, From, To string } `json:"replaceReferences"`
	CreateNewCopy           bool                              `json:"createNewCopy"`
	IgnoreMissingReferences bool                              `json:"ignoreMissingReferences"`
}

// importError is an entry of the errors of an answer.
type importError struct {
	ID        string         `json:"id"`
	Type      string         `json:"type"`
	Title     string         `json:"title,omitempty"`
	Meta      map[string]any `json:"meta"`
	Overwrite bool           `json:"overwrite,omitempty"`
	Error     map[string]any `json:"error"`
}

// importFile is POST _import and POST _resolve_import_errors (routes/import, routes/resolve_import_errors).
func (s *Server) importFile(r *http.Request, space, route string, body []byte) *answer {
	query := r.URL.Query()
	overwrite, copies := query.Get("overwrite") == "true", query.Get("createNewCopies") == "true"
	if overwrite && copies {
		return boom(http.StatusBadRequest, "[request query]: cannot use [overwrite] with [createNewCopies]")
	}
	form, err := parseForm(r.Header.Get("Content-Type"), body)
	if err != nil {
		return boom(http.StatusUnsupportedMediaType, "Unsupported Media Type")
	}
	if form.file == nil {
		return boom(http.StatusBadRequest, "[request body.file]: expected value of type [Stream] but got [undefined]")
	}
	if extension := strings.ToLower(path.Ext(form.name)); extension != ".ndjson" {
		return boom(http.StatusBadRequest, "Invalid file extension "+extension)
	}
	objects, wrong := s.parseFile(form.file)
	if wrong != nil {
		return wrong
	}
	i := importing{server: s, space: space, overwrite: overwrite, copies: copies, ids: map[string]string{}, retries: map[string]retry{}}
	if route == "_resolve_import_errors" {
		if err := json.Unmarshal(form.retries, &i.list); err != nil {
			return boom(http.StatusBadRequest, "[request body.retries]: could not parse array value from json input")
		}
		for _, one := range i.list {
			i.retries[one.Type+":"+one.ID] = one
		}
		// import/lib/create_objects_filter: only what there is a retry for.
		objects = slices.DeleteFunc(objects, func(o *Object) bool { _, named := i.retries[o.Type+":"+o.ID]; return !named })
	}
	return i.run(objects)
}

type form struct {
	name          string // of the file
	file, retries []byte
}

func parseForm(contentType string, body []byte) (form, error) {
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil || kind != "multipart/form-data" {
		return form{}, errors.New("no form")
	}
	var f form
	parts := multipart.NewReader(bytes.NewReader(body), parameters["boundary"])
	for {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return form{}, err
		}
		content, err := io.ReadAll(part)
		if err != nil {
			return form{}, err
		}
		switch part.FormName() {
		case "file":
			f.name, f.file = part.FileName(), content
		case "retries":
			f.retries = content
		}
	}
}

// parseFile reads the lines (routes/utils createSavedObjectsStreamFromNdJson, import/lib/collect_saved_objects). Empty lines, and the count at the end of
// an export, are left out.
func (s *Server) parseFile(file []byte) ([]*Object, *answer) {
	var objects []*Object
	seen, twice := map[string]bool{}, []string{}
	for line := range bytes.Lines(file) {
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(line, &fields); err != nil {
			return nil, boom(http.StatusBadRequest, "Unexpected token "+string(line[:1])+" in JSON at position 0")
		}
		if _, counts := fields["exportedCount"]; counts {
			continue
		}
		object := new(Object)
		if err := json.Unmarshal(line, object); err != nil {
			return nil, boom(http.StatusBadRequest, err.Error())
		}
		if object.MigrationVersion == nil {
			object.MigrationVersion = map[string]string{} // all migrations run
		}
		at := object.Type + ":" + object.ID
		if seen[at] && !slices.Contains(twice, at) {
			twice = append(twice, at)
		}
		seen[at] = true
		objects = append(objects, object)
		if len(objects) > s.options.MaxImport {
			return nil, boom(http.StatusBadRequest, fmt.Sprintf("Can't import more than %d objects", s.options.MaxImport))
		}
	}
	if len(twice) > 0 {
		return nil, boom(http.StatusBadRequest, "Non-unique import objects detected: ["+strings.Join(twice, ",")+"]")
	}
	return objects, nil
}

type importing struct {
	server            *Server
	space             string
	overwrite, copies bool
	list              []retry
	retries           map[string]retry
	ids               map[string]string // new ids of copies, by TYPE:ID
	errors            []importError
	warned            map[string]bool // objects that are overwritten
}

func title(o *Object) string {
	text, _ := o.Attributes["title"].(string)
	return text
}

func (i *importing) fail(o *Object, because map[string]any) {
	i.errors = append(i.errors, importError{ID: o.ID, Type: o.Type, Title: title(o), Meta: map[string]any{"title": title(o)}, Error: because})
}

// run is import/import_saved_objects and import/resolve_import_errors.
func (i *importing) run(objects []*Object) *answer {
	i.warned = map[string]bool{}
	var supported []*Object
	for _, o := range objects {
		if _, known := types[o.Type]; !known {
			i.fail(o, map[string]any{"type": "unsupported_type"})
			continue
		}
		for n := range o.References { // references that the caller wants to go elsewhere
			for _, replace := range i.retries[o.Type+":"+o.ID].ReplaceReferences {
				if o.References[n].Type == replace.Type && o.References[n].ID == replace.From {
					o.References[n].ID = replace.To
				}
			}
		}
		supported = append(supported, o)
	}
	i.references(supported)
	i.conflicts(supported)
	created, refused := i.create(supported)
	if refused != nil {
		return refused
	}
	results := make([]map[string]any, 0, len(created))
	for _, o := range created {
		result := map[string]any{"type": o.Type, "id": o.ID, "meta": map[string]any{"title": title(o)}}
		if i.warned[o.Type+":"+o.ID] {
			result["overwrite"] = true
		}
		if id, copied := i.ids[o.Type+":"+o.ID]; copied {
			result["destinationId"] = id
		}
		results = append(results, result)
	}
	body := map[string]any{"success": len(i.errors) == 0, "successCount": len(created), "warnings": []any{}}
	if len(results) > 0 {
		body["successResults"] = results
	}
	if len(i.errors) > 0 {
		body["errors"] = i.errors
	}
	return ok(body) // 200, whatever became of it
}

// references looks for index patterns and searches that objects need, in the file and in Kibana; for nothing else (import/lib/validate_references).
func (i *importing) references(objects []*Object) {
	inFile := map[string]bool{}
	for _, o := range objects {
		inFile[o.Type+":"+o.ID] = true
	}
	for _, o := range objects {
		if i.retries[o.Type+":"+o.ID].IgnoreMissingReferences {
			continue
		}
		var missing []map[string]any
		for _, reference := range o.References {
			checked := reference.Type == "index-pattern" || reference.Type == "search"
			if checked && !inFile[reference.Type+":"+reference.ID] && i.server.objects[key{i.space, reference.Type, reference.ID}] == nil {
				missing = append(missing, map[string]any{"type": reference.Type, "id": reference.ID})
			}
		}
		if len(missing) > 0 {
			i.fail(o, map[string]any{"type": "missing_references", "references": missing})
		}
	}
}

// conflicts finds objects that are there already (import/lib/check_conflicts); copies get new ids instead (import/lib/regenerate_ids).
func (i *importing) conflicts(objects []*Object) {
	for _, o := range objects {
		at := o.Type + ":" + o.ID
		how := i.retries[at]
		if i.copies || how.CreateNewCopy {
			i.ids[at] = i.server.newID()
		}
		if how.DestinationID != "" {
			i.ids[at] = how.DestinationID
		}
		id := o.ID
		if other, ok := i.ids[at]; ok {
			id = other
		}
		if i.server.objects[key{i.space, o.Type, id}] == nil {
			continue
		}
		if i.overwrite || how.Overwrite {
			i.warned[at] = true
			continue
		}
		because := map[string]any{"type": "conflict"}
		if how.DestinationID != "" {
			because["destinationId"] = how.DestinationID
		}
		i.fail(o, because)
	}
}

// create makes the objects without an error, and only if no error of the whole file could be resolved: else nothing is written, and they are counted all the
// same (import/lib/create_saved_objects).
func (i *importing) create(objects []*Object) ([]*Object, *answer) {
	failed := map[string]bool{}
	resolvable := false
	for _, e := range i.errors {
		failed[e.Type+":"+e.ID] = true
		kind, _ := e.Error["type"].(string)
		resolvable = resolvable || slices.Contains([]string{"conflict", "ambiguous_conflict", "missing_references"}, kind)
	}
	objects = slices.DeleteFunc(slices.Clone(objects), func(o *Object) bool { return failed[o.Type+":"+o.ID] })
	if resolvable {
		return objects, nil
	}
	written := make([]*Object, len(objects))
	for n, o := range objects {
		made, err := i.made(o)
		if err != nil { // service/lib/repository bulkCreate migrates all before it writes any; one that cannot be is an error of the whole
			return nil, boom(http.StatusUnprocessableEntity, err.Error())
		}
		written[n] = made
	}
	for _, made := range written {
		i.server.put(key{i.space, made.Type, made.ID}, made)
	}
	return objects, nil
}

// made is the object as it is written: migrated, a copy under its new id and with references to the new ids of others.
func (i *importing) made(o *Object) (*Object, error) {
	made, err := clone(o)
	if err != nil {
		return nil, err
	}
	made.Version, made.OriginID = "", ""
	for n, reference := range made.References {
		if id, copied := i.ids[reference.Type+":"+reference.ID]; copied {
			made.References[n].ID = id
		}
	}
	if id, copied := i.ids[o.Type+":"+o.ID]; copied {
		made.ID = id
	}
	return made, migrate(made)
}
