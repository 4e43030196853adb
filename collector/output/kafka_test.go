package output

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/flowstack/terraform-provider-flowstack/collector/flow"
	"github.com/flowstack/terraform-provider-flowstack/collector/receive/certtest"
	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

func kafkaConfig(brokers ...string) KafkaConfig {
	pool := NewPool(1000, 4)
	return KafkaConfig{
		Brokers: brokers, Topic: "flows", Compression: "lz4", ClientID: "test",
		Queue: NewMemoryQueue(64<<20, pool), Pool: pool, Logger: slog.New(slog.DiscardHandler),
		RetryFirst: time.Millisecond, RetryMost: 20 * time.Millisecond, askAfter: 50 * time.Millisecond,
	}
}

func kafkaCluster(t *testing.T, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(1)}, opts...)...)
		switch {
		case err == nil:
			t.Cleanup(c.Close)
			return c
		case !errors.Is(err, syscall.EADDRINUSE) || time.Now().After(deadline): // a port of before may be somebody's for a moment
			t.Fatal(err)
		}
	}
}

func newTestKafka(t *testing.T, c KafkaConfig) *Kafka {
	t.Helper()
	k, err := NewKafka(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.cancel(); _ = k.Close(t.Context()) })
	return k
}

// keyed is document i of one of a few exporters.
func keyed(i int) (key, doc string) {
	key = fmt.Sprintf("192.0.2.%d", i%7)
	return key, fmt.Sprintf(`{"n":%d,"observer":{"ip":%q,"name":"x"},"source":{"ip":"10.0.0.1"}}`, i, key)
}

// give puts documents from to from+n.
func give(k *Kafka, from, n int) {
	b := NewBatcher(k, k.pool, 1000, time.Hour)
	for i := range n {
		_, doc := keyed(from + i)
		b.Commit(append(b.Begin(), doc...), time.Now())
	}
	b.Flush()
}

// arrived reads the topic until n messages came, and checks that they are the documents from to from+n, each once, with the key of its exporter.
func arrived(t *testing.T, from, n int, opts ...kgo.Opt) {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.ConsumeTopics("flows"))...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	type came struct {
		key   string
		times int
	}
	got, partition := map[string]came{}, map[string]int32{}
	for i := 0; i < n; {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		f := c.PollFetches(ctx)
		late := ctx.Err() != nil
		cancel()
		if late {
			t.Fatalf("%d messages came, want %d", i, n)
		}
		f.EachRecord(func(r *kgo.Record) {
			got[string(r.Value)] = came{string(r.Key), got[string(r.Value)].times + 1}
			if p, known := partition[string(r.Key)]; known && p != r.Partition {
				t.Errorf("%s is in two partitions", r.Key)
			}
			partition[string(r.Key)] = r.Partition
			i++
		})
	}
	for i := range n {
		key, doc := keyed(from + i)
		if got[doc] != (came{key, 1}) {
			t.Fatalf("%s: %+v", doc, got[doc])
		}
	}
	if len(got) != n {
		t.Errorf("%d different messages, want %d", len(got), n)
	}
}

func waitFor(t *testing.T, k Sink, what string, ok func(Stats) bool) Stats {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		s := k.Stats()[0]
		if ok(s) {
			return s
		}
		if time.Now().After(deadline) {
			t.Fatalf("ended while waiting for %s: %+v", what, s)
		}
		time.Sleep(time.Millisecond)
	}
}

func works(n int) func(Stats) bool {
	return func(s Stats) bool { return int(s.Sent) == n && s.settled() && s.Problem == (Problem{}) }
}

func troubled(s Stats) bool { return s.Problem.Cause != "" }

func port(t *testing.T, address string) int {
	t.Helper()
	_, p, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(p)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestKafkaProducesEachDocumentOnce(t *testing.T) {
	for _, compression := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			cluster := kafkaCluster(t, kfake.NumBrokers(3), kfake.SeedTopics(5, "flows"))
			c := kafkaConfig(cluster.ListenAddrs()...)
			c.Compression = compression
			k := newTestKafka(t, c)
			give(k, 0, 2000)
			if err := k.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			arrived(t, 0, 2000, kgo.SeedBrokers(c.Brokers...))
			s := k.Stats()[0]
			if !works(2000)(s) || s.lost() != 0 || s.Requests == 0 || s.SentBytes == 0 || s.Name != "kafka" {
				t.Errorf("stats %+v", s)
			}
			if plain := uint64(2000 * 70); compression != "none" && s.SentBytes > plain/2 {
				t.Errorf("%d octets sent", s.SentBytes)
			}
		})
	}
}

func TestKafkaWaitsForATopic(t *testing.T) {
	cluster := kafkaCluster(t)
	k := newTestKafka(t, kafkaConfig(cluster.ListenAddrs()...))
	give(k, 0, 100)
	if s := waitFor(t, k, "a problem", troubled); s.Problem.Text != "Kafka has no topic flows" || s.Held.Documents != 100 || s.lost() > 0 {
		t.Errorf("stats %+v", s)
	}
	if err := cluster.CreateTopic("flows", 2, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, k, "the topic", works(100))
	arrived(t, 0, 100, kgo.SeedBrokers(cluster.ListenAddrs()...))
}

func TestKafkaTopicDeletedAndMadeAgain(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(3, "flows"))
	k := newTestKafka(t, kafkaConfig(cluster.ListenAddrs()...))
	sent := 0
	for _, partitions := range []int32{3, 1, 5} {
		give(k, sent, 100)
		sent += 100
		waitFor(t, k, "the topic of before", works(sent))
		if err := errors.Join(cluster.DeleteTopic("flows"), cluster.CreateTopic("flows", partitions, nil)); err != nil {
			t.Fatal(err)
		}
		give(k, sent, 100)
		sent += 100
		waitFor(t, k, "the new topic", works(sent))
		arrived(t, sent-100, 100, kgo.SeedBrokers(cluster.ListenAddrs()...))
	}
	if s := k.Stats()[0]; s.lost() > 0 || s.Retried == 0 {
		t.Errorf("stats %+v", s)
	}
}

func TestKafkaTopicIsAwayForAWhile(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(3, "flows"))
	k := newTestKafka(t, kafkaConfig(cluster.ListenAddrs()...))
	give(k, 0, 100)
	waitFor(t, k, "the topic of before", works(100))
	if err := cluster.DeleteTopic("flows"); err != nil {
		t.Fatal(err)
	}
	give(k, 100, 100)
	waitFor(t, k, "a problem", func(s Stats) bool { return s.Problem.Cause == "topic_missing" })
	if err := cluster.CreateTopic("flows", 3, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, k, "the new topic", works(200))
	arrived(t, 100, 100, kgo.SeedBrokers(cluster.ListenAddrs()...))
}

func TestKafkaBrokerStoppedAndStarted(t *testing.T) {
	dir := t.TempDir()
	start := func(ports ...int) *kfake.Cluster {
		return kafkaCluster(t, kfake.SeedTopics(2, "flows"), kfake.DataDir(dir), kfake.Ports(ports...))
	}
	cluster := start()
	c := kafkaConfig(cluster.ListenAddrs()...)
	k := newTestKafka(t, c)
	sent := 0
	for range 2 {
		give(k, sent, 500)
		sent += 500
		waitFor(t, k, "the broker", works(sent))
		cluster.Close()
		give(k, sent, 500)
		sent += 500
		waitFor(t, k, "the problem", func(s Stats) bool {
			return s.Problem.Cause == "connection" && s.Problem.Text == "Kafka away: connection refused"
		})
		cluster = start(port(t, c.Brokers[0]))
		waitFor(t, k, "the broker that is back", works(sent))
	}
	if s := k.Stats()[0]; s.lost() > 0 {
		t.Errorf("stats %+v", s)
	}
	arrived(t, 0, sent, kgo.SeedBrokers(c.Brokers...))
}

// TestKafkaAnotherCluster: all that a client knows of its producer and topic is void.
func TestKafkaAnotherCluster(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(2, "flows"))
	c := kafkaConfig(cluster.ListenAddrs()...)
	k := newTestKafka(t, c)
	give(k, 0, 500)
	waitFor(t, k, "the broker", works(500))
	cluster.Close()
	give(k, 500, 500)
	waitFor(t, k, "a problem", troubled)
	kafkaCluster(t, kfake.SeedTopics(2, "flows"), kfake.Ports(port(t, c.Brokers[0])))
	waitFor(t, k, "the other cluster", works(1000))
	arrived(t, 500, 500, kgo.SeedBrokers(c.Brokers...))
}

func TestKafkaRejectsOnlyWhatIsTooLarge(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(1, "flows"), kfake.BrokerConfigs(map[string]string{"message.max.bytes": "4000"}))
	c := kafkaConfig(cluster.ListenAddrs()...)
	log := &logBuffer{}
	c.Compression, c.Logger = "none", slog.New(slog.NewTextHandler(log, nil))
	k := newTestKafka(t, c)
	b := c.Pool.Get()
	add := func(doc string) {
		b.data = append(append(b.data, `{"create":{"_id":"abc"}}`+"\n"...), doc+"\n"...)
		b.docs++
	}
	for i := range 300 {
		_, doc := keyed(i)
		add(doc)
		if i%100 == 50 {
			add(`{"pad":"` + strings.Repeat("x", 5000*i) + `"}`) // more than the topic takes; the last are more than the client sends
		}
	}
	k.Put(b)
	if err := k.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	arrived(t, 0, 300, kgo.SeedBrokers(c.Brokers...))
	if s := k.Stats()[0]; s.Sent != 300 || s.Dropped[CauseRejected] != 3 || s.Rejected["message_too_large"] != 3 || s.lost() != 3 || !s.settled() {
		t.Errorf("stats %+v", s)
	}
	if !strings.Contains(log.String(), "flows are rejected") || !strings.Contains(log.String(), "kind=message_too_large") {
		t.Errorf("log %s", log)
	}
}

// password is one that can be changed.
type password struct {
	mu sync.Mutex
	is string
}

func (p *password) get() (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.is == "unreadable" {
		return "", errors.New("unable to read output.kafka.password_file: no such file")
	}
	return p.is, nil
}

func (p *password) set(s string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.is = s
}

// TestKafkaWrongPasswordIsPutRight: in both ways in which brokers refuse, by an answer and by closing the connection.
func TestKafkaWrongPasswordIsPutRight(t *testing.T) {
	for _, mechanism := range []string{"plain", "scram-sha-256", "scram-sha-512"} {
		for _, says := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, broker says so: %v", mechanism, says), func(t *testing.T) {
				p := &password{is: "wrong"}
				cluster := kafkaCluster(t, kfake.SeedTopics(1, "flows"), kfake.EnableSASL(), kfake.Superuser(strings.ToUpper(mechanism), "flows", "right"),
					kfake.Superuser("PLAIN", "reader", "reads"))
				if says {
					cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(req kmsg.Request) (kmsg.Response, error, bool) {
						cluster.KeepControl()
						if now, _ := p.get(); now == "right" {
							return nil, nil, false
						}
						res := req.ResponseKind().(*kmsg.SASLAuthenticateResponse) //nolint:forcetypeassert // its own
						res.ErrorCode = kerr.SaslAuthenticationFailed.Code
						return res, nil, true
					})
				}
				c := kafkaConfig(cluster.ListenAddrs()...)
				c.Username, c.Mechanism, c.Password = "flows", mechanism, p.get
				k := newTestKafka(t, c)
				want := "while output.kafka.username logged in: the user or its password may be wrong"
				if says {
					want = "Kafka refuses the user: output.kafka.username or its password is wrong"
				}
				refused := func(s Stats) bool {
					return s.Problem.Cause == "unauthorized" && strings.HasSuffix(s.Problem.Text, want)
				}
				waitFor(t, k, "the refusal, before there are flows", refused)
				give(k, 0, 100)
				time.Sleep(200 * time.Millisecond) // for what is tried meanwhile
				if s := waitFor(t, k, "the refusal", refused); s.Held.Documents != 100 || s.lost() > 0 {
					t.Errorf("stats %+v", s)
				}
				p.set("unreadable")
				waitFor(t, k, "the file", func(s Stats) bool { return strings.Contains(s.Problem.Text, "output.kafka.password_file") })
				p.set("right")
				waitFor(t, k, "all stored", works(100))
			})
		}
	}
}

// TestKafkaIsRestartedDuringLogin: a connection that is closed then now and again says nothing about the password.
func TestKafkaIsRestartedDuringLogin(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(1, "flows"), kfake.EnableSASL(), kfake.Superuser("PLAIN", "flows", "right"))
	var closed atomic.Int32
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if closed.Add(1) < patienceAtLogin {
			return nil, errors.New("the broker ends"), true
		}
		return nil, nil, false
	})
	c := kafkaConfig(cluster.ListenAddrs()...)
	c.Username, c.Mechanism, c.Password = "flows", "plain", (&password{is: "right"}).get
	k := newTestKafka(t, c)
	give(k, 0, 100)
	s := waitFor(t, k, "all stored", works(100))
	if closed.Load() < patienceAtLogin || s.Errors["unauthorized"] != 0 {
		t.Errorf("%d attempts, stats %+v", closed.Load(), s)
	}
}

func TestClosedDuringLogin(t *testing.T) {
	l := &login{closed: new(atomic.Int32)}
	if n := l.failed(true); n != 0 {
		t.Errorf("%d without an attempt", n)
	}
	l.open.Store(1)
	for want := range 3 {
		if n := l.failed(true); n != want+1 {
			t.Errorf("%d, want %d", n, want+1)
		}
	}
	l.failed(false) // the broker is away
	if n := l.failed(true); n != 1 {
		t.Errorf("%d after another error, want 1", n)
	}
	var none *login
	if n := none.failed(true); n != 0 {
		t.Errorf("%d without a user", n)
	}
}

// TestKafkaMessagesHaveIDs: consumers can tell a message that comes twice.
func TestKafkaMessagesHaveIDs(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(1, "flows"))
	c := kafkaConfig(cluster.ListenAddrs()...)
	c.Pool.GiveIDs(true)
	k := newTestKafka(t, c)
	give(k, 0, 100)
	waitFor(t, k, "all stored", works(100))
	reader, err := kgo.NewClient(kgo.SeedBrokers(c.Brokers...), kgo.ConsumeTopics("flows"))
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	ids := map[string]bool{}
	for n := 0; n < 100 && ctx.Err() == nil; {
		reader.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
			if len(r.Headers) != 1 || r.Headers[0].Key != "id" || len(r.Headers[0].Value) != 20 {
				t.Fatalf("headers %+v", r.Headers)
			}
			ids[string(r.Headers[0].Value)] = true
			n++
		})
	}
	if len(ids) != 100 {
		t.Errorf("%d different ids", len(ids))
	}
	// The ids are those that Elasticsearch gets, and without them there are no headers.
	b := c.Pool.Get()
	b.data, b.docs = append(append(b.appendAction(nil), `{"a":1}`...), '\n'), 1
	if m := messages(b); len(m) != 1 || string(m[0].value) != `{"a":1}` || !bytes.Contains(b.data, append([]byte(actionBefore), m[0].headers[0].Value...)) {
		t.Errorf("%+v", m)
	}
	b.data = []byte(action + "{}\n")
	if m := messages(b); len(m) != 1 || string(m[0].value) != "{}" || m[0].headers != nil {
		t.Errorf("%+v", m)
	}
}

func TestKafkaPasswordAtTheStart(t *testing.T) {
	c := kafkaConfig("127.0.0.1:1")
	c.Username, c.Mechanism = "flows", "plain"
	for is, want := range map[string]string{"": "output.kafka.password_file", "unreadable": "unable to read output.kafka.password_file"} {
		p := &password{is: is}
		c.Password = p.get
		if _, err := NewKafka(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v", is, err)
		}
	}
}

func TestKafkaOverTLS(t *testing.T) {
	authority := certtest.New(t)
	server, client := authority.Server(t, "broker"), authority.Client(t, "collector")
	pair, err := tls.X509KeyPair(server.Certificate, server.Key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cluster := kafkaCluster(t, kfake.SeedTopics(2, "flows"), kfake.TLS(&tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: authority.Pool(),
	}))
	right := kafkaConfig(cluster.ListenAddrs()...)
	right.TLS, right.CAFile = true, file("ca.crt", authority.PEM)
	right.ClientCertificateFile, right.ClientKeyFile = file("client.crt", client.Certificate), file("client.key", client.Key)
	k := newTestKafka(t, right)
	give(k, 0, 200)
	if err := k.Close(t.Context()); err != nil || !works(200)(k.Stats()[0]) {
		t.Errorf("error %v, stats %+v", err, k.Stats()[0])
	}
	own, err := tls.X509KeyPair(client.Certificate, client.Key)
	if err != nil {
		t.Fatal(err)
	}
	arrived(t, 0, 200, kgo.SeedBrokers(right.Brokers...),
		kgo.DialTLSConfig(&tls.Config{MinVersion: tls.VersionTLS12, RootCAs: authority.Pool(), Certificates: []tls.Certificate{own}}))

	for name, tt := range map[string]struct {
		change      func(*KafkaConfig)
		cause, text string
	}{
		"another authority": {func(c *KafkaConfig) { c.CAFile = file("other.crt", certtest.New(t).PEM) }, "tls", "output.kafka.ca_file"},
		"no certificate":    {func(c *KafkaConfig) { c.ClientCertificateFile, c.ClientKeyFile = "", "" }, "tls", "certificate required"},
		"no TLS":            {func(c *KafkaConfig) { c.TLS = false }, "connection", "output.kafka.tls"},
	} {
		t.Run(name, func(t *testing.T) {
			c := right
			c.Queue = NewMemoryQueue(1<<20, c.Pool)
			tt.change(&c)
			k := newTestKafka(t, c)
			give(k, 0, 10)
			s := waitFor(t, k, "a problem", troubled)
			if s.Problem.Cause != tt.cause || !strings.Contains(s.Problem.Text, tt.text) || s.lost() > 0 {
				t.Errorf("stats %+v", s)
			}
		})
	}
	for want, change := range map[string]func(*KafkaConfig){
		"unable to read output.kafka.ca_file":                func(c *KafkaConfig) { c.CAFile = dir + "/x" },
		"no PEM certificate in it":                           func(c *KafkaConfig) { c.CAFile = c.ClientKeyFile },
		"unable to use output.kafka.client_certificate_file": func(c *KafkaConfig) { c.ClientKeyFile = c.CAFile },
	} {
		c := right
		change(&c)
		if _, err := NewKafka(c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestKafkaClosesTheConnection: as it does when it is spoken to in TLS and does not expect that.
func TestKafkaClosesTheConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed below
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // of no use any more
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 4096))
			_ = c.Close()
		}
	}()
	for _, speaksTLS := range []bool{false, true} {
		c := kafkaConfig(listener.Addr().String())
		c.TLS = speaksTLS
		k := newTestKafka(t, c)
		if s := waitFor(t, k, "a problem", troubled); s.Problem.Cause != "connection" || !strings.Contains(s.Problem.Text, "output.kafka.tls") {
			t.Errorf("problem %+v", s.Problem)
		}
	}
}

// TestKafkaBound: beyond the bound new flows are dropped and counted, one for one, and the others are stored.
func TestKafkaBound(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(2, "flows"))
	c := kafkaConfig(cluster.ListenAddrs()...)
	cluster.Close()
	c.Queue = NewMemoryQueue(20_000, c.Pool)
	k := newTestKafka(t, c)
	give(k, 0, 1000)
	s := waitFor(t, k, "a problem", troubled)
	full := int(s.Dropped[CauseBufferFull])
	if full == 0 || full+s.Held.Documents != 1000 || s.Held.Bytes > 20_000 || s.Held.Bytes < 18_000 || s.lost() != full {
		t.Fatalf("stats %+v", s)
	}
	kafkaCluster(t, kfake.SeedTopics(2, "flows"), kfake.Ports(port(t, c.Brokers[0])))
	waitFor(t, k, "the broker", works(1000-full))
	arrived(t, 0, 1000-full, kgo.SeedBrokers(c.Brokers...))
	if s := k.Stats()[0]; s.lost() != full {
		t.Errorf("stats %+v", s)
	}
}

// TestKafkaCloseFlushes: what waits is sent as long as there is time, also when the broker comes back only then.
func TestKafkaCloseFlushes(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(2, "flows"))
	c := kafkaConfig(cluster.ListenAddrs()...)
	cluster.Close()
	k := newTestKafka(t, c)
	give(k, 0, 1000)
	waitFor(t, k, "a problem", troubled)
	closed := make(chan error, 1)
	go func() { closed <- k.Close(t.Context()) }()
	time.Sleep(100 * time.Millisecond)
	kafkaCluster(t, kfake.SeedTopics(2, "flows"), kfake.Ports(port(t, c.Brokers[0])))
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	if s := k.Stats()[0]; s.Sent != 1000 || s.lost() > 0 || !s.settled() {
		t.Errorf("stats %+v", s)
	}
	arrived(t, 0, 1000, kgo.SeedBrokers(c.Brokers...))
}

func TestKafkaStopIsBounded(t *testing.T) {
	k := newTestKafka(t, kafkaConfig("127.0.0.1:1"))
	give(k, 0, 1000)
	waitFor(t, k, "a problem", troubled)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := k.Close(ctx)
	if s := k.Stats()[0]; err == nil || s.Dropped[CauseShutdown] != 1000 || s.Sent != 0 || !s.settled() {
		t.Errorf("error %v, stats %+v", err, s)
	}
}

// TestKafkaStall: brokers that have no complaint and acknowledge nothing are met by a new client.
func TestKafkaStall(t *testing.T) {
	cluster := kafkaCluster(t, kfake.SeedTopics(1, "flows"))
	var mu sync.Mutex
	stalled := true
	cluster.ControlKey(int16(kmsg.InitProducerID), func(req kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		mu.Lock()
		defer mu.Unlock()
		if !stalled {
			return nil, nil, false
		}
		res := req.ResponseKind().(*kmsg.InitProducerIDResponse) //nolint:forcetypeassert // its own
		res.ErrorCode = kerr.CoordinatorLoadInProgress.Code
		return res, nil, true
	})
	c := kafkaConfig(cluster.ListenAddrs()...)
	c.askAfter = 5 * time.Millisecond
	k := newTestKafka(t, c)
	give(k, 0, 100)
	waitFor(t, k, "the problem", func(s Stats) bool { return s.Problem.Cause == "timeout" })
	waitFor(t, k, "a new client", func(s Stats) bool { return s.Retried > 0 })
	mu.Lock()
	stalled = false
	mu.Unlock()
	waitFor(t, k, "all stored", works(100))
	arrived(t, 0, 100, kgo.SeedBrokers(c.Brokers...))
}

func TestKafkaSettings(t *testing.T) {
	c := kafkaConfig("127.0.0.1:1")
	c.Compression = "brotli"
	if _, err := NewKafka(c); err == nil || !strings.Contains(err.Error(), "output.kafka.compression") {
		t.Errorf("error %v", err)
	}
	c = kafkaConfig("127.0.0.1:1")
	c.Username, c.Mechanism, c.Password = "flows", "gssapi", (&password{is: "x"}).get
	if _, err := NewKafka(c); err == nil || !strings.Contains(err.Error(), "output.kafka.mechanism") {
		t.Errorf("error %v", err)
	}
}

// TestExporterOfADocument: whatever fields are chosen, the key is the exporter's address or none.
func TestExporterOfADocument(t *testing.T) {
	record := &flow.Record{Exporter: netip.MustParseAddr("2001:db8::1")}
	record.Source.Addr, record.Destination.Addr = netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	for _, tt := range []struct {
		selection schema.Selection
		want      string
	}{
		{schema.Selection{Profile: "full"}, "2001:db8::1"},
		{schema.Selection{Profile: "lean"}, "2001:db8::1"},
		{schema.Selection{Profile: "full", Without: []string{"observer.ip"}}, ""},
	} {
		e, err := schema.NewEncoder(tt.selection)
		if err != nil {
			t.Fatal(err)
		}
		doc := e.Append(nil, record)
		if got := string(exporterOf(doc)); got != tt.want {
			t.Errorf("%+v: %q in %s", tt.selection, got, doc)
		}
	}
	for _, doc := range []string{`{"source":{"ip":"10.0.0.1"}}`, `{"observer":{"name":"x"},"source":{"ip":"10.0.0.1"}}`, `{"observer":{"ip":"10`, `{}`} {
		if got := exporterOf([]byte(doc)); got != nil {
			t.Errorf("%s: %q", doc, got)
		}
	}
}
