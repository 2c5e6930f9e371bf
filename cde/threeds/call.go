package threeds

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"pasarela"
)

const (
	maxAnswer = 64 << 10 // bytes of an ARes or Erro
	maxRanges = 64 << 20 // bytes of a PRes: a scheme's whole table
)

const jsonType = "application/json; charset=utf-8"

// errStatus is an answer that is not 200, and so no message.
type errStatus int

func (e errStatus) Error() string { return fmt.Sprintf("the directory server answers %d", int(e)) }

// errTooLarge is an answer that was not read to its end.
var errTooLarge = errors.New("the directory server's answer is too large")

// call posts what encode writes and reads the answer. The errors name addresses and statuses, never a body.
func (s *Server) call(ctx context.Context, encode func() ([]byte, error), limit int64) ([]byte, error) {
	body, err := encode()
	if err != nil {
		return nil, err
	}
	first := newWiped(body)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.cfg.DirectoryServerURL, first)
	if err != nil {
		_ = first.Close() // wipes; never fails
		return nil, pasarela.Errorf(pasarela.CodeInternal, "3-D Secure: the directory server's address is unusable")
	}
	r.ContentLength = int64(len(body))
	r.GetBody = func() (io.ReadCloser, error) { // for a connection that turns out to be closed
		again, err := encode()
		return newWiped(again), err
	}
	r.Header.Set("Content-Type", jsonType)
	answer, err := s.http.Do(r)
	if err != nil {
		return nil, err
	}
	defer drain(answer.Body)
	if answer.StatusCode != http.StatusOK {
		return nil, errStatus(answer.StatusCode)
	}
	read, err := io.ReadAll(io.LimitReader(answer.Body, limit+1))
	if err == nil && int64(len(read)) > limit {
		err = errTooLarge
	}
	return read, err
}

// drain lets the connection serve again, unless there is much left to read.
func drain(body io.ReadCloser) {
	_, _ = io.CopyN(io.Discard, body, maxAnswer) // what fails here was not wanted
	_ = body.Close()
}

// timedOut says whether an error means that there was no answer in time.
func timedOut(err error) bool {
	if errors.Is(err, context.DeadlineExceeded) {
		return true
	}
	n, ok := errors.AsType[net.Error](err)
	return ok && n.Timeout()
}

// wiped is a body that is overwritten once the transport is done with it, which may be after the answer came.
type wiped struct {
	mu   sync.Mutex // the transport may close while it reads
	read *bytes.Reader
	body []byte
}

func newWiped(body []byte) *wiped { return &wiped{read: bytes.NewReader(body), body: body} }

func (w *wiped) Read(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.read.Read(p)
}

// Close wipes. It never fails.
func (w *wiped) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.body[:cap(w.body)])
	w.read.Reset(nil)
	return nil
}
