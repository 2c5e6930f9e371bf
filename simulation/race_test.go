//go:build race

package simulation

// The race detector makes SQLite, which is Go here, some forty times slower: runs are smaller.
var (
	wholeRun = size{shops: 2, players: 8, turns: 20}
	bugRun   = size{shops: 2, players: 6, turns: 25}
)
