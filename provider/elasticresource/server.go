package elasticresource

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/provider/connection"
)

// server is the program that has the objects, as people call it.
type server string

const (
	inElasticsearch server = "Elasticsearch"
	inKibana        server = "Kibana"
)

// block is the attribute of the provider that says where it is.
func (s server) block() string { return strings.ToLower(string(s)) }

// missing is for a provider that does not say so.
func (s server) missing() string {
	return fmt.Sprintf("The provider does not say where %s is: add %s = { … } to its block.", s, s.block())
}

// needed names privileges, each between marks.
func (s server) needed(privileges []string, mark string) string {
	text := "the cluster privilege"
	if s == inKibana {
		text = "the Kibana privilege"
	}
	if len(privileges) > 1 {
		text += "s"
	}
	return text + " " + mark + strings.Join(privileges, mark+", "+mark) + mark
}

// explain words an error for people who read a diagnostic; privileges are what the user may lack.
func (s server) explain(err error, privileges []string) string {
	text := connection.Explain(err)
	var asked *connection.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded) && errors.As(err, &asked):
		return "Host " + asked.Host + ": the time for it ran out (see timeouts)."
	case client.Refused(err) && s == inKibana:
		text += " (check username and password of the provider's kibana)"
	case client.Refused(err):
		text += " (check username and password, or the API key, of the provider's elasticsearch; while its password is being changed, give the former one as previous_password)"
	case client.HasStatus(err, http.StatusForbidden) && len(privileges) > 0:
		text += " (the user needs " + s.needed(privileges, "") + ")"
	}
	return text
}
