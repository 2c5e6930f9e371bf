package cards

import (
	"sync"

	"pasarela"
	"pasarela/cde/internal/pan"
)

// published is a test number that a reference prints, with what it says about it.
type published struct {
	number string
	kind   pasarela.CardType // "" as its range tells
	code   string            // ISO 8583 field 39; "" approves
	secure string            // outcome of 3-D Secure; "" none
	reject bool              // refused when the token is asked for
}

// home is where the cards of a reference come from when it names neither bank nor country. The banks are made up:
// the Spanish one is that of the reference's own examples.
type home struct{ bank, country string }

// A Kushki card without a country is taken for one of Ecuador, as the reference's first test card is; one of
// Monri for one of Croatia.
var (
	kushkiHome = home{"BANCO EJEMPLO", "EC"}
	monriHome  = home{"BANKA PRIMJER", "HR"}
)

// kushkiCards are Kushki's (kushki-card section 24, kushki-subscriptions section 16). Where they print one of
// Kushki's own codes, the issuer's answer behind it is given here; the dialect makes the code of it.
var kushkiCards = []published{
	{number: "5451951574925480"},
	{number: "4574441215190335", code: codeDoNotHonour, reject: true},             // 017 at the token
	{number: "000000000000000000", reject: true},                                  // its namesake on the page of Chile
	{number: "4349003000047015", kind: pasarela.CardDebit, code: codeDoNotHonour}, // 017 at the charge; its range is a debit one
	{number: "4349008516656431", code: "57"},                                      // 019: not permitted to the holder
	{number: "4349001210846432", code: "51"},                                      // 021: insufficient funds
	{number: "4349003243371321", code: "N7"},                                      // 022: CVV not verified
	{number: "4349001386781322", code: "62"},                                      // 023: restricted by the bank
	{number: "4000000000000002", secure: ThreeDSChallenge},
	{number: "4456541249811088", secure: ThreeDSFrictionless},
	{number: "4456530000000031", secure: ThreeDSChallenge},
	{number: "4444441181077714"},
	{number: "5311220000122112"},
	{number: "4259078012341233"},
	{number: "4000100011112224"},
	{number: "4000300011112220", code: codeDoNotHonour},
	{number: "5223450000000007"},
	{number: "4242424242424242"}, // examples of the client libraries
	{number: "4957030420210470"}, // examples of transfers and cash
	{number: "5102589999999913"},
	{number: "4051885600446623", kind: pasarela.CardCredit}, // Webpay, Chile
	{number: "4051884239937763", kind: pasarela.CardDebit},
	{number: "5186059559590568", kind: pasarela.CardCredit, code: codeDoNotHonour},
	{number: "5186008541233829", kind: pasarela.CardDebit, code: codeDoNotHonour},
}

// monriCards are Monri's (monri section 19).
var monriCards = []published{
	{number: "4111111111111111"},
	{number: "4341792000000044", secure: ThreeDSChallenge},
	{number: "370438747213977"},
	{number: "5544444444444444"},
	{number: "5175431685204724", secure: ThreeDSChallenge},
	{number: "6769064219992611", kind: pasarela.CardDebit, secure: ThreeDSChallenge}, // Maestro is a debit scheme
	{number: "4058400000000005"},
	{number: "5464000000000008"},
}

// referenceCards is built once; tables share it and never change it.
var referenceCards = sync.OnceValue(func() map[string]TestCard {
	all := make(map[string]TestCard, len(kushkiCards)+len(monriCards))
	for _, p := range kushkiCards {
		all[p.number] = p.card(kushkiHome)
	}
	for _, p := range monriCards {
		all[p.number] = p.card(monriHome)
	}
	return all
})

func (p published) card(at home) TestCard {
	n, err := pan.Parse(p.number)
	if err != nil {
		panic("cards: a published number is malformed") // a constant of this file, met by every test
	}
	c := TestCard{Number: n, Profile: testProfile(n), Behaviour: Behaviour{ResponseCode: codeApproved, ThreeDS: ThreeDSNone}}
	c.Profile.RejectAtToken = p.reject
	if c.Profile.Bank == "" {
		c.Profile.Bank = at.bank
	}
	if c.Profile.Country == "" {
		c.Profile.Country = at.country
	}
	if p.kind != "" {
		c.Profile.Type = p.kind
	}
	if p.code != "" {
		c.Behaviour.ResponseCode = p.code
	}
	if p.secure != "" {
		c.Behaviour.ThreeDS = p.secure
	}
	return c
}

// testProfile is what the number tells, as that of a test card.
func testProfile(n pan.Number) pasarela.CardProfile {
	p := Describe(n)
	p.KnownTestNumber, p.SkipLuhn = true, !pan.Luhn(n)
	return p
}
