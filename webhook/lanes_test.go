package webhook

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"pasarela"
	"pasarela/store"
)

var noon = time.Date(2031, 3, 3, 12, 0, 0, 0, time.UTC)

// One at a time to begin with, twice as many after each success, half as many after one that was slow, which proves nothing;
// one again after a failure.
func TestLaneWidens(t *testing.T) {
	t.Parallel()
	n := &lane{width: 1}
	for _, want := range []int{2, 4, 8, 16, 32, 32} {
		if n.learn(course{ok: true, took: time.Millisecond}, noon); n.width != want || n.standing != proven {
			t.Fatalf("width %d, want %d", n.width, want)
		}
	}
	for _, want := range []int{16, 8, 4, 2, 1, 1} {
		if n.learn(course{ok: true, slow: true, took: time.Millisecond}, noon); n.width != want || n.standing != unknown {
			t.Fatalf("after a slow success width %d, want %d", n.width, want)
		}
	}
	if n.learn(course{took: time.Millisecond}, noon); n.width != 1 || n.standing != failing || n.capacity() != 1 {
		t.Errorf("after a failure width %d, capacity %d", n.width, n.capacity())
	}
}

// From the third failure in a row on an endpoint is left alone for a while, ever longer, until it succeeds.
func TestLaneRests(t *testing.T) {
	t.Parallel()
	n := &lane{width: 1}
	for i, want := range []time.Duration{0, 0, 100 * time.Millisecond, 200 * time.Millisecond, 400 * time.Millisecond, 800 * time.Millisecond,
		1600 * time.Millisecond, 3200 * time.Millisecond, 6400 * time.Millisecond, 10 * time.Second, 10 * time.Second} {
		n.learn(course{took: time.Millisecond}, noon)
		if rest := max(n.resume.Sub(noon), 0); rest != want || (n.room(noon) == 0) != (want > 0) {
			t.Errorf("failure %d is followed by %s, want %s; room %d", i+1, rest, want, n.room(noon))
		}
	}
	if n.room(noon.Add(10*time.Second)) != 1 {
		t.Error("no room after the rest")
	}
	if n.learn(course{ok: true, took: time.Millisecond}, noon); n.room(noon) == 0 || !n.resume.IsZero() {
		t.Error("a success did not end the rest")
	}
}

// A claim takes no more than can be begun soon: of a slow endpoint little, of a quick one many times what it is sent at once.
func TestLaneClaimsWhatItCanBegin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		took  time.Duration
		width int
		want  int
	}{{0, 1, 2}, {5 * time.Second, 1, 1}, {5 * time.Second, 32, 32}, {time.Second, 4, 8}, {time.Millisecond, 1, 8}, {time.Millisecond, 32, 256}} {
		n := &lane{standing: proven, width: c.width, took: c.took}
		if got := n.room(noon); got != c.want {
			t.Errorf("%+v: %d are claimed", c, got)
		}
	}
}

// play is a number of lanes, and what became of the flights in them.
type play struct {
	*lanes
	t      *rapid.T
	under  []sending
	ends   map[*flight]string
	number int
}

// Whatever endpoints do: requests under way stay within their bounds, each flight is begun once or given back once, and
// none is left lying.
func TestLanesKeepTheirBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		p := &play{lanes: newLanes(), t: rt, ends: map[*flight]string{}}
		now := noon
		endpoints := rapid.IntRange(1, 3000).Draw(rt, "endpoints")
		for range rapid.IntRange(1, 30).Draw(rt, "rounds") {
			now = now.Add(time.Duration(rapid.IntRange(0, 11_000).Draw(rt, "ms")) * time.Millisecond)
			for i := range endpoints {
				p.claim(i, now)
			}
			p.bounds()
			p.end(rapid.IntRange(0, len(p.under)).Draw(rt, "ended"), rapid.IntRange(0, 2).Draw(rt, "failing"), now)
			p.bounds()
		}
		for len(p.under) > 0 {
			p.end(len(p.under), 1, now)
		}
		if len(p.ends) != p.number {
			rt.Fatalf("%d of %d flights were begun or given back", len(p.ends), p.number)
		}
		if n := p.sending; n != [standings]int{} || len(p.has) > 0 {
			rt.Fatalf("nothing is under way, and %v are counted, of merchants %v", n, p.has)
		}
	})
}

func (p *play) claim(i int, now time.Time) {
	n := p.of(store.Endpoint{Merchant: pasarela.MerchantID(fmt.Sprint(i % 3)), URL: fmt.Sprint(i)}, now)
	room, _ := p.room(n, now)
	var claimed []pasarela.Delivery
	for range room {
		p.number++
		claimed = append(claimed, pasarela.Delivery{ID: pasarela.DeliveryID(fmt.Sprint(p.number)), Attempts: 1})
	}
	p.line(n, p.took(n, claimed, now), false)
	p.do(p.next(n, now))
}

// end ends so many requests; of three endpoints those up to failing fail.
func (p *play) end(n, failing int, now time.Time) {
	ending := p.under[:n]
	p.under = append([]sending(nil), p.under[n:]...)
	for _, f := range ending {
		ok := int(f.lane.endpoint.URL[0])%3 >= failing
		s := p.ended(f, course{ok: ok, slow: len(f.delivery.ID)%4 == 0, took: time.Millisecond}, now)
		p.landed(f.flight)
		p.do(s)
	}
}

func (p *play) do(s step) {
	for _, f := range s.begin {
		p.ending(f.flight, "begun")
		p.under = append(p.under, f)
	}
	for _, f := range s.back {
		p.ending(f, "given back")
		p.landed(f)
	}
}

func (p *play) ending(f *flight, how string) {
	if before := p.ends[f]; before != "" {
		p.t.Fatalf("a flight was %s, and then %s", before, how)
	}
	p.ends[f] = how
}

func (p *play) bounds() {
	n := p.lanes.sending
	if total := n[proven] + n[unknown] + n[failing]; total != len(p.under) || total > maxSending || n[failing] > maxFailing || n[unknown]+n[failing] > maxDoubtful {
		p.t.Fatalf("%d are under way, counted as %v", len(p.under), n)
	}
	if len(p.flights) > maxFlights {
		p.t.Fatalf("%d are claimed", len(p.flights))
	}
	for m, has := range p.has {
		if has.sending > maxSending-shareSending || has.flights > maxFlights-shareFlights+maxWidth*slotBurst {
			p.t.Fatalf("merchant %s has %d under way and %d claimed", m, has.sending, has.flights)
		}
	}
	perLane := map[*lane]int{}
	for _, f := range p.under {
		if perLane[f.lane]++; perLane[f.lane] > maxWidth {
			p.t.Fatalf("%d are under way to one endpoint", perLane[f.lane])
		}
	}
}

// An endpoint that works has room even where all others hang.
func TestRoomBesideEndpointsThatHang(t *testing.T) {
	t.Parallel()
	l := newLanes()
	hang := func(url string, s standing) (full bool) {
		n := l.of(store.Endpoint{URL: url}, noon)
		n.standing = s
		room, full := l.room(n, noon)
		if room > 0 {
			l.line(n, l.took(n, []pasarela.Delivery{{ID: pasarela.DeliveryID(url), Attempts: 1}}, noon), false)
			l.next(n, noon)
		}
		return full
	}
	for i := range 3000 {
		hang(fmt.Sprintf("failing %d", i), failing)
		hang(fmt.Sprintf("unknown %d", i), unknown)
	}
	if !hang("failing", failing) || !hang("unknown", unknown) {
		t.Error("there is room for more that hang")
	}
	good := l.of(store.Endpoint{URL: "good"}, noon)
	good.learn(course{ok: true, took: time.Millisecond}, noon)
	if room, _ := l.room(good, noon); room == 0 {
		t.Error("an endpoint that works has no room")
	}
	l.line(good, l.took(good, []pasarela.Delivery{{ID: "good", Attempts: 1}}, noon), false)
	if s := l.next(good, noon); len(s.begin) != 1 {
		t.Error("an endpoint that works is sent nothing")
	}
}

// One merchant's endpoints take no place that another needs, whatever they do, and what waits for a place is begun by turns.
func TestRoomBesideAMerchantThatTakesAll(t *testing.T) {
	t.Parallel()
	l := newLanes()
	due := func(m pasarela.MerchantID, url string, s standing) (begun []sending) {
		n := l.of(store.Endpoint{Merchant: m, URL: url}, noon)
		n.standing = s
		id := pasarela.DeliveryID(fmt.Sprint(m, url))
		l.line(n, l.took(n, []pasarela.Delivery{{Merchant: m, ID: id, Attempts: 1}}, noon), false)
		return l.next(n, noon).begin
	}
	var greedy []sending
	for i := range 3000 {
		for s := range standings {
			greedy = append(greedy, due("greedy", fmt.Sprint(s, i), s)...)
		}
	}
	for s := range standings {
		if len(due("greedy", fmt.Sprint("more", s), s)) != 0 {
			t.Errorf("standing %d: there is room for more of the merchant that takes all", s)
		}
		if len(due("other", fmt.Sprint(s), s)) != 1 {
			t.Errorf("standing %d: there is no room for another merchant, beside %v", s, l.sending)
		}
	}
	for i := range 2 * maxSending { // all the others want what is left
		due(pasarela.MerchantID(fmt.Sprint("m", i%7)), fmt.Sprint(i), proven)
	}
	s := l.ended(greedy[0], course{ok: true}, noon)
	s2 := l.ended(greedy[1], course{ok: true}, noon)
	if len(s.begin) != 1 || len(s2.begin) != 1 || s.begin[0].delivery.Merchant == s2.begin[0].delivery.Merchant || s2.begin[0].delivery.Merchant == "greedy" {
		t.Errorf("begun next are %+v and %+v", s.begin, s2.begin)
	}
}

// What was claimed too long ago is not begun any more: its lease would end before the attempt.
func TestLateFlightsAreGivenBack(t *testing.T) {
	t.Parallel()
	l := newLanes()
	n := l.of(store.Endpoint{URL: "x"}, noon)
	l.line(n, l.took(n, []pasarela.Delivery{{ID: "1", Attempts: 1}, {ID: "2", Attempts: 1}}, noon), false)
	s := l.next(n, noon)
	if len(s.begin) != 1 || len(s.back) != 0 {
		t.Fatalf("%+v", s)
	}
	s = l.ended(s.begin[0], course{ok: true, took: beginWithin}, noon.Add(beginWithin+time.Second))
	if len(s.begin) != 0 || len(s.back) != 1 || s.back[0].delivery.ID != "2" {
		t.Errorf("%+v", s)
	}
}

// A key is worked on by one at a time, and once more when it was asked for meanwhile.
func TestCrew(t *testing.T) {
	t.Parallel()
	const keys, asks = 5, 200
	working := make([]chan struct{}, keys)
	for k := range working {
		working[k] = make(chan struct{}, 1)
	}
	var c *crew[int]
	done := make(chan int, keys*asks)
	c = newCrew(3, nobodys, func(k int) {
		select {
		case working[k] <- struct{}{}:
		default:
			t.Errorf("two work on %d", k)
		}
		<-working[k]
		done <- k
	})
	for i := range keys * asks {
		c.ask(i % keys)
	}
	entered, leave, again := make(chan struct{}), make(chan struct{}), make(chan struct{}, 2)
	slow := newCrew(1, nobodys, func(int) { entered <- struct{}{}; <-leave; again <- struct{}{} })
	slow.ask(1)
	<-entered
	slow.ask(1)
	slow.ask(1)
	leave <- struct{}{}
	<-entered
	leave <- struct{}{}
	<-again
	<-again
	seen := map[int]bool{}
	for len(seen) < keys {
		seen[<-done] = true
	}
}

// nobodys is for crews in which nobody takes turns.
func nobodys(int) pasarela.MerchantID { return "" }

// A crew takes turns: what one merchant has asked for a thousand times keeps no other's waiting.
func TestCrewTakesTurns(t *testing.T) {
	t.Parallel()
	var order []string
	begun, begin, done := make(chan struct{}), make(chan struct{}), make(chan struct{})
	c := newCrew(1, func(k string) pasarela.MerchantID { return pasarela.MerchantID(k[:1]) }, func(k string) {
		if k == "a" {
			close(begun)
			<-begin
			return
		}
		if order = append(order, k); len(order) == 1003 {
			close(done)
		}
	})
	c.ask("a")
	<-begun
	for i := range 1000 {
		c.ask(fmt.Sprint("a", i))
	}
	c.ask("b1")
	c.ask("b2")
	c.ask("c1")
	close(begin)
	<-done
	if got := fmt.Sprint(order[:6]); got != "[a0 b1 c1 a1 b2 a2]" {
		t.Errorf("worked on %s", got)
	}
}
