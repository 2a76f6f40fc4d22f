import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.seal import (
    KeyTrouble,
    Reason,
    RootKey,
    Seal,
    Unreadable,
    create_root_key,
    load_root_key,
    root_head,
    root_of,
)

ROOT = RootKey(bytes(range(32)))
SEAL = Seal(ROOT)
CASE_KEY = SEAL.new_case_key()
HERE = {"table": "entries", "column": "text", "row": "r1", "case": "c1"}

texts = st.binary(max_size=2000)
names = st.text(max_size=12)


# --- columns


@given(texts, st.sampled_from([None, CASE_KEY]))
def test_what_was_sealed_opens_again(data: bytes, case_key: bytes | None) -> None:
    sealed = SEAL.seal(data, **HERE, case_key=case_key)
    assert SEAL.open(sealed, **HERE, case_key=case_key) == data


@pytest.mark.parametrize("part", ["table", "column", "row", "case"])
@pytest.mark.parametrize("case_key", [None, CASE_KEY], ids=["table key", "case key"])
def test_a_text_moved_elsewhere_is_unreadable(part: str, case_key: bytes | None) -> None:
    sealed = SEAL.seal(b"text", **HERE, case_key=case_key)
    with pytest.raises(Unreadable):
        SEAL.open(sealed, **{**HERE, part: "other"}, case_key=case_key)


places = st.fixed_dictionaries({"table": names, "column": names, "row": names, "case": names})


@given(places, places)
def test_no_two_places_are_taken_for_one(one: dict[str, str], other: dict[str, str]) -> None:
    sealed = SEAL.seal(b"text", **one, case_key=CASE_KEY)
    assert SEAL.open(sealed, **one, case_key=CASE_KEY) == b"text"
    if one != other:
        with pytest.raises(Unreadable):
            SEAL.open(sealed, **other, case_key=CASE_KEY)


def test_letters_that_slide_into_the_next_part_make_another_place() -> None:
    sealed = SEAL.seal(b"text", table="ab", column="c", row="d", case="e", case_key=CASE_KEY)
    with pytest.raises(Unreadable):
        SEAL.open(sealed, table="a", column="bc", row="d", case="e", case_key=CASE_KEY)


@given(texts, st.integers(0), st.integers(0, 7))
def test_a_single_flipped_bit_makes_it_unreadable(data: bytes, place: int, bit: int) -> None:
    sealed = bytearray(SEAL.seal(data, **HERE, case_key=CASE_KEY))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(Unreadable):
        SEAL.open(bytes(sealed), **HERE, case_key=CASE_KEY)


@given(st.integers(0, 284))
def test_a_cut_text_is_unreadable(length: int) -> None:
    sealed = SEAL.seal(b"text", **HERE)
    with pytest.raises(Unreadable):
        SEAL.open(sealed[:length], **HERE)


@given(st.binary(max_size=400))
def test_any_other_bytes_are_unreadable(data: bytes) -> None:
    with pytest.raises(Unreadable):
        SEAL.open(data, **HERE)


def test_the_wrong_key_opens_nothing() -> None:
    other = Seal(RootKey(bytes(32)))
    sealed = SEAL.seal(b"text", **HERE)
    with pytest.raises(Unreadable):
        other.open(sealed, **HERE)
    with pytest.raises(Unreadable):
        SEAL.open(sealed, **HERE, case_key=CASE_KEY)
    with pytest.raises(Unreadable):
        SEAL.open(SEAL.seal(b"text", **HERE, case_key=CASE_KEY), **HERE, case_key=bytes(32))


@pytest.mark.parametrize(
    ("case_key", "head"), [(CASE_KEY, 1), (None, 5)], ids=["case key", "table key"]
)
def test_a_short_and_a_longer_text_have_the_same_stored_length(
    case_key: bytes | None, head: int
) -> None:
    def length(size: int) -> int:
        return len(SEAL.seal(b"x" * size, **HERE, case_key=case_key))

    assert {length(size) for size in (0, 10, 200, 252)} == {head + 12 + 256 + 16}
    assert length(253) == head + 12 + 512 + 16


def test_a_fingerprint_is_not_taken_for_something_sealed() -> None:
    assert root_of(b"\x02" + bytes(31)) is None
    assert root_of(b"") is None


def test_what_a_root_key_sealed_says_which_one_it_was() -> None:
    other = Seal(RootKey(bytes(32)))
    assert root_of(SEAL.seal(b"text", **HERE)) == ROOT.id
    assert root_of(other.wrap(CASE_KEY, "c1")) == other.key_id
    assert root_of(SEAL.seal(b"text", **HERE, case_key=CASE_KEY)) is None
    assert SEAL.wrap(CASE_KEY, "c1").startswith(root_head(ROOT.id))


def test_a_sealed_text_cannot_be_passed_off_as_another_keys() -> None:
    sealed = SEAL.seal(b"text", **HERE)
    other = Seal(RootKey(bytes(32)))
    with pytest.raises(Unreadable):
        other.open(root_head(other.key_id) + sealed[5:], **HERE)


def test_nothing_readable_is_left_in_what_is_stored() -> None:
    assert b"secret words" not in SEAL.seal(b"secret words", **HERE)


def test_no_two_nonces_are_equal() -> None:
    nonces = {SEAL.seal(b"", **HERE)[5:17] for _ in range(5000)}
    nonces |= {SEAL.wrap(CASE_KEY, "c1")[5:17] for _ in range(5000)}
    assert len(nonces) == 10_000


def test_many_cases_do_not_keep_their_keys_in_memory() -> None:
    seal = Seal(ROOT)
    first = seal.new_case_key()
    sealed = seal.seal(b"text", **HERE, case_key=first)
    for _ in range(2000):
        seal.seal(b"", **HERE, case_key=seal.new_case_key())
    assert len(seal._cases) <= 512
    assert seal.open(sealed, **HERE, case_key=first) == b"text"


# --- case keys


def test_a_case_key_unwraps_for_its_case_and_root_key_alone() -> None:
    wrapped = SEAL.wrap(CASE_KEY, "c1")
    assert len(wrapped) == 65
    assert CASE_KEY not in wrapped
    assert SEAL.unwrap(wrapped, "c1") == CASE_KEY
    with pytest.raises(Unreadable):
        SEAL.unwrap(wrapped, "c2")
    with pytest.raises(Unreadable):
        Seal(RootKey(bytes(32))).unwrap(wrapped, "c1")


@given(st.integers(0, 64), st.integers(0, 7))
def test_a_wrapped_key_with_a_flipped_bit_is_unreadable(place: int, bit: int) -> None:
    wrapped = bytearray(SEAL.wrap(CASE_KEY, "c1"))
    wrapped[place] ^= 1 << bit
    with pytest.raises(Unreadable):
        SEAL.unwrap(bytes(wrapped), "c1")


def test_every_case_key_is_new() -> None:
    keys = {SEAL.new_case_key() for _ in range(100)}
    assert len(keys) == 100
    assert {len(key) for key in keys} == {32}


# --- indexes


def test_an_address_is_found_again_but_tells_nothing_without_the_key() -> None:
    index = SEAL.index("telegram", "b", "12345")
    assert index == Seal(ROOT).index("telegram", "b", "12345")
    assert len(index) == 16
    assert index != Seal(RootKey(bytes(32))).index("telegram", "b", "12345")


def test_no_two_addresses_share_an_index() -> None:
    addresses = [
        ("a", "b", "c"),
        ("ab", "", "c"),
        ("a", "bc", ""),
        ("", "ab", "c"),
        ("c", "b", "a"),
    ]
    assert len({SEAL.index(*address) for address in addresses}) == len(addresses)


def test_the_three_kinds_of_index_are_apart() -> None:
    same = (65).to_bytes(8, "big").decode()
    assert SEAL.secret_index(65) != SEAL.token_index(same)
    assert SEAL.secret_index(65) != SEAL.secret_index(66)
    assert SEAL.secret_index(2**50 - 1) == Seal(ROOT).secret_index(2**50 - 1)
    assert SEAL.token_index("a") != SEAL.token_index("b")


# --- the right key, the whole log


def test_the_right_key_is_known_by_its_check_value() -> None:
    check = SEAL.check_value()
    assert Seal(ROOT).verify(check)
    assert not Seal(RootKey(bytes(32))).verify(check)
    assert not SEAL.verify(b"")


def test_the_audit_chain_depends_on_every_row_and_the_key() -> None:
    first = SEAL.chain(b"", b"row 1")
    assert SEAL.chain(first, b"row 2") == Seal(ROOT).chain(first, b"row 2")
    assert SEAL.chain(first, b"row 2") != SEAL.chain(b"", b"row 2")
    assert SEAL.chain(b"a", b"bc") != SEAL.chain(b"ab", b"c")
    assert SEAL.chain(b"", b"row 1") != Seal(RootKey(bytes(32))).chain(b"", b"row 1")


def test_derived_keys_differ_and_come_back() -> None:
    assert ROOT.derive("a") == RootKey(bytes(range(32))).derive("a")
    assert len({ROOT.derive("a"), ROOT.derive("b"), RootKey(bytes(32)).derive("a")}) == 3


def test_a_root_key_is_named_but_never_shown() -> None:
    assert len(ROOT.id) == 8
    assert repr(ROOT) == f"RootKey({ROOT.id})"
    assert SEAL.key_id == ROOT.id


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_root_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        RootKey(bytes(size))


# --- the key file


def reason(path: Path, beside: Path | None = None) -> Reason:
    with pytest.raises(KeyTrouble) as caught:
        load_root_key(path, beside)
    assert str(path) in str(caught.value)
    return caught.value.reason


def test_a_new_key_file_is_private_and_loads_again(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "root.key"
    made = create_root_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_text()
    assert len(content) == 65
    assert content.endswith("\n")
    assert load_root_key(path, tmp_path / "data" / "x.db").id == made.id


def test_a_new_key_file_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "keys" / "root.key"
        create_root_key(path)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o400
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_key_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    made = create_root_key(path)
    with pytest.raises(FileExistsError):
        create_root_key(path)
    assert load_root_key(path, None).id == made.id


def test_a_key_that_cannot_be_written_leaves_no_half_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        create_root_key(tmp_path / "root.key")
    assert not (tmp_path / "root.key").exists()


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    assert reason(tmp_path / "root.key") == Reason.MISSING
    assert reason(tmp_path) == Reason.MISSING
    os.mkfifo(tmp_path / "pipe", 0o600)
    answers: list[Reason] = []
    asker = threading.Thread(target=lambda: answers.append(reason(tmp_path / "pipe")), daemon=True)
    asker.start()
    asker.join(5)
    assert answers == [Reason.MISSING], "it must not wait for a pipe's writer"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"ab" * 31,
        b"ab" * 33,
        b"ab" * 32 + b"\n\n",
        b"zz" * 32,
        b"\xff" * 64,
        b" " * 64,
        b"ab " * 21 + b"a",
    ],
)
def test_a_key_of_the_wrong_size_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "root.key"
    path.write_bytes(content)
    path.chmod(0o600)
    assert reason(path) == Reason.WRONG_SIZE


@pytest.mark.parametrize("ending", [b"", b"\n", b"\r\n"])
def test_a_key_loads_whatever_ends_its_line(tmp_path: Path, ending: bytes) -> None:
    path = tmp_path / "root.key"
    path.write_bytes(b"aB" * 32 + ending)
    path.chmod(0o600)
    assert load_root_key(path, None).id == RootKey(b"\xab" * 32).id


@pytest.mark.parametrize("mode", [0o404, 0o604, 0o640, 0o460, 0o444, 0o666, 0o401, 0o620])
def test_a_key_others_may_touch_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "root.key"
    create_root_key(path)
    path.chmod(mode)
    assert reason(path) == Reason.READABLE_BY_OTHERS


def test_only_a_credential_of_root_may_show_group_bits(tmp_path: Path) -> None:
    path = tmp_path / "root.key"
    made = create_root_key(path)
    path.chmod(0o440)
    status = path.stat()
    if (status.st_uid, status.st_gid) == (0, 0):
        assert load_root_key(path, None).id == made.id
    else:
        assert reason(path) == Reason.READABLE_BY_OTHERS


def _plain(folder: Path) -> Path:
    return folder / "root.key"


def _below(folder: Path) -> Path:
    return folder / "keys" / "root.key"


@pytest.mark.parametrize("place", [_plain, _below])
def test_a_key_beside_the_database_is_refused(
    tmp_path: Path, place: Callable[[Path], Path]
) -> None:
    path = place(tmp_path / "data")
    made = create_root_key(path)
    database = tmp_path / "data" / "lang-nghe.db"
    assert reason(path, database) == Reason.BESIDE_DATABASE
    assert reason(tmp_path / "data" / "missing.key", database) == Reason.BESIDE_DATABASE
    assert load_root_key(path, None).id == made.id


def test_a_link_does_not_hide_that_the_key_lies_beside_the_database(tmp_path: Path) -> None:
    create_root_key(tmp_path / "data" / "root.key")
    (tmp_path / "link").symlink_to(tmp_path / "data" / "root.key")
    (tmp_path / "elsewhere").symlink_to(tmp_path / "data")
    assert reason(tmp_path / "link", tmp_path / "data" / "x.db") == Reason.BESIDE_DATABASE
    assert (
        reason(tmp_path / "data" / "root.key", tmp_path / "elsewhere" / "x.db")
        == Reason.BESIDE_DATABASE
    )
