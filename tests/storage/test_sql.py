"""Every SQL statement of the package, without exception: constant, and never a scan of what grows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.store import Store

PACKAGE = Path(__file__).parents[2] / "storage"
SMALL = {"officers", "places", "meta", "counts"}
"""A ward has a handful of these."""
ALLOWED = {
    "select * from audit order by number": "verifying the chain reads the whole chain",
    "select * from outbox where state = 'leased'": "only what was under way, by a partial index",
    "select id, at, channel, why from dead_letters order by at": "read by an operator, seven days of them",
    "select due from deadlines where held = 0 order by due limit 1": "the first of an index",
    "select what, mark, at from erased limit ?": "emptied every few seconds",
    "select wake from lanes order by wake limit 1": "the first of an index",
    "select number, chain from audit order by number desc limit 1": "the last of an index",
    "select id from cases where claimed_by = ? and closed is null": "somebody is renamed: seldom",
    "update cases set proposed_by = null, proposed_reason = '' where proposed_by = ? and closed"
    " is null returning id": "somebody is taken off the roster: seldom, open cases only",
    "select count(*) as many from cases": "once in ten minutes: the guard must know the share",
    "update cases set claimed_by = null, claimed = null where claimed_by = ? and closed is null"
    " returning id, priority": "somebody is taken off the roster: seldom, open cases only",
}
STOPPED = {
    "rotation": "walks every table of a list of ours, and the schema, while the program is stopped",
    "recovery": "the same",
    "restore": "looks for what was erased since, while the program is stopped",
    "sample": "reads a copy that nobody else uses",
    "hold": "after a restore, once when it begins and once when it ends",
}
"""Modules that put names of ours into statements and read everything; nobody waits meanwhile."""
SQL = re.compile(r"(select|insert|update|delete|with)\s", re.IGNORECASE)


def strings(module: Path) -> Iterator[str]:
    tree = ast.parse(module.read_text("utf-8"))
    documentation = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or id(node) in documentation:
            continue
        if isinstance(node.value, str) and SQL.match(node.value):
            yield node.value


STATEMENTS = sorted(
    (module.stem, sql)
    for module in PACKAGE.glob("*.py")
    if module.stem not in STOPPED
    for sql in strings(module)
)


def test_the_statements_are_found() -> None:
    assert len(STATEMENTS) > 90
    assert set(ALLOWED) <= {sql for _, sql in STATEMENTS}


def calls(module: Path) -> Iterator[ast.Call]:
    """Every `tx.one(…)`, `tx.all(…)` and `tx.run(…)` of a module."""
    for node in ast.walk(ast.parse(module.read_text("utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            owner = ast.unparse(node.func.value)
            if node.func.attr in {"one", "all", "run"} and owner in {"tx", "work.tx"}:
                yield node


def test_no_statement_is_put_together_at_run_time() -> None:
    found = [(module, call) for module in PACKAGE.glob("*.py") for call in calls(module)]
    assert len(found) > 90
    for module, call in found:
        if module.stem in STOPPED:
            continue
        assert isinstance(call.args[0], ast.Constant), f"{module.stem}:{call.lineno}"


@pytest.mark.parametrize(
    ("module", "sql"), STATEMENTS, ids=[f"{m}:{sql[:60]}" for m, sql in STATEMENTS]
)
def test_no_statement_scans_a_table_that_grows(stocked: Store, module: str, sql: str) -> None:
    plan = stocked.rows(f"explain query plan {sql}", *[None] * sql.count("?"))
    scans = [
        step["detail"]
        for step in plan
        if step["detail"].startswith("SCAN ")
        and step["detail"].split()[1] not in SMALL | {"CONSTANT"}
    ]
    assert bool(scans) == (sql in ALLOWED), f"{module}: {scans}"


@pytest.fixture(scope="module")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """An empty database: without statistics the planner decides by the indexes alone."""
    store = Store(tmp_path_factory.mktemp("plans") / "x.db")
    yield store
    store.connection.close()
