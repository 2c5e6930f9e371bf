package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pasarela"
	"pasarela/store"
)

// Open opens one database. Called again it opens the same one: after a close, as a process does that starts
// again, or beside the first, as another process does. It fails the test where it can't.
type Open func(t *testing.T) store.Store

// Run plays every scenario. fresh makes an empty database for one of them; it is removed by t.Cleanup, and
// what it opened is closed by then.
func Run(t *testing.T, fresh func(t *testing.T) Open) {
	all := slices.Concat(tokenScenarios, authenticationScenarios, redirectScenarios, customerScenarios, paymentScenarios, operationScenarios,
		subscriptionScenarios, periodScenarios, eventScenarios, deliveryScenarios, lineScenarios, keyScenarios, postingScenarios, merchantScenarios, binFileScenarios, sealedScenarios, unitScenarios, tenancyScenarios, restartScenarios)
	for _, c := range all {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.play(t, fresh(t))
		})
	}
}

// scenario is one rule of the contract.
type scenario struct {
	name string
	play func(t *testing.T, open Open)
}

// on is a scenario that needs one open store.
func on(name string, play func(t *testing.T, s store.Store)) scenario {
	return scenario{name, func(t *testing.T, open Open) {
		s := open(t)
		defer closeStore(t, s)
		play(t, s)
	}}
}

func closeStore(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

// update runs a unit that must be committed.
func update(t *testing.T, s store.Store, m pasarela.MerchantID, unit func(tx store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), m, unit); err != nil {
		t.Fatalf("unit of work: %v", err)
	}
}

// refused runs a unit that must fail with want and leave nothing.
func refused(t *testing.T, s store.Store, m pasarela.MerchantID, want error, unit func(tx store.Tx) error) {
	t.Helper()
	if err := s.Update(t.Context(), m, unit); !errors.Is(err, want) {
		t.Fatalf("unit of work: got error %v, want %v", err, want)
	}
}

// same compares to the last bit, a time's zone included.
func same[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("%s:\n got %+v\nwant %+v", what, got, want)
	}
}

// found is for a look-up that must succeed: same(t, "token", found(s.Token(...))(t), want).
func found[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatalf("look-up: %v", err)
		}
		return v
	}
}

// absent is for a look-up that must find nothing.
func absent[T any](v T, err error) func(t *testing.T, what string) {
	return func(t *testing.T, what string) {
		t.Helper()
		if !errors.Is(err, store.ErrNotFound) {
			t.Fatalf("%s: got %+v and error %v, want ErrNotFound", what, v, err)
		}
	}
}

// callers is how many compete in the scenarios about concurrency.
const callers = 50

// together runs do once per caller, all at the same time, and returns what came of each.
func together(do func(i int) error) []error {
	results := make([]error, callers)
	var ready, done sync.WaitGroup
	ready.Add(callers)
	for i := range callers {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			results[i] = do(i)
		})
	}
	done.Wait()
	return results
}

// oneWins checks that one caller succeeded and all others were refused with one of codes.
func oneWins(t *testing.T, results []error, codes ...pasarela.Code) {
	t.Helper()
	won := 0
	for i, err := range results {
		switch {
		case err == nil:
			won++
		case !slices.Contains(codes, pasarela.CodeOf(err)):
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if won != 1 {
		t.Errorf("%d of %d callers won, want 1", won, len(results))
	}
}

// number names things in order: number("t", 7) is t007.
func number(prefix string, i int) string { return fmt.Sprintf("%s%03d", prefix, i) }
