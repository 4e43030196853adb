package recent

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/klauspost/compress/zstd"
	"zombiezen.com/go/sqlite"
	"zombiezen.com/go/sqlite/sqlitex"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
)

const (
	// searches is how many searches of one Store are done at once; others wait.
	searches = 2
	// lockWait is how long a search waits for the writer to finish something with a segment.
	lockWait = 2 * time.Second
)

// Store searches the segments of a directory. It only reads, keeps nothing open between searches, and is safe for concurrent use.
type Store struct {
	directory  string
	turns      chan struct{}
	unreadable func(path string) // told of damaged segments; nil: nobody is
}

// Open returns the store of a directory, which may have no segments yet, or not be there.
func Open(directory string) *Store {
	if absolute, err := filepath.Abs(directory); err == nil { // SQLite takes a URI, in which the first part of a relative path would be a host
		directory = absolute
	}
	return &Store{directory: directory, turns: make(chan struct{}, searches)}
}

// Search returns the flows that q wants. It ends with an error when ctx ends, and with a partial result when the query's budget is used up.
func (s *Store) Search(ctx context.Context, q Query) (Result, error) {
	r := search{store: s, query: &q, visit: (*search).collect}
	err := s.inTurn(ctx, func() error {
		if err := s.look(ctx, &r); err != nil {
			return err
		}
		return r.fetch(ctx)
	})
	if err != nil {
		return Result{}, err
	}
	return r.result, nil
}

// inTurn does the work of a search, of which few are done at once.
func (s *Store) inTurn(ctx context.Context, work func() error) error {
	select {
	case s.turns <- struct{}{}:
		defer func() { <-s.turns }()
		return work()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// look visits the segments, the newest first.
func (s *Store) look(ctx context.Context, r *search) error {
	if err := r.query.check(); err != nil {
		return fmt.Errorf("unable to search recent flows: %w", err)
	}
	r.where = r.query.where()
	paths, err := s.paths()
	if err != nil {
		return fmt.Errorf("unable to search recent flows: %w", err)
	}
	r.result.Segments = len(paths)
	budget, cancel := context.WithTimeout(ctx, r.query.Budget)
	defer cancel()
	for i, path := range paths {
		if budget.Err() != nil {
			r.result.Partial = true
			break
		}
		switch err := r.segment(budget, path, i); {
		case err == nil:
			r.result.Searched++
		case ctx.Err() != nil:
			return ctx.Err()
		case budget.Err() != nil:
			r.result.Partial = true
		case errors.Is(err, fs.ErrNotExist), !exists(path):
			r.result.Segments-- // removed meanwhile, or just begun
		default:
			r.unreadable(path, err)
		}
	}
	return ctx.Err()
}

// unreadable notes that a segment, or part of it, could not be read.
func (r *search) unreadable(path string, err error) {
	r.result.Partial = true
	r.result.Unreadable++
	if r.result.Problem == nil {
		r.result.Problem = fmt.Errorf("unable to read %s: %w", path, err)
	}
	code := sqlite.ErrCode(err).ToPrimary()
	if r.store.unreadable != nil && (code == sqlite.ResultCorrupt || code == sqlite.ResultNotADB || errors.Is(err, errBlock)) {
		r.store.unreadable(path)
	}
}

// errBlock is the error of documents that are damaged.
var errBlock = errors.New("a block of documents is damaged")

// paths lists the segments, the newest first.
func (s *Store) paths() ([]string, error) {
	list, err := os.ReadDir(s.directory)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var numbers []uint64
	for _, e := range list {
		if n, ok := segmentNumber(e.Name()); ok {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	slices.Reverse(numbers)
	paths := make([]string, len(numbers))
	for i, n := range numbers {
		paths[i] = filepath.Join(s.directory, segmentName(n))
	}
	return paths, nil
}

// search is one search on its way.
type search struct {
	store  *Store
	query  *Query
	where  condition
	visit  func(r *search, conn *sqlite.Conn, path string, all *sums) error // looks at a segment that may have flows of the wanted time
	groups *groups                                                          // of Top
	rows   []found                                                          // the first ones in order, from all segments so far
	at     int                                                              // the segment that is looked at: how many newer ones there are
	result Result
}

// found is a flow that may be returned.
type found struct {
	path     string
	segment  int // how many newer ones there are
	id       int64
	time     int64
	rank     int64 // what it is ordered by
	document []byte
}

// before is the order of results.
func before(a, b found) int {
	return cmp.Or(cmp.Compare(b.rank, a.rank), cmp.Compare(b.time, a.time), cmp.Compare(a.segment, b.segment), cmp.Compare(b.id, a.id))
}

// connectToRead opens a segment. One that is sealed is read without locks and a shared memory file, which a directory that is not writable would
// not allow; the newest may be opened by its writer again.
func connectToRead(path string, newest bool) (*sqlite.Conn, error) {
	if info, err := os.Stat(path); err != nil { //nolint:gosec // G703: the operator names the directory
		return nil, err
	} else if info.Size() == 0 {
		return nil, fs.ErrNotExist // its tables are being made
	}
	file := url.URL{Scheme: "file", Path: path}
	if !newest && !exists(path+logSuffix) {
		file.RawQuery = "immutable=1"
	}
	conn, err := sqlite.OpenConn(file.String(), sqlite.OpenReadOnly|sqlite.OpenURI)
	if err != nil {
		return nil, err
	}
	conn.SetBusyTimeout(lockWait)
	return conn, nil
}

// segment searches one of them, before which there are newer ones. What it finds counts only when it comes to the end.
//
// It is closed then, and opened again for the documents of the flows that are returned: a large store has more segments than a process may have
// files open.
func (r *search) segment(ctx context.Context, path string, newer int) error {
	conn, err := connectToRead(path, newer == 0)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was written
	conn.SetInterrupt(ctx.Done())
	r.at = newer
	if err := run(conn, "PRAGMA cache_size = -1024", "BEGIN"); err != nil { // one state of the segment for all that follows
		return err
	}
	version, err := number(conn, "PRAGMA user_version")
	if err != nil {
		return err
	}
	if version == 0 {
		return nil // its tables are being made
	}
	if err := checkVersion(conn); err != nil {
		return err
	}
	all, err := blockSums(conn)
	if err != nil || all.flows == 0 {
		return err
	}
	r.cover(&all)
	if !r.query.overlaps(all.oldest, all.newest) {
		return nil
	}
	return r.visit(r, conn, path, &all)
}

// collect adds the rows and the sums of a segment.
func (r *search) collect(conn *sqlite.Conn, path string, all *sums) error {
	rows, sums, complete, err := r.search(conn, path, all)
	if err != nil {
		return err
	}
	if !complete {
		if sums, err = r.sum(conn, all); err != nil {
			return err
		}
	}
	r.rows = append(r.rows, rows...)
	slices.SortFunc(r.rows, before)
	r.rows = r.rows[:min(len(r.rows), r.wanted())]
	r.result.Sums.add(&sums)
	return nil
}

func (t *Sums) add(s *sums) {
	t.Flows += uint64(s.flows)
	t.Octets = flow.Sum(t.Octets, s.octets.total())
	t.Packets = flow.Sum(t.Packets, s.packets.total())
}

// cover widens the times that the store covers.
func (r *search) cover(all *sums) {
	oldest, newest := time.UnixMilli(all.oldest), time.UnixMilli(all.newest)
	if r.result.Newest.IsZero() || newest.After(r.result.Newest) {
		r.result.Newest = newest
	}
	if r.result.Oldest.IsZero() || oldest.Before(r.result.Oldest) {
		r.result.Oldest = oldest
	}
}

// wanted is how many rows decide what is returned, and whether there are more.
func (r *search) wanted() int { return r.query.Offset + r.query.Limit + 1 }

// search returns the first rows of a segment, or fewer when those of newer segments come before the rest. Complete says that they are all there
// are, and total their sums: what is seldom is looked for only once.
func (r *search) search(conn *sqlite.Conn, path string, all *sums) (rows []found, total sums, complete bool, err error) {
	enough := len(r.rows) == r.wanted()
	if enough && r.query.Order == Newest && all.newest < r.rows[len(r.rows)-1].time {
		return nil, sums{}, false, nil
	}
	first, last, err := r.ids(conn)
	if err != nil || first > last {
		return nil, sums{}, err == nil, err
	}
	rank := [...]string{Newest: "0", Octets: "octets", Packets: "packets"}[r.query.Order]
	w := r.where
	w.add("id BETWEEN ? AND ?", first, last)
	if enough { // what comes after the last one that is known need not be sorted
		worst := r.rows[len(r.rows)-1]
		if r.query.Order == Newest {
			w.add("time >= ?", worst.time)
		} else {
			w.add(rank+" >= ?", worst.rank)
		}
	}
	statement := "SELECT id, time, octets, packets, " + rank + " AS rank FROM flow" + w.text() + " ORDER BY rank DESC, time DESC, id DESC LIMIT ?"
	err = sqlitex.ExecuteTransient(conn, statement, &sqlitex.ExecOptions{Args: append(w.args, r.wanted()), ResultFunc: func(s *sqlite.Stmt) error {
		rows = append(rows, found{
			path: path, segment: r.at, id: s.ColumnInt64(0), time: s.ColumnInt64(1), rank: s.ColumnInt64(4),
		})
		total.addRow(&row{time: s.ColumnInt64(1), octets: s.ColumnInt64(2), packets: s.ColumnInt64(3)})
		return nil
	}})
	return rows, total, !enough && len(rows) < r.wanted(), err
}

// ids are the first and the last id of the blocks that have flows of the wanted time.
func (r *search) ids(conn *sqlite.Conn) (first, last int64, err error) {
	last = -1
	w := r.query.blocks()
	statement := "SELECT min(first), max(first + flows - 1) FROM block" + w.text()
	err = sqlitex.ExecuteTransient(conn, statement, &sqlitex.ExecOptions{Args: w.args, ResultFunc: func(s *sqlite.Stmt) error {
		if !s.ColumnIsNull(0) {
			first, last = s.ColumnInt64(0), s.ColumnInt64(1)
		}
		return nil
	}})
	return first, last, err
}

// flowColumns are what readSums reads, of flows.
const flowColumns = "count(*), 0, 0, sum(octets >> 32), sum(octets & 4294967295), sum(packets >> 32), sum(packets & 4294967295)"

// sum adds up what the query finds in a segment. Where nothing but the time is asked for, blocks that are wholly within it are not read.
func (r *search) sum(conn *sqlite.Conn, all *sums) (sums, error) {
	q := r.query
	if q.onlyTime() && q.within(all.oldest, all.newest) {
		return *all, nil
	}
	var total sums
	read := func(statement string, w condition) error {
		return sqlitex.ExecuteTransient(conn, statement, &sqlitex.ExecOptions{Args: w.args, ResultFunc: func(s *sqlite.Stmt) error {
			part := readSums(s)
			total.add(&part)
			return nil
		}})
	}
	if q.onlyTime() {
		whole := q.wholeBlocks()
		if err := read("SELECT "+blockColumns+" FROM block"+whole.text(), whole); err != nil {
			return sums{}, err
		}
		partly := q.blocks()
		partly.add("NOT ("+whole.join()+")", whole.args...)
		partly.add(r.where.join(), r.where.args...)
		statement := "SELECT " + flowColumns + " FROM block CROSS JOIN flow ON flow.id BETWEEN block.first AND block.first + block.flows - 1"
		return total, read(statement+partly.text(), partly)
	}
	first, last, err := r.ids(conn)
	if err != nil || first > last {
		return sums{}, err
	}
	w := r.where
	w.add("id BETWEEN ? AND ?", first, last)
	return total, read("SELECT "+flowColumns+" FROM flow"+w.text(), w)
}

// fetch reads the documents of the flows that are returned.
func (r *search) fetch(ctx context.Context) error {
	r.result.More = len(r.rows) > r.query.Offset+r.query.Limit
	rows := r.rows[min(r.query.Offset, len(r.rows)):min(r.query.Offset+r.query.Limit, len(r.rows))]
	if len(rows) == 0 {
		return nil
	}
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20))
	if err != nil {
		return err
	}
	defer decoder.Close()
	// In the order of blocks, so that each is read once.
	order := make([]*found, len(rows))
	for i := range rows {
		order[i] = &rows[i]
	}
	slices.SortFunc(order, func(a, b *found) int { return cmp.Or(cmp.Compare(a.segment, b.segment), cmp.Compare(a.id, b.id)) })
	block := openBlock{decoder: decoder}
	for len(order) > 0 {
		n := 1
		for n < len(order) && order[n].segment == order[0].segment {
			n++
		}
		switch err := block.fetch(ctx, order[:n]); {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil:
		case errors.Is(err, fs.ErrNotExist), !exists(order[0].path):
			r.result.Partial = true // removed meanwhile
		default:
			r.unreadable(order[0].path, err)
		}
		order = order[n:]
	}
	r.result.Flows = make([]Flow, 0, len(rows))
	for _, f := range rows {
		if f.document == nil {
			continue
		}
		parsed, err := parseFlow(f.document)
		if err != nil { // nothing that the collector wrote
			parsed = Flow{Time: time.UnixMilli(f.time), Document: f.document}
		}
		r.result.Flows = append(r.result.Flows, parsed)
	}
	return nil
}

// openBlock is the block that was read last.
type openBlock struct {
	decoder     *zstd.Decoder
	first, next int64 // ids of its flows
	rest        []byte
	at          int64 // id of the flow whose document rest begins with
	packed, raw []byte
}

// fetch reads the documents of flows of one segment, in the order of their ids.
func (b *openBlock) fetch(ctx context.Context, flows []*found) error {
	conn, err := connectToRead(flows[0].path, flows[0].segment == 0)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }() // nothing was written
	conn.SetInterrupt(ctx.Done())
	b.next = 0
	for _, f := range flows {
		if f.document, err = b.document(conn, f.id); err != nil {
			return err
		}
	}
	return nil
}

// document returns that of a flow. Ids of a segment come in order.
func (b *openBlock) document(conn *sqlite.Conn, id int64) ([]byte, error) {
	if id >= b.next {
		if err := b.open(conn, id); err != nil {
			return nil, err
		}
	}
	for {
		end := bytes.IndexByte(b.rest, '\n')
		if end < 0 {
			return nil, fmt.Errorf("%w: flow %d has no document", errBlock, id)
		}
		line := b.rest[:end]
		if b.at == id {
			return bytes.Clone(line), nil
		}
		b.rest = b.rest[end+1:]
		b.at++
	}
}

func (b *openBlock) open(conn *sqlite.Conn, id int64) error {
	b.next = 0
	err := sqlitex.ExecuteTransient(conn, "SELECT first, flows, documents FROM block WHERE first <= ? ORDER BY first DESC LIMIT 1",
		&sqlitex.ExecOptions{Args: []any{id}, ResultFunc: func(s *sqlite.Stmt) error {
			b.first = s.ColumnInt64(0)
			b.next = b.first + s.ColumnInt64(1)
			b.packed = slices.Grow(b.packed[:0], s.ColumnLen(2))[:s.ColumnLen(2)]
			s.ColumnBytes(2, b.packed)
			return nil
		}})
	if err != nil {
		return err
	}
	if id >= b.next {
		return fmt.Errorf("%w: flow %d has no document", errBlock, id)
	}
	if b.raw, err = b.decoder.DecodeAll(b.packed, b.raw[:0]); err != nil {
		b.next = 0
		return fmt.Errorf("%w: %w", errBlock, err)
	}
	b.rest, b.at = b.raw, b.first
	return nil
}
