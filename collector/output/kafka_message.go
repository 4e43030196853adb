package output

import "bytes"

// message is a document on its way to Kafka. It shares the memory of its buffer.
type message struct {
	key, value   []byte
	kind, reason string // why it is refused, alone or with others
}

// messages returns the documents of a buffer.
func messages(b *Buffer) []message {
	list := make([]message, 0, b.docs)
	for body := b.data; len(body) > 0; {
		end := documentEnd(body)
		doc := body[bytes.IndexByte(body, '\n')+1 : end-1]
		list = append(list, message{key: exporterOf(doc), value: doc})
		body = body[end:]
	}
	return list
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
