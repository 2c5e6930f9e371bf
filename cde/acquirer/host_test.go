package acquirer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/internal/pan"
)

const (
	goodCard = "5451951574925480"
	goodCVV  = "7391"
)

// openSeal is a vault whose seal hides nothing.
type openSeal struct{}

func (openSeal) OpenCard(_ pasarela.MerchantID, s pasarela.Sealed) (pan.Number, error) {
	return pan.ParseBytes(s.Bytes)
}

func (openSeal) OpenCVV(_ pasarela.MerchantID, s pasarela.Sealed) (pan.CVV, error) {
	cvv, _, _ := strings.Cut(string(s.Bytes), ";")
	return pan.ParseCVV(cvv)
}

func (openSeal) OpenCryptogram(_ pasarela.MerchantID, s pasarela.Sealed) (string, error) {
	_, cryptogram, _ := strings.Cut(string(s.Bytes), ";")
	return cryptogram, nil
}

// host is an acquirer that the test plays by hand, one connection at a time.
type host struct {
	t      *testing.T
	conns  chan net.Conn // what the client dialled
	refuse chan struct{} // closed: dialling fails
	conn   net.Conn
}

// listen hands the client one end of a pipe for each time it dials.
func listen(t *testing.T) *host {
	return &host{t: t, conns: make(chan net.Conn), refuse: make(chan struct{})}
}

func (h *host) dial(ctx context.Context) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case h.conns <- theirs:
		return ours, nil
	case <-h.refuse:
		return nil, errors.New("refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// accept takes the next connection and answers its sign-on.
func (h *host) accept() {
	h.t.Helper()
	h.conn = <-h.conns
	m := h.read()
	if m.MTI != "0800" || m.Function != iso.SignOn {
		h.t.Errorf("first message is %s/%s, want the sign-on 0800/001", m.MTI, m.Function)
	}
	h.answer(m, "00")
}

func (h *host) read() iso.Message {
	h.t.Helper()
	frame, err := iso.ReadFrame(h.conn, nil)
	if err != nil {
		h.t.Errorf("no message from the client: %v", err)
		return iso.Message{}
	}
	m, err := iso.Unpack(frame)
	if err != nil {
		h.t.Error(err)
	}
	return m
}

func (h *host) answer(m iso.Message, code string) {
	m.MTI, m.ResponseCode, m.ApprovalCode = iso.AnswerTo(m.MTI), code, "123456"
	h.write(m)
}

func (h *host) write(m iso.Message) {
	h.t.Helper()
	packed, err := m.Pack()
	if err != nil {
		h.t.Error(err)
	}
	h.writeRaw(iso.AppendFrame(nil, packed))
}

func (h *host) writeRaw(b []byte) {
	h.t.Helper()
	if _, err := h.conn.Write(b); err != nil {
		h.t.Error(err)
	}
}

// hangUp takes the goodbye of a client that closes, or its connection's end.
func (h *host) hangUp() {
	for {
		frame, err := iso.ReadFrame(h.conn, nil)
		if err != nil {
			h.conn.Close()
			return
		}
		if m, err := iso.Unpack(frame); err == nil && m.Function == iso.SignOff {
			h.answer(m, "00")
		}
	}
}

// ears collects what the client tells its observers.
type ears struct {
	mu     sync.Mutex
	strays []acquirer.Stray   // guarded by mu
	unsent []pasarela.Message // guarded by mu
	log    bytes.Buffer       // guarded by mu
	record *acquirer.Recorder
}

func (e *ears) Write(b []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.log.Write(b)
}

func (e *ears) heard() ([]acquirer.Stray, []pasarela.Message, string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return append([]acquirer.Stray(nil), e.strays...), append([]pasarela.Message(nil), e.unsent...), e.log.String()
}

func newClient(dial func(context.Context) (net.Conn, error)) (*acquirer.Client, *ears) {
	e := &ears{record: acquirer.NewRecorder(0)}
	return acquirer.New(acquirer.Config{
		Dial: dial, Opener: openSeal{}, Clock: pasarela.SystemClock{},
		Log: slog.New(slog.NewTextHandler(e, nil)),
		Observer: acquirer.Observer{Message: e.record.Record, Stray: func(s acquirer.Stray) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.strays = append(e.strays, s)
		}},
		OnUnsent: func(m pasarela.Message) {
			e.mu.Lock()
			defer e.mu.Unlock()
			e.unsent = append(e.unsent, m)
		},
	}), e
}

func request(c *acquirer.Client, m pasarela.Message) pasarela.NetworkRequest {
	return pasarela.NetworkRequest{
		Message: m, Attempt: 1, Trace: c.NextTrace(), Reference: "0f5e2a52-6a1c-4b7e-9a54-6d1b7f0c9a11",
		Amount:   pasarela.Money{Minor: 1698, Currency: "USD"},
		Merchant: "20000000123456789012", Name: "Café Ñandú del Centro Histórico", Country: "EC",
		Card: pasarela.Sealed{Bytes: []byte(goodCard)}, CVV: pasarela.Sealed{Bytes: []byte(goodCVV)},
		Facts: pasarela.CardFacts{Expiry: "3012"},
	}
}

// sending runs Send in the background with a deadline of 25 s.
func sending(t *testing.T, c *acquirer.Client, q pasarela.NetworkRequest) <-chan pasarela.NetworkAnswer {
	done := make(chan pasarela.NetworkAnswer, 1)
	go func() {
		ctx, cancel := context.WithTimeout(t.Context(), 25*time.Second)
		defer cancel()
		done <- c.Send(ctx, q)
	}()
	return done
}

// brokenWriter is a connection that fails after sign-on, having taken some bytes.
type brokenWriter struct {
	net.Conn
	mu    sync.Mutex
	left  int // writes that succeed; guarded by mu
	taken int // bytes that the failing write reports
}

func (b *brokenWriter) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left--; b.left >= 0 {
		return b.Conn.Write(p)
	}
	return b.taken, io.ErrShortWrite
}
