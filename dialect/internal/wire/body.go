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
// MaxBody, whose rest it passes over so that the caller gets to read the answer, or that breaks off. A body that may hold a card is to be given to Wipe once it was decoded.
func Body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	size := firstRead
	if r.ContentLength > MaxBody {
		if r.Header.Get("Expect") == "" { // whoever asks first has sent nothing, and need not
			drain(r.Body)
		}
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
			return nil, unreadable(err, r.Body)
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

func unreadable(err error, rest io.Reader) error {
	if _, tooLong := errors.AsType[*http.MaxBytesError](err); tooLong {
		drain(rest)
		return tooLarge()
	}
	return pasarela.Wrap(pasarela.CodeInvalid, err, "body could not be read to its end")
}

// maxDrained is how much of a body that is too large is read and passed over, in bytes. A caller that still sends when
// the connection is closed may lose the answer; the server's own time for reading bounds how long that lasts.
const maxDrained = 4 * MaxBody

// drain reads on, up to maxDrained, into a buffer that it wipes.
func drain(rest io.Reader) {
	var passing [8 << 10]byte
	defer clear(passing[:])
	for left := maxDrained; left > 0; {
		n, err := rest.Read(passing[:])
		if err != nil {
			return
		}
		left -= n
	}
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
