package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var operationScenarios = []scenario{
	on("an operation comes back as it was inserted", operationComesBack),
	on("an operation's id and ticket serve once", operationDuplicate),
	on("putting an operation stores its outcome, and nothing else", operationPut),
	on("an operation that was approved can become voided", operationVoided),
}

func insertOperations(t *testing.T, s store.Store, operations ...pasarela.Operation) {
	t.Helper()
	for _, o := range operations {
		update(t, s, o.Merchant, func(tx store.Tx) error { return tx.InsertOperation(o) })
	}
}

func operationComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Operation{Merchant: shop, ID: "bare", Ticket: "bare"}
	for _, o := range []pasarela.Operation{sampleOperation("full"), bare} {
		insertOperations(t, s, o)
		same(t, "operation", found(s.Operation(t.Context(), shop, o.ID))(t), o)
		same(t, "operation by ticket", found(s.OperationByTicket(t.Context(), shop, o.Ticket))(t), o)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "operation in a unit", found(tx.Operation(o.ID))(t), o)
			return nil
		})
	}
	absent(s.Operation(t.Context(), shop, "never"))(t, "unknown operation")
	absent(s.OperationByTicket(t.Context(), shop, "never"))(t, "unknown ticket")
}

func operationDuplicate(t *testing.T, s store.Store) {
	insertOperations(t, s, sampleOperation("o"))
	sameID, sameTicket := sampleOperation("o"), sampleOperation("q")
	sameID.Ticket, sameTicket.Ticket = "fresh", "ticket-o"
	for _, o := range []pasarela.Operation{sameID, sameTicket} {
		refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertOperation(o) })
	}
	same(t, "operation", found(s.Operation(t.Context(), shop, "o"))(t), sampleOperation("o"))
}

func operationPut(t *testing.T, s store.Store) {
	insertOperations(t, s, sampleOperation("o"))
	put := pasarela.Operation{
		Merchant: shop, ID: "o", State: pasarela.OpDeclined, Trace: pasarela.Trace{STAN: 1, RRN: "1"}, ResponseCode: "91", ApprovalCode: "", UpdatedAt: later(time.Hour),
		// none of these is stored:
		Payment: "other", Of: "other", Ticket: "other", Kind: pasarela.OpVoid, Amount: pasarela.Money{Minor: 1, Currency: "USD"}, Order: []byte("other"), CreatedAt: later(time.Hour),
	}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutOperation(put) })
	want := sampleOperation("o")
	want.State, want.Trace, want.ResponseCode, want.ApprovalCode, want.UpdatedAt = put.State, put.Trace, put.ResponseCode, put.ApprovalCode, put.UpdatedAt
	same(t, "operation", found(s.Operation(t.Context(), shop, "o"))(t), want)
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutOperation(put) })
}

func operationVoided(t *testing.T, s store.Store) {
	o := sampleOperation("o")
	o.Kind, o.State, o.Of = pasarela.OpReauthorize, pasarela.OpApproved, ""
	insertOperations(t, s, o)
	o.State, o.UpdatedAt = pasarela.OpVoided, later(time.Hour)
	update(t, s, shop, func(tx store.Tx) error { return tx.PutOperation(o) })
	same(t, "operation", found(s.Operation(t.Context(), shop, "o"))(t), o)
}
