package threeds

import (
	"pasarela"
	"pasarela/cde/internal/pan"
	"pasarela/cde/vault"
)

// Values of an AReq.
const (
	channelBrowser = "02"

	CategoryPayment    = "01" // messageCategory
	CategoryNonPayment = "02"

	// What the authentication is for (threeDSRequestorAuthenticationInd).
	purposePayment     = "01"
	purposeRecurring   = "02"
	purposeInstallment = "03"
	purposeAddCard     = "04"

	challengeNoPreference = "01"
	ChallengeMandated     = "04" // threeDSRequestorChallengeInd

	// Whether the issuer's fingerprinting page was run (threeDSCompInd). It needs JavaScript, so it never is.
	methodNotRun = "N"
	methodNone   = "U" // the issuer has none
)

// AReq asks the issuer to authenticate a cardholder.
type AReq struct {
	Header
	ThreeDSServerTransID     string `json:"threeDSServerTransID"`
	ThreeDSServerRefNumber   string `json:"threeDSServerRefNumber"`
	ThreeDSServerOperatorID  string `json:"threeDSServerOperatorID,omitempty"`
	ThreeDSServerURL         string `json:"threeDSServerURL"`
	ThreeDSCompInd           string `json:"threeDSCompInd"`
	DeviceChannel            string `json:"deviceChannel"`
	MessageCategory          string `json:"messageCategory"`
	ThreeDSRequestorID       string `json:"threeDSRequestorID"`
	ThreeDSRequestorName     string `json:"threeDSRequestorName"`
	ThreeDSRequestorURL      string `json:"threeDSRequestorURL"`
	AuthenticationInd        string `json:"threeDSRequestorAuthenticationInd"`
	ChallengeInd             string `json:"threeDSRequestorChallengeInd,omitempty"`
	AcquirerBIN              string `json:"acquirerBIN,omitempty"`
	AcquirerMerchantID       string `json:"acquirerMerchantID,omitempty"`
	MCC                      string `json:"mcc,omitempty"`
	MerchantCountryCode      string `json:"merchantCountryCode,omitempty"`
	MerchantName             string `json:"merchantName,omitempty"`
	PurchaseAmount           string `json:"purchaseAmount,omitempty"`
	PurchaseCurrency         string `json:"purchaseCurrency,omitempty"`
	PurchaseExponent         string `json:"purchaseExponent,omitempty"`
	PurchaseDate             string `json:"purchaseDate,omitempty"`
	PurchaseInstalData       string `json:"purchaseInstalData,omitempty"`
	RecurringExpiry          string `json:"recurringExpiry,omitempty"`
	RecurringFrequency       string `json:"recurringFrequency,omitempty"`
	CardExpiryDate           string `json:"cardExpiryDate,omitempty"`
	CardholderName           string `json:"cardholderName,omitempty"`
	BrowserAcceptHeader      string `json:"browserAcceptHeader"`
	BrowserIP                string `json:"browserIP,omitempty"`
	BrowserJavascriptEnabled bool   `json:"browserJavascriptEnabled"`
	BrowserLanguage          string `json:"browserLanguage"`
	BrowserUserAgent         string `json:"browserUserAgent"`
	NotificationURL          string `json:"notificationURL"`

	MessageExtension []Extension `json:"messageExtension,omitempty"`

	// AcctNumber prints as its mask, and Encode leaves the masked number in its place: only encode writes it.
	AcctNumber vault.Number `json:"acctNumber,omitzero"`
}

// ARes is the directory server's answer to an AReq, mostly in the issuer's words.
type ARes struct {
	Header
	ThreeDSServerTransID string      `json:"threeDSServerTransID"`
	ACSTransID           string      `json:"acsTransID"`
	DSTransID            string      `json:"dsTransID"`
	ACSReferenceNumber   string      `json:"acsReferenceNumber,omitempty"`
	ACSOperatorID        string      `json:"acsOperatorID,omitempty"`
	DSReferenceNumber    string      `json:"dsReferenceNumber,omitempty"`
	ACSURL               string      `json:"acsURL,omitempty"`
	ACSChallengeMandated string      `json:"acsChallengeMandated,omitempty"`
	AuthenticationType   string      `json:"authenticationType,omitempty"`
	AuthenticationValue  string      `json:"authenticationValue,omitempty"`
	ECI                  string      `json:"eci,omitempty"`
	TransStatus          string      `json:"transStatus"`
	TransStatusReason    string      `json:"transStatusReason,omitempty"`
	CardholderInfo       string      `json:"cardholderInfo,omitempty"`
	MessageExtension     []Extension `json:"messageExtension,omitempty"`
}

// room is more than the member of the number takes.
const room = 40

// encode writes the message with the number in clear, into one buffer that the caller wipes. The encoder, whose
// buffers are shared and not wiped, never sees the number.
func (a AReq) encode() ([]byte, error) {
	number := a.AcctNumber
	a.AcctNumber = vault.Number{}
	rest, err := Encode(a)
	if err != nil {
		return nil, err
	}
	if number.IsZero() {
		return nil, pasarela.Errorf(pasarela.CodeInvalid, "3-D Secure: there is no card number to ask about")
	}
	body := make([]byte, 0, len(rest)+room)
	body = append(body, `{"acctNumber":"`...)
	body = pan.AppendDigits(body, number)
	body = append(body, `",`...)
	return append(body, rest[1:]...), nil // the first byte is the opening brace
}
