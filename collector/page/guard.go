package page

import (
	"crypto/sha256"
	"crypto/subtle"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/enrich/lru"
)

// Bounds of what guesses of the password cost.
const (
	// maxAttempts is how many wrong passwords an address may send before it has to wait, and regain how long it takes to have one more.
	maxAttempts = 8
	regain      = 15 * time.Second
	// maxNetworkAttempts is the same of all networks of an IPv6 site together: a /48 has 65,536 of them.
	maxNetworkAttempts = 8 * maxAttempts
	// maxAddresses is how many addresses are remembered for it; the one that was not heard of for longest is forgotten.
	maxAddresses = 4096
)

// Guard says who may look.
type Guard struct {
	// Username is empty when everybody may.
	Username string
	// Password returns the password of now. An error lets nobody in.
	Password func() (string, error)
	// Loopback: only this host gets to the server.
	Loopback bool
	// Hosts are names that requests may be for, besides localhost and addresses, where there is no password.
	Hosts []string
	// Open are paths that need neither.
	Open   []string
	Logger *slog.Logger // nil is slog.Default()
}

// guard is a Guard at work.
type guard struct {
	Guard
	next  http.Handler
	clock func() time.Time

	mu       sync.Mutex
	attempts *lru.Map[netip.Prefix, time.Time] // when all is forgiven
	logged   map[string]time.Time              // by message
}

// Protect puts a guard in front of a handler, and the headers that keep browsers from doing with the answers what they are not for.
func (g Guard) Protect(next http.Handler) http.Handler {
	if g.Logger == nil {
		g.Logger = slog.Default()
	}
	return &guard{Guard: g, next: next, clock: time.Now, logged: map[string]time.Time{}, attempts: lru.New[netip.Prefix, time.Time](maxAddresses)}
}

// policy lets pages load what comes from here, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("X-Frame-Options", "DENY")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cross-Origin-Resource-Policy", "same-origin")
	if slices.Contains(g.Open, r.URL.Path) {
		g.next.ServeHTTP(w, r)
		return
	}
	if !g.named(r.Host) {
		http.Error(w, "requests for "+strconv.QuoteToASCII(clip(r.Host, 255))+" are refused: add the name to http.hosts if it is one of this collector's", http.StatusMisdirectedRequest)
		return
	}
	if foreign(r.Header) {
		http.Error(w, "requests that a page of another site makes are refused; links to here work", http.StatusForbidden)
		return
	}
	if g.Username != "" && !g.admit(w, r) {
		return
	}
	g.next.ServeHTTP(w, r)
}

// named tells whether a request is for a name of this server. A web page elsewhere can make a browser send requests to any address, under a
// name of its own, and read the answers (DNS rebinding). Where there is a password the browser has none for that name.
func (g *guard) named(host string) bool {
	if g.Username != "" {
		return true
	}
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if a, err := netip.ParseAddr(name); err == nil {
		return a.IsLoopback() || !g.Loopback
	}
	return strings.EqualFold(name, "localhost") || slices.ContainsFunc(g.Hosts, func(h string) bool { return strings.EqualFold(h, name) })
}

// foreign tells whether a page of another site makes the request, and not a person who follows a link. It could read nothing, but make this server
// work, and guess passwords (W3C, "Fetch Metadata Request Headers").
func foreign(h http.Header) bool {
	if h.Get("Sec-Fetch-Site") != "cross-site" {
		return false
	}
	dest := h.Get("Sec-Fetch-Dest")
	return h.Get("Sec-Fetch-Mode") != "navigate" || dest != "" && dest != "document" // frames navigate too
}

// admit checks the password, or answers why not.
func (g *guard) admit(w http.ResponseWriter, r *http.Request) bool {
	from := networks(r.RemoteAddr)
	if wait := g.wait(from); wait > 0 { // the password is not even read
		tooMany(w, wait)
		return false
	}
	username, password, said := r.BasicAuth()
	if said {
		want, err := g.Password()
		if err != nil || want == "" {
			g.log("nobody can look: there is no password", "error", err)
			http.Error(w, "the collector cannot read its password; its log says why", http.StatusServiceUnavailable)
			return false
		}
		right := equal(username, g.Username)&equal(password, want) == 1
		if wait := g.attempt(from, right); wait > 0 {
			tooMany(w, wait)
			return false
		}
		if right {
			return true
		}
		g.log("wrong user or password for the page", "from", r.RemoteAddr)
	}
	w.Header().Set("WWW-Authenticate", `Basic realm="flowcollector", charset="UTF-8"`)
	http.Error(w, "a user and a password are needed", http.StatusUnauthorized)
	return false
}

// tooMany answers who has to wait.
func tooMany(w http.ResponseWriter, wait time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
	http.Error(w, "too many wrong passwords from this address; wait "+wait.Round(time.Second).String(), http.StatusTooManyRequests)
}

// equal compares in a time that does not depend on the texts.
func equal(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:])
}

// place is a network whose wrong passwords are counted together, and how many there may be.
type place struct {
	network netip.Prefix
	most    int
}

// networks are what an address counts as: of IPv6 the network of a link, within which anybody can choose addresses, and that of a site, which has
// many links.
func networks(remote string) []place {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return []place{{netip.Prefix{}, maxAttempts}}
	}
	a := at.Addr().Unmap().WithZone("")
	if a.Is4() {
		return []place{{netip.PrefixFrom(a, 32), maxAttempts}}
	}
	return []place{{netip.PrefixFrom(a, 64).Masked(), maxAttempts}, {netip.PrefixFrom(a, 48).Masked(), maxNetworkAttempts}}
}

// wait is how long an address has to wait before it may try again.
func (g *guard) wait(from []place) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.left(from, g.clock())
}

// left is wait at a time, while mu is held.
func (g *guard) left(from []place, now time.Time) (longest time.Duration) {
	for _, p := range from {
		if forgiven := g.attempts.Peek(p.network); forgiven != nil {
			longest = max(longest, forgiven.Sub(now)-time.Duration(p.most-1)*regain)
		}
	}
	return longest
}

// attempt counts a password that is wrong, unless the address has to wait: then it returns for how long, whether it is right or not. Of guesses that
// come at once no more are told apart than of those that come one after the other.
func (g *guard) attempt(from []place, right bool) (wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.clock()
	if wait = g.left(from, now); wait > 0 || right {
		return wait
	}
	for _, p := range from {
		forgiven := now
		if t := g.attempts.Get(p.network); t != nil && t.After(now) {
			forgiven = *t
		}
		g.attempts.Put(p.network, forgiven.Add(regain))
	}
	return 0
}

// log logs a sample of each message: who guesses does so often.
func (g *guard) log(message string, attrs ...any) {
	g.mu.Lock()
	now := g.clock()
	due := now.Sub(g.logged[message]) >= 30*time.Second
	if due {
		g.logged[message] = now
	}
	g.mu.Unlock()
	if due {
		g.Logger.Warn(message, attrs...)
	}
}
