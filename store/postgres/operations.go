package postgres

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
	args = append(args, o.ResponseCode, o.ApprovalCode, blob(o.Order), stamp(o.CreatedAt), stamp(o.UpdatedAt))
	return t.exec(`
		INSERT INTO operations (merchant, `+operationColumns+`)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, args...)
}

const (
	selectOperation         = `SELECT ` + operationColumns + ` FROM operations WHERE merchant = $1 AND id = $2`
	selectOperationByTicket = `SELECT ` + operationColumns + ` FROM operations WHERE merchant = $1 AND ticket = $2`
)

// Operation implements store.PaymentTx.
func (t *tx) Operation(id pasarela.OperationID) (pasarela.Operation, error) {
	return scanOperation(t.queryRow(selectOperation+` FOR UPDATE`, t.merchant, string(id)), t.merchant)
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
	args = append(args, o.ResponseCode, o.ApprovalCode, stamp(o.UpdatedAt), t.merchant, string(o.ID))
	return t.put(`
		UPDATE operations SET state = $1, trace_stan = $2, trace_rrn = $3, trace_sent_at = $4,
			response_code = $5, approval_code = $6, updated_at = $7
		WHERE merchant = $8 AND id = $9 RETURNING 1`, args...)
}
