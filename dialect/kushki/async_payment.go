package kushki

import (
	"context"
	"net/http"

	"pasarela"
	"pasarela/gateway"
	"pasarela/pages"
)

// payment is the errand of a redirect payment's page.
type payment struct{ id pasarela.TokenID }

// agent answers the page on which a redirect payment's buyer pays.
func (h *Handler) agent(w http.ResponseWriter, r *http.Request) {
	m, err := h.gateway.Authenticate(r.Context(), gateway.CredentialKushkiPublic, r.URL.Query().Get("merchantId"))
	if err == nil && !asyncTokenID(r.PathValue("token")) {
		err = pasarela.Errorf(pasarela.CodeNotFound, "path: a token has 32 letters and digits")
	}
	if err != nil {
		h.lost(w, r, err)
		return
	}
	v := &visit{call: &call{Handler: h, request: r, merchant: m}, writer: w, errand: payment{pasarela.TokenID(r.PathValue("token"))}}
	v.serve()
}

func (e payment) look(v *visit) (standing, error) {
	d, p, err := v.gateway.Redirect(v.request.Context(), v.merchant.ID, e.id)
	if err == nil && (d.State == pasarela.RedirectRequested || d.Kind == pasarela.KindInscription) {
		err = pasarela.Errorf(pasarela.CodeNotFound, "the merchant has not begun this payment")
	}
	if err != nil {
		return standing{}, err
	}
	s := standing{redirect: d, stage: stageEnded, page: v.agentURL(v.merchant, d.ID), home: asyncReturn(d)}
	switch {
	case d.State == pasarela.RedirectPaid && p.State == pasarela.StateAuthorizing:
		s.stage = stageWait
	case d.State == pasarela.RedirectPaid, d.State == pasarela.RedirectCancelled:
	default:
		s.stage = awaiting(d, v)
	}
	return s, nil
}

// awaiting is the stage of what waits for its card, or for the card's bank.
func awaiting(d pasarela.Redirect, v *visit) stage {
	switch {
	case !v.now().Before(d.ExpiresAt):
		return stageGone
	case d.State == pasarela.RedirectInitialized:
		return stageOpen
	default:
		return stageAsking
	}
}

func (e payment) token(d pasarela.Redirect) gateway.TokenizeRequest {
	return gateway.TokenizeRequest{Use: pasarela.UseCharge, Total: d.Total}
}

func (e payment) finish(v *visit) error {
	d := v.redirect
	request := gateway.AuthorizeRequest{Kind: d.Kind, ID: d.Payment, Token: d.Card, Redirect: d.ID, Amount: d.Total,
		Dialect: dialect, Order: d.Order}
	if d.Kind == pasarela.KindAuthorization {
		request.HoldFor = asyncHold
	}
	_, err := v.gateway.Authorize(v.request.Context(), v.merchant, request)
	return err
}

func (e payment) cancel(ctx context.Context, v *visit) error {
	_, err := v.gateway.CancelRedirect(ctx, v.merchant, e.id)
	return err
}

func (e payment) texts() pages.Choice[agentWords] { return agentTexts }

func (e payment) shown(v *visit, l pages.Language, t agentWords) agentShown {
	total := pages.Amount(l, v.redirect.Total)
	s := agentShown{Facts: []agentFact{{t.Amount, total}}, Submit: t.Pay + " " + total}
	if v.redirect.Description != "" {
		s.Facts = append(s.Facts, agentFact{t.Description, v.redirect.Description})
	}
	return s
}
