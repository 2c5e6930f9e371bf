package telemetry

import (
	"io"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// Log writes lines from a goroutine of its own, so that a slow terminal or disk does not slow a payment.
// When it can't keep up it drops lines and says how many.
type Log struct {
	lines chan []byte
	done  chan struct{}

	dropped atomic.Int64

	mu     sync.RWMutex
	closed bool // guarded by mu
}

const (
	logQueue = 4096
	logFlush = 64 << 10
)

// NewLog returns a logger of JSON lines at level and above to w, and what to close when the program ends.
func NewLog(w io.Writer, level slog.Level) (*slog.Logger, *Log) {
	l := &Log{lines: make(chan []byte, logQueue), done: make(chan struct{})}
	go l.write(w)
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: level, ReplaceAttr: utc})), l
}

func utc(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && a.Key == slog.TimeKey {
		a.Value = slog.TimeValue(a.Value.Time().UTC().Truncate(time.Microsecond))
	}
	return a
}

// Write implements io.Writer for the handler; it never blocks.
func (l *Log) Write(line []byte) (int, error) {
	kept := append([]byte(nil), line...)
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.closed {
		return len(line), nil
	}
	select {
	case l.lines <- kept:
	default:
		l.dropped.Add(1)
	}
	return len(line), nil
}

// Close writes what is queued.
func (l *Log) Close() {
	l.mu.Lock()
	if !l.closed {
		l.closed = true
		close(l.lines)
	}
	l.mu.Unlock()
	<-l.done
}

// write gathers the lines that are waiting into one write.
func (l *Log) write(w io.Writer) {
	defer close(l.done)
	buffer := make([]byte, 0, logFlush)
	for line := range l.lines {
		buffer = append(buffer[:0], line...)
		for more := true; more && len(buffer) < logFlush; {
			select {
			case next, ok := <-l.lines:
				buffer, more = append(buffer, next...), ok
			default:
				more = false
			}
		}
		buffer = append(buffer, l.lost()...)
		_, _ = w.Write(buffer) // there is nowhere to report that the log cannot be written
	}
}

func (l *Log) lost() []byte {
	n := l.dropped.Swap(0)
	if n == 0 {
		return nil
	}
	return append([]byte(`{"level":"WARN","msg":"log lines were dropped","lines":`), append(strconv.AppendInt(nil, n, 10), "}\n"...)...)
}
