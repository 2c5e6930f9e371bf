package bench

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the report for people.
func (r Report) Print(out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	text := &strings.Builder{}
	fmt.Fprintf(text, "%s, %d cores (%s), %s, %s\n", r.At.Format("2006-01-02 15:04"), r.Machine.Cores, r.Machine.Processor, r.Machine.System, r.Machine.Go)
	fmt.Fprintf(text, "%.1f s for each measurement; one flush of 4 KiB in %s: %.0f µs (p99 %.0f µs)\n",
		r.DurationSeconds, r.Machine.Folder, r.Machine.FlushMicros, r.Machine.FlushMicros99)
	for _, s := range r.Stores {
		s.print(text)
	}
	fmt.Fprintf(text, "\nratio\tstore\tconnections\t\n")
	for _, ratio := range r.Ratios {
		fmt.Fprintf(text, "%s\t%s\t%d\t%.2f\n", ratio.What, ratio.Store, ratio.Connections, ratio.Ratio)
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return err
	}
	return w.Flush()
}

func (s StoreReport) print(text *strings.Builder) {
	fmt.Fprintf(text, "\n%s\n", s.Database)
	if s.Settings != "" {
		fmt.Fprintln(text, s.Settings)
	}
	fmt.Fprintf(text, "start to first payment %.0f ms; memory %.0f MB idle, %.0f MB at its peak\n", s.StartToFirstPaymentMS, s.Memory.IdleMB, s.Memory.LoadMB)
	for _, note := range s.Notes {
		fmt.Fprintln(text, note)
	}
	fmt.Fprintf(text, "\nmeasurement\tconnections\tper second\tdatabase alone\tp50 / p99 ms\tCPU µs each\tothers' CPU\n")
	for _, row := range s.Rows {
		alone := "-"
		if row.DatabasePerSecond > 0 {
			alone = fmt.Sprintf("%.0f", row.DatabasePerSecond)
		}
		fmt.Fprintf(text, "%s\t%d\t%.0f\t%s\t%s\t%s\t%.0f %%\n", row.What, row.Connections, row.PerSecond, alone, row.latencies(), row.processors(), row.OthersPercent)
	}
}

func (r Row) latencies() string {
	var all []string
	for _, p := range r.Parts {
		all = append(all, fmt.Sprintf("%s %.2f / %.2f", p.Name, p.P50, p.P99))
	}
	return strings.Join(all, ", ")
}

func (r Row) processors() string {
	var all []string
	for _, who := range []string{cpuGateway, cpuHandler, cpuSimulator, cpuDatabase, cpuLoad} {
		if used, ok := r.CPU[who]; ok {
			all = append(all, fmt.Sprintf("%s %.0f", who, used))
		}
	}
	return strings.Join(all, ", ")
}
