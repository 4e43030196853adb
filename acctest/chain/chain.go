// Package chain puts the whole product together on one machine, from real parts: a host, an Elasticsearch beside it, OpenTofu with the provider
// and the complete example, an exporter. The end-to-end tests and the demo share it.
package chain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// Options say what to build the chain from.
type Options struct {
	Repository string // root of the checkout: examples/, bin/
	Name       string // of the host
	// VM lets the collector's host be a virtual machine, which has a kernel and a clock of its own and takes packets on UDP port 2055.
	// Elasticsearch is on its loopback there as well: connections are passed on.
	VM  bool
	Log acctest.Logf
}

// Chain is the running whole. What was not started is nil.
type Chain struct {
	Host          *acctest.Host
	Elasticsearch *acctest.Elasticsearch
	Tofu          *acctest.Tofu

	beside *acctest.Host               // where Elasticsearch runs, where the host is a virtual machine
	serve  func() error                // ends the passing on of connections
	remove func(context.Context) error // of the workspace
}

// Start starts a host with an Elasticsearch on its loopback, and prepares a workspace with the complete example. Nothing is applied yet.
// On an error everything is stopped again.
func Start(ctx context.Context, o Options) (_ *Chain, err error) {
	c := &Chain{}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.Stop(context.WithoutCancel(ctx)))
		}
	}()
	container, err := acctest.StartHost(ctx, acctest.HostOptions{Name: o.Name, Log: o.Log})
	if err != nil {
		return nil, err
	}
	if o.VM {
		c.beside = container
	} else {
		c.Host = container
	}
	if c.Elasticsearch, err = acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: container, Log: o.Log}); err != nil {
		return nil, err
	}
	if o.VM {
		if c.Host, err = acctest.StartVM(ctx, acctest.VMOptions{UDP: []int{2055}, Log: o.Log}); err != nil {
			return nil, err
		}
		address := strings.TrimPrefix(c.Elasticsearch.URL, "https://")
		c.serve, err = c.Host.Serve(ctx, address, func(ctx context.Context) (net.Conn, error) { return container.DialContext(ctx, "tcp", address) })
		if err != nil {
			return nil, err
		}
	}
	c.Tofu, c.remove, err = Workspace(ctx, o.Repository, filepath.Join(o.Repository, "examples", "complete"), Variables(c.Host, c.Elasticsearch))
	return c, err
}

// Stop takes everything down again, whatever state it is in. The host's state ends with the host; Terraform's is deleted.
func (c *Chain) Stop(ctx context.Context) error {
	var errs []error
	if c.serve != nil {
		errs = append(errs, c.serve())
	}
	if c.Elasticsearch != nil {
		errs = append(errs, c.Elasticsearch.Close(ctx))
	}
	if c.Host != nil {
		errs = append(errs, c.Host.Stop(ctx))
	}
	if c.beside != nil {
		errs = append(errs, c.beside.Stop(ctx))
	}
	if c.remove != nil {
		errs = append(errs, c.remove(ctx))
	}
	return errors.Join(errs...)
}

// Workspace copies the .tf files of a folder to a temporary one, so that state never lands in the checkout, and makes OpenTofu ready
// to run there with the provider that make build built. Remove deletes it.
func Workspace(ctx context.Context, repository, folder string, variables map[string]string) (_ *acctest.Tofu, remove func(context.Context) error, err error) {
	dir, remove, err := acctest.TemporaryDir(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, remove(context.WithoutCancel(ctx)))
		}
	}()
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err != nil {
		return nil, nil, err
	}
	if len(files) == 0 {
		return nil, nil, fmt.Errorf("there is no .tf file in %s", folder)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(file)), content, 0o600); err != nil {
			return nil, nil, err
		}
	}
	env := make(map[string]string, len(variables))
	for name, value := range variables {
		env["TF_VAR_"+name] = value
	}
	binary, err := acctest.FindTofu(ctx, repository)
	if err != nil {
		return nil, nil, err
	}
	tofu, err := acctest.NewTofu(binary, filepath.Join(repository, "bin", "terraform-provider-flowstack"), dir, env)
	return tofu, remove, err
}

// Variables are the values for the variables of the complete example.
func Variables(h *acctest.Host, e *acctest.Elasticsearch) map[string]string {
	keys, err := json.Marshal([]string{h.HostKey})
	if err != nil {
		panic(err) // strings always have JSON
	}
	v := map[string]string{
		"wait_for_flows": "0s",
		"address":        h.Address.String(),
		"port":           strconv.Itoa(h.Port),
		"host_keys":      string(keys),
		"private_key":    string(h.PrivateKey),
		"tune_kernel":    strconv.FormatBool(h.Netns == ""), // the kernel of a container host is the machine's
	}
	if e != nil {
		v["elasticsearch_endpoint"] = e.URL
		v["elasticsearch_username"] = e.Username
		v["elasticsearch_password"] = e.Password
		v["elasticsearch_ca_certificate"] = string(e.CA)
		v["collector_username"] = e.WriterUser
		v["collector_password"] = e.WriterPassword
	}
	return v
}
