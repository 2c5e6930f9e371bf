package front_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pasarela/front"
)

// counted remembers what the server told its recorder.
type counted struct {
	mu   sync.Mutex
	rows []string
}

func (c *counted) Request(route, method string, status int, _ time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.rows = append(c.rows, method+" "+route+" "+http.StatusText(status))
}

func (c *counted) all() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return strings.Join(c.rows, "\n")
}

type bench struct {
	url     string
	log     *strings.Builder
	counted *counted
	ready   atomic.Pointer[error]
}

func setup(t *testing.T, concurrent int, mount func(*http.ServeMux)) *bench {
	t.Helper()
	b := &bench{log: &strings.Builder{}, counted: &counted{}}
	mux := http.NewServeMux()
	mount(mux)
	s := front.New(front.Config{
		Handler: mux, Log: slog.New(slog.NewTextHandler(&locked{w: b.log}, nil)), Recorder: b.counted,
		AcquirerTimeout: time.Second, MaxConcurrent: concurrent, Live: func() bool { return true },
		Ready: func(context.Context) error {
			if err := b.ready.Load(); err != nil {
				return *err
			}
			return nil
		},
	})
	server := httptest.NewServer(s.Handler())
	t.Cleanup(server.Close)
	b.url = server.URL
	return b
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(body)
}

// A panic ends its own request only, and what was panicked with stays out of answer and log.
func TestPanicShowsNothing(t *testing.T) {
	t.Parallel()
	b := setup(t, 8, func(m *http.ServeMux) {
		m.HandleFunc("GET /boom", func(http.ResponseWriter, *http.Request) { panic("card 5451951574925480") })
	})
	status, body := get(t, b.url+"/boom")
	if status != http.StatusInternalServerError || strings.Contains(body, "5480") {
		t.Errorf("answer: %d %s", status, body)
	}
	if log := b.log.String(); !strings.Contains(log, "a handler panicked") || strings.Contains(log, "5480") {
		t.Errorf("log: %s", log)
	}
	if status, _ := get(t, b.url+"/healthz"); status != http.StatusOK {
		t.Errorf("the server did not survive: %d", status)
	}
}

// Routes, not paths, reach log and metrics: a path may hold a card number.
func TestLogHasRoutesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, 8, func(m *http.ServeMux) {
		m.HandleFunc("GET /bin/{bin}", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	})
	get(t, b.url+"/bin/5451951574925480?pan=5451951574925480")
	get(t, b.url+"/5451951574925480")
	if all := b.log.String() + b.counted.all(); strings.Contains(all, "545195") || !strings.Contains(all, "/bin/{bin}") {
		t.Errorf("log and metrics: %s", all)
	}
}

// A page of another origin can read that it was turned away where it could read the route's own answer, and its
// browser's question before that is answered.
func TestPagesCanReadThatTheyAreTurnedAway(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	served := make(chan struct{}, 1)
	b := setup(t, 1, func(m *http.ServeMux) {
		m.HandleFunc("GET /slow", func(http.ResponseWriter, *http.Request) { close(entered); <-leave })
		m.HandleFunc("POST /tokens/{kind}", func(http.ResponseWriter, *http.Request) { served <- struct{}{} })
		m.HandleFunc("OPTIONS /tokens/{kind}", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Access-Control-Allow-Origin", "https://shop.example")
			w.WriteHeader(http.StatusNoContent)
		})
		m.HandleFunc("POST /charges", func(http.ResponseWriter, *http.Request) { served <- struct{}{} })
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := http.Get(b.url + "/slow"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	for _, c := range []struct {
		method, path, origin string
		status               int
	}{
		{http.MethodPost, "/tokens/card", "https://shop.example", http.StatusServiceUnavailable},
		{http.MethodOptions, "/tokens/card", "https://shop.example", http.StatusNoContent},
		{http.MethodPost, "/charges", "", http.StatusServiceUnavailable},
		{http.MethodOptions, "/charges", "", http.StatusServiceUnavailable},
		{http.MethodPost, "/none", "", http.StatusServiceUnavailable},
	} {
		r, err := http.NewRequestWithContext(t.Context(), c.method, b.url+c.path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); resp.StatusCode != c.status || got != c.origin {
			t.Errorf("%s %s: answered %d for pages of %q, want %d for %q", c.method, c.path, resp.StatusCode, got, c.status, c.origin)
		}
	}
	close(leave)
	<-done
	if len(served) > 0 {
		t.Error("a request that was turned away was served")
	}
}

func TestTooManyRequestsAtOnceAreTurnedAway(t *testing.T) {
	t.Parallel()
	entered, leave := make(chan struct{}), make(chan struct{})
	b := setup(t, 1, func(m *http.ServeMux) {
		m.HandleFunc("GET /slow", func(http.ResponseWriter, *http.Request) { close(entered); <-leave })
	})
	done := make(chan struct{})
	go func() {
		defer close(done)
		if resp, err := http.Get(b.url + "/slow"); err == nil {
			_ = resp.Body.Close()
		}
	}()
	<-entered
	status, body := get(t, b.url+"/healthz")
	close(leave)
	<-done
	if status != http.StatusServiceUnavailable || !strings.Contains(body, "try again") {
		t.Errorf("answer: %d %s", status, body)
	}
}

func TestReadinessSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	b := setup(t, 8, func(*http.ServeMux) {})
	if status, _ := get(t, b.url+"/readyz"); status != http.StatusOK {
		t.Errorf("ready: %d", status)
	}
	down := errors.New("the link to the acquirer is down")
	b.ready.Store(&down)
	if status, body := get(t, b.url+"/readyz"); status != http.StatusServiceUnavailable || !strings.Contains(body, "acquirer") {
		t.Errorf("not ready: %d %s", status, body)
	}
	if status, _ := get(t, b.url+"/healthz"); status != http.StatusOK {
		t.Errorf("alive all the same: %d", status)
	}
}
