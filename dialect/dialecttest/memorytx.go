package dialecttest

import (
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// memoryTx is one unit of work on a Memory.
type memoryTx struct {
	rows     *rows
	merchant pasarela.MerchantID
	undo     []func()
}

func (tx *memoryTx) key(id string) key { return key{tx.merchant, id} }

// set changes a row and remembers how to take that back.
func set[K comparable, V any](tx *memoryTx, table map[K]V, k K, v V) {
	before, had := table[k]
	tx.undo = append(tx.undo, func() {
		if had {
			table[k] = before
		} else {
			delete(table, k)
		}
	})
	table[k] = v
}

func insert[K comparable, V any](tx *memoryTx, table map[K]V, k K, v V) error {
	if _, had := table[k]; had {
		return store.ErrDuplicate
	}
	set(tx, table, k, v)
	return nil
}

// put changes a row that is there.
func put[K comparable, V any](tx *memoryTx, table map[K]V, k K, v V) error {
	if _, had := table[k]; !had {
		return store.ErrNotFound
	}
	set(tx, table, k, v)
	return nil
}

func read[K comparable, V any](table map[K]V, k K) (V, error) {
	v, ok := table[k]
	if !ok {
		return v, store.ErrNotFound
	}
	return v, nil
}

func (tx *memoryTx) InsertToken(t pasarela.Token) error {
	return insert(tx, tx.rows.tokens, tx.key(string(t.ID)), t)
}

func (tx *memoryTx) Token(id pasarela.TokenID) (pasarela.Token, error) {
	return read(tx.rows.tokens, tx.key(string(id)))
}

func (tx *memoryTx) SpendToken(id pasarela.TokenID, at time.Time) error {
	t, err := tx.Token(id)
	if err == nil {
		t.SpentAt, t.Card, t.CVV = at, pasarela.Sealed{}, pasarela.Sealed{}
		set(tx, tx.rows.tokens, tx.key(string(id)), t)
	}
	return err
}

func (tx *memoryTx) ForgetTokens(_, _ time.Time, _ int) (int, error) { return 0, nil }

func (tx *memoryTx) InsertAuthentication(a pasarela.Authentication) error {
	return insert(tx, tx.rows.authentications, tx.key(string(a.ID)), a)
}

func (tx *memoryTx) Authentication(id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	return read(tx.rows.authentications, tx.key(string(id)))
}

func (tx *memoryTx) PutAuthentication(a pasarela.Authentication) error {
	return put(tx, tx.rows.authentications, tx.key(string(a.ID)), a)
}

func (tx *memoryTx) ForgetAuthentications(time.Time, int) (int, error) { return 0, nil }

func (tx *memoryTx) InsertRedirect(r pasarela.Redirect) error {
	return insert(tx, tx.rows.redirects, tx.key(string(r.ID)), r)
}

func (tx *memoryTx) Redirect(id pasarela.TokenID) (pasarela.Redirect, error) {
	return read(tx.rows.redirects, tx.key(string(id)))
}

func (tx *memoryTx) PutRedirect(r pasarela.Redirect) error {
	return put(tx, tx.rows.redirects, tx.key(string(r.ID)), r)
}

func (tx *memoryTx) ForgetRedirects(time.Time, int) (int, error) { return 0, nil }

func (tx *memoryTx) InsertPayment(p pasarela.Payment) error {
	if err := insert(tx, tx.rows.tickets, tx.key(string(p.Ticket)), string(p.ID)); err != nil {
		return err
	}
	return insert(tx, tx.rows.payments, tx.key(string(p.ID)), p)
}

func (tx *memoryTx) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	return read(tx.rows.payments, tx.key(string(id)))
}

func (tx *memoryTx) PutPayment(p pasarela.Payment) error {
	set(tx, tx.rows.payments, tx.key(string(p.ID)), p)
	return nil
}

func (tx *memoryTx) InsertOperation(o pasarela.Operation) error {
	if err := insert(tx, tx.rows.tickets, tx.key(string(o.Ticket)), string(o.ID)); err != nil {
		return err
	}
	return insert(tx, tx.rows.operations, tx.key(string(o.ID)), o)
}

func (tx *memoryTx) Operation(id pasarela.OperationID) (pasarela.Operation, error) {
	return read(tx.rows.operations, tx.key(string(id)))
}

func (tx *memoryTx) PutOperation(o pasarela.Operation) error {
	set(tx, tx.rows.operations, tx.key(string(o.ID)), o)
	return nil
}

func (tx *memoryTx) Post([]ledger.Posting) error { return nil }

func (tx *memoryTx) InsertSubscription(s pasarela.Subscription) error {
	return insert(tx, tx.rows.subscriptions, tx.key(string(s.ID)), s)
}

func (tx *memoryTx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return read(tx.rows.subscriptions, tx.key(string(id)))
}

func (tx *memoryTx) PutSubscription(s pasarela.Subscription) error {
	set(tx, tx.rows.subscriptions, tx.key(string(s.ID)), s)
	return nil
}

func (tx *memoryTx) ClaimKey(k store.Key) (store.Key, error) {
	if there, ok := tx.rows.keys[tx.key(k.Name)]; ok && k.CreatedAt.Before(there.ExpiresAt) {
		return there, nil
	}
	set(tx, tx.rows.keys, tx.key(k.Name), k)
	return k, nil
}

func (tx *memoryTx) AnswerKey(name, holder string, status int, answer []byte) error {
	k, ok := tx.rows.keys[tx.key(name)]
	if !ok || k.Holder != holder {
		return store.ErrNotFound
	}
	k.Status, k.Answer = status, answer
	set(tx, tx.rows.keys, tx.key(name), k)
	return nil
}

func (tx *memoryTx) DropKey(name, holder string) error {
	k, ok := tx.rows.keys[tx.key(name)]
	if ok && k.Holder == holder {
		tx.undo = append(tx.undo, func() { tx.rows.keys[tx.key(name)] = k })
		delete(tx.rows.keys, tx.key(name))
	}
	return nil
}

func (tx *memoryTx) ForgetKeys(time.Time, int) (int, error) { return 0, nil }
