package storetest

import (
	"maps"
	"slices"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var paymentScenarios = []scenario{
	on("a payment comes back as it was inserted", paymentComesBack),
	on("a payment's id and ticket serve once", paymentDuplicate),
	on("putting a payment stores what can change, and nothing else", paymentPut),
	on("of many callers one captures an authorization", paymentCapturedOnce),
	on("due payments are listed earliest first", paymentsDue),
	on("payments are listed by ticket, page by page", paymentsListed),
	on("pending payments are counted by their state", paymentsPending),
}

func insertPayments(t *testing.T, s store.Store, payments ...pasarela.Payment) {
	t.Helper()
	for _, p := range payments {
		update(t, s, p.Merchant, func(tx store.Tx) error { return tx.InsertPayment(p) })
	}
}

func paymentComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Payment{Merchant: shop, ID: "bare", Ticket: "bare"}
	for _, p := range []pasarela.Payment{samplePayment("full"), bare} {
		insertPayments(t, s, p)
		same(t, "payment", found(s.Payment(t.Context(), shop, p.ID))(t), p)
		same(t, "payment by ticket", found(s.PaymentByTicket(t.Context(), shop, p.Ticket))(t), p)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "payment in a unit", found(tx.Payment(p.ID))(t), p)
			return nil
		})
	}
	absent(s.Payment(t.Context(), shop, "never"))(t, "unknown payment")
	absent(s.PaymentByTicket(t.Context(), shop, "never"))(t, "unknown ticket")
	update(t, s, shop, func(tx store.Tx) error {
		absent(tx.Payment("never"))(t, "unknown payment in a unit")
		return nil
	})
}

func paymentDuplicate(t *testing.T, s store.Store) {
	insertPayments(t, s, samplePayment("p"))
	sameID, sameTicket := samplePayment("p"), samplePayment("q")
	sameID.Ticket, sameTicket.Ticket = "fresh", "ticket-p"
	for _, p := range []pasarela.Payment{sameID, sameTicket} {
		refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertPayment(p) })
	}
	same(t, "payment", found(s.Payment(t.Context(), shop, "p"))(t), samplePayment("p"))
	absent(s.Payment(t.Context(), shop, "q"))(t, "refused payment")
}

func paymentPut(t *testing.T, s store.Store) {
	insertPayments(t, s, samplePayment("p"), samplePayment("untouched"))
	put := pasarela.Payment{
		Merchant: shop, ID: "p", State: pasarela.StateCapturing, Reauthorized: 101, Captured: 100, Refunded: 99, Trace: pasarela.Trace{STAN: 5, RRN: "5", SentAt: later(5)},
		Operation: "other", Attempts: 9, ResponseCode: "51", ApprovalCode: "X", Advice: "03", UpdatedAt: later(time.Hour),
		// none of these is stored:
		Ticket: "other", Kind: pasarela.KindSale, Amount: pasarela.Money{Minor: 1, Currency: "USD"}, Token: "other", Recurrence: "other", Authentication: "other", Subscription: "other",
		Dialect: "monri", Order: []byte("other"), CreatedAt: later(time.Hour),
	}
	put.Trace.SentAt = later(5 * time.Second)
	update(t, s, shop, func(tx store.Tx) error { return tx.PutPayment(put) })
	want := samplePayment("p")
	want.State, want.Reauthorized, want.Captured, want.Refunded, want.Card = put.State, put.Reauthorized, put.Captured, put.Refunded, put.Card
	want.Trace, want.Follow, want.CaptureTrace, want.Operation, want.Attempts = put.Trace, put.Follow, put.CaptureTrace, put.Operation, put.Attempts
	want.DueAt, want.ExpiresAt, want.UpdatedAt = put.DueAt, put.ExpiresAt, put.UpdatedAt
	want.ResponseCode, want.ApprovalCode, want.Advice = put.ResponseCode, put.ApprovalCode, put.Advice
	same(t, "payment", found(s.Payment(t.Context(), shop, "p"))(t), want)
	same(t, "its neighbour", found(s.Payment(t.Context(), shop, "untouched"))(t), samplePayment("untouched"))
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutPayment(put) })
}

func paymentCapturedOnce(t *testing.T, s store.Store) {
	insertPayments(t, s, heldPayment("p"))
	oneWins(t, together(func(i int) error {
		o := sampleOperation(pasarela.OperationID(number("o", i)))
		o.Kind, o.Amount = pasarela.OpCapture, samplePayment("p").Amount
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			p, err := tx.Payment("p")
			if err != nil {
				return err
			}
			if p, err = p.BeginCapture(o, later(time.Minute), noon); err != nil {
				return err
			}
			if err := tx.InsertOperation(o); err != nil {
				return err
			}
			return tx.PutPayment(p)
		})
	}), pasarela.CodeBusy)
	p := found(s.Payment(t.Context(), shop, "p"))(t)
	same(t, "operation of the winner", found(s.Operation(t.Context(), shop, p.Operation))(t).ID, p.Operation)
}

func paymentsDue(t *testing.T, s store.Store) {
	due := func(id pasarela.PaymentID, at time.Time) pasarela.Payment {
		p := samplePayment(id)
		p.DueAt = at
		return p
	}
	insertPayments(t, s, due("late", later(time.Microsecond)), due("b", noon), due("a", noon), due("first", later(-time.Hour)), due("never", time.Time{}))
	elsewhere := due("elsewhere", later(-time.Hour))
	elsewhere.Merchant = other
	insertPayments(t, s, elsewhere)
	same(t, "due", found(s.Due(t.Context(), shop, noon, 10))(t), []pasarela.PaymentID{"first", "a", "b"})
	same(t, "due, limited", found(s.Due(t.Context(), shop, noon, 2))(t), []pasarela.PaymentID{"first", "a"})
	update(t, s, shop, func(tx store.Tx) error { return tx.PutPayment(due("first", time.Time{})) })
	update(t, s, shop, func(tx store.Tx) error { return tx.PutPayment(due("never", noon)) })
	same(t, "due after changes", found(s.Due(t.Context(), shop, noon, 10))(t), []pasarela.PaymentID{"a", "b", "never"})
}

func paymentsListed(t *testing.T, s store.Store) {
	var want []pasarela.Payment
	for i := range 5 {
		p := samplePayment(pasarela.PaymentID(number("p", 9-i)))
		p.Ticket = pasarela.Ticket(number("t", i))
		want = append(want, p)
	}
	for _, i := range []int{3, 0, 4, 1, 2} {
		insertPayments(t, s, want[i])
	}
	elsewhere := samplePayment("elsewhere")
	elsewhere.Merchant = other
	insertPayments(t, s, elsewhere)
	var got []pasarela.Payment
	for after := pasarela.Ticket(""); ; {
		page := found(s.Payments(t.Context(), shop, after, 2))(t)
		if len(page) == 0 {
			break
		}
		if len(page) > 2 {
			t.Fatalf("a page of 2 has %d payments", len(page))
		}
		got, after = append(got, page...), page[len(page)-1].Ticket
	}
	same(t, "payments", got, want)
}

func paymentsPending(t *testing.T, s store.Store) {
	known := map[pasarela.PaymentState]bool{}
	for from, to := range pasarela.Transitions {
		known[from] = true
		for _, state := range to {
			known[state] = true
		}
	}
	want := 0
	for _, state := range slices.Sorted(maps.Keys(known)) {
		p := samplePayment(pasarela.PaymentID(state))
		p.State, p.DueAt = state, time.Time{}
		insertPayments(t, s, p)
		if state.Pending() {
			want++
		}
		same(t, "pending up to "+string(state), found(s.PendingPayments(t.Context(), shop))(t), want)
	}
	same(t, "pending at another merchant", found(s.PendingPayments(t.Context(), other))(t), 0)
}
