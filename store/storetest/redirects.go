package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var redirectScenarios = []scenario{
	on("a redirect payment comes back as it was inserted", redirectComesBack),
	on("a redirect payment's id serves once", redirectDuplicate),
	on("putting a redirect payment stores what can change, and nothing else", redirectPut),
	on("of many callers one initializes a redirect payment", redirectInitializedOnce),
	on("redirect payments that were never initialized are forgotten", redirectsForgotten),
	on("forgetting redirect payments keeps to its limit", redirectsForgottenByAndBy),
}

func insertRedirects(t *testing.T, s store.Store, redirects ...pasarela.Redirect) {
	t.Helper()
	for _, r := range redirects {
		update(t, s, r.Merchant, func(tx store.Tx) error { return tx.InsertRedirect(r) })
	}
}

func redirectComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Redirect{Merchant: shop, ID: "bare"}
	for _, r := range []pasarela.Redirect{sampleRedirect("full"), bare} {
		insertRedirects(t, s, r)
		same(t, "redirect", found(s.Redirect(t.Context(), shop, r.ID))(t), r)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "redirect in a unit", found(tx.Redirect(r.ID))(t), r)
			return nil
		})
	}
	absent(s.Redirect(t.Context(), shop, "never"))(t, "unknown redirect")
	update(t, s, shop, func(tx store.Tx) error {
		absent(tx.Redirect("never"))(t, "unknown redirect in a unit")
		return nil
	})
}

func redirectDuplicate(t *testing.T, s store.Store) {
	insertRedirects(t, s, sampleRedirect("r"))
	again := sampleRedirect("r")
	again.Email = "another@shop.example"
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertRedirect(again) })
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), sampleRedirect("r"))
	insertTokens(t, s, sampleToken("r")) // a token is another noun, whatever its id
}

func redirectPut(t *testing.T, s store.Store) {
	insertRedirects(t, s, sampleRedirect("r"), sampleRedirect("untouched"))
	put := pasarela.Redirect{
		Merchant: shop, ID: "r", State: pasarela.RedirectPaid, Kind: pasarela.KindSale, Payment: "other", Order: []byte("other"), Card: "other", UpdatedAt: later(time.Hour),
		// none of these is stored:
		Total: pasarela.Money{Minor: 1, Currency: "USD"}, Email: "other", Description: "other", ReturnURL: "other",
		CreatedAt: later(time.Hour), ExpiresAt: later(2 * time.Hour),
	}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutRedirect(put) })
	want := sampleRedirect("r")
	want.State, want.Kind, want.Payment, want.Order, want.Card, want.UpdatedAt = put.State, put.Kind, put.Payment, put.Order, put.Card, put.UpdatedAt
	same(t, "redirect", found(s.Redirect(t.Context(), shop, "r"))(t), want)
	same(t, "its neighbour", found(s.Redirect(t.Context(), shop, "untouched"))(t), sampleRedirect("untouched"))
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutRedirect(put) })
}

func redirectInitializedOnce(t *testing.T, s store.Store) {
	insertRedirects(t, s, sampleRedirect("r"))
	oneWins(t, together(func(i int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			r, err := tx.Redirect("r")
			if err != nil {
				return err
			}
			r, err = r.Initialized(pasarela.KindSale, r.Total, pasarela.PaymentID(number("p", i)), nil, noon)
			if err != nil {
				return err
			}
			return tx.PutRedirect(r)
		})
	}), pasarela.CodeTokenSpent)
	same(t, "state", found(s.Redirect(t.Context(), shop, "r"))(t).State, pasarela.RedirectInitialized)
}

// endsAt is a redirect payment that expires at a time, in a state.
func endsAt(id pasarela.TokenID, at time.Time, state pasarela.RedirectState) pasarela.Redirect {
	r := sampleRedirect(id)
	r.ExpiresAt, r.State = at, state
	return r
}

// forgetRedirects is what one round of forgetting deletes.
func forgetRedirects(t *testing.T, s store.Store, gone time.Time, limit int) (n int) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) (err error) {
		n, err = tx.ForgetRedirects(gone, limit)
		return err
	})
	return n
}

func redirectsForgotten(t *testing.T, s store.Store) {
	old := later(-time.Hour)
	begun := endsAt("begun", old, pasarela.RedirectRequested)
	kept := []pasarela.Redirect{
		endsAt("initialized", old, pasarela.RedirectInitialized), endsAt("asking", old, pasarela.RedirectAsking), endsAt("paid", old, pasarela.RedirectPaid), endsAt("cancelled", old, pasarela.RedirectCancelled),
		endsAt("live", later(time.Microsecond), pasarela.RedirectRequested), endsAt("timeless", time.Time{}, pasarela.RedirectRequested),
		endsAt("elsewhere", old, pasarela.RedirectRequested),
	}
	kept[len(kept)-1].Merchant = other
	insertRedirects(t, s, append(kept, begun, endsAt("edge", noon, pasarela.RedirectRequested), endsAt("old", old, pasarela.RedirectRequested))...)
	begun.State = pasarela.RedirectInitialized
	update(t, s, shop, func(tx store.Tx) error { return tx.PutRedirect(begun) })
	for round, want := range []int{2, 0} {
		same(t, number("deleted in round ", round), forgetRedirects(t, s, noon, 100), want)
	}
	for _, r := range append(kept, begun) {
		same(t, "kept", found(s.Redirect(t.Context(), r.Merchant, r.ID))(t), r)
	}
	for _, id := range []pasarela.TokenID{"edge", "old"} {
		absent(s.Redirect(t.Context(), shop, id))(t, "forgotten redirect")
	}
}

func redirectsForgottenByAndBy(t *testing.T, s store.Store) {
	for i := range 5 {
		insertRedirects(t, s, endsAt(pasarela.TokenID(number("r", i)), later(time.Duration(-i)*time.Minute), pasarela.RedirectRequested))
	}
	for round, want := range []int{2, 2, 1, 0} {
		same(t, number("deleted in round ", round), forgetRedirects(t, s, noon, 2), want)
		if round == 0 {
			absent(s.Redirect(t.Context(), shop, "r004"))(t, "oldest after the first round")
			same(t, "younger one", found(s.Redirect(t.Context(), shop, "r002"))(t).ID, "r002")
		}
	}
}
