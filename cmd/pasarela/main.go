// Command pasarela is the whole payment gateway: `dev` for a laptop, `serve` for production, and what an
// operator needs around it. It is the only package that knows all the others.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Dev       devCommand       `cmd:"" help:"Run everything on this machine: gateway, simulated acquirer, sandbox controls, demo merchants. Example: pasarela dev --listen 127.0.0.1:8080"`
	Serve     serveCommand     `cmd:"" help:"Run a gateway in production. Example: pasarela serve --database-url postgres://... --acquirer 10.0.0.5:8583 --key-encryption-key env:PASARELA_KEK --tls-certificate cert.pem --tls-key key.pem"`
	Simulator simulatorCommand `cmd:"" help:"Run the acquirer simulator alone, for a gateway elsewhere. Example: pasarela simulator --listen 127.0.0.1:8583 --data ./issuer"`
	Migrate   migrateCommand   `cmd:"" help:"Bring a database to this version's schema. Example: pasarela migrate --database-url postgres://..."`
	Merchant  merchantCommand  `cmd:"" help:"Import, list, change, disable and enable merchants. Example: pasarela merchant create --data ./pasarela-data < merchant.json"`
	Keys      keysCommand      `cmd:"" help:"Rotate the keys that seal card data. Example: pasarela keys rotate --data ./pasarela-data"`
	Bins      binsCommand      `cmd:"" help:"Import, list and look up card ranges. Example: pasarela bins import ranges.csv --data ./pasarela-data"`
	Billing   billingCommand   `cmd:"" help:"Look at the charges of subscriptions. Example: pasarela billing status --data ./pasarela-data"`
	Webhooks  webhooksCommand  `cmd:"" help:"Look at what merchants are told, send it again, test addresses, exchange secrets. Example: pasarela webhooks list --state parked --data ./pasarela-data"`
	Reconcile reconcileCommand `cmd:"" help:"Hold the books against themselves and against the issuer's; exit 1 with a list where they differ. Example: pasarela reconcile --data ./pasarela-data --json"`
	Doctor    doctorCommand    `cmd:"" help:"Check that this machine and configuration can take payments. Example: pasarela doctor --data ./pasarela-data"`
	Bench     benchCommand     `cmd:"" help:"Measure payments per second on this machine, next to what its database can do. Example: pasarela bench --duration 10s --connections 1,32"`
	Version   versionCommand   `cmd:"" help:"Print the version."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	parser, err := kong.New(&c, kong.Name("pasarela"),
		kong.Description("A payment gateway that speaks the public APIs of Kushki and Monri. Not affiliated with either."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fail(err)
	}
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fail(misused(err))
	}
	if err := command.Run(); err != nil {
		fail(err)
	}
}

// withoutValue is how a flag is refused after which nothing comes.
var withoutValue = regexp.MustCompile(`^--([a-z0-9-]+): expected .* value but got "EOL"`)

// misused says what is wrong with a command line, and where to read what is right.
func misused(err error) error {
	parse, ok := errors.AsType[*kong.ParseError](err)
	if !ok {
		return err
	}
	hint := "commands: " + strings.Join(commandNames(parse.Context.Model.Node), ", ") + "; try `pasarela --help`"
	if chosen := parse.Context.Selected(); chosen != nil {
		hint = "try `" + chosen.FullPath() + " --help`"
	}
	text := err.Error()
	if m := withoutValue.FindStringSubmatch(text); m != nil {
		text = "--" + m[1] + ": give " + valueOf(parse.Context.Flags(), m[1])
	}
	return fmt.Errorf("%s\n%s", text, hint)
}

func commandNames(n *kong.Node) (names []string) {
	for _, child := range n.Children {
		names = append(names, child.Name)
	}
	return names
}

// valueOf is what a flag wants to be given.
func valueOf(flags []*kong.Flag, name string) string {
	for _, f := range flags {
		if f.Name == name && f.PlaceHolder != "" {
			return f.PlaceHolder
		}
	}
	return "a value"
}

// exit is an error with a status of its own and nothing more to print.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

// fail ends the program: 1 for a finding, 2 for an error.
func fail(err error) {
	if e, ok := errors.AsType[exit](err); ok {
		os.Exit(int(e))
	}
	fmt.Fprintln(os.Stderr, "pasarela:", err)
	os.Exit(2)
}
