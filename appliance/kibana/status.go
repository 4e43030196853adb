package kibana

import (
	"context"
	"net/http"
	"strings"
)

// Status is how Kibana is.
type Status struct {
	Version string
	Level   string // available, degraded, unavailable or critical
	Reason  string // what is not available, and why; empty: nothing
}

// Usable tells whether people can work with it.
func (s Status) Usable() bool { return s.Level == "available" || s.Level == "degraded" }

// Status asks how Kibana is, in the form of 7.x or of 8.x, whichever it answers in.
func (c *Client) Status(ctx context.Context) (Status, error) {
	var answer struct {
		Version struct{ Number string }
		Status  struct {
			Overall  struct{ Level, State, Summary string }
			Statuses []struct{ ID, State, Message string }
			Core     map[string]struct{ Level, Summary string }
		}
	}
	if err := c.call(ctx, http.MethodGet, "/api/status", nil, nil, "", &answer); err != nil {
		return Status{}, err
	}
	s := Status{Version: answer.Version.Number, Level: answer.Status.Overall.Level}
	var reasons []string
	switch state := answer.Status.Overall.State; {
	case s.Level != "":
		for name, service := range answer.Status.Core {
			if service.Level != "available" {
				reasons = append(reasons, name+": "+service.Summary)
			}
		}
	case state == "green":
		s.Level = "available"
	case state == "yellow":
		s.Level = "degraded"
	case state == "red":
		s.Level = "unavailable"
	default:
		return s, &StatusError{http.StatusOK, "this is no answer of Kibana's: it has no status"}
	}
	for _, service := range answer.Status.Statuses {
		if service.State != "green" {
			name, _, _ := strings.Cut(strings.TrimPrefix(service.ID, "core:"), "@")
			reasons = append(reasons, name+": "+service.Message)
		}
	}
	s.Reason = strings.Join(reasons, "; ")
	return s, nil
}
