package webhook

import (
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

const (
	maxSending  = 2048               // requests under way
	maxDoubtful = maxSending * 3 / 4 // of them to endpoints that have not just succeeded
	maxFailing  = maxSending / 2     // of them to endpoints that have just failed
	maxFlights  = 2 * maxSending     // claimed, with those under way

	// A merchant that has a quarter of all leaves the last quarter to others, whatever its endpoints do.
	shareSending = maxSending / 4
	shareFlights = maxFlights / 4
)

// lanes are the endpoints that had something due lately, and all that this process has claimed. It is safe for
// concurrent use.
type lanes struct {
	mu      sync.Mutex
	all     map[store.Endpoint]*lane
	flights map[flightKey]*flight
	sending [standings]int          // requests under way, by the standing that the endpoint had at their begin
	blocked [standings]turns[*lane] // have something to send and wait for others to end
	has     map[pasarela.MerchantID]*share
	closed  bool
}

// share is what one merchant has of all.
type share struct{ sending, flights int }

func newLanes() *lanes {
	return &lanes{all: map[store.Endpoint]*lane{}, flights: map[flightKey]*flight{}, has: map[pasarela.MerchantID]*share{}}
}

// of is an endpoint's lane.
func (l *lanes) of(e store.Endpoint, now time.Time) *lane {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := l.all[e]
	if n == nil {
		n = &lane{endpoint: e, width: 1}
		l.all[e] = n
	}
	n.used = now
	return n
}

// room is how many deliveries to claim for a lane now. full says that it is none because of what the other lanes do.
func (l *lanes) room(n *lane, now time.Time) (room int, full bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0, false
	}
	free := maxFlights - len(l.flights)
	if l.shareOf(n.merchant()).flights >= shareFlights {
		free -= shareFlights
	}
	if !l.fits(n.standing, n.merchant()) || free <= 0 {
		return 0, true
	}
	return min(n.room(now), free), false
}

// fits says whether a request to an endpoint of that standing may be begun. l.mu is held.
func (l *lanes) fits(s standing, m pasarela.MerchantID) bool {
	doubtful := l.sending[unknown] + l.sending[failing]
	all, kept := doubtful+l.sending[proven], 0
	if l.shareOf(m).sending >= shareSending {
		kept = shareSending
	}
	switch s {
	case failing:
		return l.sending[failing]+kept < maxFailing && doubtful+kept < maxDoubtful && all+kept < maxSending
	case unknown:
		return doubtful+kept < maxDoubtful && all+kept < maxSending
	default:
		return all+kept < maxSending
	}
}

// shareOf is what a merchant has. l.mu is held.
func (l *lanes) shareOf(m pasarela.MerchantID) share {
	if s := l.has[m]; s != nil {
		return *s
	}
	return share{}
}

// count changes what a merchant has. l.mu is held.
func (l *lanes) count(m pasarela.MerchantID, sending, flights int) {
	s := l.has[m]
	if s == nil {
		s = &share{}
		l.has[m] = s
	}
	s.sending, s.flights = s.sending+sending, s.flights+flights
	if *s == (share{}) {
		delete(l.has, m)
	}
}

// doubts says whether an endpoint has just failed.
func (l *lanes) doubts(n *lane) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n.standing == failing
}

// expect notes until when what is due at a lane may be leased to a process that is dead; zero for no longer.
func (l *lanes) expect(n *lane, ahead time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n.ahead = ahead
}

func (l *lanes) expected(n *lane) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return n.ahead
}

// flying says whether the delivery as claimed now is one that an earlier claim of this process has under way: its lease
// ended by the clock, but the attempt has not.
func (l *lanes) flying(d pasarela.Delivery) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.flights[flightKey{d.Merchant, d.ID, d.Attempts - 1}]
	return f != nil && f.delivery.Since.Equal(d.Since) && f.delivery.UpdatedAt.Equal(d.UpdatedAt)
}

// took notes what was claimed.
func (l *lanes) took(n *lane, claimed []pasarela.Delivery, at time.Time) (flights []*flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, d := range claimed {
		f := &flight{delivery: d, lane: n, claimed: at, done: make(chan struct{})}
		l.flights[f.key()] = f
		l.count(n.merchant(), 0, 1)
		flights = append(flights, f)
	}
	return flights
}

// line has flights wait in their lane. They come back at once where the lanes are closed.
func (l *lanes) line(n *lane, flights []*flight, more bool) (refused []*flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return flights
	}
	n.waiting, n.more = append(n.waiting, flights...), more
	return nil
}

// step is what to do next.
type step struct {
	begin []sending
	back  []*flight // to be given back: it is too late for them, or their endpoint is to be left alone
	claim []*lane   // have room again, and probably more due
}

// sending is a flight that is counted as a request under way.
type sending struct {
	*flight
	as standing
}

// next is what a lane can begin now.
func (l *lanes) next(n *lane, now time.Time) (s step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.advance(n, now, &s)
	return s
}

// ended takes note of a request's end, and says what comes next in its lane and in those that waited for it.
func (l *lanes) ended(f sending, went course, now time.Time) (s step) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sending[f.as]--
	l.count(f.lane.merchant(), -1, 0)
	f.lane.sending--
	f.lane.learn(went, now)
	l.advance(f.lane, now, &s)
	for _, class := range []standing{proven, unknown, failing} {
		fits := func(m pasarela.MerchantID) bool { return l.fits(class, m) }
		for fits("") { // a merchant that has nothing yet
			n, ok := l.blocked[class].take(fits)
			if !ok {
				break
			}
			n.blocked = false
			l.advance(n, now, &s)
		}
	}
	return s
}

// learn takes note of an attempt that was not counted.
func (l *lanes) learn(n *lane, went course, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n.learn(went, now)
}

// advance begins what a lane can begin. l.mu is held.
func (l *lanes) advance(n *lane, now time.Time, s *step) {
	if l.closed || now.Before(n.resume) {
		s.back, n.waiting = append(s.back, n.waiting...), nil
		return
	}
	for len(n.waiting) > 0 && n.sending < n.width {
		if n.waiting[0].late(now) {
			s.back, n.waiting = append(s.back, n.waiting[0]), n.waiting[1:]
			continue
		}
		if !l.fits(n.standing, n.merchant()) {
			if !n.blocked {
				n.blocked = true
				l.blocked[n.standing].add(n.merchant(), n)
			}
			return
		}
		s.begin, n.waiting = append(s.begin, sending{n.waiting[0], n.standing}), n.waiting[1:]
		n.sending++
		l.sending[n.standing]++
		l.count(n.merchant(), 1, 0)
	}
	if n.more && n.standing != failing && n.room(now) > 0 {
		n.more = false
		s.claim = append(s.claim, n)
	}
}

// landed forgets a flight.
func (l *lanes) landed(f *flight) {
	l.mu.Lock()
	if l.flights[f.key()] == f { // somebody may have claimed it anew once its end was committed
		delete(l.flights, f.key())
	}
	l.count(f.lane.merchant(), 0, -1)
	l.mu.Unlock()
	close(f.done)
}

// aloft are the flights of deliveries that waited at a time already.
func (l *lanes) aloft(at time.Time) (flights []*flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.flights {
		if !f.delivery.Since.After(at) {
			flights = append(flights, f)
		}
	}
	return flights
}

// close lets nothing begin any more. It returns what was claimed and not begun, and what is under way.
func (l *lanes) close() (back, under []*flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	for _, n := range l.all {
		back, n.waiting = append(back, n.waiting...), nil
	}
	for _, f := range l.flights {
		under = append(under, f)
	}
	return back, under
}

// forget drops lanes that were not used for long.
func (l *lanes) forget(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for e, n := range l.all {
		if n.idle(now) {
			delete(l.all, e)
		}
	}
}
