"""The chat client against a stand-in endpoint: stored, retried, paced, bounded, secret."""

import asyncio
import time

import pytest
from scripted import Reaction, completion, serving

pytest.importorskip("openai", reason="the extra `judge` is not installed")
pytest.importorskip("aiohttp", reason="the extra `judge` is not installed")

from psyche_bench.budget import Budget, Price, Prices, read_prices
from psyche_bench.chat import Call, Client, plan
from psyche_bench.errors import BudgetExhausted, ChatError, DataError
from psyche_bench.store import Store

QUICK = {"base_wait": 0.01, "timeout": 5.0}


def asking(number=0):
    return [{"role": "user", "content": f"第{number}句"}]


def run(server, *numbers, **settings):
    """Ask so many things at once; the replies or errors in order, and the usage."""

    async def all_of_them():
        async with Client(server.url, **(QUICK | settings)) as client:
            calls = [client.chat("m", asking(number), temperature=0) for number in numbers]
            return await asyncio.gather(*calls, return_exceptions=True), client.usage

    return asyncio.run(all_of_them())


def echo(body, _):
    return Reaction(body["messages"][-1]["content"])


def once(reaction):
    """The reaction at first, an answer after it."""
    return lambda body, asked: reaction if asked == 0 else echo(body, asked)


def test_an_answer_is_read_with_its_counts():
    with serving(echo) as server:
        (reply,), usage = run(server, 7)
    assert reply[:7] == ("第7句", "", "stop", "stand-in-1", 10, 5, False)
    assert (usage.calls, usage.tokens_in, usage.tokens_out) == (1, 10, 5)
    assert server.bodies == [{"model": "m", "messages": asking(7), "temperature": 0}]


def test_no_call_is_paid_twice(tmp_path):
    with serving(echo) as server:
        run(server, *range(20), store=tmp_path / "calls.sqlite")
        replies, usage = run(server, *range(20), store=tmp_path / "calls.sqlite")
        assert len(server.bodies) == 20
    assert all(reply.stored for reply in replies)
    assert (usage.calls, usage.from_store) == (0, 20)


def test_equal_calls_under_way_are_one_call():
    with serving(lambda body, _: echo(body, _)._replace(delay=0.05)) as server:
        replies, _ = run(server, 1, 1, 1)
        assert len(server.bodies) == 1
    assert {reply.text for reply in replies} == {"第1句"}


def test_another_sample_is_another_call():
    async def three(url):
        async with Client(url, **QUICK) as client:
            return [
                (await client.chat("m", asking(), sample=number)).stored for number in (0, 1, 0)
            ]

    with serving(echo) as server:
        assert asyncio.run(three(server.url)) == [False, False, True]


@pytest.mark.parametrize(
    "reaction",
    [
        pytest.param(
            Reaction(status=429, headers={"Retry-After": "0.05"}), id="a 429 that says when"
        ),
        pytest.param(Reaction(status=429), id="a 429 that does not"),
        pytest.param(Reaction(status=500), id="a 500"),
        pytest.param(
            Reaction(status=503, headers={"Retry-After": "soon"}), id="a wrong Retry-After"
        ),
        pytest.param(Reaction(cut=True), id="a connection cut in the middle"),
        pytest.param(Reaction(body=b""), id="an empty body"),
        pytest.param(Reaction(body=b"<html>busy</html>"), id="a page instead of JSON"),
        pytest.param(Reaction(body=b'{"choices": []}'), id="no choice"),
        pytest.param(Reaction(body=b"[" * 100_000), id="a nest too deep"),
        pytest.param(Reaction(body=b"null"), id="nothing"),
        pytest.param(Reaction(delay=3.0), id="too slow"),
    ],
)
def test_is_asked_again_after(reaction):
    with serving(once(reaction)) as server:
        (reply,), usage = run(server, 1, timeout=0.5)
    assert reply.text == "第1句"
    assert usage.refused == 1


@pytest.mark.parametrize(
    ("reaction", "said"),
    [
        pytest.param(
            Reaction(status=400, body=b'{"error": "bad"}'), "HTTP 400", id="a bad request"
        ),
        pytest.param(Reaction(status=401), "environment variable OPENAI_API_KEY", id="a wrong key"),
        pytest.param(Reaction(status=404), "--base-url", id="an unknown model"),
        pytest.param(
            Reaction(status=429, body=b'{"error": {"code": "insufficient_quota"}}'),
            "insufficient_quota",
            id="an empty account",
        ),
        pytest.param(
            Reaction(status=429, headers={"Retry-After": "86400"}), "86400 s", id="a day's wait"
        ),
    ],
)
def test_is_not_asked_again_after(reaction, said):
    with serving(lambda *_: reaction) as server:
        (error,), _ = run(server, 1)
        assert len(server.bodies) == 1
    assert isinstance(error, ChatError)
    assert said in str(error)


def test_a_call_that_always_fails_is_given_up_with_its_reason():
    with serving(lambda *_: Reaction(status=500, body=b"the engine burns")) as server:
        (error,), _ = run(server, 1, tries=3)
        assert len(server.bodies) == 3
    assert "after 3 tries" in str(error)
    assert "the engine burns" in str(error)


def test_nothing_listens(tmp_path):
    with serving(echo) as server:
        pass
    (error,), _ = run(server, 1, tries=2)
    assert "no connection" in str(error)


def test_retry_after_holds_back_every_call():
    moments = []

    def script(body, asked):
        moments.append(time.monotonic())
        if len(moments) == 1:
            return Reaction(status=429, headers={"Retry-After": "0.4"})
        return echo(body, asked)

    with serving(script) as server:
        run(server, *range(6), max_in_flight=1)
    assert moments[1] - moments[0] >= 0.38


def test_the_number_in_flight_gives_way_and_all_is_answered():
    """An endpoint that takes eight at a time: forty calls arrive there in the end."""
    with serving(lambda *_: Reaction()) as server:

        def script(body, asked):
            if server.in_flight >= 8:
                return Reaction(status=429, delay=0.01)
            return echo(body, asked)._replace(delay=0.02)

        server.script = script
        replies, usage = run(server, *range(40), max_in_flight=64)
    assert [reply.text for reply in replies] == [f"第{number}句" for number in range(40)]
    assert usage.calls == 40
    assert usage.refused < 200


def test_the_number_in_flight_grows_while_all_is_well():
    with serving(lambda body, _: echo(body, _)._replace(delay=0.05)) as server:
        run(server, *range(64), max_in_flight=16)
    assert server.peak == 16


# --- budget and prices ---------------------------------------------------------------------------

PRICES = Prices(models={"m": Price(input=1.0, output=1_000_000.0)})


@pytest.mark.parametrize(
    ("budget", "answered"),
    [
        pytest.param(Budget(calls=4), 4, id="calls"),
        pytest.param(Budget(tokens=100), 6, id="tokens"),
        pytest.param(Budget(money=30.0), 4, id="money"),
        pytest.param(Budget(calls=0), 0, id="nothing at all"),
    ],
)
def test_a_budget_stops_in_time_and_keeps_what_was_answered(budget, answered, tmp_path):
    async def many(url):
        async with Client(
            url, store=tmp_path / "s", budget=budget, prices=PRICES, **QUICK
        ) as client:
            calls = [client.chat("m", asking(n), max_tokens=10) for n in range(20)]
            return await asyncio.gather(*calls, return_exceptions=True), client.usage

    with serving(echo) as server:
        replies, usage = asyncio.run(many(server.url))
        assert len(server.bodies) == usage.calls
    stopped = [reply for reply in replies if isinstance(reply, Exception)]
    assert {type(error) for error in stopped} == {BudgetExhausted}
    assert "raise the budget" in str(stopped[0])
    assert usage.calls == answered == 20 - len(stopped)
    assert len(Store(tmp_path / "s")) == answered


def test_a_budget_of_money_needs_a_price():
    with serving(echo) as server:
        (error,), _ = run(server, 1, budget=Budget(money=1.0))
    assert "m has no price" in str(error)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("m = 3", "m: ", id="no table"),
        pytest.param("[m]\ninput = 1", "m.output: ", id="half a price"),
        pytest.param("[m]\ninput = -1\noutput = 1", "m.input: ", id="a negative price"),
        pytest.param("[m", "no price file", id="no TOML"),
    ],
)
def test_a_broken_price_file_is_named(text, said, tmp_path):
    (tmp_path / "prices.toml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_prices(tmp_path / "prices.toml")


def test_a_plan_counts_what_is_missing(tmp_path):
    def call(number, **parameters):
        return Call(model="m", messages=tuple(asking(number)), parameters=parameters)

    with serving(echo) as server:
        run(server, 0, store=tmp_path / "s")
    calls = [call(0, temperature=0), call(1, max_tokens=7), call(1, max_tokens=7), call(2)]
    with Store(tmp_path / "s") as store:
        found = plan(calls, store, PRICES, expected_tokens=20)
    assert (found.calls, found.from_store, found.tokens_out) == (2, 1, 27)
    assert found.cost == pytest.approx(27 + found.tokens_in / 1_000_000)


# --- secrets -------------------------------------------------------------------------------------


def test_the_key_reaches_the_endpoint_and_nothing_else(tmp_path, monkeypatch):
    secret = "sk-canary-0123456789"  # noqa: S105  # no real key
    monkeypatch.setenv("MY_KEY", secret)
    script = {
        "第0句": Reaction(f"your key is {secret}"),
        "第1句": Reaction(status=400, body=f"bad key {secret}".encode()),
        "第2句": Reaction(body=f"<p>{secret}".encode()),
    }
    with serving(lambda body, _: script[body["messages"][0]["content"]]) as server:
        results, _ = run(server, 0, 1, 2, key_env="MY_KEY", tries=1, store=tmp_path / "s")
    assert all(f"Bearer {secret}" in head for head in server.headers)
    assert [secret in str(result) for result in results] == [False] * 3
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())


def test_openais_own_endpoint_wants_a_key(monkeypatch):
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)

    async def opened():
        async with Client():
            pass

    with pytest.raises(ChatError, match="OPENAI_API_KEY is not set"):
        asyncio.run(opened())


# --- odd texts -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(completion(None), "", id="null is an empty reply"),
        pytest.param(completion("a\x00b"), "a\x00b", id="a zero byte"),
        pytest.param(completion("字" * 400_000), "字" * 400_000, id="a megabyte"),
        pytest.param(
            completion("X").replace(b'"X"', b'"\\ud83d"'), "\ufffd", id="half a character"
        ),
        pytest.param(
            completion("X").replace(b'"X"', b'[{"type": "text", "text": "a"}]'), "a", id="parts"
        ),
        pytest.param(completion("a", prompt_tokens=10**30), "a", id="an absurd count"),
    ],
)
def test_odd_replies_survive_the_store(body, expected, tmp_path):
    with serving(lambda *_: Reaction(body=body)) as server:
        (sent,), _ = run(server, 1, store=tmp_path / "s")
        (kept,), _ = run(server, 1, store=tmp_path / "s")
    assert sent.text == kept.text == expected
    assert kept == sent._replace(stored=True)
