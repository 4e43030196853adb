package output

import "net/netip"

// Refused is told of documents that the queue of a sink had no room for, by the goroutine that put them: how many of the exporter. The zero address
// stands for those that no exporter is known of. It is not told of what a queue took, and an heir then has no room for.
type Refused func(exporter netip.Addr, documents int)

// maxShares is how many exporters a buffer knows apart. A batch of 2 MiB is about a hundred packets.
const maxShares = 64

// shares says how many documents of a buffer are of which exporter. Those that there is no place for are not in it: what is missing in the sum is theirs.
// It allocates nothing.
type shares struct {
	of   [maxShares]share
	used int
	last int // most documents are of the exporter of the one before
}

type share struct {
	exporter  netip.Addr
	documents int
}

func (s *shares) add(exporter netip.Addr, documents int) {
	if s.last < s.used && s.of[s.last].exporter == exporter {
		s.of[s.last].documents += documents
		return
	}
	for i := range s.of[:s.used] {
		if s.of[i].exporter == exporter {
			s.of[i].documents += documents
			s.last = i
			return
		}
	}
	if s.used < maxShares && exporter.IsValid() {
		s.of[s.used] = share{exporter, documents}
		s.last = s.used
		s.used++
	}
}

func (s *shares) clear() { s.used, s.last = 0, 0 }

// refuse tells who wants to know that the documents of the buffer are lost.
func (b *Buffer) refuse() {
	if b.refused == nil {
		return
	}
	rest := b.docs
	for _, one := range b.shares.of[:b.shares.used] {
		b.refused(one.exporter, one.documents)
		rest -= one.documents
	}
	if rest > 0 {
		b.refused(netip.Addr{}, rest)
	}
}
