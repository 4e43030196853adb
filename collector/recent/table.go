package recent

import (
	"math"
	"net/netip"

	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"
)

// formatVersion is that of the tables below, in the user_version of a segment.
const formatVersion = 1

// pageSize is that of a segment's file, in octets. Larger pages make fewer writes of rows that are only appended.
const pageSize = 8192

// tables of a segment. A flow has what searches need in columns, and is found by reading all rows of its time: without indexes rows are written
// ten times as fast, and ten million are read in a second. Its document is in a block of documents that are compressed together; block.first is
// the id of the first of its flows, the others follow without a gap.
//
// Addresses of IPv4 are integers from -2³¹, which take four octets, and those of IPv6 blobs: both are in their order, and SQLite never mixes
// the types ("Datatypes In SQLite", section 4.1). Sums in a block spare the reading of its flows.
const tables = `
CREATE TABLE flow (
	id INTEGER PRIMARY KEY, time, exporter, source, destination, source_port, destination_port, protocol, octets, packets,
	source_as, destination_as, source_country, destination_country, application
);
CREATE TABLE block (
	first INTEGER PRIMARY KEY, flows, oldest, newest, octets_high, octets_low, packets_high, packets_low, documents
);`

const (
	insertFlow  = `INSERT INTO flow VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertBlock = `INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`
)

// bind sets all parameters of insertFlow.
func (r *row) bind(s *sqlite.Stmt, id int64) {
	s.BindInt64(1, id)
	s.BindInt64(2, r.time)
	bindAddress(s, 3, r.exporter)
	bindAddress(s, 4, r.source.address)
	bindAddress(s, 5, r.destination.address)
	s.BindInt64(6, int64(r.source.port))
	s.BindInt64(7, int64(r.destination.port))
	s.BindInt64(8, int64(r.protocol))
	s.BindInt64(9, r.octets)
	s.BindInt64(10, r.packets)
	s.BindInt64(11, int64(r.source.as))
	s.BindInt64(12, int64(r.destination.as))
	bindText(s, 13, r.source.country)
	bindText(s, 14, r.destination.country)
	bindText(s, 15, r.application)
}

func bindText(s *sqlite.Stmt, i int, text string) {
	if text == "" {
		s.BindNull(i)
		return
	}
	s.BindText(i, text)
}

func bindAddress(s *sqlite.Stmt, i int, a netip.Addr) {
	switch {
	case a.Is4():
		s.BindInt64(i, number4(a))
	case a.IsValid():
		b := a.As16()
		s.BindBytes(i, b[:])
	default:
		s.BindNull(i)
	}
}

// number4 is what an IPv4 address is in a column.
func number4(a netip.Addr) int64 {
	b := a.As4()
	return int64(uint32(b[0])<<24|uint32(b[1])<<16|uint32(b[2])<<8|uint32(b[3])) + math.MinInt32
}

// run executes statements one after the other.
func run(c *sqlite.Conn, statements ...string) error {
	for _, s := range statements {
		if err := sqlitex.ExecuteTransient(c, s, nil); err != nil {
			return err
		}
	}
	return nil
}

// number is the integer that a statement returns.
func number(c *sqlite.Conn, statement string) (int64, error) {
	var n int64
	err := sqlitex.ExecuteTransient(c, statement, &sqlitex.ExecOptions{ResultFunc: func(s *sqlite.Stmt) error {
		n = s.ColumnInt64(0)
		return nil
	}})
	return n, err
}
