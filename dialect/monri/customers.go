package monri

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"pasarela"
	"pasarela/gateway"
)

// customerAnswer is a customer on the wire. All members are in every answer; null is what is not known.
type customerAnswer struct {
	Status             string         `json:"status"`
	UUID               string         `json:"uuid"`
	MerchantCustomerID *string        `json:"merchant_customer_id"`
	Description        *string        `json:"description"`
	Email              *string        `json:"email"`
	Name               *string        `json:"name"`
	Phone              *string        `json:"phone"`
	Metadata           jsontext.Value `json:"metadata"`
	ZipCode            *string        `json:"zip_code"`
	City               *string        `json:"city"`
	Address            *string        `json:"address"`
	Country            *string        `json:"country"`
	Deleted            bool           `json:"deleted"`
	CreatedAt          *string        `json:"created_at"`
	UpdatedAt          *string        `json:"updated_at"`
	DeletedAt          *string        `json:"deleted_at"`
}

// customersAnswer is a page of them.
type customersAnswer struct {
	Status string           `json:"status"`
	Data   []customerAnswer `json:"data"`
}

// deletedAnswer is what a deletion is answered with.
type deletedAnswer struct {
	Status  string `json:"status"`
	UUID    string `json:"uuid"`
	Deleted bool   `json:"deleted"`
}

// createCustomer is POST /v2/customers.
func (c *call) createCustomer() (gateway.Answer, error) {
	q, a, err := c.customerRequest()
	if err != nil {
		return gateway.Answer{}, err
	}
	made, err := c.gateway.CreateCustomer(c.request.Context(), c.merchant, q.applied(pasarela.CustomerDetails{}), a)
	return answerCustomer(made, err)
}

// changeCustomer is POST /v2/customers/{uuid}.
func (c *call) changeCustomer() (gateway.Answer, error) {
	q, a, err := c.customerRequest()
	if err != nil {
		return gateway.Answer{}, err
	}
	changed, err := c.gateway.ChangeCustomer(c.request.Context(), c.merchant, c.customerID(), q.applied, a)
	return answerCustomer(changed, err)
}

// customer is GET /v2/customers/{uuid}.
func (c *call) customer() (gateway.Answer, error) {
	return answerCustomer(c.gateway.Customer(c.request.Context(), c.merchant.ID, c.customerID()))
}

// customerOfMerchant is GET /v2/merchants/customers/{merchant_customer_id}.
func (c *call) customerOfMerchant() (gateway.Answer, error) {
	return answerCustomer(c.gateway.CustomerByReference(c.request.Context(), c.merchant.ID, c.request.PathValue("merchant_customer_id")))
}

// deleteCustomer is DELETE /v2/customers/{uuid}.
func (c *call) deleteCustomer() (gateway.Answer, error) {
	gone, err := c.gateway.DeleteCustomer(c.request.Context(), c.merchant, c.customerID())
	if err != nil {
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, deletedAnswer{Status: statusApproved, UUID: string(gone.ID), Deleted: true}), nil
}

// maxCustomers is how many customers a page has at most, and how many it has where none are asked for by number.
const maxCustomers = 100

// maxOffset bounds how many customers may be passed over.
const maxOffset = 999_999_999

// listCustomers is GET /v2/customers.
func (c *call) listCustomers() (gateway.Answer, error) {
	limit, err := c.number("limit", 1, maxCustomers, maxCustomers)
	if err != nil {
		return gateway.Answer{}, err
	}
	offset, err := c.number("offset", 0, maxOffset, 0)
	if err != nil {
		return gateway.Answer{}, err
	}
	page, err := c.gateway.Customers(c.request.Context(), c.merchant.ID, offset, limit)
	if err != nil {
		return gateway.Answer{}, err
	}
	a := customersAnswer{Status: statusApproved, Data: make([]customerAnswer, 0, len(page))}
	for _, customer := range page {
		a.Data = append(a.Data, renderCustomer(customer))
	}
	return encode(http.StatusOK, a), nil
}

// number reads a parameter of the query; otherwise is what it is where it is not there.
func (c *call) number(name string, least, most, otherwise int) (int, error) {
	values := c.request.URL.Query()[name]
	if len(values) == 0 {
		return otherwise, nil
	}
	n, err := strconv.Atoi(values[0])
	if err != nil || len(values) > 1 || !digits(values[0]) || n < least || n > most {
		return 0, pasarela.Errorf(pasarela.CodeInvalid, "%s: send one number from %d to %d", name, least, most)
	}
	return n, nil
}

func (c *call) customerID() pasarela.CustomerID {
	return pasarela.CustomerID(c.request.PathValue("uuid"))
}

// answerCustomer is the answer to whatever ends with a customer.
func answerCustomer(customer pasarela.Customer, err error) (gateway.Answer, error) {
	switch {
	case errors.Is(err, gateway.ErrCustomerExists):
		return gateway.Answer{}, pasarela.Errorf(pasarela.CodeInvalid, "merchant_customer_id: another customer has this one")
	case err != nil:
		return gateway.Answer{}, err
	}
	return encode(http.StatusOK, renderCustomer(customer)), nil
}

func renderCustomer(c pasarela.Customer) customerAnswer {
	return customerAnswer{
		Status: statusApproved, UUID: string(c.ID), MerchantCustomerID: orNull(c.Reference), Description: orNull(c.Description),
		Email: orNull(c.Email), Name: orNull(c.Name), Phone: orNull(c.Phone), Metadata: c.Metadata, ZipCode: orNull(c.ZipCode),
		City: orNull(c.City), Address: orNull(c.Address), Country: orNull(c.Country), Deleted: c.IsDeleted(),
		CreatedAt: orNull(dateTime(c.CreatedAt)), UpdatedAt: orNull(dateTime(c.UpdatedAt)), DeletedAt: orNull(dateTime(c.DeletedAt)),
	}
}

// orNull is a text as it is answered: null where it is empty.
func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// dateTime is a time as it is answered, to the second; "" for the zero time.
func dateTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}
