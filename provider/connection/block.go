package connection

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
)

// Server is Elasticsearch or Kibana, as the provider block says where it is.
type Server interface {
	On() *Host // it is reached from; nil: not known before the apply
	Known() bool
	FirstWarning() bool
}

// served is what Elasticsearch and Kibana have in common.
type served struct {
	Host   *Host // nil: not known before the apply
	warned *atomic.Bool
}

// On implements Server.
func (s served) On() *Host { return s.Host }

// Known tells whether the configuration, and that of the host, is known.
func (s served) Known() bool { return s.Host != nil && s.Host.Known() }

// FirstWarning tells whether nobody has warned yet that the server could not be asked.
func (s served) FirstWarning() bool { return s.warned.CompareAndSwap(false, true) }

// block is an attribute of the provider that says where a server is.
type block struct {
	name   string // of the attribute: "kibana"
	server string // "Kibana"
}

// blockModel is what is in it.
type blockModel interface {
	// host is the name of the host the server is reached from; empty: the only one.
	host() string
	// check finds attributes that contradict each other; for an error it names the one to blame.
	check() (attribute string, err error)
}

// read fills the model, unless something in the block is unknown or it is not known which host is meant: then there is no host.
func (b block) read(ctx context.Context, hosts *Hosts, value types.Object, model blockModel) (served, diag.Diagnostics) {
	var diags diag.Diagnostics
	at := path.Root(b.name)
	known, err := fullyKnown(ctx, value)
	if err != nil {
		diags.AddAttributeError(at, "Unable to read the "+b.server+" configuration", err.Error())
		return served{}, diags
	}
	if !known {
		return served{warned: new(atomic.Bool)}, nil
	}
	if diags.Append(value.As(ctx, model, basetypes.ObjectAsOptions{})...); diags.HasError() {
		return served{}, diags
	}
	if attribute, err := model.check(); err != nil {
		return served{}, b.wrong(attribute, err)
	}
	name := model.host()
	if name == "" {
		if name, err = hosts.Default(); err != nil {
			diags.AddAttributeError(at.AtName("host"), "Unable to choose the host "+b.server+" is reached from", Explain(err))
			return served{}, diags
		}
	}
	if name == "" {
		return served{warned: &hosts.warned}, nil
	}
	host, err := hosts.Lookup(name)
	if err != nil {
		return served{}, b.wrong("host", err)
	}
	return served{host, new(atomic.Bool)}, nil
}

// refused puts the error of a client that could not be made at the attribute that is to blame.
func (b block) refused(err error) diag.Diagnostics {
	var mistake *client.FieldError
	if errors.As(err, &mistake) && mistake.Field == "Trust" {
		return b.wrong("ca_certificate", err)
	}
	return b.wrong("endpoint", err)
}

func (b block) wrong(attribute string, err error) diag.Diagnostics {
	return diag.Diagnostics{diag.NewAttributeErrorDiagnostic(path.Root(b.name).AtName(attribute), "Unable to use the "+b.server+" configuration", Explain(err))}
}
