package wire

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"pasarela"
)

// MaxBody is how many bytes a request body may have.
const MaxBody = 1 << 20

// firstRead is where the buffer of a body of unknown length begins.
const firstRead = 2048

// Body reads a request's body, empty when there is none. It returns CodeInvalid for one that is larger than
// MaxBody or breaks off. A body that may hold a card is to be given to Wipe once it was decoded.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	size := firstRead
	if r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	if r.ContentLength >= 0 {
		size = int(r.ContentLength) + 1 // one more, so that the end is seen without growing
	}
	source := http.MaxBytesReader(w, r.Body, MaxBody)
	body := make([]byte, 0, size)
	for {
		n, err := source.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case err == io.EOF:
			return body, nil
		case err != nil:
			Wipe(body)
			return nil, unreadable(err)
		case len(body) == cap(body):
			body = grow(body)
		}
	}
}

// grow doubles a buffer and leaves nothing in the old one.
func grow(body []byte) []byte {
	larger := make([]byte, len(body), 2*cap(body))
	copy(larger, body)
	Wipe(body)
	return larger
}

func unreadable(err error) error {
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		return tooLarge()
	}
	return pasarela.Wrap(pasarela.CodeInvalid, err, "body could not be read to its end")
}

func tooLarge() error {
	return pasarela.Errorf(pasarela.CodeInvalid, "body is larger than %d bytes", MaxBody)
}

// Wipe overwrites a body that held card data.
func Wipe(body []byte) { clear(body[:cap(body)]) }

// WriteJSON answers a JSON document that is rendered already.
func WriteJSON(w http.ResponseWriter, status int, document []byte) {
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Cache-Control"] = noStore
	h["Content-Length"] = []string{strconv.Itoa(len(document))}
	w.WriteHeader(status)
	_, _ = w.Write(document) // a caller that went away can't be told so
}

// Header values shared by all answers; net/http only reads them.
var (
	jsonType = []string{"application/json; charset=utf-8"}
	noStore  = []string{"no-store"}
)

// Header is the first of several spellings of a header that was sent, or "".
func Header(r *http.Request, names ...string) string {
	for _, name := range names {
		if v := r.Header.Get(name); v != "" {
			return v
		}
	}
	return ""
}
