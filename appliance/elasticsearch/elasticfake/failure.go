package elasticfake

import (
	"fmt"
	"net/http"
)

// failure is an answer that is an error, in the shape of "REST API conventions", "Common options".
type failure struct {
	status       int
	kind, reason string
	more         map[string]any // besides, such as index and index_uuid
	cause        *failure
	root         *failure // nil: the failure itself
	text         string   // in place of all, where Elasticsearch has a text for an error
}

func fail(status int, kind, reason string) *failure {
	return &failure{status: status, kind: kind, reason: reason}
}

// illegal is the most common one.
func illegal(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "illegal_argument_exception", fmt.Sprintf(format, args...))
}

// about adds which index a failure is about.
func (f *failure) about(index, uuid string) *failure {
	f.more = map[string]any{"index": index, "index_uuid": uuid}
	return f
}

func (f *failure) object() map[string]any {
	o := map[string]any{"type": f.kind, "reason": f.reason}
	for name, value := range f.more {
		o[name] = value
	}
	if f.cause != nil {
		o["caused_by"] = f.cause.object()
	}
	return o
}

func (f *failure) body() map[string]any {
	if f.text != "" && f.status == http.StatusBadRequest {
		return map[string]any{"error": f.text}
	}
	if f.text != "" {
		return map[string]any{"error": f.text, "status": f.status}
	}
	root := f.root
	if root == nil {
		root = &failure{kind: f.kind, reason: f.reason, more: f.more}
	}
	o := f.object()
	o["root_cause"] = []any{root.object()}
	return map[string]any{"error": o, "status": f.status}
}

func noIndex(name, kind string) *failure {
	f := fail(http.StatusNotFound, "index_not_found_exception", "no such index ["+name+"]").about(name, "_na_")
	f.more["resource.type"], f.more["resource.id"] = kind, name
	return f
}

func badName(name, why string) *failure {
	return fail(http.StatusBadRequest, "invalid_index_name_exception", "Invalid index name ["+name+"], "+why).about(name, "_na_")
}

func missing(format string, args ...any) *failure {
	return fail(http.StatusNotFound, "resource_not_found_exception", fmt.Sprintf(format, args...))
}
