package pasarela

import (
	"slices"
	"time"
)

// Date is a day of the calendar, YYYY-MM-DD, so that dates compare as text; "" for none.
type Date string

// ParseDate returns CodeInvalid for what is no day of the calendar.
func ParseDate(text string) (Date, error) {
	if _, err := time.Parse(time.DateOnly, text); err != nil {
		return "", Errorf(CodeInvalid, "%q is no date: send YYYY-MM-DD", text)
	}
	return Date(text), nil
}

// day is midnight of the date in UTC, whose days are all of one length.
func (d Date) day() time.Time {
	t, _ := time.Parse(time.DateOnly, string(d)) // dates are checked when they come in
	return t
}

func dateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// AddDays moves by days.
func (d Date) AddDays(n int) Date { return dateOf(d.day().AddDate(0, 0, n)) }

// AddMonths moves by months and keeps the day, or takes the last one of a month that is too short for it.
func (d Date) AddMonths(n int) Date {
	t := d.day()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return dateOf(first.AddDate(0, 0, min(t.Day(), last)-1))
}

// Periodicity says how often a subscription is charged (Kushki, "Create a recurring charge": periodicity).
type Periodicity string

// The periodicities.
const (
	Daily           Periodicity = "daily"
	Weekly          Periodicity = "weekly"
	Biweekly        Periodicity = "biweekly" // fifteen days
	Monthly         Periodicity = "monthly"
	ThreeFortnights Periodicity = "threefortnights" // forty-two days
	Bimonthly       Periodicity = "bimonthly"
	Quarterly       Periodicity = "quarterly"
	FourMonths      Periodicity = "fourmonths"
	HalfYearly      Periodicity = "halfYearly"
	Yearly          Periodicity = "yearly"
	Custom          Periodicity = "custom" // on demand only: it has no periods
)

// length is a period's, in days or in months.
type length struct{ days, months int }

var lengths = map[Periodicity]length{
	Daily: {days: 1}, Weekly: {days: 7}, Biweekly: {days: 15}, ThreeFortnights: {days: 42},
	Monthly: {months: 1}, Bimonthly: {months: 2}, Quarterly: {months: 3}, FourMonths: {months: 4},
	HalfYearly: {months: 6}, Yearly: {months: 12}, Custom: {},
}

// Known says whether there is such a periodicity.
func (p Periodicity) Known() bool { _, ok := lengths[p]; return ok }

// First is the first date of a schedule that is not before from, "" for one that has no periods. Dates are counted
// from start, so that a month end stays one: the 31st of January, the 28th of February, the 31st of March.
func (p Periodicity) First(start, from Date) Date {
	l := lengths[p]
	if l == (length{}) || start == "" {
		return ""
	}
	if from <= start {
		return start
	}
	at := func(k int) Date {
		if l.days > 0 {
			return start.AddDays(k * l.days)
		}
		return start.AddMonths(k * l.months)
	}
	s, f := start.day(), from.day()
	k := int(f.Sub(s)/(24*time.Hour)) / max(l.days, 1)
	if l.months > 0 {
		k = ((f.Year()-s.Year())*12 + int(f.Month()-s.Month())) / l.months
	}
	for k = max(k-1, 0); at(k) < from; k++ { // at most two steps
	}
	return at(k)
}

// The daily run is at six in the morning, five hours behind UTC in every country (Kushki, "Scheduled payments").
// What fails is tried again at noon and at six in the evening of each of its days.
var (
	billingZone  = time.FixedZone("GMT-5", -5*60*60)
	billingHours = []int{6, 12, 18}
)

// BillingDate is the day on the scheduler's calendar.
func BillingDate(t time.Time) Date { return dateOf(t.In(billingZone)) }

// run is the hour of an attempt: the first, second or third of the day.
func (d Date) run(slot int) time.Time {
	t := d.day()
	return time.Date(t.Year(), t.Month(), t.Day(), billingHours[slot], 0, 0, 0, billingZone).UTC()
}

// Run is when the daily run of the date begins.
func (d Date) Run() time.Time { return d.run(0) }

// NextRun is the first daily run that is not before t.
func NextRun(t time.Time) time.Time {
	d := BillingDate(t)
	if d.Run().Before(t) {
		d = d.AddDays(1)
	}
	return d.Run()
}

// RetryKind says on which days a failed charge is tried again.
type RetryKind string

// The kinds.
const (
	RetryDefault RetryKind = ""      // the first three days
	RetryEvery   RetryKind = "every" // every so many days
	RetryOn      RetryKind = "on"    // on given days of the month
)

// Retry is how a failed charge of a period is tried again (Kushki, "Retry configuration").
type Retry struct {
	Kind RetryKind
	Days []int // 1 to 31 each: intervals of RetryEvery, days of the month of RetryOn
}

// retryDays is how many days in a row RetryDefault tries.
const retryDays = 3

// Attempts lists when a period is charged that begins on a day: at most three times a day, the first one first, all
// within a month. The list is never empty.
func (r Retry) Attempts(begins Date) []time.Time {
	times := []time.Time{begins.Run()}
	if r.tries(begins, begins) {
		times = begins.runs()
	}
	for d := begins.AddDays(1); d < begins.AddMonths(1); d = d.AddDays(1) {
		if r.tries(begins, d) {
			times = append(times, d.runs()...)
		}
	}
	return times
}

func (d Date) runs() []time.Time {
	var times []time.Time
	for slot := range billingHours {
		times = append(times, d.run(slot))
	}
	return times
}

// tries says whether a period that begins on a day is tried again on a later one.
func (r Retry) tries(begins, d Date) bool {
	past := int(d.day().Sub(begins.day()) / (24 * time.Hour))
	switch r.Kind {
	case RetryEvery:
		return slices.ContainsFunc(r.Days, func(n int) bool { return n > 0 && past%n == 0 })
	case RetryOn:
		return slices.Contains(r.Days, d.day().Day())
	default:
		return past < retryDays
	}
}
