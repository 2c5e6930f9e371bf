package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// merchants are those whose payments are made.
type merchants struct {
	demo    merchant
	hot     merchant // one that takes all payments
	twoStep merchant // one that may authorize and capture
	many    []merchant
}

// manyMerchants share the load that the hot merchant has alone.
const manyMerchants = 64

// demoMerchant reads Ecuador's out of the file that the gateway wrote.
func demoMerchant(data string) (merchant, error) {
	path := filepath.Join(data, "demo-credentials.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return merchant{}, err
	}
	var credentials struct {
		Kushki map[string]struct {
			Currency  string `json:"currency"`
			PublicID  string `json:"public_merchant_id"`
			PrivateID string `json:"private_merchant_id"`
		} `json:"kushki"`
	}
	if err := json.Unmarshal(text, &credentials); err != nil {
		return merchant{}, fmt.Errorf("%s: %w", path, err)
	}
	ec := credentials.Kushki["EC"]
	return merchant{publicID: ec.PublicID, privateID: ec.PrivateID, currency: ec.Currency}, nil
}

func (b *bench) addMerchants(ctx context.Context) (err error) {
	c, err := dial(ctx, b.gateway.address)
	if err != nil {
		return err
	}
	defer c.close()
	if b.merchants.hot, err = addMerchant(c, "Hot", "EC", "USD"); err != nil {
		return err
	}
	if b.merchants.twoStep, err = addMerchant(c, "Two Steps", "PE", "USD"); err != nil {
		return err
	}
	for i := range manyMerchants {
		m, err := addMerchant(c, "Merchant "+strconv.Itoa(i), "EC", "USD")
		if err != nil {
			return err
		}
		b.merchants.many = append(b.merchants.many, m)
	}
	return nil
}

// addMerchant asks the sandbox controls for a merchant that never asks for 3-D Secure.
func addMerchant(c *connection, name, country, currency string) (merchant, error) {
	body := fmt.Sprintf(`{"name":%q,"country":%q,"currency":%q,"currencies":[%q],"three_ds":"off"}`, name, country, currency, currency)
	status, answer, err := c.do(post("/sandbox/v1/merchants", "Accept", "application/json", body).bytes)
	if err != nil {
		return merchant{}, err
	}
	publicID, _ := member(answer, "public_merchant_id")
	privateID, _ := member(answer, "private_merchant_id")
	if status != http.StatusOK || len(publicID) == 0 || len(privateID) == 0 {
		return merchant{}, fmt.Errorf("adding a merchant was answered %d: %.200s", status, answer)
	}
	return merchant{publicID: string(publicID), privateID: string(privateID), currency: currency}, nil
}

func (m merchant) pair() pairRequests { return pairRequests{m.tokenRequest(), m.chargeRequest()} }
