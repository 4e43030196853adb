package rdns

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/miekg/dns"
)

var (
	quiet   = slog.New(slog.DiscardHandler)
	address = netip.MustParseAddr("192.0.2.1")
)

// startServer starts a name server on UDP and TCP, and returns its address.
func startServer(t *testing.T, handle dns.HandlerFunc) string {
	t.Helper()
	var udp net.PacketConn
	var tcp net.Listener
	for range 20 { // the port has to be free for both
		var err error
		if udp, err = new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
		if tcp, err = new(net.ListenConfig).Listen(t.Context(), "tcp", udp.LocalAddr().String()); err == nil {
			break
		}
		_ = udp.Close()
	}
	if tcp == nil {
		t.Fatal("no port is free for UDP and TCP")
	}
	for _, s := range []*dns.Server{{PacketConn: udp, Handler: handle}, {Listener: tcp, Handler: handle}} {
		started, done := make(chan struct{}), make(chan struct{})
		s.NotifyStartedFunc = func() { close(started) }
		go func() { _ = s.ActivateAndServe(); close(done) }()
		<-started
		t.Cleanup(func() { _ = s.Shutdown(); <-done })
	}
	return udp.LocalAddr().String()
}

// records answers with resource records in text form; %s is the question.
func records(rcode int, answer ...string) dns.HandlerFunc {
	return func(w dns.ResponseWriter, q *dns.Msg) {
		m := new(dns.Msg).SetRcode(q, rcode)
		for _, text := range answer {
			rr, err := dns.NewRR(strings.ReplaceAll(text, "%s", q.Question[0].Name))
			if err != nil {
				panic(err)
			}
			if rr.Header().Rrtype == dns.TypeSOA {
				m.Ns = append(m.Ns, rr)
			} else {
				m.Answer = append(m.Answer, rr)
			}
		}
		_ = w.WriteMsg(m)
	}
}

func silent(dns.ResponseWriter, *dns.Msg) {}

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		handle dns.HandlerFunc
		want   answer
		cause  Cause
	}{
		"a name":              {records(0, "%s 300 IN PTR Host.Example."), answer{"host.example", 300 * time.Second}, ""},
		"several":             {records(0, "%s 300 IN PTR b.example.", "%s 200 IN PTR a.example.", "%s 400 IN PTR c.example."), answer{"a.example", 200 * time.Second}, ""},
		"the sound of two":    {records(0, `%s 300 IN PTR a\000a.example.`, "%s 300 IN PTR z.example."), answer{"z.example", 300 * time.Second}, ""},
		"control characters":  {records(0, `%s 300 IN PTR a\010\027[31m.example.`), answer{"", 1 << 62}, ""},
		"quotes":              {records(0, `%s 300 IN PTR a\"},\{b.example.`), answer{"", 1 << 62}, ""},
		"not ASCII":           {records(0, `%s 300 IN PTR m\195\188nchen.example.`), answer{"", 1 << 62}, ""},
		"an address as name":  {records(0, "%s 300 IN PTR 10.0.0.1."), answer{"", 1 << 62}, ""},
		"the root":            {records(0, "%s 300 IN PTR ."), answer{"", 1 << 62}, ""},
		"an alias, RFC 2317":  {records(0, "%s 100 IN CNAME 1.0-127.2.0.192.in-addr.arpa.", "1.0-127.2.0.192.in-addr.arpa. 300 IN PTR a.example."), answer{"a.example", 100 * time.Second}, ""},
		"aliases in a circle": {records(0, "%s 100 IN CNAME x.", "x. 300 IN CNAME %s"), answer{"", 1 << 62}, ""},
		"a name of another":   {records(0, "2.2.0.192.in-addr.arpa. 300 IN PTR other.example."), answer{"", 1 << 62}, ""},
		"nothing":             {records(0), answer{"", 1 << 62}, ""},
		"NXDOMAIN":            {records(dns.RcodeNameError, "2.0.192.in-addr.arpa. 900 IN SOA a. b. 1 1 1 1 600"), answer{"", 600 * time.Second}, ""},
		"SERVFAIL":            {records(dns.RcodeServerFailure), answer{}, Server},
		"REFUSED":             {records(dns.RcodeRefused), answer{}, Server},
		"silence":             {silent, answer{}, Timeout},
		"another question": {func(w dns.ResponseWriter, q *dns.Msg) {
			m := new(dns.Msg).SetReply(q)
			m.Question[0].Name = "2.2.0.192.in-addr.arpa."
			_ = w.WriteMsg(m)
		}, answer{}, Malformed},
		"garbage": {func(w dns.ResponseWriter, q *dns.Msg) {
			_, _ = w.Write([]byte{byte(q.Id >> 8), byte(q.Id), 0x80, 0, 0, 9, 0, 9, 0, 9, 0, 9, 0xc0})
		}, answer{}, Malformed},
		"over TCP": {func(w dns.ResponseWriter, q *dns.Msg) {
			if w.RemoteAddr().Network() == "udp" {
				m := new(dns.Msg).SetReply(q)
				m.Truncated = true
				_ = w.WriteMsg(m)
				return
			}
			records(0, "%s 300 IN PTR tcp.example.")(w, q)
		}, answer{"tcp.example", 300 * time.Second}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			timeout := 30 * time.Second
			if test.cause == Timeout || test.cause == Malformed {
				timeout = 300 * time.Millisecond
			}
			s := &servers{set: []string{startServer(t, test.handle)}}
			got, err := s.lookup(t.Context(), address, timeout)
			var f *failure
			switch {
			case test.cause == "" && err != nil:
				t.Fatal(err)
			case test.cause != "" && (!errors.As(err, &f) || f.cause != test.cause):
				t.Fatalf("%v, want %s", err, test.cause)
			case got != test.want:
				t.Errorf("%+v, want %+v", got, test.want)
			}
		})
	}
}

func TestQuestions(t *testing.T) {
	var asked atomic.Value
	s := &servers{set: []string{startServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		asked.Store(fmt.Sprint(q.Question[0].Name, " ", q.Question[0].Qtype, " ", q.RecursionDesired, " ", q.IsEdns0().UDPSize()))
		records(0)(w, q)
	})}}
	for a, want := range map[string]string{
		"192.0.2.1":   "1.2.0.192.in-addr.arpa. 12 true 1232",
		"2001:db8::1": "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa. 12 true 1232",
	} {
		if _, err := s.lookup(t.Context(), netip.MustParseAddr(a), 30*time.Second); err != nil || asked.Load() != want {
			t.Errorf("%v, asked %v, want %s", err, asked.Load(), want)
		}
	}
}

func TestServersStandInForOneAnother(t *testing.T) {
	free, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := free.LocalAddr().String()
	_ = free.Close()
	good := startServer(t, records(0, "%s 300 IN PTR a.example."))
	for name, bad := range map[string]string{
		"silent": startServer(t, silent), "failing": startServer(t, records(dns.RcodeServerFailure)), "not there": nobody,
	} {
		t.Run(name, func(t *testing.T) {
			s := &servers{set: []string{bad, good}}
			for range 2 {
				if got, err := s.lookup(t.Context(), address, 3*time.Second); err != nil || got.name != "a.example" {
					t.Errorf("%+v, %v", got, err)
				}
			}
			if list, _ := s.addresses(); list[0] != good {
				t.Errorf("the next look-up asks %v", list)
			}
		})
	}
	s := &servers{set: []string{nobody}}
	var f *failure
	if _, err := s.lookup(t.Context(), address, time.Second); !errors.As(err, &f) || f.cause != Unreachable {
		t.Errorf("%v", err)
	}
}

func TestLostDatagram(t *testing.T) {
	var n atomic.Int64
	s := &servers{set: []string{startServer(t, func(w dns.ResponseWriter, q *dns.Msg) {
		if n.Add(1) > 1 {
			records(0, "%s 300 IN PTR a.example.")(w, q)
		}
	})}}
	if got, err := s.lookup(t.Context(), address, time.Second); err != nil || got.name != "a.example" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLookupEndsWithItsContext(t *testing.T) {
	asked := make(chan struct{}, 10)
	s := &servers{set: []string{startServer(t, func(dns.ResponseWriter, *dns.Msg) { asked <- struct{}{} })}}
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := s.lookup(ctx, address, time.Hour)
		result <- err
	}()
	<-asked
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestServersOfTheHost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "resolv.conf")
	s := &servers{file: path}
	if list, err := s.addresses(); err == nil {
		t.Errorf("%v", list)
	}
	put := func(text string) {
		t.Helper()
		other := path + ".new"
		if err := errors.Join(os.WriteFile(other, []byte(text), 0o600), os.Rename(other, path)); err != nil {
			t.Fatal(err)
		}
		s.looked = time.Time{}
	}
	put("nameserver 192.0.2.53\nnameserver 2001:db8::53\nsearch example\n")
	if list, err := s.addresses(); err != nil || strings.Join(list, " ") != "192.0.2.53:53 [2001:db8::53]:53" {
		t.Errorf("%v, %v", list, err)
	}
	put("nameserver 192.0.2.54\n")
	if list, err := s.addresses(); err != nil || strings.Join(list, " ") != "192.0.2.54:53" {
		t.Errorf("%v, %v", list, err)
	}
	put("# nothing\n")
	if list, err := s.addresses(); err == nil {
		t.Errorf("%v", list)
	}
}

func TestHostName(t *testing.T) {
	long := strings.Repeat("a", 63)
	for name, want := range map[string]string{
		"host.example.": "host.example", "HOST": "host", "a-b.c_d.example": "a-b.c_d.example", "1.2.example": "1.2.example", "xn--mnchen-3ya.de.": "xn--mnchen-3ya.de",
		"": "", ".": "", "a..b": "", "-a.b": "", "a-.b": "", "1.2.3.4": "", "a.5": "", "a b": "", "a\"b": "", "a\x00b": "", "ü.example": "", `a\000b.`: "", "a/b": "",
		long + ".example": long + ".example", long + "a.example": "",
		long + "." + long + "." + long + "." + long[:61]: long + "." + long + "." + long + "." + long[:61],
		long + "." + long + "." + long + "." + long[:62]: "",
	} {
		if got := hostName(name); got != want {
			t.Errorf("%q is %q, want %q", name, got, want)
		}
	}
}

func FuzzHostName(f *testing.F) {
	f.Add("host.example.")
	f.Add("1.2.3.4")
	f.Fuzz(func(t *testing.T, name string) {
		got := hostName(name)
		if got != "" && (len(got) > maxName || got != strings.ToLower(got) || strings.Trim(got, "abcdefghijklmnopqrstuvwxyz0123456789-_.") != "" || hostName(got) != got) {
			t.Errorf("%q is %q", name, got)
		}
		if _, err := netip.ParseAddr(got); err == nil {
			t.Errorf("%q passes for an address", got)
		}
	})
}
