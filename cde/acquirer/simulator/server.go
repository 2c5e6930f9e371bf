package simulator

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// dismissWait is how long a refused peer may take to close its side before it is cut off.
const dismissWait = 500 * time.Millisecond

// peers are the connections there are, and all that runs for them.
type peers struct {
	running  sync.WaitGroup // counts from add to remove, so that nothing joins after endAll
	mu       sync.Mutex
	sessions map[*session]struct{} // guarded by mu; nil once closed
}

func newPeers() *peers { return &peers{sessions: make(map[*session]struct{})} }

func (p *peers) add(s *session) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sessions == nil {
		return false
	}
	p.sessions[s] = struct{}{}
	p.running.Add(1)
	return true
}

func (p *peers) remove(s *session) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.sessions, s)
	p.running.Done()
}

func (p *peers) list() []*session {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]*session, 0, len(p.sessions))
	for s := range p.sessions {
		all = append(all, s)
	}
	return all
}

// endAll closes all connections and lets no other in.
func (p *peers) endAll(end func(net.Conn) error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for s := range p.sessions {
		_ = end(s.conn) // closing what the peer closed already is no loss
	}
	p.sessions = nil
}

// Serve accepts connections until ctx ends or the simulator is closed, then returns nil and has closed ln.
// Connections that it accepted go on until Close.
func (s *Simulator) Serve(ctx context.Context, ln net.Listener) error {
	over := make(chan struct{})
	defer close(over)
	go func() {
		select {
		case <-ctx.Done():
		case <-s.closed:
		case <-over:
		}
		ln.Close()
	}()
	for {
		conn, err := ln.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("accept a connection: %w", err)
		}
		go s.ServeConn(conn)
	}
}

// ServeConn serves one connection and returns when it has ended.
func (s *Simulator) ServeConn(conn net.Conn) {
	c := newSession(s, conn)
	if !s.peers.add(c) {
		conn.Close()
		return
	}
	defer s.peers.remove(c)
	defer close(c.ended)
	defer conn.Close()
	// Asked after the session is listed: a refusal that is being armed either is seen here or sees the session.
	if s.refuses() {
		reset(conn)
		return
	}
	c.serve()
}

// refuses says whether a connection is to be refused, and uses one refusal up where nobody else does.
func (s *Simulator) refuses() bool {
	if s.cfg.Standalone {
		return s.faults.refuse("")
	}
	return s.faults.refusing()
}

// reset closes a connection so that the peer sees it reset, not ended.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // fails on a connection that is gone, and then there is nothing to reset
	}
	conn.Close()
}

// dismiss ends the connections there are and waits until the peers have noticed, so that what the gateway
// sends next meets a link that it knows to be down.
func (s *Simulator) dismiss() {
	all := s.peers.list()
	for _, c := range all {
		if tcp, ok := c.conn.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
			continue
		}
		c.conn.Close()
	}
	patience := time.NewTimer(dismissWait)
	defer patience.Stop()
	for _, c := range all {
		select {
		case <-c.ended:
		case <-patience.C:
			patience.Reset(0) // no more patience with those that follow
			c.conn.Close()
		}
	}
}
