"""ROUGE and BLEU against the libraries whose numbers they promise, and at the edges."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jieba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu
from rouge_chinese import Rouge

from psyche_bench import textmetrics

# Written answers as models give them: prose, lists, blank lines, quotations, Latin, numbers.
ANSWERS = (
    "求助者的主要问题是与考试有关的焦虑情绪，持续约两个月，尚未泛化。",
    "求助者的焦虑情绪由考试引发，持续两个月左右，没有泛化到其他场合。",
    "1. 建立咨询关系；\n2. 商定咨询目标；\n3. 实施合理情绪疗法；\n4. 巩固与结束。",
    "一、诊断：一般心理问题。\n\n二、依据：\n（1）有现实刺激；\n（2）病程不足两个月；\n（3）社会功能轻度受损。\n",
    "\n\n**诊断**：严重心理问题\n\n**依据**：病程 3 个月……反应强烈，并已泛化。",
    "她说：“我什么都做不好。”咨询师问：“能举一个例子吗？”她沉默了。",
    "为什么会失眠？因为担心！担心什么？担心明天的面试。。。",
    "SCL-90 总分 186 分，SDS 标准分 58，SAS 标准分 62.5，EPQ 的 N 分 65。",
    "建议转介精神科，并做好知情同意、保密例外的说明。",
    "咨询目标应当具体、可行、积极、双方可以接受，属于心理学性质，可以评估，并且多层次统一。",
    "来访者：我睡不着......真的睡不着。\r\n咨询师：听起来你很疲惫……愿意多说一点吗？",
    "阻抗可能来自成长中的痛苦、行为的失调，或者对咨询师的不信任。‘改变’本身也会带来丧失感！",
    "好。",
    "？！",
    "OK",
    "无 法 判 断",
    "焦虑焦虑焦虑焦虑，焦虑。",
    "　　首先，共情。　　其次，澄清。　　最后，总结。",
    "该案例考虑为抑郁发作可能：情绪低落、兴趣减退、精力下降超过两周，需由精神科医生诊断。"
    "在等待就诊期间，应评估自杀风险，告知紧急联系方式，鼓励家属陪伴，并暂缓探讨创伤经历。",
)

# Characters that the tokenisers and the sentence splitter treat each in its own way.
ALPHABET = "焦虑抑郁咨询师求助者的是不，。！？?.…、；：“”‘’（）\n\r\t 　aB1-%"


def libraries(candidate: str, reference: str) -> dict[str, float]:
    """The same six numbers as rouge-chinese and NLTK give them when called the ordinary way."""
    numbers = {}
    units = {"jieba": (jieba.lcut(candidate), jieba.lcut(reference))}
    units["char"] = (list(candidate), list(reference))
    for unit, (predicted, gold) in units.items():
        rouge = Rouge().get_scores(" ".join(predicted), " ".join(gold))[0]
        numbers[f"rouge1_{unit}"] = rouge["rouge-1"]["f"] * 100
        numbers[f"rougeL_{unit}"] = rouge["rouge-l"]["f"] * 100
        bleu = sentence_bleu([gold], predicted, smoothing_function=SmoothingFunction().method3)
        numbers[f"bleu4_{unit}"] = bleu * 100
    return numbers


def check_against_libraries(candidate: str, reference: str) -> None:
    assert textmetrics.score(candidate, reference) == pytest.approx(
        libraries(candidate, reference), abs=1e-4
    )


@pytest.mark.parametrize("reference", ANSWERS, ids=range(len(ANSWERS)))
def test_written_answers_score_as_in_the_libraries(reference):
    for candidate in ANSWERS:
        check_against_libraries(candidate, reference)


texts = st.text(ALPHABET, min_size=1, max_size=60).filter(str.strip)


@settings(max_examples=300, deadline=None)
@given(candidate=texts, reference=texts)
def test_any_text_scores_as_in_the_libraries(candidate, reference):
    check_against_libraries(candidate, reference)


@settings(max_examples=100, deadline=None)
@given(
    candidate=st.text(max_size=40).filter(str.strip),
    reference=st.text(max_size=40).filter(str.strip),
)
def test_any_unicode_scores_as_in_the_libraries(candidate, reference):
    check_against_libraries(candidate, reference)


@settings(max_examples=50, deadline=None)
@given(st.text(ALPHABET, max_size=60), st.text(ALPHABET, max_size=60).filter(str.strip))
def test_scores_lie_between_0_and_100(candidate, reference):
    scores = textmetrics.score(candidate, reference)
    assert tuple(scores) == textmetrics.KEYS
    assert all(0 <= value <= 100 for value in scores.values())


def test_pceb_references_against_each_other_score_as_in_the_libraries():
    if "PSYCHE_BENCH_DATA" not in os.environ:
        pytest.skip("PSYCHE_BENCH_DATA is unset: no released data to compare on")
    folder = Path(os.environ["PSYCHE_BENCH_DATA"]) / "pceb" / "cases" / "essay"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: no written reference answers to compare on")
    answers = [
        item["answer"]
        for path in sorted(folder.rglob("*.json"))
        for case in json.loads(path.read_text(encoding="utf-8-sig"))
        for item in case["questions_and_answers"]
    ]
    assert len(answers) == 100
    for candidate, reference in zip(answers, answers[1:] + answers[:1], strict=True):
        check_against_libraries(candidate, reference)
    for answer in answers[::10]:
        check_against_libraries(answer, answer)


@pytest.mark.parametrize(
    ("candidate", "reference", "expected"),
    [
        pytest.param(
            "甲甲甲甲",
            "甲乙丙丁",
            {"rouge1_char": 200 * 1 * 0.25 / 1.25, "rougeL_char": 25.0},
            id="ROUGE-1 counts the distinct character once, ROUGE-L the sequence",
        ),
        pytest.param(
            "甲乙丙丁",
            "戊己庚辛",
            {"rouge1_char": 0.0, "rougeL_char": 0.0, "bleu4_char": 0.0},
            id="no common character scores 0 in spite of smoothing",
        ),
        pytest.param(
            "甲乙",
            "甲乙丙丁",
            # p1 = 2/2, p2 = 1/1, p3 = 1/2, p4 = 1/4 by smoothing; BP = exp(1 - 4/2)
            {"bleu4_char": 100 * (1 / 8) ** 0.25 * 2.718281828459045**-1},
            id="orders longer than the answer are smoothed, and brevity is penalised",
        ),
        pytest.param(
            "丁丙乙甲",
            "甲乙丙丁",
            # p1 = 4/4, then 1/(2*3), 1/(4*2), 1/(8*1)
            {"rouge1_char": 100.0, "rougeL_char": 25.0, "bleu4_char": 100 * (1 / 384) ** 0.25},
            id="the reversed text keeps ROUGE-1 and loses order",
        ),
    ],
)
def test_hand_arithmetic(candidate, reference, expected):
    scores = textmetrics.score(candidate, reference)
    assert {key: scores[key] for key in expected} == pytest.approx(expected, abs=1e-6)


def test_identical_texts_miss_100_by_rouge_chinese_s_1e_8_in_rouge_only():
    scores = textmetrics.score("甲乙丙丁", "甲乙丙丁")
    assert scores["bleu4_char"] == 100
    assert scores["rouge1_char"] == pytest.approx(99.9999995, abs=1e-9)
    assert scores["rougeL_char"] == pytest.approx(99.9999995, abs=1e-9)


@pytest.mark.parametrize("candidate", ["", " ", "\n\n", "\u3000\t"], ids=ascii)
def test_an_answer_without_tokens_scores_zero(candidate):
    assert textmetrics.score(candidate, "建立咨询关系。") == dict.fromkeys(textmetrics.KEYS, 0.0)


@pytest.mark.parametrize("reference", ["", " \n", "\u3000"], ids=ascii)
def test_an_empty_reference_is_an_error_that_names_the_remedy(reference):
    with pytest.raises(ValueError, match=r"reference answer is empty.*leave this item out"):
        textmetrics.score("建立咨询关系。", reference)


def test_four_thousand_characters_score_as_they_repeat():
    long = ANSWERS[-1] * 50
    assert len(long) > 4000
    scores = textmetrics.score(long, long[: len(long) // 2])
    # Half the text is a prefix: precision 1/2, recall 1 in LCS; the same distinct tokens.
    assert scores["rougeL_char"] == pytest.approx(200 * 0.5 / 1.5, abs=1e-4)
    assert scores["rouge1_char"] == pytest.approx(100, abs=1e-4)


def test_corpus_bleu_pools_counts_and_carries_its_signature():
    candidates, references = ["先共情，再澄清。", "好。"], ["先共情，后澄清。", "好。"]
    bleu, signature = textmetrics.corpus_bleu(candidates, references)
    # Pooled over both: p1 = 9/10, p2 = 6/8, p3 = 3/6, p4 = 1/5; equal lengths, so BP = 1.
    assert bleu == pytest.approx(100 * (9 / 10 * 6 / 8 * 3 / 6 * 1 / 5) ** 0.25)
    assert re.fullmatch(
        r"nrefs:1\|case:mixed\|eff:no\|tok:zh\|smooth:exp\|version:[\d.]+", signature
    )


@pytest.mark.parametrize(
    ("candidates", "references", "message"),
    [
        pytest.param(["好"], [], "1 candidates but 0 references: give", id="unequal lengths"),
        pytest.param([], [], "no texts were given: pass", id="nothing to score"),
        pytest.param(
            ["好", "好"], ["好", " "], r"index 1 is empty \(1 in all\): leave", id="no reference"
        ),
    ],
)
def test_corpus_bleu_refuses_with_a_remedy(candidates, references, message):
    with pytest.raises(ValueError, match=message):
        textmetrics.corpus_bleu(candidates, references)


def in_a_fresh_process(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | environment,
    )


def test_importing_loads_no_tokeniser():
    program = "import sys, psyche_bench.textmetrics; print({'jieba','sacrebleu'} & {*sys.modules})"
    assert in_a_fresh_process(program).stdout == "set()\n"


def test_tokenising_is_silent_and_leaves_no_file(tmp_path):
    program = "from psyche_bench.textmetrics import score; score('失眠', '焦虑与失眠')"
    assert in_a_fresh_process(program, TMPDIR=str(tmp_path)).stderr == ""
    # jieba left to itself would write, and next time trust, a jieba.cache here.
    assert list(tmp_path.iterdir()) == []


def test_words_added_to_the_shared_jieba_change_no_score():
    before = textmetrics.score("咨询关系破裂", "咨询关系稳定")
    jieba.add_word("咨询关系破", freq=10**9)
    try:
        assert "咨询关系破" in jieba.lcut("咨询关系破裂")
        assert textmetrics.score("咨询关系破裂", "咨询关系稳定") == before
    finally:
        # del_word would also force the splitting of these characters for every tokeniser.
        del jieba.dt.FREQ["咨询关系破"]
