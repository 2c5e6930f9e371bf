package sqlite

import (
	"fmt"
	"time"

	"pasarela"
)

// micros is a time as it is stored: microseconds since 1970, or NULL for the zero time.
func micros(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}

// instant reads what micros wrote.
type instant time.Time

// Scan implements sql.Scanner.
func (i *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*i = instant{}
	case int64:
		*i = instant(time.UnixMicro(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", src)
	}
	return nil
}

func at(t *time.Time) *instant { return (*instant)(t) }

// blob is bytes as they are stored: NULL for none.
func blob(b []byte) any {
	if len(b) == 0 {
		return nil
	}
	return b
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// factColumns are a card's facts in each table that has them.
const factColumns = `bin, last_four, length, brand, type, bank, country, holder, expiry`

func factValues(args []any, f pasarela.CardFacts) []any {
	return append(args, f.BIN, f.LastFour, int64(f.Length), string(f.Brand), string(f.Type), f.Bank, f.Country, f.Holder, f.Expiry)
}

func factTargets(dest []any, f *pasarela.CardFacts) []any {
	return append(dest, &f.BIN, &f.LastFour, &f.Length, (*string)(&f.Brand), (*string)(&f.Type), &f.Bank, &f.Country, &f.Holder, &f.Expiry)
}

func traceValues(args []any, t pasarela.Trace) []any {
	return append(args, int64(t.STAN), t.RRN, micros(t.SentAt))
}

func traceTargets(dest []any, t *pasarela.Trace) []any {
	return append(dest, &t.STAN, &t.RRN, at(&t.SentAt))
}
