package snmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gosnmp/gosnmp"
)

// What is asked for.
const (
	oidSysName = ".1.3.6.1.2.1.1.5.0"      // sysName.0, RFC 3418
	oidIfDescr = ".1.3.6.1.2.1.2.2.1.2"    // ifDescr of ifTable, RFC 2863
	oidIfName  = ".1.3.6.1.2.1.31.1.1.1.1" // ifName of ifXTable, RFC 2863
	oidIfAlias = ".1.3.6.1.2.1.31.1.1.1.18"
)

const (
	tries = 3 // how often a question is sent
	// repetitions are the rows asked for at once: with names of 30 octets, what comes back still fits into one packet.
	repetitions = 20
	// maxIndex is the highest ifIndex there is: InterfaceIndex, RFC 2863.
	maxIndex = 1<<31 - 1
	// budget bounds the time that one agent may take for its whole table, however slowly it answers.
	budget = 5 * time.Minute
)

// Cause is why an agent could not be asked.
type Cause string

// Causes of failures.
const (
	Timeout     Cause = "timeout"     // no answer; agents do not answer a wrong community either
	Unreachable Cause = "unreachable" // the network or the host says so, or nobody listens on the port
	Auth        Cause = "auth"        // the agent does not know the user, or the password or the level of security is wrong
	Refused     Cause = "refused"     // the agent answers with an error
	Malformed   Cause = "malformed"   // what comes back is no SNMP, or not an answer
	Loop        Cause = "loop"        // the agent's table goes round in circles
)

// Causes are all of them.
var Causes = []Cause{Timeout, Unreachable, Auth, Refused, Malformed, Loop}

// failure is an agent that could not be asked.
type failure struct {
	cause Cause
	err   error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// link is an interface.
type link struct{ name, alias string }

// device is what an agent says. It does not change once it is made.
type device struct {
	name  string
	links map[uint32]link
	cut   bool // there are more interfaces than are kept
	bytes int  // memory that the interfaces take, about
}

// linkBytes is the memory of an interface with its place in a map, without its texts.
const linkBytes = 96

// asker asks one agent.
type asker struct {
	session     *gosnmp.GoSNMP
	most        int // interfaces
	repetitions uint32
	answered    bool
}

// ask asks an agent for its name and the names and aliases of its interfaces, at most so many. The error is a *failure, or that of the context.
func ask(ctx context.Context, agent netip.Addr, credential *Credential, timeout time.Duration, most int) (d *device, err error) {
	defer func() {
		// The library reads what strangers send.
		if p := recover(); p != nil {
			err = &failure{Malformed, fmt.Errorf("unreadable answer: %v at %s", p, firstFrame())}
		}
		if err != nil && ctx.Err() != nil {
			err = ctx.Err()
		}
	}()
	limited, cancel := context.WithTimeout(ctx, budget)
	defer cancel()
	s := credential.session(agent)
	s.Context, s.Timeout, s.Retries = limited, timeout, tries-1
	if err := s.Connect(); err != nil {
		return nil, failed(err)
	}
	conn := s.Conn
	defer func() { _ = conn.Close() }()
	// The library looks at its context between questions only; a closed socket ends one.
	defer context.AfterFunc(limited, func() { _ = conn.Close() })()

	a := asker{session: s, most: most, repetitions: repetitions}
	return a.device()
}

// firstFrame is where a panic comes from, in a word.
func firstFrame() string {
	for line := range strings.Lines(string(debug.Stack())) {
		if _, at, ok := strings.Cut(line, "gosnmp@"); ok {
			at, _, _ = strings.Cut(at, " ")
			return strings.TrimSpace(at)
		}
	}
	return "an unknown place"
}

func (a *asker) device() (*device, error) {
	d := &device{links: map[uint32]link{}}
	packet, err := a.session.Get([]string{oidSysName})
	if err := check(packet, err); err != nil {
		return nil, err
	}
	a.answered = true
	for _, v := range packet.Variables {
		if b, ok := v.Value.([]byte); ok && v.Name == oidSysName && v.Type == gosnmp.OctetString {
			d.name = text(b)
		}
	}
	unnamed := false
	if err := a.column(oidIfName, d, func(l *link, s string) { l.name = s }); err != nil {
		return nil, err
	}
	if err := a.column(oidIfAlias, d, func(l *link, s string) { l.alias = s }); err != nil {
		return nil, err
	}
	for _, l := range d.links {
		unnamed = unnamed || l.name == ""
	}
	// ifDescr stands in where ifXTable is not there, or has no name for an interface.
	if unnamed || len(d.links) == 0 {
		err := a.column(oidIfDescr, d, func(l *link, s string) {
			if l.name == "" {
				l.name = s
			}
		})
		if err != nil {
			return nil, err
		}
	}
	for _, l := range d.links {
		d.bytes += linkBytes + len(l.name) + len(l.alias)
	}
	return d, nil
}

// column walks one column of a table by GETBULK (RFC 3416 section 4.2.3). Indexes have to grow from row to row: then there is an end.
func (a *asker) column(column string, d *device, set func(*link, string)) error {
	oid, last := column, -1
	for {
		packet, err := a.bulk(oid)
		if err != nil {
			return err
		}
		for _, v := range packet.Variables {
			row, inside := strings.CutPrefix(v.Name, column+".")
			if !inside || v.Type == gosnmp.EndOfMibView || v.Type == gosnmp.NoSuchObject || v.Type == gosnmp.NoSuchInstance {
				return nil
			}
			index, err := strconv.ParseUint(row, 10, 32)
			switch {
			case err != nil || index > maxIndex:
				return &failure{Malformed, fmt.Errorf("%s is no row of %s", v.Name, column)}
			case int(index) <= last:
				return &failure{Loop, fmt.Errorf("row %d of %s comes after row %d", index, column, last)}
			}
			last, oid = int(index), v.Name
			b, ok := v.Value.([]byte)
			if !ok || v.Type != gosnmp.OctetString {
				continue // a row, and no text
			}
			l, known := d.links[uint32(index)]
			if !known && len(d.links) >= a.most {
				// Rows come in order, so that those of the other columns are the same.
				d.cut = true
				return nil
			}
			set(&l, text(b))
			d.links[uint32(index)] = l
		}
	}
}

// bulk asks for the rows behind one. Agents, and networks, that cannot do with as many at once are asked for fewer.
func (a *asker) bulk(oid string) (*gosnmp.SnmpPacket, error) {
	for {
		packet, err := a.session.GetBulk([]string{oid}, 0, a.repetitions)
		err = check(packet, err)
		if err == nil {
			return packet, nil
		}
		tooMuch := packet != nil && packet.Error == gosnmp.TooBig
		var f *failure
		// What comes in several fragments does not come at all through some firewalls.
		lost := errors.As(err, &f) && f.cause == Timeout && a.answered && a.repetitions == repetitions
		if !tooMuch && !lost || a.repetitions == 1 || a.session.Context.Err() != nil {
			return nil, err
		}
		a.repetitions = max(1, a.repetitions/4)
	}
}

// check tells whether there is an answer that is none of an error.
func check(packet *gosnmp.SnmpPacket, err error) error {
	switch {
	case err != nil:
		return failed(err)
	case packet.PDUType != gosnmp.GetResponse:
		return &failure{Malformed, fmt.Errorf("the answer is of type %v", packet.PDUType)}
	case packet.Error == gosnmp.AuthorizationError || packet.Error == gosnmp.NoAccess:
		return &failure{Auth, fmt.Errorf("the agent answers %v", packet.Error)}
	case packet.Error != gosnmp.NoError:
		return &failure{Refused, fmt.Errorf("the agent answers %v", packet.Error)}
	case len(packet.Variables) == 0:
		return &failure{Malformed, errors.New("the answer is empty")}
	}
	return nil
}

// security are the reports of an agent that does not trust us (RFC 3414 section 3.2).
var security = []error{
	gosnmp.ErrUnknownUsername, gosnmp.ErrWrongDigest, gosnmp.ErrDecryption, gosnmp.ErrUnknownSecurityLevel, gosnmp.ErrUnknownSecurityModels,
	gosnmp.ErrNotInTimeWindow,
}

// failed says why the library could not ask.
func failed(err error) *failure {
	var network net.Error
	var call *net.OpError
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case slices.ContainsFunc(security, is), strings.Contains(err.Error(), "not authentic"):
		// The latter is how the library words reports that have no signature, because the agent has no key for us.
		return &failure{Auth, err}
	case is(gosnmp.ErrMaxRetriesExceeded), is(context.DeadlineExceeded), is(net.ErrClosed), errors.As(err, &network) && network.Timeout():
		return &failure{Timeout, err}
	case is(syscall.ECONNREFUSED), is(syscall.EHOSTUNREACH), is(syscall.ENETUNREACH), errors.As(err, &call):
		return &failure{Unreachable, err}
	}
	return &failure{Malformed, err}
}
