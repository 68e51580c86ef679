"""Columns of the tables of 行政事業レビュー 2024, as published (rssystem.go.jp)."""

_HEAD = ("シート種別", "事業年度", "予算事業ID", "事業名")
_OFFICE = ("局・庁", "部", "課", "室", "班", "係")
_OWNER = ("府省庁の建制順", "政策所管府省庁", "府省庁", *_OFFICE)

YEAR, SHEET, NAME = "事業年度", "予算事業ID", "事業名"

ORGANISATION = (
    *_HEAD,
    "建制順",
    "所管府省庁",
    "府省庁",
    *_OFFICE,
    "その他担当組織_作成責任者_no",
    "府省庁（その他担当組織）",
    *(f"{office}（その他担当組織）" for office in _OFFICE),
)
OUTLINE = (
    *_HEAD,
    *_OWNER,
    "事業の目的",
    "現状・課題",
    "事業の概要",
    "事業概要URL",
    "事業区分",
    "事業開始年度",
    "開始年度不明",
    "事業終了（予定）年度",
    "終了予定なし",
    "主要経費",
    "備考",
    "実施方法ー直接実施",
    "実施方法ー補助",
    "実施方法ー負担",
    "実施方法ー交付",
    "実施方法ー分担金・拠出金",
    "実施方法ーその他",
    "旧事業番号",
    "整理表表示順",
)
_SUPPLEMENTS = tuple(f"第{n}次補正予算" for n in range(1, 6))
_RESERVES = tuple(f"予備費等{n}" for n in range(1, 5))
BUDGET = (
    *_HEAD,
    *_OWNER,
    "予算年度",
    "当初予算（合計）",
    "補正予算（合計）",
    "前年度からの繰越し（合計）",
    "予備費等（合計）",
    "計（歳出予算現額合計）",
    "執行額（合計）",
    "執行率",
    "翌年度への繰越し(合計）",
    "翌年度要求額（合計）",
    "主な増減理由",
    "その他特記事項",
    "会計区分",
    "会計",
    "勘定",
    "当初予算",
    *_SUPPLEMENTS,
    "前年度から繰越し",
    *_RESERVES,
    "歳出予算現額",
    "執行額",
    "翌年度要求額",
    "要望額",
    "備考",
)
SUPPLEMENTS, RESERVES = _SUPPLEMENTS, _RESERVES

FROM_NO = "派生元ーアクティビティ・アウトプット・アウトカムの番号"
FROM_KIND = "派生元ー種別（アクティビティ・アウトプット・アウトカム）"
FROM_HORIZON = "派生元ーアウトカムの期間"
FROM_TEXT = "派生元ーアクティビティの内容/ 活動目標／成果目標"
TO_NO = "派生先ーアクティビティ・アウトプット・アウトカムの番号"
TO_KIND = "派生先ー種別（アクティビティ・アウトプット・アウトカム）"
TO_HORIZON = "派生先ーアウトカムの期間"
TO_TEXT = "派生先ー 活動目標／成果目標"
REASON = "後続アウトカムへのつながり"
GOALS = (
    *_HEAD,
    *_OWNER,
    FROM_NO,
    FROM_KIND,
    FROM_HORIZON,
    FROM_TEXT,
    TO_NO,
    TO_KIND,
    TO_HORIZON,
    TO_TEXT,
    REASON,
    "アウトカムを複数段階で設定できない理由",
)
_CHECK = "外部有識者による点検ー"
OUTSIDE_YEAR = f"{_CHECK}最終実施年度"
OUTSIDE_KIND = f"{_CHECK}点検対象"
OUTSIDE_REASON = f"{_CHECK}対象の理由"
OUTSIDE_TEXT = f"{_CHECK}所見"
TEAM = "行政事業レビュー推進チームの所見"
TEAM_TEXT = f"{TEAM}の詳細"
RESPONSE = "所見を踏まえた改善点／概算要求における反映状況"
RESPONSE_TEXT = f"{RESPONSE}の詳細"
REFLECTED = "反映額（一般会計）"
PAST = "過去に受けた指摘事項－"
REVIEWS = (
    *_HEAD,
    *_OWNER,
    "事業所管部局による点検・改善ー点検結果",
    "事業所管部局による点検・改善ー改善の方向性",
    "事業所管部局による点検・改善－目標年度における効果測定に関する評価",
    OUTSIDE_YEAR,
    OUTSIDE_KIND,
    OUTSIDE_REASON,
    OUTSIDE_TEXT,
    "公開プロセス結果概要",
    TEAM,
    TEAM_TEXT,
    RESPONSE,
    RESPONSE_TEXT,
    REFLECTED,
    "反映額（特別会計）－会計",
    "反映額（特別会計）－勘定",
    "反映額（特別会計）－反映額",
    f"{PAST}区分",
    f"{PAST}取りまとめ年度",
    f"{PAST}取りまとめ内容",
    f"{PAST}対応状況",
    "その他の指摘事項－調査等の名称",
    "その他の指摘事項－指摘年度",
    "その他の指摘事項－指摘内容",
    "その他の指摘事項－対応状況",
)
_MULTI = "（国庫債務負担行為等による契約）"
BLOCK = f"支出先ブロック{_MULTI}"
VENDOR = f"契約先名{_MULTI}"
VENDOR_NUMBER = f"契約先の法人番号{_MULTI}"
TITLE = f"契約概要（契約名）{_MULTI}"
AMOUNT = f"契約額{_MULTI}"
METHOD = f"契約方式等{_MULTI}"
METHOD_NOTE = f"具体的な契約方式等{_MULTI}"
BIDDERS = f"入札者数（応募者数）{_MULTI}"
AWARD = f"落札率（％）{_MULTI}"
SINGLE_REASON = (
    f"一者応札・一者応募又は競争性のない随意契約となった理由及び改善策（契約額10億円以上）{_MULTI}"
)
CONTRACTS = (
    *_HEAD,
    *_OWNER,
    BLOCK,
    VENDOR,
    VENDOR_NUMBER,
    f"契約先の所在地{_MULTI}",
    f"契約先の法人種別{_MULTI}",
    TITLE,
    "その他の契約",
    AMOUNT,
    METHOD,
    METHOD_NOTE,
    BIDDERS,
    AWARD,
    SINGLE_REASON,
    f"その他の契約{_MULTI}",
)

TABLES = {
    "1-1": ORGANISATION,
    "1-2": OUTLINE,
    "2-1": BUDGET,
    "3-2": GOALS,
    "4-1": REVIEWS,
    "5-4": CONTRACTS,
}
