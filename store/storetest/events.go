package storetest

import (
	"errors"
	"strconv"
	"sync"
	"testing"

	"pasarela"
	"pasarela/store"
)

var eventScenarios = []scenario{
	on("events come back as they were inserted, in order of their units, page by page", eventsListed),
	on("an event's id serves once", eventDuplicate),
	on("a unit that is undone leaves no gap between places", eventsUndone),
	on("each merchant's events have places of their own", eventsOfEach),
	on("who follows events while others write misses none and sees each payment's in order", eventsFollowed),
}

func insertEvents(t *testing.T, s store.Store, events ...pasarela.Event) {
	t.Helper()
	for _, e := range events {
		update(t, s, e.Merchant, func(tx store.Tx) error { return tx.InsertEvent(e) })
	}
}

func eventsListed(t *testing.T, s store.Store) {
	same(t, "at first", len(found(s.Events(t.Context(), shop, 0, 10))(t)), 0)
	bare := pasarela.Event{Merchant: shop, ID: "bare"}
	misplaced := placed(sampleEvent("9"), 77)
	update(t, s, shop, func(tx store.Tx) error {
		return errors.Join(tx.InsertEvent(misplaced), tx.InsertEvent(sampleEvent("1")))
	})
	insertEvents(t, s, bare)
	want := []pasarela.Event{placed(sampleEvent("9"), 1), placed(sampleEvent("1"), 2), placed(bare, 3)}
	same(t, "first page", found(s.Events(t.Context(), shop, 0, 2))(t), want[:2])
	same(t, "second page", found(s.Events(t.Context(), shop, 2, 2))(t), want[2:])
	same(t, "third page", len(found(s.Events(t.Context(), shop, 3, 2))(t)), 0)
	same(t, "all", found(s.Events(t.Context(), shop, 0, 10))(t), want)
	insertEvents(t, s, sampleEvent("5"))
	same(t, "next", found(s.Events(t.Context(), shop, 2, 10))(t), []pasarela.Event{want[2], placed(sampleEvent("5"), 4)})
}

func eventDuplicate(t *testing.T, s store.Store) {
	insertEvents(t, s, sampleEvent("1"))
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertEvent(sampleEvent("1")) })
	same(t, "events", found(s.Events(t.Context(), shop, 0, 10))(t), []pasarela.Event{placed(sampleEvent("1"), 1)})
}

func eventsUndone(t *testing.T, s store.Store) {
	refused(t, s, shop, errAbandoned, func(tx store.Tx) error { return errors.Join(errAbandoned, tx.InsertEvent(sampleEvent("1"))) })
	insertEvents(t, s, sampleEvent("2"))
	refused(t, s, shop, errAbandoned, func(tx store.Tx) error { return errors.Join(errAbandoned, tx.InsertEvent(sampleEvent("3"))) })
	insertEvents(t, s, sampleEvent("4"))
	same(t, "events", found(s.Events(t.Context(), shop, 0, 10))(t), []pasarela.Event{placed(sampleEvent("2"), 1), placed(sampleEvent("4"), 2)})
}

func eventsOfEach(t *testing.T, s store.Store) {
	theirs := sampleEvent("1")
	theirs.Merchant = other
	insertEvents(t, s, sampleEvent("1"), theirs, sampleEvent("2"))
	same(t, "the other's events", found(s.Events(t.Context(), other, 0, 10))(t), []pasarela.Event{placed(theirs, 1)})
	same(t, "events", found(s.Events(t.Context(), shop, 0, 10))(t), []pasarela.Event{placed(sampleEvent("1"), 1), placed(sampleEvent("2"), 2)})
}

// eventsFollowed has units of three payments write one event each, and two who follow them meanwhile.
func eventsFollowed(t *testing.T, s store.Store) {
	for i := range 3 {
		p := samplePayment(pasarela.PaymentID(number("p", i)))
		p.Attempts = 0
		insertPayments(t, s, p)
	}
	var writing, following sync.WaitGroup
	var news [2]chan struct{}
	for i := range news {
		news[i] = make(chan struct{}, callers)
		following.Go(func() { follow(t, s, news[i]) })
	}
	for i := range callers {
		writing.Go(func() {
			if err := s.Update(t.Context(), shop, func(tx store.Tx) error { return attempt(tx, number("p", i%3), number("e", i)) }); err != nil {
				t.Errorf("writer %d: %v", i, err)
			}
			for _, n := range news {
				n <- struct{}{}
			}
		})
	}
	writing.Wait()
	for _, n := range news {
		close(n)
	}
	following.Wait()
}

// attempt tells of a payment's next attempt; the event carries its number.
func attempt(tx store.Tx, payment, event string) error {
	p, err := tx.Payment(pasarela.PaymentID(payment))
	if err != nil {
		return err
	}
	p = p.Attempted(noon, noon)
	e := sampleEvent(pasarela.EventID(event))
	e.Payment, e.Data = p.ID, []byte(strconv.Itoa(p.Attempts))
	return errors.Join(tx.PutPayment(p), tx.InsertEvent(e))
}

// follow reads as a merchant does that remembers the last place, until there is no more news and all was read.
func follow(t *testing.T, s store.Store, news <-chan struct{}) {
	last, attempts := int64(0), map[pasarela.PaymentID]int{}
	for more := true; more; _, more = <-news {
		for page := 7; page == 7; {
			events, err := s.Events(t.Context(), shop, last, 7)
			if err != nil {
				t.Errorf("events after %d: %v", last, err)
				return
			}
			for _, e := range events {
				last++
				attempts[e.Payment]++
				if e.Place != last || string(e.Data) != strconv.Itoa(attempts[e.Payment]) {
					t.Errorf("place %d has attempt %s of %s at %d, want attempt %d", last, e.Data, e.Payment, e.Place, attempts[e.Payment])
					return
				}
			}
			page = len(events)
		}
	}
	if last != callers {
		t.Errorf("%d events were read, want %d", last, callers)
	}
}
