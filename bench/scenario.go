package bench

import (
	"fmt"
	"net/http"
	"time"
)

// merchant is one whose payments are made: the credentials of a demo merchant, or of one that was added.
type merchant struct {
	publicID, privateID string
	currency            string
}

// Lengths of what an answer names, fixed by the API.
const (
	tokenLength  = 32
	ticketLength = 18
)

// The requests. The number is a published test card that every issuer of this project approves.
const (
	tokenBody = `{"card":{"name":"John Doe","number":"5451951574925480","expiryMonth":"08","expiryYear":"35","cvv":"123"},` +
		`"totalAmount":16.98,"currency":"%s"}`
	chargeBody = `{"token":"%s","amount":{"subtotalIva":0,"subtotalIva0":16.98,"iva":0,"ice":0,"currency":"%s"},` +
		`"metadata":{"order":"8241"},"contactDetails":{"email":"john@example.com"},"fullResponse":"v2"}`
	captureBody = `{"ticketNumber":"%s","amount":{"subtotalIva":0,"subtotalIva0":16.98,"iva":0,"ice":0,"currency":"%s"},"fullResponse":"v2"}`
)

func (m merchant) tokenRequest() *request {
	return post("/card/v1/tokens", "Public-Merchant-Id", m.publicID, fmt.Sprintf(tokenBody, m.currency))
}

func (m merchant) chargeRequest() *request {
	return post("/card/v1/charges", "Private-Merchant-Id", m.privateID, fmt.Sprintf(chargeBody, hole(tokenLength), m.currency))
}

func (m merchant) authorizeRequest() *request {
	return post("/card/v1/preAuthorization", "Private-Merchant-Id", m.privateID, fmt.Sprintf(chargeBody, hole(tokenLength), m.currency))
}

func (m merchant) captureRequest() *request {
	return post("/card/v1/capture", "Private-Merchant-Id", m.privateID, fmt.Sprintf(captureBody, hole(ticketLength), m.currency))
}

// create sends a request that must be answered 201 and tells how long that took.
func create(c *connection, r *request, part int, took func(int, time.Duration)) ([]byte, error) {
	began := time.Now()
	status, body, err := c.do(r.bytes)
	if err != nil {
		return nil, err
	}
	took(part, time.Since(began))
	if status != http.StatusCreated {
		return nil, fmt.Errorf("answered %d: %.300s", status, body)
	}
	return body, nil
}

// named is create for a request whose answer names something of a known length.
func named(c *connection, r *request, what string, length, part int, took func(int, time.Duration)) ([]byte, error) {
	body, err := create(c, r, part, took)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	value, found := member(body, what)
	if !found || len(value) != length {
		return nil, fmt.Errorf("answer has no %s of %d characters: %.300s", what, length, body)
	}
	return value, nil
}

// tokens makes tokens and keeps them for charges to spend.
type tokens struct {
	request *request
	made    [][tokenLength]byte
}

func (w *tokens) turn(c *connection, took func(int, time.Duration)) error {
	id, err := named(c, w.request, "token", tokenLength, 0, took)
	if err == nil {
		w.made = append(w.made, [tokenLength]byte(id))
	}
	return err
}

// charges spends tokens that exist.
type charges struct {
	request *request
	tokens  [][tokenLength]byte
}

func (w *charges) turn(c *connection, took func(int, time.Duration)) error {
	if len(w.tokens) == 0 {
		return errSpent
	}
	w.request.set(w.tokens[0][:])
	w.tokens = w.tokens[1:]
	_, err := named(c, w.request, "ticketNumber", ticketLength, 0, took)
	return err
}

// pairs makes a token and charges it, each time for the next of its merchants.
type pairs struct {
	requests []pairRequests
	next     int
}

type pairRequests struct{ token, charge *request }

// The parts of a pair.
const (
	pairToken = iota
	pairCharge
	pairParts
)

func (w *pairs) turn(c *connection, took func(int, time.Duration)) error {
	r := w.requests[w.next%len(w.requests)]
	w.next++
	id, err := named(c, r.token, "token", tokenLength, pairToken, took)
	if err != nil {
		return err
	}
	r.charge.set(id)
	_, err = named(c, r.charge, "ticketNumber", ticketLength, pairCharge, took)
	return err
}

// captures makes a token, authorizes it and captures the authorization.
type captures struct{ token, authorize, capture *request }

// The parts of a capture.
const (
	captureToken = iota
	captureAuthorize
	captureCapture
	captureParts
)

func (w *captures) turn(c *connection, took func(int, time.Duration)) error {
	id, err := named(c, w.token, "token", tokenLength, captureToken, took)
	if err != nil {
		return err
	}
	w.authorize.set(id)
	ticket, err := named(c, w.authorize, "ticketNumber", ticketLength, captureAuthorize, took)
	if err != nil {
		return err
	}
	w.capture.set(ticket)
	_, err = named(c, w.capture, "ticketNumber", ticketLength, captureCapture, took)
	return err
}

// handled asks the bare handler.
type handled struct{ request *request }

func (w *handled) turn(c *connection, took func(int, time.Duration)) error {
	_, err := create(c, w.request, 0, took)
	return err
}
