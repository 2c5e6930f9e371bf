package simulator

import (
	"embed"
	"log/slog"
	"net/http"
	"net/url"

	"pasarela/cde/threeds"
	"pasarela/pages"
)

//go:embed *.html
var templates embed.FS

var set = pages.MustParse(templates, "*.html")

const (
	maxForm    = 32 << 10
	maxSession = 1024 // characters of threeDSSessionData
)

// visit is one request of a cardholder's browser.
type visit struct {
	creq, session string
	link          bool // opened by a link, and goes back by one
	language      pages.Language
	text          words
}

// view is what the templates see.
type view struct {
	T             words
	Creq, Session string
	Link          bool
	Merchant      string
	Amount        string
	Card          string
	Error         string // about the code
	Problem       string // about more than that
	Back, Cres    string
}

func (s *Simulator) openByLink(w http.ResponseWriter, r *http.Request) {
	s.visited(w, r, r.URL.Query(), deed{looked: true}, true)
}

func (s *Simulator) openOrAnswer(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	if err := r.ParseForm(); err != nil {
		s.lost(w, r)
		return
	}
	form := r.PostForm
	d := deed{code: form.Get("code"), cancelled: form.Has("cancel"), looked: !form.Has("code") && !form.Has("cancel")}
	s.visited(w, r, form, d, form.Get("link") != "")
}

func (s *Simulator) visited(w http.ResponseWriter, r *http.Request, form url.Values, d deed, link bool) {
	creq, err := threeds.DecodeCReq(form.Get("creq"))
	if err != nil || len(form.Get("threeDSSessionData")) > maxSession {
		s.lost(w, r)
		return
	}
	c := s.challenges.find(creq)
	if c == nil {
		s.lost(w, r)
		return
	}
	v := visit{creq: form.Get("creq"), session: form.Get("threeDSSessionData"), link: link}
	v.language, v.text = texts.For(r, c.language)
	if c.category == threeds.CategoryNonPayment {
		v.text.Title, v.text.Lead = v.text.KeepTitle, v.text.KeepLead
	}
	at, err := s.play(r.Context(), c, d)
	if err != nil {
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelWarn, "challenge can't go on", slog.String("authentication", c.serverID), slog.Any("error", err))
	}
	if at == stepBack {
		s.sendBack(w, r, c, v)
		return
	}
	s.ask(w, r, c, v, at)
}

// ask shows the page on which the code is typed.
func (s *Simulator) ask(w http.ResponseWriter, r *http.Request, c *challenge, v visit, at step) {
	data := view{T: v.text, Creq: v.creq, Session: v.session, Link: v.link, Merchant: c.merchant, Card: c.card}
	if c.amount.Currency != "" {
		data.Amount = pages.Amount(v.language, c.amount)
	}
	p := pages.Page{Name: "challenge.html", Language: v.language, Title: v.text.Title, Heading: v.text.Title, Site: c.bank,
		Notice: v.text.Notice, Script: "once.js", Security: c.security()}
	switch at {
	case stepWrong:
		data.Error = v.text.WrongCode
	case stepEmpty:
		data.Error = v.text.NoCode
	case stepUntold:
		data.Problem, p.Status = v.text.Untold, http.StatusBadGateway
	}
	if data.Error != "" || data.Problem != "" {
		p.Title = v.text.Wrong + ": " + v.text.Title
	}
	p.Data = data
	s.render(w, r, p)
}

// sendBack returns the browser to the address that came with the AReq, and to no other.
func (s *Simulator) sendBack(w http.ResponseWriter, r *http.Request, c *challenge, v visit) {
	cres, err := threeds.EncodeBrowser(c.outcome())
	if err != nil {
		s.write(w, r, nil, err)
		return
	}
	if v.link {
		back, err := url.Parse(c.back)
		if err != nil {
			s.write(w, r, nil, err)
			return
		}
		query := back.Query()
		query.Set("cres", cres)
		if v.session != "" {
			query.Set("threeDSSessionData", v.session)
		}
		back.RawQuery = query.Encode()
		pages.Security(w, c.security())
		http.Redirect(w, r, back.String(), http.StatusSeeOther)
		return
	}
	s.render(w, r, pages.Page{Name: "return.html", Language: v.language, Title: v.text.ReturnTitle, Site: c.bank, Notice: v.text.Notice,
		Script: "submit.js", Security: c.security(), Data: view{T: v.text, Session: v.session, Back: c.back, Cres: cres}})
}

// security of the issuer's pages. Forms lead back to the gateway, which redirects to a shop, which may redirect
// again: browsers hold every one of these against form-action, and only the first is known here. That the form
// leads to the AReq's address and to no other is the work of sendBack.
func (c *challenge) security() pages.Options {
	o := pages.Options{AnyFormAction: true}
	if c.frame != "" {
		o.FrameAncestors = []string{c.frame}
	}
	return o
}

// lost answers a browser with a message that is none, or about no challenge that is known.
func (s *Simulator) lost(w http.ResponseWriter, r *http.Request) {
	language, text := texts.For(r)
	s.render(w, r, pages.Page{Name: "lost.html", Status: http.StatusNotFound, Language: language, Title: text.LostTitle,
		Notice: text.Notice, Data: view{T: text}})
}

func (s *Simulator) render(w http.ResponseWriter, r *http.Request, p pages.Page) {
	if err := set.Render(w, p); err != nil {
		s.cfg.Log.LogAttrs(r.Context(), slog.LevelError, "page could not be made", slog.Any("error", err))
	}
}
