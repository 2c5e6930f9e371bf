// Package front is the HTTP server around the dialects: limits on everything, a log line and metrics for each
// request, health, and a last resort for handlers that panic. It knows no dialect.
package front

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"runtime"
	"strings"
	"time"
)

// Limits of the server. A body's size is the dialects' affair: they answer in their own shape.
const (
	headerTimeout = 10 * time.Second
	readTimeout   = 15 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	// writeMargin is how much longer than the acquirer an answer may take.
	writeMargin = 30 * time.Second
)

// Recorder is told of each request.
type Recorder interface {
	Request(route, method string, status int, took time.Duration)
}

// Config is what a Server works with.
type Config struct {
	Handler         *http.ServeMux
	Log             *slog.Logger
	Recorder        Recorder
	AcquirerTimeout time.Duration
	MaxConcurrent   int                         // requests under way at once; more are answered 503
	Ready           func(context.Context) error // nil while payments can be taken
	Live            func() bool                 // false until everything has started
	Traces          bool
}

// Server serves one listener.
type Server struct {
	http *http.Server
	conf Config
	app  http.Handler
	busy chan struct{}
}

// New returns a server. It adds GET /healthz and GET /readyz to the handler.
func New(c Config) *Server {
	s := &Server{conf: c, app: ExactPaths(c.Handler), busy: make(chan struct{}, c.MaxConcurrent)}
	c.Handler.HandleFunc("GET /healthz", s.healthz)
	c.Handler.HandleFunc("GET /readyz", s.readyz)
	s.http = &http.Server{
		Handler: http.HandlerFunc(s.serve), ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, IdleTimeout: idleTimeout,
		WriteTimeout: c.AcquirerTimeout + writeMargin, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	return s
}

// Serve answers until Shutdown; then it returns nil.
func (s *Server) Serve(l net.Listener) error {
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ServeTLS is Serve with a certificate and its key from files.
func (s *Server) ServeTLS(l net.Listener, certificate, key string) error {
	if err := s.http.ServeTLS(l, certificate, key); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// Shutdown waits for requests under way, no longer than ctx.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }

// Handler is what Serve serves, for tests without a listener.
func (s *Server) Handler() http.Handler { return s.http.Handler }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	started := time.Now()
	out := &response{ResponseWriter: w}
	if s.conf.Traces {
		var end func()
		r, end = span(r, out)
		defer end()
	}
	select {
	case s.busy <- struct{}{}:
		defer func() { <-s.busy }()
		s.handle(out, r)
	default:
		s.turnAway(out, r)
	}
	s.account(r, out, time.Since(started))
}

// handle keeps a panic from ending more than its own request. What was panicked with may hold anything, so
// only its type is logged.
func (s *Server) handle(w *response, r *http.Request) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler { //nolint:errorlint // this is how net/http compares it
			panic(p)
		}
		s.conf.Log.LogAttrs(r.Context(), slog.LevelError, "a handler panicked",
			slog.String("route", route(r)), slog.String("type", fmt.Sprintf("%T", p)), slog.String("at", panicOrigin()))
		if w.status == 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusInternalServerError)
			_, _ = w.Write([]byte(`{"message":"Internal server error"}`))
		}
	}()
	s.app.ServeHTTP(w, r)
}

func (s *Server) account(r *http.Request, w *response, took time.Duration) {
	status := w.status
	if status == 0 {
		status = http.StatusOK
	}
	s.conf.Recorder.Request(route(r), method(r), status, took)
	level := slog.LevelInfo
	if status >= 500 {
		level = slog.LevelWarn
	}
	s.conf.Log.LogAttrs(r.Context(), level, "request", slog.String("method", method(r)), slog.String("route", route(r)),
		slog.Int("status", status), slog.Int("bytes", w.bytes), slog.Int64("took_ns", took.Nanoseconds()))
}

// route is the pattern that matched: the path itself may hold what must not be kept.
func route(r *http.Request) string {
	if r.Pattern == "" {
		return "none"
	}
	if _, path, ok := strings.Cut(r.Pattern, " "); ok {
		return path
	}
	return r.Pattern
}

// method keeps made-up methods out of labels.
func method(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	default:
		return "other"
	}
}

// panicOrigin is the first line of the program, rather than of the runtime, on the panicking stack.
func panicOrigin() string {
	var pcs [32]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for {
		f, more := frames.Next()
		if strings.HasPrefix(f.Function, "pasarela") {
			return f.Function
		}
		if !more {
			return "unknown"
		}
	}
}

// response remembers status and size.
type response struct {
	http.ResponseWriter
	status int
	bytes  int
}

func (w *response) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += n
	return n, err
}

// Unwrap lets http.ResponseController find the connection.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }
