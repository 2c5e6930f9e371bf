package postgres

import (
	"context"
	"errors"
	"reflect"
	"sync"
	"testing"

	"pasarela"
	"pasarela/store"
	"pasarela/store/postgres/pgtest"
)

func eventOf(id pasarela.EventID) func(tx store.Tx) error {
	return func(tx store.Tx) error { return tx.InsertEvent(pasarela.Event{ID: id}) }
}

// eventIDs are those above a place, which must follow it without a gap.
func eventIDs(t *testing.T, s *Store, after int64) (ids []pasarela.EventID) {
	t.Helper()
	events, err := s.Events(t.Context(), shop, after, 10)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if e.Place != after+int64(i)+1 {
			t.Errorf("event %s has place %d, want %d", e.ID, e.Place, after+int64(i)+1)
		}
		ids = append(ids, e.ID)
	}
	return ids
}

// Units are committed in another order than they write in: who follows events from place to place misses none.
func TestEventOfALateCommitComesLater(t *testing.T) {
	t.Parallel()
	s := openStore(t, pgtest.URL(t))
	wrote, goOn, over := make(chan struct{}), make(chan struct{}), make(chan error)
	hasWritten := sync.OnceFunc(func() { close(wrote) })
	go func() {
		over <- s.Update(context.WithoutCancel(t.Context()), shop, func(tx store.Tx) error {
			err := eventOf("began first")(tx)
			if _, sent := tx.Token("sends what waits"); !errors.Is(sent, store.ErrNotFound) {
				err = errors.Join(err, sent)
			}
			hasWritten()
			<-goOn
			return err
		})
	}()
	select {
	case <-wrote:
	case err := <-over:
		t.Fatalf("unit that began first: %v", err)
	}
	if err := s.Update(t.Context(), shop, eventOf("committed first")); err != nil {
		t.Fatal(err)
	}
	if got, want := eventIDs(t, s, 0), []pasarela.EventID{"committed first"}; !reflect.DeepEqual(got, want) {
		t.Errorf("events before the commit: got %v, want %v", got, want)
	}
	close(goOn)
	if err := <-over; err != nil {
		t.Fatal(err)
	}
	if got, want := eventIDs(t, s, 1), []pasarela.EventID{"began first"}; !reflect.DeepEqual(got, want) {
		t.Errorf("events after the commit: got %v, want %v", got, want)
	}
}

// No payment waits for who reads events: a unit that writes one is committed while places are being given.
func TestEventsAreWrittenWhilePlacesAreGiven(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	s := openStore(t, url)
	if err := s.Update(t.Context(), shop, eventOf("1")); err != nil {
		t.Fatal(err)
	}
	if got := eventIDs(t, s, 0); len(got) != 1 {
		t.Fatalf("events: %v", got)
	}
	reader, err := connect(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tag, err := reader.Exec(t.Context(), `SELECT last FROM event_heads FOR UPDATE`); err != nil || tag.RowsAffected() != 1 {
		t.Fatalf("%d rows locked and error %v, want 1", tag.RowsAffected(), err)
	}
	if err := s.Update(t.Context(), shop, eventOf("2")); err != nil {
		t.Errorf("unit that writes an event: %v", err)
	}
	if err := reader.Rollback(t.Context()); err != nil {
		t.Error(err)
	}
	if got, want := eventIDs(t, s, 1), []pasarela.EventID{"2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("events: got %v, want %v", got, want)
	}
}
