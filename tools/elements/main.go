// Elements makes the table of IANA's information elements from the registry "IPFIX Information Elements" as IANA publishes it at
// https://www.iana.org/assignments/ipfix/, in XML or CSV:
//
//	go run ./tools/elements SOURCE TABLE
//
// SOURCE is a file or a URL, TABLE the file to write. Deprecated elements stay, because old exporters send them; numbers that are
// reserved or not assigned are left out. The same source always gives the same table.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow/element"
)

const (
	downloadTimeout = time.Minute
	sourceLimit     = 64 << 20 // octets; the registry has half a million
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: elements SOURCE TABLE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "elements:", err)
		os.Exit(1)
	}
}

func run(source, table string) error {
	data, err := read(source)
	if err != nil {
		return fmt.Errorf("unable to read the registry: %w", err)
	}
	text, err := convert(data)
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return os.WriteFile(table, text, 0o644) //nolint:gosec // a table that everybody may read
}

// read gets a file or what a URL leads to.
func read(source string) ([]byte, error) {
	if !strings.HasPrefix(source, "https://") && !strings.HasPrefix(source, "http://") {
		return os.ReadFile(source) //nolint:gosec // whoever runs it says what to read
	}
	ctx, cancel := context.WithTimeout(context.Background(), downloadTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, source, http.NoBody) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request) //nolint:gosec // as above
	if err != nil {
		return nil, err
	}
	defer response.Body.Close() //nolint:errcheck // only read from
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", source, response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, sourceLimit+1))
	if err == nil && len(data) > sourceLimit {
		err = fmt.Errorf("%s has more than %d octets", source, sourceLimit)
	}
	return data, err
}

// record is an entry of the registry.
type record struct {
	id, name, kind, date string
}

// convert makes the table.
func convert(data []byte) ([]byte, error) {
	readRecords := fromCSV
	if bytes.HasPrefix(bytes.TrimSpace(data), []byte("<")) {
		readRecords = fromXML
	}
	records, updated, err := readRecords(data)
	if err != nil {
		return nil, err
	}
	elements := map[uint16]record{}
	for _, r := range records {
		if r.kind == "" {
			continue // "Reserved", "Unassigned", "Assigned for NetFlow v9 compatibility"
		}
		id, err := strconv.ParseUint(r.id, 10, 15)
		if err != nil || id == 0 {
			return nil, fmt.Errorf("element %q has the number %q", r.name, r.id)
		}
		if _, ok := element.ParseType(r.kind); !ok {
			return nil, fmt.Errorf("element %d has the unknown type %q", id, r.kind)
		}
		if r.name == "" || strings.ContainsFunc(r.name, func(c rune) bool { return !strings.ContainsRune(nameCharacters, c) }) {
			return nil, fmt.Errorf("element %d has the name %q", id, r.name)
		}
		if _, twice := elements[uint16(id)]; twice {
			return nil, fmt.Errorf("element %d is there twice", id)
		}
		elements[uint16(id)] = r
	}
	if len(elements) == 0 {
		return nil, errors.New("there are no information elements in it")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# IANA: IP Flow Information Export (IPFIX) Entities, IPFIX Information Elements, updated %s\n", updated)
	b.WriteString("enterprise,id,name,type,same_as\n")
	for _, id := range sortedKeys(elements) {
		fmt.Fprintf(&b, "0,%d,%s,%s,\n", id, elements[id].name, elements[id].kind)
	}
	return b.Bytes(), nil
}

const nameCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

func sortedKeys(m map[uint16]record) []uint16 {
	keys := make([]uint16, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare[uint16])
	return keys
}

// fromXML reads ipfix.xml, whose elements are in one of several registries.
func fromXML(data []byte) (records []record, updated string, err error) {
	var document struct {
		Updated    string `xml:"updated"`
		Registries []struct {
			ID      string `xml:"id,attr"`
			Records []struct {
				Name string `xml:"name"`
				ID   string `xml:"elementId"`
				Type string `xml:"dataType"`
			} `xml:"record"`
		} `xml:"registry"`
	}
	if err := xml.Unmarshal(data, &document); err != nil { //nolint:gosec // into plain texts, which are checked
		return nil, "", err
	}
	for _, registry := range document.Registries {
		if registry.ID != "ipfix-information-elements" {
			continue
		}
		for _, r := range registry.Records {
			records = append(records, record{id: strings.TrimSpace(r.ID), name: strings.TrimSpace(r.Name), kind: strings.TrimSpace(r.Type)})
		}
	}
	if document.Updated == "" {
		return nil, "", errors.New("it does not say when it was updated")
	}
	return records, document.Updated, nil
}

// fromCSV reads ipfix-information-elements.csv. It does not say when it was updated: that is the date of its newest entry.
func fromCSV(data []byte) (records []record, updated string, err error) {
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, "", err
	}
	if len(rows) == 0 {
		return nil, "", errors.New("it is empty")
	}
	column := map[string]int{}
	for i, name := range rows[0] {
		column[strings.TrimPrefix(name, "\ufeff")] = i
	}
	for _, name := range []string{"ElementID", "Name", "Abstract Data Type", "Date"} {
		if _, ok := column[name]; !ok {
			return nil, "", fmt.Errorf("it has no column %q", name)
		}
	}
	for _, row := range rows[1:] {
		r := record{id: row[column["ElementID"]], name: strings.TrimSpace(row[column["Name"]]), kind: row[column["Abstract Data Type"]], date: row[column["Date"]]}
		records = append(records, r)
		updated = max(updated, r.date) // as in 2013-02-18
	}
	return records, updated, nil
}
