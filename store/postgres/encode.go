package postgres

import (
	"encoding/json"
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

// retryJSON is how attempts are spread, as it is stored: JSON, or "" for the zero value.
type retryJSON struct {
	Kind pasarela.RetryKind `json:"kind,omitempty"`
	Days []int              `json:"days,omitempty"`
}

func retryText(r pasarela.Retry) (string, error) {
	if r.Kind == "" && len(r.Days) == 0 {
		return "", nil
	}
	text, err := json.Marshal(retryJSON(r))
	if err != nil {
		return "", internal(err, "retry cannot be written")
	}
	return string(text), nil
}

func parseRetry(text string) (pasarela.Retry, error) {
	if text == "" {
		return pasarela.Retry{}, nil
	}
	var r retryJSON
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return pasarela.Retry{}, internal(err, "retry cannot be read")
	}
	return pasarela.Retry(r), nil
}

// headersText is a delivery's own headers as they are stored: JSON, NULL for none.
func headersText(h []pasarela.WebhookHeader) (any, error) {
	if len(h) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, internal(err, "headers cannot be written")
	}
	return text, nil
}

func parseHeaders(text []byte) (h []pasarela.WebhookHeader, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, internal(err, "headers cannot be read")
	}
	return h, nil
}
