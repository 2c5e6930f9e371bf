package simulation

import (
	"bytes"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// diskTx is one unit of work on a disk.
type diskTx struct {
	*tables
	failed error // the first write that failed; the unit is undone whatever it returns
	ended  bool
}

var errUnitOver = pasarela.Errorf(pasarela.CodeInternal, "unit of work is over")

func (t *diskTx) usable() error {
	if t.ended {
		return errUnitOver
	}
	return t.failed
}

// write fails the unit with err unless it is good.
func (t *diskTx) write(good func() bool, err error) error {
	if err := t.usable(); err != nil {
		return err
	}
	if !good() {
		t.failed = err
	}
	return t.failed
}

// row reads one.
func row[V any](t *diskTx, v *V) (zero V, err error) {
	if err := t.usable(); err != nil {
		return zero, err
	}
	if v == nil {
		return zero, store.ErrNotFound
	}
	return *v, nil
}

func (t *diskTx) InsertToken(k pasarela.Token) error {
	k.Merchant = t.merchant
	return t.write(func() bool { return t.tokens.insert(k.ID, tokenRow(k)) }, store.ErrDuplicate)
}

func (t *diskTx) Token(id pasarela.TokenID) (pasarela.Token, error) { return row(t, t.tokens.get(id)) }

func (t *diskTx) SpendToken(id pasarela.TokenID, at time.Time) error {
	return t.write(func() bool {
		k := t.tokens.get(id)
		if k != nil {
			spent := *k
			spent.SpentAt, spent.Card, spent.CVV = instant(at), pasarela.Sealed{}, pasarela.Sealed{}
			t.tokens.put(id, spent)
		}
		return k != nil
	}, store.ErrNotFound)
}

func (t *diskTx) ForgetTokens(expired, gone time.Time, limit int) (n int, err error) {
	if err := t.usable(); err != nil {
		return 0, err
	}
	for id, k := range t.tokens.rows {
		switch {
		case n == limit:
			return n, nil
		case isDue(k.ExpiresAt, gone):
			t.tokens.drop(id)
			n++
		case isDue(k.ExpiresAt, expired) && !(k.Card.Empty() && k.CVV.Empty()):
			bare := *k
			bare.Card, bare.CVV = pasarela.Sealed{}, pasarela.Sealed{}
			t.tokens.put(id, bare)
			n++
		}
	}
	return n, nil
}

func (t *diskTx) InsertPayment(p pasarela.Payment) error {
	p.Merchant = t.merchant
	return t.write(func() bool {
		return t.tickets.insert(p.Ticket, p.ID) && t.payments.insert(p.ID, paymentRow(p))
	}, store.ErrDuplicate)
}

func (t *diskTx) Payment(id pasarela.PaymentID) (pasarela.Payment, error) {
	return row(t, t.payments.get(id))
}

func (t *diskTx) PutPayment(p pasarela.Payment) error {
	return t.write(func() bool {
		old := t.payments.get(p.ID)
		if old == nil {
			return false
		}
		p.Merchant, p.Ticket, p.Kind, p.Amount, p.CreatedAt = old.Merchant, old.Ticket, old.Kind, old.Amount, old.CreatedAt
		p.Token, p.Subscription, p.Recurrence, p.Authentication = old.Token, old.Subscription, old.Recurrence, old.Authentication
		p.Facts, p.Dialect, p.Order = old.Facts, old.Dialect, old.Order
		t.payments.put(p.ID, paymentRow(p))
		return true
	}, store.ErrNotFound)
}

func (t *diskTx) InsertOperation(o pasarela.Operation) error {
	o.Merchant = t.merchant
	return t.write(func() bool {
		return t.operationTickets.insert(o.Ticket, o.ID) && t.operations.insert(o.ID, operationRow(o))
	}, store.ErrDuplicate)
}

func (t *diskTx) Operation(id pasarela.OperationID) (pasarela.Operation, error) {
	return row(t, t.operations.get(id))
}

func (t *diskTx) PutOperation(o pasarela.Operation) error {
	return t.write(func() bool {
		old := t.operations.get(o.ID)
		if old == nil {
			return false
		}
		stays := *old
		stays.State, stays.Trace, stays.UpdatedAt = o.State, o.Trace, o.UpdatedAt
		stays.ResponseCode, stays.ApprovalCode = o.ResponseCode, o.ApprovalCode
		t.operations.put(o.ID, operationRow(stays))
		return true
	}, store.ErrNotFound)
}

func (t *diskTx) Post(postings []ledger.Posting) error {
	return t.write(func() bool {
		for _, p := range postings {
			p.Merchant, p.At = t.merchant, instant(p.At)
			if !t.postings.insert(p.ID, p) {
				return false
			}
		}
		return true
	}, store.ErrDuplicate)
}

func (t *diskTx) InsertSubscription(s pasarela.Subscription) error {
	s.Merchant = t.merchant
	return t.write(func() bool { return t.subscriptions.insert(s.ID, subscriptionRow(s)) }, store.ErrDuplicate)
}

func (t *diskTx) Subscription(id pasarela.SubscriptionID) (pasarela.Subscription, error) {
	return row(t, t.subscriptions.get(id))
}

func (t *diskTx) PutSubscription(s pasarela.Subscription) error {
	return t.write(func() bool {
		old := t.subscriptions.get(s.ID)
		if old != nil {
			s.CreatedAt = old.CreatedAt
			t.subscriptions.put(s.ID, subscriptionRow(s))
		}
		return old != nil
	}, store.ErrNotFound)
}

func (t *diskTx) ClaimKey(k store.Key) (store.Key, error) {
	if err := t.usable(); err != nil {
		return store.Key{}, err
	}
	if old := t.keys.get(k.Name); old == nil || !old.ExpiresAt.After(k.CreatedAt) {
		t.keys.put(k.Name, keyRow(k))
	}
	return *t.keys.get(k.Name), nil
}

// held is a key that holder holds, nil for any other.
func (t *diskTx) held(name, holder string) *store.Key {
	if k := t.keys.get(name); k != nil && k.Holder == holder {
		return k
	}
	return nil
}

func (t *diskTx) AnswerKey(name, holder string, status int, answer []byte) error {
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

func (t *diskTx) DropKey(name, holder string) error {
	return t.write(func() bool {
		if t.held(name, holder) != nil {
			t.keys.drop(name)
		}
		return true
	}, nil)
}

func (t *diskTx) ForgetKeys(now time.Time, limit int) (n int, err error) {
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

// reseal replaces old by renewed in a row, unless the row holds something else.
func (t *diskTx) reseal(k store.SealedKind, name string, old, renewed []byte) bool {
	swap := func(s *pasarela.Sealed) bool {
		same := len(old) > 0 && bytes.Equal(s.Bytes, old)
		if same {
			s.Bytes = content(renewed)
		}
		return same
	}
	switch k {
	case store.SealedTokenCard, store.SealedTokenCVV:
		v, err := t.Token(pasarela.TokenID(name))
		sealed := &v.Card
		if k == store.SealedTokenCVV {
			sealed = &v.CVV
		}
		swapped := err == nil && swap(sealed)
		if swapped {
			t.tokens.put(v.ID, v)
		}
		return swapped
	case store.SealedPaymentCard:
		v, err := t.Payment(pasarela.PaymentID(name))
		return err == nil && swap(&v.Card) && t.PutPayment(v) == nil
	case store.SealedSubscriptionCard:
		v, err := t.Subscription(pasarela.SubscriptionID(name))
		return err == nil && swap(&v.Card) && t.PutSubscription(v) == nil
	default:
		return false
	}
}
