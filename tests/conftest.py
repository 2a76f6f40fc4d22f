"""What all tests share: `--rewrite` for the golden transcripts, and that CI takes no skipped test."""

import logging
import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.soak import sized

# The same examples in every `make test`: what passed is what was landed. `make soak` tries new ones.
settings.register_profile("ours", derandomize=bool(sized(1, 0)))
settings.load_profile("ours")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite", action="store_true", help="write the outputs of tests/transcripts anew"
    )


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """A skipped test has shown nothing: under CI it fails the run."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        reporter.write_line("skipped tests fail under CI")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--rewrite"))


@pytest.fixture(autouse=True)
def _a_command_run_here_changes_no_log_of_the_next_test() -> Iterator[None]:
    """`run` and `check` set up the log of their process; here that is everybody's."""
    root = logging.getLogger()
    level, handlers, hook = root.level, list(root.handlers), sys.excepthook
    raising = logging.raiseExceptions
    yield
    root.setLevel(level)
    root.handlers = handlers
    logging.raiseExceptions, sys.excepthook = raising, hook
