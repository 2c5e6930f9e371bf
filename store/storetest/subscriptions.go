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
	on("putting a subscription stores all but identity and creation", subscriptionPut),
	on("due subscriptions are listed earliest first", subscriptionsDue),
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
	put := pasarela.Subscription{Merchant: shop, ID: "s", State: pasarela.SubscriptionRejected, Plan: "Silver", CreatedAt: later(time.Hour), UpdatedAt: later(time.Hour)}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutSubscription(put) })
	put.CreatedAt = noon
	same(t, "subscription", found(s.Subscription(t.Context(), shop, "s"))(t), put)
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutSubscription(put) })
}

func subscriptionsDue(t *testing.T, s store.Store) {
	due := func(id pasarela.SubscriptionID, at time.Time) pasarela.Subscription {
		sub := sampleSubscription(id)
		sub.DueAt = at
		return sub
	}
	insertSubscriptions(t, s, due("late", later(time.Microsecond)), due("b", noon), due("a", noon), due("first", later(-time.Hour)), due("never", time.Time{}))
	same(t, "due", found(s.DueSubscriptions(t.Context(), shop, noon, 10))(t), []pasarela.SubscriptionID{"first", "a", "b"})
	same(t, "due, limited", found(s.DueSubscriptions(t.Context(), shop, noon, 1))(t), []pasarela.SubscriptionID{"first"})
	if ids := found(s.DueSubscriptions(t.Context(), other, noon, 10))(t); len(ids) != 0 {
		t.Errorf("another merchant has due %v", ids)
	}
}
