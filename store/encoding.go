package store

import (
	"encoding/json"

	"pasarela"
)

// What both engines keep as JSON is written and read here, so that a row means the same in either.

type retryJSON struct {
	Kind pasarela.RetryKind `json:"kind,omitempty"`
	Days []int              `json:"days,omitempty"`
}

// RetryText is how attempts are spread, as it is stored: JSON, or "" for the zero value.
func RetryText(r pasarela.Retry) (string, error) {
	if r.Kind == "" && len(r.Days) == 0 {
		return "", nil
	}
	text, err := json.Marshal(retryJSON(r))
	if err != nil {
		return "", pasarela.Wrap(pasarela.CodeInternal, err, "retry cannot be written")
	}
	return string(text), nil
}

// ParseRetry reads what RetryText wrote. It returns CodeInternal for anything else.
func ParseRetry(text string) (pasarela.Retry, error) {
	if text == "" {
		return pasarela.Retry{}, nil
	}
	var r retryJSON
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return pasarela.Retry{}, pasarela.Wrap(pasarela.CodeInternal, err, "retry cannot be read")
	}
	return pasarela.Retry(r), nil
}

// HeadersText is a delivery's own headers as they are stored: JSON, nil for none.
func HeadersText(h []pasarela.WebhookHeader) ([]byte, error) {
	if len(h) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "headers cannot be written")
	}
	return text, nil
}

// ParseHeaders reads what HeadersText wrote. It returns CodeInternal for anything else.
func ParseHeaders(text []byte) (h []pasarela.WebhookHeader, err error) {
	if len(text) == 0 {
		return nil, nil
	}
	if err := json.Unmarshal(text, &h); err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "headers cannot be read")
	}
	return h, nil
}
