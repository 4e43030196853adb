package output

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

const (
	// askAfter is how long nothing may be acknowledged before the brokers are asked what is wrong.
	askAfter = 3 * time.Second
	// askTime is how long they may take to say.
	askTime = 5 * time.Second
)

// greet asks the brokers once there is no work, so that a wrong address or password shows before the first flow arrives.
func (k *Kafka) greet(w *worker) {
	if k.greeted.Load() || time.Now().Before(k.greetAt) {
		return
	}
	began := time.Now()
	k.greets++
	k.greetAt = time.Now().Add(k.retry.delay(k.greets))
	if k.ask(w) {
		k.greeted.Store(true)
		k.recoveredBy(began)
	}
}

// ask finds out why nothing is acknowledged, and records it. It returns true when the brokers have no complaint.
func (k *Kafka) ask(w *worker) bool {
	w.beat.Beat(askTime + grace)
	ctx, cancel := context.WithTimeout(w.abort, askTime)
	defer cancel()
	client := k.now.Load()
	err := k.askAny(ctx, client.SeedBrokers())
	// Those that the seeds name are who messages go to. Their addresses may be wrong.
	for _, b := range client.DiscoveredBrokers() {
		if err == nil {
			err = k.askAny(ctx, []*kgo.Broker{b})
		}
	}
	if err != nil && w.abort.Err() == nil {
		k.fail(k.problemOf(err))
	}
	return err == nil
}

// askAny asks brokers about the topic, until one answers.
func (k *Kafka) askAny(ctx context.Context, brokers []*kgo.Broker) (err error) {
	req := kmsg.NewPtrMetadataRequest()
	topic := kmsg.NewMetadataRequestTopic()
	topic.Topic = &k.config.Topic
	req.Topics = append(req.Topics, topic)
	for _, b := range brokers {
		var res kmsg.Response
		if res, err = b.Request(ctx, req); err != nil {
			continue
		}
		if m, ok := res.(*kmsg.MetadataResponse); ok {
			for _, t := range m.Topics {
				if err = kerr.ErrorForCode(t.ErrorCode); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return err
}

// problemOf names why messages are not stored.
func (k *Kafka) problemOf(err error) (cause, text string) {
	var (
		secret  passwordError
		refusal *kerr.Error
		first   *kgo.ErrFirstReadEOF
		unknown x509.UnknownAuthorityError
		host    x509.HostnameError
		invalid x509.CertificateInvalidError
		record  tls.RecordHeaderError
	)
	closed := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	atLogin := k.now.Load().login.failed(closed)
	switch {
	case errors.As(err, &secret):
		return "unauthorized", shorten(secret.Error())
	case errors.Is(err, kerr.SaslAuthenticationFailed):
		return "unauthorized", "Kafka refuses the user: output.kafka.username or its password is wrong"
	case atLogin >= patienceAtLogin:
		return "unauthorized", fmt.Sprintf("Kafka closed the connection %d times while output.kafka.username logged in: the user or its password may be wrong", atLogin)
	case errors.Is(err, kerr.UnsupportedSaslMechanism):
		return "unauthorized", "Kafka refuses the user: it does not know " + k.config.Mechanism + " (output.kafka.mechanism)"
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		return "forbidden", "Kafka does not let this user write to topic " + k.config.Topic
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		return "forbidden", "Kafka does not let this user write: it needs IdempotentWrite on the cluster"
	case errors.Is(err, kerr.UnknownTopicOrPartition):
		return "topic_missing", "Kafka has no topic " + k.config.Topic
	case errors.Is(err, kerr.UnknownTopicID):
		return "topic_replaced", "topic " + k.config.Topic + " was deleted and created again"
	case errors.As(err, &refusal):
		return "broker", "Kafka does not take messages: " + refusal.Message
	case errors.As(err, &unknown):
		return "tls", "the broker's certificate is signed by an unknown authority: set output.kafka.ca_file"
	case errors.As(err, &host), errors.As(err, &invalid):
		return "tls", "the broker's certificate is not accepted: " + shorten(err.Error())
	case errors.As(err, &record):
		return "tls", "the broker does not speak TLS at this address: set output.kafka.tls to false, or another port"
	case strings.Contains(err.Error(), "remote error: tls:"):
		return "tls", "the broker refuses the connection: " + shorten(err.Error())
	case errors.As(err, &first):
		return "connection", "Kafka closes the connection: does output.kafka.tls fit, and does it ask for output.kafka.username?"
	case closed:
		return "connection", "Kafka away: it closed the connection"
	}
	return awayProblem("Kafka", err)
}
