//go:build !race

package simulation

import "time"

// defaultFor is how long fresh seeds are played, in real time, unless PASARELA_SIM_FOR says otherwise.
const defaultFor = 22 * time.Second

var (
	wholeRun = size{shops: 4, players: 32, turns: 60}
	bugRun   = size{shops: 2, players: 8, turns: 60}
)

const seedsPlayedTwice = 8
