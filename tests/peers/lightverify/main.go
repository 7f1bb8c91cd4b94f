// lightverify reads a chain over its RPC, from its first height to its tip, and verifies all of it
// with CometBFT's own packages: what a light client would, and what a full node would.
//
// Usage: lightverify [--from H] [--to H] [--flip all | --flip NAME[:BYTE]] http://127.0.0.1:26657
//
// Prints one line a kind of check with how often it held. Exit: 0 when all held; 1 when one did not,
// which is named; 2 when the chain cannot be read. With --flip NAME one bit of the answers is
// flipped first, and 1 is the expected end; --flip all flips every byte of every member in turn and
// ends with 0 when each was refused.
package main

import (
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"
)

type chain struct {
	genesis *types.GenesisDoc
	from    int64
	raw     []*rawHeight
}

func read(s *source, from, to int64) (*chain, error) {
	genesis, err := get[ctypes.ResultGenesis](s, "/genesis")
	if err != nil {
		return nil, err
	}
	if err := genesis.Genesis.ValidateAndComplete(); err != nil {
		return nil, fmt.Errorf("genesis: %w", err)
	}
	status, err := get[ctypes.ResultStatus](s, "/status")
	if err != nil {
		return nil, err
	}
	c := &chain{genesis: genesis.Genesis, from: max(from, status.SyncInfo.EarliestBlockHeight, genesis.Genesis.InitialHeight)}
	if to == 0 {
		to = status.SyncInfo.LatestBlockHeight
	}
	for number := c.from; number <= to; number++ {
		raw, err := s.height(number)
		if err != nil {
			return nil, fmt.Errorf("height %d: %w", number, err)
		}
		c.raw = append(c.raw, raw)
	}
	if len(c.raw) == 0 {
		return nil, fmt.Errorf("no heights from %d to %d", c.from, to)
	}
	return c, nil
}

// Decodes the heights with these indexes anew.
func (c *chain) decode(first, end int) ([]*height, error) {
	var heights []*height
	for i := first; i < end; i++ {
		h, err := c.raw[i].decode(c.from + int64(i))
		if err != nil {
			return nil, err
		}
		heights = append(heights, h)
	}
	return heights, nil
}

func (c *chain) verifyAll() error {
	heights, err := c.decode(0, len(c.raw))
	if err != nil {
		return err
	}
	held := &checks{}
	err = verify(held, c.genesis, heights)
	for _, name := range held.names {
		fmt.Printf("%6d %s\n", held.counts[name], name)
	}
	if err == nil {
		fmt.Printf("heights %d to %d of %s hold\n", c.from, c.from+int64(len(c.raw))-1, c.genesis.ChainID)
	}
	return err
}

func run(c *chain, flip string) error {
	if flip == "all" {
		if err := c.verifyAll(); err != nil {
			return err
		}
		return c.flipAll()
	}
	if flip != "" {
		name, position, _ := strings.Cut(flip, ":")
		at, err := strconv.Atoi(position)
		if err != nil && position != "" || at < 0 {
			return fmt.Errorf("not a position of a byte: %q", position)
		}
		return c.flipOne(name, at)
	}
	return c.verifyAll()
}

func main() {
	from := flag.Int64("from", 1, "first height")
	to := flag.Int64("to", 0, "last height (0: the tip)")
	flip := flag.String("flip", "", "what to flip: all, or NAME[:BYTE]")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	c, err := read(newSource(strings.TrimSuffix(flag.Arg(0), "/")), *from, *to)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lightverify: cannot read the chain:", err)
		os.Exit(2)
	}
	if err := run(c, *flip); err != nil {
		fmt.Fprintln(os.Stderr, "lightverify: refused:", err)
		os.Exit(1)
	}
}
