package rdns

import (
	"slices"
	"strings"

	"github.com/miekg/dns"
)

// maxName is how many octets a host name has at most (RFC 1123 section 2.1, RFC 1035 section 2.3.4).
const maxName = 253

// hostName returns a name as it is kept, in lower case and without the dot at its end, or nothing when it is none of a host: labels of
// letters, digits, hyphens within, and underscores, which no standard has and many networks have. The last label is not a number, so
// that nobody can pass for an address (RFC 3696 section 2).
func hostName(name string) string {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > maxName {
		return ""
	}
	letters, begin := false, 0
	for i := 0; i <= len(name); i++ {
		if i == len(name) || name[i] == '.' {
			label := name[begin:i]
			if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || i == len(name) && !letters {
				return ""
			}
			letters, begin = false, i+1
			continue
		}
		switch b := name[i]; {
		case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b == '-', b == '_':
			letters = true
		case b >= '0' && b <= '9':
		default:
			return ""
		}
	}
	return strings.ToLower(name)
}

// maxAliases is how many aliases are followed: RFC 2317 needs one.
const maxAliases = 8

// pick returns the name in an answer, the first in order when there are several, and the seconds for which it holds. Empty is none.
func pick(question string, answer []dns.RR) (name string, ttl uint32) {
	owner := dns.CanonicalName(question)
	ttl = 1<<32 - 1
	for range maxAliases {
		i := slices.IndexFunc(answer, func(rr dns.RR) bool {
			return rr.Header().Rrtype == dns.TypeCNAME && dns.CanonicalName(rr.Header().Name) == owner
		})
		if i < 0 {
			break
		}
		if alias, ok := answer[i].(*dns.CNAME); ok {
			owner, ttl = dns.CanonicalName(alias.Target), min(ttl, alias.Hdr.Ttl)
		}
	}
	for _, rr := range answer {
		ptr, ok := rr.(*dns.PTR)
		if !ok || ptr.Hdr.Class != dns.ClassINET || dns.CanonicalName(ptr.Hdr.Name) != owner {
			continue
		}
		ttl = min(ttl, ptr.Hdr.Ttl)
		if host := hostName(ptr.Ptr); host != "" && (name == "" || host < name) {
			name = host
		}
	}
	return name, ttl
}
