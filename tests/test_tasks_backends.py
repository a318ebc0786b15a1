"""Backends on a tiny real model: one BOS, bounded batches, exact counts, nothing asked twice."""

import pytest

from psyche_bench.errors import RunError
from psyche_bench.tasks.journal import Journal, Reply, request_key

pytest.importorskip("lm_eval.models.huggingface", reason="the hf backend is not installed")

from lm_eval.api.instance import Instance  # after the check above
from lm_eval.api.registry import get_model  # after the check above
from tiny import BOS  # after the check above

from psyche_bench.tasks import backends, prefill  # after the check above

GREEDY = {"until": [], "do_sample": False, "temperature": 0.0}
TEXTS = ["题目一", "A longer question about attachment theory", "短", "情绪调节的策略有哪些？"]


def request(text, cap=8, **arguments):
    return Instance("generate_until", {}, (text, {**GREEDY, "max_gen_toks": cap, **arguments}), 0)


def comparison(context, continuation):
    return Instance("loglikelihood", {}, (context, continuation), 0)


def model(tiny_model, path, batch_tokens=8192, **arguments):
    name = backends.resumable("hf", Journal(path), batch_tokens)
    given = {"pretrained": str(tiny_model), "dtype": "float32", "device": "cpu", **arguments}
    return get_model(name).create_from_arg_obj(given)


@pytest.fixture
def backend(tiny_model, tmp_path):
    return model(tiny_model, tmp_path / "journal.jsonl")


def test_replies_are_those_of_lm_evals_own_backend(backend, tiny_model):
    own = get_model("hf").create_from_arg_obj(
        {"pretrained": str(tiny_model), "dtype": "float32", "device": "cpu", "batch_size": 4}
    )
    requests = [request(text) for text in TEXTS]
    assert backend.generate_until(requests) == own.generate_until(requests)


def test_prompts_worked_through_alone_leave_the_keys_of_a_padded_batch(backend):
    import torch

    tokens, mask = backend.tok_batch_encode(TEXTS)
    cache = prefill.prefilled(backend.model, tokens, mask)
    positions = (mask.cumsum(1) - 1).clamp(min=0)
    whole = backend.model(tokens, attention_mask=mask, position_ids=positions).past_key_values
    real = mask[:, None, :-1, None].bool()
    for mine, theirs in zip(cache.layers, whole.layers, strict=True):
        for part in ("keys", "values"):
            told = getattr(theirs, part)[:, :, :-1].masked_fill(~real, 0.0)
            torch.testing.assert_close(getattr(mine, part), told)


def test_what_keeps_more_than_plain_keys_is_left_to_generate(backend):
    from transformers import MistralConfig, MistralForCausalLM

    tokens, mask = backend.tok_batch_encode(TEXTS)
    shape = {"hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1}
    heads = {"num_attention_heads": 1, "num_key_value_heads": 1, "sliding_window": 4}
    sliding = MistralForCausalLM(MistralConfig(vocab_size=300, **shape, **heads))
    assert prefill.prefilled(sliding, tokens, mask) is None
    assert prefill.prefilled(backend.model, *backend.tok_batch_encode(TEXTS[:1])) is None


def test_replies_come_in_the_order_of_the_requests(backend):
    replies = backend.generate_until([request(text) for text in TEXTS])
    alone = [backend.generate_until([request(text)])[0] for text in TEXTS]
    assert replies == alone


def test_a_reply_knows_its_tokens_and_the_cap(backend):
    replies = backend.generate_until([request(text, cap=6) for text in TEXTS])
    assert all(isinstance(reply, Reply) for reply in replies)
    assert all(0 <= reply.tokens <= 6 for reply in replies)
    assert all(reply.capped == (reply.tokens == 6) for reply in replies)


def test_an_ending_token_ends_a_reply_and_is_not_counted(backend):
    end = backend.eot_token_id
    words = backend.tok_encode("好", add_special_tokens=False)
    reply = backend._reply([*words, end, *words], [], cap=9)
    assert (reply, reply.tokens, reply.capped) == ("好", len(words), False)


def test_stop_strings_of_a_user_are_honoured(backend):
    words = backend.tok_encode("是。不", add_special_tokens=False)
    assert backend._reply(words, ["。"], cap=99) == "是"


@pytest.mark.parametrize("chat", [True, False], ids=["chat template", "plain text"])
def test_a_prompt_has_exactly_one_bos(backend, chat):
    # The template writes one and the tokeniser would add another.
    text = "题目：动机是什么？"
    if chat:
        text = backend.apply_chat_template([{"role": "user", "content": text}])
        assert text.startswith(BOS)
    batch, _ = backend.tok_batch_encode([text, text])
    for row in (*batch.tolist(), backend.tok_encode(text)):
        assert row.count(backend.tokenizer.bos_token_id) == 1


def test_batches_are_bounded_by_padded_tokens_and_lose_no_request(backend):
    requests = [request("字" * size) for size in (400, 300, 20, 20, 10, 5, 1)]
    lengths = {id(r): len(backend.tok_encode(r.args[0])) for r in requests}
    requests.sort(key=lambda r: -lengths[id(r)])
    backend.batch_tokens = 1300
    batches = list(backend._batches(requests, lengths))
    assert [len(batch) for batch in batches] == [1, 1, 5]
    assert [r for batch in batches for r in batch] == requests
    for batch in batches[1:]:
        assert len(batch) * lengths[id(batch[0])] <= 1300


def test_an_explicit_batch_size_bounds_the_rows(tiny_model, tmp_path):
    backend = model(tiny_model, tmp_path / "j.jsonl", batch_size=2)
    requests = [request(text) for text in TEXTS]
    lengths = {id(r): 4 for r in requests}
    assert [len(batch) for batch in backend._batches(requests, lengths)] == [2, 2]


def test_a_prompt_that_does_not_fit_is_an_error_before_anything_is_written(tiny_model, tmp_path):
    path = tmp_path / "journal.jsonl"
    backend = model(tiny_model, path, max_length=64)
    with pytest.raises(RunError, match=r"context of 64 tokens.*smaller cap"):
        backend.generate_until([request("短"), request("长" * 40)])
    assert path.read_bytes() == b""


def test_what_the_journal_holds_is_not_asked_again(tiny_model, tmp_path, monkeypatch):
    path = tmp_path / "journal.jsonl"
    first = model(tiny_model, path).generate_until([request(text) for text in TEXTS[:2]])
    again = model(tiny_model, path)
    asked = []
    write = type(again)._write
    monkeypatch.setattr(type(again), "_write", lambda s, b: asked.extend(b) or write(s, b))
    replies = again.generate_until([request(text) for text in TEXTS])
    assert [r.args[0] for r in sorted(asked, key=lambda r: TEXTS.index(r.args[0]))] == TEXTS[2:]
    assert replies[:2] == first
    assert (replies[0].tokens, replies[0].capped) == (first[0].tokens, first[0].capped)


def test_the_same_text_under_two_protocols_is_asked_twice(backend):
    short, long = backend.generate_until([request("题", cap=2), request("题", cap=9)])
    assert short.tokens <= 2 < long.tokens
    assert len(backend.journal.known) == 2


def test_a_request_that_stands_twice_is_asked_once_and_answered_twice(backend):
    replies = backend.generate_until([request("题"), request("题")])
    assert replies[0] == replies[1]
    assert len(backend.journal.known) == 1


def test_likelihoods_are_lm_evals_own_and_are_kept(backend, tiny_model, tmp_path):
    own = get_model("hf").create_from_arg_obj(
        {"pretrained": str(tiny_model), "dtype": "float32", "device": "cpu"}
    )
    requests = [comparison("题目：", f"（{letters}）") for letters in ("A", "B", "AB")]
    values = backend.loglikelihood(requests)
    for (mine, greedy), (theirs, their_greedy) in zip(
        values, own.loglikelihood(requests), strict=True
    ):
        assert mine == pytest.approx(theirs, abs=1e-4)
        assert greedy == their_greedy
    reread = Journal(backend.journal.path).known
    assert [reread[request_key("loglikelihood", r.args)] for r in requests] == values


def test_an_unknown_backend_is_named_with_what_there_is(tmp_path):
    with pytest.raises(RunError, match=r"--model hff.*psyche-bench doctor"):
        backends.resumable("hff", Journal(tmp_path / "j.jsonl"), 8192)
