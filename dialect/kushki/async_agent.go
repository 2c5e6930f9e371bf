package kushki

import (
	"context"
	"embed"
	"log/slog"
	"net/http"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
	"pasarela/pages"
)

//go:embed async/*.html
var agentFiles embed.FS

var agentPages = pages.MustParse(agentFiles, "async/*.html")

// maxAgentForm is how many bytes the form may have.
const maxAgentForm = 16 << 10

// agentWait is how long a browser waits before it looks again whether the issuer has answered, in seconds.
const agentWait = "2"

// visit is one request of a buyer's browser to the page of a redirect payment.
type visit struct {
	*call
	writer   http.ResponseWriter
	redirect pasarela.Redirect
	payment  pasarela.Payment // zero before the card is charged
}

// agent is the one address that the buyer's browser knows: the form, its answer, and where the issuer's page comes
// back to. What is to happen follows from what is stored, never from the query: reloading, going back and a second
// press lead to where the payment stands.
func (h *Handler) agent(w http.ResponseWriter, r *http.Request) {
	v := &visit{call: &call{Handler: h, request: r}, writer: w}
	var err error
	v.merchant, err = h.gateway.Authenticate(r.Context(), gateway.CredentialKushkiPublic, r.URL.Query().Get("merchantId"))
	if err == nil {
		err = v.look(pasarela.TokenID(r.PathValue("token")))
	}
	switch {
	case err != nil:
		h.lost(w, r, err)
	case r.Method == http.MethodPost && v.open():
		v.submitted()
	default:
		v.onward()
	}
}

func (v *visit) look(id pasarela.TokenID) (err error) {
	if !asyncTokenID(string(id)) {
		return pasarela.Errorf(pasarela.CodeNotFound, "path: a token has 32 letters and digits")
	}
	v.redirect, v.payment, err = v.gateway.Redirect(v.request.Context(), v.merchant.ID, id)
	if err == nil && v.redirect.State == pasarela.RedirectRequested {
		err = pasarela.Errorf(pasarela.CodeNotFound, "the merchant has not begun this payment")
	}
	return err
}

// open says whether the payment still takes a card.
func (v *visit) open() bool { return v.redirect.State == pasarela.RedirectInitialized && !v.expired() }

func (v *visit) expired() bool { return !v.now().Before(v.redirect.ExpiresAt) }

// onward leads the browser to where the payment stands.
func (v *visit) onward() {
	switch v.redirect.State {
	case pasarela.RedirectPaid:
		if v.payment.State == pasarela.StateAuthorizing {
			v.wait()
			return
		}
		v.back()
	case pasarela.RedirectCancelled:
		v.back()
	default:
		switch {
		case v.expired():
			v.gone()
		case v.redirect.State == pasarela.RedirectInitialized:
			v.form(http.StatusOK, agentForm{})
		default:
			v.asking()
		}
	}
}

// again reads the payment anew, after somebody else was quicker, and goes on from there.
func (v *visit) again() {
	if err := v.look(v.redirect.ID); err != nil {
		v.lost(v.writer, v.request, err)
		return
	}
	v.onward()
}

// back sends the buyer to the merchant, which asks for the status.
func (v *visit) back() {
	pages.Security(v.writer, pages.Options{})
	http.Redirect(v.writer, v.request, asyncReturn(v.redirect), http.StatusSeeOther)
}

// submitted takes the form's answer.
func (v *visit) submitted() {
	v.request.Body = http.MaxBytesReader(v.writer, v.request.Body, maxAgentForm)
	body, err := wire.Body(v.writer, v.request)
	if err != nil {
		v.form(http.StatusRequestEntityTooLarge, agentForm{problem: func(t agentWords) string { return t.TooLarge }})
		return
	}
	defer wire.Wipe(body)
	f := readAgentForm(body, v.now(), v.Sandbox)
	defer f.card.Wipe()
	switch {
	case f.cancelled:
		v.cancel()
	case !f.valid():
		v.form(http.StatusUnprocessableEntity, f)
	default:
		v.pay(f)
	}
}

func (v *visit) cancel() {
	d, err := v.gateway.CancelRedirect(v.request.Context(), v.merchant, v.redirect.ID)
	if err != nil && pasarela.CodeOf(err) != pasarela.CodeTokenSpent && pasarela.CodeOf(err) != pasarela.CodeTokenExpired {
		v.failed(err)
		return
	}
	if err != nil {
		v.again()
		return
	}
	v.redirect = d
	v.back()
}

// pay takes the card: the first that can be sent to anybody is the only one.
func (v *visit) pay(f agentForm) {
	v.maskText(&f.card.Holder)
	t, _, err := v.gateway.Tokenize(v.request.Context(), v.merchant, gateway.TokenizeRequest{
		Use: pasarela.UseCharge, Card: f.card, Total: v.redirect.Total, NeedsCVV: true, Redirect: v.redirect.ID,
		Challenge: gateway.Challenge{Mode: pasarela.ChallengeURL, ReturnURL: v.agentURL(v.merchant, v.redirect.ID),
			Browser: v.browser(), Mandated: v.mandated(f.card.Number)},
	})
	switch pasarela.CodeOf(err) {
	case pasarela.CodeTokenSpent, pasarela.CodeTokenExpired:
		v.again()
		return
	case pasarela.CodeInvalid, pasarela.CodeCardRejected, pasarela.CodeCardNotEnabled:
		f.errors.number = func(t agentWords) string { return t.Rejected }
		v.form(http.StatusUnprocessableEntity, f)
		return
	}
	if err != nil {
		v.giveUp(err)
		return
	}
	v.redirect.State, v.redirect.Card = pasarela.RedirectAsking, t.ID
	v.asking()
}

// mandated says whether the card's bank is to be asked: a simulated one always can be, a real one where the card
// takes part in 3-D Secure.
func (v *visit) mandated(n vault.Number) bool {
	return v.Challenges != nil && (v.Sandbox || v.gateway.Authenticator.Enrolled(n))
}

// giveUp ends a payment whose card may have been taken, and whose bank could not be asked.
func (v *visit) giveUp(why error) {
	ctx := context.WithoutCancel(v.request.Context())
	if _, err := v.gateway.CancelRedirect(ctx, v.merchant, v.redirect.ID); err != nil {
		v.Log.LogAttrs(ctx, slog.LevelError, "redirect payment was not cancelled; it ends when it expires",
			slog.String("merchant", string(v.merchant.ID)), slog.Any("error", err))
	}
	v.failed(why)
}

// asking leads the browser to the bank, or charges the card once the bank has its answer.
func (v *visit) asking() {
	a, err := v.gateway.RedirectAuthentication(v.request.Context(), v.merchant.ID, v.redirect)
	switch {
	case err != nil && pasarela.CodeOf(err) == pasarela.CodeNotFound:
		v.outrun()
		return
	case err != nil:
		v.failed(err)
		return
	case a.State == pasarela.AuthenticationPending && a.ACSURL != "":
		pages.Security(v.writer, pages.Options{})
		http.Redirect(v.writer, v.request, v.hostedURL(pasarela.Token{ID: a.Token}, a, ""), http.StatusSeeOther)
		return
	}
	if v.request.Method == http.MethodHead {
		v.wait() // only looking charges nobody
		return
	}
	v.charge()
}

// charge spends the card. Whether its holder was proven is judged by the gateway, and a card that was not proven is
// spent all the same.
func (v *visit) charge() {
	d := v.redirect
	request := gateway.AuthorizeRequest{Kind: d.Kind, ID: d.Payment, Token: d.Card, Redirect: d.ID, Amount: d.Total,
		Dialect: dialect, Order: d.Order}
	if d.Kind == pasarela.KindAuthorization {
		request.HoldFor = asyncHold
	}
	_, err := v.gateway.Authorize(v.request.Context(), v.merchant, request)
	switch pasarela.CodeOf(err) {
	case pasarela.CodeTokenSpent, pasarela.CodeTokenExpired:
		v.outrun()
		return
	case pasarela.CodeInternal:
		if err != nil {
			v.failed(err)
			return
		}
	}
	v.back() // approved, declined or refused: it is stored, and the merchant asks for it
}

// outrun goes on after a card could not be charged: it was charged by another visit, it is still being taken by
// one, or the visit that took it was cut off.
func (v *visit) outrun() {
	if err := v.look(v.redirect.ID); err != nil {
		v.lost(v.writer, v.request, err)
		return
	}
	switch {
	case v.redirect.State != pasarela.RedirectAsking || v.expired():
		v.onward()
	case v.now().Sub(v.redirect.UpdatedAt) >= pasarela.AuthenticationLife:
		v.cancel()
	default:
		v.wait()
	}
}

// failed answers what should not happen. The buyer may look again: what is stored decides.
func (v *visit) failed(why error) {
	v.Log.LogAttrs(v.request.Context(), slog.LevelError, "page of a redirect payment failed",
		slog.String("merchant", string(v.merchant.ID)), slog.String("payment", string(v.redirect.Payment)), slog.Any("error", why))
	v.say(http.StatusInternalServerError, func(t agentWords) (string, string, string) { return t.Failed, t.FailedText, t.Again },
		v.agentURL(v.merchant, v.redirect.ID))
}

// wait has the browser look again.
func (v *visit) wait() {
	v.writer.Header().Set("Refresh", agentWait)
	v.say(http.StatusOK, func(t agentWords) (string, string, string) { return t.Wait, t.WaitText, t.Again },
		v.agentURL(v.merchant, v.redirect.ID))
}

func (v *visit) gone() {
	v.say(http.StatusGone, func(t agentWords) (string, string, string) { return t.Gone, t.GoneText, t.Back }, asyncReturn(v.redirect))
}

// say shows a page with a title, a text, and a link to go on by.
func (v *visit) say(status int, words func(agentWords) (title, text, link string), to string) {
	language, t := agentTexts.For(v.request, string(pages.Spanish))
	title, text, link := words(t)
	v.show(pages.Page{Name: "async/say.html", Status: status, Language: language, Title: title, Site: v.merchant.Name,
		Data: struct{ Text, Link, To string }{text, link, to}})
}

// form shows the page on which the card is typed. Forms lead through the issuer's page to the merchant's, which may
// redirect again: browsers hold every one of these against form-action, and not all are known here.
func (v *visit) form(status int, f agentForm) {
	language, t := agentTexts.For(v.request, string(pages.Spanish))
	p := pages.Page{Name: "async/agent.html", Status: status, Language: language, Title: t.Title, Site: v.merchant.Name,
		Script: "once.js", Security: pages.Options{AnyFormAction: true}}
	if status != http.StatusOK {
		p.Title, p.Heading = t.Wrong+": "+t.Title, t.Title
	}
	if v.Sandbox {
		p.Notice = t.Notice
	}
	p.Data = agentView{T: t, Action: v.agentURL(v.merchant, v.redirect.ID), Amount: pages.Amount(language, v.redirect.Total),
		Description: v.redirect.Description, Sandbox: v.Sandbox, Expiration: f.expiration, Holder: f.holder(v.Mask), Wrong: f.words(t)}
	v.show(p)
}

func (v *visit) show(p pages.Page) {
	if err := agentPages.Render(v.writer, p); err != nil {
		v.Log.LogAttrs(v.request.Context(), slog.LevelError, "page could not be made", slog.String("route", v.request.Pattern), slog.Any("error", err))
	}
}
