"""Golden rendered prompts for every task and style, so that none changes unseen.

The sample's prompts are committed as text. The benchmarks' may not be redistributed, so for their
tasks a hash over all rendered prompts is committed instead. After a wanted change run

    PSYCHE_BENCH_REWRITE=1 pytest tests/test_tasks_golden.py

and read the difference. The chat template is the tiny model's.
"""

import json
import os
from pathlib import Path

import pytest
from tiny import BOS, byte_tokeniser

from psyche_bench.jsonl import read_json, write_json, write_text
from psyche_bench.prompting import text_hash
from psyche_bench.tasks import catalogue

lm_eval_tasks = pytest.importorskip("lm_eval.tasks", reason="lm_eval is not installed")

GOLDEN = Path(__file__).parent / "golden" / "tasks"
STYLES = {
    "plain": {},
    "turns": {"apply_chat_template": True, "fewshot_as_multiturn": True},
    "one-turn": {"apply_chat_template": True, "fewshot_as_multiturn": False},
}
TASKS = [row["name"] for row in catalogue.listing() if row["kind"] == "task"]
SAMPLE = [name for name in TASKS if "sample" in name]
LOCAL = [name for name in TASKS if name.startswith("counselling_psydt")]  # no copy is to be had
# The two halves of PCEB (Figure 4) show the same prompts, and need a list of ids.
HALVES = [name for name in TASKS if "challenging" in name]
RELEASED = [name for name in TASKS if name not in (*SAMPLE, *LOCAL, *HALVES)]


@pytest.fixture(scope="module")
def tokeniser():
    return byte_tokeniser()


def task(name, **metadata):
    manager = lm_eval_tasks.TaskManager(
        include_path=str(catalogue.tasks_path()), include_defaults=False, metadata=metadata
    )
    return manager.load([name])["tasks"][name]


def render(loaded, doc, style, tokeniser):
    def template(messages, add_generation_prompt=True):
        return tokeniser.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=add_generation_prompt
        )

    chosen = STYLES[style]
    chat = {"chat_template": template} if chosen else {}
    return loaded.fewshot_context(doc, loaded.config.num_fewshot, **chosen, **chat)


def tokens(text, tokeniser):
    """As lm_eval encodes: no BOS is added where the text starts with one."""
    return tokeniser.encode(text, add_special_tokens=not text.startswith(BOS))


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("name", SAMPLE)
def test_the_samples_prompts_are_the_committed_ones(name, style, tokeniser):
    loaded = task(name)
    text = render(loaded, loaded.task_docs[0], style, tokeniser)
    path = GOLDEN / f"{name}.{style}.txt"
    if os.environ.get("PSYCHE_BENCH_REWRITE"):
        write_text(path, text)
    assert text == path.read_text(encoding="utf-8")
    assert tokens(text, tokeniser).count(tokeniser.bos_token_id) == 1


@pytest.mark.parametrize("protocol", ["direct", "likelihood"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_protocols_and_languages_have_their_own_committed_prompts(protocol, lang, tokeniser):
    loaded = task("psyche_sample_case_mmcq", protocol=protocol, lang=lang)
    text = render(loaded, loaded.task_docs[0], "plain", tokeniser)
    path = GOLDEN / f"psyche_sample_case_mmcq.{protocol}.{lang}.txt"
    if os.environ.get("PSYCHE_BENCH_REWRITE"):
        write_text(path, text)
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("style", STYLES)
def test_the_benchmarks_prompts_have_the_committed_hashes(data_root, style, tokeniser):
    path = GOLDEN / f"hashes.{style}.json"
    found = {}
    for name in RELEASED:
        loaded = task(name)
        texts = [render(loaded, doc, style, tokeniser) for doc in loaded.task_docs]
        assert all(
            tokens(text[:40], tokeniser).count(tokeniser.bos_token_id) == 1 for text in texts[:20]
        )
        found[name] = {"prompts": len(texts), "hash": text_hash(*texts)}
    if os.environ.get("PSYCHE_BENCH_REWRITE"):
        write_json(path, found)
    assert json.dumps(found, sort_keys=True) == json.dumps(read_json(path), sort_keys=True)
