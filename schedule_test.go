package pasarela

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Kushki's periodicities, as their names and the reference say; nothing of the code's table is used.
var (
	inDays   = map[Periodicity]int{Daily: 1, Weekly: 7, Biweekly: 15, ThreeFortnights: 42}
	inMonths = map[Periodicity]int{Monthly: 1, Bimonthly: 2, Quarterly: 3, FourMonths: 4, HalfYearly: 6, Yearly: 12}
)

// falls says whether a schedule has a day, by looking at that day alone.
func falls(p Periodicity, start, d Date) bool {
	s, t := start.day(), d.day()
	if t.Before(s) {
		return false
	}
	if n := inDays[p]; n > 0 {
		return int(t.Sub(s).Hours())/24%n == 0
	}
	n := inMonths[p]
	if n == 0 || (12*t.Year()+int(t.Month())-12*s.Year()-int(s.Month()))%n != 0 {
		return false
	}
	lastOfMonth := t.AddDate(0, 0, 1).Day() == 1
	return t.Day() == s.Day() || (lastOfMonth && t.Day() < s.Day())
}

var periodicities = []Periodicity{Daily, Weekly, Biweekly, ThreeFortnights, Monthly, Bimonthly, Quarterly, FourMonths, HalfYearly, Yearly, Custom}

func drawDate(t *rapid.T, from Date, days int, name string) Date {
	return from.AddDays(rapid.IntRange(0, days).Draw(t, name))
}

// A schedule has every date that its rhythm and start give, and no other: the first one from any day on is the one
// that a look at day after day finds.
func TestScheduleHasEachOfItsDates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(periodicities).Draw(t, "periodicity")
		start := drawDate(t, "2027-01-01", 2000, "start")
		from := drawDate(t, start.AddDays(-40), 1200, "from")
		want := Date("")
		for d := from; p != Custom && want == ""; d = d.AddDays(1) {
			if falls(p, start, d) {
				want = d
			}
		}
		if got := p.First(start, from); got != want {
			t.Fatalf("%s from %s: the first date from %s on is %q, want %q", p, start, from, got, want)
		}
	})
}

// Month ends are counted from the start, so a short month shortens no later one (issue: 31 January monthly is 28 or 29
// February, then 31 March).
func TestMonthEndsComeBack(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		periodicity Periodicity
		start       Date
		dates       []Date
	}{
		"31st":                {Monthly, "2027-01-31", []Date{"2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"}},
		"31st in a leap year": {Monthly, "2028-01-31", []Date{"2028-01-31", "2028-02-29", "2028-03-31"}},
		"30th":                {Monthly, "2027-01-30", []Date{"2027-01-30", "2027-02-28", "2027-03-30"}},
		"29 February yearly":  {Yearly, "2028-02-29", []Date{"2028-02-29", "2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"}},
		"half a year":         {HalfYearly, "2027-08-31", []Date{"2027-08-31", "2028-02-29", "2028-08-31", "2029-02-28"}},
		"quarters":            {Quarterly, "2027-11-30", []Date{"2027-11-30", "2028-02-29", "2028-05-30"}},
		"fifteen days":        {Biweekly, "2028-02-20", []Date{"2028-02-20", "2028-03-06", "2028-03-21"}},
		"forty-two days":      {ThreeFortnights, "2027-12-01", []Date{"2027-12-01", "2028-01-12", "2028-02-23"}},
	} {
		var got []Date
		for d := c.periodicity.First(c.start, ""); len(got) < len(c.dates); d = c.periodicity.First(c.start, d.AddDays(1)) {
			got = append(got, d)
		}
		if !slices.Equal(got, c.dates) {
			t.Errorf("%s: %v, want %v", name, got, c.dates)
		}
	}
}

func TestDatesThatAreNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "2027-02-29", "2027-13-01", "2027-1-1", "01-02-2027", "2027-01-01T00:00:00Z", "20270101"} {
		if d, err := ParseDate(text); err == nil {
			t.Errorf("%q is taken for %s", text, d)
		}
	}
	if d, err := ParseDate("2028-02-29"); err != nil || d != "2028-02-29" {
		t.Errorf("29 February 2028 is %q, %v", d, err)
	}
}

// The daily run is at 06:00 GMT-5; what exists at that very moment is billed by it.
func TestDailyRunIsAtSixGMTMinusFive(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2031-03-03T10:59:59Z": "2031-03-03T11:00:00Z",
		"2031-03-03T11:00:00Z": "2031-03-03T11:00:00Z",
		"2031-03-03T11:00:01Z": "2031-03-04T11:00:00Z",
		"2031-03-04T04:59:59Z": "2031-03-04T11:00:00Z", // still the 3rd there
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := NextRun(now).Format(time.RFC3339); got != want {
			t.Errorf("the run after %s is %s, want %s", at, got, want)
		}
	}
}

func drawRetry(t *rapid.T) Retry {
	r := Retry{Kind: rapid.SampledFrom([]RetryKind{RetryDefault, RetryEvery, RetryOn}).Draw(t, "kind")}
	if r.Kind != RetryDefault {
		r.Days = rapid.SliceOfNDistinct(rapid.IntRange(1, 31), 1, 5, rapid.ID[int]).Draw(t, "days")
	}
	return r
}

// Attempts rise, the first one is on the day, at most three are on a day, at the hours of the runs, and all within a
// month (Kushki, "Retry configuration").
func TestAttemptsAreFewAndInOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, begins := drawRetry(t), drawDate(t, "2027-01-01", 2000, "begins")
		times := r.Attempts(begins)
		if len(times) == 0 || !times[0].Equal(begins.Run()) {
			t.Fatalf("the first attempt is not on the day: %v", times)
		}
		if !slices.IsSortedFunc(times, time.Time.Compare) || len(slices.CompactFunc(slices.Clone(times), time.Time.Equal)) != len(times) {
			t.Fatalf("attempts do not rise: %v", times)
		}
		perDay := map[Date]int{}
		for _, at := range times {
			d := BillingDate(at)
			perDay[d]++
			local := at.In(billingZone)
			if perDay[d] > 3 || d >= begins.AddMonths(1) || local.Minute() != 0 || !slices.Contains([]int{6, 12, 18}, local.Hour()) {
				t.Fatalf("%s is no time for an attempt of %s: %v", at, begins, times)
			}
			if r.Kind == RetryOn && d > begins && !slices.Contains(r.Days, d.day().Day()) {
				t.Fatalf("%s is none of the days %v", d, r.Days)
			}
		}
		if r.Kind == RetryDefault && (len(times) != 9 || BillingDate(times[8]) != begins.AddDays(2)) {
			t.Fatalf("by default there are nine attempts in three days, not %v", times)
		}
	})
}

func TestAttemptsAsConfigured(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		retry  Retry
		begins Date
		days   map[Date]int
	}{
		"by default":               {Retry{}, "2031-02-10", map[Date]int{"2031-02-10": 3, "2031-02-11": 3, "2031-02-12": 3}},
		"every ten days":           {Retry{RetryEvery, []int{10}}, "2031-02-10", map[Date]int{"2031-02-10": 3, "2031-02-20": 3, "2031-03-02": 3}},
		"on days that begin it":    {Retry{RetryOn, []int{10, 20}}, "2031-02-10", map[Date]int{"2031-02-10": 3, "2031-02-20": 3}},
		"on later days":            {Retry{RetryOn, []int{10, 20}}, "2031-02-05", map[Date]int{"2031-02-05": 1, "2031-02-10": 3, "2031-02-20": 3}},
		"on a day that is not had": {Retry{RetryOn, []int{31}}, "2031-02-01", map[Date]int{"2031-02-01": 1}},
		"on a day of next month":   {Retry{RetryOn, []int{1}}, "2031-01-31", map[Date]int{"2031-01-31": 1, "2031-02-01": 3}},
	} {
		got := map[Date]int{}
		for _, at := range c.retry.Attempts(c.begins) {
			got[BillingDate(at)]++
		}
		for d := c.begins; d < c.begins.AddDays(40); d = d.AddDays(1) {
			if got[d] != c.days[d] {
				t.Errorf("%s: %d attempts on %s, want %d", name, got[d], d, c.days[d])
			}
		}
	}
}
