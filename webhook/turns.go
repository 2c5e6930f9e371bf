package webhook

import "pasarela"

// turns is a queue in which merchants take turns: what one merchant has a great deal of keeps nobody else's waiting.
type turns[T any] struct {
	order   []pasarela.MerchantID // those that have something in the queue, the next one first
	waiting map[pasarela.MerchantID][]T
}

func (q *turns[T]) add(m pasarela.MerchantID, one T) {
	if q.waiting == nil {
		q.waiting = map[pasarela.MerchantID][]T{}
	}
	if len(q.waiting[m]) == 0 {
		q.order = append(q.order, m)
	}
	q.waiting[m] = append(q.waiting[m], one)
}

// take takes the first thing of the first merchant that may have a turn, if there is any.
func (q *turns[T]) take(may func(pasarela.MerchantID) bool) (one T, ok bool) {
	for i, m := range q.order {
		if !may(m) {
			continue
		}
		all := q.waiting[m]
		one, q.waiting[m] = all[0], all[1:]
		if i == 0 {
			q.order = q.order[1:]
		} else {
			q.order = append(q.order[:i:i], q.order[i+1:]...)
		}
		if len(all) > 1 {
			q.order = append(q.order, m)
		} else {
			delete(q.waiting, m)
		}
		return one, true
	}
	return one, false
}

func anybody(pasarela.MerchantID) bool { return true }
