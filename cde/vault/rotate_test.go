package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pasarela"
)

// rows is everything sealed, as a store would hold it.
type rows []struct {
	kind   Kind
	sealed pasarela.Sealed
}

func sealRows(t *testing.T, v *Vault, n int) rows {
	t.Helper()
	var all rows
	for i := range n {
		s := mustSeal(t, v, fmt.Sprintf("token/%d", i))
		secret, err := v.SealSecret(shop, "merchant", []byte("private key"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rows{{KindCard, s.Card}, {KindCVV, s.CVV}, {KindSecret, secret}}...)
	}
	return all
}

// walk re-seals what is stale, at most limit rows, and returns how many it did.
func (r rows) walk(t *testing.T, v *Vault, limit int) int {
	t.Helper()
	done := 0
	for i, row := range r {
		if done == limit || !v.Stale(row.kind, row.sealed) {
			continue
		}
		sealed, err := v.Rewrap(shop, row.kind, row.sealed)
		if err != nil {
			t.Fatal(err)
		}
		r[i].sealed = sealed
		done++
	}
	return done
}

func (r rows) checkOpen(t *testing.T, v *Vault) {
	t.Helper()
	for _, row := range r {
		if plain, err := v.open(row.kind, shop, row.sealed); err != nil || len(plain) == 0 {
			t.Fatalf("a %s does not open: %v", row.kind, err)
		}
	}
}

// Rule: a rotation loses nothing, and afterwards the old keys are gone.
func TestRotation(t *testing.T) {
	t.Parallel()
	v := newVault(t)
	all := sealRows(t, v, 3)
	before := mustSeal(t, v, "token/old")
	if v.Stale(KindCard, before.Card) || v.Stale(KindCVV, pasarela.Sealed{}) {
		t.Error("stale before any rotation")
	}
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.checkOpen(t, v)
	walked := v.Generation()
	if n := all.walk(t, v, -1); n != len(all) {
		t.Errorf("%d of %d rows were stale", n, len(all))
	}
	if n := all.walk(t, v, -1); n != 0 {
		t.Errorf("%d rows are stale after the walk", n)
	}
	same, err := v.Rewrap(shop, KindCard, all[0].sealed)
	if err != nil || !bytes.Equal(same.Bytes, all[0].sealed.Bytes) {
		t.Error("what is not stale was changed")
	}
	if err := v.Retire(t.Context(), walked); err != nil {
		t.Fatal(err)
	}
	all.checkOpen(t, v)
	if _, err := v.OpenCard(shop, before.Card); err == nil {
		t.Error("a retired key still opens")
	}
	if err := v.Retire(t.Context(), v.Generation()); err != nil {
		t.Errorf("retiring again gave %v", err)
	}
}

// Rule: a process killed between the rotation and the end of the walk is taken up by another.
func TestRotationIsResumedAfterACrash(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	first := openVault(t, k, kek)
	all := sealRows(t, first, 4)
	if err := first.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.walk(t, first, 5) // and it dies

	second := openVault(t, k, kek)
	all.checkOpen(t, second)
	walked := second.Generation()
	if n := all.walk(t, second, -1); n != len(all)-5 {
		t.Errorf("%d rows were left, want %d", n, len(all)-5)
	}
	if err := second.Retire(t.Context(), walked); err != nil {
		t.Fatal(err)
	}
	all.checkOpen(t, openVault(t, k, kek))
}

// Rule: keys are not retired when they changed during the walk.
func TestRetireRefusesAWalkThatIsOutOfDate(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	a, b := openVault(t, k, kek), openVault(t, k, kek)
	all := sealRows(t, a, 2)
	if err := a.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	walked := a.Generation()
	all.walk(t, a, -1)
	if err := b.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := a.Retire(t.Context(), walked); pasarela.CodeOf(err) != pasarela.CodeWrongState || err == nil {
		t.Errorf("got %v", err)
	}
	all.checkOpen(t, openVault(t, k, kek))
}

// Rule: a running node opens what another sealed under a key it has not seen, with one reading for all who wait.
func TestOtherNodesLearnOfARotation(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	a, b := openVault(t, k, kek), openVault(t, k, kek)
	if err := a.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := mustSeal(t, a, "token/1")
	k.reads = 0
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() { checkOpens(t, b, s) })
	}
	all.Wait()
	if k.reads != 2 { // one for the card's keyset, one for the cvv's
		t.Errorf("%d readings", k.reads)
	}
	old := mustSeal(t, openVault(t, newMemory(), newKEK(t)), "token/1")
	if b.Stale(KindCard, s.Card) || !b.Stale(KindCard, old.Card) {
		t.Error("a node that learned of a key does not seal under it")
	}
}

// Rule: a damaged row costs one reading of the keysets, not one for each time it is met.
func TestUnknownKeysAreLookedForOnce(t *testing.T) {
	t.Parallel()
	k := newMemory()
	v := openVault(t, k, newKEK(t))
	foreign := mustSeal(t, newVault(t), "token/1").Card
	k.reads = 0
	for range 5 {
		if _, err := v.OpenCard(shop, foreign); !errors.Is(err, errNoKey) {
			t.Errorf("got %v", err)
		}
	}
	if k.reads != 1 {
		t.Errorf("%d readings", k.reads)
	}
	for i := range 2 * maxUnknownKeys {
		foreign.Bytes[1], foreign.Bytes[2], foreign.Bytes[3] = byte(i>>8), byte(i), 0xff
		if _, err := v.OpenCard(shop, foreign); err == nil {
			t.Error("a made-up key opened something")
		}
	}
	if k.reads > maxUnknownKeys+1 {
		t.Errorf("%d readings", k.reads)
	}
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.fail = errors.New("store is down")
	if _, err := v.OpenCard(shop, foreign); !errors.Is(err, k.fail) {
		t.Errorf("got %v", err)
	}
	if err := v.Refresh(t.Context()); !errors.Is(err, k.fail) {
		t.Errorf("got %v", err)
	}
	checkOpens(t, v, mustSeal(t, v, "token/2"))
}

// Rule: seals and opens go on during rotations, walks and retirements, on every node.
func TestSealAndOpenDuringRotation(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	nodes := []*Vault{openVault(t, k, kek), openVault(t, k, kek)}
	var stop atomic.Bool
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			for n := 0; !stop.Load() || n < 20; n++ {
				s := mustSeal(t, nodes[(i+n)%2], fmt.Sprintf("token/%d/%d", i, n))
				checkOpens(t, nodes[n%2], s)
				fresh, err := nodes[(n+1)%2].Rewrap(shop, KindCard, s.Card)
				if err != nil {
					t.Error(err)
				}
				s.Card = fresh
				checkOpens(t, nodes[n%2], s)
			}
		})
	}
	var rotating sync.WaitGroup
	for _, v := range nodes {
		rotating.Go(func() {
			for range 10 {
				if err := v.Rotate(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	rotating.Wait()
	stop.Store(true)
	all.Wait()
}

func TestRotateReportsAFailingStore(t *testing.T) {
	t.Parallel()
	k := newMemory()
	v := openVault(t, k, newKEK(t))
	k.fail = errors.New("store is down")
	if err := v.Rotate(t.Context()); !errors.Is(err, k.fail) {
		t.Errorf("got %v", err)
	}
	if err := v.Retire(t.Context(), v.Generation()); !errors.Is(err, k.fail) {
		t.Errorf("got %v", err)
	}
	if _, err := v.Rewrap(shop, "unheard of", pasarela.Sealed{Bytes: []byte("xxxxxx")}); err == nil {
		t.Error("an unknown kind was rewrapped")
	}
}

// lagging is a store whose replica answers with what stood there at first.
type lagging struct {
	*memory
	old map[string]pasarela.Keyset
}

func (l lagging) Keyset(_ context.Context, name string) (pasarela.Keyset, error) {
	return l.old[name], nil
}

// Rule: a node never goes back to an older keyset.
func TestRefreshDoesNotGoBack(t *testing.T) {
	t.Parallel()
	k, kek := newMemory(), newKEK(t)
	v := openVault(t, k, kek)
	old := map[string]pasarela.Keyset{}
	for name, set := range k.sets {
		old[name] = set
	}
	if err := v.Rotate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s := mustSeal(t, v, "token/1")
	v.keysets = lagging{k, old}
	if err := v.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkOpens(t, v, s)
}
