// Package reconcile holds the gateway's books against themselves and against the issuer's.
//
// Of every payment it asks: do its postings add up to what its state says, and does the issuer believe the
// same about the money? Of every authorization of the issuer: does the gateway know it? It may run beside a
// live gateway: a difference counts only when it is still there, unchanged, after another look.
package reconcile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// IssuerEntry is what the issuer believes about one authorization.
type IssuerEntry struct {
	Reference     pasarela.PaymentID
	RRN           string
	Currency      pasarela.Currency
	AmountMinor   int64 // authorized, with what reauthorizations hold besides
	CapturedMinor int64
	RefundedMinor int64
	State         string // held, captured, reversed, released, refunded
}

// Difference is one thing that does not agree.
type Difference struct {
	Merchant  pasarela.MerchantID `json:"merchant,omitempty"`
	Reference pasarela.PaymentID  `json:"reference,omitempty"`
	RRN       string              `json:"rrn,omitempty"`
	What      string              `json:"what"`
}

func (d Difference) String() string {
	return fmt.Sprintf("merchant %s, payment %s, rrn %s: %s", d.Merchant, d.Reference, d.RRN, d.What)
}

// Report is what was compared and what does not agree. Pending payments are promises that are still to be
// kept: they are counted, not compared with the issuer.
type Report struct {
	Merchants   int          `json:"merchants"`
	Payments    int          `json:"payments"`
	Pending     int          `json:"pending"`
	Issuer      int          `json:"issuer_authorizations"`
	Differences []Difference `json:"differences"`
}

// Books are the two sets of books. Issuer is nil where there are none to compare with.
type Books struct {
	Store  store.Store
	Issuer func() ([]IssuerEntry, error)
}

const (
	page = 500
	// looks is how often a difference is looked at again before it counts, and between is how long apart:
	// longer than a payment that is under way stays between the issuer's books and ours.
	looks   = 3
	between = 300 * time.Millisecond
)

// Run compares everything.
func (b Books) Run(ctx context.Context) (Report, error) {
	report, found, err := b.pass(ctx)
	for look := 1; err == nil && len(found) > 0 && look < looks; look++ {
		if err := wait(ctx, between); err != nil {
			return report, err
		}
		var again []finding
		report, again, err = b.pass(ctx)
		found = slices.DeleteFunc(again, func(f finding) bool { return !slices.Contains(found, f) })
	}
	report.Differences = []Difference{}
	for _, f := range found {
		report.Differences = append(report.Differences, f.Difference)
	}
	return report, err
}

// finding is a difference with what it depended on: a payment that has moved since makes it another one.
type finding struct {
	Difference
	updated time.Time
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (b Books) pass(ctx context.Context) (Report, []finding, error) {
	var report Report
	issuer := map[pasarela.PaymentID]IssuerEntry{}
	if b.Issuer != nil {
		entries, err := b.Issuer()
		if err != nil {
			return report, nil, err
		}
		report.Issuer = len(entries)
		for _, e := range entries {
			issuer[e.Reference] = e
		}
	}
	var found []finding
	after := pasarela.MerchantID("")
	for {
		ids, err := b.Store.MerchantIDs(ctx, after, page)
		if err != nil {
			return report, nil, err
		}
		if len(ids) == 0 {
			break
		}
		for _, m := range ids {
			f, err := b.merchant(ctx, m, issuer, &report)
			if err != nil {
				return report, nil, err
			}
			found = append(found, f...)
		}
		after = ids[len(ids)-1]
	}
	return report, append(found, orphans(issuer)...), nil
}

// merchant compares one merchant's payments and takes those it knows out of issuer.
func (b Books) merchant(ctx context.Context, m pasarela.MerchantID, issuer map[pasarela.PaymentID]IssuerEntry, report *Report) ([]finding, error) {
	report.Merchants++
	totals, err := b.Store.Balances(ctx, m)
	if err != nil {
		return nil, err
	}
	var found []finding
	sums := map[pasarela.Currency]ledger.Balances{}
	after := pasarela.Ticket("")
	for {
		payments, err := b.Store.Payments(ctx, m, after, page)
		if err != nil {
			return nil, err
		}
		if len(payments) == 0 {
			break
		}
		after = payments[len(payments)-1].Ticket
		posted, err := b.Store.PaymentBalances(ctx, m, references(payments))
		if err != nil {
			return nil, err
		}
		for _, p := range payments {
			report.Payments++
			entry, known := issuer[p.ID]
			delete(issuer, p.ID)
			found = append(found, own(p, posted[p.ID])...)
			add(sums, p.Amount.Currency, posted[p.ID])
			if p.State.Pending() {
				report.Pending++
			} else if b.Issuer != nil {
				found = append(found, against(p, entry, known)...)
			}
		}
	}
	return append(found, rolledUp(m, totals, sums)...), nil
}

func references(payments []pasarela.Payment) []pasarela.PaymentID {
	ids := make([]pasarela.PaymentID, len(payments))
	for i, p := range payments {
		ids[i] = p.ID
	}
	return ids
}

func add(sums map[pasarela.Currency]ledger.Balances, c pasarela.Currency, b ledger.Balances) {
	if sums[c] == nil {
		sums[c] = ledger.Balances{}
	}
	for a, minor := range b {
		sums[c][a] += minor
	}
}

// own compares a payment's postings with its state.
func own(p pasarela.Payment, posted ledger.Balances) []finding {
	if expected := ledger.Expected(p); !expected.Equal(posted) {
		return differs(p, fmt.Sprintf("postings add up to %s, but a payment that is %s needs %s", describe(posted), p.State, describe(expected)))
	}
	return nil
}

// rolledUp compares the merchant's balances with the sum of its payments.
func rolledUp(m pasarela.MerchantID, totals, sums map[pasarela.Currency]ledger.Balances) []finding {
	var found []finding
	for _, c := range slices.Sorted(maps.Keys(totals)) {
		if !totals[c].Equal(sums[c]) {
			found = append(found, finding{Difference: Difference{Merchant: m,
				What: fmt.Sprintf("balances in %s are %s, but the payments add up to %s", c, describe(totals[c]), describe(sums[c]))}})
		}
	}
	return found
}

func describe(b ledger.Balances) string {
	text := ""
	for _, a := range ledger.Accounts {
		if b[a] != 0 {
			text += fmt.Sprintf("%s %d ", a, b[a])
		}
	}
	if text == "" {
		return "nothing"
	}
	return text[:len(text)-1]
}

// against compares a payment with what the issuer believes about it.
func against(p pasarela.Payment, e IssuerEntry, known bool) []finding {
	if !holdsMoney(p.State) {
		if known && moneyAtIssuer(e) {
			return differs(p, fmt.Sprintf("payment is %s, but the issuer has it %s with %d of %d taken", p.State, e.State, e.CapturedMinor, e.AmountMinor))
		}
		return nil
	}
	if !known {
		return differs(p, fmt.Sprintf("payment is %s, but the issuer does not know it", p.State))
	}
	var found []finding
	if held := p.Held(); e.Currency != held.Currency || e.AmountMinor != held.Minor {
		found = append(found, differs(p, fmt.Sprintf("amount is %d %s, the issuer has %d %s", held.Minor, held.Currency, e.AmountMinor, e.Currency))...)
	}
	if want := issuerState(p); e.State != want {
		found = append(found, differs(p, fmt.Sprintf("payment is %s, so the issuer should have it %s but has it %s", p.State, want, e.State))...)
	}
	if e.CapturedMinor != p.Captured {
		found = append(found, differs(p, fmt.Sprintf("captured is %d, the issuer has %d", p.Captured, e.CapturedMinor))...)
	}
	if e.RefundedMinor != p.Refunded {
		found = append(found, differs(p, fmt.Sprintf("refunded is %d, the issuer has %d", p.Refunded, e.RefundedMinor))...)
	}
	return found
}

// holdsMoney says that the issuer must know a payment in this state.
func holdsMoney(s pasarela.PaymentState) bool {
	return s == pasarela.StateAuthorized || s == pasarela.StateCaptured || s == pasarela.StateRefunded
}

func issuerState(p pasarela.Payment) string {
	switch p.State {
	case pasarela.StateAuthorized:
		return "held"
	case pasarela.StateRefunded:
		return "refunded"
	default:
		return "captured"
	}
}

func moneyAtIssuer(e IssuerEntry) bool { return e.State == "held" || e.State == "captured" }

func differs(p pasarela.Payment, what string) []finding {
	return []finding{{Difference{Merchant: p.Merchant, Reference: p.ID, RRN: p.Trace.RRN, What: what}, p.UpdatedAt}}
}

// orphans are authorizations of the issuer, with money in them, that no merchant of the gateway knows.
func orphans(issuer map[pasarela.PaymentID]IssuerEntry) []finding {
	var found []finding
	for _, e := range issuer {
		if moneyAtIssuer(e) {
			found = append(found, finding{Difference: Difference{Reference: e.Reference, RRN: e.RRN,
				What: fmt.Sprintf("the issuer has it %s with %d %s, but the gateway does not know it", e.State, e.AmountMinor, e.Currency)}})
		}
	}
	slices.SortFunc(found, func(a, b finding) int { return cmp.Compare(a.Reference, b.Reference) })
	return found
}
