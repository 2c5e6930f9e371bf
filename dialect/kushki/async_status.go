package kushki

import (
	"encoding/hex"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
	"pasarela/gateway"
)

// Values of status.
const (
	asyncRequested   = "requestedToken"
	asyncInitialized = "initializedTransaction"
	asyncApproved    = "approvedTransaction"
	asyncDeclined    = "declinedTransaction"
)

// Texts of the published answers that say the same of every payment.
const (
	asyncProcessor   = "Transbank Processor"
	asyncIntegration = "soap"
)

// asyncStatusOf is where a redirect payment stands. One that was begun and not paid in time has come to nothing; so
// has one that is being reversed, whatever the issuer may yet say.
func (c *call) asyncStatusOf(d pasarela.Redirect, p pasarela.Payment) string {
	switch {
	case d.State == pasarela.RedirectRequested:
		return asyncRequested
	case d.State == pasarela.RedirectPaid:
		return asyncPaid(p)
	case d.State == pasarela.RedirectCancelled, !c.now().Before(d.ExpiresAt):
		return asyncDeclined
	default:
		return asyncInitialized
	}
}

// asyncPaid is the status of the payment itself; the zero payment was refused before it began.
func asyncPaid(p pasarela.Payment) string {
	switch p.State {
	case pasarela.StateAuthorizing:
		return asyncInitialized
	case "", pasarela.StateDeclined, pasarela.StateReversing, pasarela.StateReversed:
		return asyncDeclined
	default:
		return asyncApproved
	}
}

// asyncType is the transactionType of a kind of payment.
func asyncType(k pasarela.PaymentKind) string {
	switch k {
	case pasarela.KindSale:
		return "SALE"
	case pasarela.KindAuthorization:
		return "PREAUTHORIZATION"
	default:
		return "" // not begun yet
	}
}

// asyncState answers a status. What is not known yet is left out.
type asyncState struct {
	Ticket          string          `json:"ticketNumber,omitzero"`
	Metadata        jsontext.Value  `json:"metadata,omitzero"`
	Currency        string          `json:"currency"`
	ProcessorType   string          `json:"processorType"`
	SubtotalIva0    wire.Decimal    `json:"subtotalIva0,omitzero"`
	SubtotalIva     wire.Decimal    `json:"subtotalIva,omitzero"`
	IvaValue        wire.Decimal    `json:"ivaValue,omitzero"`
	ApprovalCode    string          `json:"approvalCode,omitzero"`
	Approved        *wire.Amount    `json:"approvedTransactionAmount,omitzero"`
	Status          string          `json:"status"`
	Email           string          `json:"email,omitzero"`
	TransactionType string          `json:"transactionType,omitzero"`
	Reference       string          `json:"transactionReference,omitzero"`
	BuyOrder        string          `json:"buyOrder"`
	LastFour        string          `json:"lastFourDigits,omitzero"`
	Integration     string          `json:"integrationMethod"`
	Token           string          `json:"token"`
	ProcessorName   string          `json:"processorName"`
	WebpayURL       string          `json:"webpayInitTransactionUrl,omitzero"`
	WebpayToken     string          `json:"webpayInitTransactionToken,omitzero"`
	WebpayType      string          `json:"webpayType"`
	ID              string          `json:"id,omitzero"`
	TotalAmount     wire.Amount     `json:"totalAmount"`
	Created         int64           `json:"created"`
	CardType        string          `json:"cardType,omitzero"`
	Sandbox         bool            `json:"sandboxEnable"`
	ReturnURL       string          `json:"returnUrl"`
	Amount          *amount         `json:"amount,omitzero"`
	Description     string          `json:"description,omitzero"`
	ProcessorID     string          `json:"processorId"`
	Credential      asyncCredential `json:"credentialInfo"`
	MerchantID      string          `json:"merchantId"`
}

// asyncCredential names the credential that the payment was made with; its id is not the credential.
type asyncCredential struct {
	Alias    string `json:"alias"`
	ID       string `json:"credentialId"`
	PublicID string `json:"publicCredentialId"`
}

// asyncStatus answers GET /card-async/v1/status/{token}.
func (c *call) asyncStatus() (gateway.Answer, error) {
	id := c.request.PathValue("token")
	if !asyncTokenID(id) {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeNotFound, "path: a token has 32 letters and digits")
	}
	d, p, err := c.gateway.Redirect(c.request.Context(), c.merchant.ID, pasarela.TokenID(id))
	if err == nil && d.Kind == pasarela.KindInscription {
		err = pasarela.Errorf(pasarela.CodeNotFound, "token is that of a subscription, which is no payment")
	}
	if err != nil {
		return gateway.Answer{}, err
	}
	o, err := asyncOrderOf(d.Order)
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, c.asyncState(d, p, o)), nil
}

// asyncOrderOf reads what was stored; what another API stored is the zero value.
func asyncOrderOf(stored []byte) (o asyncOrder, err error) {
	if len(stored) == 0 {
		return o, nil
	}
	if err := json.Unmarshal(stored, &o); err != nil {
		return o, pasarela.Wrap(pasarela.CodeInternal, err, "stored order cannot be read")
	}
	return o, nil
}

func (c *call) asyncState(d pasarela.Redirect, p pasarela.Payment, o asyncOrder) asyncState {
	s := asyncState{
		Currency: currencyName(d.Total.Currency), ProcessorType: asyncProcessorType(c.merchant), Status: c.asyncStatusOf(d, p),
		Email: d.Email, TransactionType: asyncType(d.Kind), Reference: string(d.Payment), ID: string(d.Payment),
		BuyOrder: buyOrder(d), Integration: asyncIntegration,
		Token: string(d.ID), ProcessorName: asyncProcessor, WebpayType: asyncIntegration, TotalAmount: wire.Amount(d.Total),
		Created: d.CreatedAt.UnixMilli(), Sandbox: c.Sandbox, ReturnURL: d.ReturnURL, Description: d.Description,
		ProcessorID: processorID(c.merchant.ID), MerchantID: string(c.merchant.ID), Metadata: jsontext.Value(o.Metadata),
		LastFour: p.Facts.LastFour, CardType: string(p.Facts.Type),
		Credential: asyncCredential{Alias: c.merchant.Name, PublicID: c.merchant.Kushki.PublicID,
			ID: credentialID(c.Digest, c.merchant)},
	}
	if o.Amount != nil {
		s.Amount = &o.Amount.amount
		s.SubtotalIva, s.SubtotalIva0, s.IvaValue = o.Amount.SubtotalIva, o.Amount.SubtotalIva0, o.Amount.Iva
	}
	if d.State != pasarela.RedirectRequested {
		s.WebpayURL, s.WebpayToken = c.agentURL(c.merchant, d.ID), c.asyncName("webpay", string(d.ID))
	}
	if s.Status == asyncApproved {
		s.Ticket, s.ApprovalCode = string(p.Ticket), p.ApprovalCode
		approved := p.Amount
		if p.Captured > 0 {
			approved.Minor = p.Captured
		}
		s.Approved = (*wire.Amount)(&approved)
	}
	return s
}

// asyncName is a stable name of 64 hexadecimal digits that gives away nothing of what it is made from.
func (c *call) asyncName(of, what string) string {
	return hex.EncodeToString(c.Digest("kushki/async "+of, []byte(c.merchant.ID), []byte(what)))
}

// credentialID names a merchant's private credential without being it.
func credentialID(digest func(purpose string, data ...[]byte) []byte, m pasarela.Merchant) string {
	return hex.EncodeToString(digest("kushki/async credential", []byte(m.ID), []byte(m.Kushki.PrivateID)))[:32]
}

func asyncProcessorType(m pasarela.Merchant) string {
	if m.Model == pasarela.ModelAggregator {
		return "aggregator_formal"
	}
	return "gateway"
}

// asyncCaptureRequest captures what was only authorized.
type asyncCaptureRequest struct {
	Ticket       wire.Text      `json:"ticketNumber"`
	Amount       *amountRequest `json:"amount"`
	FullResponse string         `json:"fullResponse"`
}

// asyncCaptured is the answer to a capture. Its approvedTransactionAmount is an object.
type asyncCaptured struct {
	Ticket  string `json:"ticketNumber"`
	Details struct {
		Currency        string       `json:"currency"`
		SubtotalIva0    wire.Decimal `json:"subtotalIva0"`
		ApprovalCode    string       `json:"approvalCode"`
		Approved        asyncParts   `json:"approvedTransactionAmount"`
		Status          string       `json:"status"`
		SubtotalIva     wire.Decimal `json:"subtotalIva"`
		Email           string       `json:"email"`
		TransactionType string       `json:"transactionType"`
		IvaValue        wire.Decimal `json:"ivaValue"`
		LastFour        string       `json:"lastFourDigits"`
		Token           string       `json:"token"`
		ProcessorName   string       `json:"processorName"`
		ID              string       `json:"id"`
		TotalAmount     wire.Amount  `json:"totalAmount"`
		Created         int64        `json:"created"`
		ReturnURL       string       `json:"returnUrl"`
		Description     string       `json:"description"`
		ProcessorID     string       `json:"processorId"`
		MerchantID      string       `json:"merchantId"`
		RequestAmount   wire.Amount  `json:"requestAmount"`
		Preauth         string       `json:"preauthTransactionReference"`
		Reference       string       `json:"transactionReference"`
	} `json:"details"`
}

type asyncParts struct {
	Iva          wire.Decimal `json:"iva"`
	SubtotalIva  wire.Decimal `json:"subtotalIva"`
	SubtotalIva0 wire.Decimal `json:"subtotalIva0"`
}

// asyncCapture answers POST /card-async/v1/capture.
func (c *call) asyncCapture() (gateway.Answer, error) {
	return c.captureAsync(false, c.asyncCaptureAnswer)
}

// captureAsync captures a hold that a redirect payment's page made, or one on an inscribed card, whose currency is meant
// where none is named.
func (c *call) captureAsync(inscribed bool, answer func(pasarela.Redirect, pasarela.Payment, pasarela.Operation, *amountRequest) gateway.Answer) (gateway.Answer, error) {
	if err := c.inChile(); err != nil {
		return gateway.Answer{}, err
	}
	var r asyncCaptureRequest
	if err := wire.Decode(c.body, &r); err != nil {
		return gateway.Answer{}, err
	}
	if !ticket(string(r.Ticket)) || r.FullResponse != "v2" {
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, `ticketNumber, fullResponse: send 10 to 18 digits, and "v2"`)
	}
	d, held, err := c.asyncHeld(pasarela.Ticket(r.Ticket), inscribed)
	if err != nil {
		return gateway.Answer{}, err
	}
	total, err := c.asyncTaken(r.Amount, held, inscribed)
	if err != nil {
		return gateway.Answer{}, err
	}
	request := gateway.OperationRequest{Ticket: pasarela.Ticket(r.Ticket), Amount: &total,
		Answer: func(p pasarela.Payment, o pasarela.Operation) gateway.Answer {
			return answer(d, p, o, r.Amount)
		}}
	if request.Order, err = c.store(&order{Amount: r.Amount}); err != nil {
		return gateway.Answer{}, err
	}
	if request.Remember, err = c.remember(everyOutcome); err != nil {
		return gateway.Answer{}, err
	}
	p, o, err := c.gateway.Capture(c.request.Context(), c.merchant, request)
	if err != nil {
		return gateway.Answer{}, err
	}
	return request.Answer(p, o), nil
}

// asyncTaken adds up what is to be captured of what is held: these pages know no tenth above it.
func (c *call) asyncTaken(a *amountRequest, held pasarela.Money, inscribed bool) (pasarela.Money, error) {
	if inscribed && a != nil && a.Currency == "" {
		a.Currency = currencyName(held.Currency)
	}
	total, err := c.asyncAmount(a)
	if err == nil && total.Currency == held.Currency && total.Minor > held.Minor {
		err = pasarela.Errorf(pasarela.CodeCaptureAmount, "capture must be at most %s", held)
	}
	return total, err
}

// asyncHeld finds the redirect whose hold a ticket names, on an inscribed card or on one that its page was given, and how
// much is held.
func (c *call) asyncHeld(t pasarela.Ticket, inscribed bool) (d pasarela.Redirect, held pasarela.Money, err error) {
	p, err := c.find(t)
	if err != nil {
		return d, held, err
	}
	unknown := pasarela.Errorf(pasarela.CodeNotFound, "ticket is not that of a hold made so")
	if p.Dialect != dialect || p.Ticket != t || p.Kind != pasarela.KindAuthorization || inscribed != (p.Subscription != "") {
		return d, held, unknown
	}
	o, err := asyncOrderOf(p.Order)
	if err == nil && o.CardAsync == "" {
		err = unknown
	}
	if err != nil {
		return d, held, err
	}
	d, _, err = c.gateway.Redirect(c.request.Context(), c.merchant.ID, o.CardAsync)
	return d, p.Amount, err
}

func (c *call) asyncCaptureAnswer(d pasarela.Redirect, p pasarela.Payment, o pasarela.Operation, captured *amountRequest) gateway.Answer {
	if o.State != pasarela.OpApproved {
		return asyncCaptureDecline(o.ResponseCode).answer()
	}
	begun := c.orderOf(p).Amount
	answer := asyncCaptured{Ticket: string(o.Ticket)}
	a := &answer.Details
	a.Currency, a.SubtotalIva0, a.SubtotalIva, a.IvaValue = currencyName(p.Amount.Currency), begun.SubtotalIva0, begun.SubtotalIva, begun.Iva
	a.Approved = asyncParts{captured.Iva, captured.SubtotalIva, captured.SubtotalIva0}
	a.RequestAmount, a.TotalAmount, a.Created = wire.Amount(o.Amount), wire.Amount(p.Amount), o.CreatedAt.UnixMilli()
	a.ApprovalCode, a.LastFour, a.Status, a.TransactionType = first(o.ApprovalCode, p.ApprovalCode), p.Facts.LastFour, asyncApproved, c.product.transactionType
	a.ID, a.Reference, a.Preauth = string(o.ID), string(o.ID), string(p.ID)
	a.Token, a.Email, a.Description, a.ReturnURL = string(d.ID), d.Email, d.Description, d.ReturnURL
	a.ProcessorName, a.ProcessorID, a.MerchantID = asyncProcessor, processorID(c.merchant.ID), string(c.merchant.ID)
	return encode(http.StatusOK, answer)
}
