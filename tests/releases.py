"""Invented releases in the shape of the real ones, so that loading is tested without them.

Every item here is our own. The data root that :func:`pceb` and :func:`cpsyexam` write into is
handed to the package through ``PSYCHE_BENCH_DATA``.
"""

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SINGLE = "theory/single/second/14 理论单选.json"
MULTIPLE = "theory/multiple/third/11-16 理论多选.json"
CASES = "cases/mix/second/15 案例混合选择.json"
ESSAYS = "cases/essay/second/15 案例问答.json"
CPSYEXAM_SINGLE = "KG-TST-记忆心理学-单项选择题.json"
CPSYEXAM_MULTI = "CA-TST-咨询案例-多项选择题.json"


def item(number: int, question: str, answer: str, **more: Any) -> dict[str, Any]:
    """One PCEB choice of theory or moral."""
    options = {"A": "复述", "B": "遗忘", "C": "提取", "D": "编码"}
    row = {"id": number, "question": question, "options": options, "answer": answer}
    return row | {"analysis": "记忆的四个过程，教科书第三章。"} | more


def pceb_files() -> dict[str, list[dict[str, Any]]]:
    """A PCEB of seven choices and one written question, with the release's kinds of defects."""
    asked = {k: v for k, v in item(0, "单选：1．她最明显的困扰是（）。", "B").items() if k != "id"}
    both = {**asked, "question": "多选：2．可以先问她（）。", "answer": "AC\u2003"}
    case = {"general_info": "女，26岁，会计。", "case_introduction": "三周来夜里反复醒来。"}
    written = {"question": "3．请说出下一步。（30分）", "answer": "先评估睡眠，再商定目标。"}
    return {
        SINGLE: [
            item(1, "114．把学过的内容再念一遍叫做（）。", "A\u3000"),
            item(2, "1.5小时后忘得最多的是（）。", "B"),
        ],
        MULTIPLE: [
            item(1, "⻅到⻓辈时①想起名字（）。", "CD"),
            item(
                2, "下列属于记忆过程的是（）。", "ABCD", options={"B": "乙", "A": "甲", "C": "丙"}
            ),
            item(3, "以下说法对的是（）。", "AB\n"),
        ],
        CASES: [case | {"id": 1, "questions_and_answers": [asked, both]}],
        ESSAYS: [case | {"questions_and_answers": [written]}],
    }


def good_pceb_files() -> dict[str, list[dict[str, Any]]]:
    """The same with every gold inside the options."""
    files = pceb_files()
    files[MULTIPLE][1]["answer"] = "ABC"
    return files


def write(root: Path, files: Mapping[str, Any]) -> Path:
    """Write JSON (or bytes as they are) below ``root``."""
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        raw = content if isinstance(content, bytes) else dumped(content)
        path.write_bytes(raw)
    return root


def dumped(value: Any) -> bytes:
    """JSON as the releases write it."""
    return json.dumps(value, ensure_ascii=False, indent=1).encode()


def cpsyexam_row(number: int, kind: str, answer: str | None) -> dict[str, Any]:
    """One CPsyExam item; without an answer as in the test split. Ids repeat on purpose."""
    row = {
        "id": "same-id",
        "subject_name": "记忆心理学",
        "question_type": kind,
        "kind": "knowledge",
        "question": f"第{number}题：短时记忆的容量大约是（）。",
        "options": {"A": "七个组块", "B": "七十个组块", "C": "没有上限", "D": "一个组块", "E": ""},
        "explanation": "米勒一九五六年的文章。",
    }
    return row if answer is None else row | {"answer": answer}


def cpsyexam_files(*, keyed: bool = False) -> dict[str, list[dict[str, Any]]]:
    """A CPsyExam of three splits; ``keyed`` gives the test split its answers."""
    golds = {"train": ["A", "B,D", "D、一个组块"], "dev": ["C", "AB"], "test": ["A", "AC"]}
    files: dict[str, list[dict[str, Any]]] = {}
    for split, (single, multi, *rest) in golds.items():
        told = split != "test" or keyed
        files[f"{split}/{CPSYEXAM_SINGLE}"] = [
            cpsyexam_row(1, "single", single if told else None),
            *(cpsyexam_row(n, "single", gold) for n, gold in enumerate(rest, 2)),
        ]
        files[f"{split}/{CPSYEXAM_MULTI}"] = [cpsyexam_row(1, "multi", multi if told else None)]
        files[f"cpsyexam_qa/{split}/cpsyexam_qa.json"] = [
            {
                "subject_name": "记忆",
                "question_type": "QA",
                "question": "何谓组块？",
                "answer": "单位。",
            }
        ]
    files["train/" + CPSYEXAM_SINGLE][1]["options"]["D"] = ""
    return files


class _Unflagged(zipfile.ZipInfo):
    """A member whose name is UTF-8 without the flag that says so, as in CPsyExam's archives."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802  # zipfile's own hook
        return self.filename.encode(), self.flag_bits & ~0x800


def zipped(files: Mapping[str, bytes], *, flagged: bool = True) -> bytes:
    """A zip archive in memory."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in files.items():
            archive.writestr(name if flagged else _Unflagged(name), content)
    return stream.getvalue()
