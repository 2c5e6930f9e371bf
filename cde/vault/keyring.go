package vault

import (
	"bytes"
	"context"
	"encoding/binary"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/prf"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
	"github.com/tink-crypto/tink-go/v2/tink"

	"pasarela"
)

// Keysets is where the vault keeps its keysets, sealed.
type Keysets interface {
	// Keyset returns an error with CodeNotFound where there is none of that name.
	Keyset(ctx context.Context, name string) (pasarela.Keyset, error)
	// PutKeyset inserts version 1, or replaces the version before k.Version. It returns an error with
	// CodeWrongState when another version stands there.
	PutKeyset(ctx context.Context, k pasarela.Keyset) error
}

const (
	prfKeyset = "prf"

	// Ciphertext of Tink begins with one byte for its kind and four for the key.
	tinkPrefix  = 1
	prefixBytes = 5

	learnTimeout   = 5 * time.Second // for reading keysets while somebody waits for a card
	maxUnknownKeys = 256
)

var (
	errOpen = pasarela.Errorf(pasarela.CodeInternal,
		"sealed value does not open: it was made for another merchant, record or purpose, or was altered")
	errNoKey = pasarela.Errorf(pasarela.CodeInternal,
		"sealed value does not open: this installation has no such key; it was retired, or the value comes from elsewhere")
	errEmpty = pasarela.Errorf(pasarela.CodeInternal, "nothing is sealed here")
	errSeal  = pasarela.Errorf(pasarela.CodeInternal, "value could not be sealed")
)

// ring is one AEAD keyset, replaced as a whole when its keys change.
type ring struct {
	kind Kind
	keys atomic.Pointer[ringKeys]
}

// ringKeys is one version of a keyset. It never changes.
type ringKeys struct {
	version int
	handle  *keyset.Handle
	aead    tink.AEAD
	primary uint32
	ids     map[uint32]bool
}

// sealedUnder names a key of a ring.
type sealedUnder struct {
	kind Kind
	key  uint32
}

func (v *Vault) seal(k Kind, m pasarela.MerchantID, record string, plain []byte) (pasarela.Sealed, error) {
	var buffer [128]byte
	sealed, err := v.rings[k].keys.Load().aead.Encrypt(plain, binding(buffer[:0], k, m, record))
	if err != nil {
		return pasarela.Sealed{}, errSeal // the library's text stays here
	}
	return pasarela.Sealed{Record: record, Bytes: sealed}, nil
}

func (v *Vault) open(k Kind, m pasarela.MerchantID, s pasarela.Sealed) ([]byte, error) {
	if s.Empty() {
		return nil, errEmpty
	}
	id, ok := keyOf(s.Bytes)
	if !ok {
		return nil, errOpen
	}
	keys := v.rings[k].keys.Load()
	if !keys.ids[id] {
		var err error
		if keys, err = v.learn(sealedUnder{k, id}); err != nil {
			return nil, err
		}
	}
	var buffer [128]byte
	plain, err := keys.aead.Decrypt(s.Bytes, binding(buffer[:0], k, m, s.Record))
	if err != nil {
		return nil, errOpen
	}
	return plain, nil
}

func keyOf(sealed []byte) (uint32, bool) {
	if len(sealed) < prefixBytes || sealed[0] != tinkPrefix {
		return 0, false
	}
	return binary.BigEndian.Uint32(sealed[1:]), true
}

// learn reads a keyset again because something was sealed under a key it does not have yet: another node
// rotated. Those who come together wait for one reading. A key that is not there afterwards is remembered until
// Refresh, so that a damaged row does not cost a reading each time it is met.
func (v *Vault) learn(s sealedUnder) (*ringKeys, error) {
	v.changing.Lock()
	defer v.changing.Unlock()
	r := v.rings[s.kind]
	if keys := r.keys.Load(); keys.ids[s.key] {
		return keys, nil
	}
	if v.unknown[s] || len(v.unknown) >= maxUnknownKeys {
		return nil, errNoKey
	}
	ctx, cancel := context.WithTimeout(context.Background(), learnTimeout)
	defer cancel()
	keys, err := v.reload(ctx, r)
	if err != nil {
		return nil, err
	}
	if !keys.ids[s.key] {
		v.unknown[s] = true
		return nil, errNoKey
	}
	return keys, nil
}

// Refresh reads the keysets again. Every node calls it at a fixed interval, so that all seal under the newest
// keys soon after a rotation. On an error the vault goes on with the keys it has.
func (v *Vault) Refresh(ctx context.Context) error {
	v.changing.Lock()
	defer v.changing.Unlock()
	clear(v.unknown)
	for _, k := range kinds {
		if _, err := v.reload(ctx, v.rings[k]); err != nil {
			return err
		}
	}
	return nil
}

// reload runs under v.changing. A version older than the one in use, from a replica that lags, is not taken.
func (v *Vault) reload(ctx context.Context, r *ring) (*ringKeys, error) {
	stored, err := v.keysets.Keyset(ctx, string(r.kind))
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "read keyset "+string(r.kind))
	}
	current := r.keys.Load()
	if stored.Version <= current.version {
		return current, nil
	}
	keys, err := v.unseal(ctx, stored)
	if err != nil {
		return nil, err
	}
	r.keys.Store(keys)
	return keys, nil
}

func (v *Vault) loadOrCreate(ctx context.Context, k Kind) (*ringKeys, error) {
	stored, err := v.storedOrNew(ctx, string(k), aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, err
	}
	return v.unseal(ctx, stored)
}

func (v *Vault) openPRF(ctx context.Context) (*prf.Set, error) {
	stored, err := v.storedOrNew(ctx, prfKeyset, prf.HMACSHA256PRFKeyTemplate())
	if err != nil {
		return nil, err
	}
	handle, err := v.unsealHandle(ctx, stored)
	if err != nil {
		return nil, err
	}
	set, err := prf.NewPRFSet(handle)
	if err != nil {
		return nil, pasarela.Errorf(pasarela.CodeInternal, "keyset %s is not of the kind it should be", prfKeyset)
	}
	return set, nil
}

// storedOrNew reads a keyset, or makes its first version. Who loses a race for that reads the winner's.
func (v *Vault) storedOrNew(ctx context.Context, name string, template *tinkpb.KeyTemplate) (pasarela.Keyset, error) {
	stored, err := v.keysets.Keyset(ctx, name)
	if err == nil {
		return stored, nil
	}
	if pasarela.CodeOf(err) != pasarela.CodeNotFound {
		return pasarela.Keyset{}, pasarela.Wrap(pasarela.CodeInternal, err, "read keyset "+name)
	}
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return pasarela.Keyset{}, pasarela.Errorf(pasarela.CodeInternal, "keyset %s cannot be made", name)
	}
	fresh, err := v.sealHandle(ctx, name, 1, handle)
	if err != nil {
		return pasarela.Keyset{}, err
	}
	switch err := v.keysets.PutKeyset(ctx, fresh); {
	case err == nil:
		return fresh, nil
	case pasarela.CodeOf(err) != pasarela.CodeWrongState:
		return pasarela.Keyset{}, pasarela.Wrap(pasarela.CodeInternal, err, "store keyset "+name)
	}
	stored, err = v.keysets.Keyset(ctx, name)
	if err != nil {
		return pasarela.Keyset{}, pasarela.Wrap(pasarela.CodeInternal, err, "read keyset "+name)
	}
	return stored, nil
}

// keysetBinding ties a sealed keyset to its name and version, so that none can be put in another's place.
func keysetBinding(name string, version int) []byte {
	return appendPart(appendPart([]byte("pasarela keyset"), name), strconv.Itoa(version))
}

func (v *Vault) sealHandle(ctx context.Context, name string, version int, h *keyset.Handle) (pasarela.Keyset, error) {
	var out bytes.Buffer
	if err := h.WriteWithContext(ctx, keyset.NewBinaryWriter(&out), v.kek, keysetBinding(name, version)); err != nil {
		return pasarela.Keyset{}, pasarela.Wrap(pasarela.CodeInternal, causeOf(ctx, err), "seal keyset "+name+" with the key-encryption key")
	}
	return pasarela.Keyset{Name: name, Version: version, Sealed: out.Bytes()}, nil
}

func (v *Vault) unsealHandle(ctx context.Context, k pasarela.Keyset) (*keyset.Handle, error) {
	r := keyset.NewBinaryReader(bytes.NewReader(k.Sealed))
	h, err := keyset.ReadWithContext(ctx, r, v.kek, keysetBinding(k.Name, k.Version))
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, causeOf(ctx, err),
			"keyset "+k.Name+" does not open with this key-encryption key: give the one it was sealed with")
	}
	return h, nil
}

// causeOf is why a call with ctx failed: Tink loses an interruption on its way.
func causeOf(ctx context.Context, err error) error {
	if interrupted := ctx.Err(); interrupted != nil {
		return interrupted
	}
	return err
}

func (v *Vault) unseal(ctx context.Context, k pasarela.Keyset) (*ringKeys, error) {
	h, err := v.unsealHandle(ctx, k)
	if err != nil {
		return nil, err
	}
	wrong := pasarela.Errorf(pasarela.CodeInternal, "keyset %s is not of the kind it should be", k.Name)
	primitive, err := aead.New(h)
	if err != nil {
		return nil, wrong
	}
	keys := &ringKeys{version: k.Version, handle: h, aead: primitive, ids: make(map[uint32]bool, h.Len())}
	for i := range h.Len() {
		entry, err := h.Entry(i)
		if err != nil {
			return nil, wrong
		}
		keys.ids[entry.KeyID()] = true
		if entry.IsPrimary() {
			keys.primary = entry.KeyID()
		}
	}
	return keys, nil
}
