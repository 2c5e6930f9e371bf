package simulation

import (
	"context"
	"errors"
	"sync"

	"pasarela"
	"pasarela/store"
)

var errDead = errors.New("the process is dead")

// mortal is a store that dies with its process: after kill nothing is committed any more, and whoever waited
// for a commit never learns of it.
type mortal struct {
	store.Store

	mu     sync.Mutex
	inside int           // units of work under way; guarded by mu
	dead   bool          // guarded by mu
	quiet  chan struct{} // closed once dead with nobody inside
}

func newMortal(s store.Store) *mortal { return &mortal{Store: s, quiet: make(chan struct{})} }

// Update implements store.Store.
func (s *mortal) Update(ctx context.Context, m pasarela.MerchantID, unit func(store.Tx) error) error {
	if !s.enter() {
		return errDead
	}
	err := s.Store.Update(ctx, m, unit)
	if s.leave() {
		return errDead
	}
	return err
}

func (s *mortal) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		return false
	}
	s.inside++
	return true
}

func (s *mortal) leave() (dead bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inside--; s.dead && s.inside == 0 {
		close(s.quiet)
	}
	return s.dead
}

func (s *mortal) isDead() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dead
}

// kill returns once the file is at rest.
func (s *mortal) kill() {
	s.mu.Lock()
	s.dead = true
	if s.inside == 0 {
		close(s.quiet)
	}
	s.mu.Unlock()
	<-s.quiet
}
