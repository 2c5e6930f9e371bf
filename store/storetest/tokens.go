package storetest

import (
	"context"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var tokenScenarios = []scenario{
	on("a token comes back as it was inserted", tokenComesBack),
	on("a token id serves once", tokenDuplicate),
	on("a spent token has lost its card and its CVV", tokenSpent),
	on("of many callers one spends a token", tokenSpentOnce),
	on("tokens are forgotten as they expire and deleted later", tokensForgotten),
	on("forgetting tokens keeps to its limit", tokensForgottenByAndBy),
}

func insertTokens(t *testing.T, s store.Store, tokens ...pasarela.Token) {
	t.Helper()
	for _, k := range tokens {
		update(t, s, k.Merchant, func(tx store.Tx) error { return tx.InsertToken(k) })
	}
}

func tokenComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Token{Merchant: shop, ID: "bare"}
	for _, k := range []pasarela.Token{sampleToken("full"), bare} {
		insertTokens(t, s, k)
		same(t, "token", found(s.Token(t.Context(), shop, k.ID))(t), k)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "token in a unit", found(tx.Token(k.ID))(t), k)
			return nil
		})
	}
	absent(s.Token(t.Context(), shop, "never"))(t, "unknown token")
}

func tokenDuplicate(t *testing.T, s store.Store) {
	insertTokens(t, s, sampleToken("t"))
	again := sampleToken("t")
	again.Fingerprint = "another"
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertToken(again) })
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), sampleToken("t"))
}

func tokenSpent(t *testing.T, s store.Store) {
	k := freshToken("t")
	insertTokens(t, s, k, freshToken("untouched"))
	update(t, s, shop, func(tx store.Tx) error { return tx.SpendToken("t", later(time.Minute)) })
	k.SpentAt, k.Card, k.CVV = later(time.Minute), pasarela.Sealed{}, pasarela.Sealed{}
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), k)
	same(t, "its neighbour", found(s.Token(t.Context(), shop, "untouched"))(t), freshToken("untouched"))
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.SpendToken("never", noon) })
}

// spend is what a charge does with a token.
func spend(ctx context.Context, s store.Store, id pasarela.TokenID) error {
	return s.Update(ctx, shop, func(tx store.Tx) error {
		k, err := tx.Token(id)
		if err != nil {
			return err
		}
		if k, err = k.Spend(pasarela.UseCharge, noon); err != nil {
			return err
		}
		return tx.SpendToken(k.ID, k.SpentAt)
	})
}

func tokenSpentOnce(t *testing.T, s store.Store) {
	insertTokens(t, s, freshToken("t"))
	oneWins(t, together(func(int) error { return spend(t.Context(), s, "t") }), pasarela.CodeTokenSpent)
}

func tokensForgotten(t *testing.T, s store.Store) {
	expiring := func(id pasarela.TokenID, at time.Time) pasarela.Token {
		k := freshToken(id)
		k.ExpiresAt = at
		return k
	}
	spent := expiring("spent", later(-time.Hour))
	spent.Card, spent.CVV = pasarela.Sealed{}, pasarela.Sealed{}
	onlyCVV := expiring("only-cvv", noon)
	onlyCVV.Card = pasarela.Sealed{}
	live, lasting := expiring("live", later(time.Microsecond)), expiring("lasting", time.Time{})
	insertTokens(t, s, spent, onlyCVV, live, lasting, expiring("just", noon), expiring("old", later(-2*time.Hour)), expiring("old-edge", later(-time.Hour)))
	for round, want := range []int{5, 0} {
		n := 0
		update(t, s, shop, func(tx store.Tx) (err error) {
			n, err = tx.ForgetTokens(noon, later(-time.Hour), 100)
			return err
		})
		same(t, number("rows touched in round ", round), n, want)
	}
	forgotten := expiring("just", noon)
	forgotten.Card, forgotten.CVV = pasarela.Sealed{}, pasarela.Sealed{}
	same(t, "expired token", found(s.Token(t.Context(), shop, "just"))(t), forgotten)
	forgotten.ID = "only-cvv"
	same(t, "expired token", found(s.Token(t.Context(), shop, "only-cvv"))(t), forgotten)
	same(t, "live token", found(s.Token(t.Context(), shop, "live"))(t), live)
	same(t, "token without an end", found(s.Token(t.Context(), shop, "lasting"))(t), lasting)
	for _, id := range []pasarela.TokenID{"old", "old-edge", "spent"} {
		absent(s.Token(t.Context(), shop, id))(t, "deleted token")
	}
}

func tokensForgottenByAndBy(t *testing.T, s store.Store) {
	for i := range 5 {
		k := freshToken(pasarela.TokenID(number("t", i)))
		k.ExpiresAt = later(time.Duration(i) * time.Second)
		insertTokens(t, s, k)
	}
	for round, want := range []int{2, 2, 1, 0} {
		n := 0
		update(t, s, shop, func(tx store.Tx) (err error) {
			n, err = tx.ForgetTokens(later(time.Hour), later(time.Second), 2)
			return err
		})
		same(t, number("rows touched in round ", round), n, want)
	}
	absent(s.Token(t.Context(), shop, "t001"))(t, "token that is gone")
	if k := found(s.Token(t.Context(), shop, "t002"))(t); !k.Card.Empty() || !k.CVV.Empty() {
		t.Error("an expired token has kept its card")
	}
}
