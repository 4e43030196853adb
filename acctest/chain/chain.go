// Package chain puts the whole product together on one machine, from real parts: a host, an Elasticsearch beside it, OpenTofu with the provider
// and the complete example, an exporter. The end-to-end tests and the demo share it.
package chain

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"github.com/flowstack/terraform-provider-flowstack/acctest"
)

// Options say what to build the chain from.
type Options struct {
	Repository string // root of the checkout: examples/, bin/
	Name       string // of the host
	Log        acctest.Logf
}

// Chain is the running whole. What was not started is nil.
type Chain struct {
	Host          *acctest.Host
	Elasticsearch *acctest.Elasticsearch
	Tofu          *acctest.Tofu

	workspace string
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
	if c.Host, err = acctest.StartHost(ctx, acctest.HostOptions{Name: o.Name, Log: o.Log}); err != nil {
		return nil, err
	}
	if c.Elasticsearch, err = acctest.StartElasticsearch(ctx, acctest.ElasticsearchOptions{Host: c.Host, Log: o.Log}); err != nil {
		return nil, err
	}
	if c.Tofu, c.workspace, err = Workspace(o.Repository, filepath.Join(o.Repository, "examples", "complete"), Variables(c.Host, c.Elasticsearch)); err != nil {
		return nil, err
	}
	return c, nil
}

// Stop takes everything down again, whatever state it is in. The host's state ends with the host; Terraform's is deleted.
func (c *Chain) Stop(ctx context.Context) error {
	var errs []error
	if c.Elasticsearch != nil {
		errs = append(errs, c.Elasticsearch.Close(ctx))
	}
	if c.Host != nil {
		errs = append(errs, c.Host.Stop(ctx))
	}
	if c.workspace != "" {
		errs = append(errs, os.RemoveAll(c.workspace))
	}
	return errors.Join(errs...)
}

// Workspace copies the .tf files of a folder to a temporary one, so that state never lands in the checkout, and makes OpenTofu ready
// to run there with the provider that make build built.
func Workspace(repository, folder string, variables map[string]string) (tofu *acctest.Tofu, workspace string, err error) {
	if workspace, err = os.MkdirTemp("", "flowstack-workspace-"); err != nil {
		return nil, "", err
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.tf"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("there is no .tf file in %s", folder)
	}
	for _, file := range files {
		var content []byte
		if content, err = os.ReadFile(file); err == nil {
			err = os.WriteFile(filepath.Join(workspace, filepath.Base(file)), content, 0o600)
		}
		if err != nil {
			break
		}
	}
	bin := filepath.Join(repository, "bin")
	if err == nil {
		env := make(map[string]string, len(variables))
		for name, value := range variables {
			env["TF_VAR_"+name] = value
		}
		tofu, err = acctest.NewTofu(filepath.Join(bin, "tofu"), filepath.Join(bin, "terraform-provider-flowstack"), workspace, env)
	}
	if err != nil {
		return nil, "", errors.Join(err, os.RemoveAll(workspace))
	}
	return tofu, workspace, nil
}

// Variables are the values for the variables of the complete example.
func Variables(h *acctest.Host, e *acctest.Elasticsearch) map[string]string {
	keys, err := json.Marshal([]string{h.HostKey})
	if err != nil {
		panic(err) // strings always have JSON
	}
	v := map[string]string{
		"address":     h.Address.String(),
		"port":        strconv.Itoa(h.Port),
		"host_keys":   string(keys),
		"private_key": string(h.PrivateKey),
		"tune_kernel": "false", // the kernel of a container host is the machine's
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
