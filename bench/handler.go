package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// chargePath is the one route of the bare handler.
const chargePath = "/charge"

// handlerTokens is how many tokens there are to spend. After the last it begins again with the first, whose
// row is then smaller: that makes the handler faster, and the comparison stricter.
const handlerTokens = 20_000

// tokensPerUnit is how many of them one unit of work inserts.
const tokensPerUnit = 500

// bareHandler makes a charge's two commits and nothing else: it reads no request, seals nothing, asks
// nobody, and reads no row.
type bareHandler struct {
	store    store.Store
	ids      *pasarela.IDs
	merchant pasarela.MerchantID
	tokens   []pasarela.TokenID
	next     atomic.Int64
}

// ServeHandler runs the bare handler over s on a port of its own until ctx ends, and says on out where it
// listens.
func ServeHandler(ctx context.Context, s store.Store, out io.Writer) error {
	h := &bareHandler{store: s, ids: pasarela.NewIDs(rand.Reader)}
	h.merchant = h.ids.Merchant()
	if err := h.prepare(ctx); err != nil {
		return err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+chargePath, h.charge)
	server := &http.Server{Handler: mux, ReadHeaderTimeout: requestWithin}
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	if _, err := fmt.Fprintf(out, "The bare handler listens on %s\n", l.Addr()); err != nil {
		return errors.Join(err, server.Close())
	}
	select {
	case err = <-served:
		return err
	case <-ctx.Done():
		return server.Close()
	}
}

func (h *bareHandler) prepare(ctx context.Context) error {
	for len(h.tokens) < handlerTokens {
		err := h.store.Update(ctx, h.merchant, func(tx store.Tx) error {
			h.tokens = h.tokens[:len(h.tokens)/tokensPerUnit*tokensPerUnit] // where the unit runs again
			for range tokensPerUnit {
				t := h.token(pasarela.SystemClock{}.Now())
				if err := tx.InsertToken(t); err != nil {
					return err
				}
				h.tokens = append(h.tokens, t.ID)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("bare handler's tokens: %w", err)
		}
	}
	return nil
}

// facts are those of the test card.
var facts = pasarela.CardFacts{BIN: "545195", LastFour: "5480", Length: 16, Brand: pasarela.BrandMastercard,
	Type: pasarela.CardCredit, Country: "EC", Holder: "John Doe", Expiry: "3508"}

var total = pasarela.Money{Minor: 1698, Currency: "USD"}

// Sizes of what the vault and the dialect would give the rows, in bytes.
const (
	cardSize  = 49
	cvvSize   = 36
	orderSize = 200
)

func (h *bareHandler) token(now time.Time) pasarela.Token {
	id := h.ids.Token(now)
	sealed := func(size int) pasarela.Sealed {
		return pasarela.Sealed{Record: "token/" + string(id), Bytes: make([]byte, size)}
	}
	return pasarela.Token{Merchant: h.merchant, ID: id, Use: pasarela.UseCharge, Card: sealed(cardSize), CVV: sealed(cvvSize),
		Facts: facts, Fingerprint: "5f3ad6c1c4a1e8a7f2b09d3c6e5b4a18", Total: total, CreatedAt: now, ExpiresAt: now.Add(pasarela.TokenLife)}
}

func (h *bareHandler) charge(w http.ResponseWriter, r *http.Request) {
	token := h.tokens[h.next.Add(1)%int64(len(h.tokens))]
	now := pasarela.SystemClock{}.Now()
	p := h.payment(token, now)
	err := h.store.Update(r.Context(), h.merchant, func(tx store.Tx) error {
		if err := tx.SpendToken(token, now); err != nil {
			return err
		}
		return tx.InsertPayment(p)
	})
	if err == nil {
		err = h.settle(r.Context(), p)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusCreated)
	_, _ = fmt.Fprintf(w, `{"ticketNumber":%q,"transactionReference":%q}`, p.Ticket, p.ID) // a caller that went away can't be told so
}

func (h *bareHandler) payment(token pasarela.TokenID, now time.Time) pasarela.Payment {
	return pasarela.Payment{Merchant: h.merchant, ID: h.ids.Payment(), Ticket: h.ids.Ticket(now), Kind: pasarela.KindSale,
		State: pasarela.StateAuthorizing, Amount: total, Token: token,
		Card:  pasarela.Sealed{Record: "token/" + string(token), Bytes: make([]byte, cardSize)},
		Facts: facts, Trace: pasarela.Trace{STAN: 104211, RRN: "632515370241", SentAt: now.Truncate(time.Second)},
		DueAt: now.Add(35 * time.Second), Dialect: "kushki", Order: make([]byte, orderSize), CreatedAt: now, UpdatedAt: now}
}

func (h *bareHandler) settle(ctx context.Context, p pasarela.Payment) error {
	now := pasarela.SystemClock{}.Now()
	p, err := p.Approved(pasarela.NetworkAnswer{Outcome: pasarela.OutcomeApproved, ResponseCode: "00", ApprovalCode: "641205"}, now)
	if err != nil {
		return err
	}
	postings := ledger.OnApproved(p)
	for i := range postings {
		postings[i].ID = h.ids.Posting(now)
	}
	return h.store.Update(ctx, h.merchant, func(tx store.Tx) error {
		if err := tx.PutPayment(p); err != nil {
			return err
		}
		return tx.Post(postings)
	})
}
