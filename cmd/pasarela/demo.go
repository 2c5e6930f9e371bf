package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pasarela"
	"pasarela/gateway"
)

// demoCredentials is demo-credentials.json: what a script needs to use a dev gateway.
type demoCredentials struct {
	BaseURL string                      `json:"base_url"`
	Kushki  map[string]kushkiCredential `json:"kushki"`
	Monri   monriCredential             `json:"monri"`
}

type kushkiCredential struct {
	Currency         string `json:"currency"`
	PublicID         string `json:"public_merchant_id"`
	PrivateID        string `json:"private_merchant_id"`
	WebhookSignature string `json:"webhook_signature"`
}

type monriCredential struct {
	AuthenticityToken string `json:"authenticity_token"`
	Key               string `json:"merchant_key"`
}

// demoCountries are those of the Kushki dialect, each with a demo merchant.
var demoCountries = []string{"EC", "CO", "MX", "PE", "CL"}

// demoCommissions are what a split of the demo merchants' payments would give: one percent, and the country's tax on it.
var demoCommissions = map[string]pasarela.Commission{
	"EC": {Merchant: "20000000000000000001", Name: "Comisiones Demo", ParentName: "Grupo Demo", BasisPoints: 100, TaxBasisPoints: 1500},
	"MX": {Merchant: "20000000000000000002", Name: "Comisiones Demo", ParentName: "Grupo Demo", BasisPoints: 100, TaxBasisPoints: 1600},
}

// demoMerchants makes sure that the demo merchants exist, with the credentials in the data folder's file or
// new ones, and writes the file.
func (n *node) demoMerchants(ctx context.Context) (demoCredentials, error) {
	demo, err := n.readDemo()
	if err != nil {
		return demo, err
	}
	demo.BaseURL = "http://" + n.Listen
	for _, code := range demoCountries {
		country, _ := pasarela.CountryByCode(code)
		known := demo.Kushki[code]
		m, err := n.demoMerchant(ctx, gateway.CredentialKushkiPrivate, known.PrivateID, pasarela.Merchant{
			Name: "Tienda Demo " + country.Name, Country: code, ThreeDS: pasarela.ThreeDSOn, Commission: demoCommissions[code],
			Kushki: pasarela.KushkiCredentials{PublicID: known.PublicID, PrivateID: known.PrivateID, WebhookSignature: known.WebhookSignature},
		})
		if err != nil {
			return demo, err
		}
		demo.Kushki[code] = kushkiCredential{string(m.Currencies[0]), m.Kushki.PublicID, m.Kushki.PrivateID, m.Kushki.WebhookSignature}
	}
	m, err := n.demoMerchant(ctx, gateway.CredentialMonri, demo.Monri.AuthenticityToken, pasarela.Merchant{
		Name: "Demo Shop Croatia", Country: "HR",
		Monri: pasarela.MonriCredentials{AuthenticityToken: demo.Monri.AuthenticityToken, Key: demo.Monri.Key},
	})
	if err != nil {
		return demo, err
	}
	demo.Monri = monriCredential{m.Monri.AuthenticityToken, m.Monri.Key}
	return demo, n.writeDemo(demo)
}

// demoMerchant finds the merchant of a credential, or creates it.
func (n *node) demoMerchant(ctx context.Context, kind, credential string, m pasarela.Merchant) (pasarela.Merchant, error) {
	if credential == "" {
		return n.gateway.CreateMerchant(ctx, m)
	}
	found, err := n.gateway.Authenticate(ctx, kind, credential)
	if pasarela.CodeOf(err) == pasarela.CodeUnauthorized {
		return n.gateway.CreateMerchant(ctx, m)
	}
	return found, err
}

func (n *node) readDemo() (demoCredentials, error) {
	demo := demoCredentials{}
	raw, err := os.ReadFile(n.demo())
	if err == nil {
		err = json.Unmarshal(raw, &demo)
	}
	if demo.Kushki == nil {
		demo.Kushki = map[string]kushkiCredential{}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return demo, fmt.Errorf("%s cannot be read; delete it to make new demo merchants: %w", n.demo(), err)
	}
	return demo, nil
}

func (n *node) writeDemo(demo demoCredentials) error {
	raw, err := json.MarshalIndent(demo, "", " ")
	if err != nil {
		return fmt.Errorf("demo credentials: %w", err)
	}
	if err := os.WriteFile(n.demo()+".new", append(raw, '\n'), 0o600); err != nil {
		return fmt.Errorf("demo credentials: %w", err)
	}
	return os.Rename(n.demo()+".new", n.demo())
}

// welcome says what to try first. The number in it is a published test card.
func (d demoCredentials) welcome(n *node) string {
	ec := d.Kushki["EC"]
	return fmt.Sprintf(`Pasarela listens on %[1]s (reference: %[1]s/docs).
The simulated acquirer is at %[2]s; credentials of the demo merchants are in %[3]s.

Try a payment:

TOKEN=$(curl -s %[1]s/card/v1/tokens -H 'Public-Merchant-Id: %[4]s' -H 'Content-Type: application/json' \
  -d '{"card":{"name":"John Doe","number":"5451951574925480","expiryMonth":"08","expiryYear":"35","cvv":"123"},"totalAmount":16.98,"currency":"USD"}' \
  | sed 's/.*"token":"\([^"]*\)".*/\1/')
curl -s %[1]s/card/v1/charges -H 'Private-Merchant-Id: %[5]s' -H 'Content-Type: application/json' \
  -d '{"token":"'$TOKEN'","amount":{"subtotalIva":0,"subtotalIva0":16.98,"iva":0,"ice":0,"currency":"USD"},"fullResponse":"v2"}'

`, d.BaseURL, n.Acquirer, n.demo(), ec.PublicID, ec.PrivateID)
}
