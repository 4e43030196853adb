// Services makes the table of service names by port from IANA's "Service Name and Transport Protocol Port Number Registry", as IANA
// publishes it at https://www.iana.org/assignments/service-names-port-numbers/ in CSV:
//
//	go run ./tools/services SOURCE TABLE
//
// SOURCE is a file, TABLE the file to write. The same source always gives the same table.
package main

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: services SOURCE TABLE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, "services:", err)
		os.Exit(1)
	}
}

func run(source, table string) error {
	data, err := os.ReadFile(source) //nolint:gosec // G703: who runs it names the file.
	if err != nil {
		return fmt.Errorf("unable to read the registry: %w", err)
	}
	text, err := convert(data)
	if err != nil {
		return fmt.Errorf("unable to use the registry %s: %w", source, err)
	}
	if err := os.WriteFile(table, text, 0o644); err != nil { //nolint:gosec // G306: a source file of the project.
		return fmt.Errorf("unable to write the table: %w", err)
	}
	return nil
}

// protocols are the transports of the registry, in the order in which a line of the table lists them.
var protocols = []string{"tcp", "udp", "sctp", "dccp"}

// lastPort is the last that IANA assigns: those above are for anybody (RFC 6335 section 6).
const lastPort = 49151

// entry is what a port of a protocol is called, and how good a name that is.
type entry struct {
	name string
	rank int
}

// The columns of the registry that are used.
const (
	nameColumn = iota
	portColumn
	protocolColumn
	descriptionColumn
)

func convert(data []byte) ([]byte, error) {
	r := csv.NewReader(bytes.NewReader(data))
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	if want := []string{"Service Name", "Port Number", "Transport Protocol", "Description"}; len(header) < 12 || !slices.Equal(header[:4], want) {
		return nil, fmt.Errorf("it begins with the columns %q, not with %q", header, want)
	}
	best := map[string]map[int]entry{}
	updated := ""
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		updated = max(updated, row[6], row[7]) // dates of registration and modification, YYYY-MM-DD
		if row[nameColumn] == "" || row[portColumn] == "" || !slices.Contains(protocols, row[protocolColumn]) {
			continue
		}
		first, last, _ := strings.Cut(row[portColumn], "-")
		from, fromErr := strconv.Atoi(first)
		to, toErr := strconv.Atoi(cmp.Or(last, first))
		if fromErr != nil || toErr != nil || from > to || to > lastPort {
			return nil, fmt.Errorf("service %q has the port %q", row[nameColumn], row[portColumn])
		}
		ports := best[row[protocolColumn]]
		if ports == nil {
			ports = map[int]entry{}
			best[row[protocolColumn]] = ports
		}
		for port := from; port <= to; port++ {
			if e := (entry{row[nameColumn], rank(row)}); ports[port].name == "" || e.rank < ports[port].rank {
				ports[port] = e
			}
		}
	}
	if len(best) == 0 {
		return nil, errors.New("there are no services in it")
	}
	return write(best, updated), nil
}

// rank orders the names of one port; of equals the first counts. Names that the registry itself calls an alias, historic or a conflict come
// last, before them those that only record an unassigned use; those of an RFC, which are in use today, come first.
func rank(row []string) int {
	notes, reference := row[11], row[8]
	switch {
	case strings.Contains(notes, "alias to"), strings.Contains(notes, "duplicate of"), strings.Contains(notes, "historic"), strings.Contains(notes, "Conflict"):
		return 4
	case strings.Contains(notes, "unassigned but widespread"):
		return 3
	case strings.Contains(reference, "[RFC"):
		return 0
	case row[descriptionColumn] != "":
		return 1
	}
	return 2
}

func write(best map[string]map[int]entry, updated string) []byte {
	type key struct {
		port int
		name string
	}
	lines := map[key][]string{}
	for _, protocol := range protocols {
		for port, e := range best[protocol] {
			k := key{port, e.name}
			lines[k] = append(lines[k], protocol)
		}
	}
	keys := slices.SortedFunc(maps.Keys(lines), func(a, b key) int { return cmp.Or(cmp.Compare(a.port, b.port), cmp.Compare(a.name, b.name)) })
	var b bytes.Buffer
	fmt.Fprintf(&b, "# IANA: Service Name and Transport Protocol Port Number Registry, last change %s\nport,name,protocols\n", updated)
	for _, k := range keys {
		fmt.Fprintf(&b, "%d,%s,%s\n", k.port, k.name, strings.Join(lines[k], " "))
	}
	return b.Bytes()
}
