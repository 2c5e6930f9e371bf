package sandbox

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"

	"pasarela"
)

// CommissionJSON is what another merchant gets of each sale: a part, a fixed amount, or both, and a tax on it.
type CommissionJSON struct {
	MerchantID     string `json:"merchant_id"`
	Name           string `json:"name"`
	ParentName     string `json:"parent_name"`
	FixedMinor     *int64 `json:"fixed_minor,omitempty"` // with Currency
	Currency       string `json:"currency,omitempty"`
	BasisPoints    int64  `json:"basis_points,omitempty"`     // hundredths of a percent of the sale
	TaxBasisPoints int64  `json:"tax_basis_points,omitempty"` // hundredths of a percent of the commission
}

func (c *CommissionJSON) commission() (pasarela.Commission, error) {
	if c == nil {
		return pasarela.Commission{}, nil
	}
	fee := pasarela.Commission{Merchant: pasarela.MerchantID(c.MerchantID), Name: c.Name, ParentName: c.ParentName,
		BasisPoints: c.BasisPoints, TaxBasisPoints: c.TaxBasisPoints}
	if (c.FixedMinor == nil) != (c.Currency == "") {
		return fee, pasarela.Errorf(pasarela.CodeInvalid, "commission: fixed_minor and currency come together")
	}
	if c.FixedMinor != nil {
		fee.Fixed = pasarela.Money{Minor: *c.FixedMinor, Currency: currency(c.Currency)}
	}
	if fee == (pasarela.Commission{}) {
		return fee, pasarela.Errorf(pasarela.CodeInvalid, "commission: send its members, or leave it out for none")
	}
	return fee, nil
}

func commissionJSON(c pasarela.Commission) *CommissionJSON {
	if c.Merchant == "" {
		return nil
	}
	j := &CommissionJSON{MerchantID: string(c.Merchant), Name: c.Name, ParentName: c.ParentName, BasisPoints: c.BasisPoints, TaxBasisPoints: c.TaxBasisPoints}
	if c.Fixed.Currency != "" {
		j.FixedMinor, j.Currency = &c.Fixed.Minor, code(c.Fixed.Currency)
	}
	return j
}

// secretPrefix is how Standard Webhooks mark a key.
const secretPrefix = "whsec_"

// SigningSecret writes a key in the form of Standard Webhooks, "" for none.
func SigningSecret(key []byte) string {
	if len(key) == 0 {
		return ""
	}
	return secretPrefix + base64.StdEncoding.EncodeToString(key)
}

// signingKey is SigningSecret's opposite.
func signingKey(secret string) ([]byte, error) {
	if secret == "" {
		return nil, nil
	}
	text, marked := strings.CutPrefix(secret, secretPrefix)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || !marked || len(key) == 0 {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "signing_secret: send whsec_ and base64")
	}
	return key, nil
}

// ChangeMerchant is the merchant that a JSON of the same form makes of m. What is left out stays, and so do the members of
// an object that are left out of it; a list is replaced; null takes away. It returns CodeInvalid for members that it does
// not know, and for secrets: `pasarela webhooks rotate` makes those.
func ChangeMerchant(m pasarela.Merchant, patch []byte) (pasarela.Merchant, error) {
	stands := FromMerchant(m)
	var j MerchantJSON
	if err := copyOf(stands, &j); err != nil {
		return m, err
	}
	j.Currency = "" // the first of its currencies
	if err := decodeStrictly(patch, &j); err != nil {
		return m, err
	}
	switch {
	case j.MerchantID != stands.MerchantID:
		return m, pasarela.Errorf(pasarela.CodeInvalid, "merchant_id: it stays as it was created")
	case j.WebhookSignature != stands.WebhookSignature || j.SigningSecret != stands.SigningSecret:
		return m, pasarela.Errorf(pasarela.CodeInvalid, "webhook_signature, signing_secret: `pasarela webhooks rotate` makes new ones")
	}
	changed, err := j.Merchant()
	if err != nil {
		return m, err
	}
	for _, e := range changed.Webhooks {
		if slices.ContainsFunc(e.Headers, func(h pasarela.WebhookHeader) bool { return h.Value == notShown }) {
			return m, pasarela.Errorf(pasarela.CodeInvalid, "webhooks: headers: %s stands for a value that is not shown: send the value", notShown)
		}
	}
	changed.ID, changed.CreatedAt, changed.Signing = m.ID, m.CreatedAt, m.Signing
	changed.Kushki.NextSignature, changed.Kushki.SignatureSwitch = m.Kushki.NextSignature, m.Kushki.SignatureSwitch
	return changed, nil
}

// copyOf copies a merchant so that nothing is shared.
func copyOf(j MerchantJSON, into *MerchantJSON) error {
	raw, err := json.Marshal(j)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		return pasarela.Wrap(pasarela.CodeInternal, err, "merchant cannot be copied")
	}
	return nil
}

// notShown stands for a value that may be a secret, such as that of an Authorization header.
const notShown = "…"

// HeaderNames are headers of a merchant's own as they may be shown to anybody who runs the gateway: each name, and … for
// its value.
func HeaderNames(all []pasarela.WebhookHeader) []pasarela.WebhookHeader {
	all = slices.Clone(all)
	for i := range all {
		all[i].Value = notShown
	}
	return all
}

// WithoutSecrets is the merchant as it may be shown to anybody who runs the gateway.
func (j MerchantJSON) WithoutSecrets() MerchantJSON {
	j.PrivateMerchantID, j.WebhookSignature, j.SigningSecret = "", "", ""
	j.Webhooks = slices.Clone(j.Webhooks)
	for i := range j.Webhooks {
		j.Webhooks[i].Headers = HeaderNames(j.Webhooks[i].Headers)
	}
	if j.Monri != nil {
		monri := *j.Monri
		monri.MerchantKey = ""
		j.Monri = &monri
	}
	return j
}
