package exporter

// EndSession forgets the sources of a connection that is over: what they announced was valid for it alone (RFC 7011 section 8). Their
// figures stay in the totals. Datagrams, session 0, have no end.
func (t *Table) EndSession(session uint32) {
	if session == 0 {
		return
	}
	if t.last != nil && t.last.Key.Session == session {
		t.last = nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for key, s := range t.sources {
		if key.Session == session {
			t.forget(s)
			t.ended.Add(1)
		}
	}
}

// forget takes a source out of the table and keeps its figures. The table is locked.
func (t *Table) forget(s *Source) {
	s.pendingDropped.Add(uint64(s.waiting.Load()))
	t.templateBytes -= s.templateBytes
	t.pendingBytes -= s.pendingBytes
	stats := s.stats()
	stats.Waiting, stats.Templates = 0, 0 // figures of now, not counters
	t.gone.add(stats)
	delete(t.sources, s.Key)
}
