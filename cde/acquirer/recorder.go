package acquirer

import (
	"sync"
	"time"

	"pasarela/cde/acquirer/iso"
)

// recorderSize is how many messages a Recorder keeps unless told otherwise.
const recorderSize = 20_000

// Recorder keeps the last messages of the link. Recording copies the masked bytes into a slot that is used
// again; they are taken apart on reading only.
type Recorder struct {
	mu    sync.Mutex
	slots []slot // guarded by mu; message n is in slot n mod len
	last  int64  // number of the newest message; guarded by mu
}

type slot struct {
	at        time.Time
	direction Direction
	frame     []byte
}

// MessageRecord is one message for people to read: the number masked, the CVV absent.
type MessageRecord struct {
	Seq       int64             `json:"seq"`
	At        time.Time         `json:"at"`
	Direction Direction         `json:"direction"`
	MTI       string            `json:"mti"`
	Fields    map[string]string `json:"fields"`
}

// NewRecorder keeps the newest size messages, 20,000 where size is 0.
func NewRecorder(size int) *Recorder {
	if size <= 0 {
		size = recorderSize
	}
	return &Recorder{slots: make([]slot, size)}
}

// Record takes a message; it fits Observer.Message.
func (r *Recorder) Record(t Traffic) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last++
	s := &r.slots[r.last%int64(len(r.slots))]
	s.at, s.direction, s.frame = t.At, t.Direction, append(s.frame[:0], t.Frame...)
}

// Messages lists those after the given number that are still kept, oldest first.
func (r *Recorder) Messages(after int64) []MessageRecord {
	kept, first := r.copy(after)
	records := make([]MessageRecord, len(kept))
	for i, s := range kept {
		records[i] = MessageRecord{
			Seq: first + int64(i), At: s.at.UTC(), Direction: s.direction,
			MTI: string(s.frame[:4]), Fields: iso.Fields(s.frame),
		}
	}
	return records
}

// Forget drops what was recorded. Numbers go on from where they were.
func (r *Recorder) Forget() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.slots {
		r.slots[i].frame = r.slots[i].frame[:0]
	}
}

func (r *Recorder) copy(after int64) (kept []slot, first int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	first = max(after, r.last-int64(len(r.slots)), 0) + 1
	for n := first; n <= r.last; n++ {
		s := r.slots[n%int64(len(r.slots))]
		if len(s.frame) == 0 {
			kept, first = kept[:0], n+1
			continue
		}
		s.frame = append([]byte(nil), s.frame...)
		kept = append(kept, s)
	}
	return kept, first
}
