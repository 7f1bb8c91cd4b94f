package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/merkle"
	"github.com/cometbft/cometbft/light"
	"github.com/cometbft/cometbft/types"
	cmttime "github.com/cometbft/cometbft/types/time"
	"github.com/cometbft/cometbft/version"
)

const (
	trustingPeriod = 100 * 365 * 24 * time.Hour
	clockDrift     = 10 * time.Second
)

// Counts what held, by name, in the order of first use.
type checks struct {
	names  []string
	counts map[string]int
}

func (c *checks) count(name string) {
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	if c.counts[name] == 0 {
		c.names = append(c.names, name)
	}
	c.counts[name]++
}

// Runs checks of one height until the first that fails.
type step struct {
	*checks
	number int64
	err    error
}

func (s *step) that(name string, err error) {
	if s.err != nil {
		return
	}
	if err != nil {
		s.err = fmt.Errorf("height %d: %s: %w", s.number, name, err)
		return
	}
	s.count(name)
}

func (s *step) same(name string, got, want []byte) {
	var err error
	if !bytes.Equal(got, want) {
		err = fmt.Errorf("%X is not %X", got, want)
	}
	s.that(name, err)
}

func (s *step) holds(name string, ok bool, format string, args ...any) {
	var err error
	if !ok {
		err = fmt.Errorf(format, args...)
	}
	s.that(name, err)
}

// Verifies neighbouring heights, the first of which may follow others that are not given.
func verify(c *checks, genesis *types.GenesisDoc, chain []*height) error {
	for i, h := range chain {
		s := &step{checks: c, number: h.number}
		s.alone(genesis, h)
		if h.number == genesis.InitialHeight {
			s.first(genesis, h)
		}
		if i > 0 {
			s.after(chain[i-1], h)
			s.skipping(chain[0], h)
			s.skipping(chain[i/2], h)
		}
		if s.err != nil {
			return s.err
		}
	}
	return nil
}

// What one height shows by itself.
func (s *step) alone(genesis *types.GenesisDoc, h *height) {
	signed, block := &h.commit.SignedHeader, h.block.Block
	if block == nil || signed.Header == nil || signed.Commit == nil || h.header.Header == nil {
		s.that("answers are complete", errors.New("something is null"))
		return
	}
	s.holds("heights", h.block.Block.Height == h.number && signed.Header.Height == h.number &&
		h.results.Height == h.number && h.params.BlockHeight == h.number, "an answer is for another height")
	s.that("signed header is well-formed", signed.ValidateBasic(genesis.ChainID))
	s.that("block is well-formed", block.ValidateBasic())
	s.holds("block protocol", block.Version.Block == version.BlockProtocol, "%d", block.Version.Block)

	id := signed.Commit.BlockID
	s.same("header hash", signed.Header.Hash(), id.Hash)
	s.same("header of /block", block.Header.Hash(), id.Hash)
	s.same("header of /header", h.header.Header.Hash(), id.Hash)
	s.holds("block id of /block", h.block.BlockID.Equals(id), "%v is not %v", h.block.BlockID, id)
	parts, err := block.MakePartSet(types.BlockPartSizeBytes)
	s.that("block has parts", err)
	if s.err != nil {
		return
	}
	s.holds("part set hash", parts.Header().Equals(id.PartSetHeader), "%v is not %v", parts.Header(), id.PartSetHeader)
	s.same("last commit hash", block.LastCommit.Hash(), block.LastCommitHash)
	s.same("data hash", block.Data.Hash(), block.DataHash)
	s.same("evidence hash", block.Evidence.Evidence.Hash(), block.EvidenceHash)

	s.that("meta of /blockchain is well-formed", h.meta.ValidateBasic())
	s.holds("meta of /blockchain", h.meta.BlockID.Equals(id) && bytes.Equal(h.meta.Header.Hash(), id.Hash) &&
		h.meta.BlockSize == block.Size() && h.meta.NumTxs == len(block.Txs), "size %d, %d txs; the block has %d, %d",
		h.meta.BlockSize, h.meta.NumTxs, block.Size(), len(block.Txs))

	s.same("validators hash", h.validators.Hash(), signed.Header.ValidatorsHash)
	s.holds("proposer is a validator", h.validators.HasAddress(block.ProposerAddress), "%X", block.ProposerAddress)
	s.that("commit signatures", h.validators.VerifyCommit(genesis.ChainID, id, h.number, signed.Commit))
	s.that("commit signatures (light)", h.validators.VerifyCommitLight(genesis.ChainID, id, h.number, signed.Commit))
	s.same("consensus hash", h.params.ConsensusParams.Hash(), block.ConsensusHash)
	s.transactions(h)
}

func (s *step) transactions(h *height) {
	block := h.block.Block
	s.holds("a result for each transaction", len(h.results.TxsResults) == len(block.Txs) && len(h.txs) == len(block.Txs),
		"%d results, %d transactions", len(h.results.TxsResults), len(block.Txs))
	if s.err != nil {
		return
	}
	for i, answer := range h.txs {
		s.holds("transaction of /tx", answer.Height == h.number && int(answer.Index) == i &&
			bytes.Equal(answer.Tx, block.Txs[i]) && bytes.Equal(answer.Hash, answer.Tx.Hash()), "transaction %d differs", i)
		s.that("transaction proof", answer.Proof.Validate(block.DataHash))
		s.same("transaction in its proof", answer.Proof.Data, answer.Tx)
		s.holds("place in the proof", answer.Proof.Proof.Index == int64(i) && answer.Proof.Proof.Total == int64(len(block.Txs)),
			"%d of %d", answer.Proof.Proof.Index, answer.Proof.Proof.Total)
		s.same("result of /tx", types.NewResults([]*abci.ExecTxResult{&answer.TxResult}).Hash(),
			types.NewResults(h.results.TxsResults[i:i+1]).Hash())
	}
}

// What the first height shows about the genesis.
func (s *step) first(genesis *types.GenesisDoc, h *height) {
	block := h.block.Block
	s.holds("first block follows none", block.LastBlockID.IsZero() && len(block.LastCommit.Signatures) == 0,
		"it follows %v", block.LastBlockID)
	s.holds("first block has the genesis time", block.Time.Equal(genesis.GenesisTime), "%v is not %v", block.Time, genesis.GenesisTime)
	s.same("first results hash", block.LastResultsHash, merkle.HashFromByteSlices(nil))
	s.holds("first app hash", len(block.AppHash) > 0 || len(genesis.AppHash) == 0, "it is empty")
	if len(genesis.Validators) > 0 {
		s.same("genesis validators", genesis.ValidatorHash(), block.ValidatorsHash)
	}
}

func medianTime(commit *types.Commit, validators *types.ValidatorSet) (time.Time, error) {
	var weighted []*cmttime.WeightedTime
	total := int64(0)
	for _, signature := range commit.Signatures {
		if signature.BlockIDFlag == types.BlockIDFlagAbsent {
			continue
		}
		_, validator := validators.GetByAddress(signature.ValidatorAddress)
		if validator == nil {
			return time.Time{}, fmt.Errorf("%X is no validator", signature.ValidatorAddress)
		}
		total += validator.VotingPower
		weighted = append(weighted, cmttime.NewWeightedTime(signature.Timestamp, validator.VotingPower))
	}
	return cmttime.WeightedMedian(weighted, total), nil
}

// What a height shows about the one before.
func (s *step) after(before, h *height) {
	if s.err != nil {
		return
	}
	signed, block := &h.commit.SignedHeader, h.block.Block
	id := before.commit.SignedHeader.Commit.BlockID
	s.holds("last block id", block.LastBlockID.Equals(id), "%v is not %v", block.LastBlockID, id)
	s.that("signatures of the last commit",
		before.validators.VerifyCommit(block.ChainID, id, before.number, block.LastCommit))
	if before.commit.CanonicalCommit {
		s.same("/commit is the last commit", before.commit.SignedHeader.Commit.Hash(), block.LastCommitHash)
	}
	s.same("next validators hash", h.validators.Hash(), before.block.Block.NextValidatorsHash)
	s.same("last results hash", types.NewResults(before.results.TxsResults).Hash(), block.LastResultsHash)
	s.same("app hash", before.results.AppHash, block.AppHash)
	median, err := medianTime(block.LastCommit, before.validators)
	s.that("signers are validators", err)
	s.holds("block time is the last commit's", block.Time.Equal(median), "%v is not %v", block.Time, median)
	s.holds("block time goes up", block.Time.After(before.block.Block.Time), "%v", block.Time)
	s.that("light client, adjacent", light.VerifyAdjacent(&before.commit.SignedHeader, signed, h.validators,
		trustingPeriod, time.Now(), clockDrift))
}

func (s *step) skipping(trusted, h *height) {
	if s.err != nil || trusted.number+1 >= h.number {
		return
	}
	s.that("light client, skipping", light.VerifyNonAdjacent(&trusted.commit.SignedHeader, trusted.validators,
		&h.commit.SignedHeader, h.validators, trustingPeriod, time.Now(), clockDrift, light.DefaultTrustLevel))
}
