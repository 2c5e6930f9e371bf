package dialecttest

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
)

// browser is a cardholder's, without cookies and scripts.
type browser struct {
	page string // of the world's that is shown, "" for none
	html string
	left string // address it was led away to
}

var browses = regexp.MustCompile(`^(visit|fill|type|cancel|at)( |$)`)

// browse plays one line.
func (s *script) browse(line string) {
	verb, rest, _ := strings.Cut(line, " ")
	switch verb {
	case "visit":
		s.walk(http.MethodGet, rest, nil)
	case "fill":
		form, err := url.ParseQuery(rest)
		if err != nil {
			s.fatalf("%v", err)
		}
		s.submit(form)
	case "type":
		s.submit(url.Values{"code": {rest}})
	case "cancel":
		s.submit(url.Values{"cancel": {"1"}})
	case "at":
		if s.browser.left != rest {
			s.fatalf("browser is at %q, want %q; it shows:\n%s", s.browser.left, rest, s.browser.html)
		}
	}
}

// maxRedirects is where a browser says that they do not end.
const maxRedirects = 10

// walk follows an address until there is something to do, or the way leads elsewhere.
func (s *script) walk(method, address string, form url.Values) {
	s.t.Helper()
	client := s.world.Browser()
	s.browser = browser{}
	for range maxRedirects {
		r, err := http.NewRequestWithContext(s.t.Context(), method, address, strings.NewReader(form.Encode()))
		if err != nil {
			s.fatalf("%v", err)
		}
		if method == http.MethodPost {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		answer, err := client.Do(r)
		if err != nil {
			s.fatalf("%v", err)
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			s.fatalf("%v", err)
		}
		next, err := answer.Location()
		if err != nil {
			s.browser = browser{page: address, html: string(body)}
			return
		}
		if !strings.HasPrefix(next.String(), PublicURL+"/") {
			s.browser.left = next.String()
			return
		}
		method, address, form = http.MethodGet, next.String(), nil
	}
	s.fatalf("redirects do not end")
}

var (
	action = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)
)

// submit sends the form of the page that is shown.
func (s *script) submit(more url.Values) {
	s.t.Helper()
	to := action.FindStringSubmatch(s.browser.html)
	page, err := url.Parse(s.browser.page)
	if to == nil || err != nil {
		s.fatalf("browser shows no form:\n%s", s.browser.html)
	}
	target, err := page.Parse(html.UnescapeString(to[1]))
	if err != nil {
		s.fatalf("%v", err)
	}
	for _, field := range hidden.FindAllStringSubmatch(s.browser.html, -1) {
		more.Set(html.UnescapeString(field[1]), html.UnescapeString(field[2]))
	}
	s.walk(http.MethodPost, target.String(), more)
}
