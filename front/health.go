package front

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// readyWithin bounds what a readiness check may take.
const readyWithin = 2 * time.Second

// healthz answers 200 once everything has started, whatever happens to the store or the acquirer later.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) {
	if !s.conf.Live() {
		health(w, http.StatusServiceUnavailable, "starting")
		return
	}
	health(w, http.StatusOK, "ok")
}

// readyz answers 503 while the store or the acquirer's link is down.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), readyWithin)
	defer cancel()
	if !s.conf.Live() {
		health(w, http.StatusServiceUnavailable, "starting")
		return
	}
	if err := s.conf.Ready(ctx); err != nil {
		health(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	health(w, http.StatusOK, "ready")
}

func health(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = fmt.Fprintf(w, "{\"status\":%q}\n", text)
}
