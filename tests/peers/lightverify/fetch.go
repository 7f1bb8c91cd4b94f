package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	cmtjson "github.com/cometbft/cometbft/libs/json"
	ctypes "github.com/cometbft/cometbft/rpc/core/types"
	"github.com/cometbft/cometbft/types"
)

const maxAnswer = 64 << 20

// A chain is read over GET requests; answers stay raw, so that each verification decodes its own
// copy (CometBFT's types cache the hashes that they computed once).
type source struct {
	url    string
	client http.Client
}

func newSource(url string) *source {
	return &source{url: url, client: http.Client{Timeout: 30 * time.Second}}
}

func (s *source) raw(path string) (json.RawMessage, error) {
	answer, err := s.client.Get(s.url + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var envelope struct {
		Result json.RawMessage `json:"result"`
		Error  json.RawMessage `json:"error"`
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return nil, fmt.Errorf("%s: %w: %.200s", path, err, body)
	}
	if len(envelope.Error) > 0 || len(envelope.Result) == 0 {
		return nil, fmt.Errorf("%s: %s", path, envelope.Error)
	}
	return envelope.Result, nil
}

func decode[T any](raw json.RawMessage) (*T, error) {
	value := new(T)
	if err := cmtjson.Unmarshal(raw, value); err != nil {
		return nil, fmt.Errorf("%w in %.300s", err, raw)
	}
	return value, nil
}

func get[T any](s *source, path string) (*T, error) {
	raw, err := s.raw(path)
	if err != nil {
		return nil, err
	}
	value, err := decode[T](raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return value, nil
}

// The answers about one height, raw.
type rawHeight struct {
	commit, block, header, results, params, meta json.RawMessage
	validators                                   []json.RawMessage // pages
	txs                                          []json.RawMessage // each transaction with its proof
}

// The same, decoded.
type height struct {
	number     int64
	commit     *ctypes.ResultCommit
	block      *ctypes.ResultBlock
	header     *ctypes.ResultHeader
	results    *ctypes.ResultBlockResults
	params     *ctypes.ResultConsensusParams
	meta       *types.BlockMeta
	validators *types.ValidatorSet
	txs        []*ctypes.ResultTx
}

func (s *source) validators(number int64) ([]json.RawMessage, error) {
	var pages []json.RawMessage
	for seen, total := 0, 1; seen < total; {
		path := fmt.Sprintf("/validators?height=%d&per_page=100&page=%d", number, len(pages)+1)
		raw, err := s.raw(path)
		if err != nil {
			return nil, err
		}
		page, err := decode[ctypes.ResultValidators](raw)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if page.Count == 0 || page.Count != len(page.Validators) || page.BlockHeight != number {
			return nil, fmt.Errorf("%s: %d validators announced, %d given, for height %d", path, page.Count,
				len(page.Validators), page.BlockHeight)
		}
		seen, total = seen+page.Count, page.Total
		pages = append(pages, raw)
	}
	return pages, nil
}

func decodeValidators(pages []json.RawMessage) (*types.ValidatorSet, error) {
	var all []*types.Validator
	for _, raw := range pages {
		page, err := decode[ctypes.ResultValidators](raw)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Validators...)
	}
	return types.ValidatorSetFromExistingValidators(all)
}

func (s *source) meta(number int64) (json.RawMessage, error) {
	path := fmt.Sprintf("/blockchain?minHeight=%d&maxHeight=%d", number, number)
	raw, err := s.raw(path)
	if err != nil {
		return nil, err
	}
	var info struct {
		Metas []json.RawMessage `json:"block_metas"`
	}
	if err := json.Unmarshal(raw, &info); err != nil {
		return nil, err
	}
	if len(info.Metas) != 1 {
		return nil, fmt.Errorf("%s: %d block metas", path, len(info.Metas))
	}
	return info.Metas[0], nil
}

func (s *source) height(number int64) (*rawHeight, error) {
	raw := &rawHeight{}
	at := "?height=" + strconv.FormatInt(number, 10)
	var errs [7]error
	raw.commit, errs[0] = s.raw("/commit" + at)
	raw.block, errs[1] = s.raw("/block" + at)
	raw.header, errs[2] = s.raw("/header" + at)
	raw.results, errs[3] = s.raw("/block_results" + at)
	raw.params, errs[4] = s.raw("/consensus_params" + at)
	raw.meta, errs[5] = s.meta(number)
	raw.validators, errs[6] = s.validators(number)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	block, err := decode[ctypes.ResultBlock](raw.block)
	if err != nil {
		return nil, err
	}
	for _, tx := range block.Block.Txs {
		answer, err := s.raw("/tx?prove=true&hash=0x" + hex.EncodeToString(tx.Hash()))
		if err != nil {
			return nil, err
		}
		raw.txs = append(raw.txs, answer)
	}
	return raw, nil
}

func (raw *rawHeight) decode(number int64) (*height, error) {
	h := &height{number: number}
	var errs [7]error
	h.commit, errs[0] = decode[ctypes.ResultCommit](raw.commit)
	h.block, errs[1] = decode[ctypes.ResultBlock](raw.block)
	h.header, errs[2] = decode[ctypes.ResultHeader](raw.header)
	h.results, errs[3] = decode[ctypes.ResultBlockResults](raw.results)
	h.params, errs[4] = decode[ctypes.ResultConsensusParams](raw.params)
	h.meta, errs[5] = decode[types.BlockMeta](raw.meta)
	h.validators, errs[6] = decodeValidators(raw.validators)
	for _, tx := range raw.txs {
		answer, err := decode[ctypes.ResultTx](tx)
		if err != nil {
			return nil, fmt.Errorf("height %d: %w", number, err)
		}
		h.txs = append(h.txs, answer)
	}
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("height %d: %w", number, err)
	}
	return h, nil
}
