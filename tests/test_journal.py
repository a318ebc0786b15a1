"""A killed run loses at most what was being written; all that `add` returned for stays."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from psyche_bench.errors import RunError
from psyche_bench.tasks.journal import Journal, Reply, request_key

ANSWERS = [
    (Reply("答案：A\n第二行\r\u2028\x85完", 7, False), "line ends of all kinds"),
    (Reply("cut \ud83d", 64, True), "half a character"),
    (Reply("\ud83d\udc00 two halves"), "two halves that are one character"),
    (Reply("", 0, False), "an empty reply"),
    (Reply("unknown counts"), "a backend that does not tell"),
    (Reply('{"key": "x"}\t\x00'), "what looks like a line of ours"),
    ((-1.5, True), "a log-likelihood"),
    ((float("-inf"), False), "an impossible continuation"),
]


@pytest.mark.parametrize("answer", [row[0] for row in ANSWERS], ids=[row[1] for row in ANSWERS])
def test_answers_come_back_as_they_were(tmp_path, answer):
    path = tmp_path / "journal.jsonl"
    Journal(path).add([("k1", answer), ("k2", (-2.0, False))])
    known = Journal(path).known
    assert list(known) == ["k1", "k2"]
    back = known["k1"]
    if isinstance(answer, tuple):
        assert back == answer
    else:
        assert back.encode("utf-16", "surrogatepass") == answer.encode("utf-16", "surrogatepass")
        assert (back.tokens, back.capped) == (answer.tokens, answer.capped)


@given(texts=st.lists(st.text(st.characters(exclude_categories=[])), max_size=4))
def test_any_text_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("journal") / "j"
    Journal(path).add((str(n), Reply(text)) for n, text in enumerate(texts))
    back = [Journal(path).known[str(n)] for n in range(len(texts))]
    same = [text.encode("utf-16", "surrogatepass") for text in texts]
    assert [reply.encode("utf-16", "surrogatepass") for reply in back] == same


def test_the_first_answer_to_a_request_stays(tmp_path):
    journal = Journal(tmp_path / "j")
    journal.add([("k", Reply("first")), ("k", Reply("second"))])
    journal.add([("k", Reply("third"))])
    assert Journal(tmp_path / "j").known == {"k": "first"}
    assert (tmp_path / "j").read_bytes().count(b"\n") == 1


def written(path, *keys):
    Journal(path).add((key, Reply(f"答案：{key}")) for key in keys)
    return path.read_bytes()


def test_a_torn_last_line_is_dropped_wherever_it_was_torn(tmp_path):
    whole = written(tmp_path / "whole", "a", "b", "c")
    start = whole.rindex(b"\n", 0, -1) + 1
    for stop in range(start, len(whole)):
        path = tmp_path / f"torn-{stop}"
        path.write_bytes(whole[:stop])
        journal = Journal(path)
        assert list(journal.known) == ["a", "b"]
        assert path.read_bytes() == whole[:start]
        journal.add([("c", Reply("答案：c"))])
        assert path.read_bytes() == whole


def test_a_file_that_holds_a_torn_line_alone_is_empty(tmp_path):
    (tmp_path / "j").write_bytes(b'{"key":"a"')
    assert Journal(tmp_path / "j").known == {}
    assert (tmp_path / "j").read_bytes() == b""


BROKEN = [
    (b'{"key":"b","reply', "cut off"),
    (b"", "blank"),
    (b"5", "a number"),
    (b"null", "null"),
    (b"[1]", "a list"),
    (b'{"key":"b"}', "no answer in it"),
    (b'{"reply":"b","tokens":1,"capped":null}', "no key in it"),
    (b'{"key":"b","likelihood":"x","greedy":true}', "a likelihood that is no number"),
    (b'{"key":"b","likelihood":null,"greedy":true}', "a likelihood of null"),
    ("焦虑".encode("gb18030"), "another encoding"),
]


@pytest.mark.parametrize(("line", "why"), BROKEN, ids=[row[1] for row in BROKEN])
def test_a_broken_line_before_the_last_is_named_and_nothing_is_lost(tmp_path, line, why):
    path = tmp_path / "journal.jsonl"
    good = written(path, "a").removesuffix(b"\n")
    path.write_bytes(good + b"\n" + line + b"\n" + good.replace(b'"a"', b'"c"') + b"\n")
    before = path.read_bytes()
    with pytest.raises(RunError) as caught:
        Journal(path)
    assert f"{path}, line 2: broken. Remove the line" in str(caught.value)
    assert path.read_bytes() == before


BASE = ("generate_until", ("题目：", {"until": [], "max_gen_toks": 64}))
OTHERS = [
    ("loglikelihood", BASE[1], "another kind"),
    (BASE[0], ("题目:", BASE[1][1]), "another text"),
    (BASE[0], ("题目：", {"until": [], "max_gen_toks": 65}), "another cap"),
    (BASE[0], ("题目：", {"until": ["\n"], "max_gen_toks": 64}), "another stop"),
    (BASE[0], ("题目：",), "no arguments"),
    (BASE[0], ("题目：\ud83d", BASE[1][1]), "half a character"),
]


@pytest.mark.parametrize(
    ("kind", "arguments"), [row[:2] for row in OTHERS], ids=[row[2] for row in OTHERS]
)
def test_a_key_tells_requests_apart(kind, arguments):
    assert request_key(kind, arguments) != request_key(*BASE)


def test_a_key_does_not_depend_on_the_order_of_arguments_or_on_the_process():
    turned = ("题目：", {"max_gen_toks": 64, "until": []})
    assert request_key(BASE[0], turned) == request_key(*BASE)
    code = f"from psyche_bench.tasks.journal import request_key\nprint(request_key(*{BASE!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == request_key(*BASE)


WRITER = """
import os, sys
from pathlib import Path
from psyche_bench.tasks.journal import Journal, Reply

journal = Journal(Path(sys.argv[1]))
start = len(journal.known)
os.write(1, b"ready\\n")
for batch in range(10_000):
    keys = [f"{start}-{batch}-{n}" for n in range(4)]
    journal.add((key, Reply("推理" * 400 + key, 400, False)) for key in keys)
    os.write(1, (" ".join(keys) + "\\n").encode())
"""


def killed_writer(path, seconds):
    """Keys whose `add` had returned when a writer was killed."""
    process = subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    time.sleep(seconds)
    os.kill(process.pid, signal.SIGKILL)
    said = process.stdout.read().decode()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return said[: said.rfind("\n") + 1].split()


def test_twenty_killed_writers_lose_no_line_that_was_returned_for(tmp_path):
    path = tmp_path / "journal.jsonl"
    moments = random.Random(20)  # noqa: S311  # moments, no secrets
    returned, torn = [], 0
    for _ in range(20):
        returned += killed_writer(path, moments.uniform(0, 0.04))
        torn += not path.read_bytes().endswith(b"\n")
        known = Journal(path).known
        assert [key for key in returned if key not in known] == []
        assert all(reply.endswith(key) for key, reply in known.items())
    assert len(returned) > 100  # otherwise nothing was killed in the middle of anything
