package storetest

import (
	"errors"
	"testing"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

var tenancyScenarios = []scenario{
	on("another merchant sees nothing", tenancyReads),
	on("another merchant's unit touches nothing", tenancyUnits),
	on("two merchants may use the same ids", tenancySameIDs),
	on("ids that cannot exist are not found", strangeIDs),
}

func tenancyReads(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	absent(s.Token(t.Context(), other, "t"))(t, "token")
	absent(s.Authentication(t.Context(), other, "a"))(t, "authentication")
	absent(s.Redirect(t.Context(), other, "r"))(t, "redirect")
	absent(s.Payment(t.Context(), other, "p"))(t, "payment")
	absent(s.PaymentByTicket(t.Context(), other, "ticket-p"))(t, "payment by ticket")
	absent(s.Operation(t.Context(), other, "o"))(t, "operation")
	absent(s.OperationByTicket(t.Context(), other, "ticket-o"))(t, "operation by ticket")
	absent(s.Subscription(t.Context(), other, "s"))(t, "subscription")
	absent(s.Key(t.Context(), other, "k"))(t, "key")
	same(t, "payments", len(found(s.Payments(t.Context(), other, "", 10))(t)), 0)
	same(t, "due", len(found(s.Due(t.Context(), other, later(1e15), 10))(t)), 0)
	balance(t, s, other, nil)
	if b := found(s.PaymentBalances(t.Context(), other, []pasarela.PaymentID{"p"}))(t)["p"]; !b.Equal(nil) {
		t.Errorf("payment's balances seen by another merchant: %v", b)
	}
}

func tenancyUnits(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	for name, unit := range map[string]func(tx store.Tx) error{
		"token":              func(tx store.Tx) error { _, err := tx.Token("t"); return err },
		"spend token":        func(tx store.Tx) error { return tx.SpendToken("t", noon) },
		"authentication":     func(tx store.Tx) error { _, err := tx.Authentication("a"); return err },
		"put authentication": func(tx store.Tx) error { return tx.PutAuthentication(madeAt("a", noon, pasarela.AuthenticationFailed)) },
		"redirect":           func(tx store.Tx) error { _, err := tx.Redirect("r"); return err },
		"put redirect":       func(tx store.Tx) error { return tx.PutRedirect(endsAt("r", noon, pasarela.RedirectPaid)) },
		"payment":            func(tx store.Tx) error { _, err := tx.Payment("p"); return err },
		"put payment":        func(tx store.Tx) error { return tx.PutPayment(heldPayment("p")) },
		"operation":          func(tx store.Tx) error { _, err := tx.Operation("o"); return err },
		"put operation":      func(tx store.Tx) error { return tx.PutOperation(sampleOperation("o")) },
		"subscription":       func(tx store.Tx) error { _, err := tx.Subscription("s"); return err },
		"put subscription":   func(tx store.Tx) error { return tx.PutSubscription(sampleSubscription("s")) },
		"answer key":         func(tx store.Tx) error { return tx.AnswerKey("k", "holder", 500, nil) },
	} {
		if err := s.Update(t.Context(), other, unit); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	update(t, s, other, func(tx store.Tx) error {
		tokens, err := tx.ForgetTokens(later(1e15), later(1e15), 10)
		keys, err2 := tx.ForgetKeys(later(1e15), 10)
		authentications, err3 := tx.ForgetAuthentications(later(1e15), later(1e15), 10)
		redirects, err4 := tx.ForgetRedirects(later(1e15), 10)
		same(t, "rows forgotten", tokens+keys+authentications+redirects, 0)
		return errors.Join(err, err2, err3, err4, tx.DropKey("k", "holder"))
	})
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), sampleToken("t"))
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), sampleAuthentication("a"))
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), sampleRedirect("r"))
	same(t, "payment", found(s.Payment(t.Context(), shop, "p"))(t), samplePayment("p"))
	same(t, "key", found(s.Key(t.Context(), shop, "k"))(t), sampleKey("k", "holder"))
}

func tenancySameIDs(t *testing.T, s store.Store) {
	update(t, s, shop, writeAll)
	update(t, s, other, func(tx store.Tx) error {
		k, p, a, r := sampleToken("t"), samplePayment("p"), sampleAuthentication("a"), sampleRedirect("r")
		k.Fingerprint, p.Attempts, a.Token, r.Email = "other", 77, "other", "other"
		posting := samplePosting("1", "p", 500)
		_, err := tx.ClaimKey(sampleKey("k", "other"))
		return errors.Join(err, tx.InsertToken(k), tx.InsertAuthentication(a), tx.InsertRedirect(r), tx.InsertPayment(p),
			tx.InsertOperation(sampleOperation("o")), tx.InsertSubscription(sampleSubscription("s")), tx.Post([]ledger.Posting{posting}))
	})
	same(t, "token", found(s.Token(t.Context(), shop, "t"))(t), sampleToken("t"))
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), sampleAuthentication("a"))
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), sampleRedirect("r"))
	same(t, "the other's authentication", found(s.Authentication(t.Context(), other, "a"))(t).Token, "other")
	same(t, "the other's redirect", found(s.Redirect(t.Context(), other, "r"))(t).Email, "other")
	same(t, "the other's payment", found(s.Payment(t.Context(), other, "p"))(t).Attempts, 77)
	same(t, "the other's merchant", found(s.Payment(t.Context(), other, "p"))(t).Merchant, other)
	balance(t, s, shop, dollars(1))
	balance(t, s, other, dollars(500))
}

func strangeIDs(t *testing.T, s store.Store) {
	for i, id := range []string{"", "a\x00b", "\xff\xfe", "'; DROP TABLE payments; --", "ñ"} {
		absent(s.Token(t.Context(), shop, pasarela.TokenID(id)))(t, "token")
		absent(s.Authentication(t.Context(), shop, pasarela.AuthenticationID(id)))(t, "authentication")
		absent(s.Redirect(t.Context(), shop, pasarela.TokenID(id)))(t, "redirect")
		absent(s.PaymentByTicket(t.Context(), shop, pasarela.Ticket(id)))(t, "ticket")
		absent(s.Subscription(t.Context(), shop, pasarela.SubscriptionID(id)))(t, "subscription")
		absent(s.MerchantByCredential(t.Context(), store.Credential{Kind: id, Hash: id}))(t, "credential")
		absent(s.Key(t.Context(), shop, id))(t, "key")
		update(t, s, shop, func(tx store.Tx) error {
			absent(tx.Token(pasarela.TokenID(id)))(t, "token in a unit")
			absent(tx.Authentication(pasarela.AuthenticationID(id)))(t, "authentication in a unit")
			absent(tx.Redirect(pasarela.TokenID(id)))(t, "redirect in a unit")
			return tx.InsertPayment(samplePayment(pasarela.PaymentID("after-" + number("", i))))
		})
	}
}
