package kushki

import (
	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// maxKey is the longest Idempotency-Key, in characters.
const maxKey = 56

// What of a call is remembered under its Idempotency-Key.
const (
	onlySuccess  = true  // where Kushki documents the header
	everyOutcome = false // where it is an addition of ours
)

// remember reads the Idempotency-Key. It returns CodeInvalid for one that cannot be.
func (c *call) remember(only bool) (gateway.Remember, error) {
	key := c.request.Header.Get("Idempotency-Key")
	if key == "" {
		return gateway.Remember{}, nil
	}
	if len(key) > maxKey {
		return gateway.Remember{}, pasarela.Errorf(pasarela.CodeInvalid, "Idempotency-Key: send at most %d characters", maxKey)
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return gateway.Remember{}, pasarela.Errorf(pasarela.CodeInvalid, "Idempotency-Key: send printable ASCII")
		}
	}
	return gateway.Remember{
		Name:        wire.KeyName(c.Digest, c.request, key),
		Digest:      c.Digest("kushki/idempotency", c.body),
		OnlySuccess: only,
	}, nil
}
