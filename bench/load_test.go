package bench

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// answering is a server on a port of its own.
func answering(t *testing.T, h http.HandlerFunc) (address string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	done := make(chan error, 1)
	go func() { done <- server.Serve(l) }()
	t.Cleanup(func() {
		if err := errors.Join(server.Close(), ignoreClosed(<-done)); err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

func ignoreClosed(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func noMeter() cpu { return nil }

// Rule: percentiles are those of the latencies themselves, not of a bucket.
func TestPercentilesAreExact(t *testing.T) {
	t.Parallel()
	s := sample{turns: 100, lasts: 2 * time.Second, parts: [][]time.Duration{nil, nil}}
	for i := range 100 {
		s.parts[0] = append(s.parts[0], time.Duration(i+1)*time.Millisecond)
	}
	for _, c := range []struct {
		q    float64
		want time.Duration
	}{{0, time.Millisecond}, {0.5, 51 * time.Millisecond}, {0.99, 100 * time.Millisecond}, {1, 100 * time.Millisecond}} {
		if got := s.at(0, c.q); got != c.want {
			t.Errorf("at %v: %s, want %s", c.q, got, c.want)
		}
	}
	if s.at(1, 0.5) != 0 || s.perSecond() != 50 {
		t.Errorf("of nothing %s; %v per second, want 50", s.at(1, 0.5), s.perSecond())
	}
}

// Rule: requests go over one connection for each worker, and what fails ends the measurement with the answer.
func TestLoad(t *testing.T) {
	t.Parallel()
	token := strings.Repeat("t", tokenLength)
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		failure string
	}{
		{"answered as it should be", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_, _ = fmt.Fprintf(w, `{"token":%q}`, token)
		}, ""},
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "try later", http.StatusServiceUnavailable)
		}, "503: try later"},
		{"other answer", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) }, "no token of 32"},
		{"answer without a length", func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, "Content-Length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := load{address: answering(t, c.answer), parts: 1, warmUp: 10 * time.Millisecond, duration: 100 * time.Millisecond, meter: noMeter}
			for range 3 {
				l.workers = append(l.workers, &tokens{request: merchant{publicID: "p", currency: "USD"}.tokenRequest()})
			}
			s, err := l.run(t.Context())
			if c.failure != "" {
				if err == nil || !strings.Contains(err.Error(), c.failure) {
					t.Fatalf("answered %v, want something with %q", err, c.failure)
				}
				return
			}
			if err != nil || s.turns == 0 || s.at(0, 0.5) <= 0 {
				t.Fatalf("%d turns, p50 %s, error %v", s.turns, s.at(0, 0.5), err)
			}
		})
	}
}

// limited has so many turns.
type limited struct{ turns int }

func (w *limited) turn(_ *connection, took func(int, time.Duration)) error {
	if w.turns == 0 {
		return errSpent
	}
	w.turns--
	took(0, time.Millisecond)
	return nil
}

// Rule: a measurement that runs out of what it works on ends at once and counts what was done.
func TestLoadThatRunsOut(t *testing.T) {
	t.Parallel()
	address := answering(t, func(http.ResponseWriter, *http.Request) {})
	l := load{address: address, workers: []worker{&limited{1000}}, parts: 1, duration: time.Hour, meter: noMeter}
	s, err := l.run(t.Context())
	if err != nil || s.turns != 1000 || s.lasts <= 0 || s.lasts > time.Minute {
		t.Fatalf("%d turns in %s, error %v", s.turns, s.lasts, err)
	}
}

// Rule: a run that is asked to end does.
func TestLoadEndsWithItsContext(t *testing.T) {
	t.Parallel()
	address := answering(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusCreated) })
	ctx, cancel := context.WithCancel(t.Context())
	l := load{address: address, workers: []worker{&cancelling{cancel}}, parts: 1, duration: time.Hour, meter: noMeter}
	if _, err := l.run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("answered %v", err)
	}
}

type cancelling struct{ cancel func() }

func (w *cancelling) turn(*connection, func(int, time.Duration)) error {
	w.cancel()
	return nil
}

// Rule: a request made beforehand is one that net/http understands, with what is filled in at its place.
func TestRequestsMadeBeforehand(t *testing.T) {
	t.Parallel()
	m := merchant{publicID: "public", privateID: "private", currency: "USD"}
	r := m.chargeRequest()
	r.set([]byte(strings.Repeat("k", tokenLength)))
	parsed, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(r.bytes))))
	if err != nil {
		t.Fatal(err)
	}
	body := make([]byte, parsed.ContentLength)
	if _, err := parsed.Body.Read(body); err != nil && err.Error() != "EOF" {
		t.Fatal(err)
	}
	if parsed.Header.Get("Private-Merchant-Id") != "private" || !strings.Contains(string(body), `{"token":"`+strings.Repeat("k", tokenLength)+`","amount"`) {
		t.Errorf("request is %s\n%s", r.bytes, body)
	}
}

// Rule: the same rows are written on both engines: every bare statement exists for each.
func TestBareStatementsOfBothEngines(t *testing.T) {
	t.Parallel()
	for _, w := range []work{tokenWork, pairWork, captureWork} {
		for _, commit := range w {
			for _, name := range commit {
				for _, engine := range []string{SQLite, Postgres} {
					if text, err := statement(engine, name); err != nil || text == "" {
						t.Errorf("%s has no %s: %v", engine, name, err)
					}
				}
			}
		}
	}
}
