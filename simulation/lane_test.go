package simulation

import (
	"context"
	"math/rand/v2"
	"time"
)

// lane is an actor's own share of every microsecond: two actors on two lanes never wake at the same instant, so
// what happens first is the seed's choice and not the scheduler's. Time-outs are whole microseconds and stay on
// the lane on which they began.
type lane int

// The lanes. Several actors share one only where their order is of no matter.
const (
	lanes        = 1000
	laneTrouble  = lane(1)
	laneSweepers = lane(2) // two nodes
	laneThaw     = lane(4)
	laneLines    = lane(10) // ends of lines
	lanePlayers  = lane(100)
	laneWork     = lane(620) // what a gateway does by itself

	lineLanes = 90
	crowd     = 8 // lanes of one player: itself and those that act with it
)

// sleep ends d from now or a moment later, on the lane.
func (l lane) sleep(d time.Duration) { time.Sleep(l.until(d)) }

// until is d and what is missing to the lane, more than nothing.
func (l lane) until(d time.Duration) time.Duration {
	now := time.Now().UnixNano()
	then := now + int64(d)
	then += (int64(l) - then%lanes + lanes) % lanes
	if then <= now {
		then += lanes
	}
	return time.Duration(then - now)
}

// latency is how long a commit or a message takes: mostly next to nothing, so that much happens at the same
// time, sometimes long enough to be overtaken, and seldom almost as long as a lease has to spare: two commits and a
// message that is never answered still end before another node takes over.
func latency(r *rand.Rand) time.Duration {
	switch n := r.IntN(2000); {
	case n == 0:
		return time.Duration(r.Int64N(int64(4 * time.Second)))
	case n < 400:
		return time.Duration(r.Int64N(int64(6 * time.Millisecond)))
	default:
		return time.Duration(r.Int64N(int64(200 * time.Microsecond)))
	}
}

// actor is whoever calls the gateway: it has a lane and randomness of its own.
type actor struct {
	lane   lane
	random *rand.Rand
}

func (a actor) wait() { a.lane.sleep(latency(a.random)) }

type actorKey struct{}

func (a actor) within(ctx context.Context) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// actorOf is the caller on whose behalf the gateway acts, if there is one.
func actorOf(ctx context.Context) (actor, bool) {
	a, ok := ctx.Value(actorKey{}).(actor)
	return a, ok
}
