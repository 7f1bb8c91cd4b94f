// Writes the vectors of the C tests: what CometBFT's own packages make of inputs that the C test makes by
// the same rules. In this folder:
//
//	go run . tm > ../../../wire/test_tm_vectors.h
//	go run . dec > ../../../wire/test_dec_vectors.h
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"time"

	abci "github.com/cometbft/cometbft/abci/types"
	"github.com/cometbft/cometbft/crypto/ed25519"
	"github.com/cometbft/cometbft/crypto/merkle"
	cmtproto "github.com/cometbft/cometbft/proto/tendermint/types"
	cmtversion "github.com/cometbft/cometbft/proto/tendermint/version"
	"github.com/cometbft/cometbft/types"
)

func fill(seed, length int) []byte {
	out := make([]byte, length)
	for j := range out {
		out[j] = byte(seed*31 + j*7)
	}
	return out
}

func row(value []byte, format string, args ...any) {
	fmt.Printf("    {\"%s\", \"%x\"},\n", fmt.Sprintf(format, args...), value)
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func digest(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

func items(n int) [][]byte {
	out := make([][]byte, n)
	for j := range out {
		out[j] = fill(j, j%40)
	}
	return out
}

func timeOf(i int) time.Time {
	switch i % 4 {
	case 0:
		return time.Unix(1700000000+int64(i), 0).UTC()
	case 1:
		return time.Unix(1700000000, int64(i)).UTC()
	case 2:
		return time.Unix(-int64(i), 999999999).UTC()
	}
	return time.Time{}
}

func blockID(i int) types.BlockID {
	if i%5 == 0 {
		return types.BlockID{}
	}
	return types.BlockID{Hash: fill(i, 32), PartSetHeader: types.PartSetHeader{Total: uint32(i * 50), Hash: fill(i+1, 32)}}
}

func header(i int) types.Header {
	return types.Header{
		Version:        cmtversion.Consensus{Block: 11, App: uint64(i)},
		ChainID:        fmt.Sprintf("chain-%d", i),
		Height:         int64(i)*1000003 + 1,
		Time:           timeOf(i),
		LastBlockID:    blockID(i),
		LastCommitHash: fill(i+2, 32), DataHash: fill(i+3, 32), ValidatorsHash: fill(i+4, 32),
		NextValidatorsHash: fill(i+5, 32), ConsensusHash: fill(i+6, 32), AppHash: fill(i+7, 32),
		LastResultsHash: fill(i+8, 32), EvidenceHash: fill(i+9, 32), ProposerAddress: fill(i+10, 20),
	}
}

func commit(i int) *types.Commit {
	c := &types.Commit{Height: int64(i) * 7, Round: int32(i % 3), BlockID: blockID(i)}
	for j := 0; j < i; j++ {
		switch j % 3 {
		case 0:
			c.Signatures = append(c.Signatures, types.CommitSig{BlockIDFlag: types.BlockIDFlagCommit,
				ValidatorAddress: fill(j, 20), Timestamp: timeOf(j), Signature: fill(j+1, 64)})
		case 1:
			c.Signatures = append(c.Signatures, types.NewCommitSigAbsent())
		case 2:
			c.Signatures = append(c.Signatures, types.CommitSig{BlockIDFlag: types.BlockIDFlagNil,
				ValidatorAddress: fill(j, 20), Timestamp: timeOf(j), Signature: fill(j+1, 64)})
		}
	}
	return c
}

func merkles() {
	for n := 0; n <= 40; n++ {
		row(merkle.HashFromByteSlices(items(n)), "merkle %d", n)
	}
	for n := 1; n <= 13; n++ {
		_, proofs := merkle.ProofsFromByteSlices(items(n))
		for i, proof := range proofs {
			flat := append([]byte{}, proof.LeafHash...)
			for _, aunt := range proof.Aunts {
				flat = append(flat, aunt...)
			}
			row(flat, "proof %d %d", n, i)
		}
	}
}

func headersAndCommits() {
	for i := 0; i < 12; i++ {
		h := header(i)
		row(h.Hash(), "header hash %d", i)
		row(must(h.ToProto().Marshal()), "header %d", i)
		c := commit(i)
		row(c.Hash(), "commit hash %d", i)
		row(must(c.ToProto().Marshal()), "commit %d", i)
		for j := range c.Signatures {
			if c.Signatures[j].BlockIDFlag != types.BlockIDFlagAbsent {
				vote := c.GetVote(int32(j)).ToProto()
				row(types.VoteSignBytes(fmt.Sprintf("chain-%d", i), vote), "commit sign bytes %d %d", i, j)
			}
		}
	}
}

func votes() {
	for i := 0; i < 12; i++ {
		id := blockID(i)
		vote := &cmtproto.Vote{Type: cmtproto.SignedMsgType(1 + i%2), Height: int64(i) * 1000003, Round: int32(i % 4),
			BlockID: id.ToProto(), Timestamp: timeOf(i)}
		row(types.VoteSignBytes(fmt.Sprintf("chain-%d", i), vote), "vote %d", i)
		proposal := &cmtproto.Proposal{Type: cmtproto.ProposalType, Height: int64(i) * 1000003, Round: int32(i % 4),
			PolRound: int32(i) - 1, BlockID: id.ToProto(), Timestamp: timeOf(i)}
		row(types.ProposalSignBytes(fmt.Sprintf("chain-%d", i), proposal), "proposal %d", i)
	}
}

func blocks() {
	for i, size := range []int{0, 1, 100, 65536, 30000, 200} {
		count := i * 3
		txs := make(types.Txs, count)
		for j := range txs {
			txs[j] = fill(j, size+j)
		}
		block := &types.Block{Header: header(i), Data: types.Data{Txs: txs}, LastCommit: commit(i)}
		block.Header.DataHash = nil
		block.Header.LastCommitHash = nil
		block.Header.EvidenceHash = nil
		hash := block.Hash() // fills the three in
		encoded := must(must(block.ToProto()).Marshal())
		parts := must(block.MakePartSet(types.BlockPartSizeBytes))
		id := types.BlockID{Hash: hash, PartSetHeader: parts.Header()}
		idProto := id.ToProto()
		row(digest(encoded), "block %d", i)
		row(must(idProto.Marshal()), "block id %d", i)
		row(txs.Hash(), "data hash %d", i)
		row(must(types.NewBlockMeta(block, parts).ToProto().Marshal()), "meta %d", i)
	}
}

func validators() {
	for n := 1; n <= 12; n++ {
		list := make([]*types.Validator, n)
		for j := range list {
			key := ed25519.PubKey(fill(j*3+1, 32))
			list[j] = types.NewValidator(key, int64(j%3)*int64(j%3)*100000+1)
		}
		set := types.NewValidatorSet(list)
		row(set.Hash(), "validators hash %d", n)
		var order []byte
		for _, v := range set.Validators {
			order = append(order, v.Address...)
		}
		row(order, "validators %d", n)
	}
}

func params() {
	for i, pair := range [][2]int64{{22020096, -1}, {1, 0}, {0, 1 << 40}, {1048576, 100000000}} {
		p := *types.DefaultConsensusParams()
		p.Block.MaxBytes, p.Block.MaxGas = pair[0], pair[1]
		row(p.Hash(), "params %d", i)
	}
}

func results() {
	for n := 0; n <= 9; n++ {
		list := make([]*abci.ExecTxResult, n)
		for j := range list {
			list[j] = &abci.ExecTxResult{Code: uint32(j % 3), Data: fill(j, j*5), Log: "not hashed", GasWanted: int64(j) * 70000,
				GasUsed: int64(j)*60000 - 1, Codespace: "not hashed", Events: []abci.Event{{Type: "not hashed"}}}
		}
		row(types.NewResults(list).Hash(), "results %d", n)
	}
}

func tm() {
	fmt.Println("// Made by tests/peers/wirevectors from CometBFT v0.38.26's own packages. Do not edit.")
	fmt.Println("// clang-format off")
	fmt.Println("static const struct {\n    const char *name;\n    const char *hex;\n} vectors[] = {")
	merkles()
	headersAndCommits()
	votes()
	blocks()
	validators()
	params()
	results()
	fmt.Println("};\n// clang-format on")
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "dec" {
		dec()
	} else {
		tm()
	}
}
