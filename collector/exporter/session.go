package exporter

// EndSession forgets the sources of a connection that is over: what they announced was valid for it alone (RFC 7011 section 8). Their
// figures stay in the totals. Datagrams, session 0, have no end.
func (t *Table) EndSession(session uint32) {
	own := t.sessions[session]
	if len(own) == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for s := range own {
		t.forget(s)
		t.ended.Add(1)
	}
}
