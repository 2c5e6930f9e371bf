package simulator_test

import (
	"testing"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
)

// A Mastercard's decline comes with the advice that its reason suggests; another scheme's never does.
func TestDeclinesOfMastercardsAreAdvised(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	visa := pasarela.Sealed{Bytes: []byte("4051884239937763")}
	for code, want := range map[string]string{
		"14": "01", "54": "01", "78": "01",
		"51": "02", "61": "02", "65": "02", "91": "02", "96": "02",
		"04": "03", "07": "03", "15": "03", "41": "03", "43": "03", "46": "03", "62": "03",
		"R0": "21", "R1": "21", "R3": "21",
		"05": "", "57": "",
	} {
		for _, sent := range []struct {
			card pasarela.Sealed
			want string
		}{{pasarela.Sealed{Bytes: []byte(goodCard)}, want}, {visa, ""}} {
			r.fault(simulator.Fault{Kind: simulator.FaultDecline, ResponseCode: code})
			q := r.request(pasarela.MessageAuthorize)
			q.Card = sent.card
			a := r.send(q)
			r.want(a, pasarela.OutcomeDeclined, code)
			if a.Advice != sent.want {
				t.Errorf("declined with %s: advised %q, want %q", code, a.Advice, sent.want)
			}
		}
	}
}

// Advice belongs to a decline of the card: a test card's and a repeated message's too, but neither to approvals nor to
// what follows them.
func TestWhatIsAdvised(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stolen := r.request(pasarela.MessageSale)
	stolen.Card = r.decodeCard(`{"number":"5555555555554444","behaviour":{"response_code":"43"}}`)
	verified := stolen
	verified.Message, verified.Trace, verified.Reference = pasarela.MessageVerify, r.gateway.NextTrace(), "00000000-0000-4000-8000-00000000000a"
	held := r.request(pasarela.MessageAuthorize)
	r.approve(held)
	for _, c := range []struct {
		what   string
		q      pasarela.NetworkRequest
		fault  string
		advice string
	}{
		{"a card that declines", stolen, "", "03"},
		{"the same message again", stolen, "", "03"},
		{"its verification", verified, "", "03"},
		{"a refused reauthorization", r.after(held, pasarela.MessageReauthorize), "51", "02"},
		{"a refused capture", r.after(held, pasarela.MessageCapture), "51", ""},
		{"an approval", r.request(pasarela.MessageSale), "", ""},
	} {
		if c.fault != "" {
			r.fault(simulator.Fault{Kind: simulator.FaultDecline, ResponseCode: c.fault})
		}
		if a := r.send(c.q); a.Advice != c.advice {
			t.Errorf("%s is answered %+v, want advice %q", c.what, a, c.advice)
		}
	}
}

// decodeCard adds a test card as it comes to the sandbox.
func (r *rig) decodeCard(body string) pasarela.Sealed {
	r.t.Helper()
	c, err := cards.DecodeTestCard([]byte(body))
	if err == nil {
		err = r.cards.Add(c)
	}
	if err != nil {
		r.t.Fatal(err)
	}
	return pasarela.Sealed{Bytes: pan.AppendDigits(nil, c.Number)}
}
