package page

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"time"
)

// Exporters is what GET /api/v1/exporters answers: who has sent something since the start. Members are added in time, and keep their meaning.
type exportersAnswer struct {
	Exporters []exporterAnswer `json:"exporters"` // most flows a second first
	// NotDecoded are packets that are none of a format that is read, or that were refused, of whichever address, by cause: too_short, unsupported_version, not_allowed,
	// rate_limited, malformed (not to their end).
	NotDecoded map[string]uint64 `json:"not_decoded"`
	Flows      uint64            `json:"flows"`   // decoded since the start
	Packets    uint64            `json:"packets"` // that came in since the start
}

// exporterAnswer is an exporter. GET /api/v1/exporters/ADDRESS has Packets and Flows, too.
type exporterAnswer struct {
	Address     string    `json:"address"`
	Name        string    `json:"name,omitempty"`
	Formats     []string  `json:"formats"`
	Templates   int       `json:"templates"`
	WaitingSets int       `json:"waiting_sets"` // data sets that wait for their template
	Lost        uint64    `json:"lost"`         // by its sequence numbers, in the unit of the format
	Malformed   uint64    `json:"malformed"`    // packets
	RateLimited uint64    `json:"rate_limited"` // packets
	LastSeen    time.Time `json:"last_seen"`
	Packets     *uint64   `json:"packets,omitempty"`
	Flows       *uint64   `json:"flows,omitempty"` // decoded
}

func answerOf(s Sender) exporterAnswer {
	return exporterAnswer{
		Address: s.Address.String(), Name: s.Name, Formats: append([]string{}, s.Formats...), Templates: s.Templates, WaitingSets: s.Waiting, Lost: s.Lost,
		Malformed: s.Malformed, RateLimited: s.RateLimited, LastSeen: s.LastSeen.UTC(),
	}
}

func (h *handler) listExporters(w http.ResponseWriter, r *http.Request) {
	o, ok := h.now(r)
	if !ok {
		answer(w, http.StatusServiceUnavailable, problem("too many ask at once"))
		return
	}
	all := exportersAnswer{Exporters: make([]exporterAnswer, 0, len(o.Exporters)), NotDecoded: map[string]uint64{}, Flows: o.Totals.Flows, Packets: o.Totals.Packets}
	for _, s := range o.Exporters {
		all.Exporters = append(all.Exporters, answerOf(s))
	}
	for _, sum := range o.Refused {
		all.NotDecoded[sum.Cause] = sum.N
	}
	answer(w, http.StatusOK, all)
}

func (h *handler) oneExporter(w http.ResponseWriter, r *http.Request) {
	address, err := netip.ParseAddr(r.PathValue("address"))
	if err != nil {
		answer(w, http.StatusBadRequest, problem("the path has to end in the address of an exporter"))
		return
	}
	o, ok := h.now(r)
	if !ok {
		answer(w, http.StatusServiceUnavailable, problem("too many ask at once"))
		return
	}
	// Of addresses that are none of an exporter there is any number: nobody is asked for them.
	at := slices.IndexFunc(o.Exporters, func(s Sender) bool { return s.Address == address })
	if at < 0 {
		answer(w, http.StatusNotFound, problem("nothing has come from "+address.String()+" since the start"))
		return
	}
	e, found, ok := h.ask(r, address)
	switch {
	case !found:
		answer(w, http.StatusNotFound, problem("nothing is known of "+address.String()+" any more"))
		return
	case !ok:
		answer(w, http.StatusServiceUnavailable, problem("too many ask at once"))
		return
	}
	one := answerOf(e.Sender)
	var packets, flows uint64
	for _, p := range e.Sources {
		packets += p.Packets
		flows += p.Records
	}
	one.Packets, one.Flows = &packets, &flows
	answer(w, http.StatusOK, one)
}

// problem is the answer where there is no other.
func problem(text string) any {
	return struct {
		Error string `json:"error"`
	}{text}
}

func answer(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // who asked may be gone
}
