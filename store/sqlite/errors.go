package sqlite

import (
	"database/sql"
	"errors"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"pasarela"
	"pasarela/store"
)

var (
	errClosed   = pasarela.Errorf(pasarela.CodeInternal, "sqlite: the store is closed")
	errTxEnded  = pasarela.Errorf(pasarela.CodeInternal, "sqlite: a unit of work was used after it ended")
	errPanicked = pasarela.Errorf(pasarela.CodeInternal, "sqlite: a unit of work panicked")
	errGoexit   = pasarela.Errorf(pasarela.CodeInternal, "sqlite: a unit of work ended its goroutine: return an error from it instead")
)

// internal wraps what the driver says; what hindered it is named in text.
func internal(err error, text string) error {
	return pasarela.Wrap(pasarela.CodeInternal, err, "sqlite: "+text)
}

// translate turns a driver's error into one of the contract.
func translate(err error) error {
	switch code(err) {
	case sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE:
		return store.ErrDuplicate
	}
	if errors.Is(err, sql.ErrNoRows) {
		return store.ErrNotFound
	}
	return internal(err, "statement failed")
}

// code is SQLite's extended result code, or 0.
func code(err error) int {
	if e, ok := errors.AsType[*driver.Error](err); ok {
		return e.Code()
	}
	return 0
}

func isBusy(err error) bool { return code(err)&0xff == sqlite3.SQLITE_BUSY }

// joinClose closes something on the way out and keeps both errors.
func joinClose(err error, closing func() error) error {
	return errors.Join(err, closing())
}
