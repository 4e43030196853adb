package elasticfake

import (
	"fmt"
	"net/http"
)

// withXPack are beginnings of paths that only the default distribution listens to.
var withXPack = map[string]bool{"_data_stream": true, "_ilm": true, "_slm": true, "_transform": true}

// without is what a server says that does not listen to a path: it takes the first part for the name of an index, and the second for a type.
func (c *Cluster) without(r *call) (any, *failure) {
	name := r.part(0)
	switch n := len(r.parts); {
	case n == 1:
		return nil, badName(name, "must not start with '_'.")
	case n == 2 && r.method != http.MethodPost:
		return nil, &failure{status: http.StatusMethodNotAllowed, text: fmt.Sprintf("Incorrect HTTP method for uri [%s] and method [%s], allowed: [POST]", r.path, r.method)}
	case n == 3 && r.method == http.MethodPut && r.body != nil:
		return nil, badName(name, "must not start with '_', '-', or '+'")
	case n == 3 && (r.method == http.MethodGet || r.method == http.MethodDelete):
		return nil, noIndex(name, "index_expression")
	case n <= 3 && r.body == nil:
		return nil, fail(http.StatusBadRequest, "parse_exception", "request body is required")
	case n <= 3:
		return nil, badName(name, "must not start with '_', '-', or '+'")
	}
	return nil, noHandler(r)
}
