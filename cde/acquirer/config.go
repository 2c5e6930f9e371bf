package acquirer

import (
	"context"
	"log/slog"
	"net"
	"strings"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/iso"
	"pasarela/cde/internal/pan"
)

// Opener turns sealed card data back into digits; the vault does. What it returns is the client's to wipe, so
// each call returns a value of its own. Its errors must not hold card data.
type Opener interface {
	OpenCard(pasarela.MerchantID, pasarela.Sealed) (pan.Number, error)
	OpenCVV(pasarela.MerchantID, pasarela.Sealed) (pan.CVV, error)
	// OpenCryptogram is a network token's, which is sealed with the CVV; "" for none.
	OpenCryptogram(pasarela.MerchantID, pasarela.Sealed) (string, error)
}

// Config is what a Client needs. Dial, Opener and Clock are required; a zero duration or an empty id means
// the default.
type Config struct {
	Dial   func(context.Context) (net.Conn, error)
	Opener Opener
	Clock  pasarela.Clock // dates in messages; timeouts run on real time
	Log    *slog.Logger   // default: none

	AcquirerID string // field 32, up to 11 digits; default 000001
	TerminalID string // field 41, which CheckTerminal takes; default PASARELA
	MCC        string // field 18, 4 digits; default 5999

	Observer Observer
	// OnUnsent hears of every message that was answered not_sent because the link was down.
	OnUnsent func(pasarela.Message)

	EchoEvery   time.Duration // silence after which the link is tested; default 30 s
	AnswerAfter time.Duration // how long sign-on and echo may take; default 10 s
	DialWait    time.Duration // how long Send waits for a link that is down; default 2 s
}

// terminalWidth is field 41's: a shorter id is filled up with spaces on its right.
const terminalWidth = 8

// CheckTerminal says what is wrong with a terminal's id.
func CheckTerminal(id string) error {
	foreign := func(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') }
	if id == "" || len(id) > terminalWidth || strings.ContainsFunc(id, foreign) {
		return pasarela.Errorf(pasarela.CodeInvalid, "terminal id %q: give 1 to %d letters and digits", id, terminalWidth)
	}
	return nil
}

// Observer hears what happens on the link. Each hook may be nil and is called on the hot path: it must
// return quickly and not keep Traffic.Frame.
type Observer struct {
	Message   func(Traffic)
	RoundTrip func(message pasarela.Message, outcome pasarela.Outcome, took time.Duration)
	Link      func(up bool)
	Stray     func(Stray)
}

// Direction of a message as the gateway sees it.
type Direction string

// The directions.
const (
	Sent     Direction = "sent"
	Received Direction = "received"
)

// Traffic is one message as the traffic log may have it. Frame shows no CVV and a masked number; it is
// valid during the call only.
type Traffic struct {
	At        time.Time
	Direction Direction
	Frame     []byte
}

// MTI is the message type.
func (t Traffic) MTI() string { return string(t.Frame[:4]) }

// Fields lists the message's fields by number.
func (t Traffic) Fields() map[string]string { return iso.Fields(t.Frame) }

// Stray is something received that answers no request.
type Stray string

// The strays.
const (
	StrayLate      Stray = "late"       // answer to a request that was given up
	StrayDuplicate Stray = "duplicate"  // second answer to the same request
	StrayUnmatched Stray = "unmatched"  // answer to nothing that was asked
	StrayGarbage   Stray = "garbage"    // well framed, but no message of the layout
	StrayBadLength Stray = "bad_length" // header out of range: the link is closed
)

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	setDefault(&c.AcquirerID, "000001")
	setDefault(&c.TerminalID, "PASARELA")
	setDefault(&c.MCC, "5999")
	setDefault(&c.EchoEvery, 30*time.Second)
	setDefault(&c.AnswerAfter, 10*time.Second)
	setDefault(&c.DialWait, 2*time.Second)
	return c
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (o Observer) link(up bool) {
	if o.Link != nil {
		o.Link(up)
	}
}

func (o Observer) stray(s Stray) {
	if o.Stray != nil {
		o.Stray(s)
	}
}
