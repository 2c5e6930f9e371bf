package memory

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// delivery is one with what only the store knows of it.
type delivery struct {
	pasarela.Delivery
	position int // rises in order of insertion
	log      []pasarela.DeliveryAttempt
}

// waits says whether its last attempt has failed and the next one is not under way.
func (d *delivery) waits() bool {
	return d.State == pasarela.DeliveryPending && d.Tries > 0 && slices.ContainsFunc(d.log, func(a pasarela.DeliveryAttempt) bool { return a.Number == d.Attempts })
}

// line is what pending deliveries wait in: those to one endpoint about one subject come one after the other.
type line struct{ endpoint, subject string }

func (d *delivery) line() line { return line{d.Endpoint, d.Subject} }

// putDelivery replaces a delivery, and has it join or leave its line.
func (t *tx) putDelivery(v delivery) {
	t.deliveries.put(v.ID, v)
	var ids []pasarela.DeliveryID
	if old := t.lines.get(v.line()); old != nil {
		ids = *old
	}
	at, in := slices.BinarySearchFunc(ids, v.position, func(id pasarela.DeliveryID, position int) int {
		return cmp.Compare(t.deliveries.get(id).position, position)
	})
	switch pending := v.State == pasarela.DeliveryPending; {
	case pending && !in:
		ids = slices.Insert(slices.Clone(ids), at, v.ID)
	case !pending && in:
		ids = slices.Delete(slices.Clone(ids), at, at+1)
	default:
		return
	}
	if len(ids) == 0 {
		t.lines.drop(v.line())
		return
	}
	t.lines.put(v.line(), ids)
}

// pending are the deliveries of a line in their order.
func (t *tx) pending(l line) (all []*delivery) {
	if ids := t.lines.get(l); ids != nil {
		for _, id := range *ids {
			all = append(all, t.deliveries.get(id))
		}
	}
	return all
}

// DueEndpoints implements store.Merchants.
func (d *database) DueEndpoints(_ context.Context, now time.Time, after store.Endpoint, limit int) (found []store.Endpoint, _ error) {
	due := map[store.Endpoint]bool{}
	d.mu.RLock()
	defer d.mu.RUnlock()
	for m, t := range d.rows {
		for l, pending := range t.lines.rows {
			e := store.Endpoint{Merchant: m, URL: l.endpoint}
			if compareEndpoints(e, after) > 0 && slices.ContainsFunc(*pending, func(id pasarela.DeliveryID) bool { return isDue(t.deliveries.rows[id].DueAt, now) }) {
				due[e] = true
			}
		}
	}
	found = slices.SortedFunc(maps.Keys(due), compareEndpoints)
	return found[:min(limit, len(found))], nil
}

func compareEndpoints(a, b store.Endpoint) int {
	return cmp.Or(cmp.Compare(a.Merchant, b.Merchant), cmp.Compare(a.URL, b.URL))
}

// Deliveries implements store.Reader.
func (d *database) Deliveries(_ context.Context, m pasarela.MerchantID, fit store.DeliveryFilter, after pasarela.DeliveryID, limit int) (page []pasarela.Delivery, _ error) {
	d.read(m, func(t *tables) {
		for _, id := range slices.Sorted(maps.Keys(t.deliveries.rows)) {
			if v := t.deliveries.rows[id]; id > after && len(page) < limit && fits(v.Delivery, fit) {
				page = append(page, v.Delivery)
			}
		}
	})
	return page, nil
}

func fits(d pasarela.Delivery, fit store.DeliveryFilter) bool {
	return (fit.Event == "" || d.Event == fit.Event) && (fit.Endpoint == "" || d.Endpoint == fit.Endpoint) &&
		(fit.State == "" || d.State == fit.State) &&
		(fit.From.IsZero() || !d.CreatedAt.IsZero() && !d.CreatedAt.Before(instant(fit.From))) &&
		(fit.To.IsZero() || !d.CreatedAt.IsZero() && !d.CreatedAt.After(instant(fit.To)))
}

// DeliveryAttempts implements store.Reader.
func (d *database) DeliveryAttempts(_ context.Context, m pasarela.MerchantID, id pasarela.DeliveryID) ([]pasarela.DeliveryAttempt, error) {
	v, err := find(d, m, func(t *tables) *delivery { return t.deliveries.rows[id] })
	if err != nil {
		return nil, nil
	}
	return slices.SortedFunc(slices.Values(v.log), func(a, b pasarela.DeliveryAttempt) int { return cmp.Compare(a.Number, b.Number) }), nil
}

func (t *tx) InsertDelivery(d pasarela.Delivery) error {
	d.Merchant = t.merchant
	return t.write(func() bool {
		if t.deliveries.get(d.ID) != nil {
			return false
		}
		t.lastPosition++
		v := delivery{Delivery: deliveryRow(d), position: t.lastPosition}
		for _, before := range t.pending(v.line()) {
			if v.State == pasarela.DeliveryPending && before.waits() && isDue(v.DueAt, before.DueAt) {
				v.DueAt = before.DueAt
			}
		}
		t.putDelivery(v)
		return true
	}, store.ErrDuplicate)
}

func (t *tx) ClaimDeliveries(endpoint string, now, lease time.Time, limit int) (claimed []pasarela.Delivery, err error) {
	if err := t.usable(); err != nil {
		return nil, err
	}
	var due []*delivery
	for l, ids := range t.lines.all() {
		if first := t.deliveries.get((*ids)[0]); l.endpoint == endpoint && isDue(first.DueAt, now) {
			due = append(due, first)
		}
	}
	slices.SortFunc(due, func(a, b *delivery) int { return cmp.Or(a.DueAt.Compare(b.DueAt), cmp.Compare(a.position, b.position)) })
	due = due[:min(limit, len(due))]
	slices.SortFunc(due, func(a, b *delivery) int { return cmp.Compare(a.position, b.position) })
	for _, v := range due {
		begun := *v
		begun.Delivery = begun.Claimed(instant(lease))
		t.putDelivery(begun)
		claimed = append(claimed, begun.Delivery)
	}
	return claimed, nil
}

func (t *tx) EndDelivery(d pasarela.Delivery, a pasarela.DeliveryAttempt) error {
	return t.write(func() bool {
		if old := t.deliveries.get(d.ID); old != nil {
			t.endAttempt(*old, deliveryRow(d), attemptRow(a))
		}
		return true
	}, nil)
}

// endAttempt logs an attempt at old, and has old become d unless that is out of date.
func (t *tx) endAttempt(old delivery, d pasarela.Delivery, a pasarela.DeliveryAttempt) {
	if !slices.ContainsFunc(old.log, func(b pasarela.DeliveryAttempt) bool { return a.Number == b.Number }) {
		old.log = append(slices.Clone(old.log), a)
	}
	current := old.State == pasarela.DeliveryPending && old.Attempts == d.Attempts && old.Since.Equal(d.Since)
	if current {
		old.State, old.DueAt, old.UpdatedAt = d.State, d.DueAt, d.UpdatedAt
	}
	t.putDelivery(old)
	for _, v := range t.pending(old.line()) {
		if !current || v.position <= old.position || v.Tries > 0 {
			continue
		}
		behind := *v
		switch {
		case old.State == pasarela.DeliveryPending && isDue(behind.DueAt, old.DueAt):
			behind.DueAt = old.DueAt
		case old.State != pasarela.DeliveryPending && isDue(old.UpdatedAt, behind.DueAt):
			behind.DueAt = old.UpdatedAt
		}
		t.putDelivery(behind)
	}
}

func (t *tx) Delivery(id pasarela.DeliveryID) (pasarela.Delivery, error) {
	v, err := row(t, t.deliveries.get(id))
	return v.Delivery, err
}

func (t *tx) PutDelivery(d pasarela.Delivery) error {
	return t.write(func() bool {
		old := t.deliveries.get(d.ID)
		if old == nil {
			return false
		}
		stays := *old
		stays.State, stays.Attempts, stays.Tries = d.State, d.Attempts, d.Tries
		stays.Since, stays.DueAt, stays.UpdatedAt = instant(d.Since), instant(d.DueAt), instant(d.UpdatedAt)
		t.putDelivery(stays)
		return true
	}, store.ErrNotFound)
}

func (t *tx) ForgetDeliveries(before time.Time, limit int) (int, error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	var old []dueItem[pasarela.DeliveryID]
	for id, v := range t.deliveries.all() {
		if v.State != pasarela.DeliveryPending && isDue(v.UpdatedAt, before) {
			old = append(old, dueItem[pasarela.DeliveryID]{id, v.UpdatedAt})
		}
	}
	gone := earliest(old, limit)
	for _, id := range gone {
		t.deliveries.drop(id)
	}
	return len(gone), nil
}

func deliveryRow(d pasarela.Delivery) pasarela.Delivery {
	d.Body = content(d.Body)
	if d.Headers = slices.Clone(d.Headers); len(d.Headers) == 0 {
		d.Headers = nil
	}
	d.Since, d.DueAt, d.CreatedAt, d.UpdatedAt = instant(d.Since), instant(d.DueAt), instant(d.CreatedAt), instant(d.UpdatedAt)
	return d
}

func attemptRow(a pasarela.DeliveryAttempt) pasarela.DeliveryAttempt {
	a.At, a.Answer = instant(a.At), content(a.Answer)
	return a
}
