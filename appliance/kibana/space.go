package kibana

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// DefaultSpace is the space that there always is.
const DefaultSpace = "default"

// SpaceID is the form of the id of a space.
var SpaceID = regexp.MustCompile(`^[a-z0-9_-]+$`)

// Space is a Kibana space: objects of one are not seen in another.
type Space struct {
	ID               string   `json:"id"`
	Name             string   `json:"name"`
	Description      string   `json:"description,omitempty"`
	Initials         string   `json:"initials,omitempty"`
	Color            string   `json:"color,omitempty"` // #rrggbb
	DisabledFeatures []string `json:"disabledFeatures"`
	ImageURL         string   `json:"imageUrl,omitempty"`
}

const spacesPath = "/api/spaces/space"

// Spaces returns the spaces that the user may see.
func (c *Client) Spaces(ctx context.Context) (all []Space, err error) {
	err = c.call(ctx, http.MethodGet, spacesPath, nil, nil, "", &all)
	return all, err
}

// Space returns a space; there is false when there is none of this id.
func (c *Client) Space(ctx context.Context, id string) (space Space, there bool, err error) {
	// Of the list, not by its id: a server.basePath that the endpoint lacks is answered like a space that is not there.
	all, err := c.Spaces(ctx)
	if err != nil {
		return Space{}, false, err
	}
	at := slices.IndexFunc(all, func(s Space) bool { return s.ID == id })
	if at < 0 {
		return Space{}, false, nil
	}
	return all[at], true, nil
}

// CreateSpace makes a space that is not there yet.
func (c *Client) CreateSpace(ctx context.Context, space Space) error {
	return c.call(ctx, http.MethodPost, spacesPath, nil, space, "", nil)
}

// UpdateSpace changes a space that is there.
func (c *Client) UpdateSpace(ctx context.Context, space Space) error {
	return c.call(ctx, http.MethodPut, spacesPath+"/"+url.PathEscape(space.ID), nil, space, "", nil)
}

// DeleteSpace removes a space with all that is in it; that there is none is as wanted.
func (c *Client) DeleteSpace(ctx context.Context, id string) error {
	err := c.call(ctx, http.MethodDelete, spacesPath+"/"+url.PathEscape(id), nil, nil, "", nil)
	if client.Absent(err) {
		if _, there, looked := c.Space(ctx, id); looked == nil && !there {
			return nil
		}
	}
	return err
}

// spacePath is where the API of a space is.
func spacePath(space string) string {
	if space == "" || space == DefaultSpace {
		return ""
	}
	return "/s/" + url.PathEscape(space)
}
