package vault

import (
	"context"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"pasarela"
)

// Generation names the versions of the keysets in use, to compare with ==.
type Generation struct{ card, cvv, secret int }

// Generation is noted before a walk over everything sealed, and given to Retire after it.
func (v *Vault) Generation() Generation {
	return Generation{card: v.version(KindCard), cvv: v.version(KindCVV), secret: v.version(KindSecret)}
}

func (v *Vault) version(k Kind) int { return v.rings[k].keys.Load().version }

func (g Generation) of(k Kind) int {
	return map[Kind]int{KindCard: g.card, KindCVV: g.cvv, KindSecret: g.secret}[k]
}

// Rotate adds a new primary key to each of the three AEAD keysets. Where another node rotates at the same
// time, its new key serves. After an error or a crash in between it can be called again: a keyset that has
// been rotated gets one key more, which does no harm.
func (v *Vault) Rotate(ctx context.Context) error {
	for _, k := range kinds {
		err := v.change(ctx, k, func(m *keyset.Manager, _ *ringKeys) error {
			id, err := m.Add(aead.AES256GCMKeyTemplate())
			if err != nil || m.SetPrimary(id) != nil {
				return pasarela.Errorf(pasarela.CodeInternal, "keyset %s takes no further key", k)
			}
			return nil
		})
		if err != nil && pasarela.CodeOf(err) != pasarela.CodeWrongState {
			return err
		}
	}
	return v.Refresh(ctx)
}

// Retire removes all keys but the primary one from the AEAD keysets, after everything was re-sealed that was
// stale in the generation walked. What is still sealed under a key removed is lost. It returns CodeWrongState
// and removes nothing further when keys have changed since: then walk again.
func (v *Vault) Retire(ctx context.Context, walked Generation) error {
	for _, k := range kinds {
		err := v.change(ctx, k, func(m *keyset.Manager, keys *ringKeys) error {
			if keys.version != walked.of(k) {
				return pasarela.Errorf(pasarela.CodeWrongState, "keyset %s has changed since the walk: re-seal and retire again", k)
			}
			for id := range keys.ids {
				if id == keys.primary {
					continue
				}
				if err := m.Delete(id); err != nil {
					return pasarela.Errorf(pasarela.CodeInternal, "a key of keyset %s cannot be removed", k)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// change stores the next version of a keyset, unless edit leaves the number of keys as it is. It returns
// CodeWrongState when somebody else stored one first.
func (v *Vault) change(ctx context.Context, k Kind, edit func(*keyset.Manager, *ringKeys) error) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	r := v.rings[k]
	keys, err := v.reload(ctx, r)
	if err != nil {
		return err
	}
	manager := keyset.NewManagerFromHandle(keys.handle)
	if err := edit(manager, keys); err != nil {
		return err
	}
	h, err := manager.Handle()
	if err != nil {
		return pasarela.Errorf(pasarela.CodeInternal, "keyset %s cannot be changed", k)
	}
	if h.Len() == keys.handle.Len() {
		return nil
	}
	next, err := v.sealHandle(ctx, string(k), keys.version+1, h)
	if err != nil {
		return err
	}
	if err := v.keysets.PutKeyset(ctx, next); err != nil {
		return pasarela.Wrap(pasarela.CodeOf(err), err, "store keyset "+string(k))
	}
	_, err = v.reload(ctx, r)
	return err
}

// Stale says that the value is not sealed under the newest key this node knows, so that Rewrap would change it.
// An empty value is never stale.
func (v *Vault) Stale(k Kind, s pasarela.Sealed) bool {
	if s.Empty() {
		return false
	}
	r, ok := v.rings[k]
	if !ok {
		return true // and Rewrap says what is wrong
	}
	id, ok := keyOf(s.Bytes)
	return !ok || id != r.keys.Load().primary
}

// Rewrap seals the value anew under the newest key, for the same merchant and record. What is not stale comes
// back as it is. The error has CodeInternal.
func (v *Vault) Rewrap(m pasarela.MerchantID, k Kind, s pasarela.Sealed) (pasarela.Sealed, error) {
	if !v.Stale(k, s) {
		return s, nil
	}
	if v.rings[k] == nil {
		return pasarela.Sealed{}, pasarela.Errorf(pasarela.CodeInternal, "nothing is sealed as kind %q", k)
	}
	plain, err := v.open(k, m, s)
	if err != nil {
		return pasarela.Sealed{}, err
	}
	defer clear(plain)
	return v.seal(k, m, s.Record, plain)
}
