package acquirer_test

import (
	"sync"
	"testing"
	"testing/synctest"

	"pasarela"
	"pasarela/cde/acquirer"
	"pasarela/cde/acquirer/iso"
)

// approvals collects what a client hands over late.
type approvals struct {
	mu  sync.Mutex
	all []pasarela.LateApproval // guarded by mu
}

func (a *approvals) hear(l pasarela.LateApproval) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, l)
}

func (a *approvals) heard() []pasarela.LateApproval {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]pasarela.LateApproval(nil), a.all...)
}

// What moved money and was approved after it was given up is handed over, once, by the names it was sent under.
func TestALateApprovalIsHandedOverOnce(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		message pasarela.Message
		change  func(*iso.Message)
		code    string
		handed  int
	}{
		"authorization":            {pasarela.MessageAuthorize, nil, "00", 1},
		"sale":                     {pasarela.MessageSale, nil, "00", 1},
		"capture":                  {pasarela.MessageCapture, nil, "00", 1},
		"approved in part":         {pasarela.MessageAuthorize, nil, "10", 1},
		"declined":                 {pasarela.MessageSale, nil, "05", 0},
		"refund, repeated anyhow":  {pasarela.MessageRefund, nil, "00", 0},
		"reversal, repeated too":   {pasarela.MessageReverse, nil, "00", 0},
		"another RRN":              {pasarela.MessageSale, func(m *iso.Message) { m.RRN = "612412000000" }, "00", 0},
		"another STAN":             {pasarela.MessageSale, func(m *iso.Message) { m.STAN = "000000" }, "00", 0},
		"another payment":          {pasarela.MessageSale, func(m *iso.Message) { m.Reference = "other" }, "00", 0},
		"payment not said":         {pasarela.MessageSale, func(m *iso.Message) { m.Reference = "" }, "00", 1},
		"answer to something else": {pasarela.MessageSale, func(m *iso.Message) { m.MTI = "0100" }, "00", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := listen(t)
				client, _ := newClient(h.dial)
				var late approvals
				client.OnLate(late.hear)
				client.Start(t.Context())
				h.accept()
				q := request(client, c.message)
				q.Operation, q.Original = "an-operation", client.NextTrace()
				waiting := sending(t, client, q)
				m := h.read()
				<-waiting
				if c.change != nil {
					c.change(&m)
				}
				h.answer(m, c.code)
				h.answer(m, c.code)
				synctest.Wait()
				heard := late.heard()
				if len(heard) != c.handed {
					t.Fatalf("%d approvals were handed over, want %d", len(heard), c.handed)
				}
				want := pasarela.LateApproval{Message: c.message, Merchant: q.Merchant, Reference: q.Reference,
					Operation: q.Operation, Trace: q.Trace}
				if c.handed == 1 && heard[0] != want {
					t.Errorf("handed over was %+v, want %+v", heard[0], want)
				}
				go h.hangUp()
				client.Close()
			})
		})
	}
}

// An approval may come over the link after the one that broke.
func TestALateApprovalOverTheNextLink(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := listen(t)
		c, e := newClient(h.dial)
		var late approvals
		c.OnLate(late.hear)
		c.Start(t.Context())
		h.accept()
		waiting := sending(t, c, request(c, pasarela.MessageSale))
		m := h.read()
		h.conn.Close()
		if a := <-waiting; a.Outcome != pasarela.OutcomeUnknown {
			t.Errorf("message ended as %+v, want unknown", a)
		}
		h.accept()
		h.answer(m, "00")
		synctest.Wait()
		if heard := late.heard(); len(heard) != 1 {
			t.Errorf("%d approvals were handed over, want 1", len(heard))
		}
		if strays, _, _ := e.heard(); len(strays) != 1 || strays[0] != acquirer.StrayLate {
			t.Errorf("strays are %v, want one late", strays)
		}
		go h.hangUp()
		c.Close()
	})
}
