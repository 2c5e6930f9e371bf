package simulation

import (
	"sync"
	"time"

	"pasarela"
	"pasarela/gateway"
)

// page is a payment whose buyer gives the card on a page of the gateway.
type page struct {
	merchant  pasarela.MerchantID
	redirect  pasarela.Redirect
	cancelled bool // the buyer was told
}

// payOnPage begins such a payment. Then buyers send cards to it at the same time, through whichever gateway, the
// one that was taken is charged by several at once, and now and then one gives up meanwhile.
func (p *player) payOnPage(s *shop) {
	r, ok := p.openPage(s)
	if !ok {
		return
	}
	tokens := p.sendCards(s, r)
	if len(tokens) > 1 {
		p.w.violation("redirect payment %s took %d cards", r.ID, len(tokens))
	}
	for _, t := range tokens {
		o := order{charge: &gateway.AuthorizeRequest{Kind: r.Kind, ID: r.Payment, Token: t.ID, Redirect: r.ID, Amount: r.Total, Dialect: "kushki",
			Order: r.Order, Answer: answerCharge}, expires: t.ExpiresAt, made: p.w.clock.Now()}
		if r.Kind == pasarela.KindAuthorization && p.random.IntN(2) == 0 {
			o.charge.HoldFor = 24 * time.Hour
		}
		var cancelled sync.WaitGroup
		if p.random.IntN(4) == 0 {
			buyer := p.friend(0) // who waits below
			cancelled.Go(func() {
				buyer.lane.sleep(0)
				buyer.cancelPage(s, r)
			})
		}
		if n := countWon(o, p.together(s, o)); n > 1 {
			p.w.violation("redirect payment %s was paid by %d callers at once", r.ID, n)
		}
		cancelled.Wait()
		p.lane.sleep(0)
	}
}

func (p *player) openPage(s *shop) (pasarela.Redirect, bool) {
	total := p.amount(s)
	gw := p.gateway()
	p.w.requests.Add(2)
	r, err := gw.gateway.RequestRedirect(p.ctx, s.merchant, pasarela.Redirect{Total: total, ReturnURL: "https://shop.test"}, gateway.RedirectAnswer{})
	if unheard(gw, err) {
		return r, false
	}
	if err != nil {
		p.w.violation("redirect payment cannot be requested: %v", err)
		return r, false
	}
	gw = p.gateway()
	requested := r
	r, err = gw.gateway.InitializeRedirect(p.ctx, s.merchant, r.ID, p.kind(), total, []byte("{}"), gateway.RedirectAnswer{})
	if unheard(gw, err) {
		return r, false
	}
	if err != nil {
		p.permitBegin(requested, err)
		return r, false
	}
	p.w.book.mu.Lock()
	defer p.w.book.mu.Unlock()
	p.w.book.pages[r.ID] = &page{merchant: s.merchant.ID, redirect: r}
	return r, true
}

// permitBegin reports a redirect payment that was refused before its time, or forgotten before a day after that.
func (p *player) permitBegin(r pasarela.Redirect, err error) {
	if pasarela.CodeOf(err) == pasarela.CodeTokenSpent && !p.w.clock.Now().Before(r.ExpiresAt.Add(24*time.Hour)) {
		return
	}
	p.w.permit("begin of a redirect payment", err, pasarela.CodeTokenExpired)
}

// sendCards has several buyers send a card each, at the same time, and returns the tokens of those that were taken.
func (p *player) sendCards(s *shop, r pasarela.Redirect) (tokens []pasarela.Token) {
	var all sync.WaitGroup
	var mu sync.Mutex
	for i := range 1 + p.random.IntN(3) {
		buyer := p.friend(1 + i)
		all.Go(func() {
			buyer.lane.sleep(0)
			t, taken := buyer.tokenize(s, gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: r.Total, Redirect: r.ID})
			if taken {
				mu.Lock()
				defer mu.Unlock()
				tokens = append(tokens, t)
			}
		})
	}
	all.Wait()
	p.lane.sleep(0)
	return tokens
}

func (p *player) cancelPage(s *shop, r pasarela.Redirect) {
	gw := p.gateway()
	p.w.requests.Add(1)
	_, err := gw.gateway.CancelRedirect(p.ctx, s.merchant, r.ID)
	switch {
	case unheard(gw, err):
	case err != nil:
		p.w.permit("cancellation of a redirect payment", err, pasarela.CodeTokenSpent, pasarela.CodeTokenExpired)
	default:
		p.w.book.mu.Lock()
		defer p.w.book.mu.Unlock()
		p.w.book.pages[r.ID].cancelled = true
	}
}

// checkPages asks of each payment on a page whether it was paid at most once, and not at all where it was cancelled.
func (w *world) checkPages(payments map[pasarela.PaymentID]pasarela.Payment) {
	byToken := map[pasarela.TokenID][]pasarela.PaymentID{}
	for _, p := range payments {
		if !forPassword(p) {
			byToken[p.Token] = append(byToken[p.Token], p.ID)
		}
	}
	for id, g := range w.book.pages {
		r, err := w.database.Redirect(w.ctx, g.merchant, id)
		if err != nil || (g.cancelled && r.State != pasarela.RedirectCancelled) {
			w.violation("redirect payment %s, which the buyer cancelled: %t, is %q (%v)", id, g.cancelled, r.State, err)
		}
		_, err = w.database.Payment(w.ctx, g.merchant, g.redirect.Payment)
		if paid := err == nil; paid && (r.State != pasarela.RedirectPaid || r.Payment != g.redirect.Payment) {
			w.violation("redirect payment %s is %s, and there is a payment %s for it", id, r.State, g.redirect.Payment)
		}
		for _, p := range byToken[r.Card] {
			if r.Card != "" && p != g.redirect.Payment {
				w.violation("the card of redirect payment %s paid %s besides", id, p)
			}
		}
	}
}
