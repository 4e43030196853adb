package ssh

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"

	gossh "golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// identity is how we prove who we are to one hop.
type identity struct {
	signer      gossh.Signer // nil: no private key
	agentSocket string       // empty: no agent
	password    string
}

func newIdentity(c Config, prefix string) (*identity, error) {
	id := &identity{password: c.Password}
	if c.PrivateKey != "" {
		var err error
		if id.signer, err = parsePrivateKey(c, prefix); err != nil {
			return nil, err
		}
	} else if c.Certificate != "" {
		return nil, &ConfigError{prefix + "Certificate", "needs the private key it belongs to"}
	}
	if c.Agent {
		id.agentSocket = c.AgentSocket
		if id.agentSocket == "" {
			id.agentSocket = os.Getenv("SSH_AUTH_SOCK")
		}
		if id.agentSocket == "" {
			return nil, &ConfigError{prefix + "Agent", "there is no agent: SSH_AUTH_SOCK is not set"}
		}
	}
	if id.signer == nil && id.agentSocket == "" && id.password == "" {
		return nil, &ConfigError{prefix + "PrivateKey", "give a private key, a password, or use the agent"}
	}
	return id, nil
}

func parsePrivateKey(c Config, prefix string) (gossh.Signer, error) {
	var signer gossh.Signer
	var err error
	if c.Passphrase != "" {
		signer, err = gossh.ParsePrivateKeyWithPassphrase([]byte(c.PrivateKey), []byte(c.Passphrase))
	} else {
		signer, err = gossh.ParsePrivateKey([]byte(c.PrivateKey))
	}
	var missing *gossh.PassphraseMissingError
	switch {
	case errors.As(err, &missing):
		return nil, &ConfigError{prefix + "PrivateKey", "the key is encrypted: give its passphrase, or use the agent"}
	case err != nil:
		return nil, &ConfigError{prefix + "PrivateKey", strings.TrimPrefix(err.Error(), "ssh: ")}
	case c.Certificate == "":
		return signer, nil
	}
	key, err := parseKey(prefix+"Certificate", c.Certificate)
	if err != nil {
		return nil, err
	}
	cert, ok := key.(*gossh.Certificate)
	if !ok {
		return nil, &ConfigError{prefix + "Certificate", "is a plain key, not a certificate"}
	}
	if !bytes.Equal(cert.Key.Marshal(), signer.PublicKey().Marshal()) {
		return nil, &ConfigError{prefix + "Certificate", "does not belong to the private key"}
	}
	return gossh.NewCertSigner(cert, signer)
}

// attempt is one login: its methods, and what was tried for the error.
type attempt struct {
	id    *identity
	tried []string
	agent net.Conn
}

func (a *attempt) close() {
	if a.agent != nil {
		_ = a.agent.Close() // nothing was written that could be lost
	}
}

func (a *attempt) methods(ctx context.Context) []gossh.AuthMethod {
	var methods []gossh.AuthMethod
	if a.id.signer != nil || a.id.agentSocket != "" {
		// One method for all keys: the library tries each method name once.
		methods = append(methods, gossh.PublicKeysCallback(func() ([]gossh.Signer, error) { return a.signers(ctx) }))
	}
	if a.id.password != "" {
		methods = append(methods,
			gossh.PasswordCallback(func() (string, error) {
				a.tried = append(a.tried, "password")
				return a.id.password, nil
			}),
			gossh.KeyboardInteractive(func(_, _ string, questions []string, _ []bool) ([]string, error) {
				a.tried = append(a.tried, "keyboard-interactive")
				answers := make([]string, len(questions))
				for i := range answers {
					answers[i] = a.id.password
				}
				return answers, nil
			}))
	}
	return methods
}

func (a *attempt) signers(ctx context.Context) ([]gossh.Signer, error) {
	var signers []gossh.Signer
	if s := a.id.signer; s != nil {
		signers = append(signers, s)
		kind := "private key "
		if _, ok := s.PublicKey().(*gossh.Certificate); ok {
			kind = "certificate "
		}
		a.tried = append(a.tried, kind+s.PublicKey().Type()+" "+gossh.FingerprintSHA256(s.PublicKey()))
	}
	if a.id.agentSocket == "" {
		return signers, nil
	}
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", a.id.agentSocket)
	if err != nil {
		a.tried = append(a.tried, "agent ("+err.Error()+")")
		return signers, nil //nolint:nilerr // the other methods are still worth trying; the error is in the report
	}
	a.agent = conn
	keys, err := agent.NewClient(conn).Signers()
	if err != nil {
		a.tried = append(a.tried, "agent ("+err.Error()+")")
		return signers, nil //nolint:nilerr // as above
	}
	a.tried = append(a.tried, fmt.Sprintf("agent (%d keys)", len(keys)))
	return append(signers, keys...), nil
}
