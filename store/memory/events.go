package memory

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// Events implements store.Reader. Units run one after the other, so places have no gaps.
func (d *database) Events(_ context.Context, m pasarela.MerchantID, after int64, limit int) (page []pasarela.Event, _ error) {
	d.read(m, func(t *tables) {
		for place := max(after, 0) + 1; len(page) < limit; place++ {
			e := t.events.rows[place]
			if e == nil {
				return
			}
			page = append(page, *e)
		}
	})
	return page, nil
}

func (t *tx) InsertEvent(e pasarela.Event) error {
	e.Merchant, e.At, e.Data = t.merchant, instant(e.At), content(e.Data)
	e.Place = int64(len(t.events.rows) + len(t.events.staged) + 1)
	return t.write(func() bool {
		return t.eventIDs.insert(e.ID, e.Place) && t.events.insert(e.Place, e)
	}, store.ErrDuplicate)
}
