package output

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// partsOfBound is how many parts the bound of the disk is to have at least: what is removed at once is one of them.
const partsOfBound = 8

// Removal is an index that made room.
type Removal struct {
	Index string
	Bytes int64 // on all disks, with replicas
	Flows int64
}

// diskPart is an index that documents were written to, with its replicas.
type diskPart struct {
	name    string
	bytes   int64
	flows   int64
	written bool // it is the one that new documents go to
}

// Prune removes the oldest indices of a data stream or an alias while all of them take more than a bound, in bytes on disk with replicas. The index that is written to
// stays; it is rolled over first when it takes more than an eighth of the bound, so that there is something to remove. Of an alias only indices that rollovers make
// (schema.RolloverNumber) count, and none that somebody else put behind it. One that takes nothing on disk, as one in the frozen tier, stays too: it makes no room.
// Bytes are what is left, where it could be told. Where nothing of the name is there, nothing is done. It needs the privileges view_index_metadata, monitor, manage (to
// roll over) and delete_index on the name and the indices behind it (Elasticsearch 7.17, "Security privileges").
func (c *Client) Prune(ctx context.Context, name string, most int64) (removed []Removal, bytes int64, err error) {
	parts, err := c.parts(ctx, name)
	if err != nil || len(parts) == 0 {
		return nil, 0, err
	}
	for _, p := range parts {
		bytes += p.bytes
	}
	for _, p := range parts {
		if bytes <= most {
			break
		}
		if p.written || p.bytes == 0 {
			continue
		}
		r, err := c.do(ctx, http.MethodDelete, "/"+escape(p.name), nil)
		switch {
		case err != nil:
			return removed, bytes, fmt.Errorf("unable to remove index %s: %w", p.name, err)
		case !r.ok() && r.kind() != indexNotFound: // another collector may have been faster
			return removed, bytes, fmt.Errorf("unable to remove index %s: %w", p.name, &statusError{r.status, r.body})
		}
		bytes -= p.bytes
		if r.ok() {
			removed = append(removed, Removal{p.name, p.bytes, p.flows})
		}
	}
	for _, p := range parts {
		if p.written && p.bytes > most/partsOfBound {
			return removed, bytes, c.rollOver(ctx, name, p)
		}
	}
	return removed, bytes, nil
}

// rollOver begins a new index to write to, unless somebody else has done so already.
func (c *Client) rollOver(ctx context.Context, name string, full diskPart) error {
	r, err := c.do(ctx, http.MethodPost, "/"+escape(name)+"/_rollover", map[string]any{"conditions": map[string]any{"max_docs": max(full.flows, 1)}})
	switch {
	case err != nil:
		return fmt.Errorf("unable to roll %s over: %w", name, err)
	case !r.ok():
		return fmt.Errorf("unable to roll %s over: %w", name, &statusError{r.status, r.body})
	}
	return nil
}

// behind is what an index says of the names that lead to it.
type behind struct {
	DataStream string `json:"data_stream"`
	Aliases    map[string]struct {
		IsWriteIndex *bool `json:"is_write_index"`
	} `json:"aliases"`
}

// parts are the indices behind a name, the oldest first; none where there is nothing of the name.
func (c *Client) parts(ctx context.Context, name string) ([]diskPart, error) {
	var indices map[string]behind
	found, err := c.look(ctx, "/"+escape(name)+"?filter_path=*.data_stream,*.aliases,*.settings.index.uuid", &indices)
	if err != nil || !found {
		return nil, err
	}
	parts, err := c.order(ctx, name, indices)
	if err != nil || len(parts) == 0 {
		return nil, err
	}
	var sizes struct {
		Indices map[string]struct {
			Primaries struct {
				Docs struct {
					Count int64 `json:"count"`
				} `json:"docs"`
			} `json:"primaries"`
			Total struct {
				Store struct {
					Bytes int64 `json:"size_in_bytes"`
				} `json:"store"`
			} `json:"total"`
		} `json:"indices"`
	}
	// A closed index takes its room, too.
	path := "/" + escape(name) + "/_stats/store,docs?forbid_closed_indices=false&filter_path=indices.*.total.store.size_in_bytes,indices.*.primaries.docs.count"
	if found, err = c.look(ctx, path, &sizes); err != nil || !found {
		return nil, err
	}
	for i := range parts {
		s := sizes.Indices[parts[i].name]
		parts[i].bytes, parts[i].flows = s.Total.Store.Bytes, s.Primaries.Docs.Count
	}
	return parts, nil
}

// order brings those of the indices behind a name that are flows into the order in which they were written to. Dates of creation are not it: an index that was shrunk or
// mounted from a snapshot is younger than its documents.
func (c *Client) order(ctx context.Context, name string, indices map[string]behind) ([]diskPart, error) {
	for index, i := range indices {
		switch {
		case index == name:
			return nil, fmt.Errorf("%s is one index, which cannot be kept below a size: output.elasticsearch.target has to be data_stream or alias", name)
		case i.DataStream == name:
			return c.generations(ctx, name)
		case i.DataStream != "":
			return nil, fmt.Errorf("%s is an alias of the data stream %s, which is not kept below a size: output.elasticsearch.index has to name the data stream itself", name, i.DataStream)
		}
	}
	numbers := map[string]uint64{}
	var parts []diskPart
	write := ""
	for index, i := range indices {
		alias := i.Aliases[name]
		written := alias.IsWriteIndex != nil && *alias.IsWriteIndex || alias.IsWriteIndex == nil && len(indices) == 1
		if written {
			write = index
		}
		if number, ok := schema.RolloverNumber(name, index); ok {
			numbers[index] = number
			parts = append(parts, diskPart{name: index, written: written})
		}
	}
	if _, ok := numbers[write]; write != "" && !ok {
		return nil, fmt.Errorf("alias %s writes to %s, which is none of the indices %s-000001 and so on that are kept below a size", name, write, name)
	}
	if write == "" {
		return nil, fmt.Errorf("none of the indices of alias %s is written to", name)
	}
	slices.SortFunc(parts, func(a, b diskPart) int {
		return cmp.Or(cmp.Compare(numbers[a.name], numbers[b.name]), cmp.Compare(a.name, b.name))
	})
	return parts, nil
}

// generations are the indices of a data stream; the last one is written to (Elasticsearch 7.17, "Get data stream API").
func (c *Client) generations(ctx context.Context, name string) ([]diskPart, error) {
	var answer struct {
		DataStreams []struct {
			Name    string `json:"name"`
			Indices []struct {
				Name string `json:"index_name"`
			} `json:"indices"`
		} `json:"data_streams"`
	}
	found, err := c.look(ctx, "/_data_stream/"+escape(name), &answer)
	if err != nil || !found {
		return nil, err
	}
	if len(answer.DataStreams) != 1 || answer.DataStreams[0].Name != name || len(answer.DataStreams[0].Indices) == 0 {
		return nil, fmt.Errorf("unable to look at the indices: the answer is not about the data stream %s alone", name)
	}
	var parts []diskPart
	for _, i := range answer.DataStreams[0].Indices {
		parts = append(parts, diskPart{name: i.Name})
	}
	parts[len(parts)-1].written = true
	return parts, nil
}

// indexNotFound is the type of the error where nothing of a name is there.
const indexNotFound = "index_not_found_exception"

// look reads an answer; false: there is nothing of the name.
func (c *Client) look(ctx context.Context, path string, into any) (found bool, err error) {
	r, err := c.do(ctx, http.MethodGet, path, nil)
	switch {
	case err != nil:
		return false, fmt.Errorf("unable to look at the indices: %w", err)
	case r.kind() == indexNotFound:
		return false, nil
	case !r.ok():
		return false, fmt.Errorf("unable to look at the indices: %w", &statusError{r.status, r.body})
	}
	if err := json.Unmarshal(r.body, into); err != nil {
		return false, fmt.Errorf("unable to read what the indices are: %w", err)
	}
	return true, nil
}
