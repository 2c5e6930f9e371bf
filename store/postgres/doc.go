// Package postgres keeps the contract of package store in PostgreSQL 15 or newer, for any number of gateway
// processes at once.
//
// A unit of work takes as few round trips as it can (tx.go): its beginning travels with its first read, its
// writes wait and travel with the next read or with the commit. So a unit that only writes is one round
// trip, and one that reads a row and changes it is two. Rows read in a unit are locked. Serialization
// failures and deadlocks are tried again, within a bound.
//
// Every key begins with the merchant and no transaction leaves it, so that the same schema can be
// distributed. There is one file per noun; the SQL stands in the function that runs it. The schema is in
// migrations.
package postgres
