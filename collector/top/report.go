package top

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// Report is what several counters counted within some minutes.
type Report struct {
	From, To time.Time // the time that it is about; From is the start of the first minute that has a record
	Minute             // Number is not set
}

// Await asks the counters to publish the minute of now, and waits until they have, or ctx ends: each does when its goroutine calls Tick next.
func Await(ctx context.Context, now time.Time, counters ...*Counter) {
	for _, c := range counters {
		c.wanted.Store(now.UnixNano())
	}
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	for slices.ContainsFunc(counters, func(c *Counter) bool { return c.now.Load() == nil }) {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}

// Merge sums up the last minutes, that of now among them where somebody asked for it by Await, at most Minutes. It may be called from any goroutine.
func Merge(now time.Time, minutes int, counters ...*Counter) Report {
	r := Report{To: now}
	var m merger
	last := now.Unix() / 60
	first := last
	for _, c := range counters {
		for i := range c.past {
			if one := c.past[i].Load(); one != nil && one.Number > last-int64(minutes) && one.Number < last+Minutes {
				m.add(&r, one)
				first = min(first, one.Number)
			}
		}
		if one := c.now.Load(); one != nil && one.Number >= last {
			m.add(&r, one)
		}
	}
	r.From = time.Unix(first*60, 0)
	r.Addresses, r.Conversations, r.Applications = m.addresses.list(), m.conversations.list(), m.applications.list()
	r.Systems, r.Countries, r.Interfaces = m.systems.list(), m.countries.list(), m.interfaces.list()
	return r
}

// merger adds up minutes.
type merger struct {
	addresses     sums[Address]
	conversations sums[Conversation]
	applications  sums[Application]
	systems       sums[System]
	countries     sums[Country]
	interfaces    sums[Interface]
}

func (m *merger) add(r *Report, one *Minute) {
	r.Total.add(one.Total)
	r.Sampled = r.Sampled || one.Sampled
	m.addresses.add(one.Addresses)
	m.conversations.add(one.Conversations)
	m.applications.add(one.Applications)
	m.systems.add(one.Systems)
	m.countries.add(one.Countries)
	m.interfaces.add(one.Interfaces)
}

type sums[K comparable] struct{ index map[K]*Entry[K] }

func (s *sums[K]) add(list []Entry[K]) {
	if s.index == nil {
		s.index = make(map[K]*Entry[K], len(list))
	}
	for i := range list {
		if e := s.index[list[i].Key]; e != nil {
			e.add(list[i].Sum)
			continue
		}
		one := list[i]
		s.index[one.Key] = &one
	}
}

// list returns the sums, most octets first.
func (s *sums[K]) list() []Entry[K] {
	list := make([]Entry[K], 0, len(s.index))
	for _, e := range s.index {
		list = append(list, *e)
	}
	slices.SortFunc(list, func(a, b Entry[K]) int { return cmp.Or(cmp.Compare(b.Octets, a.Octets), cmp.Compare(b.Flows, a.Flows)) })
	return list
}
