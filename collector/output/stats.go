package output

import (
	"maps"

	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// count adds the counters of another sink of the same output. Figures of now stay as they are.
func (s *Stats) count(o Stats) {
	s.Sent += o.Sent
	s.SentBytes += o.SentBytes
	s.Requests += o.Requests
	s.Retried += o.Retried
	s.Duplicates += o.Duplicates
	s.DeadLetters.Written += o.DeadLetters.Written
	s.DeadLetters.Errors += o.DeadLetters.Errors
	s.Dropped = sum(s.Dropped, o.Dropped)
	s.Rejected = sum(s.Rejected, o.Rejected)
	s.Errors = sum(s.Errors, o.Errors)
	s.countRecent(o.Recent)
	s.countRetention(o.Retention)
	if o.Spool == nil {
		return
	}
	if s.Spool == nil {
		past := *o.Spool
		past.Segments, past.Bytes, past.Unreadable = 0, 0, 0
		s.Spool = &past
		return
	}
	both := *s.Spool
	both.Appended += o.Spool.Appended
	both.Restored += o.Spool.Restored
	both.Left += o.Spool.Left
	both.SyncErrors += o.Spool.SyncErrors
	both.Errors += o.Spool.Errors
	both.Damaged += o.Spool.Damaged
	s.Spool = &both
}

// leave counts what a sink that has ended leaves in its spool. It waits no more as far as this process is concerned: whoever opens the spool next,
// perhaps this process again, counts it as restored.
func (s *Stats) leave() {
	if s.Spool == nil || s.Held.Documents == 0 {
		return
	}
	after := *s.Spool
	after.Left += uint64(s.Held.Documents)
	s.Spool = &after
}

// counted says whether anything happened that a counter tells. A spool that was opened and left as it was is nothing.
func (s *Stats) counted() bool {
	n := s.Sent + s.SentBytes + s.Requests + s.Retried + s.Duplicates + s.DeadLetters.Written + s.DeadLetters.Errors
	for _, by := range []map[string]uint64{s.Dropped, s.Rejected, s.Errors} {
		for _, more := range by {
			n += more
		}
	}
	if k := s.Spool; k != nil && (k.Restored != k.Left || k.Appended+k.SyncErrors+k.Errors+k.Damaged > 0) {
		return true
	}
	if r := s.Retention; r != nil && r.Removed+r.Errors > 0 {
		return true
	}
	return n > 0 || s.Recent != nil && s.Recent.Removed+s.Recent.Damaged > 0
}

// countRecent adds the counters of a store of recent flows.
func (s *Stats) countRecent(o *recent.Stats) {
	if o == nil {
		return
	}
	var both recent.Stats
	if s.Recent != nil {
		both = *s.Recent
	}
	both.Removed += o.Removed
	both.Damaged += o.Damaged
	s.Recent = &both
}

// countRetention adds the counters of a bound of the disk. Figures of now stay as they are.
func (s *Stats) countRetention(o *RetentionStats) {
	if o == nil {
		return
	}
	var both RetentionStats
	if s.Retention != nil {
		both = *s.Retention
	}
	both.Removed += o.Removed
	both.RemovedFlows += o.RemovedFlows
	both.Errors += o.Errors
	s.Retention = &both
}

// hold adds what another sink of the same output holds.
func (s *Stats) hold(o Held) {
	s.Held.Bytes += o.Bytes
	s.Held.Documents += o.Documents
	if s.Held.Oldest.IsZero() || !o.Oldest.IsZero() && o.Oldest.Before(s.Held.Oldest) {
		s.Held.Oldest = o.Oldest
	}
}

// sum adds counters by name.
func sum(a, b map[string]uint64) map[string]uint64 {
	if len(b) == 0 {
		return a
	}
	all := maps.Clone(a)
	if all == nil {
		all = map[string]uint64{}
	}
	for name, n := range b {
		all[name] += n
	}
	return all
}
