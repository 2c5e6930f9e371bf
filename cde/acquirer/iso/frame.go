package iso

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
)

// MaxMessage is the longest message either side accepts, in bytes without its header.
const MaxMessage = 4096

const headerSize = 2

// ErrFrameLength says that a header announced nothing or more than MaxMessage. What follows it on the
// connection can't be trusted, so the connection has to be closed.
var ErrFrameLength = errors.New("length header is zero or above 4096: the peer does not speak this framing")

// ReadFrame reads one message into buf, growing it where needed, and returns the message without its
// header. It returns io.EOF at the end of the stream between messages, io.ErrUnexpectedEOF within one, and
// ErrFrameLength.
func ReadFrame(r io.Reader, buf []byte) ([]byte, error) {
	buf = grow(buf, headerSize)
	if _, err := io.ReadFull(r, buf); err != nil {
		return buf[:0], err
	}
	n := int(binary.BigEndian.Uint16(buf))
	if n == 0 || n > MaxMessage {
		return buf[:0], ErrFrameLength
	}
	buf = grow(buf, n)
	if _, err := io.ReadFull(r, buf); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return buf[:0], err
	}
	return buf, nil
}

// FrameBuffered says whether r can give a whole message, or a broken header, without waiting for the peer.
func FrameBuffered(r *bufio.Reader) bool {
	if r.Buffered() < headerSize {
		return false
	}
	header, err := r.Peek(headerSize)
	return err == nil && r.Buffered() >= headerSize+int(binary.BigEndian.Uint16(header))
}

// AppendFrame appends message with its header to dst. The message is at most MaxMessage long, which holds
// for whatever Message.Pack returns.
func AppendFrame(dst, message []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(message)))
	return append(dst, message...)
}

func grow(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n, max(n, 512))
	}
	return buf[:n]
}
