package main_test

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pasarela/store/postgres/pgtest"
)

// Every command explains itself: what it does, an example, its flags with their environment variables.
func TestHelp(t *testing.T) {
	t.Parallel()
	for command, says := range map[string][]string{
		"":                {"dev", "serve", "simulator", "migrate", "merchant create", "merchant change", "merchant disable", "merchant enable", "merchant list", "keys rotate", "bins import", "reconcile", "doctor", "bench", "version", "Not affiliated"},
		"dev":             {"Example: pasarela dev", "--listen=\"127.0.0.1:8080\"", "PASARELA_LISTEN", "--data", "PASARELA_DATA", "--database-url", "PASARELA_DATABASE_URL", "--acquirer", "--start-time", "--log-level", "--acquirer-timeout"},
		"serve":           {"Example: pasarela serve", "--tls-certificate", "--tls-key", "--behind-proxy", "--key-encryption-key", "--sandbox", "--acquirer"},
		"simulator":       {"Example: pasarela simulator", "--listen", "--control", "--data"},
		"migrate":         {"Example: pasarela migrate", "--database-url"},
		"merchant create": {"standard input", "--data"},
		"merchant change": {"standard input", "Example: echo", "null takes away", "--data"},
		"merchant list":   {"--json", "--data"},
		"webhooks rotate": {"--merchant", "--overlap", "24h", "--json"},
		"keys rotate":     {"--resume", "--retire", "--settle"},
		"bins import":     {"Example: pasarela bins import", "start,end,brand,type,bank,country,enabled", "standard input", "exit 1", "--data", "--database-url"},
		"bins list":       {"Example: pasarela bins list", "--json"},
		"bins show":       {"Example: pasarela bins show", "--json"},
		"webhooks list":   {"Example: pasarela webhooks list", "--merchant", "--state", "--event", "--from", "--to", "--attempts", "--json", "--database-url"},
		"webhooks replay": {"Examples: pasarela webhooks replay", "--merchant", "--id", "--from", "--to", "--state"},
		"webhooks test":   {"Example: pasarela webhooks test", "--merchant", "--url", "exit 1"},
		"reconcile":       {"Example: pasarela reconcile", "--json", "--issuer", "exit 1"},
		"doctor":          {"Example: pasarela doctor", "--acquirer", "--directory-server", "--json"},
		"bench":           {"Example: pasarela bench", "--duration"},
		"version":         {"version"},
	} {
		t.Run(command, func(t *testing.T) {
			t.Parallel()
			r := run(t, append(strings.Fields(command), "--help")...).must(t)
			text := strings.Join(strings.Fields(r.out), " ") // as if lines were not folded
			for _, s := range says {
				if !strings.Contains(text, s) {
					t.Errorf("help does not say %q:\n%s", s, r.out)
				}
			}
		})
	}
}

// A command that does not exist is refused with what there is.
func TestUnknownCommand(t *testing.T) {
	t.Parallel()
	if r := run(t, "sell"); r.code == 0 || !strings.Contains(r.err+r.out, "sell") || !strings.Contains(r.err+r.out, "reconcile") {
		t.Errorf("exit status %d, said %q and %q", r.code, r.out, r.err)
	}
}

// A command line that cannot be read is answered with what is wrong and where to read more, not with all the help.
func TestAMistakeIsAnsweredShortly(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"serve", "--colour", "red"}, "pasarela: unknown flag --colour\ntry `pasarela serve --help`\n"},
		{[]string{"serve", "--acquirer"}, "pasarela: --acquirer: give HOST:PORT\ntry `pasarela serve --help`\n"},
		{[]string{"keys", "rotate", "--settle"}, "pasarela: --settle: give a value\ntry `pasarela keys rotate --help`\n"},
		{[]string{"bench", "--duration", "long"}, "try `pasarela bench --help`\n"},
		{nil, "try `pasarela --help`\n"},
	} {
		r := run(t, c.args...)
		if r.code != 2 || r.out != "" || !strings.HasSuffix(r.err, c.says) || strings.Count(r.err, "\n") != 2 {
			t.Errorf("%q: exit status %d, said %q and %q, want %q", c.args, r.code, r.out, r.err, c.says)
		}
	}
}

// A port that is taken is said with the flag that chooses another.
func TestAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	taken := l.Addr().String()
	for _, c := range []struct{ command, flag string }{{"dev", "--listen"}, {"dev", "--simulator-listen"}, {"simulator", "--listen"}, {"simulator", "--control"}} {
		args := []string{c.command, "--data", t.TempDir(), "--listen", "127.0.0.1:0", c.flag, taken}
		if r := run(t, args...); r.code != 2 || !strings.Contains(r.err, c.flag+" "+taken+": another program listens there; choose another with "+c.flag) {
			t.Errorf("%s %s: exit status %d, said %q", c.command, c.flag, r.code, r.err)
		}
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	r := run(t, "version").must(t)
	if words := strings.Fields(r.out); len(words) != 2 || words[0] != "pasarela" || words[1] == "unknown" {
		t.Errorf("version says %q", r.out)
	}
}

// kek is a key-encryption key for serve, in the environment.
const kek = "PASARELA_TEST_KEK=MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

// serve does not start where cards would be at risk, and says which flag is missing.
func TestServeRefusesWhatIsUnsafe(t *testing.T) {
	t.Parallel()
	const key = "env:PASARELA_TEST_KEK"
	for name, c := range map[string]struct {
		flags []string
		says  string
	}{
		"behind a proxy without its address": {[]string{"--key-encryption-key", key, "--behind-proxy"}, "--behind-proxy needs --public-url"},
		"every address of the machine":       {[]string{"--key-encryption-key", key, "--tls-certificate", "c.pem", "--tls-key", "k.pem", "--listen", "0.0.0.0:0"}, "0.0.0.0:0 is no address"},
		"the same in IPv6":                   {[]string{"--key-encryption-key", key, "--tls-certificate", "c.pem", "--tls-key", "k.pem", "--listen", "[::]:0"}, "give --public-url"},
		"the same by a port alone":           {[]string{"--key-encryption-key", key, "--tls-certificate", "c.pem", "--tls-key", "k.pem", "--listen", ":0"}, "give --public-url"},
		"no public address":                  {[]string{"--key-encryption-key", key, "--behind-proxy", "--directory-server", "https://ds.example"}, "--public-url"},
		"directory server in clear": {[]string{"--key-encryption-key", key, "--behind-proxy", "--public-url", "https://pay.example",
			"--directory-server", "http://ds.example"}, "https://"},
		"directory server in clear, in capitals": {[]string{"--key-encryption-key", key, "--behind-proxy", "--public-url", "https://pay.example",
			"--directory-server", "HTTP://ds.example"}, "https://"},
		"public address with a path": {[]string{"--key-encryption-key", key, "--behind-proxy", "--public-url", "https://pay.example/x"}, "--public-url"},
		"no key-encryption key":      {[]string{"--behind-proxy"}, "--key-encryption-key is required"},
		"key that is not there":      {[]string{"--behind-proxy", "--public-url", "https://pay.example", "--key-encryption-key", "env:PASARELA_NO_SUCH"}, "PASARELA_NO_SUCH"},
		"neither TLS nor proxy":      {[]string{"--key-encryption-key", key}, "--behind-proxy"},
		"certificate without key":    {[]string{"--key-encryption-key", key, "--tls-certificate", "cert.pem"}, "belong together"},
		"certificate that is absent": {[]string{"--key-encryption-key", key, "--tls-certificate", "absent.pem", "--tls-key", "absent.pem"}, "absent.pem"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			args := slices.Concat([]string{"serve", "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--acquirer", deaf(t)}, c.flags)
			r := runWith(t, []string{kek}, "", args...)
			if r.code == 0 || !strings.Contains(r.err, c.says) {
				t.Errorf("exit status %d, said %q, want %q in it", r.code, r.err, c.says)
			}
		})
	}
	if r := run(t, "serve", "--behind-proxy", "--data", t.TempDir()); r.code == 0 || !strings.Contains(r.err, "--acquirer") {
		t.Errorf("without an acquirer: exit status %d, said %q", r.code, r.err)
	}
}

// deaf is an address where nobody listens.
func deaf(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

// A schema is brought up to date as often as one likes, and a gateway runs on it.
func TestMigrate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		for range 2 {
			if r := w.pasarela("migrate").must(t); !strings.Contains(r.out, "schema") {
				t.Errorf("migrate says %q", r.out)
			}
		}
		w.start().shop("MX").pay(charges, approves, "10").must(t, http.StatusCreated)
	})
}

// doctor exits 0 where payments can be taken, and 1 with what is wrong where they cannot.
func TestDoctor(t *testing.T) {
	t.Parallel()
	w := newWorld(t).start()
	foreign := filepath.Join(t.TempDir(), "foreign.key")
	if err := os.WriteFile(foreign, []byte("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="), 0o600); err != nil {
		t.Fatal(err)
	}
	acquirer := between(t, w.running().out.String(), "simulated acquirer is at ", ";")
	directory := w.base + "/simulator/3ds/ds"
	for name, c := range map[string]struct {
		args []string
		code int
		bad  string
	}{
		"all well":                     {append([]string{"--acquirer", acquirer, "--directory-server", directory}, w.place...), 0, ""},
		"no such folder":               {[]string{"--data", filepath.Join(t.TempDir(), "none")}, 1, "data folder"},
		"empty folder":                 {[]string{"--data", t.TempDir()}, 1, "database"},
		"another's key":                {append([]string{"--key-encryption-key", "file:" + foreign}, w.place...), 1, "database and keys"},
		"acquirer not there":           {append([]string{"--acquirer", deaf(t)}, w.place...), 1, "acquirer"},
		"no directory server there":    {append([]string{"--directory-server", "http://" + deaf(t) + "/ds"}, w.place...), 1, "directory server"},
		"directory server is no such":  {append([]string{"--directory-server", w.base + "/healthz"}, w.place...), 1, "directory server"},
		"directory server's authority": {append([]string{"--directory-server", directory, "--directory-server-ca", "absent.pem"}, w.place...), 1, "directory server"},
		"PostgreSQL not there":         {[]string{"--data", w.data, "--database-url", "postgres://" + deaf(t) + "/none"}, 1, "database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var report struct {
				Findings []struct {
					What, Detail string
					Good         bool
				}
			}
			r := run(t, append([]string{"doctor", "--json"}, c.args...)...)
			if err := json.Unmarshal([]byte(r.out), &report); err != nil {
				t.Fatalf("%v in %q, %q", err, r.out, r.err)
			}
			named := c.bad == ""
			for _, f := range report.Findings {
				named = named || (!f.Good && strings.Contains(f.What, c.bad) && f.Detail != "")
			}
			if r.code != c.code || !named || len(report.Findings) == 0 {
				t.Errorf("exit status %d with %s, want %d with %q", r.code, r.out, c.code, c.bad)
			}
		})
	}
	if r := w.pasarela("doctor").must(t); strings.Count(r.out, "ok ") != 3 {
		t.Errorf("doctor prints %q, want three lines that are ok", r.out)
	}
}

func between(t *testing.T, text, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(text, from)
	middle, _, ended := strings.Cut(rest, to)
	if !found || !ended {
		t.Fatalf("nothing between %q and %q in %q", from, to, text)
	}
	return middle
}

// Operators' commands do not make a gateway where there is none: they say how to name one.
func TestCommandsNeedAGateway(t *testing.T) {
	t.Parallel()
	for _, command := range [][]string{{"reconcile"}, {"keys", "rotate"}, {"merchant", "create"}, {"bins", "import", "-"}} {
		t.Run(command[0], func(t *testing.T) {
			t.Parallel()
			r := runWith(t, nil, `{"name":"Ana","country":"PE"}`, append(command, "--data", t.TempDir())...)
			if r.code != 2 || !strings.Contains(r.err, "there is no gateway in") || !strings.Contains(r.err, "--database-url") {
				t.Errorf("exit status %d, said %q", r.code, r.err)
			}
		})
	}
}

// A merchant is imported from standard input with the credentials it brings, beside a running gateway or
// before there is one, and what is wrong with the JSON is named.
func TestMerchantCreate(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, w *world) {
		w.start()
		create := func(stdin string) ran {
			return runWith(t, nil, stdin, append([]string{"merchant", "create"}, w.place...)...)
		}
		r := create(`{"name":"Ana","country":"CO","public_merchant_id":"ana:public","private_merchant_id":"ana/private","monri":{"merchant_key":"k"}}`).must(t)
		var m struct {
			ID        string `json:"merchant_id"`
			Private   string `json:"private_merchant_id"`
			Signature string `json:"webhook_signature"`
			Monri     struct {
				Token string `json:"authenticity_token"`
				Key   string `json:"merchant_key"`
			}
		}
		(answer{body: []byte(r.out)}).read(t, &m)
		if m.ID == "" || m.Private != "ana/private" || m.Signature == "" || len(m.Monri.Token) != 40 || m.Monri.Key != "k" {
			t.Errorf("merchant create prints %s", r.out)
		}
		shop{w, "COP", "ana:public", "ana/private"}.pay(charges, approves, "20000").must(t, http.StatusCreated)
		for stdin, says := range map[string]string{
			`{"name":"Ana","country":"CO","private_merchant_id":"ana/private"}`: "already",
			`{"name":"Ana","contry":"CO"}`:                                      `"contry"`,
			`{"name":"Ana","country":"XX"}`:                                     "country",
			`{"name":"Ana","country":"CO","public_merchant_id":""}`:             "public_merchant_id",
			``: "standard input",
		} {
			if r := create(stdin); r.code != 2 || !strings.Contains(r.err, says) {
				t.Errorf("%s: exit status %d, said %q, want %q in it", stdin, r.code, r.err, says)
			}
		}
	})
}

// Two gateways on one PostgreSQL share merchants and books.
func TestTwoNodesOnOnePostgres(t *testing.T) {
	t.Parallel()
	url := pgtest.URL(t)
	one, other := newWorld(t), newWorld(t)
	one.place = append(one.place, "--database-url", url)
	other.place = append(other.place, "--database-url", url)
	one.start()
	acquirer := between(t, one.running().out.String(), "simulated acquirer is at ", ";")
	if err := os.MkdirAll(other.data, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"key-encryption.key", "demo-credentials.json"} {
		copyFile(t, filepath.Join(one.data, name), filepath.Join(other.data, name))
	}
	other.flags = []string{"--acquirer", acquirer}
	other.start()
	held := one.shop("MX").pay(preauthorizations, approves, "10").must(t, http.StatusCreated)
	other.shop("MX").capture(held.member("ticketNumber")).must(t, http.StatusCreated)
	if b := one.issued(held); b.State != "captured" {
		t.Errorf("authorized by one node and captured by the other, the issuer believes %+v", b)
	}
	one.balanced()
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, raw, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}
