package elasticfake

import (
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
)

type repository struct {
	kind     string
	settings map[string]string
}

// Unwritable is the name of a directory in path.repo that the server may not write to.
const Unwritable = "unwritable"

// snapshot answers for "Snapshot and restore APIs", as far as repositories go.
func (c *Cluster) snapshot(r *call) (any, *failure) {
	name := r.part(1)
	switch {
	case r.part(2) == "_verify" && r.method == http.MethodPost:
		repo := c.repositories[name]
		if repo == nil {
			return nil, noRepository(name)
		}
		return map[string]any{"nodes": map[string]any{"node-id-1": map[string]any{"name": "fake-1"}}}, repo.verify(name)
	case r.part(2) != "":
		return nil, noHandler(r)
	case r.method == http.MethodPut || r.method == http.MethodPost:
		return c.putRepository(name, r)
	case r.method == http.MethodGet:
		shown := map[string]any{}
		for one, repo := range c.repositories {
			if name == "" || fits(name, one) {
				shown[one] = map[string]any{"type": repo.kind, "settings": nest(repo.settings)}
			}
		}
		if len(shown) == 0 && name != "" && !strings.Contains(name, "*") {
			return nil, noRepository(name)
		}
		return shown, nil
	case r.method == http.MethodDelete:
		if c.repositories[name] == nil {
			return nil, noRepository(name)
		}
		delete(c.repositories, name)
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

func noRepository(name string) *failure {
	return fail(http.StatusNotFound, "repository_missing_exception", "["+name+"] missing")
}

// putRepository registers a repository; one that cannot be verified stays registered all the same.
func (c *Cluster) putRepository(name string, r *call) (any, *failure) {
	repo := &repository{kind: text(r.body["type"]), settings: map[string]string{}}
	for setting, value := range flatten(map[string]any{}, "", object(r.body["settings"])) {
		if value != nil {
			repo.settings[setting] = scalar(value)
		}
	}
	broken := func(reason string) *failure {
		cause := fail(http.StatusInternalServerError, "repository_exception", "["+name+"] "+reason)
		return &failure{
			status: http.StatusInternalServerError, kind: "repository_exception", reason: "[" + name + "] failed to create repository", cause: cause, root: cause,
		}
	}
	location := repo.settings["location"]
	switch {
	case repo.kind == "":
		return nil, fail(http.StatusBadRequest, "action_request_validation_exception", "Validation Failed: 1: type is missing;")
	case repo.kind == "url" && !c.options.Plain: // of the module repository-url
	case repo.kind != "fs":
		return nil, fail(http.StatusInternalServerError, "repository_exception", "["+name+"] repository type ["+repo.kind+"] does not exist")
	case location == "":
		return nil, broken("missing location")
	case len(c.options.PathRepo) == 0:
		return nil, broken("location [" + location + "] doesn't match any of the locations specified by path.repo because this setting is empty")
	case !slices.ContainsFunc(c.options.PathRepo, func(root string) bool { return within(root, location) }):
		return nil, broken("location [" + location + "] doesn't match any of the locations specified by path.repo")
	}
	c.repositories[name] = repo
	if r.flag("verify", true) {
		if failed := repo.verify(name); failed != nil {
			return nil, failed
		}
	}
	return acknowledged(), nil
}

// within tells whether a location, relative ones below the root, is in it.
func within(root, location string) bool {
	if !filepath.IsAbs(location) {
		location = filepath.Join(root, location)
	}
	relative, err := filepath.Rel(root, filepath.Clean(location))
	return err == nil && relative != ".." && !strings.HasPrefix(relative, "../")
}

func (r *repository) verify(name string) *failure {
	location := r.settings["location"]
	if filepath.Base(location) != Unwritable {
		return nil
	}
	store := fail(http.StatusInternalServerError, "repository_exception", "["+name+"] cannot create blob store")
	cause := *store
	cause.cause = fail(http.StatusInternalServerError, "access_denied_exception", location)
	return &failure{
		status: http.StatusInternalServerError, kind: "repository_verification_exception", reason: "[" + name + "] path  is not accessible on master node",
		cause: &cause, root: store,
	}
}

// snapshotLifecycle answers for "Snapshot lifecycle management APIs". The texts are those of Elastic's SnapshotLifecyclePolicy and of the transport
// actions.
func (c *Cluster) snapshotLifecycle(r *call) (any, *failure) {
	name := r.part(2)
	switch {
	case r.part(1) == "status" && r.method == http.MethodGet:
		return map[string]any{"operation_mode": "RUNNING"}, nil
	case r.part(1) != "policy":
		return nil, noHandler(r)
	case r.part(3) == "_execute" && r.method == http.MethodPut:
		if c.slm[name] == nil {
			return nil, illegal("no such policy id [%s]", name)
		}
		return map[string]any{"snapshot_name": name + "-" + c.now.Format("2006.01.02")}, nil
	case r.method == http.MethodPut:
		return c.putSnapshotPolicy(name, r.body)
	case r.method == http.MethodGet:
		shown := map[string]any{}
		for _, one := range slices.Sorted(maps.Keys(c.slm)) {
			if p := c.slm[one]; name == "" || fits(name, one) {
				shown[one] = map[string]any{
					"version": p.version, "modified_date_millis": p.modified.UnixMilli(), "policy": p.body, "next_execution_millis": c.now.UnixMilli(),
					"stats": map[string]any{"policy": one, "snapshots_taken": 0, "snapshots_failed": 0, "snapshots_deleted": 0, "snapshot_deletion_failures": 0},
				}
			}
		}
		switch {
		case len(shown) > 0 || name == "":
			return shown, nil
		case len(c.slm) == 0:
			return nil, missing("snapshot lifecycle policy or policies [%s] not found, no policies are configured", name)
		}
		return nil, missing("snapshot lifecycle policy or policies [%s] not found", name)
	case r.method == http.MethodDelete:
		if c.slm[name] == nil {
			return nil, missing("snapshot lifecycle policy not found: %s", name)
		}
		delete(c.slm, name)
		return acknowledged(), nil
	}
	return nil, noHandler(r)
}

func (c *Cluster) putSnapshotPolicy(name string, body map[string]any) (any, *failure) {
	for field := range body {
		if !slices.Contains([]string{"name", "schedule", "repository", "config", "retention"}, field) {
			return nil, fail(http.StatusBadRequest, "x_content_parse_exception", "[1:2] [snapshot_lifecycle] unknown field ["+field+"]")
		}
	}
	for _, field := range []string{"name", "schedule", "repository"} {
		if text(body[field]) == "" {
			return nil, illegal("Required [%s]", field)
		}
	}
	if fields := strings.Fields(text(body["schedule"])); len(fields) != 6 && len(fields) != 7 {
		return nil, fail(http.StatusBadRequest, "action_request_validation_exception",
			"Validation Failed: 1: invalid schedule ["+text(body["schedule"])+"]: must be a valid cron expression;")
	}
	if repo := text(body["repository"]); c.repositories[repo] == nil {
		return nil, illegal("no such repository [%s]", repo)
	}
	version := 1
	if before := c.slm[name]; before != nil {
		version = before.version + 1
	}
	c.slm[name] = &policy{version: version, modified: c.now, body: copied(body)}
	return acknowledged(), nil
}
