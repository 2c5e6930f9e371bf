package simulator

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

// maxBatch is how many requests may share one write of the books and one of the answers.
const maxBatch = 256

// session is one connection. Requests that have arrived together are decided one by one, then written to the
// books at once, then answered at once.
type session struct {
	bank   *Simulator
	conn   net.Conn
	ended  chan struct{} // closed when serve has returned
	writes sync.Mutex    // held while writing to conn

	// Of the batch at hand; the reading goroutine's own.
	out     []byte    // frames to send
	late    []delayed // answers to send later
	booked  int64     // what the journal has to be flushed to
	hangUp  bool      // close the connection after this batch
	waiting int       // requests in the batch
}

type delayed struct {
	frames []byte
	after  time.Duration
}

func newSession(s *Simulator, conn net.Conn) *session {
	return &session{bank: s, conn: conn, ended: make(chan struct{})}
}

func (c *session) serve() {
	r := bufio.NewReaderSize(c.conn, 32<<10)
	var frame []byte
	for {
		var err error
		frame, err = iso.ReadFrame(r, frame)
		if err != nil {
			if errors.Is(err, iso.ErrFrameLength) {
				c.bank.cfg.Log.Warn("connection closed", "error", err)
			}
			return
		}
		c.handle(frame)
		clear(frame)
		c.waiting++
		if !c.hangUp && c.waiting < maxBatch && iso.FrameBuffered(r) {
			continue
		}
		if !c.settle() {
			return
		}
	}
}

// handle decides one request.
func (c *session) handle(frame []byte) {
	m, err := iso.Unpack(frame)
	if err != nil || iso.AnswerTo(m.MTI) == "" {
		c.bank.undecodable.Add(1)
		c.bank.cfg.Log.Warn("message that is no request of the layout: dropped", "bytes", len(frame))
		return
	}
	defer m.Wipe()
	if m.MTI == iso.NetworkRequest {
		c.out = c.frame(c.out, answer(m, reply{responseCode: iso.CodeApproved}))
		return
	}
	q, ok := understand(m)
	if !ok {
		c.out = c.frame(c.out, answer(m, reply{responseCode: iso.CodeFormat}))
		return
	}
	var card cards.Behaviour
	if known, ok := c.bank.cfg.Cards.Lookup(m.Card); ok {
		card = known.Behaviour
	}
	f, err := c.bank.faults.take(q.op)
	if err != nil {
		c.bank.cfg.Log.Error("fault was used and not crossed off", "error", err)
	}
	var delay time.Duration
	switch q.op {
	case pasarela.MessageAuthorize, pasarela.MessageSale:
		q.account, delay = c.bank.fingerprint(m.Card), card.Delay
	case pasarela.MessageVerify, pasarela.MessageReauthorize:
		delay = card.Delay
	}
	r, booked := c.bank.book(q, card, f)
	c.booked = max(c.booked, booked)
	a := answer(m, r)
	a.Advice = c.bank.advice(q, r.responseCode)
	c.respond(a, f, delay)
}

// respond queues the answer in the way that the fault has it.
func (c *session) respond(m iso.Message, f Fault, delay time.Duration) {
	switch f.Kind {
	case FaultNoResponse:
		return
	case FaultDropConnection:
		c.hangUp = true
		return
	case FaultLateResponse:
		delay = time.Duration(f.DelayMS) * time.Millisecond
		if delay == 0 {
			delay = c.bank.cfg.GatewayTimeout + time.Second
		}
	}
	var frames []byte
	switch f.Kind {
	case FaultGarbage:
		frames = iso.AppendFrame(nil, c.bank.garbage())
	case FaultDuplicateResponse:
		frames = c.frame(c.frame(nil, m), m)
	default:
		if delay == 0 {
			c.out = c.frame(c.out, m)
			return
		}
		frames = c.frame(nil, m)
	}
	if delay > 0 {
		c.late = append(c.late, delayed{frames, delay})
		return
	}
	c.out = append(c.out, frames...)
}

// frame appends a message of the simulator's own. It is made of what came in by the same layout, so it fits.
func (c *session) frame(dst []byte, m iso.Message) []byte {
	packed, err := m.Pack()
	if err != nil {
		c.bank.cfg.Log.Error("answer can't be written: dropped", "error", err)
		return dst
	}
	return iso.AppendFrame(dst, packed)
}

// settle writes the books and then sends the answers of the batch. It says false where the connection is to
// be closed: on a fault that asks for it, when the peer is gone, and when the books can't be written, since
// what is not in them must not be answered.
func (c *session) settle() bool {
	if err := c.bank.journal.flush(c.booked); err != nil {
		c.bank.cfg.Log.Error("connection closed", "error", err)
		return false
	}
	for _, d := range c.late {
		c.bank.peers.running.Go(func() { c.sendLater(d) })
	}
	ok := c.send(c.out)
	hangUp := c.hangUp
	c.out, c.late, c.waiting = c.out[:0], c.late[:0], 0
	return ok && !hangUp
}

func (c *session) send(frames []byte) bool {
	if len(frames) == 0 {
		return true
	}
	c.writes.Lock()
	defer c.writes.Unlock()
	_, err := c.conn.Write(frames)
	if err != nil && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrClosedPipe) {
		c.bank.cfg.Log.Info("peer is gone before its answer", "error", err)
	}
	return err == nil
}

func (c *session) sendLater(d delayed) {
	timer := time.NewTimer(d.after)
	defer timer.Stop()
	select {
	case <-timer.C:
		c.send(d.frames)
	case <-c.ended:
	case <-c.bank.closed:
	}
}

// fingerprint stands for an account in the books.
func (s *Simulator) fingerprint(number pan.Number) string {
	var digits [19]byte
	mac := hmac.New(sha256.New, s.key)
	mac.Write(pan.AppendDigits(digits[:0], number))
	clear(digits[:])
	var sum [sha256.Size]byte
	return hex.EncodeToString(mac.Sum(sum[:0])[:16])
}

// garbage is a message's worth of random bytes.
func (s *Simulator) garbage() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := make([]byte, 16+s.random.IntN(200))
	for i := range b {
		b[i] = byte(s.random.Uint32())
	}
	return b
}
