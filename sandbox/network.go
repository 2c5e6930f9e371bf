package sandbox

import (
	"context"
	"net/http"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
)

// network returns the built-in simulator.
func (c *Controls) network() (*simulator.Simulator, error) {
	if c.Simulator == nil {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "the acquirer is a process of its own: use the controls that `pasarela simulator` serves")
	}
	return c.Simulator, nil
}

type faultList struct {
	Faults []simulator.Fault `json:"faults"`
}

func (c *Controls) faults(*http.Request) (any, error) {
	s, err := c.network()
	if err != nil {
		return nil, err
	}
	return faultList{append([]simulator.Fault{}, s.Faults()...)}, nil
}

func (c *Controls) addFault(r *http.Request) (any, error) {
	s, err := c.network()
	if err != nil {
		return nil, err
	}
	var f simulator.Fault
	if err := decode(r, &f); err != nil {
		return nil, err
	}
	if err := s.AddFault(f); err != nil {
		return nil, err
	}
	return c.faults(r)
}

func (c *Controls) clearFaults(r *http.Request) (any, error) {
	s, err := c.network()
	if err != nil {
		return nil, err
	}
	if err := s.ClearFaults(); err != nil {
		return nil, err
	}
	return c.faults(r)
}

func (c *Controls) messages(r *http.Request) (any, error) {
	after, err := number(r, "after", 0)
	if err != nil {
		return nil, err
	}
	return map[string]any{"messages": c.Recorder.Messages(after)}, nil
}

func (c *Controls) authorizations(r *http.Request) (any, error) {
	s, err := c.network()
	if err != nil {
		return nil, err
	}
	after, err := number(r, "after", 0)
	if err != nil {
		return nil, err
	}
	limit, err := number(r, "limit", 0)
	if err != nil {
		return nil, err
	}
	return map[string]any{"authorizations": s.Authorizations(after, int(limit))}, nil
}

func (c *Controls) tamper(r *http.Request) (any, error) {
	s, err := c.network()
	if err != nil {
		return nil, err
	}
	var request struct {
		RRN         string `json:"rrn"`
		Forget      bool   `json:"forget"`
		AmountMinor *int64 `json:"amount_minor"`
	}
	if err := decode(r, &request); err != nil {
		return nil, err
	}
	if request.Forget == (request.AmountMinor != nil) {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "send rrn with either \"forget\": true or an amount_minor")
	}
	return struct {
		RRN string `json:"rrn"`
	}{request.RRN}, s.Tamper(request.RRN, request.Forget, request.AmountMinor)
}

func (c *Controls) addCard(r *http.Request) (any, error) {
	raw, err := body(r)
	if err != nil {
		return nil, err
	}
	defer clear(raw) // it holds a card number
	card, err := cards.DecodeTestCard(raw)
	if err != nil {
		return nil, err
	}
	if err := c.Cards.Add(card); err != nil {
		return nil, err
	}
	if err := c.cardsChanged(r.Context()); err != nil {
		return nil, err
	}
	return struct {
		MaskedPAN string `json:"masked_pan"`
	}{card.Number.String()}, nil
}

func (c *Controls) cardsChanged(ctx context.Context) error {
	if c.CardsChanged == nil {
		return nil
	}
	return c.CardsChanged(context.WithoutCancel(ctx))
}

func (c *Controls) resetNetwork() error {
	if c.Recorder != nil {
		c.Recorder.Forget()
	}
	if c.Simulator == nil {
		return nil
	}
	return c.Simulator.Reset()
}
