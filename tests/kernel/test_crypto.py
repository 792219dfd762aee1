"""Sealed text opens only at its place, with its key, and never shows itself."""

import copy
import json
import logging
import os
import pickle
from collections.abc import Iterator

import pytest

from huntaze.kernel import crypto, keycache
from huntaze.kernel.crypto import DecryptionFailed, KeyRing, Sealed

AAD = "message:body:0190"


class Keys:
    """A store of data keys in memory that counts how often it is asked."""

    def __init__(self) -> None:
        self.keys: dict[tuple[int | None, int], bytes] = {}
        self.newest: dict[int | None, int] = {}
        self.asked = 0

    def rotate(self, workspace_id: int | None) -> None:
        self.newest[workspace_id] = self.newest.get(workspace_id, 0) + 1
        self.keys[workspace_id, self.newest[workspace_id]] = os.urandom(32)

    def current(self, workspace_id: int | None) -> tuple[int, bytes]:
        self.asked += 1
        if workspace_id not in self.newest:
            self.rotate(workspace_id)
        return self.newest[workspace_id], self.keys[workspace_id, self.newest[workspace_id]]

    def by_version(self, workspace_id: int | None, version: int) -> bytes:
        self.asked += 1
        try:
            return self.keys[workspace_id, version]
        except KeyError:
            raise DecryptionFailed("the data key is gone") from None


@pytest.fixture
def keys() -> Iterator[Keys]:
    before = crypto._source
    source = Keys()
    crypto.register_data_keys(source)
    yield source
    if before is not None:
        crypto.register_data_keys(before)


def test_a_text_opens_at_its_place(keys: Keys) -> None:
    text = crypto.encrypt("déjà vu 🙂", workspace_id=1, aad=AAD)
    assert crypto.decrypt(text, workspace_id=1, aad=AAD) == "déjà vu 🙂"


def test_the_form_is_v1_version_nonce_ciphertext(keys: Keys) -> None:
    keys.rotate(1)
    keys.rotate(1)
    form, version, nonce, sealed = crypto.encrypt("abc", workspace_id=1, aad=AAD).split(".")
    assert (form, version, len(nonce), len(sealed)) == ("v1", "2", 16, 26)  # 12 bytes; 3 + 16 bytes


def test_the_same_text_is_sealed_differently_each_time(keys: Keys) -> None:
    assert len({crypto.encrypt("x", workspace_id=1, aad=AAD) for _ in range(50)}) == 50


@pytest.mark.parametrize("aad", ["message:body:0191", "message:note:0190", "draft:body:0190", ""])
def test_another_place_does_not_open(keys: Keys, aad: str) -> None:
    text = crypto.encrypt("secret", workspace_id=1, aad=AAD)
    with pytest.raises(DecryptionFailed):
        crypto.decrypt(text, workspace_id=1, aad=aad)


@pytest.mark.parametrize("workspace_id", [2, None])
def test_another_workspace_does_not_open(keys: Keys, workspace_id: int | None) -> None:
    text = crypto.encrypt("secret", workspace_id=1, aad=AAD)
    keys.rotate(workspace_id)
    with pytest.raises(DecryptionFailed):
        crypto.decrypt(text, workspace_id=workspace_id, aad=AAD)


@pytest.mark.parametrize(
    "text",
    [
        "", "v1", "v1.1.AAAA", "v2.1.AAAAAAAAAAAAAAAA.AAAA", "v1.x.AAAAAAAAAAAAAAAA.AAAA", "v1.1.AA.AAAA",
        "v1.1.AAAAAAAAAAAAAAAA.", "v1.1.AAAAAAAAAAAAAAAA.!!!!", "plain text",
        "v1.1.AAAAAAAAAAAAAAAA.AAAA.AAAA",
    ],
)  # fmt: skip
def test_what_is_no_sealed_text_does_not_open(keys: Keys, text: str) -> None:
    keys.rotate(1)
    with pytest.raises(DecryptionFailed):
        crypto.decrypt(text, workspace_id=1, aad=AAD)


def test_a_changed_character_does_not_open(keys: Keys) -> None:
    text = crypto.encrypt("secret", workspace_id=1, aad=AAD)
    for position in range(text.index(".", 3) + 1, len(text) - 1):
        changed = text[:position] + ("A" if text[position] != "A" else "B") + text[position + 1 :]
        with pytest.raises(DecryptionFailed):
            crypto.decrypt(changed, workspace_id=1, aad=AAD)


def test_after_a_rotation_both_versions_open(keys: Keys) -> None:
    old = crypto.encrypt("old", workspace_id=1, aad=AAD)
    keys.rotate(1)
    crypto.forget_data_keys()
    new = crypto.encrypt("new", workspace_id=1, aad=AAD)
    assert (crypto.key_version(old), crypto.key_version(new)) == (1, 2)
    assert crypto.decrypt(old, workspace_id=1, aad=AAD) == "old"
    assert crypto.decrypt(new, workspace_id=1, aad=AAD) == "new"


def test_a_deleted_key_makes_its_texts_unreadable(keys: Keys) -> None:
    text = crypto.encrypt("secret", workspace_id=1, aad=AAD)
    keys.keys.clear()
    crypto.forget_data_keys()
    with pytest.raises(DecryptionFailed, match="gone"):
        crypto.decrypt(text, workspace_id=1, aad=AAD)


def test_keys_are_cached_and_the_cache_is_bounded(keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keycache, "MAX_ENTRIES", 4)
    for _ in range(10):
        crypto.encrypt("x", workspace_id=1, aad=AAD)
    assert keys.asked == 1
    for workspace_id in range(2, 10):
        crypto.encrypt("x", workspace_id=workspace_id, aad=AAD)
    assert len(crypto._cache._entries) == 4


def test_wrapped_keys_open_with_their_wrapping_key_only() -> None:
    old, new = ("k1", b"1" * 32), ("k2", b"2" * 32)
    data_key = os.urandom(32)
    kek_id, wrapped = KeyRing([old]).wrap(data_key)
    both = KeyRing([new, old])
    assert both.unwrap(kek_id, wrapped) == data_key
    assert both.wrap(data_key)[0] == "k2"
    with pytest.raises(DecryptionFailed):
        KeyRing([new]).unwrap(kek_id, wrapped)
    with pytest.raises(DecryptionFailed):
        both.unwrap("k2", wrapped)
    with pytest.raises(DecryptionFailed):
        both.unwrap(kek_id, wrapped[:-1] + bytes([wrapped[-1] ^ 1]))


def test_a_blind_index_depends_on_value_and_purpose() -> None:
    index = crypto.blind_index("a@b.example", purpose="fan.email")
    assert index == crypto.blind_index("a@b.example", purpose="fan.email")
    assert len(index) == 32
    assert index != crypto.blind_index("a@b.example", purpose="lead.email")
    assert index != crypto.blind_index("c@b.example", purpose="fan.email")


def test_a_sealed_value_shows_nothing(caplog: pytest.LogCaptureFixture) -> None:
    sealed = Sealed("hunter2")
    with caplog.at_level(logging.INFO):
        logging.getLogger("x").info("value %s %r", sealed, {"a": [sealed]})
    shown = [
        repr(sealed),
        str(sealed),
        f"{sealed}",
        f"{sealed:>10}",
        f"{sealed!r}",
        repr([sealed]),
        caplog.text,
    ]
    shown.append(json.dumps({"a": sealed}, default=str, ensure_ascii=False))
    assert not any("hunter2" in text for text in shown)
    assert all("•••" in text for text in shown)
    assert sealed.reveal() == "hunter2"


def test_a_sealed_value_does_not_leave_by_accident() -> None:
    sealed = Sealed("hunter2")
    with pytest.raises(TypeError):
        pickle.dumps(sealed)
    with pytest.raises(TypeError):
        json.dumps(sealed)
    with pytest.raises(TypeError):
        "Bearer " + sealed  # type: ignore[operator]
    assert copy.deepcopy(sealed).reveal() == "hunter2"


def test_the_mask_is_no_value() -> None:
    with pytest.raises(ValueError, match="mask"):
        Sealed("•••")
