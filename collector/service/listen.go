package service

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/decode"
	"github.com/flowstack/terraform-provider-flowstack/collector/exporter"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive"
	"github.com/flowstack/terraform-provider-flowstack/collector/service/heartbeat"
)

// opened is a feed that is bound.
type opened struct {
	feed
	bound bound
}

// listen makes a feed of every address but those that are bound already, or of none: of the sockets that systemd passed for it, or of new ones, which
// systemd then keeps. A host without IPv6 is served over IPv4 only, unless an IPv6 address was named.
func (s *service) listen(ctx context.Context, l config.Listen, files *certificates, already []bound) (feeds []opened, err error) {
	defer func() {
		if err == nil {
			return
		}
		for _, f := range feeds {
			if len(already) > 0 { // a reload that is refused: nobody takes the socket over
				f.Forget()
			}
			err = errors.Join(err, f.Close())
		}
		feeds = nil
	}()
	packets := receive.GroupOptions{
		Options: receive.Options{Buffer: int(l.ReceiveBuffer), Interval: tickInterval, Logger: s.logger}, Readers: readers(l), Inherited: s.inherited,
	}
	options := receive.StreamOptions{
		MaxConnections: l.MaxConnections, MaxPerAddress: l.MaxPerAddress, IdleTimeout: time.Duration(l.IdleTimeout), Interval: tickInterval,
		Allow: func(a netip.Addr) bool { return s.allowed.Load().Allow(a) }, Inherited: s.inherited, Logger: s.logger,
	}
	for _, protocol := range []struct {
		name      string
		addresses []string
		open      func(address string) (feed, error)
	}{
		{"udp", l.UDP, func(address string) (feed, error) {
			group, err := receive.ListenGroup(ctx, address, packets)
			return datagrams{group}, err
		}},
		{"tcp", l.IPFIXTCP, func(address string) (feed, error) { return listenStream(ctx, "tcp", address, options) }},
		{"tls", l.IPFIXTLS, func(address string) (feed, error) {
			options.TLS = s.secured(files)
			return listenStream(ctx, "tls", address, options)
		}},
	} {
		for _, address := range protocol.addresses {
			name := bound{protocol.name, address}
			if slices.Contains(already, name) {
				continue
			}
			f, err := protocol.open(address)
			if len(already) == 0 && errors.Is(err, syscall.EADDRNOTAVAIL) { // at a reload somebody looks, and waits for nothing
				f, err = awaitAddress(ctx, s.logger, address, uptime, func() (feed, error) { return protocol.open(address) })
			}
			if at, perr := netip.ParseAddrPort(address); errors.Is(err, syscall.EAFNOSUPPORT) && perr == nil &&
				at.Addr() == netip.IPv6Unspecified() && len(protocol.addresses) > 1 {
				s.logger.Warn("this host has no IPv6, listening on IPv4 only", "address", address)
				continue
			}
			if err != nil {
				return feeds, taken(err, name, already)
			}
			feeds = append(feeds, opened{f, name})
		}
	}
	if len(feeds)+len(already) == 0 {
		return nil, errors.New("unable to listen: the settings below listen name no usable address")
	}
	return feeds, nil
}

// taken says what to do about an address that is in use because the service itself listens there, which a reload does not end before it begins.
func taken(err error, wanted bound, already []bound) error {
	if !errors.Is(err, syscall.EADDRINUSE) {
		return err
	}
	for _, b := range already {
		if b.excludes(wanted) {
			return fmt.Errorf("%w: %s has it until now; restart the service, or reload twice: first without %s, then with %s", err, settingOf(b), settingOf(b), settingOf(wanted))
		}
	}
	return err
}

// excludes tells whether two addresses cannot be listened on at once: they are the same, or one is the wildcard address. That of HTTP is both families'.
func (b bound) excludes(o bound) bool {
	x, xerr := netip.ParseAddrPort(b.address)
	y, yerr := netip.ParseAddrPort(o.address)
	if xerr != nil || yerr != nil || x.Port() != y.Port() || (b.protocol == "udp") != (o.protocol == "udp") {
		return false
	}
	both := func(n bound, at netip.AddrPort) bool { return n.protocol == "http" && at.Addr().IsUnspecified() }
	if x.Addr().Is4() != y.Addr().Is4() && !both(b, x) && !both(o, y) {
		return false
	}
	return x.Addr() == y.Addr() || x.Addr().IsUnspecified() || y.Addr().IsUnspecified()
}

// settingOf is how settings write an address.
func settingOf(b bound) string {
	return map[string]string{"udp": "listen.udp ", "tcp": "listen.ipfix_tcp ", "tls": "listen.ipfix_tls ", "http": "http.address "}[b.protocol] + b.address
}

// secured is the TLS configuration of a listener: each handshake takes the files as they are then, by the settings of then.
func (s *service) secured(files *certificates) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) {
			if now := s.certificates.Load(); now != nil {
				return now.latest(), nil
			}
			return files.latest(), nil // the listener is there before what it is made for is in force
		},
	}
}

func listenStream(ctx context.Context, name, address string, o receive.StreamOptions) (feed, error) {
	listener, err := receive.ListenStream(ctx, address, o)
	return streams{listener, name}, err
}

// readers is how many goroutines read a UDP address.
func readers(l config.Listen) int {
	if l.Readers > 0 {
		return l.Readers
	}
	return min(runtime.GOMAXPROCS(0), receive.MaxReaders)
}

// listener is an address that is listened on, with a pipeline for each of its readers.
type listener struct {
	feed      feed
	bound     bound
	settings  config.Listen // in force for the feed
	label     string        // in metrics
	pipelines []*pipeline
	series    series // what metrics show of the tables

	end     context.CancelFunc // ends the pipelines
	reading sync.WaitGroup     // of those that read
}

// newListeners makes listeners of feeds. Their pipelines are connected to outputs when there are any.
func (s *service) newListeners(cfg config.Config, p exporter.Policy, feeds []opened) []*listener {
	list := make([]*listener, 0, len(feeds))
	for _, f := range feeds {
		l := &listener{feed: f.feed, bound: f.bound, settings: cfg.Listen, label: label(f.feed)}
		for i := range f.readers() {
			name := l.label
			if f.readers() > 1 {
				name = fmt.Sprintf("%s, %d of %d", name, i+1, f.readers())
			}
			table := exporter.NewTable(limits(cfg.Exporters))
			table.Apply(p)
			one := &pipeline{
				feed: f.feed, reader: i, table: table, decoder: decode.New(table),
				beat: heartbeat.New("reader "+name, s.options.pace.reader), grace: s.options.pace.reader,
				logger: s.logger.With("listen", l.label), questions: make(chan question, questionsKept),
			}
			if s.sink != nil {
				s.connect(one, cfg)
			}
			l.pipelines = append(l.pipelines, one)
		}
		list = append(list, l)
	}
	return list
}

// pipelinesOf are those of listeners.
func pipelinesOf(listeners []*listener) []*pipeline {
	var all []*pipeline
	for _, l := range listeners {
		all = append(all, l.pipelines...)
	}
	return all
}

// tables are those of the readers.
func (l *listener) tables() []*exporter.Table {
	all := make([]*exporter.Table, len(l.pipelines))
	for i, p := range l.pipelines {
		all[i] = p.table
	}
	return all
}

// snapshot is what the tables say together.
func (l *listener) snapshot() exporter.Snapshot {
	all := make([]exporter.Snapshot, len(l.pipelines))
	for i, p := range l.pipelines {
		all[i] = p.table.Snapshot()
	}
	return exporter.Sum(all...)
}

// flows is how many records the readers decoded.
func (l *listener) flows() uint64 {
	var n uint64
	for _, p := range l.pipelines {
		n += p.flows.Load()
	}
	return n
}
