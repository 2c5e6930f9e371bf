package storetest

import (
	"fmt"
	"time"

	"pasarela"
	"pasarela/store"
)

// date is one of a few days; one in eight is none.
func (g *generator) date() pasarela.Date {
	if g.r.IntN(8) == 0 {
		return ""
	}
	return pasarela.Date("2026-03-01").AddDays(g.r.IntN(5))
}

func (g *generator) retry() pasarela.Retry {
	return []pasarela.Retry{{}, {Kind: pasarela.RetryEvery, Days: []int{1 + g.r.IntN(31)}}, {Kind: pasarela.RetryOn, Days: []int{3, 1, 2}}}[g.r.IntN(3)]
}

func (g *generator) subscriptionOperation(int) operation {
	s := sampleSubscription(pasarela.SubscriptionID(g.id("s")))
	s.Card, s.DueAt, s.Plan, s.Order, s.Dialect = g.sealed(), g.moment(), g.id("plan"), g.bytes(), g.id("dialect")
	s.State = []pasarela.SubscriptionState{pasarela.SubscriptionPending, pasarela.SubscriptionVerifying, pasarela.SubscriptionActive, pasarela.SubscriptionCancelled}[g.r.IntN(4)]
	s.Retry, s.Adjustment.Order, s.Adjustment.Left = g.retry(), g.bytes(), g.r.IntN(3)
	s.LastPeriod, s.NextPeriod, s.BilledFrom, s.Charging = g.date(), g.date(), g.moment(), g.date()
	return g.pick(
		operation{fmt.Sprintf("insert subscription %+v", s), func(tx store.Tx) (any, error) { return nil, tx.InsertSubscription(s) }},
		operation{fmt.Sprintf("put subscription %+v", s), func(tx store.Tx) (any, error) { return nil, tx.PutSubscription(s) }},
		operation{fmt.Sprintf("subscription %s", s.ID), func(tx store.Tx) (any, error) { return tx.Subscription(s.ID) }},
	)
}

func (g *generator) periodOperation(int) operation {
	p := samplePeriod(pasarela.SubscriptionID(g.id("s")), g.date())
	p.State = []pasarela.PeriodState{pasarela.PeriodCharging, pasarela.PeriodRetrying, pasarela.PeriodPaid, pasarela.PeriodFailed, pasarela.PeriodSkipped, pasarela.PeriodDropped}[g.r.IntN(6)]
	p.Begins, p.Order, p.Retry, p.Attempts, p.DueAt, p.UpdatedAt = g.date(), g.bytes(), g.retry(), g.r.IntN(9), g.moment(), g.moment()
	p.Unanswered = g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("insert period %+v", p), func(tx store.Tx) (any, error) { return nil, tx.InsertPeriod(p) }},
		operation{fmt.Sprintf("put period %+v", p), func(tx store.Tx) (any, error) { return nil, tx.PutPeriod(p) }},
		operation{fmt.Sprintf("period %s %s", p.Subscription, p.Date), func(tx store.Tx) (any, error) { return tx.Period(p.Subscription, p.Date) }},
		operation{fmt.Sprintf("open periods of %s", p.Subscription), func(tx store.Tx) (any, error) { return tx.OpenPeriods(p.Subscription) }},
	)
}

// eventOperation mostly inserts under ids of its own.
func (g *generator) eventOperation(i int) operation {
	e := sampleEvent(pasarela.EventID(number("e", max(10*i+g.r.IntN(10)-g.r.IntN(12), 0))))
	e.At, e.Data = g.moment(), g.bytes()
	return operation{fmt.Sprintf("insert event %+v", e), func(tx store.Tx) (any, error) { return nil, tx.InsertEvent(e) }}
}

// delivery is one to one of two endpoints about one of three subjects.
func (g *generator) delivery(id string) pasarela.Delivery {
	d := sampleDelivery(pasarela.DeliveryID(id))
	d.Endpoint, d.Subject, d.Event = g.endpoint(), number("subject", g.r.IntN(3)), pasarela.EventID(g.id("e"))
	d.State = []pasarela.DeliveryState{pasarela.DeliveryPending, pasarela.DeliveryPending, pasarela.DeliveryPending, pasarela.DeliveryDelivered, pasarela.DeliveryParked}[g.r.IntN(5)]
	d.Attempts, d.Tries, d.Since, d.DueAt, d.CreatedAt, d.UpdatedAt = g.r.IntN(3), g.r.IntN(2), g.moment(), g.moment(), g.moment(), g.moment()
	d.Headers, d.Body = [][]pasarela.WebhookHeader{nil, {{Label: "X", Value: g.id("v")}}}[g.r.IntN(2)], g.bytes()
	return d
}

func (g *generator) endpoint() string { return number("https://", g.r.IntN(2)) }

func (g *generator) deliveryOperation(i int) operation {
	fresh, d := g.delivery(number("d", 10*i+g.r.IntN(10))), g.delivery(number("d", 10*g.r.IntN(i+1)+g.r.IntN(10)))
	before, limit := g.moment(), 1+g.r.IntN(3)
	return g.pick(
		operation{fmt.Sprintf("insert delivery %+v", fresh), func(tx store.Tx) (any, error) { return nil, tx.InsertDelivery(fresh) }},
		operation{fmt.Sprintf("insert delivery again %+v", d), func(tx store.Tx) (any, error) { return nil, tx.InsertDelivery(d) }},
		operation{fmt.Sprintf("put delivery %+v", d), func(tx store.Tx) (any, error) { return nil, tx.PutDelivery(d) }},
		operation{fmt.Sprintf("delivery %s", d.ID), func(tx store.Tx) (any, error) { return tx.Delivery(d.ID) }},
		operation{fmt.Sprintf("forget deliveries %s, %d", before, limit), func(tx store.Tx) (any, error) { return tx.ForgetDeliveries(before, limit) }},
	)
}

// lineOperation inserts, claims, or claims and ends what it claimed.
func (g *generator) lineOperation(i int) operation {
	fresh := g.delivery(number("d", 10*i+g.r.IntN(10)))
	fresh.State, fresh.Attempts, fresh.Tries, fresh.Since, fresh.DueAt = pasarela.DeliveryPending, 0, 0, noon, later(time.Duration(g.r.IntN(3)-2)*time.Minute)
	endpoint, now, limit, again := g.endpoint(), later(time.Duration(g.r.IntN(20))*time.Minute), 1+g.r.IntN(3), g.r.IntN(3)
	claim := func(tx store.Tx) ([]pasarela.Delivery, error) {
		return tx.ClaimDeliveries(endpoint, now, now.Add(time.Minute), limit)
	}
	return g.pick(
		operation{fmt.Sprintf("insert fresh delivery %+v", fresh), func(tx store.Tx) (any, error) { return nil, tx.InsertDelivery(fresh) }},
		operation{fmt.Sprintf("claim %d of %s at %s", limit, endpoint, now), func(tx store.Tx) (any, error) { return claim(tx) }},
		operation{fmt.Sprintf("claim %d of %s at %s and end them, %d", limit, endpoint, now, again), func(tx store.Tx) (any, error) {
			claimed, err := claim(tx)
			if err != nil {
				return nil, err
			}
			for _, d := range claimed {
				ended := []pasarela.Delivery{d.Delivered(now), d.Failed(0.5, now), d.Failed(0.5, later(pasarela.DeliveryWindow))}[again]
				if err := tx.EndDelivery(ended, sampleAttempt(d.ID, d.Attempts)); err != nil {
					return nil, err
				}
			}
			return claimed, nil
		}},
	)
}
