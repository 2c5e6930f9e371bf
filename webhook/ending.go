package webhook

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

const (
	endingBatch  = 32          // results that one unit of work commits
	endingsAgain = time.Second // after the database failed
)

// result is what became of a flight.
type result struct {
	*flight
	back    bool              // not begun: is due at once again, and was no attempt
	left    pasarela.Delivery // as the attempt left it
	attempt pasarela.DeliveryAttempt
}

// results wait to be committed, by merchant.
type results struct {
	mu      sync.Mutex
	waiting map[pasarela.MerchantID][]result // guarded by mu
}

func (r *results) init() { r.waiting = map[pasarela.MerchantID][]result{} }

func (r *results) add(m pasarela.MerchantID, more ...result) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting[m] = append(r.waiting[m], more...)
}

// take is a batch of a merchant's; rest says that more wait.
func (r *results) take(m pasarela.MerchantID) (batch []result, rest bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := r.waiting[m]
	batch = all[:min(len(all), endingBatch)]
	if len(batch) == len(all) {
		delete(r.waiting, m)
		return batch, false
	}
	r.waiting[m] = all[len(batch):]
	return batch, true
}

func (d *Dispatcher) hand(r result) {
	d.results.add(r.delivery.Merchant, r)
	d.ending.ask(r.delivery.Merchant)
}

// giveBack has flights that were not begun fall due at once.
func (d *Dispatcher) giveBack(flights []*flight) {
	for _, f := range flights {
		d.hand(result{flight: f, back: true})
	}
}

// end commits results of a merchant: as many as wait, in one unit. While it does, the next ones gather.
func (d *Dispatcher) end(m pasarela.MerchantID) {
	batch, rest := d.results.take(m)
	if rest {
		defer d.ending.ask(m)
	}
	if len(batch) == 0 {
		return
	}
	err := d.commit(m, batch)
	switch {
	case err == nil:
		d.landed(batch)
	case pasarela.CodeOf(err) == pasarela.CodeInternal || len(batch) == 1:
		d.endAgain(m, batch, err)
	default: // one of them is to blame, such as one that a reset has removed
		for _, r := range batch {
			if err := d.commit(m, []result{r}); err != nil {
				d.endAgain(m, []result{r}, err)
				continue
			}
			d.landed([]result{r})
		}
	}
}

func (d *Dispatcher) commit(m pasarela.MerchantID, batch []result) error {
	ctx, cancel := context.WithTimeout(context.Background(), unitTimeout)
	defer cancel()
	return d.Store.Update(ctx, m, func(tx store.Tx) error {
		for _, r := range batch {
			err := error(nil)
			if r.back {
				err = d.unclaim(tx, r.delivery)
			} else {
				err = tx.EndDelivery(r.left, r.attempt)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// unclaim undoes a claim, unless somebody else has made another meanwhile.
func (d *Dispatcher) unclaim(tx store.Tx, claimed pasarela.Delivery) error {
	v, err := tx.Delivery(claimed.ID)
	if err != nil || v.State != pasarela.DeliveryPending || v.Attempts != claimed.Attempts || !v.Since.Equal(claimed.Since) {
		return err
	}
	return tx.PutDelivery(unclaimed(v, d.now()))
}

// landed ends flights whose result is committed. What waited behind them may be due now.
func (d *Dispatcher) landed(batch []result) {
	for _, r := range batch {
		if !r.back && r.left.State == pasarela.DeliveryParked {
			d.Observer.WebhookParked()
			d.Log.LogAttrs(context.Background(), slog.LevelWarn, "a delivery is parked: its endpoint has not taken it for three days, or is none that is sent to; `pasarela webhooks replay` sends it again",
				slog.String("merchant", string(r.delivery.Merchant)), slog.String("delivery", string(r.delivery.ID)))
		}
		d.lanes.landed(r.flight)
	}
	d.Wake()
}

// endAgain tries results again after a while, as long as their lease lasts. After that somebody makes another attempt.
func (d *Dispatcher) endAgain(m pasarela.MerchantID, batch []result, err error) {
	var again []result
	for _, r := range batch {
		if pasarela.CodeOf(err) != pasarela.CodeInternal || time.Since(r.claimed) > leaseTime {
			d.Log.LogAttrs(context.Background(), slog.LevelError, "what became of a delivery could not be kept; it is made again when its lease ends",
				slog.String("merchant", string(m)), slog.String("delivery", string(r.delivery.ID)), slog.Any("error", err))
			d.lanes.landed(r.flight)
			continue
		}
		again = append(again, r)
	}
	if len(again) == 0 {
		return
	}
	d.results.add(m, again...)
	time.AfterFunc(endingsAgain, func() { d.ending.ask(m) })
}
