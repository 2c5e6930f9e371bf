//go:build race

package simulation

import "time"

// The race detector makes everything several times slower, a database in Go some forty times: runs are smaller, and
// most of them are played without it (see the Makefile).
const defaultFor = 8 * time.Second

var (
	wholeRun = size{shops: 2, players: 12, turns: 30}
	bugRun   = size{shops: 2, players: 6, turns: 25}
)

const seedsPlayedTwice = 3
