package output

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// KafkaConfig says how to reach Kafka.
type KafkaConfig struct {
	Brokers     []string // host:port of brokers to begin with
	Topic       string
	Compression string // none, gzip, snappy, lz4 or zstd

	TLS bool
	// PEM files. CAFile has certificates that sign the brokers'; empty is the system's. The others are what is shown to brokers that ask;
	// empty shows none.
	CAFile, ClientCertificateFile, ClientKeyFile string

	Mechanism string                 // plain, scram-sha-256 or scram-sha-512
	Username  string                 // empty: nothing is proven
	Password  func() (string, error) // reads the password; called for each connection

	ClientID string // what the brokers' logs call this client
	Queue    Queue
	Pool     *Pool
	// RetryFirst and RetryMost bound the time between tries; 0 is 250 ms and 30 s.
	RetryFirst, RetryMost time.Duration
	Logger                *slog.Logger

	askAfter time.Duration // for tests
}

// Kafka produces each document as one message, keyed by the exporter's address, so that what one exporter sends goes to one partition.
// Messages are acknowledged by all replicas in sync; the producer is idempotent, so that a request sent again does not store them twice.
type Kafka struct {
	*sender
	config KafkaConfig
	now    atomic.Pointer[connected]
	closed atomic.Int32 // of login

	greeted atomic.Bool // the brokers were asked, and had no complaint
	// Of the sender only.
	greets  int
	greetAt time.Time
}

// connected is a client and what belongs to it. It is replaced as a whole when it cannot go on.
type connected struct {
	*kgo.Client
	login *login // nil: no user
}

// NewKafka checks the configuration and starts the sender. It does not wait for brokers: whether they can be reached shows in Stats.
func NewKafka(c KafkaConfig) (*Kafka, error) {
	if c.askAfter == 0 {
		c.askAfter = askAfter
	}
	k := &Kafka{config: c, sender: newSender("kafka", c.Queue, c.Pool, c.Logger, backoff{c.RetryFirst, c.RetryMost})}
	if c.Username != "" {
		password, err := c.Password()
		if err != nil {
			return nil, err
		}
		if password == "" {
			return nil, errors.New("output.kafka.username needs output.kafka.password_file or the credential kafka-password")
		}
	}
	client, err := k.connect()
	if err != nil {
		return nil, err
	}
	k.now.Store(client)
	// One sender: flows stay in their order, and the client compresses and sends to several brokers at once by itself.
	k.start(1, k.deliver, k.greet)
	return k, nil
}

// connect makes a client, with the files as they are now.
func (k *Kafka) connect() (*connected, error) {
	c := k.config
	codec, ok := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}[c.Compression]
	if !ok {
		return nil, fmt.Errorf("unable to use output.kafka.compression: %q is not none, gzip, snappy, lz4 or zstd", c.Compression)
	}
	opts := []kgo.Opt{
		kgo.SeedBrokers(c.Brokers...), kgo.ClientID(c.ClientID), kgo.DefaultProduceTopic(c.Topic), kgo.ProducerBatchCompression(codec),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.RequiredAcks(kgo.AllISRAcks()),
		kgo.RetryBackoffFn(k.retry.delay), kgo.DialTimeout(dialTime), kgo.MetadataMinAge(min(k.retry.most, 2500*time.Millisecond)),
		kgo.MaxBufferedRecords(math.MaxInt), // the queue is the bound
		kgo.DisableClientMetrics(), kgo.WithHooks(produced{k.sender}),
	}
	if c.TLS {
		conf, err := clientTLS("output.kafka", c.CAFile, c.ClientCertificateFile, c.ClientKeyFile)
		if err != nil {
			return nil, err
		}
		opts = append(opts, kgo.DialTLSConfig(conf))
	}
	made := &connected{}
	if c.Username != "" {
		var err error
		if made.login, err = newLogin(c, &k.closed); err != nil {
			return nil, err
		}
		opts = append(opts, kgo.SASL(made.login))
	}
	var err error
	if made.Client, err = kgo.NewClient(opts...); err != nil {
		return nil, fmt.Errorf("unable to use output.kafka: %w", err)
	}
	return made, nil
}

// renew replaces the client. One that saw its topic deleted and made again, or that was refused, does not always find its way back.
func (k *Kafka) renew(w *worker) {
	w.beat.Beat(grace)
	fresh, err := k.connect()
	if err != nil { // a file that was fine at the start is not any more
		k.fail("settings", shorten(err.Error()))
		return
	}
	k.now.Swap(fresh).Close()
}

// Stats implements Sink.
func (k *Kafka) Stats() []Stats {
	all := k.sender.Stats()
	all[0].Unreached = !k.greeted.Load() && all[0].Sent == 0
	return all
}

// Close implements Sink.
func (k *Kafka) Close(ctx context.Context) error {
	err := k.sender.Close(ctx)
	k.now.Load().Close()
	return err
}

// Retire implements heritable.
func (k *Kafka) Retire(ctx context.Context, heir Sink) error {
	err := k.sender.Retire(ctx, heir)
	k.now.Load().Close()
	return err
}

// produced counts requests and the octets that were stored, as the client compressed them.
type produced struct{ *sender }

// OnBrokerWrite implements kgo.HookBrokerWrite.
func (p produced) OnBrokerWrite(_ kgo.BrokerMetadata, key int16, _ int, _, _ time.Duration, _ error) {
	const produce = 0
	if key == produce {
		p.requests.Add(1)
	}
}

// OnProduceBatchWritten implements kgo.HookProduceBatchWritten.
func (p produced) OnProduceBatchWritten(_ kgo.BrokerMetadata, _ string, _ int32, m kgo.ProduceBatchMetrics) {
	p.sentBytes.Add(uint64(m.CompressedBytes))
}
