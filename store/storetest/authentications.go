package storetest

import (
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var authenticationScenarios = []scenario{
	on("an authentication comes back as it was inserted", authenticationComesBack),
	on("an authentication's id serves once", authenticationDuplicate),
	on("putting an authentication stores what can change, and nothing else", authenticationPut),
	on("of many callers one records the proof", authenticationProvenOnce),
	on("what proved nothing is forgotten, and proofs are kept", authenticationsForgotten),
	on("forgetting authentications keeps to its limit", authenticationsForgottenByAndBy),
	on("the value of an old proof is cleared, and nothing else of it", proofsCleared),
}

func insertAuthentications(t *testing.T, s store.Store, authentications ...pasarela.Authentication) {
	t.Helper()
	for _, a := range authentications {
		update(t, s, a.Merchant, func(tx store.Tx) error { return tx.InsertAuthentication(a) })
	}
}

func authenticationComesBack(t *testing.T, s store.Store) {
	bare := pasarela.Authentication{Merchant: shop, ID: "bare"}
	for _, a := range []pasarela.Authentication{sampleAuthentication("full"), bare} {
		insertAuthentications(t, s, a)
		same(t, "authentication", found(s.Authentication(t.Context(), shop, a.ID))(t), a)
		update(t, s, shop, func(tx store.Tx) error {
			same(t, "authentication in a unit", found(tx.Authentication(a.ID))(t), a)
			return nil
		})
	}
	absent(s.Authentication(t.Context(), shop, "never"))(t, "unknown authentication")
	update(t, s, shop, func(tx store.Tx) error {
		absent(tx.Authentication("never"))(t, "unknown authentication in a unit")
		return nil
	})
}

func authenticationDuplicate(t *testing.T, s store.Store) {
	insertAuthentications(t, s, sampleAuthentication("a"))
	again := sampleAuthentication("a")
	again.Token = "another"
	refused(t, s, shop, store.ErrDuplicate, func(tx store.Tx) error { return tx.InsertAuthentication(again) })
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), sampleAuthentication("a"))
}

func authenticationPut(t *testing.T, s store.Store) {
	insertAuthentications(t, s, sampleAuthentication("a"), sampleAuthentication("untouched"))
	put := pasarela.Authentication{
		Merchant: shop, ID: "a", State: pasarela.AuthenticationFailed, Reason: pasarela.ReasonRejected,
		ACSURL: "https://other.example", ACSID: "other", Secure: pasarela.Secure{ECI: "07", Version: "2.1.0"},
		Payment: "other", Attempts: 3, ExpiresAt: later(time.Hour), UpdatedAt: later(2 * time.Hour),
		// none of these is stored:
		Kind: pasarela.AuthenticateOTP, Token: "other", Mode: pasarela.ChallengeURL, ReturnURL: "https://other.example",
		Origin: "https://other.example", CreatedAt: later(time.Hour),
	}
	update(t, s, shop, func(tx store.Tx) error { return tx.PutAuthentication(put) })
	want := sampleAuthentication("a")
	want.State, want.Reason, want.ACSURL, want.ACSID, want.ByLink = put.State, put.Reason, put.ACSURL, put.ACSID, put.ByLink
	want.Secure, want.CodeDigest, want.Payment, want.Attempts = put.Secure, put.CodeDigest, put.Payment, put.Attempts
	want.ExpiresAt, want.UpdatedAt = put.ExpiresAt, put.UpdatedAt
	same(t, "authentication", found(s.Authentication(t.Context(), shop, "a"))(t), want)
	same(t, "its neighbour", found(s.Authentication(t.Context(), shop, "untouched"))(t), sampleAuthentication("untouched"))
	put.ID = "never"
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.PutAuthentication(put) })
}

func authenticationProvenOnce(t *testing.T, s store.Store) {
	insertAuthentications(t, s, sampleAuthentication("a"))
	oneWins(t, together(func(i int) error {
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			a, err := tx.Authentication("a")
			if err != nil {
				return err
			}
			if a, err = a.Authenticated(pasarela.Secure{ECI: "05", Value: number("proof", i)}, noon); err != nil {
				return err
			}
			return tx.PutAuthentication(a)
		})
	}), pasarela.CodeWrongState)
	same(t, "state", found(s.Authentication(t.Context(), shop, "a"))(t).State, pasarela.AuthenticationAuthenticated)
}

// madeAt is an authentication of an age and a state.
func madeAt(id pasarela.AuthenticationID, at time.Time, state pasarela.AuthenticationState) pasarela.Authentication {
	a := sampleAuthentication(id)
	a.CreatedAt, a.State = at, state
	return a
}

// forgetAuthentications is how many one round of forgetting deletes or clears.
func forgetAuthentications(t *testing.T, s store.Store, served, before time.Time, limit int) (n int) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) (err error) {
		n, err = tx.ForgetAuthentications(served, before, limit)
		return err
	})
	return n
}

func authenticationsForgotten(t *testing.T, s store.Store) {
	proof, turned := madeAt("proof", later(-time.Hour), pasarela.AuthenticationAuthenticated), madeAt("turned", later(-time.Hour), pasarela.AuthenticationPending)
	young, timeless := madeAt("young", later(time.Microsecond), pasarela.AuthenticationFailed), madeAt("timeless", time.Time{}, pasarela.AuthenticationPending)
	elsewhere := madeAt("elsewhere", later(-time.Hour), pasarela.AuthenticationFailed)
	elsewhere.Merchant = other
	insertAuthentications(t, s, proof, turned, young, timeless, elsewhere,
		madeAt("edge", noon, pasarela.AuthenticationFailed), madeAt("old", later(-time.Hour), pasarela.AuthenticationPending))
	turned.State = pasarela.AuthenticationAuthenticated
	update(t, s, shop, func(tx store.Tx) error { return tx.PutAuthentication(turned) })
	for round, want := range []int{2, 0} {
		same(t, number("deleted in round ", round), forgetAuthentications(t, s, time.Time{}, noon, 100), want)
	}
	for _, kept := range []pasarela.Authentication{proof, turned, young, timeless, elsewhere} {
		same(t, "kept", found(s.Authentication(t.Context(), kept.Merchant, kept.ID))(t), kept)
	}
	for _, id := range []pasarela.AuthenticationID{"edge", "old"} {
		absent(s.Authentication(t.Context(), shop, id))(t, "forgotten authentication")
	}
}

func authenticationsForgottenByAndBy(t *testing.T, s store.Store) {
	for i := range 5 {
		at := later(time.Duration(-i) * time.Minute)
		insertAuthentications(t, s, madeAt(pasarela.AuthenticationID(number("a", i)), at, pasarela.AuthenticationFailed))
	}
	for round, want := range []int{2, 2, 1, 0} {
		same(t, number("deleted in round ", round), forgetAuthentications(t, s, time.Time{}, noon, 2), want)
		if round == 0 {
			absent(s.Authentication(t.Context(), shop, "a004"))(t, "oldest after the first round")
			same(t, "younger one", found(s.Authentication(t.Context(), shop, "a002"))(t).ID, "a002")
		}
	}
}

func proofsCleared(t *testing.T, s store.Store) {
	const authenticated = pasarela.AuthenticationAuthenticated
	old, edge := madeAt("old", later(-time.Hour), authenticated), madeAt("edge", noon, authenticated)
	young, timeless := madeAt("young", later(time.Microsecond), authenticated), madeAt("timeless", time.Time{}, authenticated)
	elsewhere, spent := madeAt("elsewhere", later(-time.Hour), authenticated), madeAt("spent", later(-time.Hour), authenticated)
	elsewhere.Merchant, spent.Secure.Value = other, ""
	insertAuthentications(t, s, edge, young, timeless, elsewhere, spent, old)
	same(t, "cleared of one", forgetAuthentications(t, s, noon, time.Time{}, 1), 1)
	old.Secure.Value = ""
	for _, kept := range []pasarela.Authentication{old, edge} { // the older one first
		same(t, "after one", found(s.Authentication(t.Context(), shop, kept.ID))(t), kept)
	}
	for round, want := range []int{1, 0} {
		same(t, number("cleared in round ", round), forgetAuthentications(t, s, noon, time.Time{}, 100), want)
	}
	edge.Secure.Value = ""
	for _, kept := range []pasarela.Authentication{old, edge, young, timeless, elsewhere, spent} {
		same(t, "kept", found(s.Authentication(t.Context(), kept.Merchant, kept.ID))(t), kept)
	}
	insertAuthentications(t, s, madeAt("unproven", later(-time.Hour), pasarela.AuthenticationFailed), madeAt("proven", later(-time.Hour), authenticated))
	for round, want := range []int{1, 1, 0} {
		same(t, number("deleted or cleared in round ", round), forgetAuthentications(t, s, noon, noon, 1), want)
	}
}
