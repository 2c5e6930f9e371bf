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

// errand is what the page asks for a card for: a payment (async_payment.go), or a subscription (oneclick_page.go).
type errand interface {
	// look reads anew where it stands. It returns CodeNotFound for what there is no page of.
	look(v *visit) (standing, error)
	// token says what the card's token is for.
	token(d pasarela.Redirect) gateway.TokenizeRequest
	// finish charges the card, or stores it. Whether its holder was proven is judged by the gateway, and a card that was
	// not proven is spent all the same.
	finish(v *visit) error
	// cancel ends it. It returns CodeTokenSpent and CodeTokenExpired where it has ended, or is about to.
	cancel(ctx context.Context, v *visit) error
	texts() pages.Choice[agentWords]
	// shown is what the buyer is told beside the form.
	shown(v *visit, l pages.Language, t agentWords) agentShown
}

// stage is what a page has to do next.
type stage int

const (
	stageOpen   stage = iota // ask for the card
	stageAsking              // lead to the bank, or finish
	stageWait                // until the issuer has answered
	stageEnded               // lead back
	stageGone                // say that the time is over
)

// standing is where an errand stands.
type standing struct {
	redirect pasarela.Redirect
	stage    stage
	page     string // address of the page
	home     string // address to which the buyer goes in the end
}

// visit is one request of a buyer's browser to the page.
type visit struct {
	*call
	writer http.ResponseWriter
	errand errand
	standing
}

// serve answers the one address that the buyer's browser knows: the form, its answer, and where the issuer's page
// comes back to. What is to happen follows from what is stored, never from the query: reloading, going back and a
// second press lead to where the errand stands.
func (v *visit) serve() {
	err := v.look()
	switch {
	case err != nil:
		v.lost(v.writer, v.request, err)
	case v.request.Method == http.MethodPost && v.stage == stageOpen:
		v.submitted()
	default:
		v.onward()
	}
}

func (v *visit) look() (err error) {
	v.standing, err = v.errand.look(v)
	return err
}

// onward leads the browser to where the errand stands.
func (v *visit) onward() {
	switch v.stage {
	case stageOpen:
		v.form(http.StatusOK, agentForm{})
	case stageAsking:
		v.asking()
	case stageWait:
		v.wait()
	case stageGone:
		v.gone()
	default:
		v.back()
	}
}

// again looks anew, after somebody else was quicker, and goes on from there.
func (v *visit) again() {
	if err := v.look(); err != nil {
		v.lost(v.writer, v.request, err)
		return
	}
	v.onward()
}

// back sends the buyer to the merchant, which asks what became of it.
func (v *visit) back() { v.lead(v.home) }

func (v *visit) lead(to string) {
	pages.Security(v.writer, pages.Options{})
	http.Redirect(v.writer, v.request, to, http.StatusSeeOther)
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
		v.send(f)
	}
}

func (v *visit) cancel() {
	err := v.errand.cancel(v.request.Context(), v)
	switch pasarela.CodeOf(err) {
	case pasarela.CodeTokenSpent, pasarela.CodeTokenExpired:
		v.again()
		return
	}
	if err != nil {
		v.failed(err)
		return
	}
	v.back()
}

// send takes the card: the first that can be sent to anybody is the only one.
func (v *visit) send(f agentForm) {
	v.maskText(&f.card.Holder)
	r := v.errand.token(v.redirect)
	r.Card, r.NeedsCVV, r.Redirect = f.card, true, v.redirect.ID
	r.Challenge = gateway.Challenge{Mode: pasarela.ChallengeURL, ReturnURL: v.page, Browser: v.browser(), Mandated: v.mandated(f.card.Number)}
	t, _, err := v.gateway.Tokenize(v.request.Context(), v.merchant, r)
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

// giveUp ends what a card may have been taken for whose bank could not be asked.
func (v *visit) giveUp(why error) {
	ctx := context.WithoutCancel(v.request.Context())
	if err := v.errand.cancel(ctx, v); err != nil {
		v.Log.LogAttrs(ctx, slog.LevelError, "what a page asked a card for was not cancelled; it ends when it expires",
			slog.String("merchant", string(v.merchant.ID)), slog.Any("error", err))
	}
	v.failed(why)
}

// asking leads the browser to the bank, or finishes once the bank has its answer.
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
		v.lead(v.hostedURL(pasarela.Token{ID: a.Token}, a, ""))
		return
	}
	if v.request.Method == http.MethodHead {
		v.wait() // only looking charges nobody
		return
	}
	v.finish()
}

func (v *visit) finish() {
	err := v.errand.finish(v)
	switch pasarela.CodeOf(err) {
	case pasarela.CodeTokenSpent, pasarela.CodeTokenExpired, pasarela.CodeWrongState, pasarela.CodeBusy:
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

// outrun goes on after a card could not be used: it was used by another visit, it is still being taken by one, or the
// visit that took it was cut off.
func (v *visit) outrun() {
	if err := v.look(); err != nil {
		v.lost(v.writer, v.request, err)
		return
	}
	switch {
	case v.stage != stageAsking:
		v.onward()
	case v.now().Sub(v.redirect.UpdatedAt) >= pasarela.AuthenticationLife:
		v.cancel()
	default:
		v.wait()
	}
}

// failed answers what should not happen. The buyer may look again: what is stored decides.
func (v *visit) failed(why error) {
	v.Log.LogAttrs(v.request.Context(), slog.LevelError, "page on which a card is given failed",
		slog.String("merchant", string(v.merchant.ID)), slog.String("route", v.request.Pattern),
		slog.String("payment", string(v.redirect.Payment)), slog.Any("error", why))
	v.say(http.StatusInternalServerError, func(t agentWords) (string, string, string) { return t.Failed, t.FailedText, t.Again }, v.page)
}

// wait has the browser look again.
func (v *visit) wait() {
	v.writer.Header().Set("Refresh", agentWait)
	v.say(http.StatusOK, func(t agentWords) (string, string, string) { return t.Wait, t.WaitText, t.Again }, v.page)
}

func (v *visit) gone() {
	v.say(http.StatusGone, func(t agentWords) (string, string, string) { return t.Gone, t.GoneText, t.Back }, v.home)
}

// say shows a page with a title, a text, and a link to go on by.
func (v *visit) say(status int, words func(agentWords) (title, text, link string), to string) {
	language, t := v.errand.texts().For(v.request, string(pages.Spanish))
	title, text, link := words(t)
	v.show(pages.Page{Name: "async/say.html", Status: status, Language: language, Title: title, Site: v.merchant.Name,
		Data: struct{ Text, Link, To string }{text, link, to}})
}

// form shows the page on which the card is typed. Forms lead through the issuer's page to the merchant's, which may
// redirect again: browsers hold every one of these against form-action, and not all are known here.
func (v *visit) form(status int, f agentForm) {
	language, t := v.errand.texts().For(v.request, string(pages.Spanish))
	p := pages.Page{Name: "async/agent.html", Status: status, Language: language, Title: t.Title, Site: v.merchant.Name,
		Script: "once.js", Security: pages.Options{AnyFormAction: true}}
	if status != http.StatusOK {
		p.Title, p.Heading = t.Wrong+": "+t.Title, t.Title
	}
	if v.Sandbox {
		p.Notice = t.Notice
	}
	p.Data = agentView{T: t, Action: v.page, Sandbox: v.Sandbox, Expiration: f.expiration, Holder: f.holder(v.Mask), Wrong: f.words(t),
		agentShown: v.errand.shown(v, language, t)}
	v.show(p)
}

func (v *visit) show(p pages.Page) {
	if err := agentPages.Render(v.writer, p); err != nil {
		v.Log.LogAttrs(v.request.Context(), slog.LevelError, "page could not be made", slog.String("route", v.request.Pattern), slog.Any("error", err))
	}
}
