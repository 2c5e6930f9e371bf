package postgres

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pasarela"
	"pasarela/store"
)

// The SQLSTATEs that mean something to a unit of work.
const (
	uniqueViolation      = "23505"
	divisionByZero       = "22012" // what put makes of a row that is not there
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
)

var errTxEnded = pasarela.Errorf(pasarela.CodeInternal, "postgres: a unit of work was used after it ended")

// internal wraps what the driver says; what hindered it is named in text.
func internal(err error, text string) error {
	return pasarela.Wrap(pasarela.CodeInternal, err, "postgres: "+text)
}

// translate turns a driver's error into one of the contract.
func translate(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return store.ErrNotFound
	}
	switch sqlState(err) {
	case uniqueViolation:
		return store.ErrDuplicate
	case divisionByZero:
		return store.ErrNotFound
	}
	return internal(err, "statement failed")
}

func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// unstorable says that a text among args cannot lie in the database, so nothing can be found by it.
func unstorable(args []any) bool {
	for _, a := range args {
		if s, ok := a.(string); ok && (strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s)) {
			return true
		}
	}
	return false
}

// namesMaxConns says whether a URL chooses the size of the pool itself. Open has parsed it before.
func namesMaxConns(databaseURL string) bool {
	u, err := url.Parse(databaseURL)
	if err != nil { // keyword=value form
		return strings.Contains(databaseURL, "pool_max_conns")
	}
	return u.Query().Has("pool_max_conns") || strings.Contains(u.Path, "pool_max_conns")
}
