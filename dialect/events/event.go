package events

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
)

// event is one as the feed tells it.
type event struct {
	ID string `json:"id"`
	told
}

// told is one as a listener is told it, whose id comes in a header.
type told struct {
	Type      pasarela.EventKind `json:"type"`
	Timestamp string             `json:"timestamp"`
	Data      jsontext.Value     `json:"data"`
}

// idPrefix marks an event's id.
const idPrefix = "evt_"

// timeLayout is RFC 3339 with all of the store's microseconds.
const timeLayout = "2006-01-02T15:04:05.000000Z07:00"

func render(e pasarela.Event) event {
	return event{idPrefix + string(e.ID), told{e.Kind, e.At.UTC().Format(timeLayout), e.Data}}
}

// encode writes what was made of stored events.
func encode(v any) ([]byte, error) {
	document, err := json.Marshal(v)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "event cannot be encoded")
	}
	return document, nil
}
