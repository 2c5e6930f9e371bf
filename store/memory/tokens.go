package memory

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Token implements store.Reader.
func (d *database) Token(_ context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Token, error) {
	return find(d, m, func(t *tables) *pasarela.Token { return t.tokens.rows[id] })
}

func (t *tx) InsertToken(k pasarela.Token) error {
	k.Merchant = t.merchant
	return t.write(func() bool { return t.tokens.insert(k.ID, tokenRow(k)) }, store.ErrDuplicate)
}

func (t *tx) Token(id pasarela.TokenID) (pasarela.Token, error) { return row(t, t.tokens.get(id)) }

func (t *tx) SpendToken(id pasarela.TokenID, at time.Time) error {
	return t.write(func() bool {
		k := t.tokens.get(id)
		if k != nil {
			spent := *k
			spent.SpentAt, spent.Card, spent.CVV = instant(at), pasarela.Sealed{}, pasarela.Sealed{}
			t.tokens.put(id, spent)
		}
		return k != nil
	}, store.ErrNotFound)
}

func (t *tx) ForgetTokens(expired, gone time.Time, limit int) (n int, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	for id, k := range t.tokens.rows {
		switch {
		case n == limit:
			return n, nil
		case isDue(k.ExpiresAt, gone):
			t.tokens.drop(id)
			n++
		case isDue(k.ExpiresAt, expired) && !(k.Card.Empty() && k.CVV.Empty()):
			bare := *k
			bare.Card, bare.CVV = pasarela.Sealed{}, pasarela.Sealed{}
			t.tokens.put(id, bare)
			n++
		}
	}
	return n, nil
}

func tokenRow(t pasarela.Token) pasarela.Token {
	t.Card, t.CVV, t.Details = sealedRow(t.Card), sealedRow(t.CVV), content(t.Details)
	t.CreatedAt, t.ExpiresAt, t.SpentAt = instant(t.CreatedAt), instant(t.ExpiresAt), instant(t.SpentAt)
	return t
}
