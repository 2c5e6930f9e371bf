package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	strict "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/gateway"
)

// Config is what the controls act on.
type Config struct {
	Gateway   *gateway.Gateway
	Clock     *Clock
	Recorder  *acquirer.Recorder
	Simulator *simulator.Simulator // nil where the acquirer is a process of its own
	Cards     *cards.Table
	Inboxes   *Inboxes
	// CardsChanged is told that the sandbox's cards are others now; nil where nobody needs to know.
	CardsChanged func(context.Context) error

	RunDue func(context.Context) error // everything that has fallen due
	Reset  func(context.Context) error // the store, and the demo merchants after it
	Log    *slog.Logger
}

// Controls serves /sandbox/v1.
type Controls struct{ Config }

// New returns the controls.
func New(c Config) *Controls { return &Controls{c} }

type control func(*http.Request) (any, error)

// Mount adds all the routes.
func (c *Controls) Mount(mux *http.ServeMux) {
	c.MountNetwork(mux)
	c.mount(mux, c.gatewayRoutes())
	mux.HandleFunc("POST "+prefix+catching, c.catch)
	mux.Handle("GET /{$}", http.RedirectHandler("/docs", http.StatusFound)) // a bench's front door
}

const (
	prefix   = "/sandbox/v1/"
	catching = "inbox/{name}" // by POST, the one control that answers no JSON
)

func (c *Controls) gatewayRoutes() map[string]control {
	return map[string]control{
		"GET clock":                   c.clock,
		"POST clock/advance":          c.advance,
		"GET network/messages":        c.messages,
		"GET inbox/{name}":            c.readInbox,
		"DELETE inbox/{name}":         c.clearInbox,
		"POST inbox/{name}/behaviour": c.behave,
		"POST merchants":              c.addMerchant,
	}
}

// MountNetwork adds the routes that a simulator has without a gateway.
func (c *Controls) MountNetwork(mux *http.ServeMux) {
	c.mount(mux, c.networkRoutes())
	mux.HandleFunc(prefix, func(w http.ResponseWriter, r *http.Request) {
		if methods := taken(mux, r); len(methods) > 0 {
			w.Header().Set("Allow", strings.Join(methods, ", "))
			write(w, http.StatusMethodNotAllowed, problem{"this control does not take " + r.Method + ": send " + strings.Join(methods, " or ")})
			return
		}
		write(w, http.StatusNotFound, problem{"no such sandbox control; GET /docs lists them"})
	})
}

// taken lists the methods that a control exists for at the request's path.
func taken(mux *http.ServeMux, r *http.Request) (methods []string) {
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		other := *r
		other.Method = method
		if _, pattern := mux.Handler(&other); pattern != prefix {
			methods = append(methods, method)
		}
	}
	return methods
}

func (c *Controls) networkRoutes() map[string]control {
	return map[string]control{
		"GET network/faults":        c.faults,
		"POST network/faults":       c.addFault,
		"DELETE network/faults":     c.clearFaults,
		"GET issuer/authorizations": c.authorizations,
		"POST issuer/tamper":        c.tamper,
		"POST cards":                c.addCard,
		"POST reset":                c.reset,
	}
}

func (c *Controls) mount(mux *http.ServeMux, routes map[string]control) {
	for pattern, h := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+prefix+path, c.answer(h))
	}
}

type problem struct {
	Error string `json:"error"`
}

// answer renders what a control returns: 200, or the error's 4xx.
func (c *Controls) answer(h control) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		result, err := h(r)
		if err != nil {
			c.refuse(w, r, err)
			return
		}
		write(w, http.StatusOK, result)
	}
}

func (c *Controls) refuse(w http.ResponseWriter, r *http.Request, err error) {
	status, text := http.StatusBadRequest, "the sandbox could not do this; its log says why"
	if e, ok := errors.AsType[*pasarela.Error](err); ok && e.Code != pasarela.CodeInternal {
		text = e.Text
	} else {
		status = http.StatusInternalServerError
		c.Log.LogAttrs(r.Context(), slog.LevelError, "sandbox control failed", slog.String("path", r.Pattern), slog.Any("error", err))
	}
	switch pasarela.CodeOf(err) {
	case pasarela.CodeNotFound:
		status = http.StatusNotFound
	case pasarela.CodeWrongState:
		status = http.StatusConflict
	}
	write(w, status, problem{text})
}

func write(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller has gone
}

const maxControlBody = 1 << 20

// decode reads one JSON object and refuses members it does not know, by name.
func decode(r *http.Request, into any) error {
	raw, err := body(r)
	if err != nil {
		return err
	}
	return decodeStrictly(raw, into)
}

func decodeStrictly(raw []byte, into any) error {
	if err := strict.Unmarshal(raw, into, strict.RejectUnknownMembers(true)); err != nil {
		return unreadable(err)
	}
	return nil
}

// unreadable says what is wrong with a body, in words of the body alone.
func unreadable(err error) error {
	if e, ok := errors.AsType[*strict.SemanticError](err); ok {
		member := strings.TrimPrefix(string(e.JSONPointer), "/")
		if errors.Is(err, strict.ErrUnknownName) {
			return pasarela.Errorf(pasarela.CodeInvalid, "body: unknown member %q", member)
		}
		if member == "" {
			return pasarela.Errorf(pasarela.CodeInvalid, "body: send a JSON object")
		}
		if own, ok := errors.AsType[*pasarela.Error](err); ok {
			return pasarela.Errorf(pasarela.CodeInvalid, "%s: %s", member, own.Text)
		}
		return pasarela.Errorf(pasarela.CodeInvalid, "body: %s is of the wrong type or out of range", member)
	}
	if e, ok := errors.AsType[*jsontext.SyntacticError](err); ok && errors.Is(err, jsontext.ErrDuplicateName) {
		return pasarela.Errorf(pasarela.CodeInvalid, "body: member %q comes twice", strings.TrimPrefix(string(e.JSONPointer), "/"))
	}
	return pasarela.Errorf(pasarela.CodeInvalid, "body: send one JSON object and nothing after it")
}

func body(r *http.Request) ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(r.Body, maxControlBody+1))
	if err != nil || len(raw) > maxControlBody {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "body cannot be read, or is over 1 MB")
	}
	return raw, nil
}

func number(r *http.Request, name string, otherwise int64) (int64, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, pasarela.Errorf(pasarela.CodeInvalid, "%s: send a whole number of 0 or more", name)
	}
	return n, nil
}

type now struct {
	Now time.Time `json:"now"`
}

func (c *Controls) clock(*http.Request) (any, error) { return now{c.Clock.Now()}, nil }

func (c *Controls) advance(r *http.Request) (any, error) {
	var request struct {
		Seconds *int64 `json:"seconds"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	if request.Seconds == nil || *request.Seconds > int64(maxAdvance/time.Second) {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "seconds: send a whole number, at most a century")
	}
	if _, err := c.Clock.Advance(time.Duration(*request.Seconds) * time.Second); err != nil {
		return nil, err
	}
	if err := c.RunDue(context.WithoutCancel(r.Context())); err != nil {
		return nil, err
	}
	return now{c.Clock.Now()}, nil
}

func (c *Controls) readInbox(r *http.Request) (any, error) {
	caught, err := c.Inboxes.Read(r.PathValue("name"))
	return map[string]any{"requests": caught}, err
}

func (c *Controls) clearInbox(r *http.Request) (any, error) {
	return map[string]any{"requests": []Caught{}}, c.Inboxes.Clear(r.PathValue("name"))
}

func (c *Controls) behave(r *http.Request) (any, error) {
	var how Behaviour
	if err := decode(r, &how); err != nil {
		return nil, err
	}
	return how, c.Inboxes.Behave(r.PathValue("name"), how)
}

func (c *Controls) catch(w http.ResponseWriter, r *http.Request) {
	status, delay, err := c.Inboxes.Catch(r.PathValue("name"), r, c.Clock.Now())
	if err != nil {
		c.refuse(w, r, err)
		return
	}
	t := time.NewTimer(delay)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.Context().Done():
	}
	w.WriteHeader(status)
}
