package elasticfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// write stores a document; one with ifSeqNo only in place of what that change made. A name that nothing has becomes a data stream or an index, as its template says.
func (c *Cluster) write(name, id string, doc map[string]any, create bool, ifSeqNo string) (any, *failure) {
	if doc == nil {
		return nil, fail(http.StatusBadRequest, "parse_exception", "request body is required")
	}
	i, failed := c.writeIndex(name)
	if failed != nil {
		return nil, failed
	}
	if i.stream != "" && !create {
		// "Use a data stream": append-only.
		return nil, illegal("only write ops with an op_type of create are allowed in data streams")
	}
	if i.stream != "" && doc["@timestamp"] == nil {
		return nil, fail(http.StatusBadRequest, "mapper_parsing_exception", "failed to parse").because(illegal("data stream timestamp field [@timestamp] is missing"))
	}
	if i.settings["index.blocks.read_only_allow_delete"] == "true" {
		return nil, fail(http.StatusTooManyRequests, "cluster_block_exception", "index ["+i.name+
			"] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];")
	}
	if id == "" {
		id = fmt.Sprintf("auto-%d", len(i.docs)+1)
	}
	if i.docs[id] != nil && create {
		return nil, fail(http.StatusConflict, "version_conflict_engine_exception",
			fmt.Sprintf("[%s]: version conflict, document already exists (current version [%d])", id, i.versions[id])).about(i.name, i.uuid)
	}
	if failed := i.after(id, ifSeqNo); failed != nil {
		return nil, failed
	}
	_, there := i.docs[id]
	i.docs[id] = doc
	made := i.changed(id, "created")
	if there {
		made["result"] = "updated"
		return made, nil
	}
	return created(made), nil
}

// changed notes a change of a document, and answers with it.
func (i *index) changed(id, result string) map[string]any {
	i.seqNos[id] = i.changes
	i.changes++
	i.versions[id]++
	return map[string]any{"_index": i.name, "_type": "_doc", "_id": id, "_version": i.versions[id], "result": result, "_seq_no": i.seqNos[id], "_primary_term": 1}
}

// after fails unless the last change of a document is the one that is named; empty: any.
func (i *index) after(id, seqNo string) *failure {
	conflict := func(why string) *failure {
		return fail(http.StatusConflict, "version_conflict_engine_exception",
			"["+id+"]: version conflict, required seqNo ["+seqNo+"], primary term [1]"+why).about(i.name, i.uuid)
	}
	switch {
	case seqNo == "":
		return nil
	case i.docs[id] == nil:
		return conflict(". but no document was found")
	case strconv.Itoa(i.seqNos[id]) != seqNo:
		return conflict(fmt.Sprintf(". current document has seqNo [%d] and primary term [1]", i.seqNos[id]))
	}
	return nil
}

// document is the answer about one: "Get API".
func (c *Cluster) document(name, id string) (any, *failure) {
	i := c.indices[name]
	if i == nil {
		return nil, noIndex(name, "index_expression")
	}
	if i.docs[id] == nil {
		return notFound{"_index": name, "_type": "_doc", "_id": id, "found": false}, nil
	}
	return map[string]any{
		"_index": name, "_type": "_doc", "_id": id, "_version": i.versions[id], "_seq_no": i.seqNos[id], "_primary_term": 1, "found": true, "_source": i.docs[id],
	}, nil
}

// deleteDocument removes one: "Delete API".
func (c *Cluster) deleteDocument(name, id, ifSeqNo string) (any, *failure) {
	i := c.indices[name]
	if i == nil {
		return nil, noIndex(name, "index_expression")
	}
	if failed := i.after(id, ifSeqNo); failed != nil {
		return nil, failed
	}
	if i.docs[id] == nil {
		return notFound{"_index": name, "_type": "_doc", "_id": id, "result": "not_found"}, nil
	}
	delete(i.docs, id)
	return i.changed(id, "deleted"), nil
}

func (f *failure) because(cause *failure) *failure {
	f.cause = cause
	return f
}

// writeIndex is the index that documents for a name go to.
func (c *Cluster) writeIndex(name string) (*index, *failure) {
	if i := c.indices[name]; i != nil {
		return i, nil
	}
	if s := c.streams[name]; s != nil {
		return c.indices[s.indices[len(s.indices)-1]], nil
	}
	found, only, aliased := c.writeAlias(name)
	switch {
	case found != nil:
		return found, nil
	case only != nil:
		return only, nil
	case aliased:
		// The text of Elastic's IndexNameExpressionResolver.
		return nil, illegal("no write index is defined for alias [%s]. The write index may be explicitly disabled using is_write_index=false or the alias points to "+
			"multiple indices without one being designated as a write index", name)
	}
	if t := c.templateFor(name); t != "" && c.templates[t]["data_stream"] != nil {
		if _, failed := c.putDataStream(name); failed != nil {
			return nil, failed
		}
		return c.writeIndex(name)
	}
	if _, failed := c.createIndex(name, nil); failed != nil {
		return nil, failed
	}
	return c.indices[name], nil
}

// writeAlias is the write index of an alias, or the only index that it is of and that does not refuse to be.
func (c *Cluster) writeAlias(name string) (write, only *index, aliased bool) {
	count := 0
	for _, i := range c.indices {
		alias, there := i.aliases[name]
		if !there {
			continue
		}
		aliased = true
		count++
		write2, said := alias["is_write_index"].(bool)
		if write2 {
			write = i
		}
		if !said {
			only = i
		}
	}
	if count > 1 {
		only = nil
	}
	return write, only, aliased
}

// bulk stores documents. "Bulk API".
func (c *Cluster) bulk(r *call, body []byte) (any, *failure) {
	items, failures := []any{}, false
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	for n := 0; n+1 < len(lines); n += 2 {
		var action map[string]map[string]any
		var doc map[string]any
		if json.Unmarshal([]byte(lines[n]), &action) != nil || json.Unmarshal([]byte(lines[n+1]), &doc) != nil {
			return nil, illegal("Malformed action/metadata line [%d]", n+1)
		}
		for kind, meta := range action {
			name := text(meta["_index"])
			if name == "" {
				name = r.part(0)
			}
			stored, failed := c.write(name, text(meta["_id"]), doc, kind == "create", "")
			item := map[string]any{"status": http.StatusCreated}
			if made, ok := stored.(created); ok {
				for key, value := range made {
					item[key] = value
				}
			}
			if failed != nil {
				item, failures = map[string]any{"_index": name, "status": failed.status, "error": failed.object()}, true
			}
			items = append(items, map[string]any{kind: item})
		}
	}
	return map[string]any{"took": 1, "errors": failures, "items": items}, nil
}
