package sqlite

import (
	"encoding/json"
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
