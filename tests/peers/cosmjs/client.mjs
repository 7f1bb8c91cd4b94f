// A day's work of a cosmjs user against a chain: connects, reads, sends, finds the transaction,
// submits a software upgrade, votes, and meets the errors. Unmodified cosmjs, nothing of ours.
// Usage: node client.mjs RPC_URL MNEMONIC; prints one JSON object.
import assert from "node:assert/strict";
import { DirectSecp256k1HdWallet, Registry } from "@cosmjs/proto-signing";
import {
  GasPrice, QueryClient, SigningStargateClient, StargateClient, assertIsDeliverTxSuccess,
  defaultRegistryTypes, setupGovExtension,
} from "@cosmjs/stargate";
import { connectComet } from "@cosmjs/tendermint-rpc";
import { MsgSubmitProposal as MsgSubmitProposalV1 } from "cosmjs-types/cosmos/gov/v1/tx";
import { VoteOption } from "cosmjs-types/cosmos/gov/v1beta1/gov";
import { MsgSoftwareUpgrade } from "cosmjs-types/cosmos/upgrade/v1beta1/tx";
import { SoftwareUpgradeProposal } from "cosmjs-types/cosmos/upgrade/v1beta1/upgrade";

const [url, mnemonic] = process.argv.slice(2);
const gov = "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj";
const done = [];
const step = async (name, fn) => {
  const result = await fn();
  done.push(name);
  return result;
};

const wallet = await DirectSecp256k1HdWallet.fromMnemonic(mnemonic, { prefix: "sei" });
const [{ address }] = await wallet.getAccounts();
const other = (await (await DirectSecp256k1HdWallet.generate(12, { prefix: "sei" })).getAccounts())[0].address;

const reader = await step("connect", () => StargateClient.connect(url));
const chainId = await step("chain id", () => reader.getChainId());
assert.ok(chainId.length > 0);
const height = await step("height", () => reader.getHeight());
assert.ok(height >= 1);
const block = await step("block", () => reader.getBlock(1));
assert.equal(block.header.height, 1);
assert.equal(block.header.chainId, chainId);
await step("latest block", async () => assert.ok((await reader.getBlock()).header.height >= height));
const balance = await step("balance", () => reader.getBalance(address, "usei"));
assert.ok(BigInt(balance.amount) > 0n);
await step("balance of nobody", async () =>
  assert.deepEqual(await reader.getBalance(other, "usei"), { denom: "usei", amount: "0" }));
await step("all balances", async () => assert.deepEqual(await reader.getAllBalances(address), [balance]));
await step("account", async () => assert.equal((await reader.getAccount(address)).address, address));
await step("no account", async () => assert.equal(await reader.getAccount(other), null));
await step("no transaction", async () => assert.equal(await reader.getTx("A".repeat(64)), null));

const registry = new Registry(defaultRegistryTypes);
registry.register("/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", MsgSoftwareUpgrade);
registry.register("/cosmos.gov.v1.MsgSubmitProposal", MsgSubmitProposalV1);
const client = await SigningStargateClient.connectWithSigner(url, wallet, {
  registry, gasPrice: GasPrice.fromString("0.01usei"), broadcastPollIntervalMs: 200, broadcastTimeoutMs: 20000,
});

const sent = await step("send with gas estimated", () =>
  client.sendTokens(address, other, [{ denom: "usei", amount: "12345" }], "auto", "a memo"));
assertIsDeliverTxSuccess(sent);
assert.ok(sent.gasUsed > 0n && sent.gasUsed <= sent.gasWanted);
await step("received", async () => assert.equal((await reader.getBalance(other, "usei")).amount, "12345"));
const found = await step("find the transaction", () => reader.getTx(sent.transactionHash));
assert.equal(found.height, sent.height);
assert.ok(found.events.some((e) => e.type === "transfer" &&
  e.attributes.some((a) => a.key === "recipient" && a.value === other)));
await step("search by sender", async () => {
  const list = await reader.searchTx([{ key: "message.sender", value: address }, { key: "tx.height", value: sent.height }]);
  assert.ok(list.some((tx) => tx.hash === sent.transactionHash));
});
const sequence = (await reader.getAccount(address)).sequence;
assert.ok(sequence >= 1);
await step("public key is known now", async () => assert.ok((await reader.getAccount(address)).pubkey));

await step("insufficient funds", async () => {
  const result = await client.sendTokens(address, other, [{ denom: "usei", amount: "9".repeat(20) }],
    { amount: [{ denom: "usei", amount: "2000" }], gas: "200000" });
  assert.equal(result.code, 5);
  assert.match(result.rawLog, /insufficient funds/);
});
await step("fee too large", async () => {
  await assert.rejects(client.sendTokens(address, other, [{ denom: "usei", amount: "1" }],
    { amount: [{ denom: "usei", amount: "9".repeat(20) }], gas: "200000" }), /insufficient funds/);
});
await step("wrong chain id in the signature", async () => {
  const { accountNumber, sequence: now } = await client.getSequence(address);
  const raw = await client.sign(address, [], { amount: [{ denom: "usei", amount: "2000" }], gas: "200000" }, "",
    { accountNumber, sequence: now, chainId: "wrong-1" });
  const { TxRaw } = await import("cosmjs-types/cosmos/tx/v1beta1/tx");
  await assert.rejects(client.broadcastTx(TxRaw.encode(raw).finish()), /signature verification failed|must contain at least one message/);
});

const fee = { amount: [{ denom: "usei", amount: "5000" }], gas: "500000" };
const upgradeHeight = BigInt((await reader.getHeight()) + 100000);
const plan = { name: "from-cosmjs", time: { seconds: -62135596800n, nanos: 0 }, height: upgradeHeight, info: "<&>" };
const legacy = await step("submit a software upgrade, v1beta1", () => client.signAndBroadcast(address, [{
  typeUrl: "/cosmos.gov.v1beta1.MsgSubmitProposal",
  value: {
    content: {
      typeUrl: "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal",
      value: SoftwareUpgradeProposal.encode(SoftwareUpgradeProposal.fromPartial({ title: "t", description: "d", plan })).finish(),
    },
    initialDeposit: [{ denom: "usei", amount: "10000000" }],
    proposer: address,
  },
}], fee));
assertIsDeliverTxSuccess(legacy);
const proposal = legacy.events.find((e) => e.type === "submit_proposal").attributes.find((a) => a.key === "proposal_id").value;
const modern = await step("submit a software upgrade, v1", () => client.signAndBroadcast(address, [{
  typeUrl: "/cosmos.gov.v1.MsgSubmitProposal",
  value: MsgSubmitProposalV1.fromPartial({
    messages: [{
      typeUrl: "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade",
      value: MsgSoftwareUpgrade.encode(MsgSoftwareUpgrade.fromPartial({ authority: gov, plan: { ...plan, name: "from-cosmjs-v1" } })).finish(),
    }],
    initialDeposit: [{ denom: "usei", amount: "100000" }],
    proposer: address, title: "t", summary: "s",
  }),
}], fee));
assertIsDeliverTxSuccess(modern);
const vote = await step("vote", () => client.signAndBroadcast(address, [{
  typeUrl: "/cosmos.gov.v1beta1.MsgVote",
  value: { proposalId: BigInt(proposal), voter: address, option: VoteOption.VOTE_OPTION_YES },
}], fee));
assertIsDeliverTxSuccess(vote);
const deposit = await step("deposit", () => client.signAndBroadcast(address, [{
  typeUrl: "/cosmos.gov.v1beta1.MsgDeposit",
  value: { proposalId: BigInt(proposal) + 1n, depositor: address, amount: [{ denom: "usei", amount: "200000" }] },
}], fee));
assertIsDeliverTxSuccess(deposit);

const govClient = QueryClient.withExtensions(await connectComet(url), setupGovExtension);
await step("query the proposal", async () => {
  const { proposal: got } = await govClient.gov.proposal(proposal);
  assert.equal(got.proposalId, BigInt(proposal));
  assert.equal(got.content.typeUrl, "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal");
  assert.equal(SoftwareUpgradeProposal.decode(got.content.value).plan.name, "from-cosmjs");
});
await step("query the vote", async () => {
  const { vote: got } = await govClient.gov.vote(proposal, address);
  assert.equal(got.options[0].option, VoteOption.VOTE_OPTION_YES);
});
await step("query parameters", async () =>
  assert.ok((await govClient.gov.params("deposit")).depositParams.minDeposit.length > 0));
await step("query the tally", async () => assert.ok((await govClient.gov.tally(proposal)).tally));

client.disconnect();
reader.disconnect();
console.log(JSON.stringify({ chainId, address, proposal, hash: sent.transactionHash, steps: done }));
