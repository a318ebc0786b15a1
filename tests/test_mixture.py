"""D_sft and D_grpo lines: what may be written, and what a reader says of a broken file."""

import json

import pytest
from pydantic import ValidationError

from psyche_bench.errors import DataError
from psyche_bench.mixture import GrpoLine, SftLine, completion, read_grpo, read_sft

ASKED = [{"role": "user", "content": "下列哪项属于短时记忆的特点？"}]
SFT = {
    "id": "q1", "part": "D_pr", "kind": "smcq", "prompt": ASKED, "rationale": "先看容量。",
    "answer": "答案：A", "completion": "<think>先看容量。</think>\n答案：A", "gold": "A",
    "options": {"A": "容量有限", "B": "容量无限"}, "origin": "ours#1", "licence": "CC0",
}  # fmt: skip
GRPO = {
    "id": "q1", "part": "D_pc", "kind": "smcq", "prompt": ASKED, "gold": "A",
    "options": {"A": "容量有限", "B": "容量无限"}, "origin": "ours#1", "licence": "CC0",
}  # fmt: skip


def test_a_line_comes_back_as_it_was_written(tmp_path):
    (tmp_path / "D_sft.jsonl").write_text(json.dumps(SFT, ensure_ascii=False) + "\n")
    (line,) = read_sft(tmp_path / "D_sft.jsonl")
    assert line == SftLine.model_validate(SFT)
    assert line.completion == completion(line.rationale, line.answer)


@pytest.mark.parametrize(
    ("form", "change", "said"),
    [
        pytest.param(SftLine, {"completion": "答案：A"}, "completion", id="reasoning left out"),
        pytest.param(SftLine, {"prompt": []}, "user's turn", id="nothing is asked"),
        pytest.param(GrpoLine, {"gold": "C"}, "not among the options", id="a gold without option"),
        pytest.param(GrpoLine, {"gold": ""}, "not among the options", id="no gold at all"),
        pytest.param(GrpoLine, {"part": "D_pr"}, "part", id="a part of the other mixture"),
    ],
)
def test_a_line_is_refused(form, change, said):
    with pytest.raises(ValidationError, match=said):
        form.model_validate((SFT if form is SftLine else GRPO) | change)


def test_a_broken_file_is_named_with_its_line(tmp_path):
    path = tmp_path / "D_grpo.jsonl"
    path.write_text(json.dumps(GRPO) + "\n" + json.dumps(GRPO | {"gold": "E"}) + "\n")
    with pytest.raises(DataError, match=r"D_grpo.jsonl, line 2.*gold 'E'.*synth run"):
        list(read_grpo(path))
