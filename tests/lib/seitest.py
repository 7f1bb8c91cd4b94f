"""What process-level tests import: our programs, the peers, a node with its home.

Programs are those of the build folder in SEIHALT_BUILD (default: build). Peers are those that
`make peers` put in place; a test that needs one asks for it with `peer()`, which skips with a text
when it is not there.
"""
import os

import pytest

from seinode import BUILD, PEERS, TOP, Node, program  # noqa: F401 (tests import them from here)
from seirpc import Rpc, RpcError, free_ports, wait_for  # noqa: F401


def peer(name):
    """The path of a peer's program; skips the test when `make peers` was not run."""
    path = os.path.join(PEERS, "bin", name)
    if not os.path.exists(path):
        pytest.skip(f"{name} is not installed: run make peers")
    return path
