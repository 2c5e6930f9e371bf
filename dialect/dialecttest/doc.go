// Package dialecttest is the world that the dialects are tested in: a gateway with its vault and books, linked
// over TCP to a simulated issuer, a clock that stands until it is moved, ids that are the same in every run, and
// a merchant in each country.
//
// World is that world; script.go plays conversations written down as text files against it. Both know no
// dialect: the caller mounts what is to be tested.
package dialecttest
