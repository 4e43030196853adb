package service

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
	"github.com/flowstack/terraform-provider-flowstack/collector/output"
	"github.com/flowstack/terraform-provider-flowstack/collector/output/spool"
)

// sinks builds the outputs that are configured.
func sinks(ctx context.Context, cfg config.Config, o Options, pool *output.Pool) (_ output.Sink, err error) {
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
	if len(list) == 0 {
		o.Logger.Warn("no output is configured: flows are counted and dropped; set output.elasticsearch.addresses, output.ndjson.path or output.kafka.brokers")
		return output.NewDiscard(pool), nil
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
