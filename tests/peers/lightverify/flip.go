package main

import (
	"errors"
	"fmt"
	"sort"
)

// What can be flipped: the bytes of a member at a height, or none when the height has no such one.
var flips = map[string]func(h *height) []byte{
	"signature":         func(h *height) []byte { return h.commit.SignedHeader.Commit.Signatures[0].Signature },
	"commit_block_hash": func(h *height) []byte { return h.commit.SignedHeader.Commit.BlockID.Hash },
	"commit_parts_hash": func(h *height) []byte { return h.commit.SignedHeader.Commit.BlockID.PartSetHeader.Hash },
	"last_commit_signature": func(h *height) []byte {
		if len(h.block.Block.LastCommit.Signatures) == 0 {
			return nil
		}
		return h.block.Block.LastCommit.Signatures[0].Signature
	},
	"validator_address":    func(h *height) []byte { return h.commit.SignedHeader.Commit.Signatures[0].ValidatorAddress },
	"validator_key":        func(h *height) []byte { return h.validators.Validators[0].PubKey.Bytes() },
	"app_hash":             func(h *height) []byte { return h.commit.SignedHeader.AppHash },
	"block_app_hash":       func(h *height) []byte { return h.block.Block.AppHash },
	"results_app_hash":     func(h *height) []byte { return h.results.AppHash },
	"data_hash":            func(h *height) []byte { return h.block.Block.DataHash },
	"evidence_hash":        func(h *height) []byte { return h.block.Block.EvidenceHash },
	"consensus_hash":       func(h *height) []byte { return h.block.Block.ConsensusHash },
	"validators_hash":      func(h *height) []byte { return h.header.Header.ValidatorsHash },
	"next_validators_hash": func(h *height) []byte { return h.header.Header.NextValidatorsHash },
	"last_results_hash":    func(h *height) []byte { return h.block.Block.LastResultsHash },
	"proposer":             func(h *height) []byte { return h.block.Block.ProposerAddress },
	"meta_hash":            func(h *height) []byte { return h.meta.BlockID.Hash },
	"tx": func(h *height) []byte {
		if len(h.block.Block.Txs) == 0 {
			return nil
		}
		return h.block.Block.Txs[0]
	},
	"tx_answer": func(h *height) []byte {
		if len(h.txs) == 0 {
			return nil
		}
		return h.txs[0].Tx
	},
	"tx_proof": func(h *height) []byte {
		if len(h.txs) == 0 {
			return nil
		}
		return h.txs[0].Proof.Proof.LeafHash
	},
	"tx_proof_aunt": func(h *height) []byte {
		if len(h.txs) == 0 || len(h.txs[0].Proof.Proof.Aunts) == 0 {
			return nil
		}
		return h.txs[0].Proof.Proof.Aunts[0]
	},
	"tx_data": func(h *height) []byte {
		if len(h.results.TxsResults) == 0 {
			return nil
		}
		return h.results.TxsResults[0].Data
	},
}

func flipNames() []string {
	var names []string
	for name := range flips {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// Flips one bit of the member at the newest height that has it, in a window of heights that holds
// otherwise. The error is that of the verification; ok tells whether there was such a byte.
func (c *chain) flipped(name string, position int, bit uint) (err error, ok bool) {
	for i := len(c.raw) - 2; i >= 0; i-- { // the newest of all has none after it that could tell
		window, err := c.decode(max(i-1, 0), min(i+2, len(c.raw)))
		if err != nil {
			return err, true
		}
		h := window[min(i, 1)]
		if member := flips[name](h); position < len(member) {
			member[position] ^= 1 << bit
			return c.verifyQuietly(window), true
		}
	}
	return nil, false
}

func (c *chain) verifyQuietly(window []*height) (err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%v", broken)
		}
	}()
	return verify(&checks{}, c.genesis, window)
}

// Flips every byte of every member; an error when one of them was not refused.
func (c *chain) flipAll() error {
	for _, name := range flipNames() {
		refused := 0
		var reason error
		for position := 0; ; position++ {
			err, ok := c.flipped(name, position, uint(position)%8)
			if !ok {
				break
			}
			if err == nil {
				return fmt.Errorf("%s: byte %d was flipped, and everything still held", name, position)
			}
			refused++
			reason = err
		}
		if refused == 0 {
			fmt.Printf("flip %-22s no such member in this chain\n", name)
			continue
		}
		fmt.Printf("flip %-22s %d bytes, all refused; the last: %.100s\n", name, refused, reason)
	}
	return nil
}

func (c *chain) flipOne(name string, position int) error {
	if flips[name] == nil {
		return fmt.Errorf("nothing called %q to flip; there are: %v", name, flipNames())
	}
	err, ok := c.flipped(name, position, 0)
	if !ok {
		return errors.New("no height has such a byte")
	}
	return err
}
