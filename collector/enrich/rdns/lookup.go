package rdns

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
)

// Cause is why a look-up failed. That an address has no name is an answer, not a failure.
type Cause string

// Causes of failures.
const (
	Timeout     Cause = "timeout"     // no server answered in time
	Unreachable Cause = "unreachable" // the network says so, nobody listens on the port, or no server is known
	Server      Cause = "server"      // a server answered that it failed or will not: SERVFAIL, REFUSED and the like
	Malformed   Cause = "malformed"   // what came back is no answer to the question
)

// Causes are all of them.
var Causes = []Cause{Timeout, Unreachable, Server, Malformed}

// failure is a look-up that failed.
type failure struct {
	cause Cause
	err   error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// answer is what is known of an address: a name, or that there is none.
type answer struct {
	name string
	ttl  time.Duration // how long that holds, as the server says
}

// udpSize is how large an answer over UDP may be: what passes without fragments (RFC 9715). A larger one is got over TCP.
const udpSize = 1232

// most tries of a look-up, of all servers.
const maxTries = 4

// lookup asks for the name of an address (RFC 1035 section 3.5, RFC 3596 section 2.5). The error is a *failure, or that of the context.
func (s *servers) lookup(ctx context.Context, a netip.Addr, timeout time.Duration) (answer, error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	question, err := dns.ReverseAddr(a.String())
	if err != nil {
		return answer{}, &failure{Malformed, err}
	}
	list, err := s.addresses()
	if err != nil {
		return answer{}, &failure{Unreachable, err}
	}
	deadline, _ := limited.Deadline()
	var last error
	// A server that is silent costs a share of the time; with one server alone, a datagram may get lost as well.
	tries := min(max(2, len(list)), maxTries)
	for i := range tries {
		left := time.Until(deadline)
		if left <= 0 {
			break
		}
		try, cancel := context.WithTimeout(limited, left/time.Duration(tries-i))
		got, err := s.ask(try, list[i%len(list)], question)
		cancel()
		if err == nil {
			return got, nil
		}
		if ctx.Err() != nil {
			return answer{}, ctx.Err()
		}
		last = err
		s.failed(list[i%len(list)])
		if f := (*failure)(nil); len(list) == 1 && errors.As(err, &f) && f.cause == Server {
			break // it has said so
		}
	}
	if last == nil {
		last = &failure{Timeout, context.DeadlineExceeded}
	}
	return answer{}, last
}

// ask asks one server, over UDP from a port of its own for each question, which makes answers hard to forge (RFC 5452 section 9.2), and
// over TCP where the answer is cut off.
func (s *servers) ask(ctx context.Context, server, question string) (answer, error) {
	m := new(dns.Msg).SetQuestion(question, dns.TypePTR)
	m.SetEdns0(udpSize, false)
	for _, network := range [...]string{"udp", "tcp"} {
		client := &dns.Client{Net: network, UDPSize: udpSize, Timeout: time.Hour} // the context is what ends it
		reply, err := exchange(ctx, client, m, server)
		if err != nil {
			return answer{}, &failure{cause(ctx, err), fmt.Errorf("server %s: %w", server, err)}
		}
		if len(reply.Question) != 1 || dns.CanonicalName(reply.Question[0].Name) != dns.CanonicalName(question) || reply.Question[0].Qtype != dns.TypePTR {
			return answer{}, &failure{Malformed, fmt.Errorf("server %s answers another question", server)}
		}
		if reply.Truncated && network == "udp" {
			continue
		}
		return read(server, question, reply)
	}
	return answer{}, &failure{Malformed, fmt.Errorf("server %s cuts off its answers", server)}
}

// exchange ends with its context, which the library's does not while it waits for an answer.
func exchange(ctx context.Context, client *dns.Client, m *dns.Msg, server string) (*dns.Msg, error) {
	conn, err := client.DialContext(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	reply, _, err := client.ExchangeWithConnContext(ctx, m, conn)
	return reply, err
}

// read takes what a server says for true, or for a failure.
func read(server, question string, reply *dns.Msg) (answer, error) {
	switch reply.Rcode {
	case dns.RcodeSuccess, dns.RcodeNameError:
	default:
		return answer{}, &failure{Server, fmt.Errorf("server %s answers %s", server, dns.RcodeToString[reply.Rcode])}
	}
	if reply.Rcode == dns.RcodeSuccess {
		if name, ttl := pick(question, reply.Answer); name != "" {
			return answer{name, time.Duration(ttl) * time.Second}, nil
		}
	}
	// There is none for as long as the zone says (RFC 2308 section 5). A zone that says nothing leaves it to us.
	none := answer{"", 1 << 62}
	for _, rr := range reply.Ns {
		if soa, ok := rr.(*dns.SOA); ok {
			none.ttl = time.Duration(min(soa.Hdr.Ttl, soa.Minttl)) * time.Second
		}
	}
	return none, nil
}

func cause(ctx context.Context, err error) Cause {
	var network net.Error
	var call *net.OpError
	switch {
	case ctx.Err() != nil, errors.Is(err, context.DeadlineExceeded), errors.As(err, &network) && network.Timeout():
		return Timeout
	case errors.As(err, &call):
		return Unreachable
	}
	return Malformed
}

// hostFile is where the host's servers are, resolv.conf(5).
const hostFile = "/etc/resolv.conf"

// servers are those that are asked, the one that worked last first.
type servers struct {
	file string // where they come from, unless they are set
	set  []string

	mu     sync.Mutex
	list   []string
	seen   os.FileInfo
	looked time.Time
}

// addresses returns the servers to ask, in order. Those of the host are read again when its file changes.
func (s *servers) addresses() ([]string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.set) > 0 {
		if s.list == nil {
			s.list = slices.Clone(s.set)
		}
		return slices.Clone(s.list), nil
	}
	if now := time.Now(); now.Sub(s.looked) >= 5*time.Second {
		s.looked = now
		info, err := os.Stat(s.file)
		if err != nil || s.seen == nil || !os.SameFile(info, s.seen) || !info.ModTime().Equal(s.seen.ModTime()) {
			c, readErr := dns.ClientConfigFromFile(s.file)
			if err := errors.Join(err, readErr); err != nil && len(s.list) == 0 {
				s.looked = time.Time{}
				return nil, fmt.Errorf("unable to read the host's name servers: %w", err)
			} else if err == nil {
				s.seen, s.list = info, nil
				for _, server := range c.Servers {
					s.list = append(s.list, net.JoinHostPort(server, c.Port))
				}
			}
		}
	}
	if len(s.list) == 0 {
		return nil, errors.New("the host has no name servers in " + s.file)
	}
	return slices.Clone(s.list), nil
}

// failed puts a server behind the others.
func (s *servers) failed(server string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) > 1 && strings.EqualFold(s.list[0], server) {
		s.list = append(s.list[1:], server)
	}
}
