package memory

import (
	"context"
	"time"

	"pasarela"
	"pasarela/store"
)

// Key implements store.Reader.
func (d *database) Key(_ context.Context, m pasarela.MerchantID, name string) (store.Key, error) {
	return find(d, m, func(t *tables) *store.Key { return t.keys.rows[name] })
}

func (t *tx) ClaimKey(k store.Key) (store.Key, error) {
	if err := t.usable(); err != nil {
		return store.Key{}, err
	}
	if old := t.keys.get(k.Name); old == nil || !old.ExpiresAt.After(k.CreatedAt) {
		t.keys.put(k.Name, keyRow(k))
	}
	return *t.keys.get(k.Name), nil
}

// held is a key that holder holds, nil for any other.
func (t *tx) held(name, holder string) *store.Key {
	if k := t.keys.get(name); k != nil && k.Holder == holder {
		return k
	}
	return nil
}

func (t *tx) AnswerKey(name, holder string, status int, answer []byte) error {
	if err := t.usable(); err != nil {
		return err
	}
	k := t.held(name, holder)
	if k == nil {
		return store.ErrNotFound
	}
	answered := *k
	answered.Status, answered.Answer = status, content(answer)
	t.keys.put(name, answered)
	return nil
}

func (t *tx) DropKey(name, holder string) error {
	return t.write(func() bool {
		if t.held(name, holder) != nil {
			t.keys.drop(name)
		}
		return true
	}, nil)
}

func (t *tx) ForgetKeys(now time.Time, limit int) (n int, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	for name, k := range t.keys.rows {
		if n < limit && !k.ExpiresAt.After(now) {
			t.keys.drop(name)
			n++
		}
	}
	return n, nil
}

func keyRow(k store.Key) store.Key {
	k.Digest, k.Answer = content(k.Digest), content(k.Answer)
	k.CreatedAt, k.ExpiresAt = instant(k.CreatedAt), instant(k.ExpiresAt)
	return k
}
