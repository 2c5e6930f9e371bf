// Package sqlite keeps the contract of package store in one SQLite file, with nothing to install.
//
// One goroutine owns the one connection that writes. It takes the units of work that wait, runs them one
// after the other in one transaction and commits them together, so that concurrent callers share the wait
// for the disk (writer.go). A unit that fails is undone alone, by a savepoint opened at its first write.
// Reads outside a unit have a pool of connections of their own and see what was committed.
//
// Other processes may use the file at the same time; the writer then waits for its turn, within a bound.
// There is one file per noun; the SQL stands in the function that runs it. The schema is in migrations.
package sqlite
