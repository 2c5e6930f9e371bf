package pages

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"pasarela"
)

var set = MustParse(fstest.MapFS{
	"hello.html":  {Data: []byte(`<p>{{.}}</p>`)},
	"broken.html": {Data: []byte(`{{.Missing.More}}`)},
}, "*.html")

// Rule: a page is a whole document in its language, and what it shows is text and never markup.
func TestRender(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	err := set.Render(w, Page{Name: "hello.html", Language: Spanish, Title: "A & B", Site: "<b>", Notice: "note", Script: "once.js",
		Status: http.StatusBadGateway, Data: "<script>alert(1)</script>"})
	if err != nil {
		t.Fatal(err)
	}
	text := w.Body.String()
	for _, want := range []string{"<!doctype html>", `<html lang="es">`, "<title>A &amp; B</title>", "<h1>A &amp; B</h1>", "&lt;b&gt;", `role="note"`,
		"<p>&lt;script&gt;", `<script src="` + Asset("once.js") + `" defer>`, Asset("style.css"), `name="viewport"`} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %s:\n%s", want, text)
		}
	}
	h := w.Header()
	if w.Code != http.StatusBadGateway || h.Get("Content-Type") != "text/html; charset=utf-8" || h.Get("Content-Language") != "es" ||
		h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Content-Length") != strconv.Itoa(len(text)) {
		t.Errorf("%d %v", w.Code, h)
	}
}

// Rule: a page that can't be made says nothing of why to the browser, and says it to the caller.
func TestRenderFails(t *testing.T) {
	t.Parallel()
	for name, data := range map[string]any{"broken.html": struct{}{}, "none.html": nil} {
		w := httptest.NewRecorder()
		if err := set.Render(w, Page{Name: name, Data: data}); err == nil || !strings.Contains(err.Error(), name) || w.Code != http.StatusInternalServerError ||
			strings.Contains(w.Body.String(), name) || strings.Contains(w.Body.String(), "<") {
			t.Errorf("%v %d %s", err, w.Code, w.Body)
		}
	}
}

// Rule: pages are strict by default, and what opens them is an origin and nothing else.
func TestSecurity(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	Security(w, Options{})
	want := "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
	if got := w.Header().Get("Content-Security-Policy"); got != want || w.Header().Get("X-Frame-Options") != "DENY" {
		t.Errorf("policy %s", got)
	}
	w = httptest.NewRecorder()
	Security(w, Options{FrameAncestors: []string{"https://shop.example/cart?x", "x; script-src *"}, FormAction: []string{"http://Pay.example:8080/a"}, Connect: true})
	want = "default-src 'none'; style-src 'self'; script-src 'self'; form-action 'self' http://pay.example:8080; base-uri 'none'; connect-src 'self'; frame-ancestors https://shop.example"
	if got := w.Header().Get("Content-Security-Policy"); got != want || w.Header().Get("X-Frame-Options") != "" {
		t.Errorf("policy %s", got)
	}
	w = httptest.NewRecorder()
	Security(w, Options{AnyFormAction: true})
	if got := w.Header().Get("Content-Security-Policy"); !strings.Contains(got, "form-action 'self' https: http:;") {
		t.Errorf("policy %s", got)
	}
}

func TestOrigin(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{"https://shop.example/a?b#c": "https://shop.example", "http://127.0.0.1:8080": "http://127.0.0.1:8080",
		"https://[::1]:8443/": "https://[::1]:8443", "https://u:p@shop.example": "", "javascript:alert(1)": "", "//shop.example": "", "": "", "null": "",
		"https://": "", "https://a;b": "", "https://a,b": "", "https://*.example": "", "https://a'b": "", "ftp://shop.example": "", "%": ""} {
		if got := Origin(address); got != want {
			t.Errorf("%s has %q, want %q", address, got, want)
		}
	}
}

// Rule: a reader gets the language asked for most, of those that there are.
func TestLanguage(t *testing.T) {
	t.Parallel()
	hello := Choice[string]{English: "hello", Spanish: "hola"}
	for header, want := range map[string]Language{"": English, "es": Spanish, "ES-cl": Spanish, "de,es;q=0.1": Spanish, "en;q=0.2, es;q=0.9": Spanish,
		"es;q=0,en": English, "es;q=x,en": English, "es;q=NaN,en": English, "*": English, ";;;,,": English, "es;q=0.5,en;q=0.5": Spanish,
		strings.Repeat("xx,", 10_000) + "es": English} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		if got, text := hello.For(r); got != want || text != hello.In(want) {
			t.Errorf("%.40s gives %s", header, got)
		}
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	if got, _ := hello.For(r, "", "hr", "es-EC"); got != Spanish {
		t.Errorf("otherwise gives %s", got)
	}
	if hello.In("hr") != "hello" {
		t.Error("a language without a text is not English")
	}
}

func FuzzLanguage(f *testing.F) {
	for _, seed := range []string{"es-CL,es;q=0.9,en;q=0.8", "*;q=0", ",;=", "es;q=1e999", "es;q=-1"} {
		f.Add(seed)
	}
	hello := Choice[string]{English: "hello", Spanish: "hola"}
	f.Fuzz(func(t *testing.T, header string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.Header.Set("Accept-Language", header)
		if got, _ := hello.For(r); got != English && got != Spanish {
			t.Errorf("%q gives %s", header, got)
		}
	})
}

// Rule: assets may be kept for ever, since another content has another name; nothing else is served.
func TestAssets(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	Mount(mux)
	for name, kind := range map[string]string{"style.css": "text/css", "submit.js": "text/javascript", "once.js": "text/javascript"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, Asset(name), nil))
		if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), kind) || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") ||
			!regexp.MustCompile(`^/assets/[a-z]+\.[0-9a-f]{16}\.(css|js)$`).MatchString(Asset(name)) || w.Body.Len() == 0 {
			t.Errorf("%s: %d %v", Asset(name), w.Code, w.Header())
		}
	}
	for _, path := range []string{"/assets/style.css", "/assets/", "/assets/x"} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		if w.Code != http.StatusNotFound || strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
}

// Rule: text has the contrast that AA asks for (4.5:1), what a field is known by 3:1.
func TestContrast(t *testing.T) {
	t.Parallel()
	colors := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6});`).FindAllStringSubmatch(string(byName["style.css"].body), -1) {
		colors[m[1]] = m[2]
	}
	for pair, least := range map[[2]string]float64{{"ink", "paper"}: 4.5, {"ink", "ground"}: 4.5, {"soft", "paper"}: 4.5, {"accent", "paper"}: 4.5,
		{"accent-dark", "paper"}: 4.5, {"bad", "paper"}: 4.5, {"bad", "bad-ground"}: 4.5, {"note", "note-ground"}: 4.5, {"edge", "paper"}: 3} {
		light, dark := luminance(t, colors[pair[0]]), luminance(t, colors[pair[1]])
		if ratio := (max(light, dark) + 0.05) / (min(light, dark) + 0.05); ratio < least {
			t.Errorf("%s on %s has %.2f:1, want %.1f:1", pair[0], pair[1], ratio, least)
		}
	}
}

// luminance is that of WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	var rgb [3]int
	if _, err := fmt.Sscanf(hex, "%02x%02x%02x", &rgb[0], &rgb[1], &rgb[2]); err != nil {
		t.Fatalf("color %q: %v", hex, err)
	}
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		c := float64(rgb[i]) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}

// Rule: an amount has all its decimals, and its currency's code.
func TestAmount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language Language
		minor    int64
		currency pasarela.Currency
		want     []string
	}{
		{English, 101690, "USD", []string{"1,016.90", "USD"}},
		{Spanish, 1001690, "USD", []string{"10.016,90", "USD"}},
		{Spanish, 50000, "CLP", []string{"50.000", "CLP"}},
		{English, 1050, "HRK", []string{"10.5", "HRK"}},
	} {
		got := Amount(c.language, pasarela.Money{Minor: c.minor, Currency: c.currency})
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%d %s is %q", c.minor, c.currency, got)
			}
		}
	}
}
