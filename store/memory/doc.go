// Package memory keeps the contract of package store in this process: a database for tests and simulations, which
// costs next to nothing and of which nothing outlives the process.
//
// What a unit of work writes is staged beside the rows until it ends (table.go), so readers see what was committed and
// a unit that fails leaves nothing. There is one file per noun, as in the other engines. It knows no index but its
// keys and the lines in which pending deliveries wait: other lists look at every row of a merchant, and balances at every
// posting.
package memory
