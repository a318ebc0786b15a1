"""What a run was: nothing secret in it, everything comparable in it, one short string of it."""

import json

import pytest

from psyche_bench import outcomes, passport, sources
from psyche_bench.signature import signature

SECRETS = [
    ({"api_key": "s3cr3t"}, "by its name"),
    ({"model_args": {"auth_token": "s3cr3t"}}, "inside an object"),
    ({"headers": [{"Authorization": "Bearer s3cr3t"}]}, "inside a list"),
    ({"hf_token": ["s3cr3t", "s3cr3t"]}, "a list of them"),
    ({"PASSWORD": "s3cr3t"}, "in capitals"),
    ({"apiKey": "s3cr3t"}, "in camel case"),
    ({"client_secret": "s3cr3t"}, "a secret"),
]


@pytest.mark.parametrize("settings", [row[0] for row in SECRETS], ids=[row[1] for row in SECRETS])
def test_secrets_are_masked(settings):
    shown = json.dumps(passport.masked(settings))
    assert "s3cr3t" not in shown
    assert passport.MASK in shown


KEPT = [{"max_tokens": 1024}, {"max_gen_toks": 64}, {"tasks": ["pceb"]}, {"api_key": None},
        {"pretrained": "org/key-model"}, {"tokenizer": "x"}]  # fmt: skip


@pytest.mark.parametrize("settings", KEPT, ids=[next(iter(kept)) for kept in KEPT])
def test_what_is_no_secret_is_kept(settings):
    assert passport.masked(settings) == settings


def run(reply="答案：A", prompt_hash="abc", protocol="direct"):
    questions = sources.load("sample", "test")[:3]
    return [
        outcomes.grade(q, reply, task="t", protocol=protocol, prompt_hash=prompt_hash)
        for q in questions
    ]


SETTINGS = {
    "model": "hf", "model_args": {"pretrained": "x", "token": "s3cr3t"}, "backend": "hf",
    "protocol": "direct", "lang": "zh", "limit": None,
}  # fmt: skip


def test_a_passport_holds_what_a_comparison_needs_and_is_plain_json():
    record = passport.passport(SETTINGS, run())
    assert json.loads(json.dumps(record)) == record
    assert "s3cr3t" not in json.dumps(record)
    assert record["items"] == 3
    assert record["versions"]["psyche-bench"]
    assert record["data_hashes"] == {"sample": sources.data_hash("sample")}
    for part in ("tasks:t", "protocol:direct", "lang:zh", "backend:hf", "view:repaired"):
        assert part in record["signature"].split("|")
    assert "limit" not in record["signature"]


def test_the_signature_follows_prompts_and_not_replies():
    signed = passport.passport(SETTINGS, run())["signature"]
    assert passport.passport(SETTINGS, run(reply="别的"))["signature"] == signed
    assert passport.passport(SETTINGS, run(prompt_hash="abd"))["signature"] != signed
    assert passport.passport(SETTINGS | {"limit": 3}, run())["signature"] != signed


def test_a_signature_keeps_its_order_and_leaves_the_unknown_out():
    assert signature({"b": 1, "a": None, "c": 0}) == "b:1|c:0"
    assert signature({}) == ""
