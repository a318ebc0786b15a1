"""The lm-eval tasks themselves: they load, render, keep exemplars fixed, and hide the gold."""

import json
from pathlib import Path

import pytest

from psyche_bench import prompting, rotation, sources
from psyche_bench.errors import DataError, RunError
from psyche_bench.tasks import catalogue, exemplars
from psyche_bench.tasks.journal import Reply

lm_eval_tasks = pytest.importorskip("lm_eval.tasks", reason="lm_eval is not installed")

SAMPLE_CHOICES = [
    f"psyche_sample_{chapter}_{kind}"
    for chapter in ("case", "moral", "theory")
    for kind in ("smcq", "mmcq")
]


def load(names, **metadata):
    manager = lm_eval_tasks.TaskManager(
        include_path=str(catalogue.tasks_path()), include_defaults=False, metadata=metadata
    )
    return manager.load([names] if isinstance(names, str) else names)["tasks"]


def only(name, **metadata):
    return load(name, **metadata)[name]


def render(task, doc, **kwargs):
    return task.fewshot_context(doc, task.config.num_fewshot, **kwargs)


def test_every_yaml_file_is_a_task_or_group_lm_eval_knows():
    manager = lm_eval_tasks.TaskManager(
        include_path=str(catalogue.tasks_path()), include_defaults=False
    )
    written = {path.stem.removeprefix("_") for path in catalogue.tasks_path().glob("*/*.yaml")}
    # A YAML that does not parse is skipped by lm_eval without a word.
    assert written == set(manager.all_tasks)


def test_the_sample_group_loads_all_of_its_tasks():
    assert set(load("psyche_sample")) == {
        *SAMPLE_CHOICES,
        "psyche_sample_case_qa",
        "psyche_sample_counselling",
    }


@pytest.mark.parametrize(
    ("protocol", "cap"), [("paper-1024", 1024), ("fair-8192", 8192), ("direct", 64)]
)
def test_a_protocol_sets_the_cap_and_no_stop_strings(protocol, cap):
    arguments = only("psyche_sample_moral_smcq", protocol=protocol).config.generation_kwargs
    assert arguments["max_gen_toks"] == cap
    assert arguments["until"] == []
    assert arguments["temperature"] == 0.0
    assert arguments["do_sample"] is False


def test_the_default_protocol_is_the_papers():
    assert only("psyche_sample_moral_smcq").protocol.name == "paper-1024"


def test_an_unknown_protocol_is_named_with_those_there_are():
    with pytest.raises(RunError, match=r"'paper-2048'.*paper-1024"):
        load("psyche_sample_moral_smcq", protocol="paper-2048")


def test_an_unknown_language_is_named():
    with pytest.raises(DataError, match="'de'"):
        load("psyche_sample_moral_smcq", lang="de")


@pytest.mark.parametrize("kind", ["smcq", "mmcq"])
def test_likelihood_compares_every_option_set_closed_by_a_bracket(kind):
    task = only(f"psyche_sample_theory_{kind}", protocol="likelihood")
    doc = task.task_docs[0]
    letters = len(task.questions[doc["id"]].options)
    assert task.OUTPUT_TYPE == "multiple_choice"
    assert len(doc["continuations"]) == (letters if kind == "smcq" else 2**letters - 1)
    assert all(text.startswith("（") and text.endswith("）") for text in doc["continuations"])


def test_likelihood_still_generates_written_answers():
    assert only("psyche_sample_case_qa", protocol="likelihood").OUTPUT_TYPE == "generate_until"


def test_likelihood_takes_the_likeliest_set():
    task = only("psyche_sample_theory_mmcq", protocol="likelihood")
    doc = task.task_docs[0]
    gold = task.questions[doc["id"]].gold
    results = [(0.0 if letters == gold else -9.0, False) for letters in doc["choices"]]
    assert task.process_results(doc, results)["standard"] == 1.0


def test_a_reply_is_graded_with_tokens_and_cap():
    task = only("psyche_sample_moral_smcq", protocol="direct")
    doc = task.task_docs[0]
    gold = task.questions[doc["id"]].gold
    metrics = task.process_results(doc, [Reply(f"答案：{gold}", 5, capped=False)])
    assert metrics == {
        "standard": 1.0,
        "elastic": 1.0,
        "standard_by_item": 1.0,
        "elastic_by_item": 1.0,
        "answered": 1.0,
        "truncated": 0.0,
        "tokens": 5.0,
        "capped": 0.0,
    }


def test_a_bare_string_of_plain_lm_eval_is_graded_without_counts():
    task = only("psyche_sample_moral_smcq", protocol="direct")
    metrics = task.process_results(task.task_docs[0], ["我不知道。"])
    assert metrics["answered"] == 0.0
    assert "tokens" not in metrics


def test_the_cap_without_an_answer_counts_as_truncated():
    task = only("psyche_sample_moral_smcq")
    metrics = task.process_results(task.task_docs[0], [Reply("先看题目", 1024, capped=True)])
    assert (metrics["truncated"], metrics["answered"], metrics["standard"]) == (1.0, 0.0, 0.0)


def test_five_shot_shows_five_fixed_exemplars_and_the_item_last():
    task = only("psyche_sample_5shot_moral_mmcq")
    doc = task.task_docs[3]
    text = render(task, doc)
    shots = exemplars.for_question(task.questions[doc["id"]])
    places = [text.index(shot.stem) for shot in shots]
    assert len(shots) == 5
    assert places == sorted(places)
    assert text.endswith(doc["prompt"])
    assert text.count("答案：" + str(shots[0].gold)) >= 1
    assert render(task, doc) == text  # nothing is drawn


def test_few_shot_as_turns_and_as_one_turn_hold_the_same_words():
    task = only("psyche_sample_5shot_moral_mmcq")

    def template(messages, add_generation_prompt=True):
        return json.dumps(messages, ensure_ascii=False)

    kwargs = {"apply_chat_template": True, "chat_template": template}
    doc = task.task_docs[0]
    turns = json.loads(render(task, doc, fewshot_as_multiturn=True, **kwargs))
    one = json.loads(render(task, doc, fewshot_as_multiturn=False, **kwargs))
    assert [turn["role"] for turn in turns] == ["user", "assistant"] * 5 + ["user"]
    assert [turn["role"] for turn in one] == ["user"]
    assert all(turn["content"] in one[0]["content"] for turn in turns)


def test_another_number_of_shots_is_refused():
    task = only("psyche_sample_5shot_moral_mmcq")
    with pytest.raises(DataError, match="3 exemplars were asked for, 5 are fixed"):
        task.fewshot_context(task.task_docs[0], 3)


def test_zero_shot_tasks_cannot_be_turned_few_shot_from_outside():
    # lm_eval never overwrites a configured 0 with --num_fewshot.
    assert only("psyche_sample_moral_smcq").config.num_fewshot == 0


def test_prompts_differ_by_protocol_language_and_shots_and_so_do_their_hashes():
    hashes = [
        only("psyche_sample_moral_smcq").task_docs[0]["prompt_hash"],
        only("psyche_sample_moral_smcq", protocol="direct").task_docs[0]["prompt_hash"],
        only("psyche_sample_moral_smcq", lang="en").task_docs[0]["prompt_hash"],
        only("psyche_sample_5shot_moral_smcq").task_docs[0]["prompt_hash"],
    ]
    assert len(set(hashes)) == 4


def test_a_rotation_moves_what_is_shown_and_asked_for():
    plain, turned = only("psyche_sample_moral_mmcq"), only("psyche_sample_moral_mmcq", rotation=1)
    for doc, other in zip(plain.task_docs, turned.task_docs, strict=True):
        question = plain.questions[doc["id"]]
        shown = rotation.rotate(question, 1)
        assert other["prompt_hash"] != doc["prompt_hash"]
        assert f"B. {question.options['A']}" in other["prompt"]
        assert other["target"] == f"答案：{shown.gold}"
        right = turned.process_results(other, [Reply(f"答案：{shown.gold}", 5, capped=False)])
        assert right["standard"] == 1.0


def test_a_rotation_leaves_exemplars_and_written_answers_alone():
    shots = [
        only("psyche_sample_5shot_moral_mmcq", rotation=by).fewshot_docs()[0]["prompt"]
        for by in (0, 1)
    ]
    assert shots[0] == shots[1]
    written = only("psyche_sample_case_qa", rotation=1).task_docs[0]
    assert written["rotation"] == 0
    assert written["prompt_hash"] == only("psyche_sample_case_qa").task_docs[0]["prompt_hash"]


def test_a_rotation_that_is_none_is_refused():
    with pytest.raises(RunError, match="rotation 'once': a whole number from 0"):
        only("psyche_sample_moral_smcq", rotation="once")


def test_a_dialogue_becomes_chat_turns_and_ends_with_the_client():
    task = only("psyche_sample_counselling")
    doc = task.task_docs[2]

    def template(messages, add_generation_prompt=True):
        return json.dumps(messages, ensure_ascii=False)

    turns = json.loads(render(task, doc, apply_chat_template=True, chat_template=template))
    history = task.questions[doc["id"]].history
    assert [turn["role"] for turn in turns] == ["system", *(t.role for t in history), "user"]
    assert turns[-1]["content"] == doc["prompt"]


def test_a_dialogue_without_chat_template_is_a_transcript():
    task = only("psyche_sample_counselling")
    doc = task.task_docs[2]
    text = render(task, doc)
    assert text.endswith("咨询师：")
    assert f"来访者：{doc['prompt']}" in text


@pytest.mark.parametrize(
    ("group", "tasks"),
    [
        ("pceb", 7),
        ("cpsyexam", 4),
        ("cpsyexam_5shot", 4),
        ("cpsyexam_dev", 4),
        ("cpsyexam_dev_5shot", 4),
    ],
)
def test_the_benchmarks_load_whole(data_root, group, tasks):
    loaded = load(group)
    expected = {"pceb": 3963, "cpsyexam": 3902, "cpsyexam_dev": 1097}
    assert len(loaded) == tasks
    size = sum(len(task.task_docs) for task in loaded.values())
    assert size == expected[group.removesuffix("_5shot")]


def test_withheld_golds_give_no_score_at_all(data_root):
    task = only("cpsyexam_ca_smcq")
    doc = task.task_docs[0]
    metrics = task.process_results(doc, ["答案：A"])
    assert "standard" not in metrics
    assert metrics["answered"] == 1.0


def test_exemplars_are_well_formed_train_items_and_stand_in_no_tested_split(data_root):
    train = {question.id: question for question in sources.load("cpsyexam", "train")}
    tested = {
        (q.stem, frozenset(q.options.values()))
        for split in ("dev", "test")
        for q in sources.load("cpsyexam", split)
    }
    for group, ids in exemplars.chosen().items():
        assert len(set(ids)) == 5, group
        if group.startswith("cpsyexam/"):
            for item in ids:
                question = train[item]
                assert set(question.gold) <= set(question.options)
                assert (len(question.gold) > 1) == (question.kind == "mmcq")
                assert (question.stem, frozenset(question.options.values())) not in tested


def test_every_file_of_cpsyexam_has_exemplars(data_root):
    for split in ("dev", "test"):
        for question in sources.load("cpsyexam", split):
            shots = exemplars.for_question(question)
            assert {shot.kind for shot in shots} == {question.kind}


def test_no_prompt_of_a_five_shot_task_shows_an_explanation(data_root):
    for name, task in load("cpsyexam_dev_5shot").items():
        for doc in task.task_docs.select(range(min(5, len(task.task_docs)))):
            question = task.questions[doc["id"]]
            text = render(task, doc)
            shown = [shot.analysis for shot in exemplars.for_question(question)]
            for analysis in [question.analysis, *shown]:
                assert len(analysis) < 15 or analysis not in text, name


def test_needed_data_names_sources_and_splits_once():
    needed = catalogue.needed_data(["pceb", "cpsyexam_dev_qa", "hellaswag"])
    assert needed == [("cpsyexam_qa", "dev"), ("pceb", None), ("pceb_case_qa", None)]


def test_the_folder_of_tasks_is_where_the_yaml_files_are():
    assert (Path(catalogue.tasks_path()) / "pceb" / "pceb_case_smcq.yaml").is_file()


def test_the_unit_of_a_prompt_hash_is_the_words_the_model_reads():
    task = only("psyche_sample_moral_smcq", protocol="direct")
    doc = task.task_docs[0]
    assert doc["prompt_hash"] == prompting.text_hash(doc["prompt"])


def test_a_system_turn_of_the_data_stands_in_the_place_of_ours():
    task = only("psyche_sample_counselling")
    doc = task.task_docs[2]
    question = task.questions[doc["id"]]
    released = {"role": "system", "content": "你是一位咨询师。"}
    history = [released, *(turn.model_dump() for turn in question.history)]
    changed = question.model_validate(question.model_dump() | {"history": history})
    assert task._messages(changed)[0] == released
    assert [turn["role"] for turn in task._messages(changed)].count("system") == 1
    assert task._messages(changed, "mine")[0]["content"] == "mine"
