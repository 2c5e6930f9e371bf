package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"pasarela"
	"pasarela/cde/vault"
	"pasarela/store"
)

type keysCommand struct {
	Rotate rotateCommand `cmd:"" help:"Make new keys and seal everything anew under them, beside a running gateway. A rotation that was interrupted goes on with --resume."`
}

type rotateCommand struct {
	keyed
	Resume bool          `help:"Make no new keys: go on sealing what is not under the newest."`
	Retire bool          `help:"Remove the old keys at the end, once nothing is sealed under them."`
	Settle time.Duration `help:"How long to wait before the last look: every node has to have learned of the new keys, and no card may be left that a payment under way holds in memory alone. Keep it well above --acquirer-timeout (25s) and 20s." default:"60s"`
}

const resealBatch = 200

// Run implements the command.
func (c *rotateCommand) Run(ctx context.Context) (err error) {
	s, err := c.openExisting(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	v, err := c.openVault(ctx, s)
	if err != nil {
		return err
	}
	if !c.Resume {
		if err := v.Rotate(ctx); err != nil {
			return err
		}
	}
	r := resealing{store: s, vault: v}
	if err := r.run(ctx); err != nil {
		return err
	}
	// A node that had not seen the new key may have sealed under the old one meanwhile, and a card that waits for its
	// issuer's answer is stored only after that: as long as a message may take, and the commits around it.
	if err := pause(ctx, c.Settle); err != nil {
		return err
	}
	walked := v.Generation()
	if err := r.run(ctx); err != nil {
		return err
	}
	fmt.Printf("%d values sealed under the newest keys.\n", r.done)
	if !c.Retire {
		return nil
	}
	if err := v.Retire(ctx, walked); err != nil {
		return err
	}
	fmt.Println("The old keys are gone.")
	return nil
}

// resealing walks over everything that is sealed. What it did is seen from the values themselves, so a walk
// that was interrupted starts again and passes over what is done.
type resealing struct {
	store store.Store
	vault *vault.Vault
	done  int
}

// kinds says under which keyset each place is sealed.
var kinds = map[store.SealedKind]vault.Kind{
	store.SealedTokenCard:        vault.KindCard,
	store.SealedTokenCVV:         vault.KindCVV,
	store.SealedPaymentCard:      vault.KindCard,
	store.SealedSubscriptionCard: vault.KindCard,
	store.SealedMerchantSecrets:  vault.KindSecret,
}

func (r *resealing) run(ctx context.Context) error {
	after := pasarela.MerchantID("")
	for {
		merchants, err := r.store.MerchantIDs(ctx, after, resealBatch)
		if err != nil || len(merchants) == 0 {
			return err
		}
		for _, m := range merchants {
			before := r.done
			for _, kind := range store.SealedKinds {
				if err := r.walk(ctx, m, kind); err != nil {
					return err
				}
			}
			if renewed := r.done - before; renewed > 0 {
				fmt.Fprintf(os.Stderr, "merchant %s: %d values sealed anew, %d so far\n", m, renewed, r.done)
			}
		}
		after = merchants[len(merchants)-1]
	}
}

func (r *resealing) walk(ctx context.Context, m pasarela.MerchantID, kind store.SealedKind) error {
	after := ""
	for {
		rows, err := r.store.SealedRows(ctx, m, kind, after, resealBatch)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, row := range rows {
			if !r.vault.Stale(kinds[kind], row.Sealed) {
				continue
			}
			renewed, err := r.vault.Rewrap(m, kinds[kind], row.Sealed)
			if err != nil {
				return err
			}
			replaced, err := r.store.Reseal(ctx, m, kind, row.Row, row.Sealed.Bytes, renewed.Bytes)
			if err != nil {
				return err
			}
			if replaced {
				r.done++
			}
		}
		after = rows[len(rows)-1].Row
	}
}
