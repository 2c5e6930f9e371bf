package webhook

import (
	"sync"
	"time"

	"pasarela"
	"pasarela/store"
)

// standing is what is known of an endpoint.
type standing int

const (
	unknown standing = iota // not tried lately, or slow
	proven                  // its last attempt succeeded
	failing                 // its last attempt failed
	standings
)

const (
	maxWidth = 32 // sent to one endpoint at once

	// slowAnswer is from when on an endpoint that takes what it is sent is not sent more of it at once.
	slowAnswer = time.Second

	// slotBurst is how many deliveries are claimed for each that can be sent at once, where the endpoint is quick: a claim
	// costs a commit, whatever it carries.
	slotBurst = 8
	soon      = 2 * time.Second // within which a claim should have been worked off

	patientFailures = 3 // in a row, from which on an endpoint is left alone for a while
	firstPause      = 100 * time.Millisecond
	longestPause    = 10 * time.Second

	forgetAfter = 10 * time.Minute // since a lane was used
)

// lane is one endpoint: how it has behaved, and what of it is under way. It begins with one delivery at a time, twice as
// many after each success, half as many after one that was slow, and goes back to one with a failure. While an endpoint keeps failing there is a pause before
// each attempt, so that what a dead one costs does not depend on how much waits for it. lanes.mu guards it, but for claim.
type lane struct {
	endpoint store.Endpoint
	claim    sync.Mutex // held from a claim's begin until what it claimed is known here

	standing standing
	width    int           // how many may be sent at once
	failures int           // in a row
	resume   time.Time     // real; nothing is begun before
	took     time.Duration // of late attempts, smoothed
	used     time.Time     // real

	more    bool      // the last claim was full: there may be more
	ahead   time.Time // what is due until then may have been claimed by a process that is dead; zero for none
	waiting []*flight // claimed, not begun
	sending int
	blocked bool // in lanes.blocked
}

func (n *lane) merchant() pasarela.MerchantID { return n.endpoint.Merchant }

// course is how an attempt went.
type course struct {
	ok   bool
	slow bool // for slowAnswer or longer, or with an answer that did not end
	took time.Duration
}

// learn takes note of how an attempt went.
func (n *lane) learn(went course, now time.Time) {
	n.used = now
	if n.took == 0 {
		n.took = went.took
	}
	n.took = (3*n.took + went.took) / 4
	if went.ok {
		n.failures, n.resume = 0, time.Time{}
		if went.slow { // counts as one that hangs, so that places remain for those that are quick
			n.standing, n.width = unknown, max(n.width/2, 1)
			return
		}
		n.standing, n.width = proven, min(2*n.width, maxWidth)
		return
	}
	n.standing, n.width = failing, 1
	n.failures++
	if over := n.failures - patientFailures; over >= 0 {
		n.resume = now.Add(min(firstPause<<min(over, 10), longestPause))
	}
}

// capacity is how many deliveries the lane may hold: those being sent, and those that can be begun soon afterwards.
func (n *lane) capacity() int {
	switch {
	case n.standing == failing:
		return n.width
	case n.took == 0:
		return 2 * n.width
	default:
		return n.width * int(min(max(soon/n.took, 1), slotBurst))
	}
}

// room is how many deliveries to claim now. It is 0 as long as that would be few of what it can hold.
func (n *lane) room(now time.Time) int {
	free := n.capacity() - n.sending - len(n.waiting)
	if now.Before(n.resume) || free <= 0 || 2*free < n.capacity() {
		return 0
	}
	return free
}

// idle says whether the lane can be forgotten.
func (n *lane) idle(now time.Time) bool {
	return n.sending == 0 && len(n.waiting) == 0 && now.Sub(n.used) > forgetAfter
}
