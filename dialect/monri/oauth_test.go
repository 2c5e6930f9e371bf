package monri

import (
	"strings"
	"testing"
	"time"

	"pasarela/gateway"
)

// The answer has the sample's members in the sample's order, and no two tokens of different moments are the same.
func TestAccessAnswer(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	token := s.token(t, `"customers"`)
	w := s.send("POST", "/v2/oauth", "", `{"client_id":"`+demoToken+`","client_secret":"`+demoKey+`","grant_type":"client_credentials","scopes":["customers"]}`)
	want := `{"access_token":"` + token + `","token_type":"Bearer","expires_in":900,"status":"approved"}`
	if w.Code != 200 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s %s", w.Code, w.Header(), w.Body)
	}
	s.clock.now = s.clock.now.Add(time.Microsecond)
	if s.token(t, `"customers"`) == token {
		t.Error("a microsecond later it is the same token")
	}
}

// Neither the secret nor the key nor a token is logged, whatever becomes of a request.
func TestSecretsAreNotLogged(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	token := s.token(t, `"customers"`)
	for _, secret := range []string{demoKey, "another", ""} {
		s.send("POST", "/v2/oauth", "", `{"client_id":"`+demoToken+`","client_secret":"`+secret+`","grant_type":"client_credentials","scopes":["customers"]}`)
	}
	s.send("POST", "/v2/tokens", "Bearer "+token, demoCard)
	if s.log.String() != "" {
		t.Errorf("log: %s", s.log)
	}
}

// The secret is overwritten with its body, whatever the answer.
func TestSecretIsWiped(t *testing.T) {
	t.Parallel()
	s := newShop(t)
	var kept []byte
	row := endpoints()[0]
	grant := row.serve
	row.path = "/v2/watched"
	row.serve = func(c *call) (a gateway.Answer, err error) {
		kept = c.body
		return grant(c)
	}
	s.mount(s.mux, []endpoint{row})
	s.send("POST", "/v2/watched", "", `{"client_id":"`+demoToken+`","client_secret":"`+demoKey+`"}`)
	if len(kept) == 0 || strings.Trim(string(kept), "\x00") != "" {
		t.Errorf("still holds %q", kept)
	}
}
