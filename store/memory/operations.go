package memory

import (
	"context"

	"pasarela"
	"pasarela/store"
)

// Operation implements store.Reader.
func (d *database) Operation(_ context.Context, m pasarela.MerchantID, id pasarela.OperationID) (pasarela.Operation, error) {
	return find(d, m, func(t *tables) *pasarela.Operation { return t.operations.rows[id] })
}

// OperationByTicket implements store.Reader.
func (d *database) OperationByTicket(_ context.Context, m pasarela.MerchantID, ticket pasarela.Ticket) (pasarela.Operation, error) {
	return find(d, m, func(t *tables) *pasarela.Operation {
		if id := t.operationTickets.rows[ticket]; id != nil {
			return t.operations.rows[*id]
		}
		return nil
	})
}

func (t *tx) InsertOperation(o pasarela.Operation) error {
	o.Merchant = t.merchant
	return t.write(func() bool {
		return t.operationTickets.insert(o.Ticket, o.ID) && t.operations.insert(o.ID, operationRow(o))
	}, store.ErrDuplicate)
}

func (t *tx) Operation(id pasarela.OperationID) (pasarela.Operation, error) {
	return row(t, t.operations.get(id))
}

func (t *tx) PutOperation(o pasarela.Operation) error {
	return t.write(func() bool {
		old := t.operations.get(o.ID)
		if old == nil {
			return false
		}
		stays := *old
		stays.State, stays.Trace, stays.UpdatedAt = o.State, o.Trace, o.UpdatedAt
		stays.ResponseCode, stays.ApprovalCode = o.ResponseCode, o.ApprovalCode
		t.operations.put(o.ID, operationRow(stays))
		return true
	}, store.ErrNotFound)
}

func operationRow(o pasarela.Operation) pasarela.Operation {
	o.Order, o.Trace.SentAt = content(o.Order), instant(o.Trace.SentAt)
	o.CreatedAt, o.UpdatedAt = instant(o.CreatedAt), instant(o.UpdatedAt)
	return o
}
