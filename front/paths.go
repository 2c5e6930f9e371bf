package front

import (
	"net/http"
	"path"
	"strings"
)

// belowAll is longer than any pattern of segments, so that only who owns a whole subtree answers it.
const belowAll = "/-/-/-/-/-/-/-/-/"

// ExactPaths answers with mux, but takes a path with empty or dot segments as it stands: as one that nobody has,
// answered by the owner of the subtree that it would lie in. The mux by itself redirects such a path to one that
// the caller did not ask for, and clients follow that with a GET, or not at all.
func ExactPaths(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked := r.URL.EscapedPath(); !strings.HasPrefix(asked, "/") || asked == cleaned(asked) {
			mux.ServeHTTP(w, r)
			return
		}
		url := *r.URL
		url.Path, url.RawPath = strings.TrimSuffix(path.Clean(r.URL.Path), "/")+belowAll, ""
		owned := *r
		owned.URL = &url
		h, pattern := mux.Handler(&owned)
		r.Pattern = pattern // what the log calls the route
		h.ServeHTTP(w, r)
	})
}

// cleaned is the path to which the mux would redirect.
func cleaned(asked string) string {
	clean := path.Clean(asked)
	if clean != "/" && strings.HasSuffix(asked, "/") {
		clean += "/"
	}
	return clean
}
