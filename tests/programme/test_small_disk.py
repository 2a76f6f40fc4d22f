"""The real process on a disk that is full, read-only or locked: nothing is promised that is not kept."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.bot.process import ROOT

ITSELF = [sys.executable, "-m", "tests.programme.small_disk"]
NAMESPACE = ["unshare", "--mount", "--map-root-user"]


@pytest.mark.parametrize("what", ["full", "read_only", "locked"])
def test_nothing_is_acknowledged_that_the_disk_did_not_take(what: str, tmp_path: Path) -> None:
    played = subprocess.run(
        [*NAMESPACE, *ITSELF, what, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert played.returncode == 0, played.stdout + played.stderr
    assert "none lost" in played.stdout
