package snmp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gosnmp/gosnmp"
)

// fake is an agent whose answers a test makes up. A nil answer is none.
type fake struct {
	port  int
	asked atomic.Int64
}

func startFake(t *testing.T, answer func(n int64, q *gosnmp.SnmpPacket) []byte) *fake {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(loopback, 0)))
	if err != nil {
		t.Fatal(err)
	}
	f := &fake{port: conn.LocalAddr().(*net.UDPAddr).Port}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buffer := make([]byte, 65536)
		for {
			n, from, err := conn.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			q, err := (&gosnmp.GoSNMP{Version: gosnmp.Version2c}).SnmpDecodePacket(buffer[:n])
			if err != nil {
				continue
			}
			if b := answer(f.asked.Add(1), q); b != nil {
				_, _ = conn.WriteToUDPAddrPort(b, from)
			}
		}
	}()
	t.Cleanup(func() { _ = conn.Close(); <-done })
	return f
}

func (f *fake) credential() *Credential {
	return &Credential{Port: uint16(f.port), Version: "2c", Community: Secret{"flows-r"}}
}

// reply is an answer with variables.
func reply(q *gosnmp.SnmpPacket, status gosnmp.SNMPError, variables ...gosnmp.SnmpPDU) []byte {
	b, err := (&gosnmp.SnmpPacket{
		Version: gosnmp.Version2c, Community: q.Community, PDUType: gosnmp.GetResponse, RequestID: q.RequestID, Error: status, Variables: variables,
	}).MarshalMsg()
	if err != nil {
		panic(err)
	}
	return b
}

func octets(oid, value string) gosnmp.SnmpPDU {
	return gosnmp.SnmpPDU{Name: oid, Type: gosnmp.OctetString, Value: value}
}

// table answers like an agent with so many interfaces, ifIndex from 1 on, named by a function.
func table(interfaces int, name func(column string, index int) string) func(int64, *gosnmp.SnmpPacket) []byte {
	return func(_ int64, q *gosnmp.SnmpPacket) []byte {
		oid := q.Variables[0].Name
		if q.PDUType == gosnmp.GetRequest {
			return reply(q, gosnmp.NoError, octets(oid, "fake"))
		}
		for _, column := range []string{oidIfDescr, oidIfName, oidIfAlias} {
			rest, ok := strings.CutPrefix(oid, column)
			if !ok || rest != "" && rest[0] != '.' {
				continue
			}
			index, _ := strconv.Atoi(strings.TrimPrefix(rest, "."))
			var rows []gosnmp.SnmpPDU
			for range q.MaxRepetitions {
				if index++; index > interfaces {
					rows = append(rows, gosnmp.SnmpPDU{Name: column + "0.1", Type: gosnmp.EndOfMibView})
					break
				}
				rows = append(rows, octets(column+"."+strconv.Itoa(index), name(column, index)))
			}
			return reply(q, gosnmp.NoError, rows...)
		}
		return reply(q, gosnmp.NoError, gosnmp.SnmpPDU{Name: oid, Type: gosnmp.EndOfMibView})
	}
}

func plain(column string, index int) string {
	return map[string]string{oidIfName: "if", oidIfAlias: "alias ", oidIfDescr: "descr "}[column] + strconv.Itoa(index)
}

func TestTables(t *testing.T) {
	ask := func(t *testing.T, most int, answer func(int64, *gosnmp.SnmpPacket) []byte) *device {
		t.Helper()
		d, err := ask(t.Context(), loopback, startFake(t, answer).credential(), 5*time.Second, most)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	t.Run("many rows", func(t *testing.T) {
		d := ask(t, 10000, table(1234, plain))
		if len(d.links) != 1234 || d.cut || d.name != "fake" || d.links[1234] != (link{"if1234", "alias 1234"}) {
			t.Errorf("%d interfaces, cut %v, name %q, last %+v", len(d.links), d.cut, d.name, d.links[1234])
		}
	})
	t.Run("as many as are kept", func(t *testing.T) {
		if d := ask(t, 100, table(100, plain)); len(d.links) != 100 || d.cut {
			t.Errorf("%d interfaces, cut %v", len(d.links), d.cut)
		}
	})
	t.Run("more than are kept", func(t *testing.T) {
		d := ask(t, 100, table(1<<30, plain))
		if len(d.links) != 100 || !d.cut || d.links[100] != (link{"if100", "alias 100"}) {
			t.Errorf("%d interfaces, cut %v, last %+v", len(d.links), d.cut, d.links[100])
		}
	})
	t.Run("no ifXTable", func(t *testing.T) {
		whole := table(30, plain)
		d := ask(t, 100, func(n int64, q *gosnmp.SnmpPacket) []byte {
			if oid := q.Variables[0].Name; strings.HasPrefix(oid, oidIfName) || strings.HasPrefix(oid, oidIfAlias) {
				return reply(q, gosnmp.NoError, octets(".1.3.6.1.2.1.92.1.1.1.0", "what comes behind"))
			}
			return whole(n, q)
		})
		if len(d.links) != 30 || d.links[7] != (link{"descr 7", ""}) {
			t.Errorf("%d interfaces, 7 is %+v", len(d.links), d.links[7])
		}
	})
	t.Run("some without ifName", func(t *testing.T) {
		d := ask(t, 100, table(30, func(column string, index int) string {
			if column == oidIfName && index%2 == 0 {
				return ""
			}
			return plain(column, index)
		}))
		if d.links[7] != (link{"if7", "alias 7"}) || d.links[8] != (link{"descr 8", "alias 8"}) {
			t.Errorf("7 is %+v, 8 is %+v", d.links[7], d.links[8])
		}
	})
	t.Run("too big", func(t *testing.T) {
		whole := table(30, plain)
		d := ask(t, 100, func(n int64, q *gosnmp.SnmpPacket) []byte {
			if q.PDUType == gosnmp.GetBulkRequest && q.MaxRepetitions > 1 {
				return reply(q, gosnmp.TooBig, gosnmp.SnmpPDU{Name: q.Variables[0].Name, Type: gosnmp.Null})
			}
			return whole(n, q)
		})
		if len(d.links) != 30 || d.links[30] != (link{"if30", "alias 30"}) {
			t.Errorf("%d interfaces, last %+v", len(d.links), d.links[30])
		}
	})
	t.Run("a long one and dirt", func(t *testing.T) {
		d := ask(t, 100, table(1, func(column string, _ int) string {
			if column == oidIfName {
				return "a\x00b\"\\\r\n\xff\u202ec"
			}
			return strings.Repeat("ü", 200)
		}))
		if got := d.links[1]; got.name != "ab\"\\  \ufffdc" || got.alias != strings.Repeat("ü", 127) {
			t.Errorf("%+q", got)
		}
	})
	t.Run("no name", func(t *testing.T) {
		whole := table(1, plain)
		d := ask(t, 100, func(n int64, q *gosnmp.SnmpPacket) []byte {
			if q.PDUType == gosnmp.GetRequest {
				return reply(q, gosnmp.NoError, gosnmp.SnmpPDU{Name: oidSysName, Type: gosnmp.NoSuchObject})
			}
			return whole(n, q)
		})
		if d.name != "" || len(d.links) != 1 {
			t.Errorf("%+v", d)
		}
	})
}

func TestMisbehavingAgents(t *testing.T) {
	whole := table(50, plain)
	// in answers everything but GETBULK like an agent in order.
	in := func(answer func(n int64, q *gosnmp.SnmpPacket) []byte) func(int64, *gosnmp.SnmpPacket) []byte {
		return func(n int64, q *gosnmp.SnmpPacket) []byte {
			if q.PDUType == gosnmp.GetRequest {
				return whole(n, q)
			}
			return answer(n, q)
		}
	}
	for name, test := range map[string]struct {
		answer func(n int64, q *gosnmp.SnmpPacket) []byte
		want   Cause
		asked  int64 // 0 is any number
		silent bool  // what it says is no answer: each question waits for the timeout
	}{
		"silent":           {func(int64, *gosnmp.SnmpPacket) []byte { return nil }, Timeout, tries, true},
		"silent on tables": {in(func(int64, *gosnmp.SnmpPacket) []byte { return nil }), Timeout, 1 + 2*tries, true},
		"garbage":          {func(int64, *gosnmp.SnmpPacket) []byte { return []byte("\x30\x82\xff\xff garbage") }, Malformed, tries, false},
		"empty datagrams":  {func(int64, *gosnmp.SnmpPacket) []byte { return []byte{} }, Malformed, tries, false},
		"cut off": {func(n int64, q *gosnmp.SnmpPacket) []byte {
			b := whole(n, q)
			return b[:len(b)-3]
		}, Malformed, 0, false},
		"the same row again and again": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.NoError, octets(oidIfName+".5", "again"))
		}), Loop, 3, false},
		"rows in a circle": {in(func(n int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.NoError, octets(oidIfName+"."+strconv.Itoa(int(n%5)+1), "round"))
		}), Loop, 0, false},
		"rows backwards": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.NoError, octets(oidIfName+".5", "a"), octets(oidIfName+".4", "b"))
		}), Loop, 2, false},
		"rows with a tail": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.NoError, octets(oidIfName+".5.1", "a"))
		}), Malformed, 2, false},
		"an index beyond": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.NoError, octets(oidIfName+".4294967295", "a"))
		}), Malformed, 2, false},
		"errors": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.GenErr, gosnmp.SnmpPDU{Name: oidIfName, Type: gosnmp.Null})
		}), Refused, 2, false},
		"always too big": {in(func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.TooBig, gosnmp.SnmpPDU{Name: oidIfName, Type: gosnmp.Null})
		}), Refused, 4, false},
		"no access": {func(_ int64, q *gosnmp.SnmpPacket) []byte {
			return reply(q, gosnmp.AuthorizationError, gosnmp.SnmpPDU{Name: oidSysName, Type: gosnmp.Null})
		}, Auth, 1, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := startFake(t, test.answer)
			timeout := 10 * time.Second // so that a busy machine makes no question twice
			if test.silent {
				timeout = 400 * time.Millisecond
			}
			d, err := ask(t.Context(), loopback, f.credential(), timeout, 1000)
			var got *failure
			if !errors.As(err, &got) || got.cause != test.want {
				t.Errorf("%v, %v, want %s", d, err, test.want)
			}
			if n := f.asked.Load(); test.asked != 0 && n != test.asked {
				t.Errorf("it was asked %d times, want %d", n, test.asked)
			}
		})
	}
}

func TestQuestionEndsWithItsContext(t *testing.T) {
	f := startFake(t, func(int64, *gosnmp.SnmpPacket) []byte { return nil })
	ctx, cancel := context.WithCancel(t.Context())
	result := make(chan error, 1)
	go func() {
		_, err := ask(ctx, loopback, f.credential(), time.Hour, 10)
		result <- err
	}()
	eventually(t, "the agent was asked", func() bool { return f.asked.Load() == 1 })
	cancel()
	if err := <-result; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func FuzzText(f *testing.F) {
	for _, s := range []string{"ge-0/0/1", "a\x00b", "\xff\xfe", strings.Repeat("ü", 300), "\u202e", " \t\n", strings.Repeat("a\xff", 600)} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		s := text(b)
		if len(s) > MaxText || s != strings.ToValidUTF8(s, "") || s != strings.TrimSpace(s) || strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
			t.Errorf("%q becomes %q", b, s)
		}
		if again := text([]byte(s)); again != s {
			t.Errorf("%q becomes %q", s, again)
		}
	})
}
