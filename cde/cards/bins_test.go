package cards

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"pasarela"
)

const binHeader = "start,end,brand,type,bank,country,enabled\n"

func bins(t testing.TB, rows ...string) *BINs {
	t.Helper()
	b, err := ReadBINs(strings.NewReader(binHeader+strings.Join(rows, "\n")), nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Rule: of ranges that lie within each other the narrowest counts, at both its ends, however they are ordered.
func TestNarrowestRangeCounts(t *testing.T) {
	t.Parallel()
	table := Bare()
	table.UseBINs(bins(t,
		`45000020,45000029,visa,prepaid,"Banco ""Uno"", S.A.",PE,true`,
		`450000,450099,visa,credit,Banco Dos,PE,true`,
		`4500002500,4500002599,visa,debit,Banco Tres,CL,false`,
		`4500150000000000000,4500159999999999999,,debit,,,true`))
	for digits, want := range map[string]pasarela.CardProfile{
		"4499990000000000": {Brand: "visa", Type: "credit"},
		"4500000000000000": {Brand: "visa", Type: "credit", Bank: "Banco Dos", Country: "PE"},
		"4500002000000000": {Brand: "visa", Type: "prepaid", Bank: `Banco "Uno", S.A.`, Country: "PE"},
		"4500002499999999": {Brand: "visa", Type: "prepaid", Bank: `Banco "Uno", S.A.`, Country: "PE"},
		"4500002500000000": {Brand: "visa", Type: "debit", Bank: "Banco Tres", Country: "CL", NotEnabled: true},
		"4500002599999999": {Brand: "visa", Type: "debit", Bank: "Banco Tres", Country: "CL", NotEnabled: true},
		"4500002600000000": {Brand: "visa", Type: "prepaid", Bank: `Banco "Uno", S.A.`, Country: "PE"},
		"4500003000000000": {Brand: "visa", Type: "credit", Bank: "Banco Dos", Country: "PE"},
		"4500159999999999": {Brand: "visa", Type: "debit"}, // what a row leaves empty is as elsewhere
		"450099999999":     {Brand: "visa", Type: "credit", Bank: "Banco Dos", Country: "PE"},
		"4501000000000000": {Brand: "visa", Type: "credit"},
	} {
		if got := table.Profile(number(t, digits)); got != want {
			t.Errorf("%s is %+v, want %+v", digits, got, want)
		}
	}
}

// Rule: of a prefix is told what holds for all of it.
func TestPrefixTellsWhatItsRangesAgreeOn(t *testing.T) {
	t.Parallel()
	table := Bare()
	table.UseBINs(bins(t,
		"45000010,45000019,visa,credit,Banco Uno,PE,true",
		"45000020,45000029,visa,debit,Banco Uno,PE,false",
		"460000,460099,visa,credit,Banco Dos,CO,true",
		"46000050,46000059,visa,debit,Banco Tres,CO,true",
		"5100005,5100014,mastercard,debit,Banco Dos,CO,true"))
	for bin, want := range map[string]pasarela.CardProfile{
		"450000":      {Brand: "visa", Type: "credit", Bank: "Banco Uno", Country: "PE"}, // types differ: taken for credit
		"45000020":    {Brand: "visa", Type: "debit", Bank: "Banco Uno", Country: "PE", NotEnabled: true},
		"4500002":     {Brand: "visa", Type: "debit", Bank: "Banco Uno", Country: "PE", NotEnabled: true},
		"45000030":    {Brand: "visa", Type: "credit"},
		"460000":      {Brand: "visa", Type: "credit", Bank: "Banco Dos", Country: "CO"}, // one row holds them all
		"4600005012":  {Brand: "visa", Type: "debit", Bank: "Banco Tres", Country: "CO"},
		"46000060123": {Brand: "visa", Type: "credit", Bank: "Banco Dos", Country: "CO"},
		"510000":      {Brand: "mastercard", Type: "debit", Bank: "Banco Dos", Country: "CO"}, // begins within
		"510001":      {Brand: "mastercard", Type: "debit", Bank: "Banco Dos", Country: "CO"}, // ends within
	} {
		if got, err := table.DescribeBIN(bin); err != nil || got != want {
			t.Errorf("%s is %+v (%v), want %+v", bin, got, err, want)
		}
	}
}

// Rule: the imported table goes before test cards, those before the published ranges, and those before the schemes.
func TestSourcesOfAPrefix(t *testing.T) {
	t.Parallel()
	table := Reference()
	table.UseBINs(bins(t, "545195,545195,mastercard,debit,Banco Propio,,true", "40000300,40000300,visa,debit,,,false"))
	for _, want := range []struct {
		bin    string
		source BINSource
		kind   pasarela.CardType
		bank   string
		home   string
	}{
		{"54519515", SourceImported, pasarela.CardDebit, "Banco Propio", "EC"},
		{"400003", SourceImported, pasarela.CardDebit, "BANCO EJEMPLO MÉXICO", "MX"},
		{"40000301", SourceTestRanges, pasarela.CardCredit, "BANCO EJEMPLO MÉXICO", "MX"},
		{"43490030", SourceTestCards, pasarela.CardDebit, "BANCO EJEMPLO", "EC"},
		{"40518842", SourceTestCards, pasarela.CardDebit, "BANCO EJEMPLO", "CL"},
		{"40518856", SourceTestCards, pasarela.CardCredit, "BANCO EJEMPLO", "CL"},
		{"43490031", SourceScheme, pasarela.CardCredit, "", ""},
	} {
		p, source, err := table.LookUpBIN(want.bin)
		if err != nil || source != want.source || p.Type != want.kind || p.Bank != want.bank || p.Country != want.home || p.KnownTestNumber {
			t.Errorf("%s is %+v from %s (%v), want %+v", want.bin, p, source, err, want)
		}
	}
	if p := table.Profile(number(t, "5451951574925480")); p.Type != pasarela.CardDebit || p.Bank != "Banco Propio" || p.Country != "EC" || !p.KnownTestNumber {
		t.Errorf("the test card is %+v", p)
	}
	if p := table.Profile(number(t, "4000030000000000")); !p.NotEnabled {
		t.Errorf("a card of a range that is not enabled is %+v", p)
	}
	if p, source, err := Bare().LookUpBIN("400003"); err != nil || source != SourceScheme || p.Bank != "" {
		t.Errorf("without test cards it is %+v from %s (%v)", p, source, err)
	}
}

// Rule: credit and debit can be tried for every country that the dialects are made for, by a prefix of six digits.
func TestTestRangesCoverTheCountries(t *testing.T) {
	t.Parallel()
	found := map[string]bool{}
	all, err := testRanges().Touching("")
	if err != nil {
		t.Fatal(err)
	}
	for r := range all {
		p, _, err := Reference().LookUpBIN(r.Start[:6])
		if err != nil || p.Country != r.Country || p.Type != r.Type || p.Brand != r.Brand || p.NotEnabled == r.Enabled {
			t.Errorf("%+v is looked up as %+v (%v)", r, p, err)
		}
		if CountryName(r.Country) == "" || r.Bank == "" || BrandOf(r.Start) != r.Brand {
			t.Errorf("range %+v", r)
		}
		found[r.Country+" "+string(r.Type)] = true
	}
	for _, country := range []string{"EC", "CO", "MX", "PE", "CL", "HR", "BA", "RS"} {
		if !found[country+" credit"] || !found[country+" debit"] {
			t.Errorf("%s lacks a credit or a debit range", country)
		}
	}
}

// Rule: a file with errors is refused as a whole, with line and column of each, and without the digits in it.
func TestReadBINsRefuses(t *testing.T) {
	t.Parallel()
	const row = "400000,400099,visa,credit,Banco,EC,true\n"
	for text, says := range map[string][]string{
		"":              {"line 1: ", "start,end,brand,type,bank,country,enabled"},
		row:             {"line 1: ", "header"},
		"\xff\xfe\x00s": {"line 1: "},
		"start,end,brand,type,bank,country,enabled,more\n":                       {"line 1: "},
		binHeader + row + "410000,410000,visa\n":                                 {"line 3: has 3 columns"},
		binHeader + row + row:                                                    {"line 3, column start: the same range stands in line 2"},
		binHeader + row + "40005,40005,visa,credit,Banco,EC,true":                {"line 3, column start"},
		binHeader + row + "400050,400150,visa,credit,Banco,EC,true":              {"line 3, column start: the range crosses that of line 2"},
		binHeader + "400050,400150,visa,,,,true\n" + row:                         {"line 3, column start: the range crosses that of line 2"},
		binHeader + "4000x0,400150,visa,,,,true":                                 {"line 2, column start"},
		binHeader + "400000,4001500,visa,,,,true":                                {"line 2, column end: must have as many digits"},
		binHeader + "400002,400001,visa,,,,true":                                 {"line 2, column end: lies before"},
		binHeader + "5451951574925480,5451951574925480,visa,,,,true":             {"line 2, column start", "column end"},
		binHeader + "545195157490,545195157490,visa,,,,true":                     {"line 2, column end"},
		binHeader + "40000000000000000000,40000000000000000000,visa,,,,true":     {"line 2, column start"},
		binHeader + "400000,400000,gold,charge,\x01,Ecuador,yes":                 {"column brand", "column type", "column bank", "column country", "column enabled"},
		binHeader + "400000,400000,visa,,5451951574925480,,true":                 {"line 2, column bank"},
		binHeader + "400000,400000,visa,,,,\n400000,400000,visa,,,,TRUE\n" + row: {"line 2, column enabled", "line 3, column enabled"},
		binHeader + row + "410000,410000,visa,\"credit,,,true\n":                 {"line 3: character"},
		binHeader + "410000,410000,visa,cre\"dit,,,true\n":                       {"line 2: character"},
	} {
		_, err := ReadBINs(strings.NewReader(text), nil)
		if err == nil || pasarela.CodeOf(err) != pasarela.CodeInvalid {
			t.Errorf("%q gave %v", text, err)
			continue
		}
		for _, s := range says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%q gave %v, want %q in it", text, err, s)
			}
		}
		if strings.Contains(err.Error(), "54519515") {
			t.Errorf("the error tells digits of the file: %v", err)
		}
	}
}

// Rule: the first ten errors are told, not the thousands that may follow.
func TestReadBINsTellsTenErrors(t *testing.T) {
	t.Parallel()
	_, err := ReadBINs(strings.NewReader(binHeader+strings.Repeat("x,y,visa,,,,true\n", 1000)), nil)
	if err == nil || strings.Count(err.Error(), "\n") != 9 {
		t.Errorf("got %v", err)
	}
	_, err = ReadBINs(iotest.ErrReader(errors.New("disk")), nil)
	if pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil || !strings.Contains(err.Error(), "disk") {
		t.Errorf("a reader that fails gave %v", err)
	}
}

// Rule: what spreadsheets do to a file (a mark in front, CRLF) does no harm, and a header alone empties the table.
func TestReadBINsFromASpreadsheet(t *testing.T) {
	t.Parallel()
	b, err := ReadBINs(strings.NewReader("\uFEFF"+strings.ReplaceAll(binHeader+"400000,400099,Master Card,,Peña,EC,true\n", "\n", "\r\n")), nil)
	if err != nil || b.Len() != 1 || b.facts[0].Bank != "Peña" || b.facts[0].Brand != pasarela.BrandMastercard {
		t.Errorf("got %+v %v", b, err)
	}
	if b := bins(t); b.Len() != 0 {
		t.Errorf("the empty table has %d ranges", b.Len())
	}
}

// Rule: what is stored comes back the same; what is cut or altered is refused.
func TestBINsAreStored(t *testing.T) {
	t.Parallel()
	before := bins(t, "450000,450099,visa,credit,Banco Ñandú,PE,true", "45000020,45000029,,prepaid,,,false", "34000012345,34000012345,amex,,,US,true")
	data, err := before.Encode()
	if err != nil {
		t.Fatal(err)
	}
	after, err := DecodeBINs(data)
	if err != nil || !slices.Equal(after.rows, before.rows) || !slices.Equal(after.facts, before.facts) {
		t.Fatalf("came back as %+v %v, was %+v", after, err, before)
	}
	var got []string
	all, err := after.Touching("")
	if err != nil {
		t.Fatal(err)
	}
	for r := range all {
		got = append(got, r.Start+"-"+r.End)
	}
	if want := []string{"34000012345-34000012345", "450000-450099", "4500002-4500002"}; !slices.Equal(got, want) {
		t.Errorf("lists %v, want %v", got, want)
	}
	for _, bad := range [][]byte{nil, []byte("x"), data[:len(data)-9], append(bytes.Clone(data[:len(data)-6]), 1, 2, 3, 4, 5, 6)} {
		if _, err := DecodeBINs(bad); pasarela.CodeOf(err) != pasarela.CodeInternal || err == nil {
			t.Errorf("%d bytes gave %v", len(bad), err)
		}
	}
}

// Rule: the packed table answers as going through all ranges would.
func TestBINsAnswerAsASearchThroughAll(t *testing.T) {
	t.Parallel()
	const seed = 7
	random := rand.New(rand.NewPCG(seed, seed))
	var text strings.Builder
	text.WriteString(binHeader)
	var all []BINRange
	taken := map[string]bool{}
	for i := range 3000 { // ranges of whole prefixes never cross
		prefix := fmt.Sprintf("4%0*d", 5+random.IntN(6), random.IntN(300))
		if taken[prefix] {
			continue
		}
		taken[prefix] = true
		bank := fmt.Sprintf("Bank %d", i)
		all = append(all, BINRange{Start: prefix, End: prefix, BINFacts: BINFacts{Bank: bank}})
		fmt.Fprintf(&text, "%s,%s,visa,credit,%s,EC,true\n", prefix, prefix, bank)
	}
	table := Bare()
	b, err := ReadBINs(strings.NewReader(text.String()), nil)
	if err != nil {
		t.Fatal(err)
	}
	table.UseBINs(b)
	for range 5000 {
		digits := fmt.Sprintf("4%0*d%05d", 5+random.IntN(6), random.IntN(300), random.IntN(100000)) + "000000"
		digits = digits[:16]
		want := ""
		length := 0
		for _, r := range all {
			if strings.HasPrefix(digits, r.Start) && len(r.Start) > length {
				want, length = r.Bank, len(r.Start)
			}
		}
		if got := table.Profile(number(t, digits)).Bank; got != want {
			t.Fatalf("%s is of %q, want %q", digits, got, want)
		}
	}
}

func TestBINLookupDoesNotAllocate(t *testing.T) {
	table := Reference()
	table.UseBINs(bins(t, "450000,450099,visa,credit,Banco,PE,true", "45000020,45000029,visa,prepaid,Otro,PE,true"))
	n := number(t, "4500002500000000")
	if got := testing.AllocsPerRun(100, func() { table.Profile(n) }); got > 0 {
		t.Errorf("a number allocates %v times", got)
	}
	if got := testing.AllocsPerRun(100, func() { _, _, _ = table.LookUpBIN("450000") }); got > 0 {
		t.Errorf("a prefix allocates %v times", got)
	}
}

func FuzzReadBINs(f *testing.F) {
	f.Add(binHeader + "400000,400099,visa,credit,\"Banco, S.A.\",EC,true\n40000012,40000012,,,,,false\n")
	f.Add("\uFEFF" + binHeader)
	f.Fuzz(func(t *testing.T, text string) {
		b, err := ReadBINs(strings.NewReader(text), nil)
		if err != nil {
			if pasarela.CodeOf(err) != pasarela.CodeInvalid {
				t.Errorf("error %v", err)
			}
			return
		}
		data, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := DecodeBINs(data)
		if err != nil || !slices.Equal(again.rows, b.rows) {
			t.Errorf("%d ranges came back as %+v %v", b.Len(), again, err)
		}
	})
}

// millionRows is a table as large as one may be: ranges of eight and nine digits, of four thousand banks.
func millionRows() string {
	var text strings.Builder
	text.WriteString(binHeader)
	for i := range maxBINRanges {
		if i%10 == 9 {
			fmt.Fprintf(&text, "%09d,%09d,visa,debit,Example Bank %d,CL,true\n", 400000000+i*10, 400000000+i*10+4, i%4000)
			continue
		}
		fmt.Fprintf(&text, "%08d,%08d,visa,credit,Example Bank %d,PE,true\n", 40000000+i, 40000000+i, i%4000)
	}
	return text.String()
}

func BenchmarkBINs(b *testing.B) {
	text := millionRows()
	table, err := ReadBINs(strings.NewReader(text), nil)
	if err != nil {
		b.Fatal(err)
	}
	data, err := table.Encode()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ReadBINs(strings.NewReader(text), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := DecodeBINs(data); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(len(data)), "stored-bytes")
	})
	b.Run("look-up", func(b *testing.B) {
		b.ReportAllocs()
		digits := []byte("4000000000000000")
		for i := uint32(1); b.Loop(); i = i*1664525 + 1013904223 { // spread over the table
			digits[2], digits[3], digits[4], digits[5] = '0'+byte(i>>28%10), '0'+byte(i>>24%10), '0'+byte(i>>20%10), '0'+byte(i>>16%10)
			table.ofNumber(digits)
		}
	})
}
