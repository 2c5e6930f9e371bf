package gateway

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/ledger"
	"pasarela/store"
)

// AuthorizeRequest asks for a hold or a sale, of a token or of a stored card.
type AuthorizeRequest struct {
	Kind         pasarela.PaymentKind
	Token        pasarela.TokenID
	Subscription pasarela.SubscriptionID // in place of Token
	Amount       pasarela.Money
	Deferred     bool // in installments
	Dialect      string
	Order        []byte // JSON of the dialect, kept with the payment; no card data
	Remember     Remember
	Answer       func(pasarela.Payment) Answer
	// Refused renders a refusal that spent the token, to be remembered as the outcome that it is; where it is
	// nil, none is remembered.
	Refused func(error) Answer
}

// Authorize asks the issuer for the amount and answers the payment: authorized, captured, declined, or
// reversing where no answer came in time.
//
// It returns CodeCurrencyNotAllowed, CodeTokenSpent, CodeTokenExpired, CodeAmountMismatch and
// CodeDeferredMismatch (the token is spent by both all the same), CodeNotFound for a subscription,
// CodeKeyReused, CodeBusy, *Replay, and CodeInternal where the promise or the outcome could not be stored; a
// hold that may exist then is reversed.
func (g *Gateway) Authorize(ctx context.Context, m pasarela.Merchant, r AuthorizeRequest) (pasarela.Payment, error) {
	if !m.Allows(r.Amount.Currency) {
		return pasarela.Payment{}, pasarela.Errorf(pasarela.CodeCurrencyNotAllowed, "merchant may not charge in %s", r.Amount.Currency)
	}
	var p pasarela.Payment
	var cvv pasarela.Sealed
	var promised time.Time
	err := g.once(ctx, m.ID, r.Remember, g.endedPayment(m.ID, r), func() (err error) {
		promised = time.Now()
		p, cvv, err = g.promise(ctx, m, r)
		return err
	})
	if err != nil {
		g.countError("authorize", err)
		return pasarela.Payment{}, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	p, err = g.seeThrough(ctx, m, promised, p, cvv, r)
	if err == nil && p.State == pasarela.StateReversing {
		g.reverseSoon(m.ID, p.ID)
	}
	return p, err
}

// promise is the first step: it spends the source and commits the payment that is about to be sent. The
// payment is under way unless an error is returned.
func (g *Gateway) promise(ctx context.Context, m pasarela.Merchant, r AuthorizeRequest) (p pasarela.Payment, cvv pasarela.Sealed, err error) {
	now := g.now()
	id, ticket, trace := g.IDs.Payment(), g.IDs.Ticket(now), g.Acquirer.NextTrace()
	g.underWay.begin(string(id))
	var refused error
	err = g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		p = pasarela.Payment{
			Merchant: m.ID, ID: id, Ticket: ticket, Kind: r.Kind, State: pasarela.StateAuthorizing, Amount: r.Amount,
			Token: r.Token, Subscription: r.Subscription, Trace: trace, DueAt: g.deadline(now),
			Dialect: r.Dialect, Order: r.Order, CreatedAt: now, UpdatedAt: now,
		}
		refused = nil
		if err := r.Remember.claim(tx, string(id), now); err != nil {
			return err
		}
		if r.Subscription != "" {
			err = chargeSubscription(tx, &p)
		} else {
			cvv, err, refused = spendToken(tx, &p, r.Deferred, now)
		}
		if err != nil {
			return err
		}
		if refused != nil {
			return r.settleRefused(tx, string(id), refused)
		}
		return tx.InsertPayment(p)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		g.underWay.end(string(id))
	}
	return p, cvv, err
}

// spendToken takes the card from the token. refused says why the payment cannot go on although the token
// has served with this: its spending is to be committed.
func spendToken(tx store.Tx, p *pasarela.Payment, deferred bool, now time.Time) (cvv pasarela.Sealed, err, refused error) {
	t, err := tx.Token(p.Token)
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return cvv, pasarela.Errorf(pasarela.CodeTokenSpent, "unknown token"), nil
	}
	if err != nil {
		return cvv, err, nil
	}
	if t, err = t.Spend(pasarela.UseCharge, now); err != nil {
		return cvv, err, nil
	}
	if err := tx.SpendToken(t.ID, now); err != nil {
		return cvv, err, nil
	}
	if t.Total != p.Amount {
		refused = pasarela.Errorf(pasarela.CodeAmountMismatch, "amount is %s, token was requested for %s", p.Amount, t.Total)
	}
	if t.Deferred && !deferred {
		refused = pasarela.Errorf(pasarela.CodeDeferredMismatch, "token was requested for installments: send months or deferred")
	}
	p.Card, p.Facts = t.Card, t.Facts
	return t.CVV, nil, refused
}

func chargeSubscription(tx store.Tx, p *pasarela.Payment) error {
	s, err := tx.Subscription(p.Subscription)
	if err != nil {
		return err
	}
	if err := s.Chargeable(); err != nil {
		return err
	}
	p.Card, p.Facts = s.Card, s.Facts
	return nil
}

// seeThrough is the second step and the third: it sends what was promised and commits what came of it.
func (g *Gateway) seeThrough(ctx context.Context, m pasarela.Merchant, promised time.Time, p pasarela.Payment, cvv pasarela.Sealed, r AuthorizeRequest) (pasarela.Payment, error) {
	defer g.underWay.end(string(p.ID))
	message := request(pasarela.MessageSale, m, p)
	if r.Kind == pasarela.KindAuthorization {
		message.Message = pasarela.MessageAuthorize
	}
	message.CVV = cvv
	answer := g.sendPromised(ctx, promised, message)
	ctx, cancel := afterwards(ctx)
	defer cancel()
	done, err := g.conclude(ctx, m, p, answer, r)
	if err != nil && g.stored(ctx, done) {
		err = nil // the commit's failure was that of its acknowledgement
	}
	if err != nil {
		g.Log.LogAttrs(ctx, slog.LevelError, "outcome of an authorization was not stored; it will be reversed",
			slog.String("merchant", string(m.ID)), slog.String("payment", string(p.ID)),
			slog.String("outcome", string(answer.Outcome)), slog.Any("error", err))
		g.countError("authorize", err)
		return pasarela.Payment{}, pasarela.Wrap(pasarela.CodeInternal, err, "outcome was not stored")
	}
	g.Observer.Outcome("authorize", string(answer.Outcome), done.ResponseCode)
	return done, nil
}

// stored says whether a payment stands in the store as a unit left it whose commit returned an error. A unit
// that did not get as far as its commit leaves the zero payment.
func (g *Gateway) stored(ctx context.Context, p pasarela.Payment) bool {
	if p.ID == "" {
		return false
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	q, err := g.Store.Payment(ctx, p.Merchant, p.ID)
	return err == nil && q.State == p.State && q.UpdatedAt.Equal(p.UpdatedAt)
}

// conclude is the third step: it commits what came of the message.
func (g *Gateway) conclude(ctx context.Context, m pasarela.Merchant, p pasarela.Payment, a pasarela.NetworkAnswer, r AuthorizeRequest) (pasarela.Payment, error) {
	var done pasarela.Payment
	err := g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		done = pasarela.Payment{}
		q, err := tx.Payment(p.ID)
		if err != nil {
			return err
		}
		if q, err = g.outcome(q, a, g.now()); err != nil {
			return err
		}
		if err := tx.PutPayment(q); err != nil {
			return err
		}
		if q.State == pasarela.StateAuthorized || q.State == pasarela.StateCaptured {
			if err := g.post(tx, ledger.OnApproved(q)); err != nil {
				return err
			}
		}
		if err := r.settle(tx, q); err != nil {
			return err
		}
		done = q
		return nil
	})
	return done, err
}

// outcome applies an answer to a payment that is authorizing. One that another node took for abandoned
// meanwhile stays reversed, and is reversed anew where the issuer may have approved after that.
func (g *Gateway) outcome(p pasarela.Payment, a pasarela.NetworkAnswer, now time.Time) (pasarela.Payment, error) {
	approved := a.Outcome == pasarela.OutcomeApproved || a.Outcome == pasarela.OutcomeUnknown
	switch {
	case p.State != pasarela.StateReversed && p.State != pasarela.StateReversing:
	case approved:
		return p.Reopened(g.Acquirer.NextTrace(), now)
	default:
		return p, nil
	}
	switch a.Outcome {
	case pasarela.OutcomeApproved:
		return p.Approved(a, now)
	case pasarela.OutcomeDeclined:
		return p.Declined(a.ResponseCode, now)
	case pasarela.OutcomeNotSent:
		return p.Declined(pasarela.ResponseUnreachable, now)
	default:
		return p.Unknown(g.Acquirer.NextTrace(), now)
	}
}

// settle remembers the answer of an authorization that reached an outcome. One that is being reversed did
// not: its key may be used again.
func (r AuthorizeRequest) settle(tx store.Tx, p pasarela.Payment) error {
	if r.Remember.Name == "" {
		return nil
	}
	if p.State == pasarela.StateReversing || p.State == pasarela.StateReversed || p.ResponseCode == pasarela.ResponseUnreachable {
		return r.Remember.release(tx, string(p.ID))
	}
	return r.Remember.settle(tx, string(p.ID), r.Answer(p))
}

// settleRefused remembers the answer of a refusal that spent the token: a repetition could only be told that the
// token has served.
func (r AuthorizeRequest) settleRefused(tx store.Tx, holder string, refused error) error {
	if r.Remember.Name == "" || r.Refused == nil {
		return r.Remember.release(tx, holder)
	}
	return r.Remember.settle(tx, holder, r.Refused(refused))
}

// endedPayment judges a key whose holder is a payment.
func (g *Gateway) endedPayment(m pasarela.MerchantID, r AuthorizeRequest) judge {
	return func(ctx context.Context, holder string) (verdict, error) {
		p, err := g.Store.Payment(ctx, m, pasarela.PaymentID(holder))
		switch {
		case err != nil:
			return verdict{}, err
		case p.State == pasarela.StateAuthorizing || p.State == pasarela.StateReversing:
			return verdict{}, nil
		case p.State == pasarela.StateDeclined || p.State == pasarela.StateReversed:
			return verdict{ended: true}, nil
		}
		answer := r.Answer(p)
		return verdict{ended: true, answer: &answer}, nil
	}
}

// post gives postings their ids and appends them.
func (g *Gateway) post(tx store.Tx, postings []ledger.Posting) error {
	for i := range postings {
		postings[i].ID = g.IDs.Posting(postings[i].At)
	}
	return tx.Post(postings)
}

func (g *Gateway) countError(verb string, err error) {
	if _, replayed := errors.AsType[*Replay](err); replayed {
		g.Observer.Outcome(verb, "replayed", "")
		return
	}
	g.Observer.Outcome(verb, "error", string(pasarela.CodeOf(err)))
}
