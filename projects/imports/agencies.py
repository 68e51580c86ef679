"""Japan's ministries and agencies as the open data name them.

Establishment order (建制順) as printed in 行政事業レビュー 2024, table 1-1; codes are ours, since no
stable official code can be sourced. Start dates are given where an agency is younger than the
data. The order is not unique: sub-agencies share their ministry's.
"""

import unicodedata
from datetime import date

from governance.audit import Act, record, stored
from governance.models import Agency

UNSTATED = "unstated"

# code, name, English name, parent code, order, valid from
_AGENCIES: tuple[tuple[str, str, str, str, int, date | None], ...] = (
    ("cabinet-secretariat", "内閣官房", "Cabinet Secretariat", "", 1, None),
    ("cabinet-legislation", "内閣法制局", "Cabinet Legislation Bureau", "", 2, None),
    ("npa-personnel", "人事院", "National Personnel Authority", "", 3, None),
    ("cabinet-office", "内閣府", "Cabinet Office", "", 4, None),
    ("imperial-household", "宮内庁", "Imperial Household Agency", "", 5, None),
    ("jftc", "公正取引委員会", "Japan Fair Trade Commission", "", 6, None),
    ("public-safety", "国家公安委員会", "National Public Safety Commission", "", 7, None),
    ("police", "警察庁", "National Police Agency", "", 7, None),
    ("ppc", "個人情報保護委員会", "Personal Information Protection Commission", "", 8, None),
    ("casino", "カジノ管理委員会", "Casino Regulatory Commission", "", 9, date(2020, 1, 7)),
    ("fsa", "金融庁", "Financial Services Agency", "", 10, None),
    ("consumer", "消費者庁", "Consumer Affairs Agency", "", 11, None),
    ("children", "こども家庭庁", "Children and Families Agency", "", 12, date(2023, 4, 1)),
    ("digital", "デジタル庁", "Digital Agency", "", 13, date(2021, 9, 1)),
    ("reconstruction", "復興庁", "Reconstruction Agency", "", 14, None),
    ("mic", "総務省", "Ministry of Internal Affairs and Communications", "", 15, None),
    ("fire", "消防庁", "Fire and Disaster Management Agency", "mic", 15, None),
    (
        "pollution",
        "公害等調整委員会",
        "Environmental Dispute Coordination Commission",
        "mic",
        15,
        None,
    ),
    ("moj", "法務省", "Ministry of Justice", "", 16, None),
    ("psia", "公安調査庁", "Public Security Intelligence Agency", "moj", 16, None),
    ("immigration", "出入国在留管理庁", "Immigration Services Agency", "moj", 16, date(2019, 4, 1)),
    ("mofa", "外務省", "Ministry of Foreign Affairs", "", 17, None),
    ("mof", "財務省", "Ministry of Finance", "", 18, None),
    ("nta", "国税庁", "National Tax Agency", "mof", 18, None),
    (
        "mext",
        "文部科学省",
        "Ministry of Education, Culture, Sports, Science and Technology",
        "",
        19,
        None,
    ),
    ("sports", "スポーツ庁", "Japan Sports Agency", "mext", 19, None),
    ("culture", "文化庁", "Agency for Cultural Affairs", "mext", 19, None),
    ("mhlw", "厚生労働省", "Ministry of Health, Labour and Welfare", "", 20, None),
    ("labour-relations", "中央労働委員会", "Central Labour Relations Commission", "mhlw", 20, None),
    ("maff", "農林水産省", "Ministry of Agriculture, Forestry and Fisheries", "", 21, None),
    ("forestry", "林野庁", "Forestry Agency", "maff", 21, None),
    ("fisheries", "水産庁", "Fisheries Agency", "maff", 21, None),
    ("meti", "経済産業省", "Ministry of Economy, Trade and Industry", "", 22, None),
    ("enecho", "資源エネルギー庁", "Agency for Natural Resources and Energy", "meti", 22, None),
    ("jpo", "特許庁", "Japan Patent Office", "meti", 22, None),
    ("sme", "中小企業庁", "Small and Medium Enterprise Agency", "meti", 22, None),
    ("mlit", "国土交通省", "Ministry of Land, Infrastructure, Transport and Tourism", "", 23, None),
    ("tourism", "観光庁", "Japan Tourism Agency", "mlit", 23, None),
    ("jma", "気象庁", "Japan Meteorological Agency", "mlit", 23, None),
    ("transport-safety", "運輸安全委員会", "Japan Transport Safety Board", "mlit", 23, None),
    ("coast-guard", "海上保安庁", "Japan Coast Guard", "mlit", 23, None),
    ("moe", "環境省", "Ministry of the Environment", "", 24, None),
    ("nra", "原子力規制委員会", "Nuclear Regulation Authority", "", 25, None),
    ("mod", "防衛省", "Ministry of Defense", "", 26, None),
    ("atla", "防衛装備庁", "Acquisition, Technology and Logistics Agency", "mod", 26, None),
    ("audit-board", "会計検査院", "Board of Audit", "", 30, None),
    (UNSTATED, "担当府省庁の記載なし", "Owner not stated", "", 99, None),
)

# Other spellings of the sources: the survey of procedures names the commission and its agency.
_ALIASES = {"国家公安委員会・警察庁": "警察庁"}


def normal_name(raw: str) -> str:
    """An agency name without ministry prefix and stray spaces: 「国土交通省　気象庁」 is 気象庁."""
    parts = unicodedata.normalize("NFKC", raw).split()
    name = parts[-1] if parts else ""
    return _ALIASES.get(name, name)


def ensure_agencies(act: Act) -> dict[str, Agency]:
    """Every agency above by name, the missing ones created; those that exist stay as they are.

    Must run inside the transaction of the import. Audited as one "agencies.loaded" where any was
    added.
    """
    known = {agency.code: agency for agency in Agency.objects.all()}
    added = []
    for code, name, name_en, parent, order, since in _AGENCIES:
        if code in known:
            continue
        agency = Agency(
            code=code,
            name=name,
            name_en=name_en,
            parent=known[parent] if parent else None,
            order=order,
            valid_from=since,
            updated_at=act.at,
            updated_by=act.user,
        )
        agency.full_clean()
        agency.save()
        known[code] = agency
        added.append(code)
    if added:
        record(
            act,
            "agencies.loaded",
            object_type="agency",
            object_key=f"{len(added)}",
            after={"codes": added},
            wrote=stored(Agency, [known[code].pk for code in added]),
        )
    return {known[code].name: known[code] for code, *_rest in _AGENCIES}
