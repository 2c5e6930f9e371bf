package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"pasarela"
)

// stamp is a time as it is stored, or NULL for the zero time. PostgreSQL keeps microseconds.
func stamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Truncate(time.Microsecond)
}

// instant reads what stamp wrote.
type instant time.Time

// ScanTimestamptz implements pgtype.TimestamptzScanner.
func (i *instant) ScanTimestamptz(v pgtype.Timestamptz) error {
	*i = instant{}
	if v.Valid {
		*i = instant(v.Time.UTC())
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

// factColumns are a card's facts in each table that has them.
const factColumns = `bin, last_four, length, brand, type, bank, country, holder, expiry`

func factValues(args []any, f pasarela.CardFacts) []any {
	return append(args, f.BIN, f.LastFour, int64(f.Length), string(f.Brand), string(f.Type), f.Bank, f.Country, f.Holder, f.Expiry)
}

func factTargets(dest []any, f *pasarela.CardFacts) []any {
	return append(dest, &f.BIN, &f.LastFour, &f.Length, (*string)(&f.Brand), (*string)(&f.Type), &f.Bank, &f.Country, &f.Holder, &f.Expiry)
}

func traceValues(args []any, t pasarela.Trace) []any {
	return append(args, int64(t.STAN), t.RRN, stamp(t.SentAt))
}

func traceTargets(dest []any, t *pasarela.Trace) []any {
	return append(dest, &t.STAN, &t.RRN, at(&t.SentAt))
}
