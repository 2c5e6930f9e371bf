package kushki

import (
	"strconv"

	"pasarela"
	"pasarela/gateway"
)

// agree settles what an authorization says beside card and amount, by the rules of the merchant's country and
// model. facts are those of the card, nil where they are not known.
func (c *call) agree(r *gateway.AuthorizeRequest, o *order, facts *pasarela.CardFacts, total pasarela.Money) (err error) {
	if err := c.available(r.Kind, o); err != nil {
		return err
	}
	if facts != nil {
		if err := c.fits(o, facts, total); err != nil {
			return err
		}
	}
	if err := c.checkSchemeID(o.OriginalID); err != nil {
		return err
	}
	if r.Own, err = o.own(); err != nil {
		return err
	}
	r.Amount, r.Initial, r.Dialect = total, pasarela.PaymentID(o.InitialRef), dialect
	r.Terms.Installments, r.Terms.Recurrence = o.split(), recurrences[o.TransactionMode]
	r.Terms.Initiator, r.Terms.SchemeID = o.CitMit, o.OriginalID
	r.Order, err = c.store(o)
	return err
}

// available refuses what the merchant's country or model does not have (Kushki, "Availability"): a series of
// an engine elsewhere is an acquirer's, and in Ecuador an aggregator's that only names it; one's own 3-D Secure is for
// any charge, and for authorizations of an acquirer's.
func (c *call) available(kind pasarela.PaymentKind, o *order) error {
	if err := c.hasTerms(o.TransactionMode, bool(o.IsNetworkToken)); err != nil {
		return err
	}
	acquirer, ecuador := c.merchant.Model == pasarela.ModelAcquirer, c.merchant.Country == "EC"
	switch {
	case o.ExternalSub != "" && !ecuador && !acquirer,
		!o.Secure.IsZero() && kind == pasarela.KindAuthorization && !acquirer:
		return errNotAllowed
	}
	return nil
}

// hasTerms refuses a series of an engine elsewhere and network tokens where the merchant does not have them, be it on the
// token or on the payment: a token's subsequent mode lets its card come without a CVV.
func (c *call) hasTerms(mode string, networkToken bool) error {
	series := recurrences[mode] != ""
	if (series || networkToken) && (c.merchant.Country == "EC" || c.merchant.Model != pasarela.ModelAcquirer) {
		return errNotAllowed
	}
	return nil
}

// visaSchemeID is how many digits a Visa's originalTransactionID has.
const visaSchemeID = 15

// checkSchemeID refuses what looks like a card number: the id goes to the network as it is. One of Visa's has a right
// check digit by chance, one time in ten; of cards only American Express's are as long, and begin with 34 or 37.
func (c *call) checkSchemeID(id string) error {
	visas := len(id) == visaSchemeID && digits(id) && id[:2] != "34" && id[:2] != "37"
	if visas || id == string(c.Mask([]byte(id))) {
		return nil
	}
	return pasarela.Errorf(pasarela.CodeInvalid, "originalTransactionID: send the scheme's id, which does not look like a card number")
}

// leastInstallment is the least that one of the merchant's own installments in Chile may come to, in CLP. The pages
// print no figure; this is the least payment in that country.
const leastInstallment = 50

// fits holds the order against the card.
func (c *call) fits(o *order, facts *pasarela.CardFacts, total pasarela.Money) error {
	if o.OriginalID != "" && facts.Brand == pasarela.BrandVisa && (len(o.OriginalID) != visaSchemeID || !digits(o.OriginalID)) {
		return errIncomplete
	}
	if err := checkInstallments(c.merchant.Country, facts.Type, o.Months, o.Deferred, total); err != nil {
		return err
	}
	merchants := o.Deferred != nil && o.Deferred.CreditType == creditMerchant && c.merchant.Country == "CL"
	if merchants && total.Currency == "CLP" && total.Minor < leastInstallment*int64(o.installments()) {
		return errLeastMerchant
	}
	return nil
}

// split is how the cardholder pays in installments.
func (o *order) split() pasarela.Installments {
	if o.installments() < fewestMonths {
		return pasarela.Installments{}
	}
	split := pasarela.Installments{Months: o.installments()}
	if o.Deferred != nil {
		split.Plan = o.Deferred.CreditType
		split.Grace, _ = strconv.Atoi(o.Deferred.GraceMonths) // two digits, or it would not have come here
	}
	return split
}
