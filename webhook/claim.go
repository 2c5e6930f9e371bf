package webhook

import (
	"context"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/store"
)

// claimSome claims what a lane has room for, and begins it.
func (d *Dispatcher) claimSome(n *lane) {
	room, _ := d.lanes.room(n, time.Now())
	if room == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), unitTimeout)
	defer cancel()
	flights, more, err := d.claim(ctx, n, d.now(), room)
	if err != nil {
		d.Log.LogAttrs(ctx, slog.LevelError, "deliveries could not be claimed; they stay due",
			slog.String("merchant", string(n.endpoint.Merchant)), slog.Any("error", err))
		return
	}
	d.giveBack(d.lanes.line(n, flights, more))
	d.do(d.lanes.next(n, time.Now()))
}

// claim claims up to limit deliveries to a lane's endpoint that are due by until, and notes them as flights. more says
// that there may be more of them. Those that this process has under way still, because its clock was moved past their
// lease, get a new lease and are none of those returned.
func (d *Dispatcher) claim(ctx context.Context, n *lane, until time.Time, limit int) (flights []*flight, more bool, err error) {
	d.claims.RLock()
	defer d.claims.RUnlock()
	n.claim.Lock()
	defer n.claim.Unlock()
	began, lease, ahead := time.Now(), d.now().Add(leaseTime), d.lanes.expected(n)
	var mine []pasarela.Delivery
	err = d.Store.Update(ctx, n.endpoint.Merchant, func(tx store.Tx) error {
		mine = nil
		claimed, err := tx.ClaimDeliveries(n.endpoint.URL, until, lease, limit)
		if err != nil {
			return err
		}
		if left := limit - len(claimed); left > 0 && until.Before(ahead) {
			abandoned, err := tx.ClaimDeliveries(n.endpoint.URL, ahead, lease, left)
			if err != nil {
				return err
			}
			claimed = append(claimed, abandoned...)
		}
		more = len(claimed) == limit
		mine, err = d.notFlying(tx, claimed)
		return err
	})
	if err != nil {
		return nil, false, err
	}
	if !more {
		d.lanes.expect(n, time.Time{})
	}
	return d.lanes.took(n, mine, began), more, nil
}

// notFlying sorts out what this process has under way, and undoes that it was claimed once more.
func (d *Dispatcher) notFlying(tx store.Tx, claimed []pasarela.Delivery) (mine []pasarela.Delivery, err error) {
	for _, c := range claimed {
		if !d.lanes.flying(c) {
			mine = append(mine, c)
			continue
		}
		if err := tx.PutDelivery(unclaimed(c, c.DueAt)); err != nil {
			return nil, err
		}
	}
	return mine, nil
}

// do does what comes next.
func (d *Dispatcher) do(s step) {
	for _, f := range s.begin {
		go d.fly(f)
	}
	d.giveBack(s.back)
	for _, n := range s.claim {
		d.askClaim(n)
	}
}

// fly makes the attempt of a counted flight.
func (d *Dispatcher) fly(f sending) {
	went := d.attempt(f.flight)
	d.do(d.lanes.ended(f, went, time.Now()))
}

// attempt sends a delivery, hands on what became of it, and says how that went.
func (d *Dispatcher) attempt(f *flight) course {
	at := d.now()
	if f.delivery.Tries == 1 {
		d.Observer.WebhookWaited(max(at.Sub(f.delivery.Since), 0)) // a replay can come from a clock that is ahead
	}
	a := d.answer(f.delivery, at)
	d.Observer.Webhook(string(a.Outcome), a.Took)
	ended := at.Add(a.Took).Truncate(time.Microsecond) // a clock that was moved meanwhile must not put off the next attempt
	left := f.delivery.Delivered(ended)
	switch {
	case a.Final:
		left = f.delivery.GivenUp(ended)
	case a.Outcome != OutcomeDelivered:
		left = f.delivery.Failed(d.Jitter(), d.failedAt(f.delivery, a.Took, ended))
	}
	d.hand(result{flight: f, left: left, attempt: pasarela.DeliveryAttempt{Delivery: f.delivery.ID, Number: f.delivery.Attempts,
		At: at, Took: a.Took, Status: a.Status, Answer: a.Body, Error: a.Error}})
	return course{ok: a.Outcome == OutcomeDelivered, slow: a.Held || a.Took > slowAnswer, took: a.Took}
}

// failedAt is when an attempt is taken to have failed. While a moved clock is caught up with, that is when the attempt had
// fallen due, so that those that would have followed it in the time passed over are made too; but not at an endpoint that
// takes its time.
func (d *Dispatcher) failedAt(v pasarela.Delivery, took time.Duration, ended time.Time) time.Time {
	if due := v.FellDue(); d.catchingUp.Load() > 0 && took < quick && due.Before(ended) {
		return due
	}
	return ended
}

// answer is what came of sending a delivery, signed at a time.
func (d *Dispatcher) answer(v pasarela.Delivery, at time.Time) Answer {
	ctx := context.Background() // the sender bounds it; a stop waits for it
	signer := d.Signers[v.Format]
	if signer == nil {
		return Answer{Outcome: OutcomeRefused, Error: "nobody here signs the format " + v.Format}
	}
	m, err := d.Merchant(ctx, v.Merchant)
	if err != nil {
		return d.unsigned(v, "the merchant could not be read", err)
	}
	signed, err := signer.Headers(m, v, at)
	if err != nil {
		return d.unsigned(v, "the delivery could not be signed", err)
	}
	return d.Sender.Send(ctx, v, signed)
}

// unsigned is an attempt that failed on this side; why is for the operator's log.
func (d *Dispatcher) unsigned(v pasarela.Delivery, what string, err error) Answer {
	d.Log.LogAttrs(context.Background(), slog.LevelError, what+"; it is tried again like one that did not arrive",
		slog.String("merchant", string(v.Merchant)), slog.String("delivery", string(v.ID)), slog.Any("error", err))
	return Answer{Outcome: OutcomeRefused, Error: what}
}
