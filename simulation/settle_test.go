package simulation

import (
	"slices"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/ledger"
	"pasarela/reconcile"
	"pasarela/store"
)

// settle lets the faults stop and what is owed be paid, then checks what is left: invariants 3 to 6.
func (w *world) settle() {
	w.bank().ClearFaults()
	w.runUntilQuiet()
	w.checkBooks()
	w.clock.jump(pasarela.AuthenticationLife)
	w.runUntilQuiet()
	w.checkPasswordHolds()
	w.clock.jump(29 * 24 * time.Hour)
	w.runUntilQuiet()
	w.checkBooks()
	for _, a := range w.bank().Authorizations(0, 0) {
		if a.State == simulator.StateHeld {
			w.violation("the issuer still holds %s after every authorization has expired", a.Reference)
		}
	}
}

// patience is how many rounds of due work may be needed once faults have stopped.
const patience = 50

func (w *world) runUntilQuiet() {
	for range patience {
		for _, p := range w.up {
			p.runDue()
		}
		pending, err := w.up[0].gateway.Pending(w.ctx)
		if err != nil {
			w.violation("pending payments cannot be counted: %v", err)
			return
		}
		if pending == 0 && !w.verifying() && !w.billing() {
			return
		}
		time.Sleep(time.Second)
		w.clock.jump(time.Minute)
	}
	w.violation("payments are still pending although the network works and all that was due has run")
}

// verifying says that the verification of some stored card has not ended: a node that died left it to fall due.
func (w *world) verifying() bool {
	return slices.ContainsFunc(w.shops, func(s *shop) bool {
		due, err := w.database.DueSubscriptions(w.ctx, s.merchant.ID, w.clock.Now().Add(time.Hour), 1)
		return err == nil && len(due) > 0 // an error is reported by checkSubscriptions
	})
}

// billing says that a charge is due, or was put off for a few minutes because a failing database could not promise it.
func (w *world) billing() bool {
	return slices.ContainsFunc(w.shops, func(s *shop) bool {
		due, err := w.database.BillableSubscriptions(w.ctx, s.merchant.ID, w.clock.Now().Add(5*time.Minute), 1)
		return err == nil && len(due) > 0 // an error is reported by checkSubscriptions
	})
}

func (w *world) checkBooks() {
	report, err := reconcile.Books{Store: w.database, Issuer: w.issuerEntries}.Run(w.ctx)
	if err != nil {
		w.violation("reconcile: %v", err)
		return
	}
	for _, d := range report.Differences {
		w.violation("reconcile: %s", d)
	}
	known := map[pasarela.PaymentID]pasarela.Payment{}
	for _, s := range w.shops {
		payments := w.paymentsOf(w.database, s.merchant.ID)
		w.checkPayments(w.database, s.merchant.ID, payments)
		w.checkSubscriptions(w.database, s)
		for _, q := range payments {
			known[q.ID] = q
		}
	}
	w.checkPages(known)
	approved := map[pasarela.PaymentID]bool{}
	for _, a := range w.bank().Authorizations(0, 0) {
		p, ours := known[a.Reference]
		switch {
		case !ours:
			w.violation("the issuer has %s as %s, and no merchant has it", a.Reference, a.State)
		case approved[p.ID]:
			w.violation("the issuer approved %s twice", p.ID)
		case (p.State == pasarela.StateAuthorized || p.Captured > 0) && p.Held().Minor != a.AmountMinor:
			w.violation("payment %s is %s and holds %s, the issuer holds %d for it", p.ID, p.State, p.Held(), a.AmountMinor)
		}
		approved[a.Reference] = true
		w.checkProof(p)
		if a.CapturedMinor > (pasarela.Money{Minor: a.AmountMinor}).Percent(110).Minor || a.RefundedMinor > a.CapturedMinor {
			w.violation("the issuer has %s with %d captured and %d refunded of %d", a.Reference, a.CapturedMinor, a.RefundedMinor, a.AmountMinor)
		}
	}
	w.checkStatements(w.database)
}

func (w *world) issuerEntries() ([]reconcile.IssuerEntry, error) {
	var entries []reconcile.IssuerEntry
	for _, a := range w.bank().Authorizations(0, 0) {
		entries = append(entries, reconcile.IssuerEntry{Reference: a.Reference, RRN: a.RRN, Currency: a.Currency, AmountMinor: a.AmountMinor,
			CapturedMinor: a.CapturedMinor, RefundedMinor: a.RefundedMinor, State: string(a.State)})
	}
	return entries, nil
}

func (w *world) paymentsOf(disk store.Store, m pasarela.MerchantID) (all []pasarela.Payment) {
	after := pasarela.Ticket("")
	for {
		page, err := disk.Payments(w.ctx, m, after, 500)
		if err != nil {
			w.violation("payments cannot be listed: %v", err)
			return all
		}
		if len(page) == 0 {
			return all
		}
		all, after = append(all, page...), page[len(page)-1].Ticket
	}
}

// checkPayments looks at each payment by itself, and at what was spent twice.
func (w *world) checkPayments(disk store.Store, m pasarela.MerchantID, payments []pasarela.Payment) {
	spent := map[pasarela.TokenID]pasarela.PaymentID{}
	ids := make([]pasarela.PaymentID, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
		switch other := spent[p.Token]; {
		case p.State.Pending():
			w.violation("payment %s is still %s", p.ID, p.State)
		case p.Token != "" && other != "" && !forPassword(p):
			w.violation("token %s was spent for %s and for %s", p.Token, other, p.ID)
		case p.Captured > max(p.CaptureCeiling().Minor, p.Amount.Minor) || p.Refunded > p.Captured:
			w.violation("payment %s has %d captured and %d refunded of %s", p.ID, p.Captured, p.Refunded, p.Amount)
		case p.State.Final() && !p.Card.Empty():
			w.violation("payment %s is %s and still has its card", p.ID, p.State)
		}
		if !forPassword(p) { // beside such a hold its card is charged
			spent[p.Token] = p.ID
		}
	}
	balances, err := disk.PaymentBalances(w.ctx, m, ids)
	if err != nil {
		w.violation("postings cannot be added up: %v", err)
		return
	}
	for _, p := range payments {
		if expected := ledger.Expected(p); !expected.Equal(balances[p.ID]) {
			w.violation("payment %s is %s and has postings of %v, not %v", p.ID, p.State, balances[p.ID], expected)
		}
	}
}

func (w *world) checkSubscriptions(disk store.Store, s *shop) {
	due, err := disk.DueSubscriptions(w.ctx, s.merchant.ID, w.clock.Now().Add(time.Hour), 1)
	if err != nil || len(due) > 0 {
		w.violation("subscription %v is still being verified (%v)", due, err)
	}
	for _, id := range s.stored {
		sub, err := disk.Subscription(w.ctx, s.merchant.ID, id)
		if err != nil || sub.State != pasarela.SubscriptionActive {
			w.violation("subscription %s: merchant was told active, the database says %q (%v)", id, sub.State, err)
		}
		w.checkPeriods(s.merchant.ID, sub)
	}
}

// checkStatements holds everything that merchants were told against the database, crashes later.
func (w *world) checkStatements(disk store.Store) {
	for id, statements := range w.book.payments {
		for _, said := range statements {
			p, err := disk.Payment(w.ctx, said.merchant, id)
			if err != nil || !mayFollow(said.state, p.State) {
				w.violation("payment %s: merchant was told %s, the database now says %q (%v)", id, said.state, p.State, err)
			}
		}
	}
	for id, said := range w.book.operations {
		o, err := disk.Operation(w.ctx, said.merchant, id)
		if err != nil || !operationMayFollow(said.state, o.State) || o.State == pasarela.OpPending {
			w.violation("operation %s: merchant was told %s, the database now says %q (%v)", id, said.state, o.State, err)
		}
	}
}
