package pages

import (
	"net/http"
	"net/url"
	"strings"
)

// Options say what a page may do beyond the strict default. Each source is an origin, such as
// https://shop.example, or an address, of which the origin counts; what is neither is left out.
//
// Chromium holds every redirect that follows a form against the form's page. A form that ends at a shop, which may
// redirect again, is cut off there by a list of origins: it needs AnyFormAction.
type Options struct {
	FrameAncestors []string // whose pages may frame this one; none by default
	FormAction     []string // where forms may lead, beside the page's own origin
	AnyFormAction  bool     // forms may lead anywhere; for what is answered by redirects to others, see below
	Connect        bool     // scripts of the page may call its own origin
}

// Security sets the headers of a page, or of a redirect between pages: nothing but this origin's stylesheet and
// scripts, no framing, no referrer (addresses hold tokens), no sniffing, no caching.
func Security(w http.ResponseWriter, o Options) {
	ancestors := sources("", o.FrameAncestors)
	action := "form-action " + sources("'self'", o.FormAction)
	if o.AnyFormAction {
		action = "form-action 'self' https: http:"
	}
	policy := []string{"default-src 'none'", "style-src 'self'", "script-src 'self'", action, "base-uri 'none'"}
	if o.Connect {
		policy = append(policy, "connect-src 'self'")
	}
	h := w.Header()
	if ancestors == "" {
		ancestors = "'none'"
		h.Set("X-Frame-Options", "DENY")
	}
	h.Set("Content-Security-Policy", strings.Join(append(policy, "frame-ancestors "+ancestors), "; "))
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
}

// Origin is scheme, host and port of an http or https address, or "". Its text is safe in a policy.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || u.Hostname() == "" {
		return ""
	}
	foreign := func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune(".-:[]", r)
	}
	if strings.ContainsFunc(u.Host, foreign) {
		return ""
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

func sources(first string, addresses []string) string {
	list := []string{}
	if first != "" {
		list = append(list, first)
	}
	for _, a := range addresses {
		if o := Origin(a); o != "" {
			list = append(list, o)
		}
	}
	return strings.Join(list, " ")
}
