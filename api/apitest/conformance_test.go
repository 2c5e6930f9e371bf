package apitest_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"

	"pasarela"
	"pasarela/api"
	"pasarela/api/apitest"
	"pasarela/cde/cards"
	"pasarela/dialect/dialecttest"
	"pasarela/dialect/kushki"
	"pasarela/dialect/monri"
	"pasarela/gateway"
)

// check holds every exchange of a script against the documents. Addresses that no document has are those that
// scripts ask for to be refused.
func check(t testing.TB) func(dialecttest.Exchange) {
	return func(e dialecttest.Exchange) {
		t.Helper()
		if e.Method == http.MethodOptions {
			return // asked by browsers, of every address that pages may call
		}
		err := apitest.Check(apitest.Exchange{Method: e.Method, Target: e.Path, Header: e.Header, Body: e.Request,
			Status: e.Status, AnswerHeader: e.AnswerHeader, Answer: e.Answer})
		unknown := errors.Is(err, apitest.ErrNotDescribed)
		if unknown && e.Status >= http.StatusBadRequest {
			return
		}
		if err != nil {
			t.Error(err)
		}
		if e.Status >= http.StatusBadRequest && strings.Contains(e.AnswerHeader.Get("Content-Type"), "json") && !documented(t, e) {
			t.Errorf("%s %s: no x-errors has status %d with %s", e.Method, e.Path, e.Status, e.Answer)
		}
	}
}

// checkTold holds what merchants are told against Kushki's document, and notes which of its webhooks it was.
func checkTold(t testing.TB, told *sync.Map) func(pasarela.Delivery) {
	return func(d pasarela.Delivery) {
		t.Helper()
		name, err := apitest.Notice("kushki.yaml", d.Body)
		if err != nil {
			t.Errorf("%s: %v", d.Kind, err)
		}
		told.Store(name, true)
	}
}

func kushkiTellers(w *dialecttest.World) []gateway.Teller {
	return []gateway.Teller{kushki.Teller{CountryName: cards.CountryName, Digest: w.Vault.Digest, Sandbox: true}}
}

// refusal is what an answer and a row of x-errors have in common. Monri's answers have no code but a status.
type refusal struct {
	Status  int
	Code    string
	Message string
}

// errorsOf is every x-errors by method and path.
var errorsOf = sync.OnceValues(func() (map[string][]refusal, error) {
	all := map[string][]refusal{}
	for _, name := range api.Documents {
		var d struct {
			Paths map[string]map[string]yaml.Node
		}
		if err := yaml.Unmarshal(api.Source(name), &d); err != nil {
			return nil, err
		}
		for path, item := range d.Paths {
			for method, node := range item {
				var o struct {
					Errors []refusal `yaml:"x-errors"`
				}
				if node.Kind != yaml.MappingNode {
					continue
				}
				if err := node.Decode(&o); err != nil {
					return nil, err
				}
				all[strings.ToUpper(method)+" "+path] = o.Errors
			}
		}
	}
	return all, nil
})

var placeholder = regexp.MustCompile(`\{[^/]+\}`)

// documented says whether the operation's x-errors name the refusal: its status with its code, and with its
// text where there is no code.
func documented(t testing.TB, e dialecttest.Exchange) bool {
	t.Helper()
	all, err := errorsOf()
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Code, Status, Message string }
	if err := json.Unmarshal(e.Answer, &got); err != nil {
		t.Fatal(err)
	}
	path, _, _ := strings.Cut(e.Path, "?")
	path = strings.TrimPrefix(e.Method+" "+path, " ")
	for operation, rows := range all {
		if !regexp.MustCompile("^" + placeholder.ReplaceAllString(operation, "[^/]+") + "$").MatchString(path) {
			continue
		}
		for _, row := range rows {
			if row.Status == e.Status && row.Code == got.Code+got.Status && (got.Code != "" || e.Status == 400 || row.Message == got.Message) {
				return true
			}
		}
	}
	return false
}

// What the Monri dialect takes and answers is what its document says.
func TestMonriKeepsToItsDocument(t *testing.T) {
	t.Parallel()
	dialecttest.Scripts(t, "../../dialect/monri/testdata/*.txt", func(t testing.TB) *dialecttest.World {
		return dialecttest.New(t, dialecttest.Options{OnExchange: check(t), Mount: func(w *dialecttest.World, mux *http.ServeMux) {
			w.AddMerchant(t, "BA", pasarela.Merchant{Name: "Shop", Country: "BA", Monri: pasarela.MonriCredentials{
				AuthenticityToken: "0123456789abcdef0123456789abcdef01234567", Key: "mk-demo-0001"}})
			monri.New(w.Gateway, monri.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest}).Mount(mux)
		}})
	})
}

// What the Kushki dialect takes, answers and tells is what its document says, and it tells all of what that has.
func TestKushkiKeepsToItsDocument(t *testing.T) {
	t.Parallel()
	var told sync.Map
	t.Run("scripts", func(t *testing.T) { playKushki(t, &told) })
	names, err := apitest.Webhooks("kushki.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if _, sent := told.Load(name); !sent {
			t.Errorf("no script brought about the webhook %s", name)
		}
	}
}

func playKushki(t *testing.T, told *sync.Map) {
	dialecttest.Scripts(t, "../../dialect/kushki/testdata/*.txt", func(t testing.TB) *dialecttest.World {
		billers := map[string]gateway.Biller{"kushki": kushki.Pricing{}}
		return dialecttest.New(t, dialecttest.Options{OnExchange: check(t), OnDelivery: checkTold(t, told), Tellers: kushkiTellers, Billers: billers, Mount: func(w *dialecttest.World, mux *http.ServeMux) {
			w.AddKushkiMerchants(t)
			kushki.New(w.Gateway, kushki.Options{Log: w.Gateway.Log, Mask: w.Vault.MaskBytes, Digest: w.Vault.Digest,
				CountryName: cards.CountryName, DescribeBIN: w.Cards.DescribeBIN, Profile: w.Cards.Profile,
				PublicURL: func() string { return dialecttest.PublicURL }, Challenges: w.ThreeDS, Sandbox: true}).Mount(mux)
		}})
	})
}
