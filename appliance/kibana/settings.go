package kibana

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/flowstack/terraform-provider-flowstack/appliance/stack"
)

//go:embed settings.txt
var settingsList string

// Known is what settings Kibana 7.17 has.
var Known = func() *stack.List {
	list, err := stack.ParseList(settingsList, deprecations)
	if err != nil {
		panic(err) // a test holds it
	}
	return list
}()

// deprecations are settings that 7.17 still takes and complains about, or that do nothing.
var deprecations = map[string]stack.Deprecation{
	"elasticsearch.logQueries":      {Since: "7.12", Instead: `set the level of the logger elasticsearch.query in logging.loggers`, Useless: true},
	"elasticsearch.preserveHost":    {Instead: "leave it out", Useless: true},
	"elasticsearch.startupTimeout":  {Instead: "leave it out", Useless: true},
	"kibana.autocompleteTimeout":    {Since: "7.14", Instead: `use "data.autocomplete.valueSuggestions.timeout"`},
	"kibana.index":                  {Since: "7.11", Instead: "use Kibana spaces for several tenants"},
	"kibana.defaultAppId":           {Instead: `use the advanced setting defaultRoute`},
	"kibana.disableWelcomeScreen":   {Instead: `use "home.disableWelcomeScreen"`},
	"kibana.enabled":                {Instead: "leave it out"},
	"logging.dest":                  {Since: "7.14", Instead: "use logging.appenders; the package's service sets it as well"},
	"logging.events":                {Since: "7.14", Instead: "use logging.loggers"},
	"logging.filter":                {Since: "7.14", Instead: "leave it out"},
	"logging.json":                  {Since: "7.14", Instead: "use a layout of logging.appenders"},
	"logging.quiet":                 {Since: "7.14", Instead: `use "logging.root.level" = "error"`},
	"logging.silent":                {Since: "7.14", Instead: `use "logging.root.level" = "off"`},
	"logging.timezone":              {Since: "7.14", Instead: "use the date pattern of a layout of logging.appenders"},
	"logging.useUTC":                {Instead: "use the date pattern of a layout of logging.appenders"},
	"logging.verbose":               {Since: "7.14", Instead: `use "logging.root.level" = "all"`},
	"map.regionmap":                 {Instead: "leave it out", Useless: true},
	"map.tilemap":                   {Instead: "leave it out", Useless: true},
	"monitoring.enabled":            {Since: "7.16", Instead: "leave it out: monitoring is on"},
	"regionmap":                     {Instead: "leave it out", Useless: true},
	"server.cors":                   {Instead: `if it is true or false: use "server.cors.enabled"`},
	"server.maxPayloadBytes":        {Since: "7.13", Instead: `use "server.maxPayload"`},
	"server.ssl.cert":               {Instead: `use "server.ssl.certificate"`},
	"server.xsrf.whitelist":         {Instead: `use "server.xsrf.allowlist"`},
	"status.v6ApiFormat":            {Instead: "leave it out"},
	"telemetry.config":              {Instead: "leave it out", Useless: true},
	"tilemap":                       {Instead: "leave it out", Useless: true},
	"timelion.ui.enabled":           {Instead: "leave it out", Useless: true},
	"vega.enableExternalUrls":       {Instead: `use "vis_type_vega.enableExternalUrls"`},
	"xpack.actions.enabled":         {Since: "7.16", Instead: "leave it out"},
	"xpack.maps.enabled":            {Since: "7.16", Instead: "leave it out: the feature visibility of a space hides Maps"},
	"xpack.monitoring":              {Instead: "leave out xpack. in front of it"},
	"xpack.security.enabled":        {Since: "7.16", Instead: "leave it out: whether there is security, Elasticsearch says"},
	"xpack.security.sessionTimeout": {Instead: `use "xpack.security.session.idleTimeout"`},
	"xpack.security.authProviders":  {Instead: `use "xpack.security.authc.providers"`},
	"xpack.spaces.enabled":          {Since: "7.16", Instead: "leave it out"},
	"xpack.telemetry":               {Instead: "leave out xpack. in front of it"},
	"xpack.alerts":                  {Instead: "use xpack.alerting"},
	"xpack.siem":                    {Instead: "use xpack.securitySolution"},
	"xpack.ingestManager":           {Instead: "use xpack.fleet"},

	"kibana.autocompleteTerminateAfter":                 {Since: "7.14", Instead: `use "data.autocomplete.valueSuggestions.terminateAfter"`},
	"xpack.actions.proxyRejectUnauthorizedCertificates": {Since: "7.14", Instead: `use "xpack.actions.ssl.proxyVerificationMode"`},
	"xpack.actions.rejectUnauthorized":                  {Since: "7.14", Instead: `use "xpack.actions.ssl.verificationMode"`},
	"xpack.actions.whitelistedHosts":                    {Instead: `use "xpack.actions.allowedHosts"`},
	"xpack.maps.showMapVisualizationTypes":              {Since: "7.16", Instead: "leave it out", Useless: true},
	"xpack.security.authc.saml.maxRedirectURLSize":      {Instead: "leave it out", Useless: true},
}

// Names of settings that something else here knows about.
const (
	serverPort       = "server.port"
	publicBaseURL    = "server.publicBaseUrl"
	basePath         = "server.basePath"
	tlsEnabled       = "server.ssl.enabled"
	tlsCertificate   = "server.ssl.certificate"
	tlsKey           = "server.ssl.key"
	tlsAuthorities   = "server.ssl.certificateAuthorities"
	elasticHosts     = "elasticsearch.hosts"
	elasticUser      = "elasticsearch.username"
	elasticCA        = "elasticsearch.ssl.certificateAuthorities"
	elasticVerify    = "elasticsearch.ssl.verificationMode"
	elasticCert      = "elasticsearch.ssl.certificate"
	elasticKey       = "elasticsearch.ssl.key"
	maxPort          = 65535
	verificationFull = "full"
)

// Standard are the settings that are written unless they are set otherwise: nothing leaves the host without being asked for, and Kibana is not the
// superuser.
var Standard = map[string]string{
	"telemetry.enabled": "false",
	"telemetry.optIn":   "false",
	"newsfeed.enabled":  "false",
	elasticUser:         "kibana_system",
}

// Finding is what there is to say about settings; Setting is the one to blame.
type Finding struct {
	Setting string
	Message string
	Warning bool // Kibana starts all the same
}

// Check looks at settings as Kibana would at its start, and at what it would only regret. Whole tells whether all settings are given, so that
// what is missing is a mistake, too.
func Check(settings map[string]string, whole bool) []Finding {
	c := &checker{settings: settings, whole: whole}
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		c.one(name, settings[name])
	}
	c.elasticsearch()
	c.server()
	return c.found
}

type checker struct {
	settings map[string]string
	whole    bool
	found    []Finding
}

func (c *checker) wrong(setting, message string, values ...any) {
	c.found = append(c.found, Finding{Setting: setting, Message: fmt.Sprintf(message, values...)})
}

func (c *checker) warn(setting, message string, values ...any) {
	c.found = append(c.found, Finding{Setting: setting, Message: fmt.Sprintf(message, values...), Warning: true})
}

func (c *checker) one(name, value string) {
	if err := Known.Check(name, value); err != nil {
		message := err.Error()
		var mistake *stack.SettingError
		if errors.As(err, &mistake) {
			message = mistake.Message
		}
		c.wrong(name, "%s", message)
		return
	}
	if old, ok := Known.Deprecated(name); ok {
		c.warn(name, "%s", old)
	}
}

// choices are settings that take one of a few values.
var choices = map[string][]string{
	elasticVerify:                           {"full", "certificate", "none"},
	"server.ssl.clientAuthentication":       {"none", "optional", "required"},
	"xpack.actions.ssl.verificationMode":    {"full", "certificate", "none"},
	"telemetry.sendUsageFrom":               {"browser", "server"},
	"xpack.security.sameSiteCookies":        {"Strict", "Lax", "None"},
	"xpack.banners.placement":               {"disabled", "header", "top"},
	"xpack.reporting.kibanaServer.protocol": {"http", "https"},
}

func (c *checker) elasticsearch() {
	for name, values := range choices {
		if value, ok := c.settings[name]; ok && !slices.Contains(values, value) {
			c.wrong(name, "%q is none of %s", value, strings.Join(values, ", "))
		}
	}
	switch user := c.settings[elasticUser]; user {
	case "elastic":
		c.wrong(elasticUser, `it may not be the superuser: Kibana's own user is "kibana_system"`)
	case "kibana":
		c.warn(elasticUser, `the user kibana is deprecated since 7.8: use "kibana_system"`)
	}
	switch mode := c.settings[elasticVerify]; mode {
	case "none":
		c.warn(elasticVerify, "whoever is on the way to Elasticsearch can take its place and read the password: use full, with certificateAuthorities")
	case "certificate":
		c.warn(elasticVerify, "any certificate of the authority is taken for Elasticsearch's, whatever name is in it. "+
			"If the certificate lacks the name or address in elasticsearch.hosts, put that into the certificate, and use full")
	}
	if _, ok := c.settings[elasticCert]; ok {
		c.warn(elasticCert, "it is only used where Elasticsearch's xpack.security.http.ssl.client_authentication is required or optional")
	}
	for _, pair := range [][2]string{{elasticCert, elasticKey}, {elasticKey, elasticCert}} {
		if _, ok := c.settings[pair[0]]; ok && c.whole && c.settings[pair[1]] == "" {
			c.warn(pair[0], "it has no effect without %s", pair[1])
		}
	}
	hosts, ok := c.settings[elasticHosts]
	if !ok {
		return
	}
	schemes := map[string]bool{}
	for host := range strings.SplitSeq(strings.Trim(hosts, "[] "), ",") {
		host = strings.Trim(strings.TrimSpace(host), `"'`)
		u, err := url.Parse(host)
		switch {
		case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
			c.wrong(elasticHosts, "%q is not a URL such as https://127.0.0.1:9200", host)
		case u.User != nil:
			c.wrong(elasticHosts, "user and password do not belong into a URL")
		default:
			schemes[u.Scheme] = true
			if u.Scheme == "http" && !loopback(u.Hostname()) {
				c.warn(elasticHosts, "the password goes to %s in clear: use https", u.Host)
			}
		}
	}
	if len(schemes) > 1 {
		c.wrong(elasticHosts, "all of them have to be http, or all https")
	}
}

func loopback(name string) bool {
	return name == "localhost" || name == "::1" || strings.HasPrefix(name, "127.")
}

var basePathForm = regexp.MustCompile(`^/.*[^/]$`)

func (c *checker) server() {
	for _, name := range []string{serverPort, "server.ssl.redirectHttpFromPort"} {
		if text, ok := c.settings[name]; ok {
			if port, err := strconv.Atoi(text); err == nil && (port < 1 || port > maxPort) {
				c.wrong(name, "%d is not a TCP port", port)
			}
		}
	}
	base, based := c.settings[basePath]
	if based && !basePathForm.MatchString(base) {
		c.wrong(basePath, "%q has to begin with a slash and must not end with one", base)
	}
	if c.settings["server.rewriteBasePath"] == "true" && c.whole && !based {
		c.wrong("server.rewriteBasePath", "there is no %s to rewrite", basePath)
	}
	c.public(base)
	secure := c.settings[tlsEnabled] == "true"
	if secure && c.whole && c.settings["server.ssl.keystore.path"] == "" {
		for _, name := range []string{tlsCertificate, tlsKey} {
			if c.settings[name] == "" {
				c.wrong(tlsEnabled, "it needs %s", name)
			}
		}
	}
	if _, ok := c.settings["server.ssl.keystore.path"]; ok {
		for _, name := range []string{tlsCertificate, tlsKey} {
			if _, both := c.settings[name]; both {
				c.wrong(name, "there is server.ssl.keystore.path as well: give one of the two")
			}
		}
	}
	if mode, ok := c.settings["server.ssl.clientAuthentication"]; ok && mode != "none" && c.whole && !secure {
		c.wrong("server.ssl.clientAuthentication", "it needs %s = true", tlsEnabled)
	}
	port := c.settings[serverPort]
	if port == "" {
		port = strconv.Itoa(DefaultPort)
	}
	if from, ok := c.settings["server.ssl.redirectHttpFromPort"]; ok && from == port {
		c.wrong("server.ssl.redirectHttpFromPort", "it is the port of https itself, %s", port)
	}
	for _, name := range []string{tlsAuthorities, elasticCA} {
		for file := range strings.SplitSeq(c.settings[name], ",") {
			if strings.HasSuffix(strings.TrimSpace(file), ".key") {
				c.wrong(name, "%s looks like a private key. The key of an authority has no place on this host; only its certificate has", strings.TrimSpace(file))
			}
		}
	}
}

// public checks the URL that Kibana is reached at, as Kibana does (its http_config) and a little more.
func (c *checker) public(base string) {
	text, ok := c.settings[publicBaseURL]
	if !ok {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		c.wrong(publicBaseURL, "%q is not a URL such as https://kibana.example:5601", text)
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		c.wrong(publicBaseURL, "it may only have a scheme, a host, a port and a path")
	case strings.HasSuffix(text, "/"):
		c.wrong(publicBaseURL, "it must not end with a slash")
	case u.Path != base:
		c.wrong(publicBaseURL, "its path %q has to be %s, %q", u.Path, basePath, base)
	case loopback(u.Hostname()):
		c.warn(publicBaseURL, "links that Kibana makes would lead nobody else to it: %s is this host for everybody", u.Hostname())
	case u.Scheme == "http" && c.settings[tlsEnabled] == "true":
		c.warn(publicBaseURL, "Kibana itself speaks https there (%s)", tlsEnabled)
	}
}
