package simulation

import (
	"context"
	"fmt"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/vault"
	"pasarela/gateway"
)

// asking are cards whose issuer wants to know who the buyer is, and one that is confirmed by a one-time password.
var asking = []testCard{
	{"4000000000000044", cards.Behaviour{ThreeDS: cards.ThreeDSFrictionless}},
	{"4000000000000051", cards.Behaviour{ThreeDS: cards.ThreeDSAttempted}},
	{"4000000000000069", cards.Behaviour{ThreeDS: cards.ThreeDSRejected}},
	{"4000000000000077", cards.Behaviour{ThreeDS: cards.ThreeDSUnavailable}},
	{"4000000000000085", cards.Behaviour{ThreeDS: cards.ThreeDSChallenge}},
	{"4000000000000093", cards.Behaviour{ThreeDS: cards.ThreeDSChallenge}},
	{"4000000000000101", cards.Behaviour{OTP: true}},
	{"4000000000000119", cards.Behaviour{OTP: true}},
}

// strangers are the tokens whose buyer was not found to be the cardholder: none of them may ever be charged. What
// nobody can tell, because a gateway died before it answered, is not among them.
type strangers struct {
	mu  sync.Mutex
	why map[pasarela.TokenID]string // guarded by mu
}

func (s *strangers) add(id pasarela.TokenID, why string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.why[id] = why
}

func (s *strangers) remove(id pasarela.TokenID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.why, id)
}

func (s *strangers) find(id pasarela.TokenID) (why string, found bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	why, found = s.why[id]
	return why, found
}

func (p *process) completeAuthentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, a pasarela.AuthenticationAnswer) error {
	return p.gateway.CompleteAuthentication(ctx, m, id, a)
}

// tokenize gets a token, or none where the gateway died or a redirect payment takes no more cards. A card that is
// to be asked about is answered for, rightly or wrongly or not at all.
func (p *player) tokenize(s *shop, r gateway.TokenizeRequest) (pasarela.Token, bool) {
	card := p.card()
	number, err := vault.ParseNumber(card.number)
	if err != nil {
		p.w.violation("test card cannot be read: %v", err)
		return pasarela.Token{}, false
	}
	cvv, err := vault.ParseCVV("123")
	if err != nil {
		p.w.violation("CVV cannot be read: %v", err)
		return pasarela.Token{}, false
	}
	r.Card = vault.Card{Number: number, CVV: cvv, Expiry: "4912", Holder: "A Player"}
	password := int64(100 + p.random.IntN(900))
	r.Challenge.Mode = pasarela.ChallengeScript
	if r.Redirect == "" { // a page has nowhere to type a password
		r.Challenge.OTP = gateway.OTP{Code: fmt.Sprint(password), Amount: pasarela.Money{Minor: password, Currency: s.merchant.Currencies[0]}}
	}
	gw := p.gateway()
	p.w.requests.Add(1)
	t, a, err := gw.gateway.Tokenize(p.ctx, s.merchant, r)
	if unheard(gw, err) {
		return pasarela.Token{}, false
	}
	if err != nil {
		p.permitTokenize(r, err)
		return pasarela.Token{}, false
	}
	if r.Use == pasarela.UseCharge {
		p.checkAsked(card, a)
	}
	if a.ID != "" {
		p.w.note("player %d turn %d: authentication is %s %s", p.lane, p.turn, a.State, a.Reason)
		p.answerFor(s, t, a, r.Challenge.OTP.Code)
	}
	return t, true
}

// unheard says that a caller cannot rely on what it was told: with a dead gateway the connection breaks.
func unheard(gw *process, err error) bool {
	return gw.dead() || (pasarela.CodeOf(err) == pasarela.CodeInternal && gw.dazed())
}

func (p *player) permitTokenize(r gateway.TokenizeRequest, err error) {
	if r.Redirect != "" {
		p.w.permit("tokenize for a redirect payment", err, pasarela.CodeTokenSpent, pasarela.CodeTokenExpired)
		return
	}
	p.w.violation("tokenize: %v", err)
}

func (p *player) card() testCard {
	if p.random.IntN(6) == 0 {
		return asking[p.random.IntN(len(asking))]
	}
	return testCard{number: p.w.wallet[p.random.IntN(len(p.w.wallet))]}
}

// checkAsked holds an authentication against what the card's issuer is known to want.
func (p *player) checkAsked(c testCard, a pasarela.Authentication) {
	proven := a.State == pasarela.AuthenticationAuthenticated
	switch asked := a.ID != ""; {
	case asked != (c.behaviour != cards.Behaviour{}):
		p.w.violation("card with %+v led to authentication %q", c.behaviour, a.ID)
	case proven && c.behaviour.ThreeDS != cards.ThreeDSFrictionless && c.behaviour.ThreeDS != cards.ThreeDSAttempted:
		p.w.violation("card with %+v was proven before anybody answered", c.behaviour)
	}
}

// answerFor is the buyer in front of a challenge. From the moment a merchant was told that an authentication has
// failed, nothing may prove it any more.
func (p *player) answerFor(s *shop, t pasarela.Token, a pasarela.Authentication, password string) {
	if a.State == pasarela.AuthenticationAuthenticated {
		return
	}
	p.w.strangers.add(t.ID, fmt.Sprintf("%s is %s %s", a.Kind, a.State, a.Reason))
	right := password
	if a.Kind == pasarela.AuthenticateThreeDS {
		right = "1234"
	}
	for range p.random.IntN(5) { // not at all, or until it is enough
		code := right
		if p.random.IntN(2) == 0 {
			code = "000"
		}
		var heard bool
		if a, heard = p.confirm(s, t, a, code, code == right); !heard {
			return
		}
	}
	if p.random.IntN(8) == 0 {
		p.abandon(s, t, a)
	}
}

// confirm gives a code. What it came to is heard, unless the gateway died.
func (p *player) confirm(s *shop, t pasarela.Token, a pasarela.Authentication, code string, right bool) (pasarela.Authentication, bool) {
	if right && a.State == pasarela.AuthenticationPending {
		p.w.strangers.remove(t.ID) // from now on it may be proven, whatever is heard of that
	}
	gw := p.gateway()
	p.w.requests.Add(1)
	proven := a.State == pasarela.AuthenticationAuthenticated
	_, guessed := p.w.strangers.find(t.ID)
	b, err := gw.gateway.Confirm(p.ctx, s.merchant, a.ID, code)
	p.w.note("player %d turn %d: confirmation is %s %s %v", p.lane, p.turn, b.State, b.Reason, pasarela.CodeOf(err))
	if unheard(gw, err) || p.forgotten(a, err) {
		return b, false
	}
	switch {
	case err == nil && guessed && !proven:
		p.w.violation("authentication %s was %s %s, and a wrong code proved it", a.ID, a.State, a.Reason)
	case err != nil:
		p.w.permit("confirmation", err, pasarela.CodeWrongCode, pasarela.CodeAttemptsExceeded, pasarela.CodeAuthenticationRequired, pasarela.CodeAuthenticationFailed)
		if proven {
			p.w.violation("authentication %s was proven, and then %v", a.ID, err)
		}
	}
	if code := pasarela.CodeOf(err); err != nil && (b.State == pasarela.AuthenticationFailed || code == pasarela.CodeAttemptsExceeded || code == pasarela.CodeAuthenticationFailed) {
		p.w.strangers.add(t.ID, fmt.Sprintf("%s failed: %v", b.Kind, err))
	}
	return b, true
}

// forgotten says that an authentication which proved nothing is there no more, a day later.
func (p *player) forgotten(a pasarela.Authentication, err error) bool {
	return pasarela.CodeOf(err) == pasarela.CodeNotFound && a.State != pasarela.AuthenticationAuthenticated &&
		!p.w.clock.Now().Before(a.CreatedAt.Add(24*time.Hour))
}

// abandon is a buyer who comes back from the issuer's page without an answer.
func (p *player) abandon(s *shop, t pasarela.Token, a pasarela.Authentication) {
	if a.Kind != pasarela.AuthenticateThreeDS {
		return
	}
	gw := p.gateway()
	p.w.requests.Add(1)
	b, err := gw.gateway.AbandonAuthentication(p.ctx, s.merchant.ID, a.ID)
	switch {
	case unheard(gw, err), p.forgotten(a, err):
	case err != nil:
		p.w.violation("authentication cannot be abandoned: %v", err)
	case a.State == pasarela.AuthenticationAuthenticated && b.State != a.State:
		p.w.violation("authentication %s was proven, and abandoned it is %s", a.ID, b.State)
	case b.State == pasarela.AuthenticationFailed:
		p.w.strangers.add(t.ID, "the buyer gave up")
	}
}

// forPassword says whether a payment is the hold whose amount is a one-time password: nobody's order.
func forPassword(p pasarela.Payment) bool { return p.Dialect == "" }

// checkProof holds what the issuer approved against what is known of the buyer.
func (w *world) checkProof(p pasarela.Payment) {
	if why, stranger := w.strangers.find(p.Token); stranger && !forPassword(p) {
		w.violation("the issuer approved payment %s, although %s", p.ID, why)
	}
	if p.Authentication == "" {
		return
	}
	a, err := w.database.Authentication(w.ctx, p.Merchant, p.Authentication)
	if err != nil || a.State != pasarela.AuthenticationAuthenticated || a.Secure.Value != "" {
		w.violation("the issuer approved payment %s, whose authentication is %q (%s) with its proof still there: %t (%v)", p.ID, a.State, a.Reason,
			a.Secure.Value != "", err)
	}
}

// checkPasswordHolds finds holds for one-time passwords that outlived those.
func (w *world) checkPasswordHolds() {
	held := map[pasarela.PaymentID]bool{}
	for _, a := range w.bank().Authorizations(0, 0) {
		held[a.Reference] = a.State == simulator.StateHeld
	}
	for _, s := range w.shops {
		for _, p := range w.paymentsOf(w.database, s.merchant.ID) {
			if forPassword(p) && (held[p.ID] || p.State == pasarela.StateAuthorized) {
				w.violation("the hold %s for a one-time password is %s, at the issuer held: %t", p.ID, p.State, held[p.ID])
			}
		}
	}
}
