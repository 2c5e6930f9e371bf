//go:build !race

package simulation

var (
	wholeRun = size{shops: 4, players: 32, turns: 60}
	bugRun   = size{shops: 2, players: 8, turns: 60}
)
