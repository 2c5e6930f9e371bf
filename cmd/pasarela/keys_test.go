package main_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Keys are rotated beside a gateway under load. A rotation that is killed goes on with --resume; afterwards
// nothing is under an old key, the old keys are gone, and what was made before still serves.
func TestKeysAreRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		mx := w.start().shop("MX")
		old := mx.makeSealed(t)
		load := newLoad(t, 4, func() error {
			a, err := mx.tryPay(charges, approves, "10")
			if err == nil && a.status != http.StatusCreated {
				err = fmt.Errorf("answered %d %s", a.status, a.body)
			}
			return err
		})
		rotate := []string{"keys", "rotate"}
		killed := launch(t, nil, slices.Concat(rotate, []string{"--settle", "1h"}, w.place)...)
		killed.says(killed.err, "values sealed anew")
		killed.kill()
		before := load.done.Load()
		// A gateway learns of new keys within ten seconds.
		r := run(t, slices.Concat(rotate, []string{"--resume", "--retire", "--settle", "12s"}, w.place)...).must(t)
		if !strings.Contains(r.out, "values sealed under the newest keys") || !strings.Contains(r.out, "old keys are gone") {
			t.Errorf("keys rotate prints %q", r.out)
		}
		if load.stop(); load.done.Load() == before {
			t.Error("no payment was made during the rotation")
		}
		if r := run(t, slices.Concat(rotate, []string{"--resume", "--settle", "0s"}, w.place)...).must(t); !strings.HasPrefix(r.out, "0 values") {
			t.Errorf("another walk over everything prints %q, want nothing left to seal", r.out)
		}
		w.kill()
		w.start() // knows the keys in the database only
		old.stillServe(t, w.shop("MX"))
		w.balanced()
	})
}

// sealed is what was made before a rotation.
type sealed struct{ tokens, holds, stored []string }

// makeSealed makes some of everything that holds a sealed card, and a merchant with its sealed credentials.
func (s shop) makeSealed(t *testing.T) (made sealed) {
	t.Helper()
	for range 40 {
		made.tokens = append(made.tokens, s.token(approves, "10"))
	}
	for range 10 {
		held := s.pay(preauthorizations, approves, "10").must(t, http.StatusCreated)
		made.holds = append(made.holds, held.member("ticketNumber"))
	}
	for range 3 {
		token := s.call("POST", "/subscriptions/v1/card/tokens", map[string]any{"card": card(approves), "currency": s.currency}, "Public-Merchant-Id", s.public)
		stored := s.call("POST", "/subscriptions/v1/card", map[string]any{"token": token.member("token"), "planName": "Gym", "periodicity": "monthly",
			"contactDetails": map[string]any{"firstName": "A", "lastName": "B", "email": "a@b.c"}, "amount": s.amount("10"), "startDate": "2032-02-01"},
			"Private-Merchant-Id", s.private)
		made.stored = append(made.stored, stored.must(t, http.StatusCreated).member("subscriptionId"))
	}
	return made
}

// stillServe uses all of it.
func (made sealed) stillServe(t *testing.T, s shop) {
	t.Helper()
	for _, token := range made.tokens {
		s.spend(charges, token, "10").must(t, http.StatusCreated)
	}
	for _, ticket := range made.holds {
		s.capture(ticket).must(t, http.StatusCreated)
	}
	for _, id := range made.stored {
		s.call("POST", "/subscriptions/v1/card/"+id+"/authorize", map[string]any{"amount": s.amount("10"), "name": "A", "lastName": "B",
			"email": "a@b.c"}, "Private-Merchant-Id", s.private).must(t, http.StatusCreated)
	}
}
