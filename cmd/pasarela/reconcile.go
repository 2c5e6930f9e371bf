package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"pasarela"
	"pasarela/cde/acquirer/simulator"
	"pasarela/reconcile"
)

type reconcileCommand struct {
	keyed         // so that it takes the flags of the gateway that it looks at; it opens nothing that is sealed
	Issuer string `help:"Folder with the issuer's books; default: that of the data folder, where there is one." type:"path"`
	JSON   bool   `name:"json" help:"Print the report as JSON."`
}

// Run implements the command: exit status 0 when the books agree, 1 with a list when they do not.
func (c *reconcileCommand) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	books := reconcile.Books{Store: s}
	if books.Issuer, err = c.issuerBooks(); err != nil {
		return err
	}
	report, err := books.Run(ctx)
	if err != nil {
		return err
	}
	if err := c.print(report, books.Issuer != nil); err != nil {
		return err
	}
	if len(report.Differences) > 0 {
		return exit(1)
	}
	return nil
}

// issuerBooks reads the simulator's file, at each look anew.
func (c *reconcileCommand) issuerBooks() (func() ([]reconcile.IssuerEntry, error), error) {
	dir := c.Issuer
	if dir == "" {
		dir = c.issuer()
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
	}
	if _, err := os.Stat(dir); err != nil {
		return nil, fmt.Errorf("--issuer %s: %w", dir, err)
	}
	return func() ([]reconcile.IssuerEntry, error) {
		authorizations, err := simulator.ReadBooks(dir)
		if err != nil {
			return nil, err
		}
		entries := make([]reconcile.IssuerEntry, len(authorizations))
		for i, a := range authorizations {
			entries[i] = reconcile.IssuerEntry{Reference: pasarela.PaymentID(a.Reference), RRN: a.RRN, Currency: pasarela.Currency(a.Currency),
				AmountMinor: a.AmountMinor, CapturedMinor: a.CapturedMinor, RefundedMinor: a.RefundedMinor, State: string(a.State)}
		}
		return entries, nil
	}, nil
}

func (c *reconcileCommand) print(r reconcile.Report, withIssuer bool) error {
	if c.JSON {
		out := json.NewEncoder(os.Stdout)
		out.SetIndent("", " ")
		return out.Encode(r)
	}
	against := "the issuer's books"
	if !withIssuer {
		against = "themselves only: there are no issuer's books here"
	}
	fmt.Printf("%d payments of %d merchants compared with %s; %d pending.\n", r.Payments, r.Merchants, against, r.Pending)
	for _, d := range r.Differences {
		fmt.Println("  " + d.String())
	}
	if len(r.Differences) > 0 {
		fmt.Printf("%d differences.\n", len(r.Differences))
		return nil
	}
	fmt.Println("The books agree.")
	return nil
}
