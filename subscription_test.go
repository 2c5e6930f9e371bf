package pasarela

import (
	"maps"
	"slices"
	"testing"
	"time"
)

// The drawing of a subscription's states is what its methods do, from each state. Only a state in which there is a card
// to charge or to verify keeps one, and one that is over falls due no more.
func TestDrawingOfSubscriptionsAgreesWithTheirMethods(t *testing.T) {
	t.Parallel()
	now := time.Date(2031, 2, 10, 11, 0, 0, 0, time.UTC)
	card := Token{Card: Sealed{Record: "token/t", Bytes: []byte("sealed")}, Facts: CardFacts{LastFour: "5480"}, Fingerprint: "f"}
	steps := []func(Subscription) (Subscription, error){
		func(s Subscription) (Subscription, error) { return s.Inscribed(card, now.Add(time.Minute), now) },
		func(s Subscription) (Subscription, error) { return s.Verified(true, now) },
		func(s Subscription) (Subscription, error) { return s.Verified(false, now) },
		func(s Subscription) (Subscription, error) { return s.GivenUp(now) },
		func(s Subscription) (Subscription, error) { return s.Cancelled(now) },
	}
	done := map[string][]string{}
	for _, from := range []SubscriptionState{SubscriptionPending, SubscriptionVerifying, SubscriptionActive, SubscriptionRejected, SubscriptionCancelled} {
		for i, step := range steps {
			s := Subscription{State: from, Periodicity: Custom, StartDate: "2031-02-10", DueAt: now}
			if from == SubscriptionVerifying || from == SubscriptionActive {
				s.Card = card.Card
			}
			q, err := step(s)
			if err != nil && (q.State != from || CodeOf(err) != CodeWrongState && CodeOf(err) != CodeNotFound) {
				t.Errorf("step %d on a %s subscription: it is %s, %v", i, from, q.State, err)
			}
			if q.State == from {
				continue
			}
			if !slices.Contains(done[string(from)], string(q.State)) {
				done[string(from)] = append(done[string(from)], string(q.State))
			}
			if carded := q.State == SubscriptionVerifying || q.State == SubscriptionActive; carded == q.Card.Empty() || carded != (q.Chargeable() == nil || q.State == SubscriptionVerifying) {
				t.Errorf("a %s subscription has a card: %t, and can be charged: %v", q.State, !q.Card.Empty(), q.Chargeable())
			}
			if q.State != SubscriptionVerifying && !q.DueAt.IsZero() { // on demand only
				t.Errorf("a %s subscription falls due", q.State)
			}
		}
		slices.Sort(done[string(from)])
	}
	maps.DeleteFunc(done, func(_ string, to []string) bool { return len(to) == 0 })
	if want := drawn(t, "Subscriptions"); !maps.EqualFunc(done, want, slices.Equal[[]string]) {
		t.Errorf("subscriptions go %v, docs/states.md draws %v", done, want)
	}
}
