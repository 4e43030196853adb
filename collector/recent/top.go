package recent

import (
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// maxGroups bounds the groups that are held at once.
const maxGroups = 200_000

// Dimension is what flows are grouped by.
type Dimension uint8

// The dimensions.
const (
	BySource Dimension = iota
	ByDestination
	BySourcePort
	ByDestinationPort
	BySourceAS
	ByDestinationAS
	BySourceCountry
	ByDestinationCountry
	ByProtocol
	ByApplication
	ByExporter
)

// columns are those of the dimensions; their names without _ are what ParseDimension reads.
var columns = []string{
	"source", "destination", "source_port", "destination_port", "source_as", "destination_as", "source_country", "destination_country",
	"protocol", "application", "exporter",
}

// String is the name that ParseDimension reads.
func (d Dimension) String() string { return strings.ReplaceAll(columns[d], "_", "-") }

// Dimensions are the names that ParseDimension reads.
func Dimensions() []string {
	names := make([]string, len(columns))
	for i := range columns {
		names[i] = Dimension(i).String()
	}
	return names
}

// ParseDimension reads one of Dimensions.
func ParseDimension(text string) (Dimension, error) {
	names := Dimensions()
	if i := slices.Index(names, text); i >= 0 {
		return Dimension(i), nil
	}
	return 0, fmt.Errorf("%q is nothing to group flows by; choose one of %s", text, strings.Join(names, ", "))
}

// Group is what flows have in common, and their sums.
type Group struct {
	Key string // an address, a number, a country, an application; empty where the documents do not say it
	Sums
}

// Groups is what Top found.
type Groups struct {
	Groups []Group
	More   bool // there are groups beyond those returned
	Sums   Sums // of all flows that the query finds
	// Partial, Unreadable, Problem, Searched and Segments are as in Result. Partial says besides that there were too many groups to hold, and
	// flows of some are missing.
	Partial            bool
	Unreadable         int
	Problem            error
	Searched, Segments int
	Oldest, Newest     time.Time
}

// groups are those of a search on its way.
type groups struct {
	by   Dimension
	sums map[string]*sums
	full bool // some were left out
}

// Top returns the groups of the flows that q wants that have the most octets, or packets, or, where the query's order is Newest, flows. Query.Limit and
// Query.Offset count groups.
func (s *Store) Top(ctx context.Context, q Query, by Dimension) (Groups, error) {
	if int(by) >= len(columns) {
		return Groups{}, fmt.Errorf("unable to search recent flows: unknown dimension %d", by)
	}
	r := search{store: s, query: &q, visit: (*search).group, groups: &groups{by: by, sums: map[string]*sums{}}}
	if err := s.inTurn(ctx, func() error { return s.look(ctx, &r) }); err != nil {
		return Groups{}, err
	}
	found := make([]Group, 0, len(r.groups.sums))
	for key, s := range r.groups.sums {
		g := Group{Key: key}
		g.add(s)
		found = append(found, g)
	}
	slices.SortFunc(found, func(a, b Group) int {
		rank := [...]int{Newest: cmp.Compare(b.Flows, a.Flows), Octets: cmp.Compare(b.Octets, a.Octets), Packets: cmp.Compare(b.Packets, a.Packets)}[q.Order]
		return cmp.Or(rank, cmp.Compare(b.Flows, a.Flows), cmp.Compare(a.Key, b.Key))
	})
	first, last := min(q.Offset, len(found)), min(q.Offset+q.Limit, len(found))
	return Groups{
		Groups: found[first:last], More: last < len(found), Sums: r.result.Sums, Partial: r.result.Partial || r.groups.full,
		Unreadable: r.result.Unreadable, Problem: r.result.Problem, Searched: r.result.Searched, Segments: r.result.Segments,
		Oldest: r.result.Oldest, Newest: r.result.Newest,
	}, nil
}

// group adds up a segment.
func (r *search) group(conn *sqlite.Conn, _ string, _ *sums) error {
	first, last, err := r.ids(conn)
	if err != nil || first > last {
		return err
	}
	w := r.where
	w.add("id BETWEEN ? AND ?", first, last)
	column := columns[r.groups.by]
	var total sums
	found := map[string]*sums{}
	full := false
	statement := "SELECT " + flowColumns + ", " + column + " FROM flow" + w.text() + " GROUP BY " + column
	if err := sqlitex.ExecuteTransient(conn, statement, &sqlitex.ExecOptions{Args: w.args, ResultFunc: func(s *sqlite.Stmt) error {
		part := readSums(s)
		total.add(&part)
		if len(found) >= maxGroups {
			full = true
			return nil
		}
		key := r.groups.by.key(s, groupColumn)
		if found[key] == nil {
			found[key] = &sums{}
		}
		found[key].add(&part)
		return nil
	}}); err != nil {
		return err
	}
	r.result.Sums.add(&total)
	g := r.groups
	g.full = g.full || full
	for key, part := range found {
		all := g.sums[key]
		switch {
		case all != nil:
			all.add(part)
		case len(g.sums) >= maxGroups:
			g.full = true
		default:
			g.sums[key] = part
		}
	}
	return nil
}

// groupColumn is the place of the column after flowColumns.
const groupColumn = 7

// key is the text of what a column has.
func (d Dimension) key(s *sqlite.Stmt, column int) string {
	switch d {
	case BySource, ByDestination, ByExporter:
		return addressOf(s, column)
	case BySourceCountry, ByDestinationCountry, ByApplication:
		return s.ColumnText(column)
	}
	if n := s.ColumnInt64(column); n != 0 {
		return strconv.FormatInt(n, 10)
	}
	return ""
}

// addressOf undoes bindAddress.
func addressOf(s *sqlite.Stmt, column int) string {
	switch s.ColumnType(column) {
	case sqlite.TypeInteger:
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], uint32(s.ColumnInt64(column)-math.MinInt32))
		return netip.AddrFrom4(a).String()
	case sqlite.TypeBlob:
		var a [16]byte
		s.ColumnBytes(column, a[:])
		return netip.AddrFrom16(a).String()
	}
	return ""
}
