package simulation

import (
	"io"
	"net"
	"sync"
	"time"
)

// end is one end of a line, the connection in memory between a gateway and the issuer. Writing never waits; what
// was written arrives after some latency, and is lost when the line is closed before.
type end struct {
	net.Conn // nil: nobody asks for more of a connection than what follows

	line  *line
	peer  *end
	actor actor         // of whoever reads
	gate  func() bool   // waits while the reader's process is frozen, and says whether it was; nil where none is
	ended func()        // hears that this end knows of the line's end; nil where nobody listens
	news  chan struct{} // holds one element when something was written

	mu      sync.Mutex
	sent    []byte // written by the peer and not arrived; guarded by mu
	arrived []byte // not read yet; guarded by mu
}

type line struct {
	once   sync.Once
	closed chan struct{}
}

// newLine connects a gateway with the issuer.
func newLine(near, far actor, gate func() bool, ended func()) (gateway, issuer *end) {
	l := &line{closed: make(chan struct{})}
	gateway = &end{line: l, actor: near, gate: gate, ended: ended, news: make(chan struct{}, 1)}
	issuer = &end{line: l, actor: far, peer: gateway, news: make(chan struct{}, 1)}
	gateway.peer = issuer
	return gateway, issuer
}

func (e *end) over() bool {
	select {
	case <-e.line.closed:
		return true
	default:
		return false
	}
}

// Read implements net.Conn.
func (e *end) Read(b []byte) (int, error) {
	for {
		if e.over() {
			e.tell()
			return 0, io.EOF
		}
		n, more := e.take(b)
		switch {
		case n > 0:
			return n, nil
		case more:
			e.travel()
		default:
			select {
			case <-e.news:
			case <-e.line.closed:
			}
		}
	}
}

// take reads what has arrived, and says whether something is on its way.
func (e *end) take(b []byte) (n int, more bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n = copy(b, e.arrived)
	e.arrived = e.arrived[n:]
	return n, len(e.sent) > 0
}

// travel lets what was sent arrive, unless the line ends before.
func (e *end) travel() {
	for again := true; again; again = e.gate != nil && e.gate() {
		select {
		case <-time.After(e.actor.lane.until(latency(e.actor.random))):
		case <-e.line.closed:
			return
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.arrived, e.sent = append(e.arrived[:0], e.sent...), e.sent[:0]
}

// Write implements net.Conn.
func (e *end) Write(b []byte) (int, error) {
	for e.gate != nil && e.gate() {
		e.actor.lane.sleep(0)
	}
	if e.over() {
		e.tell()
		return 0, io.ErrClosedPipe
	}
	e.peer.mu.Lock()
	defer e.peer.mu.Unlock()
	e.peer.sent = append(e.peer.sent, b...)
	select {
	case e.peer.news <- struct{}{}:
	default:
	}
	return len(b), nil
}

// Close implements net.Conn for both ends.
func (e *end) Close() error {
	e.line.cut()
	e.tell()
	return nil
}

// cut ends the line, unless it has ended; its ends hear of it when they next read or write.
func (l *line) cut() { l.once.Do(func() { close(l.closed) }) }

func (e *end) tell() {
	if e.ended != nil {
		e.ended()
	}
}
