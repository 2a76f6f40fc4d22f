"""The committee's key: sealing to it, opening with it, and every way in which that must fail."""

import io
import os
from pathlib import Path

import pytest

from storage import committee
from storage.committee import CHUNK, CommitteeTrouble, Private, Public, Why

PAIR = Private.new()
OTHER = Private.new()
INFO = b"backup"
PIECE = CHUNK + 16
HEAD = 11 + 80


def refused(sealed: bytes, private: Private = PAIR, info: bytes = INFO) -> Why:
    with pytest.raises(CommitteeTrouble) as caught:
        committee.open(private, info, sealed)
    return caught.value.why


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 5])
def test_what_was_sealed_opens_again_whatever_its_size(size: int) -> None:
    data = os.urandom(size)
    sealed = committee.seal(PAIR.public, INFO, data)
    assert committee.open(PAIR, INFO, sealed) == data
    assert committee.key_of(sealed) == PAIR.id
    assert data == b"" or len(data) < 16 or data[:16] not in sealed


def test_a_stream_is_opened_piece_by_piece() -> None:
    source, sealed, target = io.BytesIO(b"x" * 200_000), io.BytesIO(), io.BytesIO()
    committee.seal_stream(PAIR.public, INFO, source, sealed)
    sealed.seek(0)
    committee.open_stream(PAIR, INFO, sealed, target)
    assert target.getvalue() == b"x" * 200_000


@pytest.mark.parametrize("size", [0, 10, CHUNK, 3 * CHUNK])
def test_a_stream_that_was_cut_anywhere_is_refused(size: int) -> None:
    sealed = committee.seal(PAIR.public, INFO, bytes(size))
    borders = {HEAD, HEAD + PIECE, HEAD + 2 * PIECE, len(sealed) - 1, len(sealed) - 16}
    for length in sorted(border for border in borders if HEAD <= border < len(sealed)):
        assert refused(sealed[:length]) is Why.CHANGED, length
    assert refused(sealed[: HEAD - 1]) is Why.CHANGED
    assert refused(sealed[:10]) is Why.NOT_SEALED
    assert refused(b"") is Why.NOT_SEALED


def test_pieces_in_another_order_twice_or_left_out_are_refused() -> None:
    sealed = committee.seal(PAIR.public, INFO, os.urandom(3 * CHUNK + 9))
    head, rest = sealed[:HEAD], sealed[HEAD:]
    first, second, third, last = (rest[n * PIECE : (n + 1) * PIECE] for n in range(4))
    assert committee.open(PAIR, INFO, head + first + second + third + last)
    for order in (
        (second, first, third, last),
        (first, third, last),
        (first, first, second, third, last),
        (first, second, third),
        (first, second, third, last, last),
    ):
        assert refused(head + b"".join(order)) is Why.CHANGED


def test_every_flipped_bit_is_noticed() -> None:
    sealed = committee.seal(PAIR.public, INFO, b"words")
    for place in range(len(sealed)):
        broken = bytearray(sealed)
        broken[place] ^= 1 << place % 8
        assert refused(bytes(broken)) in {Why.CHANGED, Why.NOT_SEALED, Why.OTHER_KEY}, place


def test_another_key_and_another_purpose_open_nothing() -> None:
    sealed = committee.seal(PAIR.public, INFO, b"words")
    assert refused(sealed, OTHER) is Why.OTHER_KEY
    assert refused(sealed, info=b"export") is Why.CHANGED
    with pytest.raises(CommitteeTrouble) as caught:
        committee.open(OTHER, INFO, sealed)
    assert caught.value.key == PAIR.id


def test_no_two_streams_share_a_content_key() -> None:
    assert len({committee.seal(PAIR.public, INFO, b"")[HEAD:] for _ in range(200)}) == 200


def test_a_wrap_has_80_bytes_and_is_bound_to_its_purpose() -> None:
    wrapped = PAIR.public.wrap(bytes(32), b"case 1")
    assert len(wrapped) == 80
    assert PAIR.unwrap(wrapped, b"case 1") == bytes(32)
    for private, info in ((PAIR, b"case 2"), (OTHER, b"case 1")):
        with pytest.raises(CommitteeTrouble, match="changed"):
            private.unwrap(wrapped, info)
    with pytest.raises(CommitteeTrouble, match="changed"):
        PAIR.unwrap(b"short", b"case 1")


# --- the files


def test_a_public_key_is_read_again_and_a_mistyped_digit_shows(tmp_path: Path) -> None:
    path = tmp_path / "committee.pub"
    path.write_text(PAIR.public.text())
    assert Public.load(path).id == PAIR.id
    text = PAIR.public.text()
    wrong = [
        text.replace(text[40], "0" if text[40] != "0" else "1", 1),
        text[:-2],
        "",
        "é",
        text.replace("committee-1", "committee-9"),
        f"{text.split()[0]} {text.split()[1]} zz",
        PAIR.text("a passphrase"),
        f"lang-nghe-committee-1 {PAIR.id} " + "00" * 32,
    ]
    for content in wrong:
        path.write_text(content)
        with pytest.raises(CommitteeTrouble) as caught:
            Public.load(path)
        assert caught.value.why is Why.NOT_A_KEY, content
    with pytest.raises(CommitteeTrouble, match="missing"):
        Public.load(tmp_path / "nowhere")


def test_a_private_key_opens_with_its_passphrase_alone(tmp_path: Path) -> None:
    path = tmp_path / "committee.key"
    path.write_text(PAIR.text("con cò bay lả"))
    assert PAIR.material().hex() not in path.read_text()
    loaded = Private.load(path, "con cò bay lả")
    assert (loaded.material(), loaded.id) == (PAIR.material(), PAIR.id)
    with pytest.raises(CommitteeTrouble, match="passphrase"):
        Private.load(path, "con cò bay la")


def test_a_passphrase_is_the_same_however_its_accents_are_typed(tmp_path: Path) -> None:
    path = tmp_path / "committee.key"
    path.write_text(PAIR.text("\u1ebft"))
    assert Private.load(path, "e\u0302\u0301t").id == PAIR.id


def test_a_file_that_is_no_private_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "committee.key"
    for content in (PAIR.public.text(), "", f"lang-nghe-committee-private-1 {PAIR.id} 00"):
        path.write_text(content)
        with pytest.raises(CommitteeTrouble, match="not_a_key"):
            Private.load(path, "x")
    with pytest.raises(CommitteeTrouble, match="not_a_key"):
        Private(b"short")


def test_a_private_key_is_named_but_never_shown() -> None:
    assert repr(PAIR) == f"Private({PAIR.id})"
    assert len(PAIR.id) == 8
