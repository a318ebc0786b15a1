"""Options moved under the letters: what is shown, what is read back, and what is counted."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench import cli, cli_robustness, rotation, sources
from psyche_bench.compare import Run
from psyche_bench.errors import RunError
from psyche_bench.outcomes import grade
from psyche_bench.robustness import robustness
from psyche_bench.schemas import Question

TEXTS = ("喜悦", "愤怒", "悲哀", "恐惧", "厌恶")


def question(item="x/1", gold="A", kind="smcq", options=4, subset="moral_smcq"):
    return Question(
        id=item,
        benchmark="x",
        split="test",
        subset=subset,
        kind=kind,
        subject="",
        cluster=item,
        stem="下列说法正确的是",
        options=dict(zip("ABCDE", TEXTS[:options], strict=False)),
        gold=gold,
        file="",
        row=1,
    )


ROTATED = [
    (question(gold="A"), 0, "喜悦 愤怒 悲哀 恐惧", "A", "0 is the release"),
    (question(gold="A"), 1, "恐惧 喜悦 愤怒 悲哀", "B", "each text one letter on"),
    (question(gold="D"), 1, "恐惧 喜悦 愤怒 悲哀", "A", "the last comes first"),
    (question(gold="AD", kind="mmcq"), 2, "悲哀 恐惧 喜悦 愤怒", "BC", "letters stay sorted"),
    (question(gold="C", options=3), 1, "悲哀 喜悦 愤怒", "A", "an item of three options"),
    (question(gold="B", options=3), 3, "喜悦 愤怒 悲哀", "B", "three of three is none"),
    (question(gold="E", options=5), 4, "愤怒 悲哀 恐惧 厌恶 喜悦", "D", "an item of five"),
]


@pytest.mark.parametrize(
    ("item", "by", "texts", "gold", "why"), ROTATED, ids=[row[-1] for row in ROTATED]
)
def test_rotation_moves_texts_and_gold(item, by, texts, gold, why):
    shown = rotation.rotate(item, by)
    assert list(shown.options.values()) == texts.split()
    assert (list(shown.options), shown.gold) == (list(item.options), gold)


@given(st.sets(st.sampled_from("ABCDE"), min_size=1), st.integers(0, 4), st.integers(1, 5))
def test_letters_come_back(letters, by, options):
    item = question(options=options)
    told = "".join(sorted(letters & set(item.options)))
    assert rotation.released(rotation.shown(told, item, by), item, by) == told
    assert {rotation.rotate(item, by).options[x] for x in rotation.shown(told, item, by)} == {
        item.options[x] for x in told
    }


@pytest.mark.parametrize("value", [-1, 5, "1", 1.0, True, None])
def test_a_rotation_that_is_none_is_refused(value):
    with pytest.raises(RunError, match="a whole number from 0"):
        rotation.checked(value)


GRADED = [
    ("答案：B", 1, "A", "right", "B is where A's text stands"),
    ("答案：A", 1, "D", "wrong", "A shows D's text"),
    ("答案：A", 0, "A", "right", "without rotation letters are the release's"),
    ("我选择喜悦。答案：B", 1, "A", "right", "texts and letters agree as shown"),
    ("不知道", 1, None, "unparsed", "no answer stays none"),
]


@pytest.mark.parametrize(
    ("reply", "by", "predicted", "state", "why"), GRADED, ids=[row[-1] for row in GRADED]
)
def test_replies_are_read_as_shown_and_told_in_the_letters_of_the_release(
    reply, by, predicted, state, why
):
    outcome = grade(question(), reply, rotation=by)
    assert (outcome.predicted, outcome.gold, outcome.state) == (predicted, "A", state)
    assert outcome.rotation == by


# Figures by hand ----------------------------------------------------------------------------------

GOLDS = {"x/1": "A", "x/2": "B", "x/3": "B", "x/4": "D"}
KNOWN = {item: question(item, gold) for item, gold in GOLDS.items()}
CARD = {"model": "hf", "name": "m", "model_args": {"pretrained": "m"}, "protocol": "direct"}


def run(answers, by=0, lang="zh", name="", known=KNOWN, **card):
    """A run that wrote these letters, as shown; "-" is no answer."""
    rows = [
        grade(
            q,
            "不知道" if shown == "-" else f"答案：{shown}",
            task="t",
            protocol="direct",
            prompt_hash=f"{by}{lang}",
            rotation=by,
        )
        for q, shown in zip(known.values(), answers, strict=True)
    ]
    return Run(name or f"run-{lang}-{by}", rows, CARD | {"lang": lang, "rotation": by} | card)


def by_key(rows, *keys):
    return {tuple(getattr(row, key) for key in keys): row for row in rows}


PLAIN = run("ABCD")  # right, right, wrong (C), right
TURNED = run("BCC-", by=1)  # A right, B right, B right, none: shown golds are B C C A
ENGLISH = run("ABBA", lang="en")  # right, right, right, wrong (A)


def test_accuracy_and_choices_are_counted_by_the_position_shown():
    found = robustness([PLAIN, TURNED], KNOWN)
    rows = by_key(found.positions, "run", "letter")
    plain, turned = rows["zh rotation 0", "B"], rows["zh rotation 1", "C"]
    assert (plain.accuracy.percent, plain.accuracy.n, plain.gold) == (50, 2, 50)
    assert (turned.accuracy.percent, turned.accuracy.n, turned.gold) == (100, 2, 50)
    assert turned.chosen == pytest.approx(100 * 2 / 3)  # of three answered
    assert rows["zh rotation 0", "C"].accuracy is None  # no gold stands there
    assert rows["zh rotation 1", "A"].accuracy.percent == 0  # the one without an answer
    together = rows["zh all rotations", "B"]  # x/2 and x/3 as released, x/1 turned
    assert (together.accuracy.n, together.accuracy.percent) == (3, pytest.approx(200 / 3))


def test_consistency_asks_for_the_same_answer_in_every_rotation():
    (row,) = robustness([PLAIN, TURNED], KNOWN).consistency
    # x/1: A, A; x/2: B, B; x/3: C, B; x/4: D, none
    assert (row.rotations, row.same.percent) == ((0, 1), 50)
    assert (row.right_always.percent, row.right_sometimes.percent) == (50, 100)


def test_no_answer_at_all_is_not_consistent():
    found = robustness([run("ABB-"), run("BCC-", by=1)], KNOWN)
    assert found.consistency[0].same.percent == 75
    assert found.flips[0].changed.percent == 0


def test_flips_are_counted_between_rotations_and_between_languages():
    flips = by_key(robustness([PLAIN, TURNED, ENGLISH], KNOWN).flips, "first", "second")
    turned = flips["zh rotation 0", "zh rotation 1"]
    assert turned.differs == "rotation"
    assert (turned.flipped.percent, turned.changed.percent) == (50, 50)
    assert (turned.lost, turned.won) == (1, 1)  # x/4 lost, x/3 won
    spoken = flips["zh rotation 0", "en rotation 0"]
    assert spoken.differs == "language"
    assert (spoken.flipped.percent, spoken.lost, spoken.won) == (50, 1, 1)
    assert flips["zh rotation 1", "en rotation 0"].differs == "both"


def test_columns_stand_apart_and_together():
    many = {
        f"x/m{at}": question(f"x/m{at}", "AB", kind="mmcq", subset="moral_mmcq") for at in (1, 2)
    }
    known = KNOWN | many
    # Texts of A and B stand under B and C: right; A alone of them: partial, another answer.
    turned = run(["B", "C", "C", "A", "BC", "B"], by=1, known=known)
    plain = run(["A", "B", "B", "D", "AB", "AB"], known=known)
    flips = by_key(robustness([plain, turned], known).flips, "column")
    rates = {column[0]: (row.flipped.n, row.flipped.percent) for column, row in flips.items()}
    assert rates == {
        "x moral_smcq": (4, 0),
        "x moral_mmcq": (2, 50),
        "all": (6, pytest.approx(100 / 6)),
    }


def test_an_interval_counts_a_vignette_once():
    shared = {item: q.model_copy(update={"cluster": "v"}) for item, q in KNOWN.items()}
    (row,) = robustness([PLAIN, TURNED], shared).flips
    assert (row.flipped.percent, row.flipped.interval) == (50, None)  # one witness tells no spread


REFUSED = [
    pytest.param([PLAIN], "two or more runs", id="one run"),
    pytest.param([PLAIN, run("ABCD", name="again")], "again and run-zh-0 are both", id="the same"),
    pytest.param(
        [PLAIN, run("BCC-", by=1, model_args={"pretrained": "other"})],
        r"run-zh-1 differs from run-zh-0 in model_args: .*'other'",
        id="another model",
    ),
    pytest.param(
        [PLAIN, run("BCC-", by=1, protocol="fair-8192")],
        "in run.json's protocol: 'fair-8192' against 'direct'",
        id="another protocol",
    ),
    pytest.param(
        [PLAIN, run("BCC-", by=1)._replace(outcomes=run("BCC-", by=1).outcomes[1:])],
        r"items: 1 item \(x/1\) missing",
        id="other items",
    ),
    pytest.param(
        [PLAIN, run("BCC-", by=1)._replace(passport={})], "no run.json", id="an unknown model"
    ),
    pytest.param(
        [PLAIN, Run("mixed", [*PLAIN.outcomes[:2], *TURNED.outcomes[2:]], CARD)],
        r"mixed: several rotations in one run \(x/2 and x/4\)",
        id="two rotations in one run",
    ),
]


@pytest.mark.parametrize(("runs", "words"), REFUSED)
def test_runs_that_differ_in_anything_else_are_refused(runs, words):
    with pytest.raises(RunError, match=words):
        robustness(runs, KNOWN)


def test_many_runs_are_shown_together_and_each_in_csv(capsys):
    runs = [PLAIN, ENGLISH, TURNED, run("CDDB", by=2)]
    known = {item: q.model_copy() for item, q in KNOWN.items()}
    known["x/4"] = known["x/4"].model_copy(update={"subset": "case_smcq"})
    found = robustness(runs, known)
    assert found.runs == ("zh rotation 0", "zh rotation 1", "zh rotation 2", "en rotation 0")
    shown = cli_robustness.text(found, "table")
    by_position, item_by_item = shown.split("\nItem by item")
    assert "zh all rotations" in by_position
    assert "zh rotation 1" not in by_position
    assert "both" not in item_by_item
    assert "x moral_smcq" not in item_by_item
    assert "--format json or csv holds each" in capsys.readouterr().err
    each = list(csv.DictReader(io.StringIO(cli_robustness.text(found, "csv"))))
    assert {row["run"] for row in each} >= set(found.runs)


# The commands -------------------------------------------------------------------------------------

pytest.importorskip("lm_eval.models.huggingface", reason="the hf backend is not installed")


@pytest.fixture(scope="module")
def folders(tiny_model, tmp_path_factory):
    root = tmp_path_factory.mktemp("rotations")
    for by in (0, 1):
        words = [
            "eval", "--protocol", "likelihood", "--model", "hf", "--device", "cpu", "--tasks",
            "psyche_sample_moral_smcq,psyche_sample_moral_mmcq", "--model_args",
            f"pretrained={tiny_model},dtype=float32", "--apply_chat_template", "--output_path",
            str(root / str(by)), "--metadata", json.dumps({"rotation": by}),
        ]  # fmt: skip
        assert cli.main(words) == 0
    return root / "0", root / "1"


def read(folder):
    lines = (folder / "outcomes.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["id"]: row for row in map(json.loads, lines)}


def test_a_rotated_run_is_another_run_with_the_same_gold(folders, tiny_model):
    plain, turned = map(read, folders)
    assert plain.keys() == turned.keys()
    assert {row["rotation"] for row in turned.values()} == {1}
    assert all(turned[item]["gold"] == row["gold"] for item, row in plain.items())
    assert all(turned[item]["prompt_hash"] != row["prompt_hash"] for item, row in plain.items())
    assert json.loads((folders[1] / "run.json").read_text())["rotation"] == 1
    assert "rotation:1" in json.loads((folders[1] / "run.json").read_text())["signature"]


def test_scores_are_those_of_the_reply_in_the_letters_of_the_release(folders):
    released = {q.id: q.options for q in sources.load("sample", "test")}
    for item, row in read(folders[1]).items():
        assert (row["scores"]["standard"] == 1) == (row["predicted"] == row["gold"])
        order = "".join(released[item])
        back = str.maketrans(order, order[-1] + order[:-1])
        shown = row["reply"].split("：")[1][: len(row["predicted"])]
        assert "".join(sorted(shown.translate(back))) == row["predicted"]


def test_rescoring_a_rotated_run_changes_nothing(folders, capsys, tmp_path):
    assert cli.main(["score", str(folders[1]), "--out", str(tmp_path / "again.jsonl")]) == 0
    assert (tmp_path / "again.jsonl").read_bytes() == (folders[1] / "outcomes.jsonl").read_bytes()


def test_another_rotation_is_refused_in_the_same_folder(folders, tiny_model, capsys):
    settings = json.loads((folders[0] / "settings.json").read_text())
    words = ["eval", "--protocol", "likelihood", "--model", "hf", "--device", "cpu", "--tasks",
             ",".join(settings["tasks"]), "--model_args", f"pretrained={tiny_model},dtype=float32",
             "--apply_chat_template", "--output_path", str(folders[0]),
             "--metadata", '{"rotation": 2}']  # fmt: skip
    assert cli.main(words) == 1
    assert "rotation: 0 → 2" in capsys.readouterr().err


def test_language_and_metadata_must_agree(capsys):
    with pytest.raises(SystemExit) as caught:
        cli.main(["eval", "--lang", "zh", "--tasks", "psyche_sample", "--metadata",
                  '{"lang": "en"}'])  # fmt: skip
    assert caught.value.code == 2
    assert "--lang zh, but --metadata says 'en'" in capsys.readouterr().err


def test_the_command_prints_every_form(folders, capsys):
    words = ["robustness", *map(str, folders)]
    assert cli.main([*words, "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], found["items"]) == ("tiny", 24)
    assert {row["column"] for row in found["flips"]} == {
        "sample moral_smcq", "sample moral_mmcq", "all",
    }  # fmt: skip
    assert cli.main([*words, "--format", "csv"]) == 0
    table = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert {"flipped", "changed", "same answer", "chosen"} <= {row["figure"] for row in table}
    assert cli.main(words) == 0
    shown = capsys.readouterr().out
    for heading in ("By position", "Over rotations", "Item by item"):
        assert heading in shown


def test_compare_refuses_runs_of_different_rotation(folders, capsys):
    assert cli.main(["compare", *map(str, folders)]) == 1
    assert "rotation: 1 against 0" in capsys.readouterr().err
