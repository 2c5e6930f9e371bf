package main_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// reconcile notices what the issuer forgot or has another amount for, names it, and exits 1; dev may run.
func TestReconcileNoticesTampering(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		mx := w.start().shop("MX")
		sale, held := mx.pay(charges, approves, "10"), mx.pay(preauthorizations, approves, "20")
		w.balanced()
		forgotten, changed := w.issued(sale.must(t, http.StatusCreated)), w.issued(held.must(t, http.StatusCreated))
		w.call("POST", "/sandbox/v1/issuer/tamper", map[string]any{"rrn": forgotten.RRN, "forget": true}).must(t, http.StatusOK)
		w.call("POST", "/sandbox/v1/issuer/tamper", map[string]any{"rrn": changed.RRN, "amount_minor": 1}).must(t, http.StatusOK)
		code, report := w.reconcile()
		if code != 1 || len(report.Differences) != 2 {
			t.Fatalf("exit status %d with %+v, want 1 with two differences", code, report)
		}
		r := w.pasarela("reconcile")
		for _, says := range []string{forgotten.RRN, "does not know it", changed.RRN, "issuer has 1 MXN", "2 differences"} {
			if !strings.Contains(r.out, says) {
				t.Errorf("the list does not say %q:\n%s", says, r.out)
			}
		}
		w.stop() // the books are files: nobody has to run
		if code, _ := w.reconcile(); code != 1 {
			t.Errorf("without a gateway: exit status %d, want 1", code)
		}
	})
}

// An authorization that only the issuer knows is an orphan.
func TestReconcileNoticesAnOrphan(t *testing.T) {
	t.Parallel()
	w, other := newWorld(t).start(), newWorld(t).start()
	other.shop("MX").pay(charges, approves, "10").must(t, http.StatusCreated)
	r := w.pasarela("reconcile", "--issuer", other.data+"/issuer")
	if r.code != 1 || !strings.Contains(r.out, "the gateway does not know it") {
		t.Errorf("exit status %d\n%s", r.code, r.out)
	}
	if r := w.pasarela("reconcile", "--issuer", other.data+"/nowhere"); r.code != 2 || !strings.Contains(r.err, "--issuer") {
		t.Errorf("issuer's books that are not there: exit status %d, said %q", r.code, r.err)
	}
}

// Payments under way are not differences: reconcile beside a busy gateway finds none.
func TestReconcileBesideABusyGateway(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		mx := w.start().shop("MX")
		load := newLoad(t, 8, func() error {
			a, err := mx.tryPay(preauthorizations, approves, "10")
			if err != nil || a.status != http.StatusCreated {
				return fmt.Errorf("answered %d %s, %w", a.status, a.body, err)
			}
			_, err = mx.try("POST", captures, map[string]any{"ticketNumber": a.member("ticketNumber")}, "Private-Merchant-Id", mx.private)
			return err
		})
		for range 3 {
			if code, report := w.reconcile(); code != 0 {
				t.Errorf("exit status %d with %+v", code, report.Differences)
			}
		}
		if load.stop(); load.done.Load() == 0 {
			t.Error("there was no load")
		}
		w.balanced()
	})
}

// load is callers that do the same again and again until they are stopped.
type load struct {
	t      testing.TB
	done   atomic.Int64
	ending chan struct{}
	ended  chan struct{}
}

// newLoad starts callers. What one of them returns as an error fails the test.
func newLoad(t testing.TB, callers int, do func() error) *load {
	l := &load{t: t, ending: make(chan struct{}), ended: make(chan struct{}, callers)}
	for range callers {
		go func() {
			defer func() { l.ended <- struct{}{} }()
			for {
				select {
				case <-l.ending:
					return
				default:
				}
				if err := do(); err != nil {
					t.Errorf("under load: %v", err)
					return
				}
				l.done.Add(1)
			}
		}()
	}
	return l
}

// stop waits until all callers have ended.
func (l *load) stop() {
	close(l.ending)
	for range cap(l.ended) {
		<-l.ended
	}
}

// tryPay is pay for callers that may not end the test.
func (s shop) tryPay(path, number, total string) (answer, error) {
	a, err := s.try("POST", "/card/v1/tokens", s.tokenBody(number, total), "Public-Merchant-Id", s.public)
	if err != nil {
		return a, err
	}
	return s.try("POST", path, map[string]any{"token": a.member("token"), "amount": s.amount(total)}, "Private-Merchant-Id", s.private)
}
