package elastiflow

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// derive makes settings that several options make together, and those that ElastiFlow's defaults make where nothing is said.
func (t *translation) derive() {
	t.listen()
	t.databases()
	t.reverseDNS()
	t.files()
	if t.on(elasticEnable) {
		t.elasticsearch()
	}
	if t.on(kafkaEnable) {
		t.kafka()
	}
}

// together sets a setting that comes from several options; those that are not given are there by their defaults.
func (t *translation) together(key, value string, options ...string) {
	t.settings[key] = value
	for _, name := range options {
		if s, given := t.given[name]; given && s.Name != "" {
			t.from(key, s)
		} else if d := byName[name].Default; d != "" {
			t.origins[key] = append(t.origins[key], name+", which is "+d+" where nothing is said")
		}
	}
}

// fail reports that an option is not what it should be.
func (t *translation) fail(option string, err error) {
	s := t.given[option]
	if s.Name == "" {
		s.Name = option
	}
	t.failed = append(t.failed, s.fail(err.Error()))
}

func (t *translation) listen() {
	var hosts []netip.Addr
	address, err := netip.ParseAddr(t.value(udpAddress))
	switch {
	case err != nil:
		t.fail(udpAddress, errors.New("not an IP address"))
		return
	case address == netip.IPv4Unspecified():
		hosts = []netip.Addr{address, netip.IPv6Unspecified()} // what ElastiFlow's socket takes
	default:
		hosts = []netip.Addr{address.Unmap()}
	}
	var list []string
	for text := range strings.SplitSeq(t.value(udpPort), ",") {
		p, err := port(strings.TrimSpace(text))
		if err != nil {
			t.fail(udpPort, err)
			return
		}
		for _, host := range hosts {
			list = append(list, netip.AddrPortFrom(host, p).String())
		}
	}
	t.together("listen.udp", strings.Join(list, ", "), udpAddress, udpPort)
}

func port(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not a port", text)
	}
	return uint16(n), nil
}

// databases names those that are on and whose path is ElastiFlow's.
func (t *translation) databases() {
	for _, d := range []struct{ enable, path, key string }{{asnEnable, asnPath, "enrich.geoip.asn"}, {placeEnable, placePath, "enrich.geoip.city"}} {
		if t.on(d.enable) && t.settings[d.key] == "" && !t.unresolved(d.path) {
			t.together(d.key, absolute(t.value(d.path)), d.path)
		}
	}
}

// reverseDNS: where neither private nor public addresses are looked up, none are.
func (t *translation) reverseDNS() {
	if !t.on(dnsEnable) {
		return
	}
	switch private1, public := t.on(dnsPrivate), t.on(dnsPublic); {
	case !private1 && !public:
		t.together("enrich.reverse_dns.enabled", "false", dnsPrivate, dnsPublic)
	case !private1:
		t.together("enrich.reverse_dns.exclude", private, dnsPrivate)
	case !public:
		t.together("enrich.reverse_dns.include", private, dnsPublic)
	}
}

// lookUp is translated in reverseDNS.
func lookUp(text, key string) Rule {
	return Rule{Translated, []string{key}, text, func(_ *translation, value string) (verdict, error) {
		_, err := boolean(value)
		return verdict{}, err
	}}
}

// resolvers adds the port of the DNS to addresses.
func resolvers(value string) string {
	var list []string
	for text := range strings.SplitSeq(value, ",") {
		text = strings.TrimSpace(text)
		if address, err := netip.ParseAddr(text); err == nil {
			text = netip.AddrPortFrom(address, 53).String()
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// files notes the files of the user's own, which may be converted.
func (t *translation) files() {
	for _, m := range []struct{ enable, path, key string }{{networksEnable, networksPath, NetworksKey}, {netifsEnable, netifsPath, ExportersKey}} {
		if t.on(m.enable) && !t.unresolved(m.path) {
			s := t.given[m.path]
			if s.Name == "" {
				s = t.given[m.enable]
			}
			t.metadata = append(t.metadata, Metadata{Key: m.key, Path: absolute(t.value(m.path)), setting: s})
		}
	}
}

func (t *translation) elasticsearch() {
	scheme := "http"
	if t.on(elasticTLS) {
		scheme = "https"
	}
	if id := t.value(elasticCloud); id != "" {
		address, err := cloud(id)
		if err != nil {
			t.fail(elasticCloud, err)
			return
		}
		t.together("output.elasticsearch.addresses", address, elasticCloud)
	} else if !t.unresolved(elasticAddresses) && !t.unresolved(elasticCloud) {
		var list []string
		for text := range strings.SplitSeq(t.value(elasticAddresses), ",") {
			address, err := nodeURL(scheme, strings.TrimSpace(text))
			if err != nil {
				t.fail(elasticAddresses, err)
				return
			}
			list = append(list, address)
		}
		t.together("output.elasticsearch.addresses", strings.Join(list, ", "), elasticAddresses, elasticTLS)
	}
	if s := t.given[elasticTemplate]; s.Value == "" {
		t.together("output.elasticsearch.setup", "true", elasticTemplate)
	}
}

// nodeURL makes a URL of host:port. Messages have nothing of it, as there may be a password in it.
func nodeURL(scheme, text string) (string, error) {
	if !strings.Contains(text, "://") {
		text = scheme + "://" + text
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Hostname() == "":
		return "", errors.New("not a list of host:port")
	case u.User != nil:
		return "", errors.New("there is a user in an address: use " + elastic + "USERNAME")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("neither http nor https")
	}
	if u.Port() == "" {
		u.Host = net.JoinHostPort(u.Hostname(), "9200")
	}
	return u.String(), nil
}

// cloud is the URL of Elasticsearch that a Cloud ID stands for: a label, a colon, and the base64 of domain$elasticsearch$kibana.
func cloud(id string) (string, error) {
	_, code, _ := strings.Cut(id, ":")
	text, err := base64.StdEncoding.DecodeString(code)
	parts := strings.Split(string(text), "$")
	if err != nil || len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", errors.New("not a Cloud ID")
	}
	domain, port, found := strings.Cut(parts[0], ":")
	if !found {
		port = "443"
	}
	u := url.URL{Scheme: "https", Host: net.JoinHostPort(parts[1]+"."+domain, port)}
	if again, err := url.Parse(u.String()); err != nil || again.Host != u.Host {
		return "", errors.New("not a Cloud ID")
	}
	return u.String(), nil
}

func (t *translation) kafka() {
	const brokers = kafka + "BROKERS"
	value := t.value(brokers)
	if value == "" || t.unresolved(brokers) {
		return
	}
	var list []string
	for text := range strings.SplitSeq(value, ",") {
		address, err := brokerAddress(strings.TrimSpace(text))
		if err != nil {
			t.fail(brokers, err)
			return
		}
		list = append(list, address)
	}
	t.together("output.kafka.brokers", strings.Join(list, ", "), brokers)
}

// brokerAddress makes host:port of a broker's name or address. Messages have nothing of it, as there may be a password in it.
func brokerAddress(text string) (string, error) {
	if strings.Contains(text, "://") {
		return "", errors.New("a broker is host:port, without a scheme (://): use " + kafkaTLS + " for TLS")
	}
	u, err := url.Parse("//" + text)
	if bare, notBare := netip.ParseAddr(text); notBare == nil && bare.Is6() { // an IPv6 address may stand without brackets
		u, err = &url.URL{Host: "[" + text + "]"}, nil
	}
	switch {
	case strings.Contains(text, "@"):
		return "", errors.New("there is a user in an address: use " + kafka + "SASL_USERNAME")
	case err != nil || u.Hostname() == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("not a list of host:port")
	}
	name := u.Port()
	if name == "" {
		name = "9092"
	}
	if _, err := port(name); err != nil {
		return "", errors.New("not a list of host:port")
	}
	return net.JoinHostPort(u.Hostname(), name), nil
}
