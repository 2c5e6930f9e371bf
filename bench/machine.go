package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Machine is what the figures were measured on.
type Machine struct {
	Cores         int     `json:"cores"`
	Processor     string  `json:"processor"`
	System        string  `json:"system"`
	Go            string  `json:"go"`
	Folder        string  `json:"folder"`
	FlushMicros   float64 `json:"flush_microseconds"`     // median of writing 4 KiB to the end of a file and fsync, in Folder
	FlushMicros99 float64 `json:"flush_microseconds_p99"` // 99th percentile of the same
}

// flushes is how often a flush is timed.
const flushes = 300

func describe(folder string) (Machine, error) {
	m := Machine{Cores: runtime.GOMAXPROCS(0), Processor: processor(), Folder: folder,
		System: runtime.GOOS + "/" + runtime.GOARCH, Go: runtime.Version()}
	took, err := flush(folder)
	if err != nil {
		return m, fmt.Errorf("flush time of %s: %w", folder, err)
	}
	m.FlushMicros, m.FlushMicros99 = micros(took[len(took)/2]), micros(took[len(took)*99/100])
	return m, nil
}

// flush times what bounds every commit, and sorts the times.
func flush(folder string) (took []time.Duration, err error) {
	f, err := os.CreateTemp(folder, "flush-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	page := make([]byte, 4096)
	for range flushes {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	return took, nil
}

func processor() string {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	_, rest, found := strings.Cut(string(text), "model name")
	if !found {
		return "unknown"
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimLeft(line, "\t :")
}

// cpu is time spent on the processors, by who spent it. Where the system has no /proc, it is empty.
type cpu map[string]time.Duration

// Who spends it.
const (
	cpuGateway   = "gateway"
	cpuSimulator = "simulator"
	cpuHandler   = "handler"
	cpuDatabase  = "database" // PostgreSQL; SQLite is part of its process
	cpuLoad      = "load"
	cpuMachine   = "machine" // everybody, the rest of the machine included
)

func (c cpu) since(before cpu) cpu {
	spent := cpu{}
	for who, until := range c {
		spent[who] = until - before[who]
	}
	return spent
}

// meter reads what the processes of a group have used so far.
func meter(groups map[string][]int) func() cpu {
	return func() cpu {
		used := cpu{}
		for who, pids := range groups {
			for _, pid := range pids {
				used[who] += processTime(pid) + childrenTime(pid)
			}
		}
		used[cpuLoad] = ownTime()
		used[cpuMachine] = machineTime()
		return used
	}
}

// tick is the unit of the times in /proc, which Linux fixes at a hundredth of a second.
const tick = 10 * time.Millisecond

// processTime is what a process has used, and those of its children that have ended.
func processTime(pid int) time.Duration {
	fields := stat(pid)
	var sum time.Duration
	for i := 11; i <= 14 && i < len(fields); i++ { // utime, stime, cutime, cstime
		sum += ticks(fields[i])
	}
	return sum
}

// childrenTime is what the living children of a process have used: PostgreSQL's backends.
func childrenTime(parent int) time.Duration {
	folders, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return 0
	}
	var sum time.Duration
	for _, folder := range folders {
		pid, err := strconv.Atoi(filepath.Base(folder))
		if err != nil {
			continue
		}
		if fields := stat(pid); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			sum += processTime(pid)
		}
	}
	return sum
}

// stat is /proc/PID/stat from the state on, empty where there is none.
func stat(pid int) []string {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	return strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the name before may hold anything
}

func ticks(text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return time.Duration(n) * tick
}

func ownTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// machineTime is what all processors have worked, idle and waiting left out.
func machineTime() time.Duration {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var sum time.Duration
	for i, field := range strings.Fields(line) {
		if i != 0 && i != 4 && i != 5 && i < 9 { // the name, idle, iowait, and guest time, which user time holds already
			sum += ticks(field)
		}
	}
	return sum
}

// memory is a size out of /proc/PID/status in megabytes, 0 where there is none: VmRSS now, VmHWM at its peak.
func memory(pid int, what string) float64 {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		return 0
	}
	_, rest, found := strings.Cut(string(text), what+":")
	if !found {
		return 0
	}
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		return 0
	}
	return kilobytes / 1024
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
