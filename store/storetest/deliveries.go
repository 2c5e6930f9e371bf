package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var deliveryScenarios = []scenario{
	on("a delivery comes back as it was inserted", deliveryComesBack),
	on("a delivery's id serves once", deliveryDuplicate),
	on("putting a delivery stores how far it is, and nothing else", deliveryPut),
	on("due deliveries to an endpoint are claimed, the earliest first", deliveriesClaimed),
	on("a claim lasts until its lease, then another may be made", deliveryLeased),
	on("of many who claim each delivery goes to one", deliveriesClaimedOnce),
	on("the end of an attempt is logged, and is the delivery's", deliveryEnded),
	on("an attempt that was overtaken is logged and changes nothing", deliveryOvertaken),
	on("deliveries are listed by id, page by page, as they fit", deliveriesListed),
	on("endpoints with something due are listed in order, page by page", endpointsDue),
	on("deliveries that ended are forgotten with their log, the oldest first", deliveriesForgotten),
}

func insertDeliveries(t *testing.T, s store.Store, deliveries ...pasarela.Delivery) {
	t.Helper()
	for _, d := range deliveries {
		update(t, s, d.Merchant, func(tx store.Tx) error { return tx.InsertDelivery(d) })
	}
}

// hook is the endpoint of samples.
var hook = sampleDelivery("").Endpoint

func lease() time.Time { return later(30 * time.Second) }

// claimAt claims what is due at a time.
func claimAt(t *testing.T, s store.Store, now time.Time, limit int) (claimed []pasarela.Delivery) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) (err error) {
		claimed, err = tx.ClaimDeliveries(hook, now, now.Add(30*time.Second), limit)
		return err
	})
	return claimed
}

func end(t *testing.T, s store.Store, d pasarela.Delivery, a pasarela.DeliveryAttempt) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) error { return tx.EndDelivery(d, a) })
}

func deliveryOf(t *testing.T, s store.Store, id pasarela.DeliveryID) (d pasarela.Delivery) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) error {
		d = found(tx.Delivery(id))(t)
		return nil
	})
	return d
}

func deliveryIDs(deliveries []pasarela.Delivery) (ids []pasarela.DeliveryID) {
	for _, d := range deliveries {
		ids = append(ids, d.ID)
	}
	return ids
}

func deliveryComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Delivery{Merchant: shop, ID: "bare"}
	for _, d := range []pasarela.Delivery{sampleDelivery("full"), bare} {
		insertDeliveries(t, s, d)
		same(t, "delivery", deliveryOf(t, s, d.ID), d)
	}
	same(t, "deliveries", found(s.Deliveries(t.Context(), shop, store.DeliveryFilter{}, "", 10))(t), []pasarela.Delivery{bare, sampleDelivery("full")})
	same(t, "log", len(found(s.DeliveryAttempts(t.Context(), shop, "full"))(t)), 0)
	update(t, s, shop, func(tx store.Tx) error {
		absent(tx.Delivery("never"))(t, "unknown delivery")
		return nil
	})
}

func deliveryDuplicate(t *testing.T, s store.Store) {
	insertDeliveries(t, s, sampleDelivery("d"))
	again := sampleDelivery("d")
	again.URL = "https://other.example"
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertDelivery(again) })
	same(t, "delivery", deliveryOf(t, s, "d"), sampleDelivery("d"))
}

func deliveryPut(t *testing.T, s store.Store) {
	insertDeliveries(t, s, sampleDelivery("d"))
	put := pasarela.Delivery{
		Merchant: shop, ID: "d", State: pasarela.DeliveryParked, Attempts: 9, Tries: 0, Since: later(time.Hour), UpdatedAt: later(2 * time.Hour),
		// none of these is stored:
		Event: "other", Kind: "other", Format: "other", URL: "other", Endpoint: "other", Subject: "other", Body: []byte("other"), CreatedAt: later(time.Hour),
	}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutDelivery(put) })
	want := sampleDelivery("d")
	want.State, want.Attempts, want.Tries, want.Since, want.DueAt, want.UpdatedAt = put.State, put.Attempts, put.Tries, put.Since, put.DueAt, put.UpdatedAt
	same(t, "delivery", deliveryOf(t, s, "d"), want)
	replayed := want.Replayed(later(3 * time.Hour))
	update(t, s, shop, func(tx store.Tx) error { return tx.PutDelivery(replayed) })
	same(t, "replayed delivery", deliveryOf(t, s, "d"), replayed)
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutDelivery(put) })
}

func deliveriesClaimed(t *testing.T, s store.Store) {
	due := func(id pasarela.DeliveryID, at time.Time) pasarela.Delivery {
		d := freshDelivery(id, string(id))
		d.DueAt = at
		return d
	}
	elsewhere, delivered := due("elsewhere", noon), due("delivered", noon)
	elsewhere.Endpoint, delivered.State = "https://other.example", pasarela.DeliveryDelivered
	insertDeliveries(t, s, due("4", later(-time.Second)), due("3", later(-time.Minute)), due("late", later(time.Microsecond)), due("2", noon), due("1", noon),
		due("never", time.Time{}), elsewhere, delivered)
	same(t, "before anything is due", len(claimAt(t, s, later(-time.Hour), 10)), 0)
	update(t, s, shop, func(tx store.Tx) error {
		claimed := found(tx.ClaimDeliveries(hook, noon, lease(), 3))(t)
		same(t, "claimed", claimed, []pasarela.Delivery{due("4", later(-time.Second)).Claimed(lease()), due("3", later(-time.Minute)).Claimed(lease()), due("2", noon).Claimed(lease())})
		same(t, "claimed in its unit", found(tx.Delivery("3"))(t), claimed[1])
		same(t, "claimed next", deliveryIDs(found(tx.ClaimDeliveries(hook, noon, lease(), 3))(t)), []pasarela.DeliveryID{"1"})
		return nil
	})
	same(t, "claimed", deliveryOf(t, s, "4"), due("4", later(-time.Second)).Claimed(lease()))
	same(t, "due elsewhere", deliveryOf(t, s, "elsewhere"), elsewhere)
}

func deliveryLeased(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("d", "a"))
	same(t, "first", deliveryIDs(claimAt(t, s, noon, 10)), []pasarela.DeliveryID{"d"})
	same(t, "under way", len(claimAt(t, s, lease().Add(-time.Microsecond), 10)), 0)
	again := claimAt(t, s, lease(), 10)
	same(t, "abandoned", deliveryIDs(again), []pasarela.DeliveryID{"d"})
	same(t, "attempts", again[0].Attempts, 2)
	refused(t, s, shop, errAbandoned, func(tx store.Tx) error {
		_, err := tx.ClaimDeliveries(hook, later(time.Hour), later(2*time.Hour), 10)
		return errors.Join(errAbandoned, err)
	})
	same(t, "delivery whose claim was undone", deliveryOf(t, s, "d"), again[0])
}

func deliveriesClaimedOnce(t *testing.T, s store.Store) {
	const each = 3
	update(t, s, shop, func(tx store.Tx) error {
		var errs []error
		for i := range callers * each {
			errs = append(errs, tx.InsertDelivery(freshDelivery(pasarela.DeliveryID(number("d", i)), number("a", i))))
		}
		return errors.Join(errs...)
	})
	var mu sync.Mutex
	var all []pasarela.DeliveryID
	claimSome := func(int) error {
		var claimed []pasarela.Delivery
		err := s.Update(t.Context(), shop, func(tx store.Tx) (err error) {
			claimed, err = tx.ClaimDeliveries(hook, noon, lease(), each)
			return err
		})
		mu.Lock()
		defer mu.Unlock()
		all = append(all, deliveryIDs(claimed)...)
		return err
	}
	for i, err := range together(claimSome) {
		if err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	for rest := claimAt(t, s, noon, 100); len(rest) > 0; rest = claimAt(t, s, noon, 100) {
		all = append(all, deliveryIDs(rest)...) // callers pass over what another is about to claim
	}
	slices.Sort(all)
	same(t, "claims", len(all), callers*each)
	same(t, "deliveries claimed", len(slices.Compact(all)), callers*each)
}

func deliveryEnded(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("d", "a"), freshDelivery("e", "b"))
	claimed := claimAt(t, s, noon, 10)
	failed, delivered := claimed[0].Failed(0.5, later(time.Second)), claimed[1].Delivered(later(2*time.Second))
	update(t, s, shop, func(tx store.Tx) error {
		return errors.Join(tx.EndDelivery(failed, sampleAttempt("d", 1)), tx.EndDelivery(delivered, pasarela.DeliveryAttempt{Delivery: "e", Number: 1}))
	})
	same(t, "failed", deliveryOf(t, s, "d"), failed)
	same(t, "delivered", deliveryOf(t, s, "e"), delivered)
	same(t, "log", found(s.DeliveryAttempts(t.Context(), shop, "d"))(t), []pasarela.DeliveryAttempt{sampleAttempt("d", 1)})
	same(t, "bare log", found(s.DeliveryAttempts(t.Context(), shop, "e"))(t), []pasarela.DeliveryAttempt{{Delivery: "e", Number: 1}})

	again := claimAt(t, s, failed.DueAt, 10)
	same(t, "claimed again", deliveryIDs(again), []pasarela.DeliveryID{"d"})
	end(t, s, again[0].Delivered(later(time.Minute)), sampleAttempt("d", 2))
	same(t, "delivered at last", deliveryOf(t, s, "d"), again[0].Delivered(later(time.Minute)))
	same(t, "whole log", found(s.DeliveryAttempts(t.Context(), shop, "d"))(t), []pasarela.DeliveryAttempt{sampleAttempt("d", 1), sampleAttempt("d", 2)})
}

func deliveryOvertaken(t *testing.T, s store.Store) {
	insertDeliveries(t, s, freshDelivery("d", "a"))
	slow := claimAt(t, s, noon, 1)[0]
	second := claimAt(t, s, lease(), 1)[0]
	end(t, s, slow.Delivered(lease()), sampleAttempt("d", 1))
	same(t, "claimed by another", deliveryOf(t, s, "d"), second)

	replayed := second.Replayed(later(time.Hour))
	update(t, s, shop, func(tx store.Tx) error { return tx.PutDelivery(replayed) })
	end(t, s, second.Failed(0, later(time.Hour)), sampleAttempt("d", 2))
	same(t, "replayed", deliveryOf(t, s, "d"), replayed)

	third := claimAt(t, s, later(time.Hour), 1)[0]
	end(t, s, third.Delivered(later(2*time.Hour)), sampleAttempt("d", 3))
	twice := sampleAttempt("d", 3)
	twice.Status = 200
	end(t, s, third.Failed(0.5, later(2*time.Hour)), twice)
	same(t, "ended", deliveryOf(t, s, "d"), third.Delivered(later(2*time.Hour)))
	same(t, "log", found(s.DeliveryAttempts(t.Context(), shop, "d"))(t), []pasarela.DeliveryAttempt{sampleAttempt("d", 1), sampleAttempt("d", 2), sampleAttempt("d", 3)})

	end(t, s, freshDelivery("gone", "a").Claimed(lease()).Delivered(noon), sampleAttempt("gone", 1))
	same(t, "log of one that is gone", len(found(s.DeliveryAttempts(t.Context(), shop, "gone"))(t)), 0)
}

func deliveriesListed(t *testing.T, s store.Store) {
	of := func(id pasarela.DeliveryID, event pasarela.EventID, state pasarela.DeliveryState, created time.Time) pasarela.Delivery {
		d := sampleDelivery(id)
		d.Event, d.State, d.CreatedAt = event, state, created
		return d
	}
	elsewhere := of("4", "e", pasarela.DeliveryParked, later(3*time.Second))
	elsewhere.Endpoint = "https://other.example"
	insertDeliveries(t, s, of("3", "e", pasarela.DeliveryPending, later(2*time.Second)), of("1", "e", pasarela.DeliveryParked, noon),
		of("2", "f", pasarela.DeliveryDelivered, later(time.Second)), elsewhere)
	for _, c := range []struct {
		fit   store.DeliveryFilter
		after pasarela.DeliveryID
		limit int
		want  []pasarela.DeliveryID
	}{
		{store.DeliveryFilter{}, "", 10, []pasarela.DeliveryID{"1", "2", "3", "4"}},
		{store.DeliveryFilter{}, "1", 2, []pasarela.DeliveryID{"2", "3"}},
		{store.DeliveryFilter{Event: "e"}, "", 10, []pasarela.DeliveryID{"1", "3", "4"}},
		{store.DeliveryFilter{Endpoint: hook}, "1", 10, []pasarela.DeliveryID{"2", "3"}},
		{store.DeliveryFilter{State: pasarela.DeliveryParked}, "", 10, []pasarela.DeliveryID{"1", "4"}},
		{store.DeliveryFilter{State: pasarela.DeliveryParked}, "1", 10, []pasarela.DeliveryID{"4"}},
		{store.DeliveryFilter{State: pasarela.DeliveryPending}, "", 10, []pasarela.DeliveryID{"3"}},
		{store.DeliveryFilter{From: later(time.Second)}, "", 10, []pasarela.DeliveryID{"2", "3", "4"}},
		{store.DeliveryFilter{From: later(time.Second), To: later(2 * time.Second)}, "", 10, []pasarela.DeliveryID{"2", "3"}},
		{store.DeliveryFilter{Event: "e", Endpoint: hook, State: pasarela.DeliveryParked, To: noon}, "", 10, []pasarela.DeliveryID{"1"}},
		{store.DeliveryFilter{Event: "never"}, "", 10, nil},
	} {
		got := deliveryIDs(found(s.Deliveries(t.Context(), shop, c.fit, c.after, c.limit))(t))
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v after %q: got %v, want %v", c.fit, c.after, got, c.want)
		}
	}
}

func endpointsDue(t *testing.T, s store.Store) {
	n := 0
	waiting := func(m pasarela.MerchantID, url string, due time.Time) {
		n++
		d := freshDelivery(pasarela.DeliveryID(number("d", n)), number("a", n))
		d.Merchant, d.Endpoint, d.DueAt = m, url, due
		insertDeliveries(t, s, d)
	}
	for range 3 {
		waiting(other, "https://a.example", noon)
		waiting(shop, "https://b.example", noon)
	}
	waiting(shop, "https://a.example", later(time.Hour))
	waiting(shop, "https://a.example", later(-time.Second))
	waiting(shop, "https://c.example", later(time.Second))
	waiting(shop, "https://ñ.example", noon)
	ended := freshDelivery("ended", "a")
	ended.Endpoint, ended.State = "https://d.example", pasarela.DeliveryDelivered
	insertDeliveries(t, s, ended)
	want := []store.Endpoint{{Merchant: shop, URL: "https://a.example"}, {Merchant: shop, URL: "https://b.example"}, {Merchant: shop, URL: "https://ñ.example"}, {Merchant: other, URL: "https://a.example"}}
	same(t, "due", found(s.DueEndpoints(t.Context(), noon, store.Endpoint{}, 10))(t), want)
	same(t, "first page", found(s.DueEndpoints(t.Context(), noon, store.Endpoint{}, 2))(t), want[:2])
	same(t, "second page", found(s.DueEndpoints(t.Context(), noon, want[1], 2))(t), want[2:])
	same(t, "third page", len(found(s.DueEndpoints(t.Context(), noon, want[3], 2))(t)), 0)
	same(t, "after one that has nothing", found(s.DueEndpoints(t.Context(), noon, store.Endpoint{Merchant: shop, URL: "https://aa.example"}, 1))(t), want[1:2])
	same(t, "due earlier", found(s.DueEndpoints(t.Context(), later(-time.Second), store.Endpoint{}, 10))(t), want[:1])
	same(t, "due later", len(found(s.DueEndpoints(t.Context(), later(time.Hour), store.Endpoint{}, 10))(t)), 5)
}

func deliveriesForgotten(t *testing.T, s store.Store) {
	ended := func(id pasarela.DeliveryID, state pasarela.DeliveryState, at time.Time) {
		d := freshDelivery(id, string(id))
		insertDeliveries(t, s, d)
		d = claimAt(t, s, noon, 1)[0]
		d.State, d.DueAt, d.UpdatedAt = state, time.Time{}, at
		end(t, s, d, sampleAttempt(id, 1))
	}
	ended("third", pasarela.DeliveryDelivered, later(3*time.Second))
	ended("second", pasarela.DeliveryParked, later(2*time.Second))
	ended("first", pasarela.DeliveryDelivered, later(time.Second))
	ended("pending", pasarela.DeliveryPending, noon)
	forget := func(before time.Time, limit int) (n int) {
		update(t, s, shop, func(tx store.Tx) (err error) {
			n, err = tx.ForgetDeliveries(before, limit)
			return err
		})
		return n
	}
	same(t, "forgotten before any ended", forget(noon, 10), 0)
	same(t, "forgotten, limited", forget(later(time.Hour), 1), 1)
	same(t, "left", deliveryIDs(found(s.Deliveries(t.Context(), shop, store.DeliveryFilter{}, "", 10))(t)), []pasarela.DeliveryID{"pending", "second", "third"})
	same(t, "forgotten", forget(later(2*time.Second), 10), 1)
	same(t, "left", deliveryIDs(found(s.Deliveries(t.Context(), shop, store.DeliveryFilter{}, "", 10))(t)), []pasarela.DeliveryID{"pending", "third"})
	for id, want := range map[pasarela.DeliveryID]int{"first": 0, "second": 0, "third": 1, "pending": 1} {
		same(t, "log of "+string(id), len(found(s.DeliveryAttempts(t.Context(), shop, id))(t)), want)
	}
}
