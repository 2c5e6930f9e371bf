package postgres

import (
	"context"

	"pasarela"
	"pasarela/ledger"
)

// lockPostings keeps a roll-up and units that post apart, without keeping these apart from each other: they
// share the lock, a roll-up has it alone.
const lockPostings = `SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 7265381042))`

// Post implements store.PaymentTx. A posting that comes after the roll-up has passed its id would lie in no
// tail: it goes into the balances.
func (t *tx) Post(postings []ledger.Posting) error {
	if len(postings) == 0 {
		return nil
	}
	if err := t.exec(lockPostings, t.merchant); err != nil {
		return err
	}
	for _, p := range postings {
		err := t.exec(`
			WITH posted AS (
				INSERT INTO postings (merchant, id, payment, event, debit, credit, amount, currency, at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
				RETURNING merchant, id, currency, debit, credit, amount)
			INSERT INTO balances AS b (merchant, currency, account, amount)
			SELECT p.merchant, p.currency, leg.account, leg.amount
			FROM posted p JOIN roll_ups r ON r.merchant = p.merchant AND p.id <= r.up_to,
				LATERAL (VALUES (p.debit, p.amount), (p.credit, -p.amount)) leg (account, amount)
			ORDER BY leg.account
			ON CONFLICT (merchant, currency, account) DO UPDATE SET amount = b.amount + excluded.amount`,
			t.merchant, string(p.ID), string(p.Payment), string(p.Event), string(p.Debit), string(p.Credit),
			p.Amount.Minor, string(p.Amount.Currency), stamp(p.At))
		if err != nil {
			return err
		}
	}
	return nil
}

// PaymentBalances implements store.Reader. OFFSET 0 keeps it at one look-up per payment, whatever is known of
// the table when it is planned.
func (s *Store) PaymentBalances(ctx context.Context, m pasarela.MerchantID, ids []pasarela.PaymentID) (map[pasarela.PaymentID]ledger.Balances, error) {
	list := make([]string, len(ids))
	for i, id := range ids {
		list[i] = string(id)
	}
	found := make(map[pasarela.PaymentID]ledger.Balances, len(ids))
	for _, id := range ids {
		found[id] = ledger.Balances{}
	}
	err := s.query(ctx, func(r row) error {
		var id pasarela.PaymentID
		var debit, credit ledger.Account
		var minor int64
		err := r.Scan((*string)(&id), (*string)(&debit), (*string)(&credit), &minor)
		if err == nil {
			found[id].Add(debit, credit, minor)
		}
		return err
	}, `
		SELECT p.payment, p.debit, p.credit, p.amount
		FROM (SELECT DISTINCT unnest($2::TEXT[]) AS payment) wanted,
			LATERAL (SELECT * FROM postings WHERE merchant = $1 AND payment = wanted.payment OFFSET 0) p`, string(m), list)
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
			SELECT currency, debit, credit, SUM(amount)::BIGINT AS amount FROM postings
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

// RollUp implements store.Reader.
func (s *Store) RollUp(ctx context.Context, m pasarela.MerchantID, upTo pasarela.PostingID) error {
	return s.update(ctx, m, func(t *tx) error {
		if err := t.exec(`SELECT pg_advisory_xact_lock(hashtextextended($1, 7265381042))`, string(m)); err != nil {
			return err
		}
		err := t.exec(`
			WITH folded AS (
				SELECT currency, debit, credit, SUM(amount)::BIGINT AS amount FROM postings
				WHERE merchant = $1 AND id > COALESCE((SELECT up_to FROM roll_ups WHERE merchant = $1), '') AND id <= $2
				GROUP BY currency, debit, credit)
			INSERT INTO balances AS b (merchant, currency, account, amount)
			SELECT $1, currency, account, SUM(amount)::BIGINT FROM (
				SELECT currency, debit AS account, amount FROM folded
				UNION ALL SELECT currency, credit, -amount FROM folded) leg
			GROUP BY currency, account
			ON CONFLICT (merchant, currency, account) DO UPDATE SET amount = b.amount + excluded.amount`, string(m), string(upTo))
		if err != nil {
			return err
		}
		return t.exec(`
			INSERT INTO roll_ups AS r (merchant, up_to) VALUES ($1, $2)
			ON CONFLICT (merchant) DO UPDATE SET up_to = GREATEST(r.up_to, excluded.up_to)`, string(m), string(upTo))
	})
}
