package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// requestWithin bounds one request, so that a gateway which hangs ends the run.
const requestWithin = 30 * time.Second

// connection is one keep-alive HTTP/1.1 connection. It does as little as it can, because it shares the
// processors with what it measures: requests are made beforehand, answers are read into one buffer.
type connection struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte // of the last answer
}

func dial(ctx context.Context, address string) (*connection, error) {
	conn, err := (&net.Dialer{Timeout: requestWithin}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn: conn, in: bufio.NewReaderSize(conn, 8<<10)}, nil
}

func (c *connection) close() { _ = c.conn.Close() } // nothing is lost with a connection that has its answers

// deadline bounds all that is asked of the connection from now on.
func (c *connection) deadline(within time.Duration) error {
	return c.conn.SetDeadline(time.Now().Add(within))
}

// do sends a request and returns the answer's status and body. The body is valid until the next call.
func (c *connection) do(request []byte) (status int, body []byte, err error) {
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, nil, err
	}
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, nil, fmt.Errorf("answer begins with %q, which is not HTTP/1.1", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, nil, err
	}
	length, err := c.header()
	if err != nil {
		return 0, nil, err
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err = io.ReadFull(c.in, c.body)
	return status, c.body, err
}

var contentLength = []byte("content-length:")

// header reads to the end of the header and returns the body's length.
func (c *connection) header() (length int, err error) {
	length = -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if len(line) > len(contentLength) && bytes.EqualFold(line[:len(contentLength)], contentLength) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(line[len(contentLength):]))); err != nil {
				return 0, err
			}
		}
	}
	if length < 0 {
		return 0, errors.New("answer has no Content-Length")
	}
	return length, nil
}

// request is a request made beforehand. Where it names something that is known later, such as a token, the
// value has a fixed length and is copied in.
type request struct {
	bytes []byte
	hole  int // where set writes, 0 for nowhere
}

// hole stands in a body for what set fills in; it is as long as what comes there.
func hole(length int) string { return string(bytes.Repeat([]byte{'?'}, length)) }

func post(path, credential, value, body string) *request {
	text := fmt.Sprintf("POST %s HTTP/1.1\r\nHost: bench\r\n%s: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, credential, value, len(body), body)
	return &request{bytes: []byte(text), hole: max(bytes.IndexByte([]byte(text), '?'), 0)}
}

func get(path string) *request {
	return &request{bytes: []byte("GET " + path + " HTTP/1.1\r\nHost: bench\r\n\r\n")}
}

func (r *request) set(value []byte) { copy(r.bytes[r.hole:], value) }

// member finds a member's string in a JSON answer, without taking the rest apart.
func member(body []byte, name string) ([]byte, bool) {
	_, rest, found := bytes.Cut(body, []byte(`"`+name+`":"`))
	if !found {
		return nil, false
	}
	value, _, found := bytes.Cut(rest, []byte{'"'})
	return value, found
}
