// Package connection is how resources reach hosts and Elasticsearch: what the provider block says, checked, and the connections made of it.
package connection

import (
	"errors"
	"fmt"
	"reflect"
	"sync"

	"github.com/flowstack/terraform-provider-flowstack/appliance/ssh"
)

// Pool holds one client a host for the life of the process. The zero value is ready to use.
type Pool struct {
	mu      sync.Mutex
	clients map[string]pooled
}

type pooled struct {
	config ssh.Config
	client *ssh.Client
}

// client returns the client of a host: the one it has as long as its configuration is the same, else a new one.
func (p *Pool) client(name string, config ssh.Config) (*ssh.Client, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	had, ok := p.clients[name]
	if ok && reflect.DeepEqual(had.config, config) {
		return had.client, nil
	}
	client, err := ssh.New(config)
	if err != nil {
		return nil, err
	}
	if ok {
		_ = had.client.Close() // nobody uses it any more: its host is configured anew
	}
	if p.clients == nil {
		p.clients = map[string]pooled{}
	}
	p.clients[name] = pooled{config, client}
	return client, nil
}

// Close ends every connection.
func (p *Pool) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	var errs []error
	for name, c := range p.clients {
		if err := c.client.Close(); err != nil {
			errs = append(errs, fmt.Errorf("host %s: %w", name, err))
		}
	}
	p.clients = nil
	return errors.Join(errs...)
}
