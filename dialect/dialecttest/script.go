package dialecttest

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
)

// Exchange is one request of a script and its answer.
type Exchange struct {
	Method, Path string
	Header       http.Header
	Request      []byte
	Status       int
	AnswerHeader http.Header
	Answer       []byte
}

// Scripts plays every file that pattern matches, each in a world of its own. A file is a conversation:
//
//	# what this is about
//	> POST /card/v1/tokens            a request: its line, its headers,
//	> Public-Merchant-Id: pe-public
//	> {"totalAmount": 118}            and its body, on as many lines as it likes
//	< 201                             the status and headers that must come back,
//	< Content-Type: application/json; charset=utf-8
//	< {"token": "<token>"}            and the exact JSON; member order and white space do not matter. Where none is
//	                                  given, the body may be anything
//	$token = token                    keeps a member of the answer (a.b is b in a) for later lines
//	$page = header Location           keeps a header of the answer
//	$path = in url                    keeps a member that is an address of the world's, without its beginning
//	$token = end of url               keeps the last segment of its path
//	visit $url                        what a browser without scripts does: follows an address and its redirects until it
//	                                  is asked for something, or is led away from the gateway
//	fill pan=4051...&cvv=123          sends the form of the page that is shown, and goes on as visit does
//	type 1234                         answers the issuer's page, and goes on as visit does
//	cancel                            gives up on the issuer's page, likewise
//	at https://shop.example/back?...  where the browser was led away to
//	clock + 31m                       moves the clock and does what falls due
//	fault no_response on authorization   the next such message meets a fault
//	fault decline 51 on refund           or is declined
//	disable PE                           a merchant may charge nothing, until
//	enable PE                            it may again
//	told                                 what merchants are to be told since the last such line: nothing,
//	< POST https://shop.example/hook     or to each address, in order,
//	< X-Shop: 881                        with headers of the merchant's own,
//	< {"ticket_number": "<ticket>"}      the exact JSON
//
// What stands between < and > in an expected value is one of Placeholders. "same" below an exchange says that
// the answer is byte for byte the one before.
func Scripts(t *testing.T, pattern string, world func(testing.TB) *World) {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts match %s (%v)", pattern, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			s := &script{t: t, world: world(t), file: file, kept: map[string]string{}}
			s.play()
		})
	}
}

// script is a file being played.
type script struct {
	t     *testing.T
	world *World
	file  string
	kept  map[string]string

	line     int
	request  []string // of the exchange being read
	expected []string
	from     int // line of the request
	answer   []byte
	before   []byte // the answer before that
	headers  http.Header
	browser  browser
	telling  bool // expected are deliveries
}

func (s *script) play() {
	f, err := os.Open(s.file)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = f.Close() }() // read only
	lines := bufio.NewScanner(f)
	for lines.Scan() && !s.t.Failed() {
		s.line++
		s.read(strings.TrimRight(lines.Text(), " \t"))
	}
	if err := lines.Err(); err != nil {
		s.t.Fatal(err)
	}
	s.exchange()
}

var (
	keep       = regexp.MustCompile(`^\$([A-Za-z0-9_]+) = ([A-Za-z0-9_.]+)$`)
	keepHeader = regexp.MustCompile(`^\$([A-Za-z0-9_]+) = header ([A-Za-z-]+)$`)
	keepPath   = regexp.MustCompile(`^\$([A-Za-z0-9_]+) = in ([A-Za-z0-9_.]+)$`)
	keepEnd    = regexp.MustCompile(`^\$([A-Za-z0-9_]+) = end of ([A-Za-z0-9_.]+)$`)
)

// read takes one line.
func (s *script) read(line string) {
	if text, ok := strings.CutPrefix(line, "> "); ok {
		if len(s.expected) > 0 || s.telling {
			s.exchange()
		}
		if len(s.request) == 0 {
			s.from = s.line
		}
		s.request = append(s.request, text)
		return
	}
	if text, ok := strings.CutPrefix(line, "< "); ok {
		s.expected = append(s.expected, text)
		return
	}
	s.exchange()
	switch {
	case line == "" || line[0] == '#':
	case keepHeader.MatchString(line):
		m := keepHeader.FindStringSubmatch(line)
		s.kept[m[1]] = s.headers.Get(m[2])
	case keepPath.MatchString(line):
		m := keepPath.FindStringSubmatch(line)
		s.keep(m[1], m[2])
		s.kept[m[1]] = strings.TrimPrefix(s.kept[m[1]], PublicURL)
	case keepEnd.MatchString(line):
		m := keepEnd.FindStringSubmatch(line)
		s.keep(m[1], m[2])
		address, _, _ := strings.Cut(s.kept[m[1]], "?")
		s.kept[m[1]] = path.Base(address)
	case browses.MatchString(line):
		s.browse(s.replace(line))
	case keep.MatchString(line):
		m := keep.FindStringSubmatch(line)
		s.keep(m[1], m[2])
	case strings.HasPrefix(line, "disable "), strings.HasPrefix(line, "enable "):
		verb, name, _ := strings.Cut(line, " ")
		s.world.Disable(s.t, name, verb == "disable")
	case line == "told":
		s.telling = true
	case line == "same":
		if string(s.answer) != string(s.before) {
			s.fatalf("answer differs from the one before:\n%s\n%s", s.before, s.answer)
		}
	case strings.HasPrefix(line, "clock + "):
		d, err := time.ParseDuration(strings.TrimPrefix(line, "clock + "))
		if err != nil {
			s.fatalf("%v", err)
		}
		s.world.Clock.Advance(d)
		s.world.Sweep(s.t)
	case strings.HasPrefix(line, "fault "):
		s.fault(strings.Fields(line)[1:])
	default:
		s.fatalf("not understood: %s", line)
	}
}

func (s *script) fatalf(format string, args ...any) {
	s.t.Helper()
	s.t.Fatalf("%s:%d: "+format, append([]any{s.file, s.line}, args...)...)
}

// fault reads KIND [CODE] on MESSAGE.
func (s *script) fault(words []string) {
	f := simulator.Fault{Count: 1}
	if len(words) < 3 || words[len(words)-2] != "on" {
		s.fatalf("a fault reads: fault no_response on authorization")
	}
	f.Kind, f.On = simulator.FaultKind(words[0]), simulator.FaultOn(words[len(words)-1])
	if len(words) == 4 {
		f.ResponseCode = words[1]
	}
	if err := s.world.Bank.AddFault(f); err != nil {
		s.fatalf("%v", err)
	}
}

// exchange sends the request that was read and compares the answer.
func (s *script) exchange() {
	if s.telling {
		s.compareTold()
	}
	if len(s.request) == 0 {
		return
	}
	if len(s.expected) == 0 {
		s.fatalf("the request of line %d has no expected answer", s.from)
	}
	e := s.send()
	s.request, s.before, s.answer, s.headers = nil, s.answer, e.Answer, e.AnswerHeader
	if s.world.onExchange != nil {
		s.world.onExchange(e)
	}
	expected := s.expected
	s.expected = nil
	s.compare(e, expected)
}

var header = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*:( |$)`)

// headAndBody separates header lines from what follows them.
func headAndBody(lines []string) (head, body []string) {
	n := 0
	for n < len(lines) && header.MatchString(lines[n]) {
		n++
	}
	return lines[:n], lines[n:]
}

func (s *script) send() Exchange {
	s.t.Helper()
	method, path, _ := strings.Cut(s.replace(s.request[0]), " ")
	head, lines := headAndBody(s.request[1:])
	body := s.replace(strings.Join(lines, "\n"))
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		r.Body, r.ContentLength = http.NoBody, 0
	}
	for _, h := range head {
		name, value, _ := strings.Cut(s.replace(h), ":") // the value may be empty
		r.Header.Add(name, strings.TrimSpace(value))
	}
	w := httptest.NewRecorder()
	s.world.ServeHTTP(w, r)
	return Exchange{Method: method, Path: path, Header: r.Header, Request: []byte(body), Status: w.Code,
		AnswerHeader: w.Header(), Answer: w.Body.Bytes()}
}

var name = regexp.MustCompile(`\$[A-Za-z0-9_]+`)

// replace puts what was kept in place of its $name.
func (s *script) replace(text string) string {
	return name.ReplaceAllStringFunc(text, func(n string) string {
		v, ok := s.kept[n[1:]]
		if !ok {
			s.fatalf("%s was not kept", n)
		}
		return v
	})
}

// Merchant is a short way to a world's merchant.
func (w *World) Merchant(country string) pasarela.Merchant { return w.Merchants[country] }
