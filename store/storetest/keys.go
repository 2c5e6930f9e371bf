package storetest

import (
	"errors"
	"testing"
	"time"

	"pasarela"
	"pasarela/store"
)

var keyScenarios = []scenario{
	on("a key belongs to the first who claims it", keyClaimed),
	on("of many callers one claims a key", keyClaimedOnce),
	on("an expired key is claimed anew", keyExpired),
	on("only the holder of a key answers and drops it", keyHeld),
	on("a lost key does not undo the outcome of its holder", keyLost),
	on("expired keys are forgotten within a limit", keysForgotten),
}

func claim(t *testing.T, s store.Store, k store.Key) (stands store.Key) {
	t.Helper()
	update(t, s, shop, func(tx store.Tx) (err error) {
		stands, err = tx.ClaimKey(k)
		return err
	})
	return stands
}

func keyClaimed(t *testing.T, s store.Store) {
	for _, name := range []string{"POST /card/v1/charges k1", "bytes \xff\x00 in a header"} {
		first := sampleKey(name, "first")
		same(t, "claimed key", claim(t, s, first), first)
		second := sampleKey(name, "second")
		second.Digest, second.CreatedAt = []byte("other"), later(time.Hour)
		same(t, "key that stands", claim(t, s, second), first)
		same(t, "key", found(s.Key(t.Context(), shop, name))(t), first)
	}
	bare := store.Key{Name: "bare"}
	same(t, "bare key", claim(t, s, bare), bare)
	absent(s.Key(t.Context(), shop, "never"))(t, "unknown key")
}

func keyClaimedOnce(t *testing.T, s store.Store) {
	oneWins(t, together(func(i int) error {
		mine := sampleKey("k", number("holder", i))
		return s.Update(t.Context(), shop, func(tx store.Tx) error {
			k, err := tx.ClaimKey(mine)
			if err == nil && k.Holder != mine.Holder {
				err = pasarela.Errorf(pasarela.CodeBusy, "held by %s", k.Holder)
			}
			return err
		})
	}), pasarela.CodeBusy)
}

func keyExpired(t *testing.T, s store.Store) {
	old := sampleKey("k", "old")
	claim(t, s, old)
	early := sampleKey("k", "early")
	early.CreatedAt = old.ExpiresAt.Add(-time.Microsecond)
	same(t, "key before its end", claim(t, s, early), old)
	renewed := store.Key{Name: "k", Digest: []byte("new"), Holder: "new", CreatedAt: old.ExpiresAt, ExpiresAt: old.ExpiresAt.Add(time.Hour)}
	same(t, "key at its end", claim(t, s, renewed), renewed)
}

func keyHeld(t *testing.T, s store.Store) {
	k := sampleKey("k", "holder")
	k.Status, k.Answer = 0, nil
	claim(t, s, k)
	update(t, s, shop, func(tx store.Tx) error { return tx.DropKey("k", "thief") })
	same(t, "key", found(s.Key(t.Context(), shop, "k"))(t), k)
	refused(t, s, shop, store.ErrNotFound, func(tx store.Tx) error { return tx.AnswerKey("k", "thief", 200, []byte("x")) })
	update(t, s, shop, func(tx store.Tx) error { return tx.AnswerKey("k", "holder", 201, []byte("y")) })
	k.Status, k.Answer = 201, []byte("y")
	same(t, "answered key", found(s.Key(t.Context(), shop, "k"))(t), k)
	update(t, s, shop, func(tx store.Tx) error { return tx.DropKey("k", "holder") })
	absent(s.Key(t.Context(), shop, "k"))(t, "dropped key")
	update(t, s, shop, func(tx store.Tx) error { return tx.DropKey("k", "holder") })
}

func keyLost(t *testing.T, s store.Store) {
	insertPayments(t, s, heldPayment("p"))
	update(t, s, shop, func(tx store.Tx) error {
		p := found(tx.Payment("p"))(t)
		p.State = pasarela.StateCaptured
		if err := tx.PutPayment(p); err != nil {
			return err
		}
		if err := tx.AnswerKey("k", "holder", 200, nil); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("answer under a key that is gone: got %v, want ErrNotFound", err)
		}
		return nil
	})
	same(t, "state", found(s.Payment(t.Context(), shop, "p"))(t).State, pasarela.StateCaptured)
}

func keysForgotten(t *testing.T, s store.Store) {
	for i := range 4 {
		k := sampleKey(number("k", i), "holder")
		k.ExpiresAt = later(time.Duration(i) * time.Second)
		claim(t, s, k)
	}
	for round, want := range []int{2, 1, 0} {
		n := 0
		update(t, s, shop, func(tx store.Tx) (err error) {
			n, err = tx.ForgetKeys(later(2*time.Second), 2)
			return err
		})
		same(t, number("keys forgotten in round ", round), n, want)
	}
	same(t, "live key", found(s.Key(t.Context(), shop, "k003"))(t).Name, "k003")
}
