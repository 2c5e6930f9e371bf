package webhook

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"pasarela"
	"pasarela/store"
)

// look goes through the endpoints to which something is due. One goroutine owns it.
type look struct {
	dispatcher *Dispatcher
	first      pasarela.MerchantID            // with whom to begin: one that the last look had no room for
	passed     map[pasarela.MerchantID]string // and with which endpoint of each such merchant, so that all get their turn
	ahead      time.Time                      // of the first look: what may be leased to a dead process until then; zero for none
	forgot     time.Time
}

// restAfter is how long nobody looks after a look that took so long: looking leaves the database to payments.
func restAfter(took time.Duration) time.Duration {
	return min(max(lookSpacing, lookShare*took), longestRest)
}

// once asks for claims wherever there is room.
func (l *look) once(ctx context.Context) {
	d, now := l.dispatcher, time.Now()
	if now.Sub(l.forgot) > forgetEvery {
		l.forgot = now
		d.lanes.forget(now)
	}
	until := d.now()
	if until.Before(l.ahead) {
		until = l.ahead
	}
	due, err := d.due(ctx, until)
	if err != nil {
		if ctx.Err() == nil {
			d.Log.LogAttrs(ctx, slog.LevelError, "what is to be delivered cannot be read; asking again", slog.Any("error", err))
		}
		return
	}
	d.Observer.WebhooksDue(len(due))
	l.visit(due, func(e store.Endpoint) bool { return d.visit(e, l.ahead) })
	l.ahead = time.Time{}
}

// visit goes around once; visitOne says that there was no room for an endpoint, which is where the next look goes on.
func (l *look) visit(due []store.Endpoint, visitOne func(store.Endpoint) (full bool)) {
	first, passed := pasarela.MerchantID(""), map[pasarela.MerchantID]string{}
	for _, e := range l.inTurns(due) {
		if !visitOne(e) {
			continue
		}
		first = cmp.Or(first, e.Merchant)
		if _, known := passed[e.Merchant]; !known {
			passed[e.Merchant] = e.URL
		}
	}
	l.first, l.passed = first, passed
}

// inTurns puts endpoints, which come by merchant, into the order in which they are visited: one of each merchant, then
// another of each, so that nobody is behind all that somebody else has.
func (l *look) inTurns(due []store.Endpoint) []store.Endpoint {
	each := byMerchant(due)
	each = from(each, func(of []store.Endpoint) bool { return of[0].Merchant >= l.first })
	for i, of := range each {
		passed := l.passed[of[0].Merchant]
		each[i] = from(of, func(e store.Endpoint) bool { return e.URL >= passed })
	}
	turns := make([]store.Endpoint, 0, len(due))
	for round := 0; len(each) > 0; round++ {
		each = slices.DeleteFunc(each, func(of []store.Endpoint) bool { return len(of) <= round })
		for _, of := range each {
			turns = append(turns, of[round])
		}
	}
	return turns
}

// byMerchant cuts a list into each merchant's.
func byMerchant(due []store.Endpoint) (each [][]store.Endpoint) {
	for len(due) > 0 {
		end := slices.IndexFunc(due, func(e store.Endpoint) bool { return e.Merchant != due[0].Merchant })
		if end < 0 {
			end = len(due)
		}
		each, due = append(each, due[:end]), due[end:]
	}
	return each
}

// from has a list begin with the first that is meant, what came before it at its end.
func from[T any](all []T, meant func(T) bool) []T {
	i := max(slices.IndexFunc(all, meant), 0)
	return slices.Concat(all[i:], all[:i])
}
