package kushki

import (
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"io/fs"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/gateway"
	"pasarela/pages"
)

// Where browsers are sent to, and come back to.
const (
	hostedPath = "/3ds"
	returnPath = "/3ds/return/{merchant}/{authentication}"
)

//go:embed hosted
var hostedFiles embed.FS

var hostedPages = pages.MustParse(sub("hosted"), "*.html")

func sub(folder string) fs.FS {
	files, err := fs.Sub(hostedFiles, folder)
	if err != nil {
		panic("kushki: " + err.Error()) // embedded: met by every test
	}
	return files
}

// hostedWords is what the pages say.
type hostedWords struct {
	Leaving, Continue, Proceed    string // on the way to the issuer
	Done, Failed, Back, BackFirst string // after it
	Lost, LostText                string // no such authentication
}

var hostedTexts = pages.Choice[hostedWords]{
	pages.Spanish: {
		Leaving: "Confirme su identidad", Continue: "Su banco le pedirá que confirme que es usted.", Proceed: "Continuar a mi banco",
		Done: "Identidad confirmada", Failed: "No se confirmó su identidad", Back: "Volver al comercio",
		BackFirst: "Puede volver a la página del comercio.",
		Lost:      "Enlace no válido", LostText: "Este enlace no existe o ya no sirve. Vuelva a la página del comercio e inténtelo de nuevo.",
	},
	pages.English: {
		Leaving: "Confirm your identity", Continue: "Your bank is going to ask you to confirm that it is you.", Proceed: "Continue to my bank",
		Done: "Identity confirmed", Failed: "Your identity was not confirmed", Back: "Back to the shop",
		BackFirst: "You can go back to the shop's page.",
		Lost:      "This link is not valid", LostText: "This link does not exist or no longer works. Go back to the shop's page and try again.",
	},
}

// threeDSFailed is what the merchant's page is told.
const threeDSFailed = "Error en la validación de 3DS"

// mountHosted adds what browsers open by themselves, rather than call.
func (h *Handler) mountHosted(mux *http.ServeMux) {
	mux.HandleFunc("GET "+hostedPath, h.leave)
	mux.HandleFunc("GET "+returnPath, h.comeBack)
	mux.HandleFunc("POST "+returnPath, h.comeBack)
	for _, a := range []asset{cardinal, tell} {
		mux.HandleFunc("GET "+a.path, func(w http.ResponseWriter, _ *http.Request) { serveAsset(w, "text/javascript; charset=utf-8", a.body) })
	}
	mux.HandleFunc("GET "+logoPath+"{file}", serveLogo)
}

// leave sends the browser to the issuer. Of the query only the token and whose it is count: the address to come
// back to is the one that the merchant's server gave.
func (h *Handler) leave(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	m, err := h.gateway.Authenticate(r.Context(), gateway.CredentialKushkiPublic, query.Get("merchantId"))
	if err != nil {
		h.lost(w, r, err)
		return
	}
	a, err := h.gateway.TokenAuthentication(r.Context(), m.ID, pasarela.TokenID(query.Get("token")))
	if err == nil && (a.Mode != pasarela.ChallengeURL && a.Mode != pasarela.ChallengeFrame) {
		err = pasarela.Errorf(pasarela.CodeNotFound, "authentication has no page")
	}
	if err != nil {
		h.lost(w, r, err)
		return
	}
	if a.State != pasarela.AuthenticationPending || h.Challenges == nil {
		h.end(w, r, m, a)
		return
	}
	if link := h.Challenges.ChallengeLink(a); link != "" {
		pages.Security(w, pages.Options{FrameAncestors: framers(a)})
		http.Redirect(w, r, link, http.StatusSeeOther)
		return
	}
	form, acsURL, err := h.Challenges.Challenge(a)
	if err != nil {
		h.lost(w, r, err)
		return
	}
	language, t := hostedTexts.For(r, string(pages.Spanish))
	h.render(w, r, pages.Page{Name: "leave.html", Language: language, Title: t.Leaving, Site: m.Name, Script: "submit.js",
		Security: pages.Options{FrameAncestors: framers(a), AnyFormAction: true},
		Data: struct {
			Text hostedWords
			To   string
			Form url.Values
		}{t, acsURL, form}})
}

// framers are the pages that may hold ours.
func framers(a pasarela.Authentication) []string {
	switch a.Mode {
	case pasarela.ChallengeFrame:
		return []string{a.ReturnURL}
	case pasarela.ChallengeScript:
		return []string{a.Origin}
	default:
		return nil
	}
}

// comeBack is where issuers send the browser to. What it brings is not believed: the result came from the directory
// server before it, or there is none. Then a browser that brings this challenge's CRes has given up; whatever else
// opens the address, such as a scanner of links, ends nothing.
func (h *Handler) comeBack(w http.ResponseWriter, r *http.Request) {
	m, err := h.gateway.Merchant(r.Context(), pasarela.MerchantID(r.PathValue("merchant")))
	if err != nil {
		h.lost(w, r, err)
		return
	}
	a, err := h.gateway.Authentication(r.Context(), m.ID, pasarela.AuthenticationID(r.PathValue("authentication")))
	if err == nil && a.Kind != pasarela.AuthenticateThreeDS {
		err = pasarela.Errorf(pasarela.CodeNotFound, "authentication has no page")
	}
	if err == nil && a.State == pasarela.AuthenticationPending {
		if !h.returned(w, r, a) {
			h.leadBack(w, r, m, a)
			return
		}
		a, err = h.gateway.AbandonAuthentication(r.Context(), m.ID, a.ID)
	}
	if err != nil {
		h.lost(w, r, err)
		return
	}
	h.end(w, r, m, a)
}

// maxReturned bounds what a browser brings back, in bytes: a CRes and what the gateway gave along.
const maxReturned = 16 << 10

// returned says whether the request carries the CRes of this challenge.
func (h *Handler) returned(w http.ResponseWriter, r *http.Request, a pasarela.Authentication) bool {
	if h.Challenges == nil || r.Method == http.MethodHead {
		return false
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxReturned)
	return r.ParseForm() == nil && h.Challenges.Returned(a, r.Form.Get("cres"))
}

// leadBack sends a browser that is still being asked to where it is asked. A challenge that a library shows has no
// address.
func (h *Handler) leadBack(w http.ResponseWriter, r *http.Request, m pasarela.Merchant, a pasarela.Authentication) {
	if a.Mode != pasarela.ChallengeURL && a.Mode != pasarela.ChallengeFrame {
		h.lost(w, r, pasarela.Errorf(pasarela.CodeNotFound, "authentication has no page"))
		return
	}
	pages.Security(w, pages.Options{FrameAncestors: framers(a)})
	http.Redirect(w, r, h.hostedAddress(m, a.Token), http.StatusSeeOther)
}

// told is what the page that began a challenge in a frame is told.
type told struct {
	Success     bool   `json:"success"`
	Token       string `json:"token,omitzero"`
	Message     string `json:"message,omitzero"`
	Transaction string `json:"authenticationTransactionId,omitzero"`
}

// end tells the merchant's page what came of it: by its address, or from within a frame by a message.
func (h *Handler) end(w http.ResponseWriter, r *http.Request, m pasarela.Merchant, a pasarela.Authentication) {
	message := told{Success: a.State == pasarela.AuthenticationAuthenticated, Token: string(a.Token)}
	if !message.Success {
		message.Message = threeDSFailed
	}
	address := ""
	if a.ReturnURL != "" {
		address = returnAddress(a.ReturnURL, message)
	}
	if a.Mode == pasarela.ChallengeURL && address != "" {
		pages.Security(w, pages.Options{})
		http.Redirect(w, r, address, http.StatusMovedPermanently)
		return
	}
	origin := pages.Origin(a.ReturnURL)
	if a.Mode == pasarela.ChallengeScript {
		origin, message.Transaction, message.Token = a.Origin, a.ACSID, ""
	}
	text, err := json.Marshal(message)
	if err != nil {
		h.lost(w, r, err)
		return
	}
	language, t := hostedTexts.For(r, string(pages.Spanish))
	title := t.Done
	if !message.Success {
		title = t.Failed
	}
	h.render(w, r, pages.Page{Name: "end.html", Language: language, Title: title, Site: m.Name,
		Security: pages.Options{FrameAncestors: framers(a)},
		Data: struct {
			Text                             hostedWords
			Script, Origin, Message, Address string
		}{t, tell.path, origin, string(text), address}})
}

// returnAddress adds the outcome to the merchant's address as the API documents it: a space is %20.
func returnAddress(to string, t told) string {
	u, err := url.Parse(to)
	if err != nil {
		return "" // it was parsed when it was taken
	}
	query := "success=" + strconv.FormatBool(t.Success)
	if t.Message != "" {
		query += "&message=" + url.PathEscape(t.Message)
	}
	query += "&token=" + url.QueryEscape(t.Token)
	if u.RawQuery != "" {
		query = strings.TrimSuffix(u.RawQuery, "&") + "&" + query
	}
	u.RawQuery = query
	return u.String()
}

// lost answers an address that leads nowhere. Which part of it is wrong is not said.
func (h *Handler) lost(w http.ResponseWriter, r *http.Request, why error) {
	language, t := hostedTexts.For(r, string(pages.Spanish))
	status := http.StatusNotFound
	switch pasarela.CodeOf(why) {
	case pasarela.CodeNotFound, pasarela.CodeUnauthorized:
	default:
		status = http.StatusInternalServerError
		h.Log.LogAttrs(r.Context(), slog.LevelError, "hosted page failed", slog.String("route", r.Pattern), slog.Any("error", why))
	}
	h.render(w, r, pages.Page{Name: "lost.html", Status: status, Language: language, Title: t.Lost,
		Data: struct{ Text hostedWords }{t}})
}

func (h *Handler) render(w http.ResponseWriter, r *http.Request, p pages.Page) {
	if err := hostedPages.Render(w, p); err != nil {
		h.Log.LogAttrs(r.Context(), slog.LevelError, "page could not be made", slog.String("route", r.Pattern), slog.Any("error", err))
	}
}

// asset is a script with the hash of its content in its path, so that it may be cached for ever.
type asset struct {
	path      string
	integrity string // as a page of another origin may demand it
	body      []byte
}

var (
	cardinal = loadAsset("cardinal")
	tell     = loadAsset("tell")
)

func loadAsset(name string) asset {
	body, err := hostedFiles.ReadFile("hosted/assets/" + name + ".js")
	if err != nil {
		panic("kushki: " + err.Error())
	}
	sum, strong := sha256.Sum256(body), sha512.Sum384(body)
	return asset{path: "/assets/kushki/" + name + "." + hex.EncodeToString(sum[:8]) + ".js",
		integrity: "sha384-" + base64.StdEncoding.EncodeToString(strong[:]), body: body}
}

// serveAsset answers with what any page may load, for ever.
func serveAsset(w http.ResponseWriter, kind string, body []byte) {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body) // a browser that went away can't be told so
}
