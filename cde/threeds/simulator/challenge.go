package simulator

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"pasarela"
	"pasarela/cde/cards"
	"pasarela/cde/internal/pan"
	"pasarela/cde/threeds"
	"pasarela/pages"
)

// Of a challenge.
const (
	rightCode     = "1234"
	maxTries      = 3
	life          = 5 * time.Minute
	maxChallenges = 10_000
)

// challenges under way, and those that are over: the browser may come again. The oldest make room.
type challenges struct {
	mu    sync.Mutex
	byACS map[string]*challenge // guarded by mu
	order []string              // ids, oldest first; guarded by mu
}

func (all *challenges) add(c *challenge) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if all.byACS == nil {
		all.byACS = map[string]*challenge{}
	}
	if len(all.order) >= maxChallenges {
		delete(all.byACS, all.order[0])
		all.order = all.order[1:]
	}
	all.byACS[c.acsID] = c
	all.order = append(all.order, c.acsID)
}

// find is the challenge that a browser's message is about, or nil.
func (all *challenges) find(m threeds.CReq) *challenge {
	all.mu.Lock()
	defer all.mu.Unlock()
	c := all.byACS[m.ACSTransID]
	if c == nil || c.serverID != m.ThreeDSServerTransID {
		return nil
	}
	return c
}

// challenge is what the issuer knows of one cardholder to ask.
type challenge struct {
	serverID, acsID, dsID string
	version, category     string
	brand                 pasarela.Brand
	bank, merchant, card  string // as the page shows them
	amount                pasarela.Money
	language              string
	results               string // address of the 3DS Server, which nobody else may learn
	back                  string // address that the browser returns to
	frame                 string // origin that may frame the page, "" for none
	expires               time.Time

	mu           sync.Mutex // one step at a time
	interactions int        // guarded by mu
	wrong        int        // codes; guarded by mu
	result       *threeds.RReq
	told         bool // the 3DS Server has received the result; guarded by mu, as is the result
}

func newChallenge(m threeds.AReq, a threeds.ARes, card cards.TestCard, now time.Time) *challenge {
	c := &challenge{serverID: m.ThreeDSServerTransID, acsID: a.ACSTransID, dsID: a.DSTransID, version: a.MessageVersion,
		category: m.MessageCategory, brand: card.Profile.Brand, bank: card.Profile.Bank, merchant: m.MerchantName,
		card: "•••• " + pan.LastFour(m.AcctNumber), language: m.BrowserLanguage, results: m.ThreeDSServerURL, back: m.NotificationURL,
		expires: now.Add(life)}
	if minor, err := strconv.ParseInt(m.PurchaseAmount, 10, 64); err == nil {
		if currency, ok := pasarela.CurrencyByNumeric(m.PurchaseCurrency); ok {
			c.amount = pasarela.Money{Minor: minor, Currency: currency}
		}
	}
	// A 3DS Server names its own address unless the page is to be framed by the merchant's.
	if asked := pages.Origin(m.ThreeDSRequestorURL); asked != pages.Origin(m.ThreeDSServerURL) {
		c.frame = asked
	}
	return c
}

// step is where a challenge stands after the cardholder did something.
type step string

const (
	stepAsk    step = "ask"    // the page, for the first time or again
	stepWrong  step = "wrong"  // the page, after a wrong code
	stepEmpty  step = "empty"  // the page, after no code
	stepUntold step = "untold" // decided, but the 3DS Server did not receive it
	stepBack   step = "back"   // decided and told: the browser goes back
)

// deed is what the cardholder did: looked at the page, cancelled, or sent a code.
type deed struct {
	looked, cancelled bool
	code              string
}

// play takes a challenge one step on. It holds the challenge while the 3DS Server is told, so that a result is
// decided and told once.
func (s *Simulator) play(ctx context.Context, c *challenge, d deed) (step, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.result == nil {
		at, err := s.decide(c, d)
		if err != nil || c.result == nil {
			return at, err
		}
	}
	if !c.told {
		if err := s.tell(ctx, c); err != nil {
			return stepUntold, err
		}
		c.told = true
	}
	return stepBack, nil
}

// tell tries twice: a connection may have been closed in between.
func (s *Simulator) tell(ctx context.Context, c *challenge) error {
	err := s.passOn(ctx, c.results, *c.result)
	if err != nil {
		err = s.passOn(ctx, c.results, *c.result)
	}
	return err
}

// decide runs under c.mu. Where it leaves no result the cardholder is to be asked, again.
func (s *Simulator) decide(c *challenge, d deed) (step, error) {
	switch {
	case !s.cfg.Clock.Now().Before(c.expires):
		c.end(threeds.RReq{TransStatus: threeds.StatusDenied, TransStatusReason: reasonTimedOut, ChallengeCancel: cancelTimedOut})
	case d.looked:
		return stepAsk, nil
	case d.cancelled:
		c.interactions++
		c.end(threeds.RReq{TransStatus: threeds.StatusDenied, ChallengeCancel: cancelByCardholder})
	case d.code == "":
		return stepEmpty, nil
	case d.code == rightCode:
		value, err := s.authenticationValue()
		if err != nil {
			return stepAsk, err
		}
		c.interactions++
		c.end(threeds.RReq{TransStatus: threeds.StatusAuthenticated, AuthenticationValue: value, ECI: indicator(c.brand, threeds.StatusAuthenticated)})
	default:
		c.interactions++
		c.wrong++
		if c.wrong < maxTries {
			return stepWrong, nil
		}
		c.end(threeds.RReq{TransStatus: threeds.StatusDenied, TransStatusReason: reasonFailed})
	}
	return stepBack, nil
}

// end fills in what every result says.
func (c *challenge) end(m threeds.RReq) {
	m.Header = threeds.Header{MessageType: threeds.TypeRReq, MessageVersion: c.version}
	m.ThreeDSServerTransID, m.ACSTransID, m.DSTransID, m.MessageCategory = c.serverID, c.acsID, c.dsID, c.category
	m.AuthenticationType, m.AuthenticationMethod = authenticationDynamic, authenticationDynamic
	m.InteractionCounter = fmt.Sprintf("%02d", c.interactions)
	c.result = &m
}

// outcome is what the browser carries back. It runs after the result was told, which no longer changes.
func (c *challenge) outcome() threeds.CRes {
	c.mu.Lock()
	defer c.mu.Unlock()
	return threeds.CRes{Header: threeds.Header{MessageType: threeds.TypeCRes, MessageVersion: c.version}, ThreeDSServerTransID: c.serverID,
		ACSTransID: c.acsID, ChallengeCompletionInd: "Y", TransStatus: c.result.TransStatus}
}
