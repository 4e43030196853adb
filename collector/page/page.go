package page

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/flowstack/terraform-provider-flowstack/collector/config"
)

//go:embed static
var staticFiles embed.FS

// Bounds of what is shown and asked for.
const (
	// maxExporters is how many exporters the list has; a filter finds the others.
	maxExporters = 100
	// maxTop is how many rows each of the lists of what makes most traffic has.
	maxTop = 10
	// maxFilter is the most octets of a filter.
	maxFilter = 100
	// refresh is after how many seconds a page without scripts loads itself anew.
	refresh = 10
)

// minuteChoices are the times that one may look at the top of.
var minuteChoices = []int{5, 15, 60}

// Options say what pages are made from.
type Options struct {
	Source Source
	Search func() Searcher // of now; nil, or nil returned: flows of late are not kept
	Logger *slog.Logger    // nil is slog.Default()

	// For tests; nil is time.Now, and 0 the constant.
	clock    func() time.Time
	patience time.Duration
}

// handler makes the pages.
type handler struct {
	options Options
	search  places // of searches

	// What the service is asked is kept for a moment, whatever page it is for, and so are pages of which there are few.
	overviews *cache[Overview]
	tops      *cache[Top]
	exporters *cache[Exporter]
	pages     *cache[madePage]
	asking    places // of questions about exporters
	rendering places
}

// madePage is a page as it is sent.
type madePage struct {
	body []byte
	code int
}

// New returns a handler of all pages.
func New(o Options) http.Handler {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	clock := o.clock
	if clock == nil {
		clock = time.Now
	}
	if o.patience == 0 {
		o.patience = patience
	}
	h := &handler{
		options: o, search: make(places, maxSearches), asking: make(places, maxQuestions), rendering: make(places, maxRenderings),
		overviews: newCache[Overview](clock), tops: newCache[Top](clock), exporters: newCache[Exporter](clock), pages: newCache[madePage](clock),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", h.overview)
	mux.HandleFunc("GET /exporters/{address}", h.exporter)
	mux.HandleFunc("GET /api/v1/exporters", h.listExporters)
	mux.HandleFunc("GET /api/v1/exporters/{address}", h.oneExporter)
	mux.HandleFunc("GET /settings", h.settings)
	mux.HandleFunc("GET /flows", h.flows)
	mux.HandleFunc("GET /static/{version}/{file}", static)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, asset("icon.svg"), http.StatusMovedPermanently)
	})
	mux.HandleFunc("GET /", func(w http.ResponseWriter, _ *http.Request) {
		h.fail(w, http.StatusNotFound, "There is no such page", "The pages are the overview, one of each exporter, flows and settings.")
	})
	return mux
}

// searcher is what flows of late are searched with; nil when they are not kept.
func (h *handler) searcher() Searcher {
	if h.options.Search == nil {
		return nil
	}
	return h.options.Search()
}

// frame is what every page has around its content.
type frame struct {
	Title, Active string
	Version, Host string
	Live          bool // the page renews itself
	Data          any
}

// serve answers with a page, from the cache where one was made within the last second. Key says all that the page depends on; a page without one is
// not kept. Whoever looks, few pages are made at once.
func (h *handler) serve(w http.ResponseWriter, r *http.Request, name, key string, produce func() (frame, int)) {
	made := func(ctx context.Context) (madePage, bool) {
		if !h.rendering.take(ctx, h.options.patience) {
			return madePage{}, false
		}
		defer h.rendering.leave()
		f, code := produce()
		body, err := render(name, f)
		if err != nil {
			h.options.Logger.Error("unable to make a page", "page", name, "error", err)
			return madePage{[]byte("unable to make the page; the log says why\n"), http.StatusInternalServerError}, true
		}
		return madePage{body, code}, true
	}
	var p madePage
	var ok bool
	if key == "" {
		p, ok = made(r.Context())
	} else { // it is for others too: it is made to its end when who asked first goes away
		ctx := context.WithoutCancel(r.Context())
		p, ok = h.pages.get(r.Context(), name+"\x00"+key, func() (madePage, bool) { return made(ctx) })
	}
	if !ok {
		h.busy(w)
		return
	}
	h.write(w, p.code, p.body)
}

// now is the overview of now.
func (h *handler) now(r *http.Request) (Overview, bool) {
	return h.overviews.get(r.Context(), "", func() (Overview, bool) { return h.options.Source.Overview(), true })
}

func (*handler) write(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = w.Write(body) // who asked may be gone
}

// fail answers with a page that says what is wrong.
func (h *handler) fail(w http.ResponseWriter, code int, title, text string) {
	body, err := render("message", h.frame(title, "", false, text))
	if err != nil {
		h.options.Logger.Error("unable to make a page", "error", err)
		body = []byte(title + "\n")
	}
	h.write(w, code, body)
}

func (h *handler) frame(title, active string, live bool, data any) frame {
	version, host := h.options.Source.Identity()
	return frame{Title: title, Active: active, Version: version, Host: host, Live: live, Data: data}
}

// overviewData is the content of the first page.
type overviewData struct {
	Overview
	FlowLine, PacketLine, DropLine Line
	Filter                         string
	Matching, More                 int // exporters that the filter finds, and how many of them are not shown
	All                            int
	Top                            Top
	Minutes                        []int
	Search                         bool
}

func (h *handler) overview(w http.ResponseWriter, r *http.Request) {
	minutes := minuteChoices[0]
	for _, m := range minuteChoices {
		if r.FormValue("minutes") == strconv.Itoa(m) {
			minutes = m
		}
	}
	filter := clip(strings.TrimSpace(r.FormValue("filter")), maxFilter)
	o, ok := h.now(r)
	top, there := h.tops.get(r.Context(), strconv.Itoa(minutes), func() (Top, bool) { return h.options.Source.Top(minutes), true })
	if !ok || !there {
		h.busy(w)
		return
	}
	key := strconv.Itoa(minutes)
	if filter != "" { // of these there may be any number
		key = ""
	}
	h.serve(w, r, "overview", key, func() (frame, int) {
		d := overviewData{Overview: o, Filter: filter, Top: top, Minutes: minuteChoices, Search: h.searcher() != nil}
		d.FlowLine, d.PacketLine, d.DropLine = graphs(o.History, slots(o.Interval))
		d.Exporters, d.Matching = matching(o.Exporters, filter, maxExporters)
		d.All, d.More = len(o.Exporters), d.Matching-len(d.Exporters)
		// Lists are those of other pages too: they are cut, not changed.
		for _, list := range []*[]Share{&d.Top.Talkers, &d.Top.Conversations, &d.Top.Applications, &d.Top.Systems, &d.Top.Countries} {
			*list = (*list)[:min(len(*list), maxTop)]
			if d.Search {
				continue
			}
			unlinked := make([]Share, len(*list)) // there is nothing to link to
			for i, s := range *list {
				s.Query = ""
				unlinked[i] = s
			}
			*list = unlinked
		}
		return h.frame("Overview", "overview", true, d), http.StatusOK
	})
}

// slots is how many points an hour has.
func slots(interval float64) int {
	if interval <= 0 {
		return 1
	}
	return int(3600 / interval)
}

// matching returns the exporters whose name, address or format has the text, most of them at most, and how many there are.
func matching(all []Sender, text string, most int) (some []Sender, n int) {
	text = strings.ToLower(text)
	some = make([]Sender, 0, min(most, len(all)))
	for i := range all {
		s := &all[i]
		if text != "" && !strings.Contains(strings.ToLower(s.Name), text) && !strings.Contains(s.Address.String(), text) &&
			!strings.Contains(strings.Join(s.Formats, " "), text) {
			continue
		}
		if n++; len(some) < most {
			some = append(some, *s)
		}
	}
	return some, n
}

func clip(text string, most int) string {
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "")
	}
	return text
}

type exporterData struct {
	Exporter
	Now    time.Time
	Line   Line
	Search bool
}

func (h *handler) exporter(w http.ResponseWriter, r *http.Request) {
	address, err := netip.ParseAddr(r.PathValue("address"))
	if err != nil {
		h.fail(w, http.StatusNotFound, "There is no such exporter", "The address of the page has to end in that of an exporter.")
		return
	}
	o, ok := h.now(r)
	if !ok {
		h.busy(w)
		return
	}
	unknown := func() {
		h.serve(w, r, "exporter", "", func() (frame, int) {
			f := h.frame("No exporter "+address.String(), "overview", true, exporterData{Exporter: Exporter{Sender: Sender{Address: address}}})
			return f, http.StatusNotFound
		})
	}
	// Of addresses that are none of an exporter there is any number: nobody is asked for them.
	if !slices.ContainsFunc(o.Exporters, func(s Sender) bool { return s.Address == address }) {
		unknown()
		return
	}
	e, found, ok := h.ask(r, address)
	switch {
	case !found:
		unknown()
		return
	case !ok:
		h.busy(w)
		return
	}
	h.serve(w, r, "exporter", address.String(), func() (frame, int) {
		return h.frame(e.Label(), "overview", true, exporterData{
			Exporter: e, Now: time.Now(), Line: line(e.History, len(e.History), graphWidth, graphHeight), Search: h.searcher() != nil,
		}), http.StatusOK
	})
}

// ask asks the service for an exporter, once a second at most. Found is false where it knows of none; ok where it had no time.
func (h *handler) ask(r *http.Request, address netip.Addr) (e Exporter, found, ok bool) {
	found = true
	ctx := context.WithoutCancel(r.Context()) // it is for others too
	e, ok = h.exporters.get(r.Context(), address.String(), func() (e Exporter, ok bool) {
		if !h.asking.take(ctx, h.options.patience) {
			return e, false
		}
		defer h.asking.leave()
		e, found = h.options.Source.Exporter(ctx, address)
		return e, found
	})
	return e, found, ok
}

type settingsData struct {
	Settings []config.Setting
	Changed  int
	Only     bool // those that differ from their default
}

func (h *handler) settings(w http.ResponseWriter, r *http.Request) {
	only := r.FormValue("only") == "changed"
	h.serve(w, r, "settings", strconv.FormatBool(only), func() (frame, int) {
		d := settingsData{Only: only}
		for _, s := range h.options.Source.Settings() {
			if s.Changed {
				d.Changed++
			}
			if s.Changed || !only {
				d.Settings = append(d.Settings, s)
			}
		}
		return h.frame("Settings", "settings", false, d), http.StatusOK
	})
}

// versions are digests of the static files: their addresses change with their content, so that browsers may keep them.
var versions = func() map[string]string {
	list, err := staticFiles.ReadDir("static")
	if err != nil {
		panic(err) // it is embedded
	}
	all := make(map[string]string, len(list))
	for _, f := range list {
		content, err := staticFiles.ReadFile("static/" + f.Name())
		if err != nil {
			panic(err)
		}
		digest := sha256.Sum256(content)
		all[f.Name()] = hex.EncodeToString(digest[:6])
	}
	return all
}()

// asset is the address of a static file.
func asset(file string) string { return "/static/" + versions[file] + "/" + url.PathEscape(file) }

// kinds are the media types of static files.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}

func static(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	version, ok := versions[name]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.PathValue("version") != version { // a page of before an update asks
		http.Redirect(w, r, asset(name), http.StatusFound) //nolint:gosec // G710: name is that of an embedded file
		return
	}
	content, err := staticFiles.ReadFile("static/" + name)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kinds[name[strings.LastIndexByte(name, '.'):]])
	w.Header().Set("Cache-Control", "private, max-age=31536000, immutable")
	_, _ = w.Write(content) //nolint:gosec // G705: an embedded file; who asked may be gone
}
