package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Usage is what a certificate proves its holder for.
type Usage string

// Usages that certificates of hosts have. The nodes of a cluster need both.
const (
	ServerAuthentication Usage = "server_auth"
	ClientAuthentication Usage = "client_auth"
)

var extendedUsages = map[Usage]x509.ExtKeyUsage{
	ServerAuthentication: x509.ExtKeyUsageServerAuth,
	ClientAuthentication: x509.ExtKeyUsageClientAuth,
}

// Spec is what a certificate says.
type Spec struct {
	Subject   pkix.Name
	DNSNames  []string
	Addresses []netip.Addr
	Usages    []Usage // of a host's certificate
	Validity  time.Duration
}

// SortNames brings names of a certificate into order, each once and in lower case.
func SortNames(names []string) []string {
	sorted := make([]string, len(names))
	for i, name := range names {
		sorted[i] = strings.ToLower(name)
	}
	slices.Sort(sorted)
	return slices.Compact(sorted)
}

// SortAddresses brings addresses into order, each once.
func SortAddresses(addresses []netip.Addr) []netip.Addr {
	sorted := make([]netip.Addr, len(addresses))
	for i, address := range addresses {
		sorted[i] = address.Unmap().WithZone("")
	}
	slices.SortFunc(sorted, netip.Addr.Compare)
	return slices.Compact(sorted)
}

// ValidDNSName tells what is wrong with a name: a certificate has host names, the first label of which may be *.
func ValidDNSName(name string) error {
	rest := strings.TrimPrefix(name, "*.")
	if len(name) > 253 || rest == "" {
		return fmt.Errorf("%q is not a host name", name)
	}
	if _, err := netip.ParseAddr(name); err == nil {
		return fmt.Errorf("%q is an address: it belongs into ip_addresses", name)
	}
	for label := range strings.SplitSeq(rest, ".") {
		if label == "" || len(label) > 63 || strings.Trim(strings.ToLower(label), "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" ||
			strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return fmt.Errorf("%q is not a host name", name)
		}
	}
	return nil
}

func (s Spec) netIPs() []net.IP {
	ips := make([]net.IP, len(s.Addresses))
	for i, address := range s.Addresses {
		ips[i] = address.AsSlice()
	}
	return ips
}

// Names are the subject alternative names of a certificate as facts name them: "DNS flow1", "IP 192.0.2.1".
func (s Spec) Names() []string {
	names := make([]string, 0, len(s.DNSNames)+len(s.Addresses))
	for _, name := range s.DNSNames {
		names = append(names, "DNS "+name)
	}
	for _, address := range s.Addresses {
		names = append(names, "IP "+address.String())
	}
	return names
}

func namesOf(certificate *x509.Certificate) []string {
	return specNames(certificate.DNSNames, certificate.IPAddresses).Names()
}

func specNames(names []string, ips []net.IP) Spec {
	s := Spec{DNSNames: names}
	for _, ip := range ips {
		if address, ok := netip.AddrFromSlice(ip); ok {
			s.Addresses = append(s.Addresses, address.Unmap())
		}
	}
	return s
}

// sameStrings tells whether two lists have the same elements, in whatever order.
func sameStrings(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Says tells whether a certificate says what spec does, its validity left aside.
func (s Spec) Says(certificate *x509.Certificate) bool {
	usages := make([]string, len(s.Usages))
	for i, usage := range s.Usages {
		usages[i] = string(usage)
	}
	return certificate.Subject.String() == s.Subject.String() && sameStrings(namesOf(certificate), s.Names()) && sameStrings(usagesOf(certificate), usages)
}

func usagesOf(certificate *x509.Certificate) []string {
	var names []string
	for usage, extended := range extendedUsages {
		if slices.Contains(certificate.ExtKeyUsage, extended) {
			names = append(names, string(usage))
		}
	}
	slices.Sort(names)
	return names
}

// Describe are the names, addresses and usages of a certificate, in order.
func Describe(certificate *x509.Certificate) (names, addresses, usages []string) {
	names, addresses = specNames(certificate.DNSNames, certificate.IPAddresses).texts()
	return names, addresses, usagesOf(certificate)
}

// RequestNames are the names and addresses of a request, in order.
func RequestNames(request *x509.CertificateRequest) (names, addresses []string) {
	return specNames(request.DNSNames, request.IPAddresses).texts()
}

func (s Spec) texts() (names, addresses []string) {
	for _, address := range SortAddresses(s.Addresses) {
		addresses = append(addresses, address.String())
	}
	return SortNames(s.DNSNames), addresses
}
