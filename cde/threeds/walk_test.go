package threeds_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/threeds"
)

const (
	visa       = "4000000000009995"
	mastercard = "5200000000009996"
	challenged = "4000000000000002" // published
)

// Rule: each outcome of a test card is what the directory server says of it, with the brand's own indicator.
func TestEachBehaviourHasItsOutcome(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		number, outcome string
		mandated        bool
		state           pasarela.AuthenticationState
		reason          pasarela.AuthenticationReason
		eci             string
	}{
		"frictionless visa":       {number: visa, outcome: cards.ThreeDSFrictionless, state: pasarela.AuthenticationAuthenticated, eci: "05"},
		"frictionless mastercard": {number: mastercard, outcome: cards.ThreeDSFrictionless, state: pasarela.AuthenticationAuthenticated, eci: "02"},
		"frictionless, mandated":  {number: visa, outcome: cards.ThreeDSFrictionless, mandated: true, state: pasarela.AuthenticationPending},
		"attempted visa":          {number: visa, outcome: cards.ThreeDSAttempted, state: pasarela.AuthenticationAuthenticated, eci: "06"},
		"attempted mastercard":    {number: mastercard, outcome: cards.ThreeDSAttempted, state: pasarela.AuthenticationAuthenticated, eci: "01"},
		"attempted, mandated":     {number: visa, outcome: cards.ThreeDSAttempted, mandated: true, state: pasarela.AuthenticationAuthenticated, eci: "06"},
		"rejected":                {number: visa, outcome: cards.ThreeDSRejected, state: pasarela.AuthenticationFailed, reason: pasarela.ReasonRejected},
		"rejected, mandated":      {number: visa, outcome: cards.ThreeDSRejected, mandated: true, state: pasarela.AuthenticationFailed, reason: pasarela.ReasonRejected},
		"unavailable":             {number: visa, outcome: cards.ThreeDSUnavailable, state: pasarela.AuthenticationFailed, reason: pasarela.ReasonUnavailable},
		"challenge":               {number: visa, outcome: cards.ThreeDSChallenge, state: pasarela.AuthenticationPending},
		"none":                    {number: visa, outcome: cards.ThreeDSNone, state: pasarela.AuthenticationFailed, reason: pasarela.ReasonNotEnrolled},
		"none, mandated":          {number: visa, outcome: cards.ThreeDSNone, mandated: true, state: pasarela.AuthenticationPending},
		"no test card":            {number: visa, state: pasarela.AuthenticationFailed, reason: pasarela.ReasonNotEnrolled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			if c.outcome != "" {
				b.addCard(c.number, c.outcome)
			}
			r := request(t, c.number)
			r.Challenge = c.mandated
			a := b.server.Authenticate(t.Context(), r)
			if a.State != c.state || a.Reason != c.reason || a.Secure.ECI != c.eci {
				t.Fatalf("got %+v", a)
			}
			if pending := a.State == pasarela.AuthenticationPending; pending != (a.ACSURL != "") || pending != (a.ACSID != "") || pending != a.ByLink {
				t.Errorf("a challenge says %+v", a)
			}
			if a.State == pasarela.AuthenticationAuthenticated {
				checkProof(t, a.Secure)
			}
		})
	}
}

func checkProof(t *testing.T, p pasarela.Secure) {
	t.Helper()
	raw, err := base64.StdEncoding.DecodeString(p.Value)
	collection := map[string]string{"05": "", "06": "", "02": "2", "01": "1"}
	if len(p.Value) != 28 || err != nil || len(raw) != 20 || p.Version != "2.2.0" || !threeds.IsUUID(p.DirectoryServerID) ||
		p.CollectionIndicator != collection[p.ECI] {
		t.Errorf("proof %+v", p)
	}
}

// Rule: the issuer's result arrives before the browser does, and the right code proves the cardholder.
func TestBrowserWalksThroughAChallenge(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	p := b.open(a)
	if p.status != http.StatusOK || !strings.Contains(p.text, "Tienda Ñandú") || !strings.Contains(p.text, "16.98") && !strings.Contains(p.text, "16,98") {
		t.Fatalf("the issuer shows %d %s", p.status, p.text)
	}
	p = b.press(p, "code", "1234")
	if len(b.arrived()) != 0 || b.kept(a.ID).State != pasarela.AuthenticationAuthenticated {
		t.Fatalf("before the browser came back: %+v", b.kept(a.ID))
	}
	if p = b.press(p); p.text != "the shop" {
		t.Fatalf("the browser ended at %s", p.text)
	}
	came := b.arrived()
	if len(came) != 1 || came[0].method != http.MethodPost || came[0].state != pasarela.AuthenticationAuthenticated {
		t.Fatalf("came back as %+v", came)
	}
	cres, err := threeds.DecodeCRes(came[0].cres)
	if err != nil || cres.TransStatus != threeds.StatusAuthenticated || cres.ThreeDSServerTransID != string(a.ID) || cres.ACSTransID != a.ACSID {
		t.Errorf("brought %+v %v", cres, err)
	}
	checkProof(t, b.kept(a.ID).Secure)
	if b.kept(a.ID).Secure.ECI != "05" {
		t.Errorf("proof %+v", b.kept(a.ID).Secure)
	}
}

// Rule: a client that only follows links and redirects gets through as well.
func TestLinksWalkThroughAChallenge(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	link := b.server.ChallengeLink(a)
	if link == "" {
		t.Fatal("there is no link")
	}
	p := b.read(b.client.Get(link))
	if p = b.press(p, "code", "1234"); p.text != "the shop" {
		t.Fatalf("the client ended at %s", p.text)
	}
	came := b.arrived()
	if len(came) != 1 || came[0].method != http.MethodGet || came[0].state != pasarela.AuthenticationAuthenticated {
		t.Errorf("came back as %+v", came)
	}
	if _, err := threeds.DecodeCRes(came[0].cres); err != nil {
		t.Error(err)
	}
}

// Rule: no link where the gateway takes no test issuers.
func TestNoLinksOutsideASandbox(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *threeds.Config) { c.AllowLinks = false })
	a := b.begin(request(t, challenged))
	if a.ByLink || b.server.ChallengeLink(a) != "" {
		t.Errorf("a link: %+v", a)
	}
	a.ByLink = true // as if it had been a sandbox when it began
	if err := b.server.Answer(t.Context(), a, "1234"); pasarela.CodeOf(err) != pasarela.CodeWrongState {
		t.Errorf("answered in the cardholder's place: %v", err)
	}
}

// Rule: the third wrong code ends a challenge; each one before shows the page again with an error to be read.
func TestThreeWrongCodes(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	p := b.open(a)
	for try := range 2 {
		p = b.press(p, "code", "999"+string(rune('0'+try)))
		if !strings.Contains(p.text, `role="alert"`) || !strings.Contains(p.text, `aria-invalid="true"`) || b.kept(a.ID).State != pasarela.AuthenticationPending {
			t.Fatalf("after %d wrong codes: %s", try+1, p.text)
		}
	}
	if p = b.press(p, "code", ""); !strings.Contains(p.text, `role="alert"`) {
		t.Fatalf("an empty code counts: %s", p.text)
	}
	p = b.press(p, "code", "9999")
	if got := b.kept(a.ID); got.State != pasarela.AuthenticationFailed || got.Reason != pasarela.ReasonWrongCode {
		t.Errorf("after three wrong codes %+v", got)
	}
	if p = b.press(p); p.text != "the shop" {
		t.Errorf("the browser ended at %s", p.text)
	}
}

// Rule: a code that comes after the end changes nothing: the browser is only sent back again.
func TestNothingFollowsTheEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	asked := b.open(a)
	b.press(asked, "cancel", "1")
	back := b.press(asked, "code", "1234")
	if got := b.kept(a.ID); got.Reason != pasarela.ReasonAbandoned || b.resultCalls() != 1 {
		t.Errorf("%+v after %d results", got, b.resultCalls())
	}
	if p := b.press(back); p.text != "the shop" {
		t.Errorf("the browser ended at %s", p.text)
	}
	cres, err := threeds.DecodeCRes(b.arrived()[0].cres)
	if err != nil || cres.TransStatus != threeds.StatusDenied {
		t.Errorf("brought %+v %v", cres, err)
	}
}

// Rule: who does not answer in five minutes is not authenticated, and comes back to the shop all the same.
func TestChallengeExpires(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	p := b.open(a)
	b.clock.advance(5 * time.Minute)
	p = b.press(p, "code", "1234")
	if got := b.kept(a.ID); got.State != pasarela.AuthenticationFailed || got.Reason != pasarela.ReasonNoAnswer {
		t.Errorf("too late %+v", got)
	}
	if p = b.press(p); p.text != "the shop" {
		t.Errorf("the browser ended at %s", p.text)
	}
}

// Rule: a result that the gateway could not keep is told again, and the cardholder does not get lost.
func TestResultIsToldUntilItIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	b.failing = 2
	p := b.press(b.open(a), "code", "1234")
	if p.status != http.StatusBadGateway || !strings.Contains(p.text, `role="alert"`) || b.kept(a.ID).State != pasarela.AuthenticationPending {
		t.Fatalf("an untold result shows %d %s", p.status, p.text)
	}
	b.press(p, "code", "1234")
	if got := b.kept(a.ID); got.State != pasarela.AuthenticationAuthenticated {
		t.Errorf("told again %+v", got)
	}
}

// Rule: a browser library can answer a simulated issuer in the cardholder's place.
func TestAnswerPlaysTheBrowser(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := b.begin(request(t, challenged))
	if err := b.server.Answer(t.Context(), a, "0000"); err != nil || b.kept(a.ID).State != pasarela.AuthenticationPending {
		t.Fatalf("a wrong code: %v %+v", err, b.kept(a.ID))
	}
	if err := b.server.Answer(t.Context(), a, "1234"); err != nil || b.kept(a.ID).State != pasarela.AuthenticationAuthenticated {
		t.Fatalf("the right code: %v %+v", err, b.kept(a.ID))
	}
	if err := b.server.Answer(t.Context(), b.kept(a.ID), "1234"); pasarela.CodeOf(err) != pasarela.CodeWrongState {
		t.Errorf("nothing left to answer: %v", err)
	}
	if len(b.arrived()) != 0 {
		t.Errorf("a browser came back: %+v", b.arrived())
	}
}

// Rule: cards that take part are known after Refresh, those added or forgotten after the next. Before the first one
// every card counts as one that takes part.
func TestEnrolledCards(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	enrolled := func(number string) bool { return b.server.Enrolled(request(t, number).Card.Number) }
	refresh := func() {
		t.Helper()
		if err := b.server.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !enrolled(challenged) || !enrolled(visa) || b.server.RangesKnown() {
		t.Error("before anybody asked, a card is said not to take part")
	}
	refresh()
	if !b.server.RangesKnown() {
		t.Error("after a refresh the ranges are said not to be known")
	}
	if !enrolled(challenged) || enrolled("4574441215190335") || enrolled(visa) {
		t.Error("enrolled are others than the directory server says")
	}
	b.addCard(visa, cards.ThreeDSFrictionless)
	b.addCard(mastercard, cards.ThreeDSNone)
	refresh()
	if !enrolled(challenged) || !enrolled(visa) || enrolled(mastercard) {
		t.Error("an added card is not enrolled as it behaves")
	}
	refresh()
	if err := b.cards.Reset(); err != nil {
		t.Fatal(err)
	}
	refresh()
	if !enrolled(challenged) || enrolled(visa) {
		t.Error("a forgotten card is enrolled still")
	}
}

// Rule: the look-up of every token costs no allocation. Not parallel: it counts what the process allocates.
func TestEnrolledDoesNotAllocate(t *testing.T) {
	b := newBench(t, nil)
	if err := b.server.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := request(t, challenged).Card.Number
	if got := testing.AllocsPerRun(100, func() { b.server.Enrolled(n) }); got > 0 {
		t.Errorf("a look-up allocates %v times", got)
	}
}
