package sqlite

import (
	"context"

	"pasarela"
)

// operationColumns are all but the merchant, as scanOperation takes them.
const operationColumns = `id, payment, target, ticket, kind, state, amount, currency, trace_stan, trace_rrn, trace_sent_at,
	response_code, approval_code, details, created_at, updated_at`

// InsertOperation implements store.PaymentTx.
func (t *tx) InsertOperation(o pasarela.Operation) error {
	args := append(make([]any, 0, 17), t.merchant, string(o.ID), string(o.Payment), string(o.Of), string(o.Ticket), string(o.Kind),
		string(o.State), o.Amount.Minor, string(o.Amount.Currency))
	args = traceValues(args, o.Trace)
	args = append(args, o.ResponseCode, o.ApprovalCode, blob(o.Order), micros(o.CreatedAt), micros(o.UpdatedAt))
	_, err := t.exec(`
		INSERT INTO operations (merchant, `+operationColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, args...)
	return err
}

const (
	selectOperation         = `SELECT ` + operationColumns + ` FROM operations WHERE merchant = ? AND id = ?`
	selectOperationByTicket = `SELECT ` + operationColumns + ` FROM operations WHERE merchant = ? AND ticket = ?`
)

// Operation implements store.PaymentTx.
func (t *tx) Operation(id pasarela.OperationID) (pasarela.Operation, error) {
	return scanOperation(t.queryRow(selectOperation, t.merchant, string(id)), t.merchant)
}

// Operation implements store.Reader.
func (s *Store) Operation(ctx context.Context, m pasarela.MerchantID, id pasarela.OperationID) (pasarela.Operation, error) {
	return scanOperation(s.queryRow(ctx, selectOperation, string(m), string(id)), string(m))
}

// OperationByTicket implements store.Reader.
func (s *Store) OperationByTicket(ctx context.Context, m pasarela.MerchantID, t pasarela.Ticket) (pasarela.Operation, error) {
	return scanOperation(s.queryRow(ctx, selectOperationByTicket, string(m), string(t)), string(m))
}

func scanOperation(r row, merchant string) (pasarela.Operation, error) {
	o := pasarela.Operation{Merchant: pasarela.MerchantID(merchant)}
	dest := append(make([]any, 0, 16), (*string)(&o.ID), (*string)(&o.Payment), (*string)(&o.Of), (*string)(&o.Ticket), (*string)(&o.Kind),
		(*string)(&o.State), &o.Amount.Minor, (*string)(&o.Amount.Currency))
	dest = traceTargets(dest, &o.Trace)
	dest = append(dest, &o.ResponseCode, &o.ApprovalCode, &o.Order, at(&o.CreatedAt), at(&o.UpdatedAt))
	if err := r.Scan(dest...); err != nil {
		return pasarela.Operation{}, err
	}
	return o, nil
}

// PutOperation implements store.PaymentTx.
func (t *tx) PutOperation(o pasarela.Operation) error {
	args := traceValues([]any{string(o.State)}, o.Trace)
	args = append(args, o.ResponseCode, o.ApprovalCode, micros(o.UpdatedAt), t.merchant, string(o.ID))
	return t.put(`
		UPDATE operations SET state = ?, trace_stan = ?, trace_rrn = ?, trace_sent_at = ?,
			response_code = ?, approval_code = ?, updated_at = ?
		WHERE merchant = ? AND id = ?`, args...)
}
