package cards

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/internal/pan"
)

func number(t *testing.T, digits string) pan.Number {
	t.Helper()
	n, err := pan.Parse(digits)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Rule: the scheme follows from the range, at both its ends.
func TestBrandOf(t *testing.T) {
	t.Parallel()
	for bin, want := range map[string]pasarela.Brand{
		"400000": pasarela.BrandVisa, "499999": pasarela.BrandVisa,
		"510000": pasarela.BrandMastercard, "559999": pasarela.BrandMastercard,
		"222099": pasarela.BrandUnknown, "222100": pasarela.BrandMastercard, "272099": pasarela.BrandMastercard, "272100": pasarela.BrandUnknown,
		"340000": pasarela.BrandAmex, "379999": pasarela.BrandAmex, "350000": pasarela.BrandUnknown,
		"500000": pasarela.BrandMaestro, "560000": pasarela.BrandMaestro, "589999": pasarela.BrandMaestro, "676906": pasarela.BrandMaestro, "590000": pasarela.BrandUnknown,
		"300000": pasarela.BrandDiners, "305999": pasarela.BrandDiners, "309500": pasarela.BrandDiners, "306000": pasarela.BrandUnknown, "360000": pasarela.BrandDiners, "389999": pasarela.BrandDiners,
		"601100": pasarela.BrandDiscover, "644000": pasarela.BrandDiscover, "650000": pasarela.BrandDiscover, "643999": pasarela.BrandMaestro,
		"352800": pasarela.BrandJCB, "358999": pasarela.BrandJCB, "359000": pasarela.BrandUnknown,
		"620000": pasarela.BrandUnionPay, "810000": pasarela.BrandUnionPay, "999999": pasarela.BrandUnknown, "": pasarela.BrandUnknown,
	} {
		if got := BrandOf(bin); got != want {
			t.Errorf("%s is %s, want %s", bin, got, want)
		}
	}
}

// Rule: the published cards behave as the references print.
func TestReferenceCards(t *testing.T) {
	t.Parallel()
	table := Reference()
	for _, want := range []struct {
		number  string
		brand   pasarela.Brand
		kind    pasarela.CardType
		code    string
		secure  string
		country string
		reject  bool
	}{
		{"5451951574925480", pasarela.BrandMastercard, pasarela.CardCredit, "00", ThreeDSNone, "EC", false},
		{"4574441215190335", pasarela.BrandVisa, pasarela.CardCredit, "05", ThreeDSNone, "EC", true},
		{"4349003000047015", pasarela.BrandVisa, pasarela.CardDebit, "05", ThreeDSNone, "EC", false},
		{"000000000000000000", pasarela.BrandUnknown, pasarela.CardCredit, "00", ThreeDSNone, "EC", true},
		{"4349008516656431", pasarela.BrandVisa, pasarela.CardCredit, "57", ThreeDSNone, "EC", false},
		{"4349001210846432", pasarela.BrandVisa, pasarela.CardCredit, "51", ThreeDSNone, "EC", false},
		{"4349003243371321", pasarela.BrandVisa, pasarela.CardCredit, "N7", ThreeDSNone, "EC", false},
		{"4349001386781322", pasarela.BrandVisa, pasarela.CardCredit, "62", ThreeDSNone, "EC", false},
		{"4000000000000002", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSChallenge, "EC", false},
		{"4456541249811088", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSFrictionless, "EC", false},
		{"4456530000000031", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSChallenge, "EC", false},
		{"4000300011112220", pasarela.BrandVisa, pasarela.CardCredit, "05", ThreeDSNone, "EC", false},
		{"4051885600446623", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSNone, "CL", false},
		{"4051884239937763", pasarela.BrandVisa, pasarela.CardDebit, "00", ThreeDSNone, "CL", false},
		{"5186059559590568", pasarela.BrandMastercard, pasarela.CardCredit, "05", ThreeDSNone, "CL", false},
		{"5186008541233829", pasarela.BrandMastercard, pasarela.CardDebit, "05", ThreeDSNone, "CL", false},
		{"4111111111111111", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSNone, "HR", false},
		{"4341792000000044", pasarela.BrandVisa, pasarela.CardCredit, "00", ThreeDSChallenge, "HR", false},
		{"370438747213977", pasarela.BrandAmex, pasarela.CardCredit, "00", ThreeDSNone, "HR", false},
		{"6769064219992611", pasarela.BrandMaestro, pasarela.CardDebit, "00", ThreeDSChallenge, "HR", false},
	} {
		n := number(t, want.number)
		c, ok := table.Lookup(n)
		if !ok {
			t.Errorf("%v is not in the table", n)
			continue
		}
		p, b := c.Profile, c.Behaviour
		if p.Brand != want.brand || p.Type != want.kind || p.Country != want.country || p.RejectAtToken != want.reject ||
			b.ResponseCode != want.code || b.ThreeDS != want.secure || !p.KnownTestNumber || p.SkipLuhn == pan.Luhn(n) {
			t.Errorf("%v is %+v %+v", n, p, b)
		}
	}
	for digits, want := range map[string]string{
		"5451951574925480": "BANCO DE LA PRODUCCION S.A. (PRODUBANCO)", "4051885600446623": "BANCO EJEMPLO",
		"4349003000047015": "BANCO EJEMPLO", "4111111111111111": "BANKA PRIMJER",
	} {
		if bank := table.Profile(number(t, digits)).Bank; bank != want {
			t.Errorf("the bank is %q, want %q", bank, want)
		}
	}
}

// Rule: every published card has a bank and a country, also after it was given another behaviour.
func TestReferenceCardsHaveAHome(t *testing.T) {
	t.Parallel()
	for digits, c := range referenceCards() {
		if c.Profile.Bank == "" || CountryName(c.Profile.Country) == "" {
			t.Errorf("%v is of bank %q in %q", c.Number, c.Profile.Bank, c.Profile.Country)
		}
		again, err := DecodeTestCard([]byte(`{"number":"` + digits + `","behaviour":{"response_code":"51"}}`))
		if err != nil || again.Profile.Bank != c.Profile.Bank || again.Profile.Country != c.Profile.Country {
			t.Errorf("%v with another behaviour is of bank %q in %q (%v)", c.Number, again.Profile.Bank, again.Profile.Country, err)
		}
	}
}

func TestProfileOfOtherNumbers(t *testing.T) {
	t.Parallel()
	for _, table := range []*Table{nil, Reference()} {
		got := table.Profile(number(t, "4349000000000000"))
		if want := (pasarela.CardProfile{Brand: pasarela.BrandVisa, Type: pasarela.CardCredit}); got != want {
			t.Errorf("got %+v", got)
		}
		if got := table.Profile(number(t, "5451950000000000")); got.Country != "EC" || got.KnownTestNumber {
			t.Errorf("got %+v", got)
		}
	}
	if p, err := (*Table)(nil).DescribeBIN("51860012"); err != nil || p.Type != pasarela.CardDebit || p.Country != "CL" || p.Brand != pasarela.BrandMastercard {
		t.Errorf("got %+v %v", p, err)
	}
	for _, bad := range []string{"", "54519", "545195157492", "54519x", "+54519"} {
		if _, err := Reference().DescribeBIN(bad); pasarela.CodeOf(err) != pasarela.CodeInvalid || err == nil {
			t.Errorf("%q gave %v", bad, err)
		}
	}
}

func TestCountryName(t *testing.T) {
	t.Parallel()
	for _, c := range pasarela.Countries {
		if CountryName(c.Code) != c.Name {
			t.Errorf("%s is %q here and %q for merchants", c.Code, CountryName(c.Code), c.Name)
		}
	}
	if len(countryNames) != 249 || CountryName("ec") != "" || CountryName("XX") != "" {
		t.Errorf("%d countries", len(countryNames))
	}
}

const addition = `{"number":"400012345670","behaviour":{"type":"debit","brand":"visa","bank":"Banco Ñandú","country":"PE",
	"response_code":"N7","balance_minor":1050,"three_ds":"attempted","otp":true,"delay_ms":250}}`

func TestDecodeTestCard(t *testing.T) {
	t.Parallel()
	c, err := DecodeTestCard([]byte(addition))
	if err != nil {
		t.Fatal(err)
	}
	wantProfile := pasarela.CardProfile{Brand: pasarela.BrandVisa, Type: pasarela.CardDebit, Bank: "Banco Ñandú", Country: "PE",
		SkipLuhn: !pan.Luhn(c.Number), KnownTestNumber: true, AsksOTP: true}
	b := c.Behaviour
	if pan.Digits(c.Number) != "400012345670" || c.Profile != wantProfile || b.ResponseCode != "N7" || *b.BalanceMinor != 1050 ||
		b.ThreeDS != ThreeDSAttempted || !b.OTP || b.Delay != 250*time.Millisecond {
		t.Errorf("got %+v", c)
	}
	for _, plain := range []string{`{"number":"5451951574925480"}`, ` {"number":"5451951574925480","behaviour":{}} `} {
		c, err := DecodeTestCard([]byte(plain))
		if err != nil || c.Behaviour != (Behaviour{ResponseCode: "00", ThreeDS: ThreeDSNone}) || c.Profile.Country != "EC" {
			t.Errorf("got %+v %v", c, err)
		}
	}
}

// Rule: errors name what was wrong, and never hold the number.
func TestDecodeTestCardRefuses(t *testing.T) {
	t.Parallel()
	const digits = "5451951574925480"
	for body, names := range map[string]string{
		``: "request", `[]`: "request", `{}`: "number", `{"number":5451951574925480}`: "number", `{"number":null}`: "number",
		`{"number":"54519515"}`: "number", `{"number":"5451951574925480x"}`: "number",
		`{"number":"5451951574925480"} {}`: "request", `{"number":"5451951574925480"`: "request",
		`{"number":"5451951574925480","number":"5451951574925480"}`:                    `"number"`,
		`{"number":"5451951574925480","behavior":{}}`:                                  `"behavior"`,
		`{"5451951574925480":1}`:                                                       "not shown",
		`{"number":"5451951574925480","behaviour":null}`:                               "behaviour",
		`{"number":"5451951574925480","behaviour":{"Type":"debit"}}`:                   `"Type"`,
		`{"number":"5451951574925480","behaviour":{"5451951574925480":"x"}}`:           "not shown",
		`{"number":"5451951574925480","behaviour":{"type":"gold"}}`:                    "type",
		`{"number":"5451951574925480","behaviour":{"brand":"5451951574925480"}}`:       "brand",
		`{"number":"5451951574925480","behaviour":{"bank":"5451951574925480"}}`:        "bank",
		`{"number":"5451951574925480","behaviour":{"bank":"a\u0000b"}}`:                "bank",
		`{"number":"5451951574925480","behaviour":{"country":"ec"}}`:                   "country",
		`{"number":"5451951574925480","behaviour":{"response_code":"5"}}`:              "response_code",
		`{"number":"5451951574925480","behaviour":{"response_code":5}}`:                "response_code",
		`{"number":"5451951574925480","behaviour":{"balance_minor":-1}}`:               "balance_minor",
		`{"number":"5451951574925480","behaviour":{"balance_minor":1.5}}`:              "balance_minor",
		`{"number":"5451951574925480","behaviour":{"balance_minor":null}}`:             "balance_minor",
		`{"number":"5451951574925480","behaviour":{"balance_minor":5451951574925480}}`: "",
		`{"number":"5451951574925480","behaviour":{"three_ds":"maybe"}}`:               "three_ds",
		`{"number":"5451951574925480","behaviour":{"otp":1}}`:                          "otp",
		`{"number":"5451951574925480","behaviour":{"delay_ms":3600001}}`:               "delay_ms",
		`{"number":"5451951574925480","behaviour":{"delay_ms":"5451951574925480"}}`:    "delay_ms",
	} {
		_, err := DecodeTestCard([]byte(body))
		if names == "" {
			if err != nil {
				t.Errorf("%s gave %v", body, err)
			}
			continue
		}
		if err == nil || pasarela.CodeOf(err) != pasarela.CodeInvalid || !strings.Contains(err.Error(), names) || strings.Contains(err.Error(), digits) {
			t.Errorf("%s gave %v", body, err)
		}
	}
}

// Rule: test cards outlive the process, and no file holds a card number in clear.
func TestAddedCardsOutliveTheProcess(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	table, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	added, err := DecodeTestCard([]byte(addition))
	if err != nil {
		t.Fatal(err)
	}
	changed, err := DecodeTestCard([]byte(`{"number":"4111111111111111","behaviour":{"response_code":"05"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []TestCard{added, changed} {
		if err := table.Add(c); err != nil {
			t.Fatal(err)
		}
	}
	checkFolder(t, dir, "400012345670", "4111111111111111", "Banco")

	again, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, ok := again.Lookup(added.Number)
	if !ok || c.Profile != added.Profile || *c.Behaviour.BalanceMinor != 1050 || c.Behaviour.Delay != added.Behaviour.Delay {
		t.Errorf("came back as %+v", c)
	}
	if c, _ := again.Lookup(changed.Number); c.Behaviour.ResponseCode != "05" {
		t.Errorf("a changed reference card came back as %+v", c)
	}
	if err := again.Reset(); err != nil {
		t.Fatal(err)
	}
	last, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := last.Lookup(added.Number); ok {
		t.Error("a card outlived Reset")
	}
	if c, _ := last.Lookup(changed.Number); c.Behaviour.ResponseCode != "00" {
		t.Error("Reset left a reference card changed")
	}
}

func checkFolder(t *testing.T, dir string, secrets ...string) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("the folder holds %v %v", files, err)
	}
	for _, f := range files {
		content, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range secrets {
			if strings.Contains(string(content), secret) {
				t.Errorf("%s holds %q", f.Name(), secret)
			}
		}
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v %v", f.Name(), info.Mode(), err)
		}
	}
}

// Rule: a file that was altered, or that another key sealed, is an error and not an empty table.
func TestOpenRefusesAnAlteredFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	table, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	c, err := DecodeTestCard([]byte(addition))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Add(c); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, cardsFile)
	sealed, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	sealed[len(sealed)/2] ^= 1
	if err := os.WriteFile(path, sealed, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || strings.Contains(err.Error(), "400012345670") {
		t.Errorf("an altered file gave %v", err)
	}
	if err := os.Chmod(filepath.Join(dir, keyFile), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "0600") {
		t.Errorf("a readable key gave %v", err)
	}
}

// Rule: what cannot be kept is not added.
func TestAddFailsWithItsDisk(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	table, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	c, err := DecodeTestCard([]byte(addition))
	if err != nil {
		t.Fatal(err)
	}
	if err := table.Add(c); pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
		t.Errorf("got %v", err)
	}
	if _, ok := table.Lookup(c.Number); ok {
		t.Error("a card was added that is not on disk")
	}
	if err := table.Add(TestCard{}); pasarela.CodeOf(err) != pasarela.CodeInvalid {
		t.Errorf("a card without number gave %v", err)
	}
}

func TestTableIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	table := Reference()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for j := range 50 {
				c, err := DecodeTestCard([]byte(fmt.Sprintf(`{"number":"41%014d"}`, i*1000+j)))
				if err != nil || table.Add(c) != nil {
					t.Errorf("not added: %v", err)
					return
				}
				if _, ok := table.Lookup(c.Number); !ok {
					t.Error("an added card is not found")
				}
			}
		})
	}
	all.Wait()
	if got, want := len(*table.cards.Load()), len(referenceCards())+400; got != want {
		t.Errorf("%d cards, want %d", got, want)
	}
}

func TestLookupDoesNotAllocate(t *testing.T) {
	table, n := Reference(), number(t, "4111111111111111")
	if got := testing.AllocsPerRun(100, func() { table.Lookup(n) }); got > 0 {
		t.Errorf("a look-up allocates %v times", got)
	}
}

func FuzzDecodeTestCard(f *testing.F) {
	for _, seed := range []string{addition, `{"number":"5451951574925480"}`, `{"number":"5451951574925480","behaviour":{"delay_ms":1e3}}`,
		`{"5451951574925480":{}}`, `{`, `null`, `{"number":"\u00345451951574925480","behaviour":{"bank":"x"}}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := DecodeTestCard(text)
		if err != nil {
			if pasarela.CodeOf(err) != pasarela.CodeInvalid || countDigits(err.Error()) >= 30 || strings.Contains(err.Error(), "545195157492") {
				t.Errorf("error %v", err)
			}
			return
		}
		if c.Number.IsZero() || !c.Profile.KnownTestNumber || c.Profile.SkipLuhn == pan.Luhn(c.Number) || len(c.Behaviour.ResponseCode) != 2 ||
			c.Behaviour.Delay < 0 || c.Behaviour.Delay > maxDelay {
			t.Errorf("decoded %+v", c)
		}
	})
}
