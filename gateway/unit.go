package gateway

import (
	"context"
	"errors"

	"pasarela"
	"pasarela/store"
)

// Teller says who is to be told of a change, in the words of one dialect. It is asked in units of work, which may run
// twice and wait for nothing else: it only computes.
type Teller interface {
	// Notices are what is to be sent: none, for most merchants and changes.
	Notices(m pasarela.Merchant, c Change) ([]Notice, error)
}

// Change is an event with what it is about, as the unit left it. What it is not about is nil.
type Change struct {
	pasarela.Event
	Payment   *pasarela.Payment
	Operation *pasarela.Operation // that changed the payment
	Period    *pasarela.Period
	Again     bool // EventPaymentUnanswered was told of the payment before, and that it was reversed
	// Subscription is the one that Event.Subscription names; it returns CodeNotFound where none is named.
	Subscription func() (pasarela.Subscription, error)
}

// Notice is one notification to one address.
type Notice struct {
	Format  string // who signs it: "kushki", "standard"
	URL     string
	Headers []pasarela.WebhookHeader
	Body    []byte
}

// idTries is how often a unit is run where rows of the ids that it drew exist already: another node may have drawn the
// same number in the same microsecond.
const idTries = 3

// update runs a unit of work and writes what happened in it to the merchant's events, in the same unit: whatever a verb
// does to a payment, a subscription or a period, its event cannot be forgotten. What is to be delivered is written with
// it, and its delivery begins after the commit.
func (g *Gateway) update(ctx context.Context, id pasarela.MerchantID, do func(tx store.Tx) error) error {
	m, err := g.Merchant(ctx, id)
	if err != nil {
		return err
	}
	owes := false
	err = store.ErrDuplicate
	for try := 0; try < idTries && errors.Is(err, store.ErrDuplicate); try++ {
		err = g.Store.Update(ctx, id, func(tx store.Tx) error {
			u := &unit{Tx: tx, g: g, merchant: m}
			if err := do(u); err != nil {
				return err
			}
			err := u.tell()
			owes = u.owes
			return err
		})
	}
	if err == nil && owes {
		g.Wake()
	}
	return err
}

// unit is a unit of work that sees what is done in it.
type unit struct {
	store.Tx
	g        *Gateway
	merchant pasarela.Merchant
	owes     bool // deliveries were written

	payments      []seen[pasarela.Payment]
	subscriptions []seen[pasarela.Subscription]
	periods       []seen[pasarela.Period]
	operation     *pasarela.Operation // written last
}

// seen is a row as the unit found it and as it leaves it.
type seen[V any] struct {
	before, after V
	read, written bool
}

// find is the row that is the same as v, or a new one.
func find[V any](rows *[]seen[V], v V, same func(a, b V) bool) *seen[V] {
	for i := range *rows {
		r := &(*rows)[i]
		if (r.read && same(r.before, v)) || (r.written && same(r.after, v)) {
			return r
		}
	}
	*rows = append(*rows, seen[V]{})
	return &(*rows)[len(*rows)-1]
}

func samePayment(a, b pasarela.Payment) bool           { return a.ID == b.ID }
func sameSubscription(a, b pasarela.Subscription) bool { return a.ID == b.ID }
func samePeriod(a, b pasarela.Period) bool {
	return a.Subscription == b.Subscription && a.Date == b.Date
}

func (s *seen[V]) found(v V) {
	if !s.read && !s.written {
		s.before, s.read = v, true
	}
}

func (s *seen[V]) left(v V) { s.after, s.written = v, true }

func (u *unit) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	p, err := u.Tx.Payment(id)
	if err == nil {
		find(&u.payments, p, samePayment).found(p)
	}
	return p, err
}

func (u *unit) PutPayment(p pasarela.Payment) error {
	find(&u.payments, p, samePayment).left(p)
	return u.Tx.PutPayment(p)
}

func (u *unit) PutOperation(o pasarela.Operation) error {
	u.operation = &o
	return u.Tx.PutOperation(o)
}

func (u *unit) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	s, err := u.Tx.Subscription(id)
	if err == nil {
		find(&u.subscriptions, s, sameSubscription).found(s)
	}
	return s, err
}

func (u *unit) InsertSubscription(s pasarela.Subscription) error {
	find(&u.subscriptions, s, sameSubscription).left(s)
	return u.Tx.InsertSubscription(s)
}

func (u *unit) PutSubscription(s pasarela.Subscription) error {
	find(&u.subscriptions, s, sameSubscription).left(s)
	return u.Tx.PutSubscription(s)
}

func (u *unit) Period(s pasarela.SubscriptionID, d pasarela.Date) (pasarela.Period, error) {
	p, err := u.Tx.Period(s, d)
	if err == nil {
		find(&u.periods, p, samePeriod).found(p)
	}
	return p, err
}

func (u *unit) OpenPeriods(s pasarela.SubscriptionID) ([]pasarela.Period, error) {
	open, err := u.Tx.OpenPeriods(s)
	for _, p := range open {
		find(&u.periods, p, samePeriod).found(p)
	}
	return open, err
}

func (u *unit) InsertPeriod(p pasarela.Period) error {
	find(&u.periods, p, samePeriod).left(p)
	return u.Tx.InsertPeriod(p)
}

func (u *unit) PutPeriod(p pasarela.Period) error {
	find(&u.periods, p, samePeriod).left(p)
	return u.Tx.PutPeriod(p)
}

// tell writes the events of what was done: of payments, then of what follows from them for subscriptions.
func (u *unit) tell() error {
	for i := range u.payments {
		if err := u.tellPayment(&u.payments[i]); err != nil {
			return err
		}
	}
	for i := range u.periods {
		if err := u.tellPeriod(&u.periods[i]); err != nil {
			return err
		}
	}
	for i := range u.subscriptions {
		if err := u.tellSubscription(&u.subscriptions[i]); err != nil {
			return err
		}
	}
	return nil
}

// tellPayment tells of a merchant's own payments. A hold that carries a one-time password is not one: its amount is the
// password.
func (u *unit) tellPayment(r *seen[pasarela.Payment]) error {
	if !r.written || !r.read || r.after.Dialect == "" {
		return nil
	}
	o := u.operation
	if o != nil && o.Payment != r.after.ID {
		o = nil
	}
	kind := paymentEvent(r.before, r.after, o)
	if kind == "" {
		return nil
	}
	c := Change{Payment: &r.after, Operation: o, Again: r.before.State == pasarela.StateReversed}
	c.Event = pasarela.Event{Kind: kind, Payment: r.after.ID, Subscription: r.after.Subscription, At: r.after.UpdatedAt}
	if o != nil {
		c.Event.Operation = o.ID
	}
	return u.write(c)
}

func (u *unit) tellPeriod(r *seen[pasarela.Period]) error {
	kind := periodEvent(r.before, r.after, r.read)
	if !r.written || kind == "" {
		return nil
	}
	c := Change{Period: &r.after}
	for i := range u.payments {
		if p := &u.payments[i]; p.written && p.after.ID == r.after.Payment {
			c.Payment = &p.after
		}
	}
	c.Event = pasarela.Event{Kind: kind, Payment: r.after.Payment, Subscription: r.after.Subscription, At: r.after.UpdatedAt}
	return u.write(c)
}

func (u *unit) tellSubscription(r *seen[pasarela.Subscription]) error {
	kind := subscriptionEvent(r.before, r.after, r.read)
	if !r.written || kind == "" {
		return nil
	}
	return u.write(Change{Event: pasarela.Event{Kind: kind, Subscription: r.after.ID, At: r.after.UpdatedAt}})
}

// write appends the event, and what is to be delivered of it.
func (u *unit) write(c Change) error {
	c.Subscription = func() (pasarela.Subscription, error) { return u.subscription(c.Event.Subscription) }
	c.Event.Merchant, c.Event.ID = u.merchant.ID, u.g.IDs.Event(c.At)
	data, err := u.data(c)
	if err != nil {
		return err
	}
	c.Event.Data = data
	if err := u.InsertEvent(c.Event); err != nil {
		return err
	}
	for _, t := range u.g.Tellers {
		notices, err := t.Notices(u.merchant, c)
		if err != nil {
			return err
		}
		for _, n := range notices {
			u.owes = true
			if err := u.InsertDelivery(u.g.delivery(c.Event, n)); err != nil {
				return err
			}
		}
	}
	return nil
}

// subscription is one as the unit leaves it.
func (u *unit) subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	if id == "" {
		return pasarela.Subscription{}, pasarela.Errorf(pasarela.CodeNotFound, "event is about no subscription")
	}
	for _, r := range u.subscriptions {
		switch {
		case r.written && r.after.ID == id:
			return r.after, nil
		case r.read && r.before.ID == id:
			return r.before, nil
		}
	}
	return u.Subscription(id)
}

func (g *Gateway) delivery(e pasarela.Event, n Notice) pasarela.Delivery {
	endpoint := cutQuery(n.URL)
	now := g.now()
	return pasarela.Delivery{Merchant: e.Merchant, ID: g.IDs.Delivery(now), Event: e.ID, Kind: e.Kind, Format: n.Format,
		URL: n.URL, Endpoint: endpoint, Subject: e.Subject(), Headers: n.Headers, Body: n.Body,
		State: pasarela.DeliveryPending, Since: now, DueAt: now, CreatedAt: now, UpdatedAt: now}
}
