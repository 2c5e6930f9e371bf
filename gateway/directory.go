package gateway

import (
	"context"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// Kinds of credential, as the store keeps them.
const (
	CredentialKushkiPublic  = "kushki_public"
	CredentialKushkiPrivate = "kushki_private"
	CredentialMonri         = "monri"
)

// directoryTTL is how long a merchant is taken from memory: how late another node learns of a changed profile.
const directoryTTL = 5 * time.Second

// directory remembers merchants by what they authenticate with. Unknown credentials are not remembered.
type directory struct {
	mu        sync.RWMutex
	byID      map[pasarela.MerchantID]remembered // guarded by mu
	byCr      map[credential]remembered          // guarded by mu
	forgotten int                                // how often something was forgotten; guarded by mu

	changing sync.Mutex // held by the one change that this process makes
}

type credential struct{ kind, value string }

type remembered struct {
	merchant pasarela.Merchant
	until    time.Time // of the machine, not of the gateway: a moved sandbox clock must not matter
}

func (d *directory) init() {
	d.byID, d.byCr = map[pasarela.MerchantID]remembered{}, map[credential]remembered{}
}

func (d *directory) forgetAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten++
	clear(d.byID)
	clear(d.byCr)
}

func (d *directory) forget(id pasarela.MerchantID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forgotten++
	delete(d.byID, id)
	for c, r := range d.byCr {
		if r.merchant.ID == id {
			delete(d.byCr, c)
		}
	}
}

// looked is to be taken before the store is read, for keep.
func (d *directory) looked() int {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.forgotten
}

// keep remembers what was read, unless something was forgotten meanwhile: then it may be what stood before a change.
func (d *directory) keep(c credential, m pasarela.Merchant, looked int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.forgotten != looked {
		return
	}
	r := remembered{merchant: m, until: time.Now().Add(directoryTTL)}
	d.byID[m.ID] = r
	if c.value != "" {
		d.byCr[c] = r
	}
}

// Authenticate finds the merchant that value belongs to. It returns CodeUnauthorized for one it does not
// know.
func (g *Gateway) Authenticate(ctx context.Context, kind, value string) (pasarela.Merchant, error) {
	c := credential{kind, value}
	g.directory.mu.RLock()
	known, ok := g.directory.byCr[c]
	g.directory.mu.RUnlock()
	if ok && time.Now().Before(known.until) {
		return known.merchant, nil
	}
	if value == "" || len(value) > maxCredential || !printable(value) {
		return pasarela.Merchant{}, pasarela.Errorf(pasarela.CodeUnauthorized, "no usable %s credential was sent", kind)
	}
	m, err := g.lookUp(c, func() (store.MerchantRecord, error) { return g.Store.MerchantByCredential(ctx, g.hashed(c)) })
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return m, pasarela.Errorf(pasarela.CodeUnauthorized, "unknown %s credential", kind)
	}
	return m, err
}

// Merchant finds a merchant by its id. It returns CodeNotFound.
func (g *Gateway) Merchant(ctx context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
	g.directory.mu.RLock()
	known, ok := g.directory.byID[id]
	g.directory.mu.RUnlock()
	if ok && time.Now().Before(known.until) {
		return known.merchant, nil
	}
	return g.merchantNow(ctx, id)
}

// merchantNow is Merchant past the memory, which it renews: for what must not rest on a profile that was changed elsewhere.
func (g *Gateway) merchantNow(ctx context.Context, id pasarela.MerchantID) (pasarela.Merchant, error) {
	return g.lookUp(credential{}, func() (store.MerchantRecord, error) { return g.Store.Merchant(ctx, id) })
}

// lookUp reads a merchant and remembers it.
func (g *Gateway) lookUp(c credential, read func() (store.MerchantRecord, error)) (pasarela.Merchant, error) {
	looked := g.directory.looked()
	record, err := read()
	if err != nil {
		return pasarela.Merchant{}, err
	}
	m, err := g.open(record)
	if err != nil {
		return pasarela.Merchant{}, err
	}
	g.directory.keep(c, m, looked)
	return m, nil
}

// ForgetMerchants empties the memory of the directory, for a sandbox that was reset.
func (g *Gateway) ForgetMerchants() { g.directory.forgetAll() }
