package iso_test

import (
	"bufio"
	"bytes"
	"testing"

	"pasarela/cde/acquirer/iso"
)

// FuzzReadFrame: whatever the stream, the reader ends, and what it returned is within the limits.
func FuzzReadFrame(f *testing.F) {
	f.Add([]byte("\x00\x03one\x00\x03two"))
	f.Add([]byte("\x00\x00"))
	f.Add([]byte("\xff\xff\x00"))
	f.Add(iso.AppendFrame(nil, pack(f, full(f))))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := bufio.NewReader(bytes.NewReader(stream))
		var rebuilt, frame []byte
		for {
			whole := iso.FrameBuffered(r)
			var err error
			if frame, err = iso.ReadFrame(r, frame); err != nil {
				break
			}
			if len(frame) == 0 || len(frame) > iso.MaxMessage {
				t.Fatalf("frame of %d bytes", len(frame))
			}
			if !whole && len(rebuilt) > 0 && len(rebuilt)+2+len(frame) < min(len(stream), 4096) {
				t.Fatal("a frame that was there was not seen to be")
			}
			rebuilt = iso.AppendFrame(rebuilt, frame)
		}
		if !bytes.HasPrefix(stream, rebuilt) {
			t.Fatal("frames are not what the stream said")
		}
	})
}

// FuzzUnpack: foreign bytes never stop the process; what can be read can be redacted, written and read again.
func FuzzUnpack(f *testing.F) {
	f.Add(pack(f, full(f)))
	f.Add(pack(f, iso.Message{MTI: "0800", STAN: "000001", Function: iso.SignOn}))
	f.Add(pack(f, iso.Message{MTI: "0210", STAN: "000001", RRN: "612412345678", ResponseCode: "00"}))
	f.Add(pack(f, iso.Message{MTI: "0100", Additional: iso.Additional{ECI: "05", Authentication: proof}}))
	f.Add([]byte("0200\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Add([]byte("0200\x00\x00\x00\x00\x00\x01\x00\x00013920142029255"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := iso.Unpack(b)
		redacted := iso.AppendRedacted(nil, b)
		if err != nil {
			return
		}
		if redacted == nil {
			t.Fatal("a message that can be read can't be redacted")
		}
		if len(iso.Fields(redacted)) > 128 {
			t.Fatal("more fields than there are")
		}
		packed, err := m.Pack()
		if err != nil {
			t.Fatalf("what was read can't be written: %v", err)
		}
		if _, err := iso.Unpack(packed); err != nil {
			t.Fatalf("what was written can't be read: %v", err)
		}
	})
}
