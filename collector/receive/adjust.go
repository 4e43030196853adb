package receive

import (
	"fmt"
	"time"
)

// Resize asks the kernel for other receive buffers, of so many bytes for each socket, also for smaller ones. What waits in them stays.
// A buffer that a socket unit made larger than this process could stays where it would become smaller than asked.
func (g *Group) Resize(buffer int) error {
	for _, s := range g.sockets {
		if err := s.setBuffer(buffer, loses(s.Buffer(), buffer)); err != nil {
			return fmt.Errorf("unable to change the receive buffer of %s: %w", s.local, Reason(err))
		}
	}
	g.checkBuffer(buffer)
	return nil
}

// Adjust sets the bounds of StreamOptions. Connections that are open stay so, though they may be too many now; how long they may be silent
// counts from their next message on.
func (l *StreamListener) Adjust(maxConnections, maxPerAddress int, idle time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.options.MaxConnections, l.options.MaxPerAddress = maxConnections, maxPerAddress
	l.idle.Store(int64(idle))
}
