package pasarela

import (
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestDrawingAgreesWithTransitions(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("docs/states.md")
	if err != nil {
		t.Fatal(err)
	}
	drawn := map[PaymentState][]PaymentState{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) +-> (\w+)`).FindAllStringSubmatch(string(text), -1) {
		drawn[PaymentState(m[1])] = append(drawn[PaymentState(m[1])], PaymentState(m[2]))
	}
	for _, from := range slices.Sorted(maps.Keys(Transitions)) {
		want, got := slices.Sorted(slices.Values(Transitions[from])), slices.Sorted(slices.Values(drawn[from]))
		if !slices.Equal(want, got) {
			t.Errorf("from %s the code goes to %v, docs/states.md to %v", from, want, got)
		}
		delete(drawn, from)
	}
	if len(drawn) > 0 {
		t.Errorf("docs/states.md draws what the code has not: %v", drawn)
	}
}

var paymentTestTime = time.Date(2026, 1, 15, 10, 0, 0, 0, time.UTC)

// Whatever is done to a payment in whatever order, it never captures more than 110 % nor gives back more than
// was taken (design rule: state changes).
func TestNoSequenceTakesOrGivesTooMuch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := paymentTestTime
		p := Payment{ID: "p", Kind: rapid.SampledFrom([]PaymentKind{KindSale, KindAuthorization}).Draw(t, "kind"),
			State: StateAuthorizing, DueAt: now, Amount: Money{rapid.Int64Range(1, 1000).Draw(t, "amount"), "USD"}, CreatedAt: now}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			o := Operation{ID: "o", Trace: Trace{RRN: "1"}, Amount: Money{rapid.Int64Range(0, 1300).Draw(t, "minor"), "USD"}}
			p = randomStep(t, p, o, now)
			if p.Captured > p.CaptureCeiling().Minor || p.Refunded > p.Captured || p.Captured < 0 || p.Refunded < 0 {
				t.Fatalf("captured %d and gave back %d of %d", p.Captured, p.Refunded, p.Amount.Minor)
			}
			if p.State.Pending() && p.DueAt.IsZero() {
				t.Fatalf("payment is %s and nobody will look after it", p.State)
			}
			if p.State.Final() && (!p.Card.Empty() || !p.DueAt.IsZero()) {
				t.Fatalf("payment is %s and still holds a card or falls due", p.State)
			}
		}
	})
}

// randomStep tries one transition; a refusal leaves the payment as it was.
func randomStep(t *rapid.T, p Payment, o Operation, now time.Time) Payment {
	answer := NetworkAnswer{Outcome: OutcomeApproved, ResponseCode: "00", ApprovalCode: "123456"}
	no := NetworkAnswer{Outcome: OutcomeDeclined, ResponseCode: "05", Advice: "03"}
	due := now.Add(time.Minute)
	steps := []func() (Payment, error){
		func() (Payment, error) { return p.Approved(answer, now) },
		func() (Payment, error) { return p.Declined(no, now) },
		func() (Payment, error) { return p.Unknown(Trace{}, now) },
		func() (Payment, error) { return p.Reversed(now) },
		func() (Payment, error) { return p.Reopened(Trace{}, now) },
		func() (Payment, error) { return p.BeginCapture(o, due, now) },
		func() (Payment, error) { return p.CaptureDone(clampCapture(p, o.Amount), now) },
		func() (Payment, error) { return p.CaptureFailed(now) },
		func() (Payment, error) { return p.CaptureUnknown(Trace{}, now) },
		func() (Payment, error) { return p.CaptureReversed(now) },
		func() (Payment, error) { return p.CaptureReopened(o, Trace{RRN: "2"}, now) },
		func() (Payment, error) { return p.BeginVoid(o, due, now) },
		func() (Payment, error) { return p.BeginExpiry(Trace{}, now.Add(HoldCredit)) },
		func() (Payment, error) { return p.Released(now) },
		func() (Payment, error) { return p.Voided(now) },
		func() (Payment, error) { return p.BeginRefund(o, due, now) },
		func() (Payment, error) { return p.RefundDone(clampRefund(p, o.Amount), now) },
		func() (Payment, error) { return p.GiveBackDeclined(now) },
	}
	before := p
	next, err := steps[rapid.IntRange(0, len(steps)-1).Draw(t, "step")]()
	if err != nil && next.State != before.State {
		t.Fatalf("a refused step moved the payment from %s to %s", before.State, next.State)
	}
	return next
}

// An operation's amount was checked when it began; what ends it carries the same one.
func clampCapture(p Payment, m Money) Money {
	return Money{min(m.Minor, p.CaptureCeiling().Minor), m.Currency}
}
func clampRefund(p Payment, m Money) Money {
	return Money{min(m.Minor, p.Remaining().Minor), m.Currency}
}

// What the scheme advised stays with the payment, whatever the answer was.
func TestAdviceStaysWithThePayment(t *testing.T) {
	t.Parallel()
	fresh := Payment{Kind: KindSale, State: StateAuthorizing}
	for outcome, apply := range map[Outcome]func(NetworkAnswer, time.Time) (Payment, error){
		OutcomeApproved: fresh.Approved, OutcomeDeclined: fresh.Declined,
	} {
		p, err := apply(NetworkAnswer{Outcome: outcome, ResponseCode: "51", Advice: "02"}, paymentTestTime)
		if err != nil || p.ResponseCode != "51" || p.Advice != "02" {
			t.Errorf("%s: response %q, advice %q, %v", outcome, p.ResponseCode, p.Advice, err)
		}
	}
}

func TestAuthorizationHoldsAsLongAsItsCardType(t *testing.T) {
	t.Parallel()
	for cardType, hold := range map[CardType]time.Duration{CardCredit: HoldCredit, CardDebit: HoldDebit, CardPrepaid: HoldCredit} {
		p := Payment{Kind: KindAuthorization, State: StateAuthorizing, CreatedAt: paymentTestTime, Facts: CardFacts{Type: cardType}}
		p, err := p.Approved(NetworkAnswer{Outcome: OutcomeApproved}, paymentTestTime)
		if err != nil || !p.ExpiresAt.Equal(paymentTestTime.Add(hold)) || !p.DueAt.Equal(p.ExpiresAt) {
			t.Errorf("%s: expires %s, due %s, %v", cardType, p.ExpiresAt, p.DueAt, err)
		}
	}
}

// A message counts as sent from its promise on, until it is certain that it never left; then it is tried again
// after as long as it has been owed, within the bounds.
func TestAttemptsCountWhatMayHaveLeft(t *testing.T) {
	t.Parallel()
	const least, most = time.Second, 5 * time.Minute
	sold := Payment{Kind: KindSale, State: StateCaptured, Amount: Money{100, "USD"}, Captured: 100}
	o := Operation{ID: "o", Trace: Trace{RRN: "1", SentAt: paymentTestTime}, Amount: Money{100, "USD"}}
	p, err := sold.BeginVoid(o, paymentTestTime, paymentTestTime)
	if err != nil || p.Attempts != 1 {
		t.Fatalf("promised void counts %d attempts (%v), want 1", p.Attempts, err)
	}
	for owed, wait := range map[time.Duration]time.Duration{0: least, time.Minute: time.Minute, time.Hour: most} {
		now := paymentTestTime.Add(owed)
		if q := p.Unsent(least, most, now); q.Attempts != 0 || !q.DueAt.Equal(now.Add(wait)) {
			t.Errorf("unsent after %s: %d attempts, the next after %s, want none and %s", owed, q.Attempts, q.DueAt.Sub(now), wait)
		}
	}
}

func TestRefusalsNameWhatIsWrong(t *testing.T) {
	t.Parallel()
	o := Operation{ID: "o", Amount: Money{100, "USD"}}
	held := Payment{Kind: KindAuthorization, State: StateAuthorized, Amount: Money{100, "USD"}, ExpiresAt: paymentTestTime.Add(time.Hour)}
	sold := Payment{Kind: KindSale, State: StateCaptured, Amount: Money{100, "USD"}, Captured: 100}
	in := func(p Payment, s PaymentState) Payment { p.State = s; return p }
	other := Operation{ID: "o", Amount: Money{100, "EUR"}}
	over := Operation{ID: "o", Amount: Money{111, "USD"}}
	capture := func(p Payment, o Operation) error {
		_, err := p.BeginCapture(o, paymentTestTime, paymentTestTime)
		return err
	}
	void := func(p Payment) error { _, err := p.BeginVoid(o, paymentTestTime, paymentTestTime); return err }
	partly := sold
	partly.Refunded = 1
	for name, c := range map[string]struct {
		err  error
		want Code
	}{
		"capture twice":               {capture(sold, o), CodeWrongState},
		"capture while capturing":     {capture(in(held, StateCapturing), o), CodeBusy},
		"capture what was voided":     {capture(in(held, StateReleased), o), CodeAlreadyVoided},
		"capture above the ceiling":   {capture(held, over), CodeCaptureAmount},
		"capture another currency":    {capture(held, other), CodeCurrencyMismatch},
		"void twice":                  {void(in(sold, StateVoided)), CodeAlreadyVoided},
		"void what was refunded":      {void(in(sold, StateRefunded)), CodeAlreadyRefunded},
		"void what is partly so":      {void(partly), CodeAlreadyRefunded},
		"void what was declined":      {void(in(sold, StateDeclined)), CodeWrongState},
		"void while it is authorized": {void(in(held, StateAuthorizing)), CodeBusy},
	} {
		if got := CodeOf(c.err); c.err == nil || got != c.want {
			t.Errorf("%s: %v (%s), want %s", name, c.err, got, c.want)
		}
	}
}
