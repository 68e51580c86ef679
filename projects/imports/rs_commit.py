"""行政事業レビュー 2024 into the register: one transaction, one audit event, idempotent."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from governance import audit
from governance.audit import Act
from governance.models import Agency
from projects.imports import rs
from projects.imports.agencies import UNSTATED, ensure_agencies
from projects.imports.archive import digest
from projects.imports.errors import ImportRejected, Problem
from projects.imports.procedures_commit import link_services
from projects.imports.report import ImportReport
from projects.imports.sync import Sync, content_digest
from projects.models import (
    Contract,
    CostItem,
    CostLine,
    Kpi,
    KpiLink,
    Review,
    System,
    SystemClass,
)
from projects.models.choices import (
    COMPETITIVE_METHODS,
    ContractMethod,
    CostClass,
    ReviewResponse,
    SystemStatus,
    ValueState,
    Verdict,
)
from projects.seed.masters import load_masters
from projects.selectors import BULK_CLASS
from projects.services import flags, rollups

PREFIX = "RS-"
_CLASSES = {
    BULK_CLASS: ("一括計上事業", "Bulk budget programme"),
    "not-stated": ("区分の記載なし", "Class not stated by the source"),
}
_COMBINED = (
    "combined-total",
    "整備・運用等経費（区分なし）",
    "Development and operation, not split",
)
_ITEM_OF_CLASS = {
    "development": "development-total",
    "operation": "operation-total",
    "other": "other-total",
    "combined": _COMBINED[0],
}
_METHODS = {
    "一般競争契約（総合評価）": ContractMethod.OPEN_EVALUATION,
    "一般競争契約（最低価格）": ContractMethod.OPEN_PRICE,
    "指名競争契約（総合評価）": ContractMethod.DESIGNATED,
    "指名競争契約（最低価格）": ContractMethod.DESIGNATED,
    "随意契約（公募）": ContractMethod.NEGOTIATED_CALL,
    "随意契約（企画競争）": ContractMethod.NEGOTIATED_PROPOSAL,
    "随意契約（不落・不調）": ContractMethod.NEGOTIATED_FAILED_BID,
    "随意契約（少額）": ContractMethod.NEGOTIATED_SMALL,
    "随意契約（その他）": ContractMethod.NEGOTIATED_OTHER,
    "その他": ContractMethod.OTHER,
    "": ContractMethod.UNKNOWN,
}
_VERDICTS = {
    "現状通り": Verdict.PROCEED,
    "事業内容の一部改善": Verdict.CONDITIONS,
    "事業全体の抜本的な改善": Verdict.REDO,
    "終了予定": Verdict.ENDING,
    "廃止": Verdict.STOP,
}
_RESPONSES = {
    "": ReviewResponse.NONE,
    "現状通り": ReviewResponse.AS_IS,
    "執行等改善": ReviewResponse.IMPROVE_EXECUTION,
    "年度内に改善を検討": ReviewResponse.STUDY,
    "縮減": ReviewResponse.REDUCE,
    "終了予定": ReviewResponse.ENDING,
    "廃止": ReviewResponse.STOP,
}


@transaction.atomic
def commit(act: Act, portfolio: rs.Portfolio, paths: dict[str, Path]) -> ImportReport:
    """Write `portfolio`; returns the report. Any failure leaves nothing behind.

    Audited as "import.rs" with the files' hashes, the counts and a hash of the content. Rollups,
    links to services and flags are brought in line before the transaction ends.
    """
    report = ImportReport(
        rows_read=portfolio.rows_read, skipped=portfolio.skipped, warnings=portfolio.warnings
    )
    files = [{"name": path.name, "sha256": digest(path)} for path in paths.values()]
    sync = Sync(act, "rs2024", files, report)
    agencies = ensure_agencies(act)
    classes, items = _masters(act)
    systems = _systems(sync, portfolio, agencies, classes)
    _cost_lines(sync, portfolio, systems, items)
    _contracts(sync, portfolio, systems)
    _goals(sync, portfolio, systems)
    _reviews(sync, portfolio, systems)
    if report.changes:
        _finish(act, sync, portfolio)
    return report


def _finish(act: Act, sync: Sync, portfolio: rs.Portfolio) -> None:
    run = sync.run
    run.report = sync.report.as_json()
    run.save(update_fields=["report"])
    audit.record(
        act,
        "import.rs",
        object_type="importrun",
        object_key=str(run.pk),
        object_name=audit.name_of(run),
        after={
            "files": run.files,
            "created": dict(sync.report.loaded),
            "updated": dict(sync.report.updated),
            "content": content_digest(
                [
                    *portfolio.sheets.values(),
                    *portfolio.ledger,
                    *portfolio.contracts,
                    *portfolio.goals,
                    *portfolio.links,
                    *portfolio.reviews,
                ]
            ),
        },
        wrote=sync.states(),
    )
    link_services(act)
    rollups.recompute_all()
    flags.recompute_all(act, as_of=timezone.localdate(act.at))


def _masters(act: Act) -> tuple[dict[str, SystemClass], dict[str, CostItem]]:
    masters = load_masters(act)
    for order, (code, (name, name_en)) in enumerate(_CLASSES.items()):
        if code not in masters.system_classes:
            entry = SystemClass(code=code, name=name, name_en=name_en, order=900 + order)
            _add_master(act, entry)
            masters.system_classes[code] = entry
    code, name, name_en = _COMBINED
    if code not in masters.cost_items:
        item = CostItem(
            code=code, name=name, name_en=name_en, order=900, cost_class=CostClass.OTHER
        )
        _add_master(act, item)
        masters.cost_items[code] = item
    return masters.system_classes, masters.cost_items


def _add_master(act: Act, entry: Any) -> None:
    entry.updated_at, entry.updated_by = act.at, act.user
    entry.full_clean()
    entry.save()
    audit.record_object(
        act, f"{entry._meta.model_name}.created", entry, before=None, after={"code": entry.code}
    )


def _owner(sheet: rs.Sheet, agencies: dict[str, Agency]) -> Agency:
    """The first owner stated; never guessed where none is."""
    if not sheet.owners:
        return next(agency for agency in agencies.values() if agency.code == UNSTATED)
    owner = agencies.get(sheet.owners[0])
    if owner is None:
        raise ImportRejected(
            [
                Problem(
                    "1-1",
                    _("“%(name)s” (sheet %(sheet)s) is no agency known here.")
                    % {"name": sheet.owners[0], "sheet": sheet.number},
                    column="府省庁（その他担当組織）",
                )
            ]
        )
    return owner


def _status(sheet: rs.Sheet) -> SystemStatus:
    """What the money tells: operation paid in the last executed year means in operation."""
    if sheet.end_year is not None and sheet.end_year < rs.SHEET_YEAR:
        return SystemStatus.RETIRED
    paid = {
        figure.cost_class
        for figure in sheet.remark.figures
        if figure.yen and figure.year == rs.SHEET_YEAR - 1
    }
    if paid & {"operation", "combined"}:
        return SystemStatus.OPERATING
    if paid:
        return SystemStatus.BUILDING
    return SystemStatus.PLANNING


def _systems(
    sync: Sync,
    portfolio: rs.Portfolio,
    agencies: dict[str, Agency],
    classes: dict[str, SystemClass],
) -> dict[str, System]:
    note = _("From sheet %(sheet)s of the yearly project review 2024; status follows the money.")

    def wanted() -> Iterator[dict[str, Any]]:
        for sheet in portfolio.sheets.values():
            start = sheet.start_year
            yield {
                "system_id": f"{PREFIX}{sheet.number}",
                "name": sheet.name,
                "agency_id": _owner(sheet, agencies).pk,
                "system_class_id": classes[
                    BULK_CLASS if sheet.number == rs.UMBRELLA else "not-stated"
                ].pk,
                "status": _status(sheet).value,
                "description": sheet.purpose,
                "go_live_on": date(start, 4, 1) if start else None,
                "go_live_is_year_only": start is not None,
                "source_note": note % {"sheet": sheet.number},
            }

    rows = sync.rows(System, ("system_id",), wanted(), Q(system_id__startswith=PREFIX))
    return {key[0].removeprefix(PREFIX): row for key, row in rows.items()}


def _silent_years(portfolio: rs.Portfolio) -> list[tuple[str, int]]:
    """Sheets and settled years that a remark splits, though their ledger has no such year.

    Very probably the bulk programme's sheet reports that money. Said outright, since the classes
    would be this sheet's total where its ledger is silent, and the yen would be counted twice.
    """
    told = {
        (figure.sheet, figure.year) for figure in portfolio.ledger if figure.stage == "executed"
    }
    keeps = {sheet for sheet, _year in told}
    split = {
        (sheet.number, found.year)
        for sheet in portfolio.sheets.values()
        for found in sheet.remark.figures
        if sheet.number in keeps and found.year < rs.SHEET_YEAR
    }
    return sorted(split - told)


def _cost_lines(
    sync: Sync, portfolio: rs.Portfolio, systems: dict[str, System], items: dict[str, CostItem]
) -> None:
    def line(
        sheet: str, year: int, stage: str, item: str, account: str, yen: int | None, note: str
    ) -> dict[str, Any]:
        return {
            "system_id": systems[sheet].pk,
            "budget_year": year,
            "sheet_year": rs.SHEET_YEAR,
            "cost_item_id": items[item].pk,
            "stage": stage,
            "account": account,
            "amount": yen,
            "amount_state": ValueState.MISSING.value if yen is None else ValueState.REPORTED.value,
            "note": note,
        }

    def wanted() -> Iterator[dict[str, Any]]:
        for figure in portfolio.ledger:
            yield line(
                figure.sheet,
                figure.year,
                figure.stage,
                "ledger-total",
                figure.account,
                figure.yen,
                "RS 2-1",
            )
        for sheet in portfolio.sheets.values():
            slips = {(slip.cost_class, slip.year) for slip in sheet.remark.mixed_units}
            for found in sheet.remark.figures:
                doubt = _("unit slip?") if (found.cost_class, found.year) in slips else ""
                yield line(
                    sheet.number,
                    found.year,
                    "executed",
                    _ITEM_OF_CLASS[found.cost_class],
                    "",
                    None if found.year >= rs.SHEET_YEAR else found.yen,
                    " ".join(filter(None, ("RS 1-2 備考", doubt))),
                )
        for sheet_number, year in _silent_years(portfolio):
            yield line(sheet_number, year, "executed", "ledger-total", "", None, "RS 2-1") | {
                "amount_state": ValueState.NOT_APPLICABLE.value
            }

    sync.rows(
        CostLine,
        ("system_id", "budget_year", "cost_item_id", "stage", "account", "sheet_year"),
        wanted(),
        Q(system_id__in=[system.pk for system in systems.values()], sheet_year=rs.SHEET_YEAR),
    )


def _contract_method(row: rs.ContractRow) -> ContractMethod:
    try:
        return _METHODS[row.method]
    except KeyError:
        raise ImportRejected(
            [
                Problem(
                    "5-4",
                    _("“%(name)s” (sheet %(sheet)s) is no method known here.")
                    % {"name": row.method, "sheet": row.sheet},
                    column="契約方式等",
                )
            ]
        ) from None


def _positive(value: Any, *, applies: bool) -> dict[str, Any]:
    """A figure for which the source writes 0 or nothing where there is none."""
    if value:
        return {"value": value, "state": ValueState.REPORTED.value}
    state = ValueState.MISSING if applies else ValueState.NOT_APPLICABLE
    return {"value": None, "state": state.value}


def _contracts(sync: Sync, portfolio: rs.Portfolio, systems: dict[str, System]) -> None:
    def wanted() -> Iterator[dict[str, Any]]:
        for row in portfolio.contracts:
            method = _contract_method(row)
            system = systems[row.sheet]
            # A contract that names no method may have been put out to bid.
            is_bid = method in (*COMPETITIVE_METHODS, ContractMethod.UNKNOWN)
            bidders = _positive(row.bidders, applies=is_bid)
            percent = row.award_percent
            award = _positive(percent / 100 if percent else Decimal(0), applies=is_bid)
            amount = _positive(row.amount, applies=True)
            yield {
                "contract_id": f"RS{rs.SHEET_YEAR}-{row.sheet}-{row.number:03}",
                "title": row.title,
                "agency_id": system.agency_id,
                "system_id": system.pk,
                "vendor": row.vendor,
                "vendor_number": row.vendor_number,
                "method": method.value,
                "method_note": row.method_note,
                "amount": amount["value"],
                "amount_state": amount["state"],
                "bidders": bidders["value"],
                "bidders_state": bidders["state"],
                "award_ratio": award["value"],
                "award_ratio_state": award["state"],
                "single_bid_reason": row.single_reason,
            }

    sync.rows(
        Contract,
        ("contract_id",),
        wanted(),
        Q(contract_id__startswith=f"RS{rs.SHEET_YEAR}-"),
    )


def _goals(sync: Sync, portfolio: rs.Portfolio, systems: dict[str, System]) -> None:
    def code(sheet: str, goal: str) -> str:
        return f"RS{rs.SHEET_YEAR}-{sheet}-{goal}"

    def goals() -> Iterator[dict[str, Any]]:
        for goal in portfolio.goals:
            yield {
                "code": code(goal.sheet, goal.code),
                "system_id": systems[goal.sheet].pk,
                "kind": goal.kind,
                "horizon": goal.horizon,
                "title": goal.text,
                "source": "RS 3-2",
            }

    nodes = sync.rows(Kpi, ("code",), goals(), Q(code__startswith=f"RS{rs.SHEET_YEAR}-"))

    def links() -> Iterator[dict[str, Any]]:
        for link in portfolio.links:
            yield {
                "origin_id": nodes[(code(link.sheet, link.origin),)].pk,
                "target_id": nodes[(code(link.sheet, link.target),)].pk,
                "reason": "\n".join(link.reasons),
            }

    sync.rows(
        KpiLink,
        ("origin_id", "target_id"),
        links(),
        Q(origin__code__startswith=f"RS{rs.SHEET_YEAR}-"),
    )


def _reviews(sync: Sync, portfolio: rs.Portfolio, systems: dict[str, System]) -> None:
    types = load_masters(sync.act).review_types

    def wanted() -> Iterator[dict[str, Any]]:
        for row in portfolio.reviews:
            outside = row.kind == "outside"
            yield {
                "source_key": row.key,
                "system_id": systems[row.sheet].pk,
                "review_type_id": types["rs-outside" if outside else "rs-team"].pk,
                "fiscal_year": row.year,
                "reviewer": row.check,
                "is_complete": True,
                "remarks": row.remarks,
                "verdict": _known(_VERDICTS, row.verdict, Verdict.NONE, row.sheet).value,
                "response": _known(_RESPONSES, row.response, ReviewResponse.NONE, row.sheet).value,
                "response_text": row.response_text,
                "reflected_amount": row.reflected,
            }

    prefix = f"RS{rs.SHEET_YEAR}-"
    sync.rows(Review, ("source_key",), wanted(), Q(source_key__startswith=prefix))


def _known(words: dict[str, Any], word: str, empty: Any, sheet: str) -> Any:
    if not word:
        return empty
    if word not in words:
        message = _("“%(name)s” (sheet %(sheet)s) is no answer known here.") % {
            "name": word,
            "sheet": sheet,
        }
        raise ImportRejected([Problem("4-1", message)])
    return words[word]
