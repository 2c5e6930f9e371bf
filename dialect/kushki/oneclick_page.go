package kushki

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"pasarela"
	"pasarela/gateway"
	"pasarela/pages"
)

// inscription is the errand of the page on which a subscription's card is inscribed.
type inscription struct {
	id           pasarela.SubscriptionID
	subscription pasarela.Subscription // as it was looked at last
}

// inscribe answers that page.
func (h *Handler) inscribe(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	mid := query.Get("mid")
	id, named := strings.CutSuffix(query.Get("token"), mid)
	if !named || mid == "" || !subscriptionID(id) {
		h.lost(w, r, pasarela.Errorf(pasarela.CodeNotFound, "query: token is the subscription's id and the merchant's, mid the merchant's"))
		return
	}
	m, err := h.gateway.Merchant(r.Context(), pasarela.MerchantID(mid))
	if err != nil {
		h.lost(w, r, err)
		return
	}
	v := &visit{call: &call{Handler: h, request: r, merchant: m}, writer: w, errand: &inscription{id: pasarela.SubscriptionID(id)}}
	v.serve()
}

func (e *inscription) look(v *visit) (standing, error) {
	s, err := v.gateway.Subscription(v.request.Context(), v.merchant.ID, e.id)
	if err != nil {
		return standing{}, err
	}
	p, err := planOf(s)
	if err == nil && p.CardAsync == "" {
		err = pasarela.Errorf(pasarela.CodeNotFound, "the card of this subscription was not asked for on a page")
	}
	if err != nil {
		return standing{}, err
	}
	d, _, err := v.gateway.Redirect(v.request.Context(), v.merchant.ID, p.CardAsync)
	if err != nil {
		return standing{}, err
	}
	e.subscription = s
	at := standing{redirect: d, stage: stageEnded, page: v.inscriptionURL(v.merchant, s.ID), home: inscriptionReturn(d, s.ID)}
	switch {
	case s.State == pasarela.SubscriptionVerifying:
		at.stage = stageWait
	case s.State == pasarela.SubscriptionActive, s.State == pasarela.SubscriptionCancelled,
		d.State == pasarela.RedirectPaid, d.State == pasarela.RedirectCancelled:
	default:
		at.stage = awaiting(d, v)
	}
	return at, nil
}

// inscriptionReturn is where the buyer goes in the end: the merchant's address as it was given, with the subscription
// added to whatever query it has.
func inscriptionReturn(d pasarela.Redirect, s pasarela.SubscriptionID) string {
	return addQuery(d.ReturnURL, "subscriptionId="+url.QueryEscape(string(s)))
}

// token asks for no amount: nothing is charged when a card is inscribed.
func (e *inscription) token(d pasarela.Redirect) gateway.TokenizeRequest {
	return gateway.TokenizeRequest{Use: pasarela.UseSubscription, Total: d.Total}
}

func (e *inscription) finish(v *visit) error {
	_, err := v.gateway.Inscribe(v.request.Context(), v.merchant, v.redirect.ID, e.id)
	return err
}

func (e *inscription) cancel(ctx context.Context, v *visit) error {
	_, err := v.gateway.CancelInscription(ctx, v.merchant, v.redirect.ID, e.id)
	return err
}

func (e *inscription) texts() pages.Choice[agentWords] { return inscriptionTexts }

// shown says what the buyer agrees to: how much is charged later, how often and from when.
func (e *inscription) shown(_ *visit, l pages.Language, t agentWords) agentShown {
	s := e.subscription
	shown := agentShown{Facts: []agentFact{{t.Description, s.Plan}}, Submit: t.Pay}
	if s.Amount.Minor > 0 {
		shown.Facts = append(shown.Facts, agentFact{t.Amount, pages.Amount(l, s.Amount)})
	}
	how := inscriptionSchedules.In(l)
	shown.Facts = append(shown.Facts, agentFact{how.Often, how.periods[s.Periodicity]})
	if s.Periodicity != pasarela.Custom {
		shown.Facts = append(shown.Facts, agentFact{how.First, how.day(s.StartDate)})
		if s.EndDate != "" {
			shown.Facts = append(shown.Facts, agentFact{how.Last, how.day(s.EndDate)})
		}
	}
	return shown
}
