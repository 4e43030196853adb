package output

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// TargetAuto takes what is there; where nothing is, a data stream on a server that has them, and an alias on one that has not. The other
// targets are those of package schema.
const TargetAuto = "auto"

// SetupConfig says what is to be there before the first document.
type SetupConfig struct {
	Documents *schema.Documents // what is written; nil is flows
	Index     string
	Target    string // TargetAuto, or one of the targets of package schema
	DryRun    bool   // only look
}

// Step is one thing that Setup made, or found.
type Step struct {
	What   string // such as "index template flows"
	Result string // such as "created", "is there", "would be created"
	Done   bool   // something was changed
	Method string // of the request that makes it
	Path   string
	Body   any
}

func (s Step) String() string { return s.What + ": " + s.Result }

// Setup creates what is missing, and tells report each step. What is there stays: templates of the same or of a newer version, those of
// somebody else, and the target. It returns the target it settled on. It needs the cluster privilege manage_index_templates, and on the index
// view_index_metadata and create_index; for an alias manage (Elasticsearch 7.17, "Security privileges").
func (c *Client) Setup(ctx context.Context, s SetupConfig, report func(Step)) (target string, err error) {
	defer func() { err = c.advise(err, s.Index) }()
	if s.Documents == nil {
		s.Documents = schema.Flows
	}
	there, err := c.kind(ctx, s.Index)
	if err != nil {
		return "", err
	}
	target = s.Target
	switch {
	case target == TargetAuto && there != "":
		target = there
	case target == TargetAuto:
		if target, err = c.choose(ctx, s.Index); err != nil {
			return "", err
		}
	case there != "" && there != target:
		return "", fmt.Errorf("%s is there as %s, not as %s: remove it, or change output.elasticsearch.target", s.Index, words(there), words(target))
	}
	for _, t := range s.Documents.Templates(s.Index, target) {
		if err := c.putTemplate(ctx, s, t, report); err != nil {
			return target, err
		}
	}
	return target, c.makeTarget(ctx, s, target, there, report)
}

// advise adds to an error what to do about it.
func (c *Client) advise(err error, index string) error {
	var refused *statusError
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.status {
	case http.StatusUnauthorized:
		return fmt.Errorf("%w; %s", err, unauthorized(c.transport.whoever()))
	case http.StatusForbidden:
		return fmt.Errorf("%w; it takes the privilege manage_index_templates on the cluster, and on %s view_index_metadata and create_index, for an alias manage",
			err, index)
	}
	return err
}

// words is how people call a target.
func words(target string) string {
	switch target {
	case schema.TargetDataStream:
		return "a data stream"
	case schema.TargetAlias:
		return "an alias"
	}
	return "an index"
}

// kind is what there is of the name: a target, or empty where nothing is.
func (c *Client) kind(ctx context.Context, name string) (string, error) {
	r, err := c.do(ctx, http.MethodGet, "/"+escape(name)+"?filter_path=*.data_stream,*.settings.index.uuid", nil)
	if err != nil {
		return "", fmt.Errorf("unable to look for %s: %w", name, err)
	}
	if r.status == http.StatusNotFound {
		return "", nil
	}
	var indices map[string]struct {
		DataStream string `json:"data_stream"`
	}
	if !r.ok() || json.Unmarshal(r.body, &indices) != nil {
		return "", fmt.Errorf("unable to look for %s: %w", name, &statusError{r.status, r.body})
	}
	if _, index := indices[name]; index {
		return schema.TargetIndex, nil
	}
	for _, i := range indices {
		if i.DataStream == name {
			return schema.TargetDataStream, nil
		}
	}
	return schema.TargetAlias, nil
}

// choose is the target where nothing is of the name: that of a template of ours, which somebody put for a reason, else a data stream where the
// server has them. One without answers 400 (it takes _data_stream for the name of an index), 405, or 404 without a word about an index.
func (c *Client) choose(ctx context.Context, name string) (string, error) {
	found, err := c.template(ctx, "/_index_template/"+escape(name), "index template "+name)
	switch {
	case err != nil:
		return "", err
	case found != nil && (found.Meta.ManagedBy == schema.ManagedBy || found.Meta.ManagedBy == schema.ManagedByTerraform):
		return found.target(name), nil
	}
	r, err := c.do(ctx, http.MethodGet, "/_data_stream/"+escape(name), nil)
	switch {
	case err != nil:
		return "", fmt.Errorf("unable to look for data streams: %w", err)
	case r.ok(), r.status == http.StatusNotFound && r.kind() != "":
		return schema.TargetDataStream, nil
	case r.status == http.StatusBadRequest, r.status == http.StatusMethodNotAllowed, r.status == http.StatusNotFound:
		return schema.TargetAlias, nil
	}
	return "", fmt.Errorf("unable to look for data streams: %w", &statusError{r.status, r.body})
}

// known is what is compared of a template.
type known struct {
	Meta struct {
		ManagedBy     string  `json:"managed_by"`
		SchemaVersion float64 `json:"schema_version"`
	} `json:"_meta"`
	IndexPatterns []string        `json:"index_patterns"`
	DataStream    json.RawMessage `json:"data_stream"`
}

// target is what an index template of the name is for.
func (k *known) target(name string) string {
	switch {
	case k.DataStream != nil:
		return schema.TargetDataStream
	case slices.Contains(k.IndexPatterns, name):
		return schema.TargetIndex
	}
	return schema.TargetAlias
}

// template reads an index template or a component template; nil: there is none.
func (c *Client) template(ctx context.Context, path, what string) (*known, error) {
	r, err := c.do(ctx, http.MethodGet, path, nil)
	switch {
	case err != nil:
		return nil, fmt.Errorf("unable to look for %s: %w", what, err)
	case r.status == http.StatusNotFound:
		return nil, nil // documented: there is none.
	case r.status == http.StatusBadRequest, r.status == http.StatusMethodNotAllowed:
		return nil, fmt.Errorf("unable to look for %s: the server has no templates of this kind: Elasticsearch 7.17 or 8 is needed", what)
	case !r.ok():
		return nil, fmt.Errorf("unable to look for %s: %w", what, &statusError{r.status, r.body})
	}
	var a struct {
		IndexTemplates []struct {
			IndexTemplate known `json:"index_template"`
		} `json:"index_templates"`
		ComponentTemplates []struct {
			ComponentTemplate known `json:"component_template"`
		} `json:"component_templates"`
	}
	if err := json.Unmarshal(r.body, &a); err != nil {
		return nil, fmt.Errorf("unable to look for %s: %w", what, err)
	}
	switch {
	case len(a.IndexTemplates) == 1:
		return &a.IndexTemplates[0].IndexTemplate, nil
	case len(a.ComponentTemplates) == 1:
		return &a.ComponentTemplates[0].ComponentTemplate, nil
	}
	return nil, fmt.Errorf("unable to look for %s: the answer has not one template: %s", what, shorten(string(r.body)))
}

// putTemplate creates a template, or replaces one of an older version.
func (c *Client) putTemplate(ctx context.Context, s SetupConfig, t schema.Template, report func(Step)) error {
	kind, name, _ := strings.Cut(strings.TrimPrefix(t.Path, "/_"), "/")
	step := Step{What: strings.ReplaceAll(kind, "_", " ") + " " + name, Method: http.MethodPut, Path: t.Path, Body: t.Body}
	ours, err := knownOf(t.Body)
	if err != nil {
		return err
	}
	theirs, err := c.template(ctx, t.Path, step.What)
	if err != nil {
		return err
	}
	switch {
	case theirs == nil:
		return c.change(ctx, s, step, "created", report)
	case theirs.Meta.ManagedBy == schema.ManagedByTerraform:
		step.Result = "left to Terraform"
	case theirs.Meta.ManagedBy != ours.Meta.ManagedBy:
		step.Result = "left as it is, because it is not one of this program"
	case theirs.Meta.SchemaVersion > ours.Meta.SchemaVersion:
		step.Result = fmt.Sprintf("left as it is, because its version %v is newer than %v", theirs.Meta.SchemaVersion, ours.Meta.SchemaVersion)
	case theirs.Meta.SchemaVersion == ours.Meta.SchemaVersion && theirs.target(s.Index) == ours.target(s.Index):
		step.Result = "is there"
	default:
		return c.change(ctx, s, step, "updated, for indices that are made from now on", report)
	}
	report(step)
	return nil
}

// change makes a request, unless nothing is to be changed.
func (c *Client) change(ctx context.Context, s SetupConfig, step Step, result string, report func(Step)) error {
	if s.DryRun {
		step.Result = "would be " + result
		report(step)
		return nil
	}
	r, err := c.do(ctx, step.Method, step.Path, step.Body)
	switch {
	case err != nil:
		return fmt.Errorf("unable to create %s: %w", step.What, err)
	case r.status == http.StatusBadRequest && r.kind() == "resource_already_exists_exception":
		step.Result = "is there" // somebody else was faster
	case !r.ok():
		return fmt.Errorf("unable to create %s: %w", step.What, &statusError{r.status, r.body})
	default:
		step.Result, step.Done = result, true
	}
	report(step)
	return nil
}

// makeTarget creates the target unless it is there.
func (c *Client) makeTarget(ctx context.Context, s SetupConfig, target, there string, report func(Step)) error {
	step := Step{Method: http.MethodPut}
	switch target {
	case schema.TargetDataStream:
		step.What, step.Path = "data stream "+s.Index, "/_data_stream/"+escape(s.Index)
	case schema.TargetAlias:
		first := s.Index + "-000001"
		step.What, step.Path = "alias "+s.Index+" of index "+first, "/"+escape(first)
		step.Body = map[string]any{"aliases": map[string]any{s.Index: map[string]any{"is_write_index": true}}}
	default:
		step.What, step.Path = "index "+s.Index, "/"+escape(s.Index)
	}
	if there != "" {
		step.Result = "is there"
		if target == schema.TargetAlias {
			step.What = "alias " + s.Index
		}
		report(step)
		return nil
	}
	return c.change(ctx, s, step, "created", report)
}

func knownOf(body any) (k known, err error) {
	text, err := json.Marshal(body)
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	return k, err
}
