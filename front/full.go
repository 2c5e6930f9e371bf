package front

import (
	"net/http"
	"strings"
)

// turnAway answers while the server is full. A browser's question whether its page may call a route costs nothing, so
// it is answered all the same; and what a route answers to it says whether the page may read this answer.
func (s *Server) turnAway(w *response, r *http.Request) {
	question := *r
	question.Method, question.Body, question.ContentLength = http.MethodOptions, http.NoBody, 0
	if _, pattern := s.conf.Handler.Handler(&question); strings.HasPrefix(pattern, http.MethodOptions+" ") {
		if r.Method == http.MethodOptions {
			s.handle(w, r)
			return
		}
		told := unsent{}
		s.app.ServeHTTP(told, &question)
		if may := http.Header(told).Get("Access-Control-Allow-Origin"); may != "" {
			w.Header().Set("Access-Control-Allow-Origin", may)
		}
	}
	w.Header().Set("Retry-After", "1")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = w.Write([]byte(`{"message":"Too many requests at once: try again in a second"}`))
}

// unsent is the header of an answer that goes nowhere.
type unsent http.Header

func (u unsent) Header() http.Header         { return http.Header(u) }
func (u unsent) WriteHeader(int)             {}
func (u unsent) Write(b []byte) (int, error) { return len(b), nil }
