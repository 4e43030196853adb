package kibanafake

import (
	"net/http"
	"strings"
)

const statusPath = "/api/status"

// level is the state of a service in the form of 8.x, and what 7.x calls it (core/status/legacy_status).
type level struct{ name, state, title, nickname, icon, color string }

var (
	available   = level{"available", "green", "Green", "Looking good", "success", "secondary"}
	unavailable = level{"unavailable", "red", "Red", "Danger Will Robinson! Danger!", "danger", "danger"}
)

// status is GET /api/status (core/status/routes/status).
func (s *Server) status(r *http.Request) *answer {
	is, summary := available, "Elasticsearch is available"
	if s.trouble != "" {
		is, summary = unavailable, s.trouble
	}
	since := now()
	var status any
	if r.URL.Query().Get("v8format") == "true" || strings.HasPrefix(s.options.Version, "8.") {
		status = map[string]any{
			"overall": map[string]any{"level": is.name, "summary": "", "since": since},
			"core": map[string]any{
				"elasticsearch": map[string]any{"level": is.name, "summary": summary},
				"savedObjects":  map[string]any{"level": available.name, "summary": "SavedObjects service has completed migrations and is available"},
			},
			"plugins": map[string]any{},
		}
	} else {
		service := func(name string, is level, message string) map[string]any {
			return map[string]any{
				"id": "core:" + name + "@" + s.options.Version, "message": message, "since": since,
				"state": is.state, "icon": is.icon, "uiColor": is.color,
			}
		}
		status = map[string]any{
			"overall": map[string]any{
				"since": since, "state": is.state, "title": is.title, "nickname": is.nickname, "icon": is.icon, "uiColor": is.color,
			},
			"statuses": []any{
				service("elasticsearch", is, summary),
				service("savedObjects", available, "SavedObjects service has completed migrations and is available"),
			},
		}
	}
	return ok(map[string]any{
		"name": s.options.Name, "uuid": "5b2de169-2785-441b-ae8c-186a1936b17d", "status": status,
		"version": map[string]any{"number": s.options.Version, "build_hash": "0", "build_number": 1, "build_snapshot": false},
		"metrics": map[string]any{"collection_interval_in_millis": 5000},
	})
}
