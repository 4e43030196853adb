package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/schema"
)

// checkAll applies the leaf's rule to its value, or to each element of a list.
func (l leaf) checkAll(list []string) error {
	check, known := checks[l.check]
	if !known {
		panic("config: no rule " + l.check + " for " + l.key) // held by a test
	}
	if check == nil {
		return nil
	}
	if !l.isList() {
		return check(l.value.Interface())
	}
	for _, element := range list {
		if err := check(element); err != nil {
			return err
		}
	}
	return nil
}

// checks are the rules that the check tags of Config name.
var checks = map[string]func(any) error{
	"": nil,

	"listen": func(v any) error { return hostPort(v.(string), 1) },
	"http": func(v any) error {
		if v == "" {
			return nil
		}
		return hostPort(v.(string), 1)
	},
	"url": func(v any) error {
		u, err := url.Parse(v.(string))
		switch {
		case err != nil || u.Host == "":
			return errors.New("must be a URL like https://192.0.2.10:9200") // not what it is: a password may be in it, anywhere
		case u.Scheme != "http" && u.Scheme != "https":
			return fmt.Errorf("%q has scheme %q; http and https are supported", u.Redacted(), u.Scheme)
		case u.User != nil:
			return fmt.Errorf("%q has a user name in it; use output.elasticsearch.username", u.Redacted())
		}
		return nil
	},
	"path": func(v any) error {
		if v != "" && !filepath.IsAbs(v.(string)) {
			return fmt.Errorf("%q is not an absolute path", v)
		}
		return nil
	},
	"ndjson": func(v any) error {
		if v != "" && v != "-" && !filepath.IsAbs(v.(string)) {
			return fmt.Errorf("%q is neither an absolute path nor -", v)
		}
		return nil
	},
	"network": func(v any) error {
		_, err := ParseNetwork(v.(string))
		return err
	},
	"tls_version": func(v any) error {
		if v != "1.2" && v != "1.3" {
			return fmt.Errorf("%q is not a version of TLS; choose 1.2 or 1.3", v)
		}
		return nil
	},
	"readers":     between(0, 64),
	"host":        hostName,
	"connections": between(1, 65536),
	"idle":        zeroOr(between(Duration(time.Second), Duration(24*time.Hour))),
	"index":       indexName,
	"health": func(v any) error {
		if v == "" {
			return nil
		}
		return indexName(v)
	},
	"health_interval": between(Duration(time.Second), Duration(time.Hour)),
	"size":            between(ByteSize(64<<10), ByteSize(16<<30)),
	"batch":           between(ByteSize(4<<10), ByteSize(64<<20)),
	"count":           between(1, 1_000_000),
	"fields":          between(1, 4096),
	"rate":            between(0, 10_000_000),
	"wait":            between(Duration(time.Second), Duration(7*24*time.Hour)),
	"forget":          between(Duration(time.Hour), Duration(10*365*24*time.Hour)),
	"workers":         between(1, 64),
	"interval":        between(Duration(10*time.Millisecond), Duration(time.Minute)),
	"level":           oneOf("a level", "debug", "info", "warn", "error"),
	"moment":          oneOf("a moment of a flow", "end", "start", "export", "receive"),
	"extra":           oneOf("known", "none", "known", "all"),
	"skew":            between(Duration(0), Duration(30*24*time.Hour)),
	"sync":            oneOf("a way to sync", "interval", "always", "never"),
	"spool":           zeroOr(between(ByteSize(2<<20), ByteSize(64<<40))),
	"retention":       zeroOr(between(ByteSize(1<<20), ByteSize(4<<50))),
	"profile":         oneOf("a profile", "all", "full", "lean"),
	"field":           func(v any) error { return schema.CheckField(v.(string)) },
	"target":          oneOf("a target", "auto", "data_stream", "alias", "index"),
	"rotate":          zeroOr(between(ByteSize(64<<10), ByteSize(1<<40))),
	"keep":            between(1, 1000),
	"recent":          between(ByteSize(64<<20), ByteSize(64<<40)),
	"recent_keep":     between(Duration(10*time.Minute), Duration(365*24*time.Hour)),
	"switch":          oneOf("a switch", "auto", "true", "false"),
	"resolver":        func(v any) error { return hostPort(v.(string), 1) },
	"broker":          broker,
	"topic":           topic,
	"compression":     oneOf("a compression", "none", "gzip", "snappy", "lz4", "zstd"),
	"mechanism":       oneOf("a mechanism", "plain", "scram-sha-256", "scram-sha-512"),
	"sampling": func(v any) error {
		_, _, err := ParseRate(v.(string))
		return err
	},
}

func oneOf(what string, names ...string) func(any) error {
	return func(v any) error {
		if !slices.Contains(names, v.(string)) {
			return fmt.Errorf("%q is not %s; choose one of %s", v, what, strings.Join(names, ", "))
		}
		return nil
	}
}

func hostPort(text string, least uint16) error {
	at, err := netip.ParseAddrPort(text)
	if err != nil {
		return fmt.Errorf("%q is not an IP address with a port; write it like 0.0.0.0:2055 or [::]:2055", text)
	}
	if at.Port() < least {
		return fmt.Errorf("%q has port %d", text, at.Port())
	}
	return nil
}

// broker is a host name or an address, with a port.
func broker(v any) error {
	host, port, err := net.SplitHostPort(v.(string))
	n, numberErr := strconv.ParseUint(port, 10, 16)
	if err != nil || host == "" || numberErr != nil || n == 0 {
		return fmt.Errorf("%q is not a host with a port; write it like kafka.example.org:9092", v)
	}
	return nil
}

// topic follows Kafka's rule for names of topics.
func topic(v any) error {
	name := v.(string)
	legal := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '_' || r == '-'
	}
	if name == "" || name == "." || name == ".." || len(name) > 249 || strings.ContainsFunc(name, func(r rune) bool { return !legal(r) }) {
		return fmt.Errorf("%q is not a name Kafka takes: at most 249 letters, digits, dots, _ and -", name)
	}
	return nil
}

// ParseNetwork reads a network or a single address, as in exporters.allow.
func ParseNetwork(text string) (netip.Prefix, error) {
	network, err := netip.ParsePrefix(text)
	if err != nil {
		address, err := netip.ParseAddr(text)
		if err != nil || address.Zone() != "" {
			return netip.Prefix{}, fmt.Errorf("%q is neither a network nor an address; write it like 192.0.2.0/24 or 2001:db8::1", text)
		}
		network = netip.PrefixFrom(address, address.BitLen())
	}
	switch {
	case network.Addr().Is4In6():
		return netip.Prefix{}, fmt.Errorf("%q is IPv4 within IPv6; write it as IPv4", text)
	case network != network.Masked():
		return netip.Prefix{}, fmt.Errorf("%q has bits beyond its length; write %s for the network, %s for the address", text, network.Masked(), network.Addr())
	}
	return network, nil
}

// indexName follows Elasticsearch 7.17, "Create index API", path parameters.
func indexName(v any) error {
	name := v.(string)
	switch {
	case name == "":
		return errors.New("must not be empty")
	case name != strings.ToLower(name) || strings.ContainsAny(name, `\/*?"<>| ,#:`) || strings.ContainsAny(name[:1], "-_+.") || len(name) > 255:
		return fmt.Errorf("%q is not a name Elasticsearch takes: lower case, none of \\/*?\"<>|,#: or space, and no - _ + or . in front", name)
	}
	return nil
}

// zeroOr lets 0 turn off what a setting bounds.
func zeroOr(check func(any) error) func(any) error {
	return func(v any) error {
		if v == Duration(0) || v == ByteSize(0) {
			return nil
		}
		return check(v)
	}
}

type bounded interface{ ~int | ~int64 }

func between[T bounded](least, most T) func(any) error {
	return func(v any) error {
		if n := v.(T); n < least || n > most {
			return fmt.Errorf("must be between %v and %v, not %v", least, most, n)
		}
		return nil
	}
}
