package memory

import (
	"iter"
	"maps"

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

func (t *table[K, V]) drop(k K) { t.staged[k] = nil }

// insert says whether the key was free.
func (t *table[K, V]) insert(k K, v V) bool {
	free := t.get(k) == nil
	if free {
		t.put(k, v)
	}
	return free
}

// all are the rows as the unit sees them.
func (t *table[K, V]) all() iter.Seq2[K, *V] {
	return func(yield func(K, *V) bool) {
		for k, v := range t.rows {
			if _, changed := t.staged[k]; !changed && !yield(k, v) {
				return
			}
		}
		for k, v := range maps.Clone(t.staged) {
			if v != nil && !yield(k, v) {
				return
			}
		}
	}
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
	periods          *table[periodKey, pasarela.Period]
	events           *table[int64, pasarela.Event] // by place
	eventIDs         *table[pasarela.EventID, int64]
	deliveries       *table[pasarela.DeliveryID, delivery]
	lines            *table[line, []pasarela.DeliveryID] // of pending deliveries
	authentications  *table[pasarela.AuthenticationID, pasarela.Authentication]
	redirects        *table[pasarela.TokenID, pasarela.Redirect]
	customers        *table[pasarela.CustomerID, pasarela.Customer]
	references       *table[string, pasarela.CustomerID] // of customers that are not deleted
	keys             *table[string, store.Key]
	postings         *table[pasarela.PostingID, ledger.Posting]

	lastPosition int // of a delivery
}

func newTables(m pasarela.MerchantID) *tables {
	return &tables{m, newTable[pasarela.TokenID, pasarela.Token](), newTable[pasarela.PaymentID, pasarela.Payment](),
		newTable[pasarela.Ticket, pasarela.PaymentID](), newTable[pasarela.OperationID, pasarela.Operation](),
		newTable[pasarela.Ticket, pasarela.OperationID](), newTable[pasarela.SubscriptionID, pasarela.Subscription](),
		newTable[periodKey, pasarela.Period](), newTable[int64, pasarela.Event](), newTable[pasarela.EventID, int64](),
		newTable[pasarela.DeliveryID, delivery](), newTable[line, []pasarela.DeliveryID](),
		newTable[pasarela.AuthenticationID, pasarela.Authentication](), newTable[pasarela.TokenID, pasarela.Redirect](),
		newTable[pasarela.CustomerID, pasarela.Customer](), newTable[string, pasarela.CustomerID](),
		newTable[string, store.Key](), newTable[pasarela.PostingID, ledger.Posting](), 0}
}

func (t *tables) end(keep bool) {
	t.tokens.end(keep)
	t.payments.end(keep)
	t.tickets.end(keep)
	t.operations.end(keep)
	t.operationTickets.end(keep)
	t.subscriptions.end(keep)
	t.periods.end(keep)
	t.events.end(keep)
	t.eventIDs.end(keep)
	t.deliveries.end(keep)
	t.lines.end(keep)
	t.authentications.end(keep)
	t.redirects.end(keep)
	t.customers.end(keep)
	t.references.end(keep)
	t.keys.end(keep)
	t.postings.end(keep)
}
