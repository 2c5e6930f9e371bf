package postgres

import (
	"context"
	"encoding/json"

	"pasarela"
	"pasarela/ledger"
)

// Post implements store.PaymentTx.
func (t *tx) Post(postings []ledger.Posting) error {
	for _, p := range postings {
		_, err := t.exec(`
			INSERT INTO postings (merchant, id, payment, event, debit, credit, amount, currency, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			t.merchant, string(p.ID), string(p.Payment), string(p.Event), string(p.Debit), string(p.Credit),
			p.Amount.Minor, string(p.Amount.Currency), stamp(p.At))
		if err != nil {
			return err
		}
	}
	return nil
}

// PaymentBalances implements store.Reader.
func (s *Store) PaymentBalances(ctx context.Context, m pasarela.MerchantID, ids []pasarela.PaymentID) (map[pasarela.PaymentID]ledger.Balances, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, internal(err, "payments cannot be listed")
	}
	found := make(map[pasarela.PaymentID]ledger.Balances, len(ids))
	for _, id := range ids {
		found[id] = ledger.Balances{}
	}
	err = s.query(ctx, func(r row) error {
		var id pasarela.PaymentID
		var debit, credit ledger.Account
		var minor int64
		err := r.Scan((*string)(&id), (*string)(&debit), (*string)(&credit), &minor)
		if err == nil {
			found[id].Add(debit, credit, minor)
		}
		return err
	}, `
		SELECT payment, debit, credit, amount FROM postings
		WHERE merchant = $1 AND payment IN (SELECT value FROM json_each($2))`, string(m), string(list))
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Balances implements store.Reader. One statement, so that what is rolled up and the tail fit together.
func (s *Store) Balances(ctx context.Context, m pasarela.MerchantID) (map[pasarela.Currency]ledger.Balances, error) {
	found := map[pasarela.Currency]ledger.Balances{}
	err := s.query(ctx, func(r row) error {
		var c pasarela.Currency
		var account ledger.Account
		var amount int64
		err := r.Scan((*string)(&c), (*string)(&account), &amount)
		if found[c] == nil {
			found[c] = ledger.Balances{}
		}
		found[c][account] += amount
		return err
	}, `
		WITH tail AS MATERIALIZED (
			SELECT currency, debit, credit, SUM(amount) AS amount FROM postings
			WHERE merchant = $1 AND id > COALESCE((SELECT up_to FROM roll_ups WHERE merchant = $1), '')
			GROUP BY currency, debit, credit)
		SELECT currency, account, amount FROM balances WHERE merchant = $1
		UNION ALL SELECT currency, debit, amount FROM tail
		UNION ALL SELECT currency, credit, -amount FROM tail`, string(m))
	if err != nil {
		return nil, err
	}
	return found, nil
}

// RollUp implements store.Reader. What is posted later under an id that was passed goes into the balances
// at once, by the trigger postings_late.
func (s *Store) RollUp(ctx context.Context, m pasarela.MerchantID, upTo pasarela.PostingID) error {
	return s.writer.do(ctx, m, func(t *tx) error {
		_, err := t.exec(`
			WITH folded AS MATERIALIZED (
				SELECT currency, debit, credit, SUM(amount) AS amount FROM postings
				WHERE merchant = $1 AND id > COALESCE((SELECT up_to FROM roll_ups WHERE merchant = $1), '') AND id <= $2
				GROUP BY currency, debit, credit)
			INSERT INTO balances (merchant, currency, account, amount)
			SELECT $1, currency, account, SUM(amount) FROM (
				SELECT currency, debit AS account, amount FROM folded
				UNION ALL SELECT currency, credit, -amount FROM folded)
			WHERE true GROUP BY currency, account
			ON CONFLICT (merchant, currency, account) DO UPDATE SET amount = amount + excluded.amount`, string(m), string(upTo))
		if err != nil {
			return err
		}
		_, err = t.exec(`
			INSERT INTO roll_ups (merchant, up_to) VALUES ($1, $2)
			ON CONFLICT (merchant) DO UPDATE SET up_to = max(up_to, excluded.up_to)`, string(m), string(upTo))
		return err
	})
}
