package kushki

import "net/http"

// Headers by which pages of any origin may call what takes the public credential. No cookie is involved, so any
// origin may.
const (
	corsMethods = "GET, POST"
	corsHeaders = "Public-Merchant-Id, Public-Key, Content-Type, X-Amz-Meta-Kushki-Info, Idempotency-Key"
	corsMaxAge  = "7200" // seconds; browsers cap it
)

// allowPages lets pages read the answer, also where it is an error.
func allowPages(w http.ResponseWriter) { w.Header().Set("Access-Control-Allow-Origin", "*") }

// preflight answers a browser that asks before it calls.
func preflight(w http.ResponseWriter, _ *http.Request) {
	allowPages(w)
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", corsMethods)
	h.Set("Access-Control-Allow-Headers", corsHeaders)
	h.Set("Access-Control-Max-Age", corsMaxAge)
	w.WriteHeader(http.StatusNoContent)
}

// paths lists, once each, those that browsers call or those that only servers do.
func paths(browsers bool) []string {
	var paths []string
	seen := map[string]bool{}
	for _, e := range endpoints() {
		if e.public == browsers && !seen[e.path] {
			seen[e.path] = true
			paths = append(paths, e.path)
		}
	}
	return paths
}
