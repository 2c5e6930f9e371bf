package kushki

import (
	"bytes"
	"log/slog"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/dialect/internal/wire"
)

// order is what a payment or an operation remembers of its request: everything but the token and the shape
// of the answer. It is decoded from requests and stored as JSON, masked.
type order struct {
	Amount          *amountRequest       `json:"amount,omitzero"`
	Months          int                  `json:"months,omitzero"`
	Deferred        *deferred            `json:"deferred,omitzero"`
	Metadata        wire.Object          `json:"metadata,omitzero"`
	Contact         kept[contact]        `json:"contactDetails,omitzero"`
	Order           kept[orderDetails]   `json:"orderDetails,omitzero"`
	Product         kept[productDetails] `json:"productDetails,omitzero"`
	Secure          kept[secure3D]       `json:"threeDomainSecure,omitzero"`
	Webhooks        kept[hooks]          `json:"webhooks,omitzero"`
	ChargebackHooks kept[disputeHooks]   `json:"webhooksChargeback,omitzero"`
	ChargebackAlso  kept[disputeHooks]   `json:"webhookChargeback,omitzero"` // another spelling of it
	SubMerchant     kept[subMerchant]    `json:"subMerchant,omitzero"`
	CitMit          string               `json:"citMit,omitzero"`
	ExternalRef     string               `json:"externalReferenceId,omitzero"`
	ExternalSub     string               `json:"externalSubscriptionID,omitzero"`
	OriginalID      string               `json:"originalTransactionID,omitzero"`
	InitialRef      string               `json:"initialRecurrenceReference,omitzero"`
	TransactionMode string               `json:"transactionMode,omitzero"`
	Channel         string               `json:"channel,omitzero"`
	IgnoreWarnings  flag                 `json:"ignoreWarnings,omitzero"`
	IsNetworkToken  flag                 `json:"isNetworkToken,omitzero"`
	NetworkToken    kept[networkToken]   `json:"networkToken,omitzero"`

	// Of a payment by subscription.
	Name     string `json:"name,omitzero"`
	LastName string `json:"lastName,omitzero"`
	Email    string `json:"email,omitzero"`
}

// deferred asks for installments.
type deferred struct {
	GraceMonths           string `json:"graceMonths"`
	CreditType            string `json:"creditType"`
	Months                int    `json:"months"`
	IsInstallmentMerchant flag   `json:"isInstallmentMerchant,omitzero"`
}

// maxMonths bounds installments.
const maxMonths = 99

func (d *deferred) check() error {
	grace := len(d.GraceMonths) == 2 && digits(d.GraceMonths)
	credit := (len(d.CreditType) == 2 || len(d.CreditType) == 3) && digits(d.CreditType)
	if !grace || !credit || d.Months < 1 || d.Months > maxMonths {
		return pasarela.Errorf(pasarela.CodeInvalid, `deferred: send graceMonths "00", creditType "01" and months`)
	}
	return nil
}

var (
	citMits = []string{"", "C101", "C102", "C103", "C104", "M101", "M102", "M103", "M104", "M205", "M206", "M207", "M208"}
	modes   = []string{"", "initialRecurrence", "subsequentRecurrence"}
)

// check looks at what types cannot say.
func (o *order) check() error {
	if o.ChargebackHooks.IsZero() {
		o.ChargebackHooks = o.ChargebackAlso
	}
	o.ChargebackAlso = kept[disputeHooks]{}
	if o.Months < 0 || o.Months > maxMonths {
		return pasarela.Errorf(pasarela.CodeInvalid, "months: send 1 to %d", maxMonths)
	}
	if o.Deferred != nil {
		if err := o.Deferred.check(); err != nil {
			return err
		}
	}
	if o.ExternalRef != "" && !reference(o.ExternalRef, 5, 64) {
		return pasarela.Errorf(pasarela.CodeInvalid, "externalReferenceId: send 5 to 64 letters, digits, - or _")
	}
	if o.ExternalSub != "" && !reference(o.ExternalSub, 1, 64) {
		return pasarela.Errorf(pasarela.CodeInvalid, "externalSubscriptionID: send letters and digits")
	}
	if o.OriginalID != "" && !reference(o.OriginalID, 1, 36) {
		return pasarela.Errorf(pasarela.CodeInvalid, "originalTransactionID: send the scheme's id, at most 36 letters and digits")
	}
	if o.InitialRef != "" && !uuid(o.InitialRef) {
		return pasarela.Errorf(pasarela.CodeInvalid, "initialRecurrenceReference: send the transactionReference of the first payment")
	}
	for _, e := range []error{
		oneOf("citMit", o.CitMit, citMits...), oneOf("transactionMode", o.TransactionMode, modes...),
	} {
		if e != nil {
			return e
		}
	}
	return nil
}

// reference says whether s is made of letters, digits, - and _ and is as long as it must be.
func reference(s string, least, most int) bool {
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return len(s) >= least && len(s) <= most
}

// uuid says whether s has the form of a transaction reference.
func uuid(s string) bool {
	if len(s) != 36 {
		return false
	}
	for i := range len(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		hex := s[i] >= '0' && s[i] <= '9' || s[i]|0x20 >= 'a' && s[i]|0x20 <= 'f'
		if dash != (s[i] == '-') || !dash && !hex {
			return false
		}
	}
	return true
}

// installments is how many months the payment is split into; 1 is none. Published clients send months beside deferred,
// which says more and goes before it.
func (o *order) installments() int {
	if o.Deferred != nil {
		return o.Deferred.Months
	}
	return max(o.Months, 1)
}

// grace is the number of months before the first installment, "" where none was named.
func (o *order) grace() string {
	if o.Deferred == nil {
		return ""
	}
	return o.Deferred.GraceMonths
}

// store masks whatever was written freely and renders the order for the store.
func (c *call) store(o *order) ([]byte, error) {
	if _, err := o.own(); err != nil { // leaves out what could be used again
		return nil, err
	}
	if err := o.bounded(); err != nil {
		return nil, err
	}
	for _, raw := range []jsontext.Value{o.Webhooks.raw, o.ChargebackHooks.raw} {
		if len(raw) > 0 && !bytes.Equal(raw, c.Mask(raw)) {
			return nil, pasarela.Errorf(pasarela.CodeInvalid, "webhooks: send addresses and headers that do not look like a card number")
		}
	}
	for _, raw := range []*jsontext.Value{(*jsontext.Value)(&o.Metadata), &o.Contact.raw, &o.Order.raw, &o.Product.raw,
		&o.Secure.raw, &o.SubMerchant.raw, &o.NetworkToken.raw} {
		if err := c.maskJSON(raw); err != nil {
			return nil, err
		}
	}
	if o.ExternalRef != string(c.Mask([]byte(o.ExternalRef))) {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "externalReferenceId: send a reference that does not look like a card number")
	}
	for _, text := range []*string{&o.ExternalSub, &o.OriginalID, &o.InitialRef, &o.Channel, &o.Name, &o.LastName, &o.Email} {
		c.maskText(text)
	}
	stored, err := json.Marshal(o)
	if err != nil {
		return nil, pasarela.Wrap(pasarela.CodeInternal, err, "order cannot be encoded")
	}
	return stored, nil
}

// maskText masks a text that callers may write freely. The colon in front keeps it from being read as JSON, where a number
// by itself would be masked to another number; then digits are looked for that are escapes in a text which is JSON.
// What goes into each notification is bounded, because one request can have ten of them made.
const (
	maxFree = 64 << 10 // bytes of metadata, and of contactDetails, as JSON
	maxText = 1 << 10  // bytes of a text beside them
)

func (o *order) bounded() error {
	if err := boundedFree(o.Metadata, o.Contact); err != nil {
		return err
	}
	for _, text := range []string{o.Channel, o.Name, o.LastName, o.Email} {
		if len(text) > maxText {
			return pasarela.Errorf(pasarela.CodeInvalid, "channel, name, lastName, email: send at most %d bytes each", maxText)
		}
	}
	return nil
}

func boundedFree(metadata wire.Object, buyer kept[contact]) error {
	if len(metadata) > maxFree || len(buyer.raw) > maxFree {
		return pasarela.Errorf(pasarela.CodeInvalid, "metadata, contactDetails: send at most %d bytes of JSON each", maxFree)
	}
	return nil
}

// maskJSON masks what looks like a card number in the merchant's own JSON: as it is written, and as it would be written
// again, because a number in another spelling, such as one with an exponent, is a bare one in a notification.
func (h *Handler) maskJSON(raw *jsontext.Value) error {
	if len(*raw) == 0 {
		return nil
	}
	masked := jsontext.Value(h.Mask(*raw))
	again := restated(masked)
	if again == nil {
		return pasarela.Errorf(pasarela.CodeInvalid, "metadata: send names that do not look like card numbers: masked, two of them are the same")
	}
	if *raw = masked; !bytes.Equal(h.Mask(again), again) {
		*raw = h.Mask(again)
	}
	return nil
}

func (h *Handler) maskText(text *string) {
	if *text != "" {
		plain := h.Mask([]byte(":" + *text))[1:]
		*text = string(h.Mask(plain))
	}
}

// orderOf reads a payment's order back. One that another dialect wrote has no amounts of ours.
func (c *call) orderOf(p pasarela.Payment) *order {
	var o order
	if p.Dialect == dialect && len(p.Order) > 0 {
		if err := json.Unmarshal(p.Order, &o); err != nil {
			c.Log.LogAttrs(c.request.Context(), slog.LevelError, "stored order cannot be read; its amount is shown without taxes",
				slog.String("payment", string(p.ID)), slog.Any("error", err))
			o = order{}
		}
	}
	if o.Amount == nil {
		o.Amount = &amountRequest{amount: wholeAmount(p.Amount)}
	}
	return &o
}

// dialect names whose order a payment carries.
const dialect = "kushki"
