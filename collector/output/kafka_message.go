package output

import (
	"bytes"

	"github.com/twmb/franz-go/pkg/kgo"
)

// message is a document on its way to Kafka. It shares the memory of its buffer.
type message struct {
	key, value   []byte
	headers      []kgo.RecordHeader // the document's id, if it has one
	kind, reason string             // why it is refused, alone or with others
}

// messages returns the documents of a buffer.
func messages(b *Buffer) []message {
	list := make([]message, 0, b.docs)
	headers := make([]kgo.RecordHeader, 0, b.docs) // all at once
	for body := b.data; len(body) > 0; {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		end := documentEnd(body)
		doc := rest[:end-len(line)-2]
		m := message{key: exporterOf(doc), value: doc}
		if id := idOf(line); id != nil {
			headers = append(headers, kgo.RecordHeader{Key: "id", Value: id})
			m.headers = headers[len(headers)-1:]
		}
		list = append(list, m)
		body = body[end:]
	}
	return list
}

// appendTo appends the document to a bulk body, as it was there.
func (m *message) appendTo(body []byte) []byte {
	if len(m.headers) > 0 {
		body = append(append(append(body, actionBefore...), m.headers[0].Value...), actionAfter...)
	} else {
		body = append(body, action...)
	}
	return append(append(body, m.value...), '\n')
}

// idOf returns the id in the line before a document, or nil.
func idOf(line []byte) []byte {
	after, there := bytes.CutPrefix(line, []byte(actionBefore))
	if !there {
		return nil
	}
	return after[:bytes.IndexByte(after, '"')]
}

// exporterBefore is what stands before the exporter's address: it is the first field of its object.
var exporterBefore = []byte(`"observer":{"ip":"`)

// exporterOf returns the exporter's address of a document, without decoding it; nil when the document has none, because it was left out.
func exporterOf(doc []byte) []byte {
	_, after, there := bytes.Cut(doc, exporterBefore)
	end := bytes.IndexByte(after, '"')
	if !there || end < 0 {
		return nil
	}
	return after[:end]
}
