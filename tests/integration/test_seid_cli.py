"""The command line of seid as people and scripts use it: keys, homes, transactions in files, errors.
What needs a running node is at the end."""
import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess

import pytest

from seitest import Node, program, wait_for

# cosmjs' test mnemonics, the path and what its wallets give (its cosmos1 addresses under our prefix).
MNEMONICS = [
    ("abandon " * 11 + "about", [], "sei19rl4cm2hmr8afy4kldpxz3fka4jguq0a3vute5"),
    ("special sign fit simple patrol salute grocery chicken wheat radar tonight ceiling", [],
     "sei1jhg0e7s6gn44tfc5k37kr04sznyhedtcg0njk4"),
    ("economy stock theory fatal elder harbor betray wasp final emotion task crumble siren bottom "
     "lizard educate guess current outdoor pair theory focus wife stone", [],
     "sei1pkptre7fdkl6gfrzlesjjvhxhlc3r4gmk6k4km"),
    ("enlist hip relief stomach skate base shallow young switch frequent cry park", [],
     "sei14qemq0vw6y3gc3u3e0aty2e764u4gs5l5axttu"),
    ("enlist hip relief stomach skate base shallow young switch frequent cry park", ["--index", "1"],
     "sei1hhg2rlu9jscacku2wwckws7932qqqu8xuyc7gw"),
    ("enlist hip relief stomach skate base shallow young switch frequent cry park",
     ["--hd-path", "m/44'/118'/0'/0/2"], "sei1xv9tklw7d82sezh9haa573wufgy59vmw5khsl4"),
    ("  Enlist HIP relief stomach skate base shallow young switch frequent cry  park ", [],
     "sei14qemq0vw6y3gc3u3e0aty2e764u4gs5l5axttu"),
]

# A transaction that cosmjs signed with the key 07...07 (deterministic nonces).
VECTOR_TX = (
    "0a86010a83010a1c2f636f736d6f732e62616e6b2e763162657461312e4d736753656e6412630a2a7365693135307274726d6a326638766c3974656d3871706677333679"
    "6c77356a67396a3237306d6c6c63122a7365693135307274726d6a326638766c3974656d38717066773336796c77356a67396a3237306d6c6c631a090a04757365691201"
    "3112660a500a460a1f2f636f736d6f732e63727970746f2e736563703235366b312e5075624b657912230a2102989c0b76cb563971fdc9bef31ec06c3560f3249d6ee9e5"
    "d83c57625596e05f6f12040a020801180512120a0c0a047573656912043230303010c09a0c1a40"
    "b43ee976cfd13f15165b43a449b50be45765380a09abfef3f9d2c7c2163e6c025ef2d719b8bb9f04e7157ee32991823c40fb90dab0ddd65c4869949bed97915f")
VECTOR_HASH = "AF6ACE32C75AA7DCB097D3AE3CBDA2E0899BE397F5508343A8F30691E15A7471"


class Cli:
    """seid on one home folder."""

    def __init__(self, home):
        self.home = str(home)

    def run(self, *args, stdin="", env=None, status=0):
        done = subprocess.run([program("seid"), "--home", self.home, *map(str, args)], input=stdin,
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, **(env or {})})
        assert done.returncode == status, f"{args}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def out(self, *args, **kwargs):
        return self.run(*args, **kwargs).stdout.strip()

    def json(self, *args, **kwargs):
        return json.loads(self.out(*args, "-o", "json", **kwargs))

    def path(self, *parts):
        return os.path.join(self.home, *parts)

    def load(self, *parts):
        with open(self.path(*parts), encoding="utf-8") as file:
            return json.load(file)


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path / "home")


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


# ---- keys

@pytest.mark.parametrize("words,flags,address", MNEMONICS)
def test_words_give_the_addresses_of_cosmjs(cli, words, flags, address):
    key = cli.json("keys", "add", "a", "--recover", *flags, stdin=words + "\n")
    assert key["address"] == address
    assert key["type"] == "local" and "mnemonic" not in key
    assert cli.out("keys", "show", "a", "-a") == address


def test_a_new_key_can_be_recovered_from_its_words(cli, tmp_path):
    made = cli.json("keys", "add", "alice")
    assert len(made["mnemonic"].split()) == 24
    other = Cli(tmp_path / "other")
    assert other.json("keys", "add", "bob", "--recover",
                      stdin=made["mnemonic"])["address"] == made["address"]


def test_keys_are_listed_shown_and_deleted(cli):
    for name in ("zoe", "bob", "alice"):
        cli.run("keys", "add", name)
    assert cli.out("keys", "list", "-n").split() == ["alice", "bob", "zoe"]
    assert [key["name"] for key in cli.json("keys", "list")] == ["alice", "bob", "zoe"]
    shown = cli.json("keys", "show", "bob")
    assert json.loads(shown["pubkey"])["@type"] == "/cosmos.crypto.secp256k1.PubKey"
    assert cli.out("keys", "show", "bob", "-p") == shown["pubkey"]
    assert cli.json("keys", "show", shown["address"])["name"] == "bob"
    valoper = cli.out("keys", "show", "bob", "-a", "--bech", "val")
    assert valoper.startswith("seivaloper1") and cli.json("keys", "show", valoper)["name"] == "bob"
    text = cli.out("keys", "show", "bob")
    assert text.startswith(f"- address: {shown['address']}\n  name: bob\n  pubkey: '{{\"@type\"")
    cli.run("keys", "delete", "bob", stdin="n\n")
    assert "bob" in cli.out("keys", "list", "-n")
    cli.run("keys", "delete", "bob", "zoe", "-y")
    assert cli.out("keys", "list", "-n").split() == ["alice"]


def test_a_name_is_taken_once_and_dry_run_keeps_nothing(cli):
    first = cli.json("keys", "add", "a")
    assert "a key of that name exists" in cli.run("keys", "add", "a", status=1).stderr
    assert cli.out("keys", "show", "a", "-a") == first["address"]
    cli.run("keys", "add", "b", "--dry-run")
    assert cli.out("keys", "list", "-n") == "a"


def test_secrets_come_out_only_when_it_is_meant(cli):
    cli.run("keys", "import-hex", "seven", stdin="07" * 32 + "\n")
    assert cli.out("keys", "show", "seven", "-a") == "sei150rtrmj2f8vl9tem8qpfw36ylw5jg9j270mllc"
    cli.run("keys", "export", "seven", status=1)
    cli.run("keys", "export", "seven", "--unarmored-hex", status=1)
    cli.run("keys", "export", "seven", "--unarmored-hex", "--unsafe", stdin="n\n", status=1)
    assert cli.out("keys", "export", "seven", "--unarmored-hex", "--unsafe", stdin="y\n") == "07" * 32
    path = cli.path("keyring-test", "seven.json")
    assert mode(path) == 0o600 and mode(os.path.dirname(path)) == 0o700


def test_file_backend_encrypts(cli):
    flags = ["--keyring-backend", "file"]
    cli.run("keys", "import-hex", "seven", "07" * 32, *flags, stdin="passphrase\n")
    path = cli.path("keyring-file", "seven.json")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    assert "0707" not in text and json.loads(text)["kdf"] == "scrypt" and mode(path) == 0o600
    assert cli.out("keys", "export", "seven", "--unarmored-hex", "--unsafe", "-y", *flags,
                   stdin="passphrase\n") == "07" * 32
    wrong = cli.run("keys", "export", "seven", "--unarmored-hex", "--unsafe", "-y", *flags,
                    stdin="passphrasf\n", status=1)
    assert "wrong keyring passphrase" in wrong.stderr and "0707" not in wrong.stdout
    assert "wrong keyring passphrase" in cli.run("keys", "add", "b", *flags, stdin="another one\n",
                                                 status=1).stderr
    short = Cli(cli.home + "2").run("keys", "add", "a", *flags, stdin="short\n", status=1)
    assert "at least 8 characters" in short.stderr
    # Moved under another name, a file is no key any more.
    os.rename(path, cli.path("keyring-file", "eight.json"))
    assert "not a key of this keyring" in cli.run("keys", "show", "eight", *flags, status=1).stderr


def test_parse_converts_both_ways(cli):
    parsed = cli.json("keys", "parse", "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj")
    assert parsed == {"human": "sei", "bytes": "7B5FE22B5446F7C62EA27B8BD71CEF94E03F3DF2"}
    formats = cli.json("keys", "parse", parsed["bytes"])["formats"]
    assert formats[0] == "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj"
    assert any(text.startswith("seivaloper1") for text in formats)


# ---- homes

def test_init_writes_what_cometbft_and_the_sdk_write(cli):
    done = json.loads(cli.out("init", "node-1", "--chain-id", "chain-1"))
    assert done["moniker"] == "node-1" and done["chain_id"] == "chain-1"
    genesis = cli.load("config", "genesis.json")
    assert genesis["chain_id"] == "chain-1" and genesis["initial_height"] == "1"
    assert genesis["consensus_params"]["block"] == {"max_bytes": "22020096", "max_gas": "-1"}
    assert set(genesis["app_state"]) == {"auth", "bank", "gov", "staking", "upgrade"}
    assert genesis["app_state"]["gov"]["params"]["voting_period"] == "172800s"
    key = cli.load("config", "priv_validator_key.json")
    public = base64.b64decode(key["pub_key"]["value"])
    assert key["address"] == hashlib.sha256(public).digest()[:20].hex().upper()
    assert base64.b64decode(key["priv_key"]["value"])[32:] == public
    node_key = base64.b64decode(cli.load("config", "node_key.json")["priv_key"]["value"])
    assert done["node_id"] == hashlib.sha256(node_key[32:]).digest()[:20].hex()
    assert cli.load("data", "priv_validator_state.json") == {"height": "0", "round": 0, "step": 0}
    for name in ("config/priv_validator_key.json", "config/node_key.json",
                 "data/priv_validator_state.json"):
        assert mode(cli.path(name)) == 0o600, name


def test_init_overwrites_only_when_told_and_never_keys(cli):
    first = json.loads(cli.out("init", "n", "--chain-id", "a"))
    key = cli.load("config", "priv_validator_key.json")
    refused = cli.run("init", "n", "--chain-id", "b", status=1).stderr
    assert "genesis.json file already exists: " in refused
    second = json.loads(cli.out("init", "m", "--chain-id", "b", "--overwrite"))
    assert second["node_id"] == first["node_id"] and second["chain_id"] == "b"
    assert cli.load("config", "priv_validator_key.json") == key
    with open(cli.path("config", "config.toml"), encoding="utf-8") as file:
        assert 'moniker = "m"' in file.read()


def test_genesis_accounts_and_validators(cli):
    cli.run("init", "n", "--chain-id", "c")
    cli.run("keys", "add", "alice")
    alice = cli.out("keys", "show", "alice", "-a")
    assert "no validator" in cli.run("validate-genesis", status=1).stderr
    cli.run("add-genesis-account", "alice", "10usei,5uabc")
    cli.run("add-genesis-account", "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj", "1usei")
    assert "existing address" in cli.run("add-genesis-account", alice, "1usei", status=1).stderr
    cli.run("add-genesis-validator", "alice", "--tokens", "7000000", "--moniker", "val")
    assert "already there" in cli.run("add-genesis-validator", "alice", status=1).stderr
    assert "is a valid genesis file" in cli.out("validate-genesis")
    genesis = cli.load("config", "genesis.json")
    bank = genesis["app_state"]["bank"]
    assert bank["supply"] == [{"denom": "uabc", "amount": "5"}, {"denom": "usei", "amount": "11"}]
    assert [a["address"] for a in genesis["app_state"]["auth"]["accounts"]][0] == alice
    assert genesis["validators"][0]["power"] == "7" and genesis["validators"][0]["name"] == "val"
    staked = genesis["app_state"]["staking"]["validators"][0]
    assert staked["consensus_pubkey"]["key"] == genesis["validators"][0]["pub_key"]["value"]
    assert staked["status"] == "BOND_STATUS_BONDED" and staked["tokens"] == "7000000"


def test_localnet_says_what_it_made(cli):
    made = json.loads(cli.out("localnet", "--json", "--accounts", "3", "--voting-period", "3s",
                              "--block-time", "200ms", "--base-port", "26000"))
    assert made["node"] == "tcp://127.0.0.1:26000" and made["chain_id"] == "sei-local-1"
    assert [a["name"] for a in made["accounts"]] == ["validator", "user1", "user2", "user3"]
    assert "is a valid genesis file" in cli.out("validate-genesis")
    params = cli.load("config", "genesis.json")["app_state"]["gov"]["params"]
    assert params["voting_period"] == "3s" and params["expedited_voting_period"] == "1.500000000s"
    for account in made["accounts"]:
        assert cli.out("keys", "show", account["name"], "-a") == account["address"]
    assert "holds a chain already" in cli.run("localnet", status=1).stderr


def test_localnet_from_a_mnemonic_is_the_same_each_time(cli, tmp_path):
    words = "enlist hip relief stomach skate base shallow young switch frequent cry park"
    made = json.loads(cli.out("localnet", "--json", "--accounts", "1", "--mnemonic", words))
    assert [a["address"] for a in made["accounts"]] == [
        "sei14qemq0vw6y3gc3u3e0aty2e764u4gs5l5axttu", "sei1hhg2rlu9jscacku2wwckws7932qqqu8xuyc7gw"]
    assert "mnemonic" not in made["accounts"][0]


# ---- transactions in files

def test_offline_signature_is_that_of_cosmjs(cli, tmp_path):
    cli.run("keys", "import-hex", "seven", "07" * 32)
    unsigned, signed = tmp_path / "unsigned.json", tmp_path / "signed.json"
    unsigned.write_text(cli.out("tx", "bank", "send", "seven", "seven", "1usei", "--fees", "2000usei",
                                "--gas", "200000", "--generate-only"), encoding="utf-8")
    cli.run("tx", "sign", unsigned, "--from", "seven", "--offline", "--chain-id", "sei-test-1",
            "--account-number", "3", "--sequence", "5", "--output-document", signed)
    encoded = base64.b64decode(cli.out("tx", "encode", signed))
    assert encoded.hex() == VECTOR_TX
    assert hashlib.sha256(encoded).hexdigest().upper() == VECTOR_HASH
    decoded = json.loads(cli.out("tx", "decode", base64.b64encode(encoded).decode()))
    assert decoded == json.loads(signed.read_text(encoding="utf-8"))
    assert "signed already" in cli.run("tx", "sign", signed, "--from", "seven", "--offline",
                                       "--chain-id", "c", "-a", "0", "-s", "0", status=1).stderr


def generate(cli, *args):
    return json.loads(cli.out("tx", *args, "--from", "alice", "--generate-only"))["body"]["messages"]


def test_messages_of_every_command(cli, tmp_path):
    cli.run("keys", "add", "alice")
    alice = cli.out("keys", "show", "alice", "-a")
    gov = "sei10d07y265gmmuvt4z0w9aw880jnsr700jhwznsj"
    plan = {"name": "v2", "time": "0001-01-01T00:00:00Z", "height": "120", "info": "i",
            "upgraded_client_state": None}
    five = [{"denom": "usei", "amount": "5"}]
    legacy = generate(cli, "gov", "submit-proposal", "software-upgrade", "v2", "--title", "t",
                      "--description", "d", "--upgrade-height", "120", "--upgrade-info", "i",
                      "--deposit", "5usei", "--is-expedited")
    assert legacy == [{"@type": "/cosmos.gov.v1beta1.MsgSubmitProposal", "content": {
        "@type": "/cosmos.upgrade.v1beta1.SoftwareUpgradeProposal", "title": "t", "description": "d",
        "plan": plan}, "initial_deposit": five, "proposer": alice, "is_expedited": True}]
    cancel, = generate(cli, "gov", "submit-proposal", "cancel-software-upgrade", "--title", "t",
                       "--description", "d")
    assert cancel["content"]["@type"] == "/cosmos.upgrade.v1beta1.CancelSoftwareUpgradeProposal"
    new, = generate(cli, "upgrade", "software-upgrade", "v2", "--title", "t", "--summary", "s",
                    "--upgrade-height", "120", "--upgrade-info", "i", "--deposit", "5usei")
    upgrade = {"@type": "/cosmos.upgrade.v1beta1.MsgSoftwareUpgrade", "authority": gov, "plan": plan}
    assert new["@type"] == "/cosmos.gov.v1.MsgSubmitProposal" and new["messages"] == [upgrade]
    cancel, = generate(cli, "upgrade", "cancel-software-upgrade", "--title", "t", "--summary", "s")
    assert cancel["messages"] == [{"@type": "/cosmos.upgrade.v1beta1.MsgCancelUpgrade",
                                   "authority": gov}]
    file = tmp_path / "p.json"
    file.write_text(json.dumps({"messages": [upgrade], "metadata": "m", "deposit": "5usei",
                                "title": "t", "summary": "s", "expedited": True}), encoding="utf-8")
    submitted, = generate(cli, "gov", "submit-proposal", file)
    assert submitted["messages"] == [upgrade] and submitted["expedited"] is True
    assert submitted["initial_deposit"] == five and submitted["metadata"] == "m"
    vote, = generate(cli, "gov", "vote", "7", "no_with_veto")
    assert vote["option"] == "VOTE_OPTION_NO_WITH_VETO" and vote["proposal_id"] == "7"
    weighted, = generate(cli, "gov", "weighted-vote", "7", "yes=0.6,abstain=0.4")
    assert weighted["options"] == [
        {"option": "VOTE_OPTION_YES", "weight": "0.600000000000000000"},
        {"option": "VOTE_OPTION_ABSTAIN", "weight": "0.400000000000000000"}]
    deposit, = generate(cli, "gov", "deposit", "7", "5usei")
    assert deposit["amount"] == five and deposit["depositor"] == alice
    multi, = generate(cli, "bank", "multi-send", "alice", gov, alice, "6usei", "--split")
    assert multi["inputs"][0]["coins"] == [{"denom": "usei", "amount": "6"}]
    assert [output["coins"][0]["amount"] for output in multi["outputs"]] == ["3", "3"]


def test_fee_from_gas_prices(cli):
    cli.run("keys", "add", "alice")
    tx = json.loads(cli.out("tx", "bank", "send", "alice", "alice", "1usei", "--generate-only", "--gas",
                            "100001", "--gas-prices", "0.01usei", "--note", "n", "--timeout-height", "9"))
    assert tx["auth_info"]["fee"] == {"amount": [{"denom": "usei", "amount": "1001"}],
                                      "gas_limit": "100001", "payer": "", "granter": ""}
    assert tx["body"]["memo"] == "n" and tx["body"]["timeout_height"] == "9"


# ---- bad input: what is typed, the exit status, what the answer names

BAD = [
    (["nonsense"], 2, 'unknown command "nonsense" for "seid"'),
    (["stat"], 2, 'did you mean "start"'),
    (["tx", "bank", "sned"], 2, 'did you mean "send"'),
    (["start", "--rpc.ladr", "x"], 2, "did you mean --rpc.laddr"),
    (["start", "--halt-height", "-1"], 2, "expected an unsigned 64-bit integer"),
    (["start", "--halt-height"], 2, "flag needs an argument: --halt-height"),
    (["start", "--unsafe-skip-upgrades", "5,x"], 2, "expected a height"),
    (["start", "--consensus.timeout_commit", "1"], 2, "expected a duration"),
    (["start", "--log_level", "loud"], 2, "expected one of trace, debug"),
    (["start", "--minimum-gas-prices", "usei"], 2, "expected prices such as 0.01usei"),
    (["start", "--engine", "cometbft"], 2, "expected one of solo"),
    (["init"], 2, "accepts 1 argument, received 0"),
    (["init", "m", "--chain-id", "x" * 51], 1, "chain id passes 50 bytes"),
    (["init", "m", "--default-denom", "1"], 1, "invalid denom"),
    (["init", "\udcff".encode("utf-8", "surrogateescape").decode("latin-1") * 71], 1, "moniker"),
    (["keys", "add", "../x"], 1, "cannot be the name of a key"),
    (["keys", "add", "a", "--recover"], 1, "standard input has ended"),
    (["keys", "add", "a", "--recover", "--index", "4294967296"], 1, None),
    (["keys", "show", "nobody"], 1, "nobody: key not found"),
    (["keys", "list", "--keyring-backend", "os"], 1, 'keyring backend "os" is not supported'),
    (["keys", "parse", "zz"], 1, "neither hexadecimal nor bech32"),
    (["keys", "import-hex", "a", "00" * 32], 1, "not a secp256k1 private key"),
    (["keys", "import-hex", "a", "07"], 1, "64 hexadecimal digits"),
    (["tx", "bank", "send", "nobody", "x", "1usei"], 1, "nobody: key not found"),
    (["tx", "bank", "send", "seven", "cosmos1fl48vsnmsdzcv85q5d2q4z5ajdha8yu34mf0eh", "1usei"], 1,
     "invalid Bech32 prefix; expected sei, got cosmos"),
    (["tx", "bank", "send", "seven", "seven", "usei"], 1, "invalid decimal coin expression"),
    (["tx", "bank", "send", "seven", "seven", "0usei"], 1, "no positive amount"),
    (["tx", "bank", "send", "seven", "seven", "-1usei"], 2, "unknown shorthand flag: '1' in -1usei"),
    (["tx", "bank", "send", "seven", "seven", "--", "-1usei"], 1, "invalid decimal coin expression"),
    (["tx", "bank", "send", "seven", "seven", "1usei,1usei", "--generate-only"], 1, "duplicate"),
    (["tx", "bank", "send", "seven", "seven", "1usei", "-b", "block"], 2, "expected one of sync, async"),
    (["tx", "bank", "send", "seven", "seven", "1usei", "--gas", "0"], 2, "expected an amount of gas"),
    (["tx", "bank", "send", "seven", "seven", "1usei", "--fees", "1usei", "--gas-prices", "1usei",
      "--generate-only"], 1, "cannot provide both fees and gas prices"),
    (["tx", "bank", "send", "seven", "seven", "1usei", "--offline"], 1, "offline mode"),
    (["tx", "bank", "send", "seven", "seven", "1usei", "-y"], 1, "cannot ask tcp://127.0.0.1:1"),
    (["tx", "gov", "vote", "x", "yes", "--from", "seven"], 1, "not a valid uint"),
    (["tx", "gov", "vote", "1", "maybe", "--from", "seven"], 1, "not a valid vote option"),
    (["tx", "gov", "vote", "1", "yes"], 1, 'required flag "from" not set'),
    (["tx", "gov", "weighted-vote", "1", "yes", "--from", "seven"], 1, "no list of weighted options"),
    (["tx", "gov", "submit-proposal", "/nonexistent", "--from", "seven"], 1, "/nonexistent"),
    (["tx", "gov", "submit-proposal", "software-upgrade", "v2", "--from", "seven"], 1,
     "--upgrade-height must be given"),
    (["tx", "sign", "/dev/null", "--from", "seven"], 1, "/dev/null"),
    (["tx", "decode", "!"], 1, "expected a transaction in base64"),
    (["tx", "decode", "AAAA"], 1, None),
    (["status"], 1, "cannot ask tcp://127.0.0.1:1"),
    (["status", "--node", "ftp://x"], 1, "expected tcp://host:port"),
    (["query", "gov", "proposals", "--status", "x"], 1, "--status x"),
    (["query", "txs"], 1, "give --query"),
    (["validate-genesis", "/nonexistent"], 1, "/nonexistent"),
    (["rollback"], 1, "there is no database"),
    (["export"], 1, "there is no database"),
    (["completion", "zsh"], 2, "completion knows one shell"),
]


@pytest.mark.parametrize("args,status,text", BAD, ids=[" ".join(row[0])[:60] for row in BAD])
def test_bad_input_is_named(cli, args, status, text):
    cli.run("keys", "import-hex", "seven", "07" * 32)
    done = cli.run(*args, status=status, env={"SEID_NODE": "tcp://127.0.0.1:1"})
    assert done.stderr.startswith("Error: ") or "\nError: " in done.stderr or "Error: " in done.stderr
    assert text is None or text in done.stderr, done.stderr
    assert done.stdout == ""


BAD_FILES = [
    ("config/config.toml", "x = ", "config.toml:1:5: expected a value"),
    ("config/config.toml", "[rpc]\nlader = \"\"", "config.toml:2:1: unknown setting rpc.lader; did you mean"),
    ("config/config.toml", "[p2p]\npersistent_peers = \"a@b:1\"", "config.toml:2:20: p2p.persistent_peers"),
    ("config/app.toml", "halt-height = -1", "app.toml:1:15: invalid argument \"-1\""),
    ("config/app.toml", "[api]\nenable = true", "app.toml:2:10: api.enable: there is no REST server yet"),
    ("config/client.toml", "node = 5", "client.toml:1:8: expected a string"),
    ("config/genesis.json", "{", "genesis.json:"),
    ("config/genesis.json", "{}", "genesis.json: chain_id: expected a string"),
    ("config/priv_validator_key.json", "{}", "priv_validator_key.json"),
    ("data/priv_validator_state.json", "", "priv_validator_state.json"),
    ("config/node_key.json", "[]", "node_key.json"),
]


@pytest.mark.parametrize("name,text,error", BAD_FILES, ids=[f"{r[0]}-{i}" for i, r in enumerate(BAD_FILES)])
def test_broken_files_are_named(cli, name, text, error):
    cli.run("localnet", "--accounts", "0")
    with open(cli.path(name), "w", encoding="utf-8") as file:
        file.write(text)
    done = cli.run("status" if "client" in name else "start", status=1)
    assert error in done.stderr


def test_environment_sits_between_flags_and_files(cli):
    cli.run("localnet", "--accounts", "0")
    refused = cli.run("start", status=2, env={"SEID_HALT_HEIGHT": "soon"}).stderr
    assert 'invalid argument "soon" for SEID_HALT_HEIGHT' in refused
    assert "cannot ask tcp://127.0.0.1:1:" in cli.run("status", env={"SEID_NODE": "tcp://127.0.0.1:1"},
                                                      status=1).stderr
    assert "cannot ask tcp://127.0.0.1:2:" in cli.run(
        "status", "--node", "tcp://127.0.0.1:2", env={"SEID_NODE": "tcp://127.0.0.1:1"},
        status=1).stderr


# ---- help and completion

def children(*words):
    done = subprocess.run([program("seid"), "__complete", *words, ""], capture_output=True, text=True,
                          timeout=10, check=True)
    return done.stdout.split()


def walk(*words):
    yield words
    for child in children(*words):
        yield from walk(*words, child)


def test_every_command_explains_itself():
    commands = list(walk())
    assert len(commands) > 60
    for words in commands:
        done = subprocess.run([program("seid"), *words, "--help"], capture_output=True, text=True,
                              timeout=10, check=True)
        assert "\nUsage:\n" in done.stdout and done.stderr == "", words
        flags = re.findall(r"^  (?:-(\w), |    )--([\w.-]+)", done.stdout, re.MULTILINE)
        names, letters = [name for _, name in flags], [letter for letter, _ in flags if letter]
        assert len(names) == len(set(names)) and len(letters) == len(set(letters)), words


def test_bash_completes(tmp_path):
    script = f"""
PATH={os.path.dirname(program('seid'))}:$PATH
source <(seid completion bash)
COMP_WORDS=(seid tx gov vo); COMP_CWORD=3; _seid; echo "${{COMPREPLY[*]}}"
COMP_WORDS=(seid start --rpc.la); COMP_CWORD=2; _seid; echo "${{COMPREPLY[*]}}"
COMP_WORDS=(seid tx -b ""); COMP_CWORD=3; _seid; echo "${{COMPREPLY[@]}}"
"""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert done.stdout.splitlines() == ["vote", "--rpc.laddr", "sync async"]


def test_version_names_the_handlers():
    def long(name):
        return json.loads(subprocess.run([program(name), "version", "--long", "-o", "json"], check=True,
                                         capture_output=True, text=True, timeout=10).stdout)
    assert long("seid")["server_name"] == "seid"
    assert set(long("seid")["upgrade_handlers"]) < set(long("seid-v2")["upgrade_handlers"])


# ---- with a running node

@pytest.fixture(scope="module")
def node(tmp_path_factory):
    made = Node(tmp_path_factory.mktemp("cli") / "home", block_time="100ms", voting_period="2s")
    made.start()
    yield made
    made.stop()


def test_status_has_the_shape_that_scripts_read(node):
    status = json.loads(node.run("status", node=True).stdout)
    assert status["NodeInfo"]["network"] == node.chain_id
    assert int(status["SyncInfo"]["latest_block_height"]) >= 1
    assert status["ValidatorInfo"]["voting_power"] == "10"
    assert "HaltIntent" not in status


def test_send_and_find(node):
    user1 = node.run("keys", "show", "user1", "-a").stdout.strip()
    before = int(node.query("bank", "balances", "user1", "--denom", "usei")["amount"])
    result = node.tx("bank", "send", "validator", "user1", "1234usei")
    after = node.query("bank", "balances", user1)
    assert after["balances"] == [{"denom": "usei", "amount": str(before + 1234)}]
    found = node.query("tx", result["hash"])
    assert found["txhash"] == result["hash"] and found["code"] == 0
    assert found["tx"]["@type"] == "/cosmos.tx.v1beta1.Tx"
    searched = node.query("txs", "--query", f"tx.hash='{result['hash']}'")
    assert searched["total_count"] == "1" and searched["txs"][0]["txhash"] == result["hash"]
    block = node.query("block", result["height"])
    assert block["block"]["header"]["height"] == result["height"]
    results = node.query("block-results", result["height"])
    assert results["txs_results"][0]["code"] == 0


def test_gas_is_estimated(node):
    answer = node.tx("bank", "send", "user1", "user2", "5usei", "--gas", "auto", key="user1")
    wanted, used = (int(answer["tx_result"][name]) for name in ("gas_wanted", "gas_used"))
    assert used <= wanted <= 2 * used
    dry = node.run("tx", "bank", "send", "user1", "user2", "5usei", "--dry-run", node=True)
    assert dry.stderr.startswith("gas estimate: ") and dry.stdout == ""


def test_refused_transactions_are_answers(node):
    refused = node.tx("bank", "send", "validator", "user1", "1usei", "--sequence", "9999", check=False)
    assert refused["code"] == 32 and "account sequence mismatch" in refused["raw_log"]
    assert refused["codespace"] == "sdk" and len(refused["txhash"]) == 64
    asked = node.run("tx", "bank", "send", "validator", "user1", "1usei", "--fees", "1usei", node=True,
                     check=False)
    assert asked.returncode == 1 and "cancelled transaction" in asked.stderr


def test_an_account_that_is_not_there(node, tmp_path):
    node.run("keys", "add", "stranger")
    done = node.run("tx", "bank", "send", "stranger", "user1", "1usei", "-y", node=True, check=False)
    assert done.returncode == 1 and "does not exist on chain" in done.stderr
    done = node.run("q", "auth", "account", "stranger", node=True, check=False)
    assert done.returncode == 1 and "not found" in done.stderr


def test_queries_of_every_module(node):
    assert node.query("auth", "account", "validator")["@type"] == "/cosmos.auth.v1beta1.BaseAccount"
    assert node.query("auth", "params")["tx_sig_limit"] == "7"
    assert len(node.query("auth", "accounts", "--limit", "2")["accounts"]) == 2
    assert node.query("bank", "total", "--denom", "usei")["denom"] == "usei"
    assert node.query("bank", "total")["supply"][0]["denom"] == "usei"
    assert node.query("bank", "balance", "user1", "usei")["balance"]["denom"] == "usei"
    assert node.query("bank", "params")["params"]["default_send_enabled"] is True
    params = node.query("gov", "params")
    assert params["voting_params"]["voting_period"] == "2s"
    assert params["tally_params"]["quorum"] == "0.334000000000000000"
    assert params["deposit_params"]["min_deposit"] == [{"denom": "usei", "amount": "10000000"}]
    assert node.query("upgrade", "authority")["address"].startswith("sei10d07y265")
    assert any(m["name"] == "bank" for m in node.query("upgrade", "module_versions")["module_versions"])
    for args, text in ((("upgrade", "plan"), "no upgrade scheduled"),
                       (("upgrade", "applied", "v9"), "no upgrade found"),
                       (("gov", "proposal", "999"), "999 doesn't exist")):
        done = node.run("q", *args, node=True, check=False)
        assert done.returncode == 1 and text in done.stderr, done.stderr


def test_a_proposal_from_submit_to_plan(node):
    height = node.rpc.height() + 100000
    node.tx("gov", "submit-proposal", "software-upgrade", "far", "--title", "t", "--description", "d",
            "--upgrade-height", height, "--deposit", "10000000usei")
    number = node.query("gov", "proposals", "--status", "voting_period")["proposals"][-1]["id"]
    assert node.query("gov", "proposal", number)["status"] == "PROPOSAL_STATUS_VOTING_PERIOD"
    node.tx("gov", "vote", number, "yes")
    assert node.query("gov", "vote", number, "validator")["options"][0]["option"] == "VOTE_OPTION_YES"
    assert len(node.query("gov", "votes", number)["votes"]) == 1
    assert node.query("gov", "deposits", number)["deposits"][0]["amount"][0]["amount"] == "10000000"
    assert node.query("gov", "tally", number)["yes_count"] == "10000000"
    wait_for("the proposal passes",
             lambda: node.query("gov", "proposal", number)["status"] == "PROPOSAL_STATUS_PASSED", 20, 0.2)
    plan = node.query("upgrade", "plan")
    assert plan["name"] == "far" and plan["height"] == str(height)
    node.tx("upgrade", "cancel-software-upgrade", "--title", "t", "--summary", "s", "--deposit",
            "10000000usei")
    node.tx("gov", "weighted-vote", int(number) + 1, "yes=0.9,abstain=0.1")
    wait_for("the plan is gone",
             lambda: node.run("q", "upgrade", "plan", node=True, check=False).returncode == 1, 20, 0.2)


def test_sign_and_broadcast_from_files(node, tmp_path):
    unsigned, signed = tmp_path / "u.json", tmp_path / "s.json"
    unsigned.write_text(node.run("tx", "bank", "send", "user2", "user1", "3usei", "--generate-only",
                                 "--fees", "2000usei").stdout, encoding="utf-8")
    node.run("tx", "sign", unsigned, "--from", "user2", "--output-document", signed, node=True)
    sent = json.loads(node.run("tx", "broadcast", signed, "-o", "json", node=True).stdout)
    assert sent["code"] == 0
    wait_for("the transaction", lambda: node.run("q", "tx", sent["txhash"], node=True,
                                                 check=False).returncode == 0)


def test_rollback_and_export(tmp_path):
    node = Node(tmp_path / "home", block_time="50ms")
    node.start()
    node.wait_height(5)
    assert "uses" in node.run("rollback", check=False).stderr  # it runs
    node.stop()
    tip = json.loads(node.run("export").stdout)["initial_height"]
    done = node.run("rollback")
    assert done.stdout.startswith(f"Rolled back state to height {int(tip) - 2} and hash ")
    exported = json.loads(node.run("export").stdout)
    assert int(exported["initial_height"]) == int(tip) - 1
    node.start()
    node.wait_height(int(tip) + 1)
    node.stop()
    # What was exported is a genesis that another node begins with.
    path = os.path.join(node.home, "exported.json")
    node.run("export", "--output-document", path)
    assert "is a valid genesis file" in node.run("validate-genesis", path).stdout
    other = Node(tmp_path / "other", block_time="50ms", chain_id=node.chain_id)
    shutil.copy(path, os.path.join(other.home, "config", "genesis.json"))
    shutil.copy(os.path.join(node.home, "config", "priv_validator_key.json"),
                os.path.join(other.home, "config", "priv_validator_key.json"))
    with open(path, encoding="utf-8") as file:
        first = int(json.load(file)["initial_height"])
    other.start(wait=False)
    other.wait_height(first + 1)
    assert other.rpc.call("status")["sync_info"]["earliest_block_height"] == str(first)
    other.stop()


def test_a_halted_node_that_stays(tmp_path):
    node = Node(tmp_path / "home", block_time="50ms", voting_period="500ms")
    node.start("--halt-stay-alive")
    height = node.rpc.height() + 40
    node.tx("upgrade", "software-upgrade", "next", "--title", "t", "--summary", "s", "--upgrade-height",
            height, "--deposit", "10000000usei")
    node.tx("gov", "vote", "1", "yes")
    intent = wait_for("the halt",
                      lambda: json.loads(node.run("status", node=True).stdout).get("HaltIntent"), 30, 0.1)
    assert intent["reason"] == 70 and intent["reason_string"] == "upgrade_required"
    assert intent["plan_name"] == "next" and intent["height"] == height
    assert node.query("upgrade", "plan")["height"] == str(height)
    refused = node.run("tx", "bank", "send", "validator", "user1", "1usei", "-y", "--fees", "2000usei",
                       node=True, check=False)
    assert refused.returncode == 1 and "next" in refused.stderr and "RPC error" in refused.stderr
    assert node.stop() == 70
