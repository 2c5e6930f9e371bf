package kushki

import (
	"net/http"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/go-json-experiment/json"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Redirect payments in Chile, "Card async" (Webpay Plus): the buyer gives the card on a page of the gateway.
//
//	async.go         a browser asks for a token, the merchant's server begins the payment with it
//	async_agent.go   the page on which a buyer gives a card; subscriptions have it too (oneclick.go)
//	async_payment.go what it does for a payment
//	async_form.go    what is typed there
//	async_status.go  what became of it, and the capture of what was only authorized

// asyncHold is how long a hold made here can be captured (kushki-card 17.4: seven calendar days).
const asyncHold = 7 * 24 * time.Hour

// maxShown bounds, in bytes, what the merchant has shown to the buyer.
const maxShown = 1024

// asyncTokenRequest asks for a redirect payment.
type asyncTokenRequest struct {
	TotalAmount wire.Decimal `json:"totalAmount"`
	ReturnURL   string       `json:"returnUrl"`
	Currency    string       `json:"currency"`
	Email       string       `json:"email"`
	Description string       `json:"description"`
}

// asyncToken answers POST /card-async/v1/tokens.
func (c *call) asyncToken() (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r asyncTokenRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	total, err := c.asyncTotal(&r)
	if err != nil {
		return gateway.Answer{}, err
	}
	c.maskText(&r.Email)
	c.maskText(&r.Description)
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := func(d pasarela.Redirect) gateway.Answer {
		return encode(http.StatusCreated, tokenCreated{Token: string(d.ID)})
	}
	d, err := c.gateway.RequestRedirect(c.request.Context(), c.merchant,
		pasarela.Redirect{Total: total, Email: r.Email, Description: r.Description, ReturnURL: r.ReturnURL},
		gateway.RedirectAnswer{Remember: remember, Answer: answer})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(d), nil
}

// inChile refuses merchants of other countries, which do not have these payments.
func (c *call) inChile() error {
	if c.merchant.Country != "CL" {
		return errNotAllowed
	}
	return nil
}

// asyncTotal checks the request and reads its total.
func (c *call) asyncTotal(r *asyncTokenRequest) (pasarela.Money, error) {
	if err := asyncCurrency(r.Currency); err != nil {
		return pasarela.Money{}, err
	}
	if err := absoluteURL("returnUrl", r.ReturnURL); err != nil {
		return pasarela.Money{}, err
	}
	if r.ReturnURL != string(c.Mask([]byte(r.ReturnURL))) {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "returnUrl: send an address that does not look like a card number")
	}
	if len(r.Email) > maxShown || len(r.Description) > maxShown {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "email, description: send at most %d bytes", maxShown)
	}
	if err := checkEmail(r.Email); err != nil {
		return pasarela.Money{}, err
	}
	if !r.TotalAmount.Present() {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "totalAmount is missing")
	}
	currency, err := currencyOf(r.Currency, c.merchant)
	if err != nil {
		return pasarela.Money{}, err
	}
	return aboveZero(r.TotalAmount.Money(currency))
}

// checkEmail takes an address as it stands in an envelope, or none.
func checkEmail(address string) error {
	if a, err := mail.ParseAddress(address); address != "" && (err != nil || a.Address != address) {
		return pasarela.Errorf(pasarela.CodeInvalid, "email: send an address such as user@example.com")
	}
	return nil
}

// asyncCurrency refuses what Chile does not have.
func asyncCurrency(name string) error { return oneOf("currency", name, "CLP", "UF") }

func aboveZero(total pasarela.Money, err error) (pasarela.Money, error) {
	if err == nil && total.Minor == 0 {
		err = pasarela.Errorf(pasarela.CodeInvalid, "amount: send more than 0")
	}
	return total, err
}

// asyncInitRequest begins the payment.
type asyncInitRequest struct {
	Token        string         `json:"token"`
	FullResponse shape          `json:"fullResponse"`
	Amount       *amountRequest `json:"amount"`
	Metadata     wire.Object    `json:"metadata"`
	Webhooks     kept[hooks]    `json:"webhooks"`
}

// asyncOrder is what a redirect payment keeps of its request, and its payment after it.
type asyncOrder struct {
	order
	CardAsync pasarela.TokenID `json:"cardAsync"`
	BuyOrder  string           `json:"buyOrder,omitzero"`
}

// buyOrder names a redirect payment to its bank: the time at which its token was made, to the millisecond.
func buyOrder(d pasarela.Redirect) string {
	return d.CreatedAt.UTC().Format("20060102150405") + d.CreatedAt.UTC().Format(".000")[1:]
}

// asyncBegun is the answer to a payment that was begun.
type asyncBegun struct {
	Details     *asyncBegunDetails `json:"details,omitzero"`
	RedirectURL string             `json:"redirectUrl"`
	Reference   string             `json:"transactionReference"`
}

type asyncBegunDetails struct {
	TransactionType string `json:"transactionType"`
	Created         int64  `json:"created"`
	Description     string `json:"description,omitzero"`
	Email           string `json:"email,omitzero"`
	MerchantID      string `json:"merchantId"`
	Status          string `json:"status"`
}

// asyncInit answers POST /card-async/v1/init.
func (c *call) asyncInit() (gateway.Answer, error) { return c.asyncBegin(pasarela.KindSale) }

// asyncPreauthorize answers POST /card-async/v1/preAuthorization.
func (c *call) asyncPreauthorize() (gateway.Answer, error) {
	return c.asyncBegin(pasarela.KindAuthorization)
}

func (c *call) asyncBegin(kind pasarela.PaymentKind) (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r asyncInitRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	id := pasarela.TokenID(r.Token)
	if !asyncTokenID(r.Token) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "token: send the 32 letters and digits as they were given")
	}
	total, err := c.asyncAmount(r.Amount)
	if err != nil {
		return gateway.Answer{}, err
	}
	remember, err := c.remember(everyOutcome)
	if err != nil {
		return gateway.Answer{}, err
	}
	begun, _, err := c.gateway.Redirect(c.request.Context(), c.merchant.ID, id)
	if err != nil {
		return gateway.Answer{}, err
	}
	stored, err := c.storeAsync(&asyncOrder{CardAsync: id, BuyOrder: buyOrder(begun),
		order: order{Amount: r.Amount, Metadata: r.Metadata, Webhooks: r.Webhooks}})
	if err != nil {
		return gateway.Answer{}, err
	}
	answer := func(d pasarela.Redirect) gateway.Answer { return c.asyncBegunAnswer(d, r.FullResponse) }
	d, err := c.gateway.InitializeRedirect(c.request.Context(), c.merchant, id, kind, total, stored,
		gateway.RedirectAnswer{Remember: remember, Answer: answer})
	if err != nil {
		return gateway.Answer{}, err
	}
	return answer(d), nil
}

// asyncTokenID says whether s can be the token of such a payment.
func asyncTokenID(s string) bool {
	return len(s) == 32 && reference(s, 32, 32) && !strings.ContainsAny(s, "-_")
}

// asyncAmount adds an amount up. Chile's peso is meant where no currency is named.
func (c *call) asyncAmount(a *amountRequest) (pasarela.Money, error) {
	if a == nil {
		return pasarela.Money{}, pasarela.Errorf(pasarela.CodeInvalid, "amount is missing")
	}
	if a.Currency == "" {
		a.Currency = "CLP"
	}
	if err := asyncCurrency(a.Currency); err != nil {
		return pasarela.Money{}, err
	}
	settled, total, err := a.settle(c.merchant)
	a.amount, a.Capital = settled, nil
	return aboveZero(total, err)
}

// storeAsync masks the order and renders it for the store.
func (c *call) storeAsync(o *asyncOrder) ([]byte, error) {
	if _, err := c.store(&o.order); err != nil { // masks it in place
		return nil, err
	}
	stored, err := json.Marshal(o)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "order cannot be encoded")
	}
	return stored, nil
}

func (c *call) asyncBegunAnswer(d pasarela.Redirect, s shape) gateway.Answer {
	begun := asyncBegun{RedirectURL: c.agentURL(c.merchant, d.ID), Reference: string(d.Payment)}
	if s == v2 {
		begun.Details = &asyncBegunDetails{TransactionType: asyncType(d.Kind), Created: d.CreatedAt.UnixMilli(),
			Description: d.Description, Email: d.Email, MerchantID: string(c.merchant.ID), Status: asyncInitialized}
	}
	return encode(http.StatusOK, begun)
}

// agentPath is the page on which the buyer pays, and to which the issuer's page comes back.
const agentPath = "/card-async/v1/agent/"

// agentURL is the page's address. It names the merchant too, without whom nothing can be looked up.
func (h *Handler) agentURL(m pasarela.Merchant, id pasarela.TokenID) string {
	return h.PublicURL() + agentPath + string(id) + "?merchantId=" + url.QueryEscape(m.Kushki.PublicID)
}

// asyncReturn is where the buyer goes in the end: the merchant's address as it was given, with the token added to
// whatever query it has.
func asyncReturn(d pasarela.Redirect) string {
	return addQuery(d.ReturnURL, "token="+url.QueryEscape(string(d.ID)))
}

func addQuery(address, query string) string {
	u, err := url.Parse(address)
	if err != nil {
		return "" // it was parsed when it was taken
	}
	if before := strings.TrimSuffix(u.RawQuery, "&"); before != "" {
		query = before + "&" + query
	}
	u.RawQuery = query
	return u.String()
}
