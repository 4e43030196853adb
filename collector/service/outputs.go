package service

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
	"github.com/flowstack/terraform-provider-flowstack/collector/recent"
)

// sinks builds the outputs that are configured.
func (s *state) sinks(ctx context.Context, cfg config.Config, o Options, pool *output.Pool) (_ output.Sink, err error) {
	var list []output.Sink
	defer func() {
		if err != nil {
			for _, open := range list {
				err = errors.Join(err, closeEmpty(ctx, open))
			}
		}
	}()
	if len(cfg.Output.Elasticsearch.Addresses) > 0 {
		sink, err := elasticsearchSink(cfg, o, pool) //nolint:contextcheck // its senders outlive the start: Close ends them
		if err != nil {
			return nil, err
		}
		list = append(list, sink)
	}
	if nd := cfg.Output.NDJSON; nd.Path != "" {
		sink, err := output.NewNDJSON(output.NDJSONConfig{
			Path: nd.Path, MaxBytes: int64(nd.MaxBytes), Keep: nd.Keep,
			Queue: output.NewMemoryQueue(int(cfg.Output.Elasticsearch.BufferBytes), pool), Pool: pool, Logger: o.Logger,
		})
		if err != nil {
			return nil, err
		}
		list = append(list, sink)
	}
	if len(cfg.Output.Kafka.Brokers) > 0 {
		sink, err := kafkaSink(cfg.Output.Kafka, o, pool)
		if err != nil {
			return nil, err
		}
		list = append(list, sink)
	}
	reason := "no output is configured"
	if cfg.Output.RecentOn() {
		sink, kept, missing, err := recentSink(cfg, o, pool)
		if err != nil {
			return nil, err
		}
		if sink != nil {
			list, s.recent = append(list, sink), kept
		} else {
			reason += ", and recent flows cannot be kept: " + missing
		}
	}
	if len(list) == 0 {
		o.Logger.Warn(reason + ": flows are counted and dropped; set output.elasticsearch.addresses, output.ndjson.path, output.kafka.brokers or output.recent.directory")
		return output.NewDiscard(pool, reason), nil
	}
	return output.NewTee(pool, list[0], list[1:]...), nil
}

func elasticsearchSink(cfg config.Config, o Options, pool *output.Pool) (_ *output.Elasticsearch, err error) {
	es := cfg.Output.Elasticsearch
	c := output.ElasticsearchConfig{
		Connection: Connection(es, o.Version, o.Logger), Index: es.Index, Gzip: es.Gzip, Workers: es.Workers,
		Queue: output.NewMemoryQueue(int(es.BufferBytes), pool), Pool: pool,
	}
	if es.Setup {
		c.Setup = es.Target
	}
	// What is in the state directory because nothing else is set is better than nothing: without it flows are collected all the same.
	state := makeStateDirectory(cfg, o)
	c.DeadLetters = output.DeadLetterConfig{Path: es.DeadLetter.Path, MaxBytes: int64(es.DeadLetter.MaxBytes)}
	if c.DeadLetters.Path == "" && state != "" {
		c.DeadLetters.Path, c.DeadLetters.Optional = filepath.Join(state, "dead-letter.ndjson"), true
	}
	if c.Spool, err = openSpool(es.Spool, state, o); err != nil {
		return nil, err
	}
	sink, err := output.NewElasticsearch(c)
	if err != nil && c.Spool != nil {
		err = errors.Join(err, c.Spool.Close())
	}
	return sink, err
}

func kafkaSink(k config.Kafka, o Options, pool *output.Pool) (*output.Kafka, error) {
	if k.Username != "" && k.Mechanism == "plain" && !k.TLS {
		o.Logger.Warn("the password of output.kafka.username goes over the network in clear text: set output.kafka.tls, or output.kafka.mechanism to scram-sha-512")
	}
	return output.NewKafka(output.KafkaConfig{
		Brokers: k.Brokers, Topic: k.Topic, Compression: k.Compression, TLS: k.TLS, CAFile: k.CAFile,
		ClientCertificateFile: k.ClientCertificateFile, ClientKeyFile: k.ClientKeyFile, Mechanism: k.Mechanism, Username: k.Username,
		Password: func() (string, error) {
			return secret("output.kafka.password_file", k.PasswordFile, kafkaPasswordCredential)
		},
		ClientID: "flowcollector", Queue: output.NewMemoryQueue(int(k.BufferBytes), pool), Pool: pool, Logger: o.Logger,
	})
}

// recentSink opens the store of recent flows. Where nobody asked for it by name, what keeps it from being there is no error: missing says it.
func recentSink(cfg config.Config, o Options, pool *output.Pool) (_ *output.Recent, _ *recent.Store, missing string, err error) {
	r := cfg.Output.Recent
	must := r.Directory != "" || r.Enabled == "true"
	directory := RecentDirectory(cfg)
	if directory == "" {
		missing = "there is no state directory (set state.directory or output.recent.directory)"
		if must {
			return nil, nil, "", errors.New("unable to keep recent flows: " + missing)
		}
		return nil, nil, missing, nil
	}
	w, err := recent.NewWriter(recent.Options{Directory: directory, MaxBytes: int64(r.MaxBytes), Keep: time.Duration(r.Keep), Logger: o.Logger.With("output", "recent")})
	if err != nil {
		if must {
			return nil, nil, "", err
		}
		return nil, nil, err.Error(), nil
	}
	return output.NewRecent(output.RecentConfig{
		Writer: w, Queue: output.NewMemoryQueue(int(cfg.Output.Elasticsearch.BufferBytes), pool), Pool: pool, Logger: o.Logger,
	}), w.Store(), "", nil
}

// RecentDirectory is where recent flows are kept, by the settings; empty where there is no place for them.
func RecentDirectory(cfg config.Config) string {
	if d := cfg.Output.Recent.Directory; d != "" {
		return d
	}
	if d := stateDirectory(cfg.State.Directory); d != "" {
		return filepath.Join(d, "recent")
	}
	return ""
}

// openSpool opens the spool that is set, or else one in the state directory. It returns nil when there is none.
func openSpool(c config.Spool, state string, o Options) (*spool.Spool, error) {
	directory := c.Directory
	if directory == "" && state != "" {
		directory = filepath.Join(state, "spool")
	}
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
