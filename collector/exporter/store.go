package exporter

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

const (
	// stateFile is the file in the state directory. The one before that could not be used stands beside it with corruptSuffix.
	stateFile     = "exporters.json"
	corruptSuffix = ".corrupt"
	newSuffix     = ".new"

	// stateVersion is that of the file's format.
	stateVersion = 1
	// maxStateFile is the most octets that are written and read.
	maxStateFile = 256 << 20

	// retryEvery is the time between two attempts to write what could not be written.
	retryEvery = 30 * time.Second
	// writeTime is how long writing the file may take before the store counts as stuck.
	writeTime = 2 * time.Minute
)

// Store keeps the states of all tables in one file. Its methods may be called from any goroutine; what is put is written by the goroutine
// of Run.
type Store struct {
	path   string
	logger *slog.Logger
	beat   *heartbeat.Heartbeat

	wake chan struct{}
	stop chan struct{}

	mu      sync.Mutex
	forget  time.Duration
	found   State   // what was loaded, for tables that come later
	states  []State // by place
	free    []int   // places that no table has any more
	ended   State   // what tables that left knew
	unsaved bool
	saved   time.Time
	errors  uint64
	failed  bool // the last attempt
}

// StoreStats are the figures of a store.
type StoreStats struct {
	Saved  time.Time // when the file was last written; zero when it was not since the start
	Errors uint64    // attempts to write it that failed
}

// NewStore returns a store in a directory. Each table takes a Place. What was not heard of for longer than forget is left out.
func NewStore(directory string, forget time.Duration, logger *slog.Logger) *Store {
	return &Store{
		path: filepath.Join(directory, stateFile), forget: forget, logger: logger, beat: heartbeat.New("exporter state", retryEvery+writeTime),
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
	}
}

// Load reads the file. One that cannot be used is put aside with a warning, and the state is empty; so it is when there is none yet. It also
// warns when the directory cannot be written to.
func (s *Store) Load(now time.Time) State {
	if err := s.probe(); err != nil {
		s.logger.Warn("what exporters announce will not outlive a restart: unable to write state.directory", "error", err)
	}
	state, err := read(s.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return State{}
	case errors.As(err, new(*fs.PathError)): // the disk's fault, not the file's
		s.logger.Warn("templates of before the restart are not known", "error", err)
		return State{}
	case err != nil:
		kept := s.path + corruptSuffix
		if moveErr := os.Rename(s.path, kept); moveErr != nil {
			err = errors.Join(err, moveErr)
		}
		s.logger.Warn("templates of before the restart are not known", "file", s.path, "kept_as", kept, "error", err)
		return State{}
	}
	// A time in the future is that of a clock which was wrong. It would win over all that is seen from now on.
	for i := range state.Sources {
		state.Sources[i].LastSeen = min(state.Sources[i].LastSeen, now.Unix())
	}
	for i := range state.Devices {
		state.Devices[i].LastSeen = min(state.Devices[i].LastSeen, now.Unix())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.found = merge([]State{state}, now.Add(-s.forget))
	return s.found
}

// Latest returns what was loaded and put so far, for a table that is added while others are at work.
func (s *Store) Latest(now time.Time) State {
	s.mu.Lock()
	states, limit := append(slices.Clone(s.states), s.ended, s.found), now.Add(-s.forget)
	s.mu.Unlock()
	return merge(states, limit)
}

// Forget sets the age at which what was not heard of is left out.
func (s *Store) Forget(after time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget = after
}

// Alive returns an error when the goroutine of Run makes no progress.
func (s *Store) Alive() error { return s.beat.Err() }

// probe tells whether the directory can be written to.
func (s *Store) probe() error {
	if err := os.MkdirAll(filepath.Dir(s.path), 0o700); err != nil { // nothing else may have made it yet
		return err
	}
	f, err := create(s.path + newSuffix)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// Place is where a table puts its state, until it leaves: one that is free, or a new one.
func (s *Store) Place() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := len(s.free) - 1; last >= 0 {
		place := s.free[last]
		s.free = s.free[:last]
		return place
	}
	s.states = append(s.states, State{})
	return len(s.states) - 1
}

// Leave gives a place back, of a table that has put its last state: what that knew stays.
func (s *Store) Leave(place int, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = merge([]State{s.ended, s.states[place]}, now.Add(-s.forget))
	s.states[place] = State{}
	s.free = append(s.free, place)
}

// Put hands over the state of the table that has a place, to be written soon.
func (s *Store) Put(place int, state State) {
	s.mu.Lock()
	s.states[place], s.unsaved = state, true
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is awake already
	}
}

// Run writes what is put, until Close.
func (s *Store) Run() {
	retry := time.NewTicker(retryEvery)
	defer retry.Stop()
	defer s.beat.Rest() // finished
	for {
		s.beat.Beat(retryEvery + writeTime)
		select {
		case <-s.wake:
		case <-retry.C:
		case <-s.stop:
			s.save(time.Now())
			return
		}
		s.save(time.Now())
	}
}

// Close ends Run once it has written what was put last.
func (s *Store) Close() { close(s.stop) }

// Stats returns the figures.
func (s *Store) Stats() StoreStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return StoreStats{s.saved, s.errors}
}

// save writes what was put since the last time. When that fails, which is logged once until it works again, the file is as it was.
func (s *Store) save(now time.Time) {
	s.mu.Lock()
	states, unsaved, limit := append(slices.Clone(s.states), s.ended), s.unsaved, now.Add(-s.forget)
	s.unsaved = false
	s.mu.Unlock()
	if !unsaved {
		return
	}
	err := write(s.path, merge(states, limit))
	s.mu.Lock()
	before := s.failed
	s.failed = err != nil
	if err != nil {
		s.errors++
		s.unsaved = true
	} else {
		s.saved = now
	}
	s.mu.Unlock()
	switch {
	case err != nil && !before:
		s.logger.Warn("unable to save what exporters announced; the file of before is kept, attempts go on", "file", s.path, "error", err)
	case err == nil && before:
		s.logger.Info("what exporters announced is saved again", "file", s.path)
	}
}

// merge joins states: of each source and device the one that was seen last, unless that was before the limit.
func merge(states []State, limit time.Time) State {
	type source struct {
		address netip.Addr
		format  string
		domain  uint32
	}
	sources, devices := map[source]SourceState{}, map[netip.Addr]DeviceState{}
	for _, state := range states {
		for _, one := range state.Sources {
			key := source{one.Address, one.Format, one.Domain}
			if old, known := sources[key]; one.LastSeen >= limit.Unix() && (!known || one.LastSeen > old.LastSeen) {
				sources[key] = one
			}
		}
		for _, one := range state.Devices {
			if old, known := devices[one.Address]; one.LastSeen >= limit.Unix() && (!known || one.LastSeen > old.LastSeen) {
				devices[one.Address] = one
			}
		}
	}
	var all State
	for _, one := range sources {
		all.Sources = append(all.Sources, one)
	}
	for _, one := range devices {
		all.Devices = append(all.Devices, one)
	}
	slices.SortFunc(all.Sources, func(a, b SourceState) int {
		return cmp.Or(a.Address.Compare(b.Address), cmp.Compare(a.Format, b.Format), cmp.Compare(a.Domain, b.Domain))
	})
	slices.SortFunc(all.Devices, func(a, b DeviceState) int { return a.Address.Compare(b.Address) })
	return all
}

// envelope is the file. The checksum is over the content as it stands there.
type envelope struct {
	Version  int             `json:"flowcollector_exporters"`
	Checksum string          `json:"sha256"`
	Content  json.RawMessage `json:"content"`
}

// read reads a state file. An error about the file's content is no *fs.PathError.
func read(path string) (State, error) {
	f, err := os.Open(path)
	if err != nil {
		return State{}, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	data, err := io.ReadAll(io.LimitReader(f, maxStateFile+1))
	if err != nil {
		return State{}, err
	}
	return decodeState(data)
}

func decodeState(data []byte) (State, error) {
	var e envelope
	var state State
	if len(data) > maxStateFile {
		return state, fmt.Errorf("the file has more than %d octets", maxStateFile)
	}
	if err := json.Unmarshal(data, &e); err != nil {
		return state, fmt.Errorf("the file is no JSON, or not all of it is there: %w", err)
	}
	switch {
	case e.Version <= 0:
		return state, errors.New("the file is not one of flowcollector's exporters")
	case e.Version > stateVersion:
		return state, fmt.Errorf("the file has format %d, that of a newer flowcollector; this one reads %d", e.Version, stateVersion)
	case e.Checksum != checksum(e.Content):
		return state, errors.New("the checksum does not fit the content")
	}
	if err := json.Unmarshal(e.Content, &state); err != nil {
		return State{}, fmt.Errorf("the content is not as it should be: %w", err)
	}
	return state, nil
}

func encodeState(state State) ([]byte, error) {
	content, err := json.Marshal(state)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `{"flowcollector_exporters":%d,"sha256":"%s","content":`, stateVersion, checksum(content))
	b.Write(content)
	b.WriteString("}\n")
	if b.Len() > maxStateFile {
		return nil, fmt.Errorf("the state has %d octets, more than %d", b.Len(), maxStateFile)
	}
	return b.Bytes(), nil
}

func checksum(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// write replaces the file whole or not at all, also when power fails in the middle.
func write(path string, state State) (err error) {
	data, err := encodeState(state)
	if err != nil {
		return err
	}
	f, err := create(path + newSuffix)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDirectory(filepath.Dir(path))
}

// create makes a new file for this user alone, in place of one that was left behind.
func create(path string) (*os.File, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
}

func syncDirectory(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
