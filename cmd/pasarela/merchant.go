package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"pasarela"
	"pasarela/gateway"
	"pasarela/sandbox"
)

type merchantCommand struct {
	Create  merchantCreate  `cmd:"" help:"Read a merchant as JSON from standard input, in the form of POST /sandbox/v1/merchants, and print it with all its credentials."`
	Change  merchantChange  `cmd:"" help:"Read from standard input, in the same form, what of a merchant is to change: what is left out stays, a list is replaced, null takes away. Example: echo '{\"listeners\":[{\"url\":\"https://shop.example/events\"}]}' | pasarela merchant change ID --data ./pasarela-data"`
	Disable merchantDisable `cmd:"" help:"Have a merchant charge nothing, nor store a card. It may still void, refund and read. Periods of its subscriptions are skipped."`
	Enable  merchantEnable  `cmd:"" help:"Have it charge again."`
	List    merchantList    `cmd:"" help:"List all merchants, without secrets."`
}

type merchantCreate struct{ operated }

// Run implements the command.
func (c *merchantCreate) Run(ctx context.Context) (err error) {
	raw, err := readMerchant()
	if err != nil {
		return err
	}
	asked, err := sandbox.DecodeMerchant(raw)
	if err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	m, err := asked.Merchant()
	if err != nil {
		return err
	}
	g, err := c.openBeside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Store.Close()) }()
	if m, err = g.CreateMerchant(ctx, m); err != nil {
		return err
	}
	return printJSON(sandbox.FromMerchant(m))
}

// maxMerchant bounds the JSON of a merchant, in bytes.
const maxMerchant = 1 << 20

func readMerchant() ([]byte, error) {
	raw, err := io.ReadAll(io.LimitReader(os.Stdin, maxMerchant))
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return raw, nil
}

func printJSON(v any) error {
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	out.SetIndent("", " ")
	return out.Encode(v)
}

// named is one merchant that is there already.
type named struct {
	operated
	ID pasarela.MerchantID `arg:"" help:"The merchant's number, as merchant list shows it."`
}

// change changes it, and says what stands then.
func (n *named) change(ctx context.Context, change func(pasarela.Merchant) (pasarela.Merchant, error)) (err error) {
	g, err := n.openBeside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Store.Close()) }()
	m, err := g.ChangeMerchant(ctx, n.ID, change)
	if err != nil {
		return unknownMerchant(n.ID, err)
	}
	return printJSON(sandbox.FromMerchant(m).WithoutSecrets())
}

// unknownMerchant says what to do about a merchant that is not there.
func unknownMerchant(id pasarela.MerchantID, err error) error {
	if pasarela.CodeOf(err) == pasarela.CodeNotFound {
		return fmt.Errorf("there is no merchant %s: `pasarela merchant list` shows all", id)
	}
	return err
}

type merchantChange struct{ named }

// Run implements the command.
func (c *merchantChange) Run(ctx context.Context) error {
	patch, err := readMerchant()
	if err != nil {
		return err
	}
	return c.change(ctx, func(m pasarela.Merchant) (pasarela.Merchant, error) { return sandbox.ChangeMerchant(m, patch) })
}

type merchantDisable struct{ named }

// Run implements the command.
func (c *merchantDisable) Run(ctx context.Context) error {
	return c.change(ctx, func(m pasarela.Merchant) (pasarela.Merchant, error) { m.Disabled = true; return m, nil })
}

type merchantEnable struct{ named }

// Run implements the command.
func (c *merchantEnable) Run(ctx context.Context) error {
	return c.change(ctx, func(m pasarela.Merchant) (pasarela.Merchant, error) { m.Disabled = false; return m, nil })
}

type merchantList struct {
	operated
	JSON bool `name:"json" help:"Print the merchants as JSON, without secrets."`
}

// Run implements the command.
func (c *merchantList) Run(ctx context.Context) (err error) {
	g, err := c.openBeside(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Store.Close()) }()
	all := []sandbox.MerchantJSON{}
	err = eachMerchant(ctx, g, func(m pasarela.Merchant) { all = append(all, sandbox.FromMerchant(m).WithoutSecrets()) })
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(all)
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ID\tCOUNTRY\tSTATE\tNAME") // Flush tells of an error
	for _, m := range all {
		state := "enabled"
		if m.Disabled {
			state = "disabled"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", m.MerchantID, m.Country, state, m.Name)
	}
	return table.Flush()
}

// eachMerchant goes through all of a gateway's merchants, in the order of their numbers.
func eachMerchant(ctx context.Context, g *gateway.Gateway, do func(pasarela.Merchant)) error {
	const batch = 200
	for after := pasarela.MerchantID(""); ; {
		ids, err := g.Store.MerchantIDs(ctx, after, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			m, err := g.Merchant(ctx, id)
			if err != nil {
				return err
			}
			do(m)
		}
		after = ids[len(ids)-1]
	}
}
