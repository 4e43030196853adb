package main

import (
	"bytes"
	"cmp"
	"compress/flate"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/acctest/world"
	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// sample is how many documents the price of a field in _source is found out with: to take each field out takes a second or two.
const sample = 10_000

// sourcePrices are octets of a document in the compressed _source, in all and by group: by how much less it is without the group. The documents
// are the first of the traffic, in the order that the index has them.
func sourcePrices(known world.Knowledge, profile string, flows int) (all float64, price map[string]float64, err error) {
	traffic := world.NewTraffic(seed, flows, dayEnd)
	records := make([]flow.Record, min(sample, flows))
	for i := range records {
		traffic.Next(&records[i])
	}
	slices.SortStableFunc(records, func(a, b flow.Record) int { return cmp.Compare(a.Timestamp, b.Timestamp) })
	complete := schema.Selection{Profile: profile}
	documents, err := encoded(known, complete, records)
	if err != nil {
		return 0, nil, err
	}
	size := func(documents [][]byte) float64 { return float64(stored(documents)) / float64(len(documents)) }
	all = size(documents)
	price = map[string]float64{}
	for _, g := range groups(documents) {
		less := complete
		less.Without = []string{g}
		documents, err := encoded(known, less, records)
		if err != nil {
			continue // every document must have it
		}
		price[g] = all - size(documents)
	}
	return all, price, nil
}

// encoded makes the documents of records.
func encoded(known world.Knowledge, s schema.Selection, records []flow.Record) ([][]byte, error) {
	encoder, err := schema.NewEncoder(s)
	if err != nil {
		return nil, err
	}
	enricher := known.NewEnricher(encoder)
	documents := make([][]byte, len(records))
	for i := range records {
		r := records[i]
		enricher.Enrich(&r)
		documents[i] = encoder.Append(nil, &r)
	}
	return documents, nil
}

// How Lucene compresses stored fields with the codec best_compression (DeflateWithPresetDictCompressionMode of Lucene 8.7 and later): a
// block is a dictionary and ten pieces that are compressed with its help, each by itself.
const (
	luceneBlock      = 480 << 10
	lucenePieces     = 10
	luceneDictionary = luceneBlock / (lucenePieces * 6)
)

// stored is how many octets documents take as stored fields, ids not counted.
func stored(documents [][]byte) int {
	total := 0
	var block []byte
	for i, document := range documents {
		block = append(block, document...)
		if len(block) >= luceneBlock || i == len(documents)-1 {
			total += deflated(block)
			block = block[:0]
		}
	}
	return total
}

func deflated(block []byte) int {
	dictionary := block[:min(len(block), luceneDictionary)]
	rest := block[len(dictionary):]
	total := deflate(nil, dictionary)
	piece := max(1, (len(rest)+lucenePieces-1)/lucenePieces)
	for part := range slices.Chunk(rest, piece) {
		total += deflate(dictionary, part)
	}
	return total
}

func deflate(dictionary, data []byte) int {
	var sealed bytes.Buffer
	w, err := flate.NewWriterDict(&sealed, flate.DefaultCompression, dictionary)
	if err == nil {
		_, err = w.Write(data)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		panic(err) // to memory, at a level that there is
	}
	return sealed.Len()
}

// groups are the fields that documents have, in the order of the table: those that an object of ECS has together count as one.
func groups(documents [][]byte) []string {
	there := map[string]bool{}
	for _, document := range documents {
		var members map[string]any
		if err := json.Unmarshal(document, &members); err != nil {
			panic(err) // the encoder makes JSON
		}
		note("", members, there)
	}
	var names []string
	for _, f := range schema.Fields {
		if g := group(f.Name); there[f.Name] && !slices.Contains(names, g) {
			names = append(names, g)
		}
	}
	return names
}

// note notes the paths of an object's members, those of objects in it too.
func note(prefix string, members map[string]any, there map[string]bool) {
	for name, value := range members {
		there[prefix+name] = true
		if inner, is := value.(map[string]any); is {
			note(prefix+name+".", inner, there)
		}
	}
}

// group is the object that a field is left out with, or its own name.
func group(name string) string {
	for _, object := range []string{"source.geo", "destination.geo", "source.as", "destination.as"} {
		if strings.HasPrefix(name, object+".") {
			return object
		}
	}
	return name
}
