package simulation

import (
	"slices"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// table is one kind of row. What a unit of work writes is staged until it ends; meanwhile readers see the rows
// as they were. A row is never changed, only replaced.
type table[K comparable, V any] struct {
	rows   map[K]*V
	staged map[K]*V // nil for a row that goes
}

func newTable[K comparable, V any]() *table[K, V] {
	return &table[K, V]{rows: map[K]*V{}, staged: map[K]*V{}}
}

// get is a row as the unit sees it, nil where there is none.
func (t *table[K, V]) get(k K) *V {
	if v, ok := t.staged[k]; ok {
		return v
	}
	return t.rows[k]
}

func (t *table[K, V]) put(k K, v V) { t.staged[k] = &v }
func (t *table[K, V]) drop(k K)     { t.staged[k] = nil }

// insert says whether the key was free.
func (t *table[K, V]) insert(k K, v V) bool {
	free := t.get(k) == nil
	if free {
		t.put(k, v)
	}
	return free
}

// end keeps what was staged, or forgets it.
func (t *table[K, V]) end(keep bool) {
	if keep {
		for k, v := range t.staged {
			if v == nil {
				delete(t.rows, k)
			} else {
				t.rows[k] = v
			}
		}
	}
	clear(t.staged)
}

// tables are the rows of one merchant.
type tables struct {
	merchant         pasarela.MerchantID
	tokens           *table[pasarela.TokenID, pasarela.Token]
	payments         *table[pasarela.PaymentID, pasarela.Payment]
	tickets          *table[pasarela.Ticket, pasarela.PaymentID]
	operations       *table[pasarela.OperationID, pasarela.Operation]
	operationTickets *table[pasarela.Ticket, pasarela.OperationID]
	subscriptions    *table[pasarela.SubscriptionID, pasarela.Subscription]
	authentications  *table[pasarela.AuthenticationID, pasarela.Authentication]
	redirects        *table[pasarela.TokenID, pasarela.Redirect]
	keys             *table[string, store.Key]
	postings         *table[pasarela.PostingID, ledger.Posting]
}

func newTables(m pasarela.MerchantID) *tables {
	return &tables{m, newTable[pasarela.TokenID, pasarela.Token](), newTable[pasarela.PaymentID, pasarela.Payment](),
		newTable[pasarela.Ticket, pasarela.PaymentID](), newTable[pasarela.OperationID, pasarela.Operation](),
		newTable[pasarela.Ticket, pasarela.OperationID](), newTable[pasarela.SubscriptionID, pasarela.Subscription](),
		newTable[pasarela.AuthenticationID, pasarela.Authentication](), newTable[pasarela.TokenID, pasarela.Redirect](),
		newTable[string, store.Key](), newTable[pasarela.PostingID, ledger.Posting]()}
}

func (t *tables) end(keep bool) {
	t.tokens.end(keep)
	t.payments.end(keep)
	t.tickets.end(keep)
	t.operations.end(keep)
	t.operationTickets.end(keep)
	t.subscriptions.end(keep)
	t.authentications.end(keep)
	t.redirects.end(keep)
	t.keys.end(keep)
	t.postings.end(keep)
}

// sealed calls visit for every sealed value of one kind.
func (t *tables) sealed(k store.SealedKind, visit func(row string, s pasarela.Sealed)) {
	switch k {
	case store.SealedTokenCard, store.SealedTokenCVV:
		for id, v := range t.tokens.rows {
			if k == store.SealedTokenCard {
				visit(string(id), v.Card)
			} else {
				visit(string(id), v.CVV)
			}
		}
	case store.SealedPaymentCard:
		for id, v := range t.payments.rows {
			visit(string(id), v.Card)
		}
	case store.SealedSubscriptionCard:
		for id, v := range t.subscriptions.rows {
			visit(string(id), v.Card)
		}
	}
}

// dueItem is something that falls due, in the order in which it does.
type dueItem[K ~string] struct {
	id K
	at time.Time
}

// earliest lists by time, then by id, at most limit.
func earliest[K ~string](all []dueItem[K], limit int) (ids []K) {
	slices.SortFunc(all, func(a, b dueItem[K]) int {
		if d := a.at.Compare(b.at); d != 0 {
			return d
		}
		if a.id < b.id {
			return -1
		}
		return 1
	})
	for _, d := range all[:min(limit, len(all))] {
		ids = append(ids, d.id)
	}
	return ids
}

func isDue(at, now time.Time) bool { return !at.IsZero() && !at.After(now) }

func (t *tables) due(now time.Time) (all []dueItem[pasarela.PaymentID]) {
	for id, p := range t.payments.rows {
		if isDue(p.DueAt, now) {
			all = append(all, dueItem[pasarela.PaymentID]{id, p.DueAt})
		}
	}
	return all
}

func (t *tables) dueSubscriptions(now time.Time) (all []dueItem[pasarela.SubscriptionID]) {
	for id, s := range t.subscriptions.rows {
		if isDue(s.DueAt, now) {
			all = append(all, dueItem[pasarela.SubscriptionID]{id, s.DueAt})
		}
	}
	return all
}

// The rows as a database gives them back: times in UTC with microseconds, empty bytes as nil.

func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func content(b []byte) []byte {
	if len(b) == 0 {
		return nil
	}
	return slices.Clone(b)
}

func sealedRow(s pasarela.Sealed) pasarela.Sealed {
	return pasarela.Sealed{Record: s.Record, Bytes: content(s.Bytes)}
}

func tokenRow(t pasarela.Token) pasarela.Token {
	t.Card, t.CVV, t.Details = sealedRow(t.Card), sealedRow(t.CVV), content(t.Details)
	t.CreatedAt, t.ExpiresAt, t.SpentAt = instant(t.CreatedAt), instant(t.ExpiresAt), instant(t.SpentAt)
	return t
}

func paymentRow(p pasarela.Payment) pasarela.Payment {
	p.Card, p.Order = sealedRow(p.Card), content(p.Order)
	p.DueAt, p.ExpiresAt, p.CreatedAt, p.UpdatedAt = instant(p.DueAt), instant(p.ExpiresAt), instant(p.CreatedAt), instant(p.UpdatedAt)
	for _, t := range []*pasarela.Trace{&p.Trace, &p.Follow, &p.CaptureTrace} {
		t.SentAt = instant(t.SentAt)
	}
	return p
}

func operationRow(o pasarela.Operation) pasarela.Operation {
	o.Order, o.Trace.SentAt = content(o.Order), instant(o.Trace.SentAt)
	o.CreatedAt, o.UpdatedAt = instant(o.CreatedAt), instant(o.UpdatedAt)
	return o
}

func subscriptionRow(s pasarela.Subscription) pasarela.Subscription {
	s.Card, s.Order = sealedRow(s.Card), content(s.Order)
	s.DueAt, s.CreatedAt, s.UpdatedAt = instant(s.DueAt), instant(s.CreatedAt), instant(s.UpdatedAt)
	return s
}

func keyRow(k store.Key) store.Key {
	k.Digest, k.Answer = content(k.Digest), content(k.Answer)
	k.CreatedAt, k.ExpiresAt = instant(k.CreatedAt), instant(k.ExpiresAt)
	return k
}
