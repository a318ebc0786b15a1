"""Finished run folders made of the bundled sample, as `psyche-bench eval` leaves them."""

from pathlib import Path

from psyche_bench import outcomes, passport, sources
from psyche_bench.jsonl import write_json, write_lines

SETTINGS = {
    "model": "hf", "model_args": {"pretrained": "org/small-model"}, "backend": "hf",
    "tasks": ["psyche_sample"], "protocol": "direct", "lang": "zh", "rotation": 0, "limit": None,
}  # fmt: skip


def items(*, written=True):
    kinds = ("smcq", "mmcq", "qa") if written else ("smcq", "mmcq")
    return [q for q in sources.load("sample", "test") if q.kind in kinds]


def graded(reply=lambda question: "答案：A", questions=None, **known):
    return [
        outcomes.grade(
            question,
            reply(question),
            task=f"psyche_sample_{question.subset}",
            protocol="direct",
            prompt_hash=question.id[-4:],
            **known,
        )
        for question in (items() if questions is None else questions)
    ]


def run_folder(folder: Path, found=None, **settings) -> Path:
    found = graded() if found is None else found
    record = passport.passport(SETTINGS | settings, found)
    write_json(folder / "run.json", record)
    write_lines(folder / "outcomes.jsonl", (outcome.model_dump() for outcome in found))
    return folder
