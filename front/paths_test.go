package front_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"pasarela/front"
)

// A path with an empty or a dot segment is nobody's: its subtree's owner says so, and nobody is redirected to a
// path that was not asked for.
func TestPathsAreTakenAsTheyStand(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	says := func(pattern string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, pattern+" "+r.PathValue("id"))
		})
	}
	for _, pattern := range []string{"POST /shop/pay", "POST /shop/{id}/pay", "DELETE /shop/pay/{id}", "/shop/", "GET /docs/"} {
		says(pattern)
	}
	for _, c := range []struct{ method, path, answer string }{
		{"POST", "/shop/pay", "POST /shop/pay "},
		{"POST", "/shop/7/pay", "POST /shop/{id}/pay 7"},
		{"POST", "/shop/a%2Fb/pay", "POST /shop/{id}/pay a/b"},
		{"POST", "/shop/a%2F%2Fb/pay", "POST /shop/{id}/pay a//b"},
		{"POST", "/shop//pay", "/shop/ "},
		{"POST", "//shop/pay", "/shop/ "},
		{"POST", "/shop/pay//", "/shop/ "},
		{"POST", "/shop/./pay", "/shop/ "},
		{"POST", "/shop/x/../pay", "/shop/ "},
		{"DELETE", "/shop/pay//7", "/shop/ "},
		{"GET", "/docs//", "GET /docs/ "},
		{"GET", "//nowhere", "404 page not found\n"},
		{"GET", "//", "404 page not found\n"},
	} {
		w := httptest.NewRecorder()
		front.ExactPaths(mux).ServeHTTP(w, httptest.NewRequest(c.method, c.path, nil))
		if got := w.Body.String(); got != c.answer {
			t.Errorf("%s %s is answered %d %q, want %q", c.method, c.path, w.Code, got, c.answer)
		}
	}
}
