package gateway

import (
	"context"
	"crypto/subtle"
	"log/slog"
	"time"

	"pasarela"
	"pasarela/cde/threeds"
	"pasarela/cde/vault"
	"pasarela/store"
)

// Authenticator is the 3-D Secure server.
type Authenticator interface {
	// Enrolled says whether the card's range takes part in 3-D Secure.
	Enrolled(n vault.Number) bool
	// Authenticate asks the directory server. What goes wrong is part of the answer.
	Authenticate(ctx context.Context, r threeds.Request) pasarela.AuthenticationAnswer
	// Answer plays the cardholder's browser, in a sandbox whose browser library shows a mock of the challenge.
	Answer(ctx context.Context, a pasarela.Authentication, code string) error
}

// nobodyEnrolled stands where no directory server is configured.
type nobodyEnrolled struct{}

func (nobodyEnrolled) Enrolled(vault.Number) bool { return false }

func (nobodyEnrolled) Authenticate(context.Context, threeds.Request) pasarela.AuthenticationAnswer {
	return pasarela.AuthenticationAnswer{State: pasarela.AuthenticationFailed, Reason: pasarela.ReasonUnavailable}
}

func (nobodyEnrolled) Answer(context.Context, pasarela.Authentication, string) error {
	return pasarela.Errorf(pasarela.CodeInternal, "no directory server is configured")
}

// Challenge says how a token's cardholder can be asked.
type Challenge struct {
	Mode      pasarela.ChallengeMode
	ReturnURL string // with ChallengeURL and ChallengeFrame
	Browser   pasarela.Browser
	Mandated  bool // ask whatever the merchant's rules and the issuer think, where the card has an issuer that can
	OTP       OTP  // where the merchant, or a sandbox's card, asks for a one-time password
}

// OTP is a one-time password: the amount of a hold that the cardholder finds on the card's statement.
type OTP struct {
	Amount pasarela.Money
	Code   string // three digits, those of Amount
}

// authentication finds out whether a new token has to be authenticated, and begins it. It answers the zero
// value where nothing is demanded. Nothing of it is stored yet.
func (g *Gateway) authentication(ctx context.Context, m pasarela.Merchant, t pasarela.Token, r TokenizeRequest, asksOTP bool) (pasarela.Authentication, error) {
	if r.Use != pasarela.UseCharge && r.Use != pasarela.UseSubscription || exempt(m, r.Recurrence, r.NetworkToken, r.Card) {
		return pasarela.Authentication{}, nil
	}
	a := pasarela.Authentication{Merchant: m.ID, ID: g.IDs.Authentication(), Kind: pasarela.AuthenticateThreeDS,
		State: pasarela.AuthenticationPending, Token: t.ID,
		Mode: r.Challenge.Mode, ReturnURL: r.Challenge.ReturnURL, Origin: r.Challenge.Browser.Origin,
		CreatedAt: t.CreatedAt, ExpiresAt: t.CreatedAt.Add(pasarela.AuthenticationLife), UpdatedAt: t.CreatedAt}
	total := t.Total
	if r.Use == pasarela.UseSubscription { // nobody knows yet what will be charged
		total = pasarela.Money{}
	}
	demanded := m.Demands(total, t.Facts.Country)
	if insist := demanded && g.Authenticator.Enrolled(r.Card.Number); insist || r.Challenge.Mandated {
		asked, err := g.askIssuer(ctx, m, a, t, r)
		if err != nil || insist || asked.Reason != pasarela.ReasonNotEnrolled {
			return asked, err
		} // else there is nobody to ask
	}
	switch {
	case demanded && m.ThreeDS == pasarela.ThreeDSAlways:
		return a.Failed(pasarela.ReasonNotEnrolled, a.CreatedAt)
	case asksOTP || m.OTP: // where the page has nowhere to type one, the charge is refused
		a.Kind, a.Mode = pasarela.AuthenticateOTP, pasarela.ChallengeScript
		return g.holdForOTP(ctx, m, a, t, r.Challenge.OTP, !asksOTP)
	default:
		return pasarela.Authentication{}, nil
	}
}

// exempt says whether a payment is not the cardholder's to confirm: a later one of a series, which its charge holds
// against the first, or one of a network token whose cryptogram the issuer will check.
func exempt(m pasarela.Merchant, place pasarela.Recurrence, networkToken bool, c vault.Card) bool {
	return place == pasarela.RecurrenceSubsequent ||
		networkToken && c.Cryptogram != "" && m.ThreeDS != pasarela.ThreeDSAlways
}

func (g *Gateway) askIssuer(ctx context.Context, m pasarela.Merchant, a pasarela.Authentication, t pasarela.Token, r TokenizeRequest) (pasarela.Authentication, error) {
	answer := g.Authenticator.Authenticate(ctx, threeds.Request{
		ID: a.ID, Merchant: m, Card: r.Card, Brand: t.Facts.Brand, Amount: t.Total, Recurrence: r.Recurrence,
		Challenge: r.Challenge.Mandated, Browser: r.Challenge.Browser, Mode: a.Mode, ReturnURL: a.ReturnURL,
	})
	g.Observer.Outcome("authenticate", string(answer.State), string(answer.Reason))
	return concluded(a, answer, t.Facts.Brand, g.now())
}

// concluded applies what the issuer said. A proof in the words of another scheme is none.
func concluded(a pasarela.Authentication, answer pasarela.AuthenticationAnswer, b pasarela.Brand, now time.Time) (pasarela.Authentication, error) {
	switch answer.State {
	case pasarela.AuthenticationAuthenticated:
		if !answer.Secure.Fits(b) {
			return a.Failed(pasarela.ReasonInvalid, now)
		}
		return a.Authenticated(answer.Secure, now)
	case pasarela.AuthenticationFailed:
		return a.Failed(answer.Reason, now)
	default:
		a.ACSURL, a.ACSID, a.ByLink, a.Secure = answer.ACSURL, answer.ACSID, answer.ByLink, answer.Secure
		return a, nil
	}
}

// holdForOTP puts the amount on the card's statement. The hold is given back when the password ran out. Where the
// caller has no password to ask for, the authentication has failed. limited says that the card may have otpHolds of
// them in otpWindow, as all but a test card have whose password is published.
func (g *Gateway) holdForOTP(ctx context.Context, m pasarela.Merchant, a pasarela.Authentication, t pasarela.Token, otp OTP, limited bool) (pasarela.Authentication, error) {
	now := g.now()
	if otp.Code == "" {
		return a.Failed(pasarela.ReasonUnavailable, now)
	}
	p := pasarela.Payment{Merchant: m.ID, ID: g.IDs.Payment(), Ticket: g.IDs.Ticket(now), Kind: pasarela.KindAuthorization,
		State: pasarela.StateAuthorizing, Amount: otp.Amount, Token: t.ID, Card: t.Card, Facts: t.Facts,
		Trace: g.Acquirer.NextTrace(), DueAt: g.deadline(now), ExpiresAt: a.ExpiresAt, CreatedAt: now, UpdatedAt: now}
	if t.Subscription != "" {
		p.Token = "" // the card is a stored one's, and opens for what that is bound to
	}
	promised := time.Now()
	g.underWay.begin(string(p.ID))
	err := g.Store.Update(ctx, m.ID, func(tx store.Tx) error {
		if limited {
			if err := claimOTP(tx, t.Fingerprint, p); err != nil {
				return err
			}
		}
		return tx.InsertPayment(p)
	})
	if err != nil {
		g.underWay.end(string(p.ID))
		return a, err
	}
	p, err = g.seeThrough(ctx, m, promised, p, outgoing{}, AuthorizeRequest{Kind: p.Kind})
	if err != nil {
		return a, err
	}
	if p.State == pasarela.StateReversing {
		g.reverseSoon(m.ID, p.ID)
	}
	if p.State != pasarela.StateAuthorized {
		return a.Failed(pasarela.ReasonUnavailable, now)
	}
	a.Payment, a.CodeDigest = p.ID, g.codeDigest(a.ID, otp.Code)
	return a, nil
}

func (g *Gateway) codeDigest(id pasarela.AuthenticationID, code string) []byte {
	return g.Vault.Digest("one-time password", []byte(id), []byte(code))
}

// Authentication finds one. It returns CodeNotFound.
func (g *Gateway) Authentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	a, err := g.Store.Authentication(ctx, m, id)
	return a.At(g.now()), err
}

// TokenAuthentication finds the authentication that a token's charge has to rest on. It returns CodeNotFound
// where there is no such token, or none is demanded of it.
func (g *Gateway) TokenAuthentication(ctx context.Context, m pasarela.MerchantID, id pasarela.TokenID) (pasarela.Authentication, error) {
	t, err := g.Store.Token(ctx, m, id)
	switch {
	case err != nil:
		return pasarela.Authentication{}, err
	case t.Authentication == "":
		return pasarela.Authentication{}, pasarela.Errorf(pasarela.CodeNotFound, "no authentication is demanded of this token")
	}
	return g.Authentication(ctx, m, t.Authentication)
}

// CompleteAuthentication records what the issuer said after a challenge. A result that comes a second time
// changes nothing. It returns CodeNotFound; CodeInvalid for a result of another transaction, or none; and
// CodeWrongState where the authentication ended otherwise before, or has run out.
func (g *Gateway) CompleteAuthentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, answer pasarela.AuthenticationAnswer) error {
	var ended pasarela.Authentication
	err := g.Store.Update(ctx, m, func(tx store.Tx) error {
		ended = pasarela.Authentication{}
		a, err := tx.Authentication(id)
		if err != nil {
			return err
		}
		if err := concerns(a, answer); err != nil {
			return err
		}
		now := g.now()
		if at := a.At(now); at.State != pasarela.AuthenticationPending {
			if at.State == answer.State && at.Reason == answer.Reason {
				return nil
			}
			return pasarela.Errorf(pasarela.CodeWrongState, "authentication is %s", at.State)
		}
		if answer.Secure.DirectoryServerID == "" {
			answer.Secure.DirectoryServerID = a.Secure.DirectoryServerID
		}
		t, err := tx.Token(a.Token)
		if err != nil {
			return err
		}
		if a, err = concluded(a, answer, t.Facts.Brand, now); err != nil {
			return err
		}
		ended = a
		return tx.PutAuthentication(a)
	})
	if err == nil && ended.ID != "" {
		g.Observer.Outcome("challenge", string(ended.State), string(ended.Reason))
	}
	return err
}

// concerns says whether an answer is a result, and about this authentication.
func concerns(a pasarela.Authentication, answer pasarela.AuthenticationAnswer) error {
	other := func(ours, theirs string) bool { return theirs != "" && theirs != ours }
	switch {
	case a.Kind != pasarela.AuthenticateThreeDS:
		return store.ErrNotFound
	case answer.State == pasarela.AuthenticationPending:
		return pasarela.Errorf(pasarela.CodeInvalid, "result of a challenge says neither yes nor no")
	case other(a.ACSID, answer.ACSID), other(a.Secure.DirectoryServerID, answer.Secure.DirectoryServerID):
		return pasarela.Errorf(pasarela.CodeInvalid, "result is about another transaction")
	default:
		return nil
	}
}

// AbandonAuthentication records that the cardholder came back without an answer of the issuer, and answers the
// authentication as it then stands: an answer may have been quicker. It returns CodeNotFound.
func (g *Gateway) AbandonAuthentication(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID) (pasarela.Authentication, error) {
	err := g.CompleteAuthentication(ctx, m, id, pasarela.AuthenticationAnswer{State: pasarela.AuthenticationFailed, Reason: pasarela.ReasonAbandoned})
	if err != nil && pasarela.CodeOf(err) != pasarela.CodeWrongState {
		return pasarela.Authentication{}, err
	}
	return g.Authentication(ctx, m, id)
}

// Confirm answers the authentication once it is proven. For a one-time password code is what the cardholder
// typed. For 3-D Secure code is empty, but where a sandbox's library showed a mock of the challenge.
//
// It returns CodeNotFound; CodeWrongCode and CodeAttemptsExceeded for a password; CodeAuthenticationRequired
// and CodeAuthenticationFailed for 3-D Secure.
func (g *Gateway) Confirm(ctx context.Context, m pasarela.Merchant, id pasarela.AuthenticationID, code string) (pasarela.Authentication, error) {
	a, err := g.Authentication(ctx, m.ID, id)
	if err != nil {
		return a, err
	}
	if a.Kind == pasarela.AuthenticateOTP {
		return g.confirmOTP(ctx, m.ID, id, code)
	}
	if code != "" && a.State == pasarela.AuthenticationPending && a.Mode == pasarela.ChallengeScript {
		if err := g.Authenticator.Answer(ctx, a, code); err != nil {
			g.Log.LogAttrs(ctx, slog.LevelWarn, "mock challenge could not be answered",
				slog.String("merchant", string(m.ID)), slog.String("authentication", string(id)), slog.Any("error", err))
		}
		if a, err = g.Authentication(ctx, m.ID, id); err != nil {
			return a, err
		}
	}
	switch a.State {
	case pasarela.AuthenticationAuthenticated:
		return a, nil
	case pasarela.AuthenticationFailed:
		return a, pasarela.Refuse(a.Reason)
	default:
		return a, pasarela.Errorf(pasarela.CodeAuthenticationRequired, "challenge was not answered yet")
	}
}

// confirmOTP compares the password. A wrong one is counted even though the caller is told an error.
func (g *Gateway) confirmOTP(ctx context.Context, m pasarela.MerchantID, id pasarela.AuthenticationID, code string) (a pasarela.Authentication, err error) {
	digest := g.codeDigest(id, code)
	var refused error
	err = g.Store.Update(ctx, m, func(tx store.Tx) (err error) {
		refused = nil
		if a, err = tx.Authentication(id); err != nil {
			return err
		}
		now := g.now()
		switch at := a.At(now); {
		case at.State == pasarela.AuthenticationAuthenticated:
			return nil
		case at.State == pasarela.AuthenticationFailed:
			refused = pasarela.Errorf(pasarela.CodeAttemptsExceeded, "one-time password is no longer asked for")
			return nil
		case subtle.ConstantTimeCompare(a.CodeDigest, digest) == 1:
			a, err = a.Authenticated(pasarela.Secure{}, now)
		default:
			refused = pasarela.Errorf(pasarela.CodeWrongCode, "one-time password is another")
			a, err = a.WrongCode(now)
		}
		if err != nil {
			return err
		}
		return tx.PutAuthentication(a)
	})
	if err == nil {
		err = refused
	}
	return a, err
}

// prove takes the proof that a token's charge rests on. refused says why there is none: the token is spent all
// the same.
func prove(tx store.Tx, p *pasarela.Payment, t pasarela.Token, own *pasarela.OwnSecure, now time.Time) (proof pasarela.Secure, err, refused error) {
	if own == nil {
		p.Authentication = t.Authentication
	}
	return proveHolder(tx, t, own, now)
}

// proveHolder is prove where there is no payment.
func proveHolder(tx store.Tx, t pasarela.Token, own *pasarela.OwnSecure, now time.Time) (proof pasarela.Secure, err, refused error) {
	if own != nil {
		return own.Secure, nil, own.Check(t.Facts.Brand)
	}
	if t.Authentication == "" {
		return proof, nil, nil
	}
	a, err := tx.Authentication(t.Authentication)
	if err != nil {
		return proof, err, nil
	}
	a, proof, refused = a.Serve(now)
	if refused != nil {
		return proof, nil, refused
	}
	return proof, tx.PutAuthentication(a), nil
}
