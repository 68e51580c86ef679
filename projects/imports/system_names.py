"""Which register system a source means when it names one.

Two names are the same when they are equal after Unicode normalisation and without a trailing
abbreviation in brackets, such as 「（e-Gov）」. Anything looser would guess: 「輸出入・港湾関連情報
処理システム（ＮＡＣＣＳ）（税関）」 and 「…（植物検疫関連業務）」 are different parts of one network.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping

# Name in the source → name in the register, with the ground.
_ALIASES = {
    # The survey itself writes 「サービス検索・電子申請機能等システム(マイナポータル)」.
    "マイナポータル": "サービス検索・電子申請機能等システム",
    "サービス検索・電子申請機能等システム(マイナポータル)": "サービス検索・電子申請機能等システム",
    # Its search for services and filing, as the survey also calls it.
    "マイナポータル(ぴったりサービス)": "サービス検索・電子申請機能等システム",
    # The brackets name licences that the procedure is about, not another system.
    "国家資格等情報連携・活用システム(管理栄養士・栄養士)": "国家資格等情報連携・活用システム",
    # 「等」, and others: the portal is one of the systems used.
    "電子政府の総合窓口システム等": "電子政府の総合窓口システム",
    # One system; the survey drops the last word.
    "登記情報提供サービス": "登記情報提供システム",
}
_ABBREVIATION = re.compile(r"\([A-Za-z][A-Za-z0-9 .-]*\)$")


def name_key(name: str) -> str:
    """The form in which names are compared; empty for an empty name."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))
    plain = plain.replace("\u2010", "-").replace("\u2212", "-")
    plain = _ALIASES.get(plain, plain)
    return _ABBREVIATION.sub("", plain)


def split_names(raw: str) -> tuple[str, ...]:
    """The names in one cell, which separates several by semicolons."""
    parts = unicodedata.normalize("NFKC", raw).split(";")
    return tuple(part.strip() for part in parts if part.strip())


def by_key(names: Mapping[int, str]) -> dict[str, int]:
    """Register systems by compared name; a name that two systems share stands for neither."""
    keys: dict[str, int] = {}
    shared: set[str] = set()
    for pk, name in names.items():
        key = name_key(name)
        if key in keys:
            shared.add(key)
        keys[key] = pk
    return {key: pk for key, pk in keys.items() if key not in shared}


def matches(raw: str, systems: Mapping[str, int]) -> set[int]:
    """Ids of the systems that a source's cell names."""
    keys: Iterable[str] = (name_key(name) for name in split_names(raw))
    return {systems[key] for key in keys if key in systems}
