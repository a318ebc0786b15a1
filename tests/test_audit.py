"""Every known inconsistency of the published numbers must come out of the arithmetic."""

import argparse
import html
import json
import re
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import stats
from psyche_bench.errors import DataError
from psyche_bench.leaderboard import (
    audit,
    audit_claims,
    audit_exam,
    audit_grim,
    audit_pceb,
    audit_rankings,
    cli,
    paper,
)
from psyche_bench.leaderboard import audit_uncertainty as uncertainty
from psyche_bench.leaderboard.audit_finding import Finding, judge

FINDINGS = audit.audit()
FULL = ("+SFT+GRPO", "+Rat.+Iter.")


def one(table: str, row: str, cell: str, kind: str) -> Finding:
    found = [
        f for f in FINDINGS if (f.table, f.row, f.cell) == (table, row, cell) and f.kind == kind
    ]
    assert len(found) == 1, f"{len(found)} findings for {table}, {row}, {cell}, {kind}"
    return found[0]


AVERAGE, BOUNDS, CLAIM = "average of six columns", "between its two columns", "claim of the text"
WEIGHTED, PARTS = "item-weighted mean of Table 1", "change against Base, from Table 1's columns"
SPREAD = "95 % interval and rank interval"
REPAIR = "single-cell change that makes both averages fit"
ZERO = "rank by the item-weighted mean, zero-shot"
T1, T2, T3, T4 = "table1", "table2", "table3", "table4"
KNOWN = [
    (T1, "Gemini1.5-Pro", "avg", AVERAGE, "61.26", "61.15", "impossible", "= 61.1517"),
    (T1, "Gemini1.5-Pro", "avg_elastic", AVERAGE, "66.78", "66.67", "impossible", "= 66.6700"),
    (T1, "Gemini1.5-Pro", "moral.smcq", REPAIR, "84.21", "84.87", "not checkable", "129/152"),
    (T1, "all rows", "avg", f"count of {AVERAGE}", None, "of 18: 1 impossible, 17 consistent",
     "impossible", "Gemini1.5-Pro"),
    (T1, "all rows", "avg_elastic", f"count of {AVERAGE}", None,
     "of 18: 1 impossible, 17 consistent", "impossible", "Gemini1.5-Pro"),
    (T1, "all rows", "all columns", "count of GRIM", None,
     "of 108: 56 impossible, 6 truncated, 46 consistent", "impossible", "Qwen2.5-7B"),
    (T1, "Psyche-R1", "moral.mmcq", "GRIM", "79.62", "79.75", "impossible", "125/157 (1 fewer)"),
    (T1, "Qwen2.5-7B", "moral.smcq", "GRIM", "87.83", "88.16", "impossible",
     "no denominator from 122 to 152 fits"),
    (T1, "GPT-4o", "moral.smcq", "GRIM", "88.15", "88.16", "truncated", "134/152 = 88.158"),
    (T1, "PsycoLLM", "moral.smcq", "GRIM", "88.81", "88.82", "truncated", "135/152 = 88.816"),
    (T1, "DeepSeek-R1", "avg_elastic", "rank by the elastic average", "79.18", "79.18",
     "not checkable", "rank 1 of 18"),
    (T1, "Psyche-R1", "avg_elastic", "rank by the elastic average", "77.64", "77.64",
     "not checkable", "rank 2 of 18"),
    (T1, "Psyche-R1", "avg", "item-weighted instead", "74.37", "71.41", "not checkable",
     "rank 1 of 18"),
    (T1, "DeepSeek-R1", "avg", "item-weighted instead", "72.95", "70.95", "not checkable",
     "rank 2 of 18"),
    (T1, "Psyche-R1", "avg", SPREAD, "74.37", "74.365 ± 1.61, rank 1–2", "not checkable",
     "1626 case items hang on 147 vignettes"),
    (T1, "DeepSeek-R1", "avg", SPREAD, "72.95", "72.945 ± 1.64, rank 1–2", "not checkable",
     "unpaired"),
    (T1, "ranks 4–9", "avg", "block that the intervals do not separate", None,
     "rows 4–9 are one block", "not checkable", "Qwen2.5-72B"),
    (T1, "caption", "moral, theory", CLAIM, "moral and theory exchanged", "as headed",
     "impossible", "as headed 35 cells"),
    (T2, "DeepSeek-R1-70B", "all columns", "count of GRIM", None,
     "of 8: 7 impossible, 1 consistent", "impossible", "22.80"),
    (T2, "all rows", "avg_zero_shot", "count of item-weighted mean", None,
     "of 13: 1 impossible, 3 rounding, 9 consistent", "impossible", "DeepSeek-R1-70B"),
    (T2, "DeepSeek-R1-70B", "avg_zero_shot", "item-weighted mean", "60.57", "60.54",
     "impossible", "= 60.5425"),
    (T2, "Psyche-R1", "avg_zero_shot", "item-weighted mean", "74.90", "74.91", "rounding",
     "= 74.9090"),
    (T2, "Psyche-R1", "avg_zero_shot", ZERO, "74.90", "74.91", "not checkable", "rank 3 of 13"),
    (T2, "Qwen2.5-72B", "avg_zero_shot", ZERO, "74.98", "74.98", "not checkable", "rank 2 of 13"),
    (T2, "DeepSeek-R1", "avg_zero_shot", ZERO, "78.28", "78.28", "not checkable", "rank 1 of 13"),
    (T2, "PsyDT", "five_shot.knowledge_mmcq", CLAIM, "+47.64%", "-16.23%", "impossible",
     "48.91 → 40.97"),
    (T2, "all rows", "five_shot.knowledge_mmcq", CLAIM, None,
     "7 of 13 models; 0 of 5 Psychological LLMs", "not checkable", "GPT-4o"),
    (T3, "Base", "case", WEIGHTED, "38.97", "38.97", "consistent", "(748·47.57 + 878·31.64)/1626"),
    (T3, "Base", "moral", WEIGHTED, "73.39", "73.39", "consistent", "= 73.3908"),
    (T3, "Base", "theory", WEIGHTED, "63.83", "63.81", "rounding", "1143 and 783"),
    (T4, "+ED", "avg", CLAIM, None, "-6.80", "not checkable", "51.11 − Base 57.91"),
    (T4, "+PRD", "avg", CLAIM, None, "-2.22", "not checkable", "55.69 − Base 57.91"),
    ("table6", "Ours", "dialogue", CLAIM, "over 73,000", "72,920", "rounding", "= -80"),
    ("equation 2", "R_acc", "empty answer", CLAIM, "0", "-1", "impossible", "-1 for the wrong"),
    *[
        entry
        for row in FULL
        for entry in (
            (T3, row, "case", WEIGHTED, "67.07", "59.50", "impossible", "= 59.5032"),
            (T3, row, "case", BOUNDS, "67.07", "56.26 to 63.31", "impossible", "does not hold"),
            (T3, row, "case_delta", PARTS, "72.11%", "+52.68%", "impossible", "59.50/38.97"),
        )
    ],
    *[
        (T2, "DeepSeek-R1", f"five_shot.{column}", CLAIM, "falls", "rises", "impossible", gap)
        for column, gap in [
            ("knowledge_smcq", "+1.29"),
            ("knowledge_mmcq", "+9.60"),
            ("case_smcq", "+0.47"),
            ("case_mmcq", "+2.50"),
        ]
    ],
]  # fmt: skip
FURTHER = [
    (T1, "all rows", "moral.mmcq_elastic", "count of GRIM, elastic", None,
     "of 18: 3 impossible, 2 truncated, 13 consistent", "impossible", "71.02"),
    (T1, "all rows", "theory.mmcq", "denominators of the column", None, "5 of 18 are k/784",
     "not checkable", "783 with 6"),
    (T2, "Psyche-R1", "avg_zero_shot", "sum of the groups' counts", "74.90", "74.91",
     "impossible", "2923/3902 = 74.9103"),
    (T2, "PsycoLLM", "five_shot.case_smcq", "GRIM", "65.57", "65.50", "impossible",
     "394/600 = 65.667"),
    (T4, "+ED+PRD+APD", "theory.mmcq", CLAIM, None, "-1.62", "not checkable", "68.16"),
    (T4, "all rows", "all columns", "count of GRIM", None,
     "of 30: 25 impossible, 5 consistent", "impossible", "Base"),
]  # fmt: skip
Entry = tuple[str, str, str, str, str | None, str, str, str]


@pytest.mark.parametrize("entry", [*KNOWN, *FURTHER], ids=lambda e: f"{e[0]} {e[1]} {e[2]} {e[5]}")
def test_a_known_finding_comes_out_of_the_arithmetic(entry: Entry) -> None:
    table, row, cell, kind, printed, recomputed, verdict, arithmetic = entry
    found = one(table, row, cell, kind)
    assert (found.printed, found.recomputed, found.verdict) == (printed, recomputed, verdict)
    assert arithmetic in found.arithmetic


def test_the_gemini_row_has_one_repair_and_no_other_row_has_any() -> None:
    repairs = {r.name: audit_pceb.single_cell_repairs(r) for r in paper.rows(paper.PcebRow)}
    found = {name: repair for name, repair in repairs.items() if repair}
    assert found == {"Gemini1.5-Pro": [("moral.smcq", 129, 152, Decimal("84.87"))]}


def test_every_number_of_tables_1_to_5_is_judged() -> None:
    judged = {(f.table, f.row, f.cell) for f in FINDINGS}
    numbers = {
        (name, row.name, cell)
        for name in (T1, T2, T3, T4, "table5")
        for row in paper.table(name)
        for cell, text in row.cells().items()
        if re.fullmatch(r"-?\d+\.\d\d%?", text)
    }
    assert len(numbers) == 18 * 14 + 13 * 9 + 7 * 6 - 3 + 5 * 7 + 6 * 4
    assert numbers - judged == set()


def test_twelve_of_thirteen_exam_averages_are_item_weighted() -> None:
    overall = [audit_exam.overall(row) for row in paper.rows(paper.ExamRow)]
    assert [f.row for f in overall if f.verdict == "impossible"] == ["DeepSeek-R1-70B"]


def test_a_row_printed_twice_is_printed_alike() -> None:
    same = [f for f in FINDINGS if f.kind == "same as in Table 1"]
    assert {f.verdict for f in same} == {"consistent"}
    assert len(same) == 14


@given(
    n=st.integers(1, 5000),
    share=st.fractions(0, 1),
    rounding=st.sampled_from([ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_DOWN]),
)
def test_grim_never_flags_a_genuine_count(n: int, share: Fraction, rounding: str) -> None:
    k = round(share * n)
    printed = (Decimal(100 * k) / Decimal(n)).quantize(Decimal("0.01"), rounding)
    allowed = {"consistent", "truncated"} if rounding == ROUND_DOWN else {"consistent"}
    assert audit_grim.verdict(printed, n) in allowed
    assert k in audit_grim.by_rounding(printed, n) + audit_grim.by_truncation(printed, n)


@given(n=st.integers(1, 90), printed=st.decimals(0, 100, places=2))
def test_grim_agrees_with_trying_every_count(n: int, printed: Decimal) -> None:
    rounded = {
        (Decimal(100 * k) / Decimal(n)).quantize(Decimal("0.01"), how)
        for k in range(n + 1)
        for how in (ROUND_HALF_UP, ROUND_HALF_EVEN)
    }
    assert (audit_grim.verdict(printed, n) == "consistent") == (printed in rounded)


GRANULARITY = [
    ("50.0", 151, "impossible", "one decimal: nearest are 49.7 and 50.3"),
    ("50.00", 152, "consistent", "76 of 152"),
    ("49.7", 151, "consistent", "75 of 151 to one decimal"),
    ("49.70", 151, "impossible", "75 of 151 is 49.67 to two"),
    ("100.00", 7, "consistent", "all"),
    ("0.01", 7, "impossible", "less than one of seven"),
]


@pytest.mark.parametrize(
    ("printed", "n", "verdict", "why"), GRANULARITY, ids=[why for *_, why in GRANULARITY]
)
def test_printed_digits_decide_the_granularity(
    printed: str, n: int, verdict: str, why: str
) -> None:
    assert audit_grim.verdict(Decimal(printed), n) == verdict


TOLERANCE = [
    ("62.08", "62.075", 0, "consistent", "a tie may be rounded up"),
    ("62.07", "62.075", 0, "consistent", "a tie may be rounded down"),
    ("62.08", "62.0749", 0, "impossible", "just beyond the tie"),
    ("62.08", "62.071", "0.005", "rounding", "operands were rounded too"),
    ("62.08", "62.069", "0.005", "impossible", "beyond what rounded operands allow"),
]


@pytest.mark.parametrize(
    ("printed", "value", "slack", "verdict", "why"), TOLERANCE, ids=[why for *_, why in TOLERANCE]
)
def test_how_far_a_mean_may_be_off(
    printed: str, value: str, slack: str | int, verdict: str, why: str
) -> None:
    assert judge(Decimal(printed), Fraction(value), Fraction(slack)) == verdict


def test_the_interval_is_that_of_the_core() -> None:
    row = paper.row(T1, "Psyche-R1")
    percents = [float(row.figure(cell)) for cell in audit_pceb.STANDARD]
    core = stats.binomial_average(percents, list(paper.counts().pceb.values()))
    own = audit_rankings.estimates()["Psyche-R1"]
    assert own.mean == pytest.approx(core.estimate)
    assert own.error == pytest.approx(core.standard_error)


def test_equal_rows_share_all_ranks() -> None:
    same = dict.fromkeys("abc", uncertainty.Estimate(50.0, 1.0))
    assert set(uncertainty.rank_intervals(same).values()) == {(1, 3)}
    assert uncertainty.blocks(same) == [["a", "b", "c"]]


def test_a_claim_about_an_unknown_cell_names_what_there_is() -> None:
    claim = audit_claims.Difference(
        about="x", table=T4, kind="difference", before="Base", after="+ED", cell="mean"
    )
    with pytest.raises(DataError, match="no cell 'mean'"):
        list(claim.check())


CLAIMS = [
    ("rises", "consistent", "what the cells do"),
    ("falls", "impossible", "what they do not"),
]


@pytest.mark.parametrize(("said", "verdict", "why"), CLAIMS, ids=[why for *_, why in CLAIMS])
def test_a_claimed_direction_is_held_against_the_cells(said: str, verdict: str, why: str) -> None:
    claim = audit_claims.Direction.model_validate(
        {
            "about": why,
            "table": T4,
            "kind": "direction",
            "row": "Base",
            "pairs": [["case.mmcq", "case.smcq"]],
            "printed": said,
        }
    )
    assert [f.verdict for f in claim.check()] == [verdict]


PAGE = audit.page(FINDINGS)
TEXT = " ".join(html.unescape(re.sub(r"<[^>]+>", " ", PAGE)).split())


@pytest.mark.parametrize("entry", [*KNOWN, *FURTHER], ids=lambda e: f"{e[0]} {e[1]} {e[2]} {e[5]}")
def test_the_page_names_table_row_and_cell(entry: Entry) -> None:
    table, row, cell, kind, printed, recomputed, verdict, _ = entry
    heading = table.replace("table", "Table ").capitalize()
    title = paper.title(table) if table in paper.TABLES else "Findings"
    section = TEXT.split(f" {heading} {title} ")[1]
    line = f"{row} {cell} {kind} {'–' if printed is None else printed} {recomputed}"
    assert line in section
    assert verdict in section.partition(line)[2][:40]


def test_the_page_stands_alone() -> None:
    assert "<script" not in PAGE
    assert not re.search(r"(src|href)\s*=\s*[\"'](?!#)", PAGE)
    assert "url(" not in PAGE
    assert "@import" not in PAGE


HOSTILE = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "{{ 7 * 7 }}", "a'&b"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(name: str) -> None:
    fields = ("table", "row", "cell", "kind", "printed", "recomputed", "arithmetic")
    finding = Finding.model_validate(
        dict.fromkeys(fields, name) | {"verdict": "impossible", "headline": True}
    )
    page = audit.page([finding])
    assert "<script" not in page
    assert "<img" not in page
    assert html.unescape(page).count(name) >= len(fields)


def command(*words: str) -> int:
    parser = argparse.ArgumentParser()
    cli.configure_paper(parser)
    return cli.handle_paper(parser.parse_args(words))


def test_json_goes_to_stdout_alone(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    target = tmp_path / "deep" / "er"
    assert command("audit", "--format", "json", "--out", str(target)) == 0
    streams = capsys.readouterr()
    listed = json.loads(streams.out)
    promised = {"table", "row", "cell", "printed", "recomputed", "verdict", "arithmetic"}
    assert all(promised <= set(finding) for finding in listed)
    assert listed == json.loads((target / "audit.json").read_text(encoding="utf-8"))
    assert {path.name for path in target.iterdir()} == {
        "audit.html", "audit.zh.html", "audit.md", "audit.json",
    }  # fmt: skip
    assert "audit.html" in streams.err


def test_the_page_and_the_markdown_are_written_alike(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    target = tmp_path / "new" / "page.html"
    assert command("audit", "--format", "md", "--html", str(target)) == 0
    assert target.read_text(encoding="utf-8").rstrip() == PAGE.rstrip()
    markdown = capsys.readouterr().out
    assert markdown.startswith("# Audit")
    assert re.search(r"\| Gemini1.5-Pro +\| moral.smcq +\| 84.21 +\| 84.87", markdown)
