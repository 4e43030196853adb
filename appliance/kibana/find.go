package kibana

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

const (
	pageSize = 1000  // objects of one answer
	findMost = 10000 // objects, as many as Kibana pages through: index.max_result_window of its index
)

// Find returns the objects of these types that a space has, with their titles alone, and the most 10000 of them. "Find objects API".
func (c *Client) Find(ctx context.Context, space string, types []string) ([]Object, error) {
	var found []Object
	for page := 1; len(found) < findMost; page++ {
		query := url.Values{"type": types, "fields": {"title", "name"}, "per_page": {strconv.Itoa(pageSize)}, "page": {strconv.Itoa(page)}}
		var answer struct {
			Total        int      `json:"total"`
			SavedObjects []Object `json:"saved_objects"`
		}
		if err := c.call(ctx, http.MethodGet, spacePath(space)+objectsPath+"/_find", query, nil, "", &answer); err != nil {
			return nil, err
		}
		found = append(found, answer.SavedObjects...)
		if len(answer.SavedObjects) == 0 || len(found) >= answer.Total {
			break
		}
	}
	return found, nil
}
