package kibana

import (
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/stringdefault"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	kbn "github.com/flowstack/terraform-provider-flowstack/appliance/kibana"
	"github.com/flowstack/terraform-provider-flowstack/provider/hostresource"
	"github.com/flowstack/terraform-provider-flowstack/provider/secret"
)

const description = "Kibana 7.17 on a host: Elastic's package at one version and held there, `/etc/kibana/kibana.yml`, the keystore, and the service `kibana.service`, enabled " +
	"and running with all of them. An apply ends when Kibana says that it is available; if it does not come to that, the error has the reason from its log.\n\n" +
	"The keys that Kibana encrypts sessions, saved objects and reports with are made on the host, once, and stay in its keystore: nobody has to think of them, and no apply changes " +
	"them. Nothing is sent to Elastic: telemetry and the news feed are off unless `settings` turn them on. The files of `tls` and the authority are read at the start, so a " +
	"renewed certificate restarts Kibana once: in the same apply, where `triggers` has what the certificate's resource knows of it. The private key of an authority has no place on this host.\n\n" +
	"Destroying it purges the package with its settings and keystore; dashboards are in Elasticsearch and stay, but what is encrypted in them (alerts' credentials) is lost with the keys."

var settingsAttribute = &schema.MapAttribute{
	Optional:    true,
	ElementType: types.StringType,
	MarkdownDescription: "Settings of kibana.yml by dotted name, such as `\"server.host\" = \"0.0.0.0\"`. They are checked in the plan against those of Kibana 7.17: an unknown one is an " +
		"error with the nearest name, a deprecated one a warning with what to use. Lists are written `\"a, b\"`, what has more structure as JSON. Secrets belong into `keystore_wo`.",
}

var (
	repositoryType = map[string]attr.Type{"uris": types.ListType{ElemType: types.StringType}, "key": types.StringType, "managed": types.BoolType}
	tlsType        = map[string]attr.Type{"certificate": types.StringType, "key": types.StringType}
)

var attributes = map[string]schema.Attribute{
	"package_version": schema.StringAttribute{
		Optional: true,
		Computed: true,
		Default:  stringdefault.StaticString(kbn.DefaultVersion),
		MarkdownDescription: "The version of the package. It is held, so that nothing but this resource upgrades it; it has to be Elasticsearch's, or an older one of the same minor. " +
			"Default `" + kbn.DefaultVersion + "`.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"repository": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Where the package comes from. Default: Elastic's repository, signed by Elastic's key.",
		Attributes: map[string]schema.Attribute{
			"uris": schema.ListAttribute{
				Optional:            true,
				ElementType:         types.StringType,
				MarkdownDescription: "Mirrors of Elastic's repository `https://artifacts.elastic.co/packages/7.x/apt`, with the suite `stable` and the component `main`.",
			},
			"key": schema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "The armored key that signs it instead of Elastic's.",
			},
			"managed": schema.BoolAttribute{
				Optional:            true,
				MarkdownDescription: "`false`: the host has a repository with the package already, as by `flowstack_apt_repository`. Default `true`.",
			},
		},
	},
	"public_base_url": schema.StringAttribute{
		Optional:            true,
		MarkdownDescription: "The URL that people reach Kibana at, such as `https://kibana.example:5601`: links in alerts and reports begin with it. No slash in the end.",
	},
	"elasticsearch_hosts": schema.ListAttribute{
		Optional:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "URLs of Elasticsearch's nodes, all of one cluster. Default: Kibana's own, `http://localhost:9200`, where no secured Elasticsearch answers.",
	},
	"elasticsearch_ca_file": schema.StringAttribute{
		Optional: true,
		MarkdownDescription: "A file on the host with the certificates (not the key) of the authority that signs Elasticsearch's. Names and addresses are verified, too, unless `settings` say otherwise. " +
			"Kibana's user has to be able to read it.",
	},
	"elasticsearch_password_wo": schema.StringAttribute{
		Optional:  true,
		WriteOnly: true,
		Sensitive: true,
		MarkdownDescription: "The password of Kibana's own user, `kibana_system`. Write-only: it is neither in the state nor in the plan. A changed one is noticed by a salted hash in private " +
			"state, gets into the keystore, and restarts Kibana once. No version has to be counted up; for passwords that are new in each run there is `elasticsearch_password_wo_version`.",
		Validators: []validator.String{stringvalidator.LengthAtLeast(1)},
	},
	"elasticsearch_password_wo_version": secret.VersionAttribute(passwordAttribute,
		"A password that somebody else changed in the keystore is still noticed, and replaced by the one that is configured then."),
	"tls": schema.SingleNestedAttribute{
		Optional:            true,
		MarkdownDescription: "Makes Kibana speak TLS. The files are on the host, PEM; Kibana's user (group `kibana`) has to be able to read them.",
		Attributes: map[string]schema.Attribute{
			"certificate": schema.StringAttribute{Required: true, MarkdownDescription: "File with the certificate, and those between it and its authority."},
			"key":         schema.StringAttribute{Required: true, MarkdownDescription: "File with its key."},
		},
	},
	"keystore_wo": schema.MapAttribute{
		Optional:    true,
		WriteOnly:   true,
		Sensitive:   true,
		ElementType: types.StringType,
		MarkdownDescription: "Further entries of the keystore by the names of settings, such as `\"server.ssl.keyPassphrase\"`. Write-only, as `elasticsearch_password_wo`. " +
			"`xpack.security.encryptionKey`, `xpack.encryptedSavedObjects.encryptionKey` and `xpack.reporting.encryptionKey`, of at least 32 characters, may be given here, as to have the same " +
			"ones in several Kibanas; else the host makes them. Entries that somebody else put into the keystore stay there.",
	},
	"keystore_wo_version": secret.VersionAttribute(keystoreAttribute,
		"It is about all entries of `keystore_wo`. A new one is written all the same, and one that somebody else changed is still noticed, and gets the value that is configured then."),
	"triggers": hostresource.Triggers("Kibana"),
	"secret_revisions": schema.MapAttribute{
		Computed:            true,
		ElementType:         types.StringType,
		MarkdownDescription: "For each entry of the keystore that is given, a word that changes whenever it does, and says nothing about it.",
	},
}
