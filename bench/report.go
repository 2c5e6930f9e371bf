package bench

import (
	"slices"
	"time"
)

// Report is what came of a run.
type Report struct {
	At              time.Time     `json:"at"`
	DurationSeconds float64       `json:"duration_seconds"` // of each measurement
	Machine         Machine       `json:"machine"`
	Stores          []StoreReport `json:"stores"`
	Ratios          []Ratio       `json:"ratios"`
}

// StoreReport is what one store did.
type StoreReport struct {
	Store                 string   `json:"store"`
	Database              string   `json:"database"`           // name and version
	Settings              string   `json:"settings,omitempty"` // that decide what a commit is worth
	StartToFirstPaymentMS float64  `json:"start_to_first_payment_ms"`
	Memory                Memory   `json:"memory"`
	Rows                  []Row    `json:"rows"`
	Notes                 []string `json:"notes,omitempty"`
}

// Memory is the gateway's resident set in megabytes.
type Memory struct {
	IdleMB float64 `json:"idle_mb"` // after the first payment
	LoadMB float64 `json:"load_mb"` // its peak during the whole run
}

// Row is one measurement.
type Row struct {
	What        string  `json:"what"`
	Connections int     `json:"connections"`
	PerSecond   float64 `json:"per_second"`
	Parts       []Part  `json:"parts"`
	// DatabasePerSecond is what the database does of the same rows and commits alone; 0 where not measured.
	DatabasePerSecond float64 `json:"database_per_second,omitempty"`
	// CPU is microseconds of processor time for each turn, by process.
	CPU map[string]float64 `json:"cpu_microseconds,omitempty"`
	// OthersPercent is how much of all the work of the processors was that of programs outside the run.
	OthersPercent float64 `json:"others_percent"`
}

// Part is the latency of one request of a turn.
type Part struct {
	Name string  `json:"name"`
	P50  float64 `json:"p50_ms"`
	P99  float64 `json:"p99_ms"`
}

// Ratio compares two measurements.
type Ratio struct {
	What        string  `json:"what"`
	Store       string  `json:"store"`
	Connections int     `json:"connections"`
	Ratio       float64 `json:"ratio"`
}

func newRow(what string, connections int, parts []string, s sample) Row {
	row := Row{What: what, Connections: connections, PerSecond: s.perSecond(), CPU: map[string]float64{}}
	for i, name := range parts {
		row.Parts = append(row.Parts, Part{name, millis(s.at(i, 0.5)), millis(s.at(i, 0.99))})
	}
	var ours time.Duration
	for who, used := range s.used {
		if who == cpuMachine {
			continue
		}
		ours += used
		if each := micros(used) / float64(s.turns); each >= 1 {
			row.CPU[who] = each
		}
	}
	if all := s.used[cpuMachine]; all > 0 {
		row.OthersPercent = max(0, 100*float64(all-ours)/float64(all))
	}
	return row
}

// compare works out what the figures say about each other.
func (r *Report) compare() {
	for _, s := range r.Stores {
		for _, row := range s.Rows {
			if row.DatabasePerSecond > 0 {
				r.Ratios = append(r.Ratios, Ratio{row.What + " / the database alone", s.Store, row.Connections, row.PerSecond / row.DatabasePerSecond})
			}
			if row.What == rowCharges {
				r.ratio("charges / bare handler", s, row, s.average(rowHandler, row.Connections))
			}
		}
		for _, n := range s.connections(rowHot) {
			hot := Row{What: rowHot, Connections: n, PerSecond: s.average(rowHot, n)}
			r.ratio("one merchant / 64 merchants", s, hot, s.average(rowMany, n))
		}
	}
	if len(r.Stores) == 2 {
		for _, row := range r.Stores[1].Rows {
			if row.What == rowPairs || row.What == rowTokens || row.What == rowCaptures {
				r.ratio(row.What+", "+r.Stores[1].Store+" / "+r.Stores[0].Store, r.Stores[1], row, r.Stores[0].average(row.What, row.Connections))
			}
		}
	}
}

func (r *Report) ratio(what string, s StoreReport, row Row, by float64) {
	if by > 0 {
		r.Ratios = append(r.Ratios, Ratio{what, s.Store, row.Connections, row.PerSecond / by})
	}
}

// average of what was measured more than once.
func (s StoreReport) average(what string, connections int) float64 {
	sum, n := 0.0, 0
	for _, row := range s.Rows {
		if row.What == what && row.Connections == connections {
			sum, n = sum+row.PerSecond, n+1
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func (s StoreReport) connections(what string) (found []int) {
	for _, row := range s.Rows {
		if row.What == what && !slices.Contains(found, row.Connections) {
			found = append(found, row.Connections)
		}
	}
	return found
}
