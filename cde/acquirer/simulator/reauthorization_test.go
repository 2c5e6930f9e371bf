package simulator_test

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

// more is a reauthorization of a hold by so many minor units.
func (r *rig) more(hold pasarela.NetworkRequest, minor int64) pasarela.NetworkRequest {
	q := r.after(hold, pasarela.MessageReauthorize)
	q.Amount.Minor = minor
	return q
}

// back takes one reauthorization back, as the merchant or because its outcome is not known.
func (r *rig) back(m pasarela.Message, of pasarela.NetworkRequest) pasarela.NetworkRequest {
	q := r.after(of, m)
	q.Of = pasarela.MessageReauthorize
	return q
}

func (r *rig) wantAuthorized(q pasarela.NetworkRequest, s simulator.State, minor int64) {
	r.t.Helper()
	if a := r.book(q); a.State != s || a.AmountMinor != minor {
		r.t.Fatalf("issuer has it %s with %d authorized, want %s with %d", a.State, a.AmountMinor, s, minor)
	}
}

// A reauthorization raises what is held; taking it back, in either way and however often, undoes it alone.
func TestReauthorizations(t *testing.T) {
	t.Parallel()
	const reduce, reverse = pasarela.MessageReduce, pasarela.MessageReverseReauthorize
	r := newRig(t)
	for name, c := range map[string]struct {
		play func(hold, first, second pasarela.NetworkRequest) // of 1000, 500 and 30, all approved
		want int64
	}{
		"both stand":   {func(_, _, _ pasarela.NetworkRequest) {}, 1530},
		"first given":  {func(_, first, _ pasarela.NetworkRequest) { r.approve(r.back(reduce, first)) }, 1030},
		"second given": {func(_, _, second pasarela.NetworkRequest) { r.approve(r.back(reduce, second)) }, 1500},
		"reversed":     {func(_, first, _ pasarela.NetworkRequest) { r.approve(r.back(reverse, first)) }, 1030},
		"both": {func(_, first, second pasarela.NetworkRequest) {
			r.approve(r.back(reverse, second))
			r.approve(r.back(reduce, first))
		}, 1000},
		"repeated as an advice": {func(_, first, _ pasarela.NetworkRequest) {
			q := r.back(reduce, first)
			for q.Attempt = 1; q.Attempt <= 3; q.Attempt++ {
				r.approve(q)
			}
		}, 1030},
		"undone twice by two messages": {func(_, first, _ pasarela.NetworkRequest) {
			r.approve(r.back(reverse, first))
			r.approve(r.back(reduce, first))
			r.approve(r.back(reverse, first))
		}, 1030},
		"reauthorization that comes twice": {func(_, first, second pasarela.NetworkRequest) {
			r.approve(first)
			r.approve(second)
		}, 1530},
		"longer only":             {func(hold, _, _ pasarela.NetworkRequest) { r.approve(r.more(hold, 0)) }, 1530},
		"longer only, taken back": {func(hold, _, _ pasarela.NetworkRequest) { r.approve(r.back(reduce, r.approve(r.more(hold, 0)))) }, 1530},
		"again after it was given": {func(hold, first, _ pasarela.NetworkRequest) {
			r.approve(r.back(reduce, first))
			r.approve(r.more(hold, 7))
		}, 1037},
		"overtaken by its reversal": {func(hold, _, _ pasarela.NetworkRequest) {
			late := r.more(hold, 99)
			r.approve(r.back(reverse, late))
			r.want(r.send(late), pasarela.OutcomeDeclined, "12")
		}, 1530},
	} {
		t.Run(name, func(t *testing.T) {
			hold := r.approve(r.request(pasarela.MessageAuthorize))
			first, second := r.approve(r.more(hold, 500)), r.approve(r.more(hold, 30))
			c.play(hold, first, second)
			r.wantAuthorized(hold, simulator.StateHeld, c.want)
		})
	}
}

// What follows counts on all that is held: 110 % of the whole can be captured, a release leaves nothing.
func TestWhatFollowsAReauthorization(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	held := func() (hold, first pasarela.NetworkRequest) {
		hold = r.approve(r.request(pasarela.MessageAuthorize))
		return hold, r.approve(r.more(hold, 500))
	}
	capture := func(hold pasarela.NetworkRequest, minor int64) pasarela.NetworkRequest {
		q := r.after(hold, pasarela.MessageCapture)
		q.Amount.Minor = minor
		return q
	}
	hold, first := held()
	r.want(r.send(capture(hold, 1651)), pasarela.OutcomeDeclined, "61")
	taken := r.approve(capture(hold, 1650))
	r.wantBook(hold, simulator.StateCaptured, 1650, 0)
	r.want(r.send(r.more(hold, 1)), pasarela.OutcomeDeclined, "12")
	r.want(r.send(r.back(pasarela.MessageReduce, first)), pasarela.OutcomeDeclined, "12") // taken: no longer there to be given
	undo := r.after(hold, pasarela.MessageReverseCapture)
	undo.Original = taken.Trace
	r.approve(undo)
	r.wantAuthorized(hold, simulator.StateHeld, 1500)
	r.approve(r.back(pasarela.MessageReduce, first))
	r.want(r.send(capture(hold, 1101)), pasarela.OutcomeDeclined, "61")
	r.approve(capture(hold, 1100))

	for m, state := range map[pasarela.Message]simulator.State{
		pasarela.MessageRelease: simulator.StateReleased, pasarela.MessageReverse: simulator.StateReversed} {
		hold, first = held()
		r.approve(r.after(hold, m))
		r.wantBook(hold, state, 0, 0)
		r.want(r.send(r.more(hold, 1)), pasarela.OutcomeDeclined, "12")
		r.approve(r.back(pasarela.MessageReverseReauthorize, first)) // nothing is left to undo
		r.wantBook(hold, state, 0, 0)
	}
}

// The issuer refuses a reauthorization that it would refuse as an authorization, and then nothing has changed.
func TestRefusedReauthorizations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stolen := r.addCard("4000000000000028", cards.Behaviour{ResponseCode: "43"})
	for name, c := range map[string]struct {
		change func(*pasarela.NetworkRequest)
		code   string
	}{
		"declining card":         {func(q *pasarela.NetworkRequest) { q.Card = stolen }, "43"},
		"declining card, longer": {func(q *pasarela.NetworkRequest) { q.Card, q.Amount.Minor = stolen, 0 }, "43"},
		"expired":                {func(q *pasarela.NetworkRequest) { q.Facts.Expiry = "2604" }, "54"},
		"no card":                {func(q *pasarela.NetworkRequest) { q.Card = pasarela.Sealed{} }, "14"},
		"another currency":       {func(q *pasarela.NetworkRequest) { q.Amount.Currency = "EUR" }, "12"},
		"another original":       {func(q *pasarela.NetworkRequest) { q.Original = r.gateway.NextTrace() }, "25"},
		"unknown reference":      {func(q *pasarela.NetworkRequest) { q.Reference = "nothing-held" }, "25"},
		"more than fits":         {func(q *pasarela.NetworkRequest) { q.Amount.Minor = 999_999_999_999 }, "13"},
	} {
		t.Run(name, func(t *testing.T) {
			hold := r.approve(r.request(pasarela.MessageAuthorize))
			q := r.more(hold, 500)
			c.change(&q)
			r.want(r.send(q), pasarela.OutcomeDeclined, c.code)
			r.wantAuthorized(hold, simulator.StateHeld, 1000)
		})
	}
}

// An increment uses the balance up as a hold does, and gives it back when it is undone.
func TestBalanceFollowsReauthorizations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	balance := int64(1500)
	q := r.request(pasarela.MessageAuthorize)
	q.Card = r.addCard("4000000000000010", cards.Behaviour{BalanceMinor: &balance})
	hold := r.approve(q)
	r.want(r.send(r.more(hold, 501)), pasarela.OutcomeDeclined, "51")
	all := r.approve(r.more(hold, 500))
	r.want(r.send(r.more(hold, 1)), pasarela.OutcomeDeclined, "51")
	r.approve(r.more(hold, 0))
	r.approve(r.back(pasarela.MessageReduce, all))
	r.approve(r.more(hold, 500))
	r.approve(r.after(hold, pasarela.MessageRelease))
	sale := r.request(pasarela.MessageSale)
	sale.Card, sale.Amount.Minor = q.Card, 1500
	r.approve(sale)
}

// Faults of authorizations hit reauthorizations, faults of reversals what takes one back.
func TestFaultsFitReauthorizations(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := r.approve(r.request(pasarela.MessageAuthorize))
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnReversal, ResponseCode: "96", Count: 2})
	r.fault(simulator.Fault{Kind: simulator.FaultDecline, On: simulator.OnAuthorization, ResponseCode: "05"})
	r.want(r.send(r.more(hold, 500)), pasarela.OutcomeDeclined, "05")
	first := r.approve(r.more(hold, 500))
	for _, m := range []pasarela.Message{pasarela.MessageReduce, pasarela.MessageReverseReauthorize} {
		r.want(r.send(r.back(m, first)), pasarela.OutcomeDeclined, "96")
	}
	r.wantAuthorized(hold, simulator.StateHeld, 1500)
}

// Reauthorizations are in the file before they are answered: the next process knows which stand, which were
// undone and which are to be refused. Tampering is kept too, and never makes an amount negative.
func TestReauthorizationsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	hold := r.approve(r.request(pasarela.MessageAuthorize))
	standing, undone, late := r.approve(r.more(hold, 500)), r.approve(r.more(hold, 30)), r.more(hold, 99)
	longer := r.approve(r.more(hold, 0))
	reversal := r.approve(r.back(pasarela.MessageReverseReauthorize, undone))
	r.approve(r.back(pasarela.MessageReverseReauthorize, late))
	amended := r.approve(r.request(pasarela.MessageAuthorize))
	increment := r.approve(r.more(amended, 500))
	one := int64(1)
	if err := r.bank.Tamper(amended.Trace.RRN, false, &one); err != nil {
		t.Fatal(err)
	}
	want := r.bank.Authorizations(0, 0)

	next := newRig(t, func(c *simulator.Config) { c.Dir, c.Cards = r.dir, r.cards })
	if got := next.bank.Authorizations(0, 0); !reflect.DeepEqual(got, want) {
		t.Fatalf("after opening again the issuer lists\n%+v\nwant\n%+v", got, want)
	}
	next.wantAuthorized(hold, simulator.StateHeld, 1500)
	for _, again := range []pasarela.NetworkRequest{standing, longer, reversal} {
		next.approve(again)
	}
	next.want(next.send(late), pasarela.OutcomeDeclined, "12")
	next.wantAuthorized(hold, simulator.StateHeld, 1500)
	next.approve(next.back(pasarela.MessageReduce, standing))
	next.wantAuthorized(hold, simulator.StateHeld, 1000)
	next.wantAuthorized(amended, simulator.StateHeld, 1)
	next.approve(next.back(pasarela.MessageReduce, increment))
	next.wantAuthorized(amended, simulator.StateHeld, 0)
}

// However reauthorizations, what takes them back, and their repetitions are ordered, the issuer holds the
// authorization and those that stand, and its file says the same.
func TestReauthorizationsInAnyOrder(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	rapid.Check(t, func(t *rapid.T) {
		l := &line{r: r, hold: r.request(pasarela.MessageAuthorize)}
		l.send(t, l.hold, "00")
		t.Repeat(map[string]func(*rapid.T){
			"plan": func(t *rapid.T) {
				l.planned = append(l.planned, &increment{request: r.more(l.hold, rapid.Int64Range(0, 999).Draw(t, "minor"))})
			},
			"reauthorize": l.reauthorize,
			"take back":   l.takeBack,
			"repeat":      l.repeat,
			"":            l.check,
		})
	})
	if got, err := simulator.ReadBooks(r.dir); err != nil || !reflect.DeepEqual(got, r.bank.Authorizations(0, 0)) {
		t.Fatalf("file and issuer differ (%v)", err)
	}
}

// line is one hold with what became of its reauthorizations, reckoned apart from the issuer.
type line struct {
	r         *rig
	hold      pasarela.NetworkRequest
	planned   []*increment
	reversals []pasarela.NetworkRequest
}

type increment struct {
	request        pasarela.NetworkRequest
	booked, undone bool
}

func (l *line) reauthorize(t *rapid.T) {
	if len(l.planned) == 0 {
		return
	}
	i := rapid.SampledFrom(l.planned).Draw(t, "which")
	if i.undone && !i.booked { // its reversal came first
		l.send(t, i.request, "12")
		return
	}
	i.booked = true
	l.send(t, i.request, "00")
}

func (l *line) takeBack(t *rapid.T) {
	if len(l.planned) == 0 {
		return
	}
	i := rapid.SampledFrom(l.planned).Draw(t, "which")
	how := rapid.SampledFrom([]pasarela.Message{pasarela.MessageReduce, pasarela.MessageReverseReauthorize}).Draw(t, "how")
	q := l.r.back(how, i.request)
	i.undone, l.reversals = true, append(l.reversals, q)
	l.send(t, q, "00")
}

func (l *line) repeat(t *rapid.T) {
	if len(l.reversals) == 0 {
		return
	}
	q := rapid.SampledFrom(l.reversals).Draw(t, "which")
	q.Attempt = rapid.IntRange(2, 4).Draw(t, "attempt")
	l.send(t, q, "00")
}

func (l *line) send(t *rapid.T, q pasarela.NetworkRequest, code string) {
	if a := l.r.send(q); a.ResponseCode != code {
		t.Fatalf("%s is answered %+v, want %s", q.Message, a, code)
	}
}

func (l *line) check(t *rapid.T) {
	want := l.hold.Amount.Minor
	for _, i := range l.planned {
		if i.booked && !i.undone {
			want += i.request.Amount.Minor
		}
	}
	if a := l.r.book(l.hold); a.AmountMinor != want || a.State != simulator.StateHeld {
		t.Fatalf("issuer has it %s with %d, want it held with %d", a.State, a.AmountMinor, want)
	}
}
