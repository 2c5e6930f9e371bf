package gateway

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/ledger"
	"pasarela/store"
)

// AuthorizeRequest asks for a hold or a sale: of a token, of a stored card, or of a card as it comes.
type AuthorizeRequest struct {
	Kind         pasarela.PaymentKind
	ID           pasarela.PaymentID // where it was promised before; "" for a new one
	Token        pasarela.TokenID
	Subscription pasarela.SubscriptionID // whose card it is; with Token, one that was made for it
	CVV          vault.CVV               // of Subscription, where the buyer gave it anew
	Card         *vault.Card             // in place of Token
	NeedsCVV     bool                    // of Card
	Redirect     pasarela.TokenID        // redirect payment that this one pays, "" for none: Token is the one sent for it
	Told         *pasarela.Redirect      // whose status tells of this payment of a stored card, made with it; nil for none
	HoldFor      time.Duration           // of a hold; 0 for as long as its kind of card has
	Amount       pasarela.Money
	Terms        pasarela.Terms
	Initial      pasarela.PaymentID  // first payment of the series that a subsequent one belongs to
	Own          *pasarela.OwnSecure // merchant's own 3-D Secure result, in place of ours
	Dialect      string
	Order        []byte // JSON of the dialect, kept with the payment; no card data
	Remember     Remember
	Answer       func(pasarela.Payment) Answer
	// Refused renders a refusal that spent the token, to be remembered as the outcome that it is; where it is
	// nil, none is remembered.
	Refused func(error) Answer

	scheduled time.Time // charges what has fallen due of Subscription by then, in place of Amount; zero for none
}

// Authorize asks the issuer for the amount and answers the payment: authorized, captured, declined, or
// reversing where no answer came in time.
//
// It returns CodeMerchantDisabled, CodeCurrencyNotAllowed, CodeTokenSpent, CodeTokenExpired; CodeAmountMismatch,
// CodeDeferredMismatch, CodeRecurrence, CodeAuthenticationRequired, CodeAuthenticationFailed and CodeOTPRequired
// (the token is spent by these all the same); CodeNotFound for a subscription; what the vault refuses of a card
// (CodeInvalid, CodeCardRejected, CodeCardNotEnabled) and CodeCVVRequired; CodeKeyReused, CodeBusy, *Replay, and
// CodeInternal where the promise or the outcome could not be stored: a hold that may exist then is reversed.
func (g *Gateway) Authorize(ctx context.Context, m pasarela.Merchant, r AuthorizeRequest) (pasarela.Payment, error) {
	if err := m.MayCharge(r.Amount.Currency); err != nil {
		return pasarela.Payment{}, err
	}
	var p pasarela.Payment
	var out outgoing
	var promised time.Time
	err := g.once(ctx, m.ID, r.Remember, g.endedPayment(m.ID, r), func() (err error) {
		promised = time.Now()
		p, out, err = g.promise(ctx, m, r)
		return err
	})
	if err != nil {
		g.countError("authorize", err)
		return pasarela.Payment{}, err
	}
	defer g.keys.done(m.ID, r.Remember.Name)
	p, err = g.seeThrough(ctx, m, promised, p, out, r)
	if err == nil && p.State == pasarela.StateReversing {
		g.reverseSoon(m.ID, p.ID)
	}
	return p, err
}

// outgoing is what a payment's message carries that its row does not keep.
type outgoing struct {
	cvv   pasarela.Sealed
	terms pasarela.Terms
}

// promise is the first step: it spends the source and commits the payment that is about to be sent. The
// payment is under way unless an error is returned.
func (g *Gateway) promise(ctx context.Context, m pasarela.Merchant, r AuthorizeRequest) (p pasarela.Payment, out outgoing, err error) {
	now := g.now()
	id, trace := r.ID, g.Acquirer.NextTrace()
	if id == "" {
		id = g.IDs.Payment()
	}
	card, err := g.takeCard(m, id, r)
	if err != nil {
		return p, out, err
	}
	g.underWay.begin(string(id))
	var refused error
	err = g.update(ctx, m.ID, func(tx store.Tx) error {
		p = pasarela.Payment{
			Merchant: m.ID, ID: id, Ticket: g.IDs.Ticket(now), Kind: r.Kind, State: pasarela.StateAuthorizing, Amount: r.Amount,
			Token: r.Token, Subscription: r.Subscription, Trace: trace, DueAt: g.deadline(now),
			Dialect: r.Dialect, Order: r.Order, CreatedAt: now, UpdatedAt: now,
		}
		if r.HoldFor > 0 {
			p.ExpiresAt = now.Add(r.HoldFor)
		}
		out, refused = outgoing{terms: r.Terms}, nil
		if err := r.Remember.claim(tx, string(id), now); err != nil {
			return err
		}
		if err, refused = g.takeSource(tx, m, &p, &out, card, r, now); err != nil {
			return err
		}
		if refused != nil {
			return r.Remember.settleRefused(tx, string(id), refused, r.Refused)
		}
		return tx.InsertPayment(p)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		g.underWay.end(string(id))
	}
	return p, out, err
}

// takeSource takes what is charged, and the proof that goes with it. refused says why the payment cannot go on
// although its source has served with this: that is to be committed.
func (g *Gateway) takeSource(tx store.Tx, m pasarela.Merchant, p *pasarela.Payment, out *outgoing, card vault.Sealing, r AuthorizeRequest, now time.Time) (err, refused error) {
	if r.Redirect != "" {
		if _, err := takeRedirect(tx, r.Redirect, func(d pasarela.Redirect) (pasarela.Redirect, error) { return d.Paid(r.Token, now) }); err != nil {
			return err, nil
		}
	}
	switch {
	case !r.scheduled.IsZero():
		err, refused = g.takePeriod(tx, m, p, r.scheduled)
	case r.Subscription != "":
		err, refused = chargeStored(tx, p, out, card.CVV, r, now)
	case r.Card != nil:
		p.Card, p.Facts, out.cvv = card.Card, card.Facts, card.CVV
		out.terms.Secure, refused = g.proveCard(m, r, card.Facts)
	default:
		err, refused = spendToken(tx, p, out, r, now)
	}
	if err != nil || refused != nil {
		return err, refused
	}
	p.Recurrence = out.terms.Recurrence
	if r.Told != nil {
		if err := tx.InsertRedirect(r.Told.Settled(*p, now)); err != nil {
			return err, nil
		}
	}
	return belongsToSeries(tx, *p, r)
}

// spendToken takes the card from the token.
func spendToken(tx store.Tx, p *pasarela.Payment, out *outgoing, r AuthorizeRequest, now time.Time) (err, refused error) {
	t, err := spend(tx, p.Token, pasarela.UseCharge, now)
	if err == nil && t.Subscription != "" {
		err = pasarela.Errorf(pasarela.CodeTokenSpent, "token was requested for a stored card")
	}
	if err != nil {
		return err, nil
	}
	p.Card, p.Facts, out.cvv = t.Card, t.Facts, t.CVV
	out.terms.NetworkToken = out.terms.NetworkToken || t.NetworkToken
	if t.Recurrence != pasarela.RecurrenceNone {
		out.terms.Recurrence = t.Recurrence
	}
	if t.Total != p.Amount {
		return nil, pasarela.Errorf(pasarela.CodeAmountMismatch, "amount is %s, token was requested for %s", p.Amount, t.Total)
	}
	if t.Deferred && r.Terms.Installments.Months < 2 {
		return nil, pasarela.Errorf(pasarela.CodeDeferredMismatch, "token was requested for installments: send months or deferred")
	}
	out.terms.Secure, err, refused = prove(tx, p, t, r.Own, now)
	return err, refused
}

// belongsToSeries refuses a subsequent payment that names no initial one which was approved.
func belongsToSeries(tx store.Tx, p pasarela.Payment, r AuthorizeRequest) (err, refused error) {
	if p.Recurrence != pasarela.RecurrenceSubsequent || p.Subscription != "" {
		return nil, nil
	}
	refused = pasarela.Errorf(pasarela.CodeRecurrence, "a subsequent payment names the initial one that was approved")
	if r.Initial == "" {
		return nil, refused
	}
	first, err := tx.Payment(r.Initial)
	switch {
	case pasarela.CodeOf(err) == pasarela.CodeNotFound:
		return nil, refused
	case err != nil:
		return err, nil
	case first.Recurrence != pasarela.RecurrenceInitial || first.ApprovalCode == "":
		return nil, refused
	case !r.Terms.NetworkToken && (first.Facts.BIN != p.Facts.BIN || first.Facts.LastFour != p.Facts.LastFour):
		return nil, pasarela.Errorf(pasarela.CodeRecurrence, "a subsequent payment is of the card that the initial one was of")
	}
	return nil, nil
}

// seeThrough is the second step and the third: it sends what was promised and commits what came of it.
func (g *Gateway) seeThrough(ctx context.Context, m pasarela.Merchant, promised time.Time, p pasarela.Payment, out outgoing, r AuthorizeRequest) (pasarela.Payment, error) {
	defer g.underWay.end(string(p.ID))
	message := request(pasarela.MessageSale, m, p)
	if r.Kind == pasarela.KindAuthorization {
		message.Message = pasarela.MessageAuthorize
	}
	message.CVV, message.Terms = out.cvv, out.terms
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
	err := g.update(ctx, m.ID, func(tx store.Tx) error {
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
		if err := endAttempt(tx, q, g.now()); err != nil {
			return err
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
		return p.Declined(a, now)
	case pasarela.OutcomeNotSent:
		return p.Declined(refusal(a), now)
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
	if p.State == pasarela.StateReversing || p.State == pasarela.StateReversed || pasarela.NeverSent(p.ResponseCode) {
		return r.Remember.release(tx, string(p.ID))
	}
	return r.Remember.settle(tx, string(p.ID), r.Answer(p))
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
