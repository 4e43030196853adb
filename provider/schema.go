package provider

import (
	"context"
	"maps"

	"github.com/hashicorp/terraform-plugin-framework-validators/int32validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/provider"
	"github.com/hashicorp/terraform-plugin-framework/provider/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/flowstack/terraform-provider-flowstack/appliance/elasticsearch/client"
	"github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
)

const providerDescription = "Flow visibility as code: brings Linux hosts (Debian 12 and 13, Ubuntu 22.04 and 24.04) to working flow analytics with Elasticsearch, over one SSH " +
	"connection for each host.\n\nNothing in the provider block is stored. Everything in it may be unknown until the apply: a host can be made in the same configuration. " +
	"A host that is not known yet, or does not answer, does not stop a plan; there is one warning, and the plan takes the state for true."

// Schema implements provider.Provider.
func (*flowstack) Schema(_ context.Context, _ provider.SchemaRequest, resp *provider.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: providerDescription,
		Attributes: map[string]schema.Attribute{
			"hosts": schema.MapNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Hosts by a name of your choice; `host` of the resources refers to it.",
				NestedObject:        schema.NestedAttributeObject{Attributes: hostAttributes()},
			},
			"elasticsearch": schema.SingleNestedAttribute{
				Optional: true,
				MarkdownDescription: "Elasticsearch 7.17 and how to reach it. It is dialled through the SSH connection of a host, so its port need not be open to where Terraform runs. " +
					"Nothing in it need refer to a resource. Several clusters: one provider block each, with an `alias`.",
				Attributes: elasticsearchAttributes(),
			},
			"kibana": schema.SingleNestedAttribute{
				Optional:            true,
				MarkdownDescription: "Kibana 7.17 and how to reach it, for what is in it. It is dialled through the SSH connection of a host, so its port need not be open to where Terraform runs.",
				Attributes:          kibanaAttributes(),
			},
		},
	}
}

func kibanaAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"host": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The host it is reached from, by its name in `hosts`. May be left out when there is only one.",
		},
		"endpoint": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "Its URL as seen from that host, with `server.basePath` if it has one. Default `" + kibana.DefaultEndpoint + "`; a Kibana " +
				"without TLS is `http://127.0.0.1:5601`.",
		},
		"username": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "User of Elasticsearch that may change what is in Kibana, such as one with the role `kibana_admin`. Not `kibana_system`, which is Kibana's own.",
		},
		"password": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Password of the user.",
		},
		"previous_password": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "Another password of the user, tried when Kibana refuses `password`: the former one while it is being changed, as in `elasticsearch`. So a plan can " +
				"read what is in Kibana before the apply that changes the password.",
		},
		"ca_certificate": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "PEM certificates that sign Kibana's. Without it, those of the machine that runs Terraform are trusted, and those in `ca_file`.",
		},
		"ca_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "A file on the host with PEM certificates that are trusted, too. It is read when a certificate cannot be verified otherwise, so it may be " +
				"made in the same apply. Default `" + kibana.AuthorityFile + "`.",
		},
	}
}

func elasticsearchAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"host": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "The host it is reached from, by its name in `hosts`. May be left out when there is only one.",
		},
		"endpoint": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Its URL as seen from that host. Default `" + client.DefaultEndpoint + "`.",
		},
		"username": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "User to ask as. Each resource says which cluster privilege it needs; `elastic` has all. Without it, and without `api_key`, nobody in particular asks, " +
				"as a server without security wants it.",
		},
		"password": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Password of the user.",
		},
		"previous_password": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "Another password of the user, tried when Elasticsearch refuses `password`: the former one while it is being changed, or the `bootstrap.password` " +
				"of the keystore for `elastic` of a cluster that is new. So one apply can change the password of the very user it asks as.",
		},
		"api_key": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "API key to ask with instead of a user, as `id:key` or in the encoded form.",
		},
		"ca_certificate": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "PEM certificates that sign Elasticsearch's; no others are trusted then. Without it, those of the machine that runs Terraform are trusted, and those in " +
				"`ca_file`.",
		},
		"ca_file": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "File on the host with the PEM certificates that sign Elasticsearch's. It is read, over SSH, when a certificate cannot be verified otherwise, so it may be made " +
				"in the same apply. Default `" + client.AuthorityFile + "`.",
		},
	}
}

func hostAttributes() map[string]schema.Attribute {
	attributes := hopAttributes()
	maps.Copy(attributes, map[string]schema.Attribute{
		"sudo_password": schema.StringAttribute{
			Optional:  true,
			Sensitive: true,
			MarkdownDescription: "What sudo asks for when `user` is not root. It is written to sudo's standard input. " +
				"Without it, sudo has to work without a password.",
		},
		"connect_timeout": schema.StringAttribute{
			Optional: true,
			MarkdownDescription: "How long an apply waits for the host to answer, such as `90s` or `5m`: it may still be starting. Default `2m`. One attempt takes at most " +
				"30 seconds, and a plan makes only one.",
		},
		"bastions": schema.ListNestedAttribute{
			Optional:            true,
			MarkdownDescription: "Hosts to go through, in this order; the last one connects to the host. Each proves its own identity and asks for yours.",
			NestedObject:        schema.NestedAttributeObject{Attributes: hopAttributes()},
		},
	})
	return attributes
}

// hopAttributes are what a host and a bastion have in common. None is Required in the schema's sense: the framework would miss it in an
// object that is unknown as a whole. Using the host does the check.
func hopAttributes() map[string]schema.Attribute {
	return map[string]schema.Attribute{
		"address": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Required. Name or IP address.",
			Validators:          []validator.String{stringvalidator.LengthAtLeast(1)},
		},
		"port": schema.Int32Attribute{
			Optional:            true,
			MarkdownDescription: "TCP port of SSH. Default 22.",
			Validators:          []validator.Int32{int32validator.Between(1, 65535)},
		},
		"user": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "User to log in as. Default `root`; any other needs sudo.",
		},
		"host_keys": schema.ListAttribute{
			Optional:    true,
			ElementType: types.StringType,
			MarkdownDescription: "Keys that the host may prove its identity with, as in its `/etc/ssh/ssh_host_ed25519_key.pub`: `ssh-ed25519 AAAA…`. " +
				"Without any trusted key nothing is sent to the host, and the error shows the key it offered, ready to paste.",
		},
		"known_hosts": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "Content of a `known_hosts` file to trust, such as `file(\"~/.ssh/known_hosts\")`.",
		},
		"host_certificate_authorities": schema.ListAttribute{
			Optional:            true,
			ElementType:         types.StringType,
			MarkdownDescription: "Keys whose host certificates are trusted, in the form of `host_keys`.",
		},
		"insecure_ignore_host_key": schema.BoolAttribute{
			Optional: true,
			MarkdownDescription: "Trust whatever answers. Whoever is on the way can then read and change everything, secrets included: " +
				"for disposable test machines only.",
		},
		"private_key": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Private key to log in with, in PEM or OpenSSH form.",
		},
		"private_key_passphrase": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Passphrase of `private_key`.",
		},
		"certificate": schema.StringAttribute{
			Optional:            true,
			MarkdownDescription: "OpenSSH user certificate for `private_key`.",
		},
		"agent": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Also try the keys of the SSH agent at `SSH_AUTH_SOCK`.",
		},
		"password": schema.StringAttribute{
			Optional:            true,
			Sensitive:           true,
			MarkdownDescription: "Password to log in with.",
		},
	}
}
