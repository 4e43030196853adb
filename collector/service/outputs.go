package service

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

// An outputKind is one of the outputs that may be configured.
type outputKind struct {
	name string
	on   func(config.Config) bool
	// settings are all that its sink is made from: where they are the same, the sink stays.
	settings func(config.Config) any
	// open ends early, with an error, when ctx ends.
	open func(s *service, ctx context.Context, cfg config.Config) (output.Sink, error)
}

// outputKinds are all of them, in the order in which they are shown.
var outputKinds = []outputKind{
	{
		"elasticsearch",
		func(c config.Config) bool { return len(c.Output.Elasticsearch.Addresses) > 0 },
		func(c config.Config) any {
			es := c.Output.Elasticsearch
			es.BatchBytes, es.FlushInterval, es.DocumentIDs = 0, 0, false // those are the pipelines'
			es.Health = config.Health{}                                   // it has a sink of its own
			return struct {
				config.Elasticsearch
				config.State
			}{es, c.State}
		},
		(*service).openElasticsearch,
	},
	{
		"ndjson",
		func(c config.Config) bool { return c.Output.NDJSON.Path != "" },
		func(c config.Config) any {
			return struct {
				config.NDJSON
				buffer config.ByteSize
			}{c.Output.NDJSON, c.Output.Elasticsearch.BufferBytes}
		},
		(*service).openNDJSON,
	},
	{
		"kafka",
		func(c config.Config) bool { return len(c.Output.Kafka.Brokers) > 0 },
		func(c config.Config) any { return c.Output.Kafka },
		(*service).openKafka,
	},
	{
		recentName,
		func(c config.Config) bool { return c.Output.RecentOn() },
		func(c config.Config) any {
			return struct {
				directory string
				buffer    config.ByteSize
			}{RecentDirectory(c), c.Output.Elasticsearch.BufferBytes}
		},
		(*service).openRecent,
	},
}

// none is the name of the output where there is none.
const none = "none"

// openOutputs opens the outputs that are configured, or none of them.
func (s *service) openOutputs(ctx context.Context, cfg config.Config) error {
	s.noRecent = ""
	var list []output.Named
	for _, kind := range outputKinds {
		if !kind.on(cfg) {
			continue
		}
		sink, err := kind.open(s, ctx, cfg)
		if err != nil {
			for _, open := range list {
				err = errors.Join(err, closeEmpty(ctx, open.Sink))
			}
			return err
		}
		if sink != nil {
			list = append(list, output.Named{Name: kind.name, Sink: sink})
		}
	}
	s.sink = output.NewOutputs(s.pool, s.orNone(list)...)
	return nil
}

// orNone adds what counts flows where nobody takes them.
func (s *service) orNone(list []output.Named) []output.Named {
	if len(list) > 0 {
		return list
	}
	reason := "no output is configured"
	if s.noRecent != "" {
		reason += ", and recent flows cannot be kept: " + s.noRecent
	}
	s.logger.Warn(reason + ": flows are counted and dropped; set output.elasticsearch.addresses, output.ndjson.path, output.kafka.brokers or output.recent.directory")
	return []output.Named{{Name: none, Sink: output.NewDiscard(s.pool, reason)}}
}

// prepareOutputs opens the outputs that are new, or whose settings changed. Those of before go on meanwhile.
func (s *service) prepareOutputs(ctx context.Context, cfg config.Config, made *parts) error {
	s.noRecent = ""
	var errs []error
	for _, kind := range outputKinds {
		if !kind.on(cfg) {
			continue
		}
		sink := s.sink.Sink(kind.name)
		if sink == nil || !equal(kind.settings(s.config), kind.settings(cfg)) || s.renewed(kind.name, cfg) {
			var err error
			if sink, err = kind.open(s, ctx, cfg); err != nil {
				errs = append(errs, err)
				continue
			}
			if sink == nil {
				continue
			}
			made.fresh = append(made.fresh, output.Named{Name: kind.name, Sink: sink})
		}
		made.outputs = append(made.outputs, output.Named{Name: kind.name, Sink: sink})
		switch sink := sink.(type) {
		case *output.Elasticsearch:
			if c := cfg.Output.Elasticsearch.Spool; sink.Spool() != nil {
				directory := spoolDirectory(c, stateDirectory(cfg.State.Directory))
				made.settle = append(made.settle, func() { sink.Spool().Change(directory, int64(c.MaxBytes), c.Sync) })
			}
		case *output.Recent:
			c := cfg.Output.Recent
			made.settle = append(made.settle, func() { sink.Writer().Change(int64(c.MaxBytes), time.Duration(c.Keep)) })
		}
	}
	if len(errs) == 0 && ctx.Err() != nil {
		errs = append(errs, context.Cause(ctx))
	}
	if len(errs) > 0 {
		s.withdraw(made) //nolint:contextcheck // it has its own time
		return errors.Join(errs...)
	}
	if len(made.outputs) == 0 && s.sink.Sink(none) != nil {
		made.outputs = []output.Named{{Name: none, Sink: s.sink.Sink(none)}}
		return nil
	}
	made.outputs = s.orNone(made.outputs)
	return nil
}

// withdraw ends the outputs that were made for settings that do not come into force.
func (s *service) withdraw(made *parts) {
	for _, fresh := range made.fresh {
		s.sink.Withdraw(fresh)
	}
}

// renewed tells whether an output is to be opened anew though its settings are the same: Kafka's client reads its certificates once.
func (s *service) renewed(name string, cfg config.Config) bool {
	k := cfg.Output.Kafka
	return name == "kafka" && k.CAFile+k.ClientCertificateFile+k.ClientKeyFile != ""
}

func (s *service) openNDJSON(_ context.Context, cfg config.Config) (output.Sink, error) {
	nd := cfg.Output.NDJSON
	return asSink(output.NewNDJSON(output.NDJSONConfig{
		Path: nd.Path, MaxBytes: int64(nd.MaxBytes), Keep: nd.Keep,
		Queue: output.NewMemoryQueue(int(cfg.Output.Elasticsearch.BufferBytes), s.pool), Pool: s.pool, Logger: s.logger,
		Patience: s.options.pace.write,
	}))
}

// asSink makes an interface of a sink, and nil of none.
func asSink[S output.Sink](sink S, err error) (output.Sink, error) {
	if err != nil {
		return nil, err
	}
	return sink, nil
}

func equal(a, b any) bool { return reflect.DeepEqual(a, b) }

func (s *service) openElasticsearch(ctx context.Context, cfg config.Config) (_ output.Sink, err error) {
	o, pool := s.options, s.pool
	es := cfg.Output.Elasticsearch
	c := output.ElasticsearchConfig{
		Connection: Connection(es, o.Version, o.Logger), Index: es.Index, Gzip: es.Gzip, Workers: es.Workers,
		Queue: output.NewMemoryQueue(int(es.BufferBytes), pool), Pool: pool,
	}
	if es.Setup {
		c.Setup = es.Target
	}
	c.Retention = output.RetentionConfig{MaxBytes: int64(es.Retention.MaxBytes), Secrets: func() (output.Secrets, error) { return retentionSecrets(es) }}
	// What is in the state directory because nothing else is set is better than nothing: without it flows are collected all the same.
	state := makeStateDirectory(cfg, o)
	c.DeadLetters = output.DeadLetterConfig{Path: es.DeadLetter.Path, MaxBytes: int64(es.DeadLetter.MaxBytes)}
	if c.DeadLetters.Path == "" && state != "" {
		c.DeadLetters.Path, c.DeadLetters.Optional = filepath.Join(state, "dead-letter.ndjson"), true
	}
	shared := s.spoolOf(es.Spool, state)
	if c.Spool = shared; shared == nil {
		if s.sink != nil {
			if err := s.sink.WaitFor(ctx, "elasticsearch", s.options.DrainTime+stopGrace); err != nil { // one of before may still have the directory
				return nil, err
			}
		}
		if c.Spool, err = openSpool(es.Spool, state, o); err != nil {
			return nil, err
		}
	}
	sink, err := output.NewElasticsearch(c) //nolint:contextcheck // what an output begins outlives the reload
	if err != nil && c.Spool != nil && shared == nil {
		err = errors.Join(err, c.Spool.Close())
	}
	return asSink(sink, err)
}

// spoolOf returns the spool of the output of before, if the next has the same, also where its directory was moved and the settings follow it.
func (s *service) spoolOf(c config.Spool, state string) *spool.Spool {
	if s.sink == nil || c.MaxBytes == 0 {
		return nil
	}
	before, ok := s.sink.Sink("elasticsearch").(*output.Elasticsearch)
	if !ok || before.Spool() == nil || !before.Spool().Uses(spoolDirectory(c, state)) {
		return nil
	}
	return before.Spool()
}

// spoolDirectory is the one that is set, or else one in the state directory, or none.
func spoolDirectory(c config.Spool, state string) string {
	if c.Directory == "" && state != "" {
		return filepath.Join(state, "spool")
	}
	return c.Directory
}

func (s *service) openKafka(_ context.Context, cfg config.Config) (output.Sink, error) {
	k, o, pool := cfg.Output.Kafka, s.options, s.pool
	if k.Username != "" && k.Mechanism == "plain" && !k.TLS {
		o.Logger.Warn("the password of output.kafka.username goes over the network in clear text: set output.kafka.tls, or output.kafka.mechanism to scram-sha-512")
	}
	return asSink(output.NewKafka(output.KafkaConfig{
		Brokers: k.Brokers, Topic: k.Topic, Compression: k.Compression, TLS: k.TLS, CAFile: k.CAFile,
		ClientCertificateFile: k.ClientCertificateFile, ClientKeyFile: k.ClientKeyFile, Mechanism: k.Mechanism, Username: k.Username,
		Password: func() (string, error) {
			return secret("output.kafka.password_file", k.PasswordFile, kafkaPasswordCredential)
		},
		ClientID: "flowcollector", Queue: output.NewMemoryQueue(int(k.BufferBytes), pool), Pool: pool, Logger: o.Logger,
	}))
}

// openSpool opens the spool that is set, or else one in the state directory. It returns nil when there is none.
func openSpool(c config.Spool, state string, o Options) (*spool.Spool, error) {
	directory := spoolDirectory(c, state)
	if directory == "" || c.MaxBytes == 0 {
		return nil, nil // documented: there is none.
	}
	kept, err := spool.Open(spool.Options{Directory: directory, MaxBytes: int64(c.MaxBytes), Sync: c.Sync, Logger: o.Logger})
	if err != nil && c.Directory == "" {
		o.Logger.Error("flows wait in memory only", "error", err)
		return nil, nil // documented: there is none.
	}
	return kept, err
}

// makeStateDirectory returns the state directory; empty when there is none that can be used.
func makeStateDirectory(cfg config.Config, o Options) string {
	directory := stateDirectory(cfg.State.Directory)
	if directory == "" {
		return ""
	}
	if err := os.MkdirAll(directory, 0o700); err != nil {
		o.Logger.Error("state.directory cannot be used: flows wait in memory only, and those that are refused are not kept", "error", err)
		return ""
	}
	return directory
}

// Connection is how to reach Elasticsearch, by the settings of the output.
func Connection(es config.Elasticsearch, version string, logger *slog.Logger) output.Connection {
	return output.Connection{
		Addresses: es.Addresses, Secrets: func() (output.Secrets, error) { return secrets(es) }, CAFile: es.CAFile,
		ClientCertificateFile: es.ClientCertificateFile, ClientKeyFile: es.ClientKeyFile, UserAgent: "flowcollector/" + version, Logger: logger,
	}
}
