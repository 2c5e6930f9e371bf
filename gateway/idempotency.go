package gateway

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// KeyLife is how long an answer is remembered (Kushki, "Idempotency-Key": 24 hours).
const KeyLife = 24 * time.Hour

// Remember asks a verb to answer the same bytes when it is called again under the same name. The zero
// value (no Name) asks for nothing.
type Remember struct {
	Name        string // stands for method, path and Idempotency-Key
	Digest      []byte // keyed, of the body that came with it
	OnlySuccess bool   // a refusal is forgotten, so that the key may be used again
}

// Answer is what a dialect answers to an outcome.
type Answer struct {
	Status  int
	Body    []byte
	Success bool
}

// Replay is returned in place of an error by a verb that did not run, because it ran before.
type Replay struct {
	Status int
	Body   []byte
}

func (*Replay) Error() string { return "answered before under the same Idempotency-Key" }

// errKeyUnderWay says that the first call under a key has not ended; it never leaves the package.
var errKeyUnderWay = pasarela.Errorf(pasarela.CodeBusy, "the first call with this Idempotency-Key is still under way: repeat it later")

// claim takes the key for holder inside the unit that commits the promise. It returns nil when the verb may
// run, *Replay when it ran before, CodeKeyReused for another body, and errKeyUnderWay.
func (r Remember) claim(tx store.Tx, holder string, now time.Time) error {
	if r.Name == "" {
		return nil
	}
	k, err := tx.ClaimKey(store.Key{Name: r.Name, Digest: r.Digest, Holder: holder, CreatedAt: now, ExpiresAt: now.Add(KeyLife)})
	switch {
	case err != nil:
		return err
	case k.Holder == holder:
		return nil
	case !bytes.Equal(k.Digest, r.Digest):
		return pasarela.Errorf(pasarela.CodeKeyReused, "this Idempotency-Key came with another body before: use a new key")
	case k.Status != 0:
		return &Replay{Status: k.Status, Body: k.Answer}
	default:
		return errKeyUnderWay
	}
}

// settle stores the answer in the unit that commits the outcome, or gives the key back.
func (r Remember) settle(tx store.Tx, holder string, a Answer) error {
	if r.Name == "" {
		return nil
	}
	if r.OnlySuccess && !a.Success {
		return r.release(tx, holder)
	}
	err := tx.AnswerKey(r.Name, holder, a.Status, a.Body)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return nil // it ran out, or was taken over after a recovery: the outcome counts all the same
	}
	return err
}

// settleRefused remembers the answer of a refusal that spent a token: a repetition could only be told that the token has
// served. Where render is nil, none is remembered.
func (r Remember) settleRefused(tx store.Tx, holder string, refused error, render func(error) Answer) error {
	if r.Name == "" || render == nil {
		return r.release(tx, holder)
	}
	return r.settle(tx, holder, render(refused))
}

// release gives the key back: what it was claimed for reached no outcome.
func (r Remember) release(tx store.Tx, holder string) error {
	if r.Name == "" {
		return nil
	}
	return tx.DropKey(r.Name, holder)
}

// verdict is what became of the call that holds a key.
type verdict struct {
	ended  bool
	answer *Answer // to remember in its place, where what it did stands; nil where it came to nothing
}

// judge finds out what became of a key's holder. A process that died, or an outcome that another node
// committed, leaves a key that nobody will answer.
type judge func(ctx context.Context, holder string) (verdict, error)

// once runs a verb's first step until it no longer finds another call of the same key under way. It waits
// as long as such a call can take.
func (g *Gateway) once(ctx context.Context, m pasarela.MerchantID, r Remember, of judge, step func() error) error {
	if r.Name == "" {
		return step()
	}
	ctx, cancel := context.WithTimeout(ctx, g.AcquirerTimeout+grace)
	defer cancel()
	for {
		ended := g.keys.wait(m, r.Name)
		err := step()
		if err == nil {
			return nil // the verb goes on, and wakes those who wait when it ends
		}
		if errors.Is(err, errKeyUnderWay) {
			if err = g.awaitKey(ctx, m, r.Name, of, ended); err == nil {
				continue
			}
		}
		g.keys.done(m, r.Name) // or what this call waited on would be kept for good
		return err
	}
}

// How often a call looks after a key that another holds, more and more seldom.
const (
	keyPollFirst = 50 * time.Millisecond
	keyPollMost  = time.Second
)

// awaitKey returns nil once the key was answered, given back, or taken from a holder that is no more.
func (g *Gateway) awaitKey(ctx context.Context, m pasarela.MerchantID, name string, of judge, ended <-chan struct{}) error {
	for every := keyPollFirst; ; every = min(2*every, keyPollMost) {
		if ctx.Err() != nil {
			return errKeyUnderWay
		}
		k, err := g.Store.Key(ctx, m, name)
		if pasarela.CodeOf(err) == pasarela.CodeNotFound {
			return nil
		}
		if err != nil || k.Status != 0 {
			return err
		}
		v, err := of(ctx, k.Holder)
		switch {
		case err != nil && pasarela.CodeOf(err) != pasarela.CodeNotFound:
			return err
		case v.ended:
			return g.answerFor(ctx, m, k, v)
		}
		if woken, err := pause(ctx, every, ended); woken || err != nil {
			return err
		}
	}
}

// answerFor ends a key in place of its holder. A holder that ended in good order answered its key as it ended,
// perhaps after the key was looked at and before its verdict: that answer stands.
func (g *Gateway) answerFor(ctx context.Context, m pasarela.MerchantID, k store.Key, v verdict) error {
	now, err := g.Store.Key(ctx, m, k.Name)
	if err != nil || now.Status != 0 || now.Holder != k.Holder {
		return ignoreNotFound(err)
	}
	err = g.Store.Update(ctx, m, func(tx store.Tx) error {
		if v.answer == nil {
			return tx.DropKey(k.Name, k.Holder)
		}
		return tx.AnswerKey(k.Name, k.Holder, v.answer.Status, v.answer.Body)
	})
	return ignoreNotFound(err) // the holder was quicker
}

// pause waits until the holder in this process has ended, or for a moment where it is another process.
func pause(ctx context.Context, moment time.Duration, ended <-chan struct{}) (woken bool, err error) {
	t := time.NewTimer(moment)
	defer t.Stop()
	select {
	case <-ended:
		if ctx.Err() != nil {
			return false, errKeyUnderWay
		}
		return true, nil
	case <-t.C:
		return false, nil
	case <-ctx.Done():
		return false, errKeyUnderWay
	}
}

func ignoreNotFound(err error) error {
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return nil
	}
	return err
}

// keyWaiters lets calls of one process wait for each other without asking the store.
type keyWaiters struct {
	mu   sync.Mutex
	open map[keyName]chan struct{} // guarded by mu; closed when a verb under that name ends
}

type keyName struct {
	merchant pasarela.MerchantID
	name     string
}

func (w *keyWaiters) init() { w.open = map[keyName]chan struct{}{} }

// wait returns what is closed when the next verb under the name ends.
func (w *keyWaiters) wait(m pasarela.MerchantID, name string) <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := keyName{m, name}
	if w.open[k] == nil {
		w.open[k] = make(chan struct{})
	}
	return w.open[k]
}

// done wakes whoever waits for the name.
func (w *keyWaiters) done(m pasarela.MerchantID, name string) {
	if name == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	k := keyName{m, name}
	if c := w.open[k]; c != nil {
		close(c)
		delete(w.open, k)
	}
}
