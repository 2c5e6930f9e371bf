package acquirer

import (
	"bufio"
	"context"
	"errors"
	"net"
	"runtime"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
)

// maxBatch is how many messages one write may carry.
const maxBatch = 256

var (
	errClosed   = errors.New("link was closed")
	errNoAnswer = errors.New("acquirer did not answer a network management message in time")
	errRefused  = errors.New("acquirer refused the sign-on")
)

// link is one connection, from dialling to its end. Three goroutines serve it: read, write and keepAlive.
type link struct {
	client  *Client
	conn    net.Conn
	flights *flights
	out     chan *pending
	done    chan struct{} // closed by fail, after cause is set
	once    sync.Once
	cause   error
	wg      sync.WaitGroup
	start   time.Time
	heard   atomic.Int64 // when something last came in, since start
}

func (c *Client) newLink(conn net.Conn) *link {
	l := &link{client: c, conn: conn, flights: newFlights(), out: make(chan *pending, 4*maxBatch),
		done: make(chan struct{}), start: time.Now()}
	l.wg.Go(func() { l.fail(l.read()) })
	l.wg.Go(func() { l.fail(l.write()) })
	l.wg.Go(func() { l.fail(l.keepAlive()) })
	return l
}

// fail ends the link: nothing new gets in, whoever waits is told, and only then the peer.
func (l *link) fail(cause error) {
	l.once.Do(func() {
		l.cause = cause
		l.flights.shut(l.client.past)
		close(l.done)
		l.conn.Close()
	})
}

func (l *link) broken() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

func (l *link) read() error {
	r := bufio.NewReaderSize(l.conn, 32<<10)
	var frame, scratch []byte
	for {
		var err error
		frame, err = iso.ReadFrame(r, frame)
		if errors.Is(err, iso.ErrFrameLength) {
			l.client.cfg.Observer.stray(StrayBadLength)
		}
		if err != nil {
			return err
		}
		l.heard.Store(int64(time.Since(l.start)))
		scratch = l.received(frame, scratch)
		clear(frame)
	}
}

// received hands an answer to whom it belongs. It returns scratch for the next call.
func (l *link) received(frame, scratch []byte) []byte {
	m, err := iso.Unpack(frame)
	if err != nil {
		l.client.cfg.Observer.stray(StrayGarbage)
		l.client.cfg.Log.Warn("acquirer sent a message that can't be read: dropped", "error", err, "bytes", len(frame))
		return scratch
	}
	scratch = l.observe(Received, frame, scratch)
	stan, err := strconv.ParseUint(m.STAN, 10, 32)
	if err != nil {
		l.client.cfg.Observer.stray(StrayUnmatched)
		return scratch
	}
	rrn := m.RRN
	switch m.MTI {
	case iso.NetworkRequest:
		l.answerManagement(m)
		return scratch
	case iso.AnswerTo(iso.NetworkRequest):
		rrn = "" // acquirers add one as they like
	}
	if p := l.flights.take(uint32(stan), rrn, m.MTI); p != nil {
		l.client.past.remember(p, true)
		p.answer <- m
		return scratch
	}
	stray, late := l.client.past.stray(uint32(stan), rrn, m.MTI, m.Reference)
	l.client.cfg.Observer.stray(stray)
	if late.Message != "" {
		l.client.approvedLate(late, m)
	}
	return scratch
}

// answerManagement acknowledges the acquirer's own echo. When the queue is full there is traffic enough.
func (l *link) answerManagement(m iso.Message) {
	answer := iso.Message{MTI: iso.AnswerTo(m.MTI), SentAt: m.SentAt, STAN: m.STAN, RRN: m.RRN,
		ResponseCode: iso.CodeApproved, Function: m.Function}
	packed, err := answer.Pack()
	if err != nil {
		l.client.cfg.Log.Warn("acquirer's network management message can't be answered", "error", err)
		return
	}
	select {
	case l.out <- &pending{frame: packed}:
	default:
	}
}

// write sends what is queued, as much in one write as has gathered.
func (l *link) write() error {
	var (
		batch        []*pending
		starts       []int
		buf, scratch []byte
	)
	for {
		batch = l.gather(batch[:0])
		if len(batch) == 0 {
			return errClosed
		}
		buf, starts = buf[:0], starts[:0]
		for _, p := range batch {
			starts = append(starts, len(buf))
			if p.stage.CompareAndSwap(queued, written) {
				scratch = l.observe(Sent, p.frame, scratch)
				buf = iso.AppendFrame(buf, p.frame)
			}
			clear(p.frame)
		}
		n, err := l.conn.Write(buf)
		clear(buf)
		if err != nil {
			unwritten(batch, starts, n)
			return err
		}
	}
}

// unwritten marks those of a batch of which no byte was handed over.
func unwritten(batch []*pending, starts []int, n int) {
	for i, p := range batch {
		if starts[i] >= n {
			p.stage.CompareAndSwap(written, withdrawn)
		}
	}
}

// gather waits for one request and takes along what else is queued. It returns none when the link is done.
func (l *link) gather(batch []*pending) []*pending {
	select {
	case p := <-l.out:
		batch = append(batch, p)
	case <-l.done:
		return nil
	}
	runtime.Gosched() // callers that are ready to run get their message into the same write
	for len(batch) < maxBatch {
		select {
		case p := <-l.out:
			batch = append(batch, p)
		default:
			return batch
		}
	}
	return batch
}

// observe shows a message to the traffic log, without card data.
func (l *link) observe(d Direction, frame, scratch []byte) []byte {
	hook := l.client.cfg.Observer.Message
	if hook == nil {
		return scratch
	}
	scratch = iso.AppendRedacted(scratch, frame)
	if scratch != nil {
		hook(Traffic{At: l.client.cfg.Clock.Now(), Direction: d, Frame: scratch})
	}
	return scratch
}

// keepAlive tests the link after each silence.
func (l *link) keepAlive() error {
	every := l.client.cfg.EchoEvery
	timer := time.NewTimer(every)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-l.done:
			return errClosed
		}
		silence := time.Since(l.start) - time.Duration(l.heard.Load())
		if silence < every {
			timer.Reset(every - silence)
			continue
		}
		if err := l.manage(context.Background(), iso.Echo, l.client.cfg.AnswerAfter); err != nil {
			return err
		}
		timer.Reset(every)
	}
}

// manage exchanges one network management message.
func (l *link) manage(ctx context.Context, function string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	trace := l.client.tracer.next(l.client.cfg.Clock.Now(), l.flights.has)
	m := iso.Message{MTI: iso.NetworkRequest, SentAt: trace.SentAt.Format("0102150405"),
		STAN: iso.Pad(int64(trace.STAN), 6), Acquirer: l.client.cfg.AcquirerID, Function: function}
	packed, err := m.Pack()
	if err != nil {
		return err
	}
	p := newPending(pasarela.Trace{STAN: trace.STAN}, m.MTI, packed)
	answer, ok := l.exchange(ctx, p)
	switch {
	case !ok:
		return errNoAnswer
	case answer.ResponseCode != iso.CodeApproved:
		return errRefused
	}
	return nil
}

// exchange queues p and waits for its answer until ctx ends or the link breaks. What became of a request
// without an answer, p.withdraw tells.
func (l *link) exchange(ctx context.Context, p *pending) (iso.Message, bool) {
	if !l.flights.add(p) {
		p.withdraw()
		return iso.Message{}, false
	}
	select {
	case l.out <- p:
	case <-l.done:
	case <-ctx.Done():
	}
	select {
	case m := <-p.answer:
		return m, true
	case <-l.done:
	case <-ctx.Done():
		if l.flights.giveUp(p, l.client.past) {
			p.withdraw()
			return iso.Message{}, false
		}
	}
	return l.lastWord(p)
}

// lastWord takes an answer that was matched while its request was being given up.
func (l *link) lastWord(p *pending) (iso.Message, bool) {
	select {
	case m := <-p.answer:
		return m, true
	case <-l.done:
	}
	select {
	case m := <-p.answer:
		return m, true
	default:
		return iso.Message{}, false
	}
}
