package kushki

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// Every call with the public credential can be asked for by pages beforehand, and none with the private one.
func TestPagesMayCallWhatIsPublic(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	(&Handler{}).Mount(mux)
	public := map[string]bool{}
	for _, e := range endpoints() {
		public[e.path] = public[e.path] || e.public
	}
	for path, may := range public {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodOptions, strings.NewReplacer("{", "", "}", "").Replace(path), nil))
		allowed := w.Header().Get("Access-Control-Allow-Origin") == "*" && w.Code == http.StatusNoContent
		if allowed != may {
			t.Errorf("OPTIONS %s is answered %d %v, pages may call it: %t", path, w.Code, w.Header(), may)
		}
	}
}
