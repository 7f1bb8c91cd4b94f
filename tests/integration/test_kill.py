"""kill -9 of the loaded node at random instants (tools/soak-kill runs many more)."""
import kills


def test_kill_9_under_load(tmp_path):
    soak = kills.Soak(str(tmp_path), 8, 1)
    try:
        for i in range(8):
            soak.round(i)
        soak.check()
        soak.replay(20)
        assert soak.transfers > 0 and len(soak.seen) > 8
    finally:
        if soak.node.process.poll() is None:
            soak.node.process.kill()
