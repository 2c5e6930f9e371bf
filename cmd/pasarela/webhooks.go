package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pasarela"
	"pasarela/sandbox"
	"pasarela/store"
)

type webhooksCommand struct {
	List   webhooksList   `cmd:"" help:"List what merchants were told or are to be told, oldest first for each merchant. Example: pasarela webhooks list --merchant ID --state parked --attempts --data ./pasarela-data"`
	Replay webhooksReplay `cmd:"" help:"Send again what was delivered, was given up, or waits. A running gateway begins within seconds. Examples: pasarela webhooks replay --merchant ID --id 193000000000000001; pasarela webhooks replay --merchant ID --state parked --from 2031-03-01T00:00:00Z --to 2031-03-02T00:00:00Z"`
	Test   webhooksTest   `cmd:"" help:"Send {}, signed, to each address that a merchant has registered, as Kushki does when one is registered, and print the answers; exit 1 when one did not answer 2xx. Example: pasarela webhooks test --merchant ID --data ./pasarela-data"`
	Rotate webhooksRotate `cmd:"" help:"Exchange the secrets that a merchant's notifications are signed with. Old and new ones are valid side by side for a while. Example: pasarela webhooks rotate --merchant ID --overlap 72h --data ./pasarela-data"`
}

// span picks deliveries by when they were made.
type span struct {
	From time.Time `help:"Only what is of this time or later, RFC 3339." format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME"`
	To   time.Time `help:"Only what is of this time or earlier, RFC 3339." format:"2006-01-02T15:04:05Z07:00" placeholder:"TIME"`
}

// deliveryPage is how many deliveries are read, or written, at once.
const deliveryPage = 200

// eachDelivery calls visit for a merchant's deliveries that fit, page by page.
func eachDelivery(ctx context.Context, s store.Reader, m pasarela.MerchantID, fit store.DeliveryFilter, visit func([]pasarela.Delivery) error) error {
	after := pasarela.DeliveryID("")
	for {
		page, err := s.Deliveries(ctx, m, fit, after, deliveryPage)
		if err != nil || len(page) == 0 {
			return err
		}
		if err := visit(page); err != nil {
			return err
		}
		after = page[len(page)-1].ID
	}
}

type webhooksList struct {
	keyed                        // so that it takes the flags of the gateway; it opens nothing that is sealed
	Merchant pasarela.MerchantID `help:"Only this merchant's." placeholder:"ID"`
	State    string              `help:"Only those that are pending, delivered or parked." enum:",pending,delivered,parked" default:"" placeholder:"STATE"`
	Event    pasarela.EventID    `help:"Only those that tell of this event, by its number in the feed." placeholder:"ID"`
	span
	Attempts bool `help:"With the log of each: when, how long, what was answered."`
	JSON     bool `name:"json" help:"Print them as JSON, with all that is known of each."`
}

// Run implements the command.
func (c *webhooksList) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	fit := store.DeliveryFilter{Event: pasarela.EventID(strings.TrimPrefix(string(c.Event), "evt_")), State: pasarela.DeliveryState(c.State), From: c.From, To: c.To}
	print := printer{json: c.JSON}
	err = eachOf(ctx, s, c.Merchant, func(m pasarela.MerchantID) error {
		return eachDelivery(ctx, s, m, fit, func(page []pasarela.Delivery) error {
			for _, d := range page {
				var log []pasarela.DeliveryAttempt
				if c.Attempts {
					if log, err = s.DeliveryAttempts(ctx, m, d.ID); err != nil {
						return err
					}
				}
				if err := print.delivery(d, log); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil && print.printed == 0 {
		return err
	}
	return errors.Join(err, print.end()) // what was printed of a JSON array is closed whatever happened
}

// eachOf visits one merchant, or all where none is named.
func eachOf(ctx context.Context, s store.Merchants, one pasarela.MerchantID, visit func(pasarela.MerchantID) error) error {
	if one != "" {
		if _, err := s.Merchant(ctx, one); err != nil {
			return unknownMerchant(one, err)
		}
		return visit(one)
	}
	for {
		page, err := s.MerchantIDs(ctx, one, deliveryPage)
		if err != nil || len(page) == 0 {
			return err
		}
		for _, m := range page {
			if err := visit(m); err != nil {
				return err
			}
		}
		one = page[len(page)-1]
	}
}

// printer writes deliveries as they come, for there may be a great many.
type printer struct {
	json    bool
	printed int
}

// deliveryJSON is a delivery as --json prints it.
type deliveryJSON struct {
	ID        pasarela.DeliveryID      `json:"id"`
	Merchant  pasarela.MerchantID      `json:"merchant_id"`
	Event     pasarela.EventID         `json:"event"`
	Kind      pasarela.EventKind       `json:"kind"`
	Format    string                   `json:"format"`
	URL       string                   `json:"url"`
	Subject   string                   `json:"subject"`
	State     pasarela.DeliveryState   `json:"state"`
	Attempts  int                      `json:"attempts"`
	CreatedAt time.Time                `json:"created_at"`
	UpdatedAt time.Time                `json:"updated_at"`
	DueAt     *time.Time               `json:"due_at"`            // null where no attempt is due
	Headers   []pasarela.WebhookHeader `json:"headers,omitempty"` // their names: a value may be a secret of the merchant's
	Body      string                   `json:"body"`
	Log       []attemptJSON            `json:"log,omitempty"`
}

type attemptJSON struct {
	Number int       `json:"number"`
	At     time.Time `json:"at"`
	TookMS float64   `json:"took_ms"`
	Status int       `json:"status"` // 0 where there was no answer
	Answer string    `json:"answer"`
	Error  string    `json:"error,omitempty"`
}

func (p *printer) delivery(d pasarela.Delivery, log []pasarela.DeliveryAttempt) error {
	p.printed++
	if p.json {
		return p.deliveryJSON(d, log)
	}
	if p.printed == 1 {
		fmt.Printf("%-18s  %-20s  %-20s  %-9s  %8s  %-20s  %-28s  %s\n", "DELIVERY", "MERCHANT", "MADE", "STATE", "ATTEMPTS", "NEXT", "KIND", "ENDPOINT")
	}
	next := "-"
	if !d.DueAt.IsZero() {
		next = d.DueAt.Format(time.RFC3339)
	}
	fmt.Printf("%-18s  %-20s  %-20s  %-9s  %8d  %-20s  %-28s  %s\n", d.ID, d.Merchant, d.CreatedAt.Format(time.RFC3339), d.State, d.Attempts, next, d.Kind, d.Endpoint)
	for _, a := range log {
		said := a.Error
		if a.Status != 0 {
			said = fmt.Sprintf("%d %q", a.Status, a.Answer)
		}
		fmt.Printf("  %3d  %s  %8s  %s\n", a.Number, a.At.Format(time.RFC3339), a.Took.Round(time.Millisecond), said)
	}
	return nil
}

func (p *printer) deliveryJSON(d pasarela.Delivery, log []pasarela.DeliveryAttempt) error {
	j := deliveryJSON{d.ID, d.Merchant, d.Event, d.Kind, d.Format, d.URL, d.Subject, d.State, d.Attempts, d.CreatedAt, d.UpdatedAt, when(d.DueAt), sandbox.HeaderNames(d.Headers), string(d.Body), nil}
	for _, a := range log {
		j.Log = append(j.Log, attemptJSON{a.Number, a.At, float64(a.Took.Microseconds()) / 1000, a.Status, string(a.Answer), a.Error})
	}
	before := "[\n"
	if p.printed > 1 {
		before = ",\n"
	}
	raw, err := json.Marshal(j)
	if err == nil {
		_, err = fmt.Fprintf(os.Stdout, "%s%s", before, raw)
	}
	return err
}

// end closes what was printed.
func (p *printer) end() (err error) {
	switch {
	case p.json && p.printed == 0:
		_, err = fmt.Println("[]")
	case p.json:
		_, err = fmt.Println("\n]")
	case p.printed == 0:
		_, err = fmt.Println("There are none.")
	}
	return err
}

type webhooksReplay struct {
	operated
	Merchant pasarela.MerchantID `required:"" help:"Whose." placeholder:"ID"`
	ID       pasarela.DeliveryID `help:"Of one delivery, as list shows it." placeholder:"ID"`
	State    string              `help:"Of those between --from and --to, only those that are pending, delivered or parked." enum:",pending,delivered,parked" default:"" placeholder:"STATE"`
	span
}

// Run implements the command.
func (c *webhooksReplay) Run(ctx context.Context) (err error) {
	if one, several := c.ID != "", !c.From.IsZero() && !c.To.IsZero(); one == several || one && (c.State != "" || !c.From.IsZero() || !c.To.IsZero()) {
		return errors.New("say what to replay: --id, or --from and --to, with --state where not all of it")
	}
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if _, err := s.Merchant(ctx, c.Merchant); err != nil {
		return unknownMerchant(c.Merchant, err)
	}
	n, err := c.replay(ctx, s)
	if err != nil {
		return err
	}
	fmt.Printf("%d deliveries are due again.\n", n)
	return nil
}

func (c *webhooksReplay) replay(ctx context.Context, s store.Store) (replayed int, _ error) {
	clock, _, err := c.clock(c.place)
	if err != nil {
		return 0, err
	}
	again := func(ids []pasarela.DeliveryID) error {
		err := s.Update(ctx, c.Merchant, func(tx store.Tx) error {
			for _, id := range ids {
				d, err := tx.Delivery(id)
				if err != nil {
					return err
				}
				if err := tx.PutDelivery(d.Replayed(clock.Now())); err != nil {
					return err
				}
			}
			return nil
		})
		if err == nil {
			replayed += len(ids)
		}
		return err
	}
	if c.ID != "" {
		err := again([]pasarela.DeliveryID{c.ID})
		if errors.Is(err, store.ErrNotFound) {
			return 0, fmt.Errorf("merchant %s has no delivery %s: `pasarela webhooks list --merchant %s` shows all", c.Merchant, c.ID, c.Merchant)
		}
		return replayed, err
	}
	fit := store.DeliveryFilter{State: pasarela.DeliveryState(c.State), From: c.From, To: c.To}
	return replayed, eachDelivery(ctx, s, c.Merchant, fit, func(page []pasarela.Delivery) error {
		ids := make([]pasarela.DeliveryID, len(page))
		for i, d := range page {
			ids[i] = d.ID
		}
		return again(ids)
	})
}
