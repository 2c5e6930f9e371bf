package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var subscriptionScenarios = []scenario{
	on("a subscription comes back as it was inserted", subscriptionComesBack),
	on("a subscription's id serves once", subscriptionDuplicate),
	on("putting a subscription stores all but identity, dialect and creation", subscriptionPut),
	on("subscriptions that wait for their card are listed earliest first", subscriptionsDue),
	on("subscriptions of which something is to be charged are listed earliest first", subscriptionsBillable),
	on("payments of a subscription are listed the newest first, page by page, and counted", subscriptionPayments),
}

func insertSubscriptions(t *testing.T, s store.Store, subscriptions ...pasarela.Subscription) {
	t.Helper()
	for _, sub := range subscriptions {
		update(t, s, sub.Merchant, func(tx store.Tx) error { return tx.InsertSubscription(sub) })
	}
}

func subscriptionComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Subscription{Merchant: shop, ID: "bare"}
	for _, sub := range []pasarela.Subscription{sampleSubscription("full"), bare} {
		insertSubscriptions(t, s, sub)
		same(t, "subscription", found(s.Subscription(t.Context(), shop, sub.ID))(t), sub)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "subscription in a unit", found(tx.Subscription(sub.ID))(t), sub)
			return nil
		})
	}
	absent(s.Subscription(t.Context(), shop, "never"))(t, "unknown subscription")
}

func subscriptionDuplicate(t *testing.T, s store.Store) {
	insertSubscriptions(t, s, sampleSubscription("s"))
	again := sampleSubscription("s")
	again.Plan = "Silver"
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertSubscription(again) })
	same(t, "subscription", found(s.Subscription(t.Context(), shop, "s"))(t), sampleSubscription("s"))
}

func subscriptionPut(t *testing.T, s store.Store) {
	insertSubscriptions(t, s, sampleSubscription("s"))
	bare := pasarela.Subscription{Merchant: shop, ID: "s", State: pasarela.SubscriptionRejected, Plan: "Silver", Dialect: "other", CreatedAt: later(time.Hour), UpdatedAt: later(time.Hour)}
	full := sampleSubscription("s")
	full.Retry, full.Adjustment.Left, full.Charging, full.NextPeriod = pasarela.Retry{}, 2, "2026-05-01", ""
	put := bare
	for _, put = range []pasarela.Subscription{bare, full} {
		update(t, s, shop, func(tx store.Tx) error { return tx.PutSubscription(put) })
		put.Dialect, put.CreatedAt = "kushki", noon
		same(t, "subscription", found(s.Subscription(t.Context(), shop, "s"))(t), put)
	}
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutSubscription(put) })
}

func subscriptionsDue(t *testing.T, s store.Store) {
	due := func(id pasarela.SubscriptionID, at time.Time, state pasarela.SubscriptionState) pasarela.Subscription {
		sub := sampleSubscription(id)
		sub.DueAt, sub.State = at, state
		return sub
	}
	insertSubscriptions(t, s, due("late", later(time.Microsecond), pasarela.SubscriptionPending), due("b", noon, pasarela.SubscriptionVerifying),
		due("a", noon, pasarela.SubscriptionPending), due("first", later(-time.Hour), pasarela.SubscriptionVerifying), due("never", time.Time{}, pasarela.SubscriptionPending),
		due("active", noon, pasarela.SubscriptionActive), due("over", noon, pasarela.SubscriptionCancelled))
	same(t, "due", found(s.DueSubscriptions(t.Context(), shop, noon, 10))(t), []pasarela.SubscriptionID{"first", "a", "b"})
	same(t, "due, limited", found(s.DueSubscriptions(t.Context(), shop, noon, 1))(t), []pasarela.SubscriptionID{"first"})
	if ids := found(s.DueSubscriptions(t.Context(), other, noon, 10))(t); len(ids) != 0 {
		t.Errorf("another merchant has due %v", ids)
	}
}

func subscriptionsBillable(t *testing.T, s store.Store) {
	waiting := sampleSubscription("waiting")
	waiting.DueAt = noon
	insertSubscriptions(t, s, chargeable("late", later(time.Microsecond)), chargeable("b", noon), chargeable("a", noon),
		chargeable("first", later(-time.Hour)), chargeable("never", time.Time{}), waiting)
	same(t, "billable", found(s.BillableSubscriptions(t.Context(), shop, noon, 10))(t), []pasarela.SubscriptionID{"first", "a", "b"})
	same(t, "billable, limited", found(s.BillableSubscriptions(t.Context(), shop, noon, 2))(t), []pasarela.SubscriptionID{"first", "a"})
	if ids := found(s.BillableSubscriptions(t.Context(), other, noon, 10))(t); len(ids) != 0 {
		t.Errorf("another merchant has to charge %v", ids)
	}
}

func subscriptionPayments(t *testing.T, s store.Store) {
	of := func(id pasarela.PaymentID, sub pasarela.SubscriptionID) pasarela.Payment {
		p := samplePayment(id)
		p.Subscription = sub
		return p
	}
	insertPayments(t, s, of("3", "s"), of("1", "s"), of("2", "another"), of("4", ""), of("5", "s"))
	same(t, "first page", found(s.SubscriptionPayments(t.Context(), shop, "s", "", 2))(t), []pasarela.Payment{of("5", "s"), of("3", "s")})
	same(t, "second page", found(s.SubscriptionPayments(t.Context(), shop, "s", "ticket-3", 2))(t), []pasarela.Payment{of("1", "s")})
	same(t, "payments of none", len(found(s.SubscriptionPayments(t.Context(), shop, "", "", 10))(t)), 0)
	for i, want := range []pasarela.Ticket{"ticket-5", "ticket-3", "ticket-1"} {
		same(t, "a ticket by its place", found(s.SubscriptionTicket(t.Context(), shop, "s", i+1))(t), want)
	}
	absent(s.SubscriptionTicket(t.Context(), shop, "s", 4))(t, "ticket behind the last")
	absent(s.SubscriptionTicket(t.Context(), shop, "", 1))(t, "ticket of none")
	for most, want := range map[int]int{2: 2, 3: 3, 10: 3} {
		same(t, "count", found(s.CountSubscriptionPayments(t.Context(), shop, "s", most))(t), want)
	}
	same(t, "count of none", found(s.CountSubscriptionPayments(t.Context(), shop, "", 10))(t), 0)
}
