package service

import (
	"context"
	"net/http"
	"net/http/pprof"
	"time"
)

// profiles serves Go's profiles (http.pprof).
func profiles(mux *http.ServeMux) {
	for path, page := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.HandleFunc("GET /debug/pprof/"+path, func(w http.ResponseWriter, r *http.Request) {
			// A profile takes as long as it is asked to. The package looks at the server's bound, so it is shown one without.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Time{})
			page(w, r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, &http.Server{}))) //nolint:gosec // G112: nothing is served by it
		})
	}
}
