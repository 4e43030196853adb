package kibanafake

import (
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

const (
	spacesPath   = "/api/spaces/space"
	defaultSpace = "default"
)

// Space is a Kibana space (spaces/lib/space_schema).
type Space struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Description      string   `json:"description,omitempty"`
	Initials         string   `json:"initials,omitempty"`
	Color            string   `json:"color,omitempty"`
	DisabledFeatures []string `json:"disabledFeatures"`
	ImageURL         string   `json:"imageUrl,omitempty"`
	Reserved         bool     `json:"_reserved,omitempty"`
}

var theDefault = Space{
	ID: defaultSpace, Name: "Default", Description: "This is your default space!", Color: "#00bfb3", DisabledFeatures: []string{}, Reserved: true,
}

var (
	spaceID    = regexp.MustCompile(`^[a-z0-9_-]+$`)
	spaceColor = regexp.MustCompile(`^#[a-zA-Z0-9]{6}$`)
)

func (v Space) problem() string {
	switch {
	case !spaceID.MatchString(v.ID):
		return `[request body.id]: must be lower case, a-z, 0-9, '_', and '-' are allowed`
	case v.Name == "":
		return `[request body.name]: value has length [0] but it must have a minimum length of [1].`
	case len(v.Initials) > 2:
		return `[request body.initials]: value has length [3] but it must have a maximum length of [2].`
	case v.Color != "" && !spaceColor.MatchString(v.Color):
		return `[request body.color]: must be a 6 digit hex color, starting with a #`
	case v.ImageURL != "" && !strings.HasPrefix(v.ImageURL, "data:image"):
		return `[request body.imageUrl]: must start with 'data:image'`
	}
	return ""
}

// space is /api/spaces/space (spaces/routes/api/external).
func (s *Server) space(r *http.Request, id string) *answer {
	was, there := s.spaces[id]
	switch r.Method {
	case http.MethodGet:
		if id == "" {
			return ok(slices.SortedFunc(maps.Values(s.spaces), func(a, b Space) int { return cmp.Compare(a.ID, b.ID) }))
		}
		if !there {
			return boom(http.StatusNotFound, "Not Found")
		}
		return ok(was)
	case http.MethodPost, http.MethodPut:
		return s.putSpace(r, id, there)
	case http.MethodDelete:
		switch {
		case !there:
			return boom(http.StatusNotFound, "Not Found")
		case was.Reserved:
			return boom(http.StatusBadRequest, "The "+id+" space cannot be deleted because it is reserved.")
		}
		delete(s.spaces, id)
		// spaces/lib/spaces_client delete: with all that is in it (deleteByNamespace).
		maps.DeleteFunc(s.objects, func(k key, _ *Object) bool { return k.space == id })
		s.touch()
		return &answer{status: http.StatusNoContent}
	}
	return boom(http.StatusNotFound, "Not Found")
}

func (s *Server) putSpace(r *http.Request, id string, there bool) *answer {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return boom(http.StatusBadRequest, err.Error())
	}
	made := Space{DisabledFeatures: []string{}}
	if err := json.Unmarshal(body, &made); err != nil {
		return boom(http.StatusBadRequest, "Invalid request payload JSON format")
	}
	if problem := made.problem(); problem != "" {
		return boom(http.StatusBadRequest, problem)
	}
	made.Reserved = false
	if r.Method == http.MethodPost {
		if _, taken := s.spaces[made.ID]; taken {
			return boom(http.StatusConflict, "A space with the identifier "+made.ID+" already exists.")
		}
	} else {
		if !there {
			return boom(http.StatusNotFound, "Not Found")
		}
		made.ID, made.Reserved = id, s.spaces[id].Reserved
	}
	s.spaces[made.ID] = made
	s.touch()
	return ok(made)
}

// Space is the space of this id; ok is false when there is none.
func (s *Server) Space(id string) (Space, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	space, ok := s.spaces[id]
	return space, ok
}

// SetSpace makes or changes a space by hand; RemoveSpace is the opposite.
func (s *Server) SetSpace(space Space) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spaces[space.ID] = space
	s.touch()
}

// RemoveSpace removes a space by hand, with all that is in it.
func (s *Server) RemoveSpace(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.spaces, id)
	maps.DeleteFunc(s.objects, func(k key, _ *Object) bool { return k.space == id })
	s.touch()
}
