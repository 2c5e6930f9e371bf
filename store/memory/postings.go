package memory

import (
	"context"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// PaymentBalances implements store.Reader.
func (d *database) PaymentBalances(_ context.Context, m pasarela.MerchantID, ids []pasarela.PaymentID) (map[pasarela.PaymentID]ledger.Balances, error) {
	found := make(map[pasarela.PaymentID]ledger.Balances, len(ids))
	for _, id := range ids {
		found[id] = ledger.Balances{}
	}
	d.read(m, func(t *tables) {
		for _, p := range t.postings.rows {
			if b := found[p.Payment]; b != nil {
				b.Add(p.Debit, p.Credit, p.Amount.Minor)
			}
		}
	})
	return found, nil
}

// Balances implements store.Reader.
func (d *database) Balances(_ context.Context, m pasarela.MerchantID) (map[pasarela.Currency]ledger.Balances, error) {
	found := map[pasarela.Currency]ledger.Balances{}
	d.read(m, func(t *tables) {
		for _, p := range t.postings.rows {
			if found[p.Amount.Currency] == nil {
				found[p.Amount.Currency] = ledger.Balances{}
			}
			found[p.Amount.Currency].Add(p.Debit, p.Credit, p.Amount.Minor)
		}
	})
	return found, nil
}

// RollUp implements store.Reader: balances are added up anew each time, so there is nothing to fold.
func (d *database) RollUp(context.Context, pasarela.MerchantID, pasarela.PostingID) error { return nil }

func (t *tx) Post(postings []ledger.Posting) error {
	return t.write(func() bool {
		for _, p := range postings {
			p.Merchant, p.At = t.merchant, instant(p.At)
			if !t.postings.insert(p.ID, p) {
				return false
			}
		}
		return true
	}, store.ErrDuplicate)
}
