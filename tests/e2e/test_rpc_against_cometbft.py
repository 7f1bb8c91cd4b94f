"""Every Tendermint RPC method, answered by a real CometBFT and by seid, compared member by member:
HTTP status, content type, caching, names, types, encodings, and for errors code, message and text.

The real one runs its built-in kvstore, so contents differ; what a member is made of must not.
"""
import base64
import json
import os
import re
import signal
import subprocess

import pytest

from seitest import Node, Rpc, free_ports, peer, wait_for

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$")


class CometBFT:
    """A one-validator CometBFT on its kvstore application."""

    def __init__(self, home):
        program = peer("cometbft")
        self.home = str(home)
        subprocess.run([program, "init", "--home", self.home], check=True, capture_output=True)
        config = os.path.join(self.home, "config", "config.toml")
        with open(config) as f:
            text = f.read()
        with open(config, "w") as f:
            f.write(re.sub(r'(?m)^timeout_commit = .*', 'timeout_commit = "200ms"', text))
        self.port, p2p = free_ports(2)
        self.rpc = Rpc(self.port)
        with open(os.path.join(self.home, "log"), "wb") as log:
            self.process = subprocess.Popen(
                [program, "start", "--home", self.home, "--proxy_app", "kvstore",
                 "--rpc.laddr", f"tcp://127.0.0.1:{self.port}", "--p2p.laddr", f"tcp://127.0.0.1:{p2p}"],
                stdout=log, stderr=log)
        wait_for("CometBFT's blocks", lambda: self.rpc.height() >= 2)
        answer = self.rpc.call("broadcast_tx_commit", tx=base64.b64encode(b"key=value").decode())
        self.tx_hash = answer["hash"]
        self.tx_height = int(answer["height"])
        self.another_tx = b"other=value"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def chains(tmp_path_factory):
    """(the real one, ours), each with a block that holds a transaction, and facts about it."""
    real = CometBFT(tmp_path_factory.mktemp("cometbft") / "home")
    ours = Node(tmp_path_factory.mktemp("seid") / "home", block_time="200ms")
    ours.start()
    address = ours.run("keys", "show", "user1", "-a", "--keyring-backend", "test").stdout.strip()
    result = ours.tx("bank", "send", "validator", address, "1usei")
    ours.tx_hash, ours.tx_height = result["hash"], int(result["height"])
    done = ours.run("tx", "bank", "send", "validator", address, "2usei", "--from", "validator", "--keyring-backend",
                    "test", "--chain-id", ours.chain_id, "--fees", "2000usei", "--generate-only", node=True)
    assert json.loads(done.stdout)["body"]["messages"]
    ours.another_tx = b"not a transaction"
    for chain in (real, ours):
        wait_for("a block after the transaction", lambda c=chain: c.rpc.height() > c.tx_height + 1)
        header = chain.rpc.call("block", height=str(chain.tx_height))
        chain.block_hash = header["block_id"]["hash"]
    yield real, ours
    real.stop()
    assert ours.stop() == 0


def kind(value, name=""):
    """What a JSON value is made of, in a form that can be compared."""
    if isinstance(value, dict):
        return {member: kind(inner, member) for member, inner in value.items()}
    if isinstance(value, list):
        return [kind(value[0])] if value else []
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    if isinstance(value, (int, float)):
        return "number"
    if value == "":
        return "empty text"
    if name.endswith("hash") and re.fullmatch(r"([0-9A-F]{2})+", value):
        return "upper-case hex"  # the kvstore's is a short number
    if re.fullmatch(r"-?\d+", value):
        return "number in a string"
    if TIME.match(value):
        return "time"
    if re.fullmatch(r"[0-9A-F]{40,}", value):
        return "upper-case hex"
    return "text"


def same_kind(real, ours, where, differences):
    """Appends every place where the two are not of one kind. Emptiness alone is no difference."""
    if isinstance(real, dict) and isinstance(ours, dict):
        for name in sorted(real.keys() | ours.keys()):
            if name not in ours and f"{where}.{name}".endswith(".version.app"):
                continue  # left out when 0; the kvstore's is 1
            if name not in ours:
                differences.append(f"{where}.{name}: missing")
            elif name not in real:
                differences.append(f"{where}.{name}: the real one has no such member")
            else:
                same_kind(real[name], ours[name], f"{where}.{name}", differences)
        if list(real) != list(ours) and real.keys() == ours.keys():
            differences.append(f"{where}: order {list(real)} against {list(ours)}")
    elif isinstance(real, list) and isinstance(ours, list):
        if real and ours:
            same_kind(real[0], ours[0], f"{where}[0]", differences)
    elif real != ours and "empty text" not in (real, ours):
        differences.append(f"{where}: {real} against {ours}")


def text_of(data):
    """An error's text without the numbers and hashes of one chain."""
    return re.sub(r"[0-9A-F]{8,}", "HASH", re.sub(r"\d+", "N", data or ""))


def compare(chains, request, ignore=(), texts=True):
    """`request(chain)` -> (status, headers, body) on both; fails with every difference."""
    answers = [request(chain) for chain in chains]
    differences = []
    (real_status, real_headers, real_body), (our_status, our_headers, our_body) = answers
    if real_status != our_status:
        differences.append(f"HTTP status {real_status} against {our_status}")
    for name in ("Content-Type", "Cache-Control"):
        if real_headers.get(name) != our_headers.get(name):
            differences.append(f"{name}: {real_headers.get(name)} against {our_headers.get(name)}")
    if "X-Server-Time" in real_headers and "X-Server-Time" not in our_headers:
        differences.append("X-Server-Time: missing")
    if real_headers.get("Content-Type") == "application/json":
        real, ours = json.loads(real_body), json.loads(our_body)
        if isinstance(real, dict) and isinstance(ours, dict) and "error" in real and "error" in ours:
            for name in ("code", "message"):
                if real["error"][name] != ours["error"][name]:
                    differences.append(f"error.{name}: {real['error'][name]} against {ours['error'][name]}")
            if texts and text_of(real["error"].get("data")) != text_of(ours["error"].get("data")):
                differences.append(f"error.data: {real['error'].get('data')} against {ours['error'].get('data')}")
        else:
            same_kind(kind(real), kind(ours), "", differences)
    else:
        assert (not real_body) == (not our_body), (real_body, our_body)
    differences = [d for d in differences if not any(d.startswith(prefix) for prefix in ignore)]
    assert not differences, "\n".join(differences)


def get(path):
    def request(chain):
        filled = path.format(hash=chain.tx_hash, block=chain.block_hash, height=chain.tx_height,
                             tx="0x" + chain.another_tx.hex())
        return chain.rpc.request("GET", filled)
    return request


def post(body):
    def request(chain):
        text = body if isinstance(body, str) else json.dumps(body)
        text = text.replace("{hash}", base64.b64encode(bytes.fromhex(chain.tx_hash)).decode())
        text = text.replace("{blockhex}", chain.block_hash)
        text = text.replace("{block}", base64.b64encode(bytes.fromhex(chain.block_hash)).decode())
        text = text.replace("{height}", str(chain.tx_height))
        return chain.rpc.request("POST", "/", text)
    return request


# CometBFT lets a proxy keep these for a day although they change with each block; seid does not.
NOT_FIXED = ("Cache-Control: public",)
# What our answers cannot share with a kvstore application or with a network of peers.
APP = (".result.response.app_version:", *NOT_FIXED)
FREE_FORM = (".result.round_state", ".result.peers")  # internals, free-form by CometBFT's own word

GETS = {
    "/health": (), "/status": (), "/net_info": (), "/genesis": (".result.genesis.app_state: the real",),
    "/genesis_chunked": (), "/genesis_chunked?chunk=0": (), "/block?height={height}": (), "/block": (),
    "/block_by_hash?hash=0x{block}": (), "/block_by_hash?hash=0xAABB": (), "/header?height={height}": (),
    "/header_by_hash?hash=0x{block}": (), "/header_by_hash?hash=0xAABB": (),
    "/block_results?height={height}": (".result.txs_results[0].events", ".result.txs_results[0].data",
                                       ".result.finalize_block_events"),
    "/blockchain?minHeight=1&maxHeight=3": (), "/blockchain": NOT_FIXED, "/commit?height=2": (), "/commit": (),
    "/validators": (), "/validators?height=2&page=1&per_page=5": (), "/consensus_params": (),
    "/consensus_params?height=2": (), "/abci_info": APP, "/unconfirmed_txs": (), "/unconfirmed_txs?limit=1": (),
    "/num_unconfirmed_txs": (), "/consensus_state": FREE_FORM, "/dump_consensus_state": FREE_FORM,
    "/tx?hash=0x{hash}": (".result.tx_result.events", ".result.tx_result.data"),
    "/tx?hash=0x{hash}&prove=true": (".result.tx_result.events", ".result.tx_result.data",
                                     ".result.proof.proof.aunts"),
    '/tx_search?query="tx.height={height}"': (".result.txs[0].tx_result.events", ".result.txs[0].tx_result.data"),
    '/tx_search?query="tx.height=999999999"': (),
    '/block_search?query="block.height=2"': (),
    '/abci_query?path="/nosuch"&data=0x00': (".result.response",),
    "/check_tx?tx={tx}": (".result",), "/broadcast_tx_sync?tx={tx}": (), "/broadcast_tx_async?tx={tx}00": (),
}


@pytest.mark.parametrize("path", GETS)
def test_get(chains, path):
    compare(chains, get(path), ignore=GETS[path])


GET_ERRORS = {
    "/block?height=abc": True, "/block?height=0": True, "/block?height=-1": True, "/block?height=99999999": True,
    '/block?height="2"': True, "/block?height=1.5": False, "/nosuch": True, "/subscribe": True,
    "/tx?hash=0x1234": True, "/tx?hash=zz": False, "/tx_search?query=tx.height": False,
    '/tx_search?query="tx.height"': False, '/tx_search?query="tx.height>0"&page=99999': True,
    '/tx_search?query="tx.height>0"&order_by="up"': True, "/validators?page=2": True, "/validators?page=0": True,
    "/validators?height=99999999": True, "/blockchain?minHeight=5&maxHeight=2": True,
    "/blockchain?minHeight=-5": False, "/genesis_chunked?chunk=5": True, "/genesis_chunked?chunk=-1": False,
    "/broadcast_tx_sync?tx=zzz": False, "/broadcast_evidence": True, "/unsafe_flush_mempool": True,
    "/commit?height=0": True, "/consensus_params?height=99999999": True, "/header?height=x": True,
    "/block_results?height=99999999": True, "/abci_query?path=bare": False,
}


@pytest.mark.parametrize("path", GET_ERRORS)
def test_get_errors(chains, path):
    compare(chains, get(path), texts=GET_ERRORS[path])


def call(method, params=None, **more):
    return {"jsonrpc": "2.0", "id": 1, "method": method, **({} if params is None else {"params": params}), **more}


TX_APP = (".result.tx_result.events", ".result.tx_result.data")
POSTS = [
    (call("health"), ()), (call("status", {}), ()), (call("block", {"height": "{height}"}), ()),
    (call("block", ["{height}"]), ()), (call("block_by_hash", {"hash": "{block}"}), ()),
    (call("header_by_hash", {"hash": "{blockhex}"}), ()), (call("tx", {"hash": "{hash}"}), TX_APP),
    (call("commit", {"height": "2"}), ()), (call("validators", {"height": "2", "page": "1", "per_page": "100"}), ()),
    (call("health", id="text"), ()), (call("health", id=-7), ()), (call("health", id=123456789012345), ()),
    ([call("health"), call("nosuch", id=2)], ()), ([call("health")], ()), ([], ()),
    ({"jsonrpc": "2.0", "method": "health"}, ()), ("", ()), ({"id": 1, "method": "health"}, ()),
    (call("block", {"nosuch": "1"}), ()), (call("health", {}), ()), (call("health", []), ()),
]


@pytest.mark.parametrize("body,ignore", POSTS, ids=lambda v: json.dumps(v) if not isinstance(v, tuple) else "")
def test_post(chains, body, ignore):
    compare(chains, post(body), ignore=ignore)


POST_ERRORS = [
    (call("nosuch"), True), (call("subscribe", {"query": "x"}), True), (call("block", ["1", "2"]), False),
    (call("block", {"height": "x"}), False), (call("block", {"height": "0"}), True), (call("health", 5), False),
    (call("tx", {"hash": "EjQ="}), True), (call("abci_query", {"path": "", "data": "zz"}), False),
    (call("broadcast_tx_sync", {"tx": "not base64!"}), False), ("{", False), ("5", False), ('"a"', False),
    ('{"jsonrpc":"2.0","id":{},"method":"health"}', False), ([call("health", id=i) for i in range(11)], True),
    ("a" * 1_000_001, True),
]


@pytest.mark.parametrize("body,texts", POST_ERRORS, ids=lambda v: json.dumps(v)[:60])
def test_post_errors(chains, body, texts):
    compare(chains, post(body), texts=texts, ignore=NOT_FIXED)


def test_the_comparison_can_fail():
    differences = []
    same_kind(kind({"a": "1", "b": [{"c": 5}], "d": "x"}), kind({"a": 1, "b": [{"c": "5"}]}), "", differences)
    assert len(differences) == 3, differences


def test_other_methods_and_paths(chains):
    for method, path in (("PUT", "/health"), ("DELETE", "/status"), ("POST", "/health"), ("POST", "/abc"), ("GET", "/")):
        real, ours = [c.rpc.request(method, path) for c in chains]
        assert real[0] == ours[0], (method, path, real[0], ours[0])
        assert real[1].get("Content-Type") == ours[1].get("Content-Type"), (method, path)
