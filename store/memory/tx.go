package memory

import (
	"pasarela"
	"pasarela/store"
)

// tx is one unit of work.
type tx struct {
	*tables
	failed error // the first write that failed; the unit is undone whatever it returns
	ended  bool
}

var errUnitOver = pasarela.Errorf(pasarela.CodeInternal, "unit of work is over")

func (t *tx) usable() error {
	if t.ended {
		return errUnitOver
	}
	return t.failed
}

// write fails the unit with err unless it is good.
func (t *tx) write(good func() bool, err error) error {
	if err := t.usable(); err != nil {
		return err
	}
	if !good() {
		t.failed = err
	}
	return t.failed
}

// row reads one.
func row[V any](t *tx, v *V) (zero V, err error) {
	if err := t.usable(); err != nil {
		return zero, err
	}
	if v == nil {
		return zero, store.ErrNotFound
	}
	return *v, nil
}
