package output

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// patienceAtLogin is how often in a row brokers may close the connection during the login before the password is suspected: one that is
// restarted does so too.
const patienceAtLogin = 3

// login proves to brokers who this is, with the password as it is at the time. It knows how many attempts in a row were not accepted: a broker
// may answer a wrong password by closing the connection, which looks like a broken network.
type login struct {
	sasl.Mechanism
	open   atomic.Int32  // attempts begun since one was accepted
	closed *atomic.Int32 // errors in a row because of a connection that was closed meanwhile; it outlives the client
}

// passwordError is why there was no attempt.
type passwordError struct{ error }

func newLogin(c KafkaConfig, closed *atomic.Int32) (*login, error) {
	password := func() (string, error) {
		p, err := c.Password()
		if err == nil && p == "" {
			err = errors.New("the password of output.kafka.username is empty")
		}
		if err != nil {
			return "", passwordError{err}
		}
		return p, nil
	}
	salted := func(context.Context) (scram.Auth, error) {
		p, err := password()
		return scram.Auth{User: c.Username, Pass: p}, err
	}
	l := &login{closed: closed}
	switch c.Mechanism {
	case "plain":
		l.Mechanism = plain.Plain(func(context.Context) (plain.Auth, error) {
			p, err := password()
			return plain.Auth{User: c.Username, Pass: p}, err
		})
	case "scram-sha-256":
		l.Mechanism = scram.Sha256(salted)
	case "scram-sha-512":
		l.Mechanism = scram.Sha512(salted)
	default:
		return nil, fmt.Errorf("unable to use output.kafka.mechanism: %q is not plain, scram-sha-256 or scram-sha-512", c.Mechanism)
	}
	return l, nil
}

// Authenticate implements sasl.Mechanism.
func (l *login) Authenticate(ctx context.Context, host string) (sasl.Session, []byte, error) {
	s, first, err := l.Mechanism.Authenticate(ctx, host)
	if err != nil {
		return nil, nil, err
	}
	l.open.Add(1)
	return &attempt{s, l}, first, nil
}

// failed takes an error that is not a refusal in so many words: whether a broker closed the connection, or there was none. It returns how often
// in a row that was a connection that was closed during the login.
func (l *login) failed(closed bool) int {
	switch {
	case l == nil:
		return 0
	case !closed:
		l.closed.Store(0)
		return 0
	case l.open.Load() == 0:
		return 0
	}
	return int(l.closed.Add(1))
}

// attempt is a login to one broker.
type attempt struct {
	sasl.Session
	login *login
}

// Challenge implements sasl.Session.
func (a *attempt) Challenge(answer []byte) (done bool, next []byte, err error) {
	done, next, err = a.Session.Challenge(answer)
	if done && err == nil {
		a.login.open.Store(0)
		a.login.closed.Store(0)
	}
	return done, next, err
}
