"""A million posts streamed through clean, de-identify and chunk: rows a second and peak memory.

Posts are put together from invented sentences, each with its number, a sixth with identifiers; the
rows are written to disk, one JSON line each. Memory must not grow with the rows: the peak after a
tenth is printed beside the peak at the end, which must stay under 500 MB. The baseline writes the
rows as they come. Run: ``python tests/perf/stream_texts.py [ROWS]``.
"""

import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from psyche_bench.jsonl import dumps
from psyche_bench.synthesis.chunk import chunk
from psyche_bench.synthesis.clean import clean
from psyche_bench.synthesis.deidentify import deidentify
from psyche_bench.synthesis.planted_posts import posts

ROWS, LIMIT_MB, SEED = 1_000_000, 500.0, 5
SENTENCES = (
    "最近总是睡不着,一闭上眼睛就想起以前的事!!!",
    "白天上班没有精神，老板说我不够努力😭",
    "我试过运动和冥想(每次30分钟)，效果不大。",
    "爸妈不理解我,他们觉得我只是太懒了...",
    "SDS得了53分,医生说是轻度抑郁，要不要吃药呢？",
    "和朋友也不怎么联系了，周末就一个人躺着～～",
    "有时候会突然心跳很快、手抖、出汗。",
    "我很想好起来,可是不知道从哪里开始",
)


def made(rows: int) -> Iterator[str]:
    """Posts of three to six sentences; every sixth begins with a planted post."""
    rng = random.Random(SEED)  # noqa: S311 - texts, not secrets
    planted = [post.text for half in ("developed", "blind") for post in posts(half)]
    for number in range(rows):
        parts = rng.choices(SENTENCES, k=rng.randint(3, 6))
        if number % 6 == 0:
            parts.insert(0, rng.choice(planted))
        yield f"第{number}条。" + "".join(parts)


def worked(texts: Iterable[str]) -> Iterator[dict[str, object]]:
    """The three steps for one row after the other."""
    for text in texts:
        found = deidentify(clean(text))
        yield {"segments": chunk(found.text, 60), "found": len(found.spans)}


def peak() -> float:
    """Peak resident memory so far, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def written(path: Path, rows: Iterable[object], total: int) -> float:
    """CPU seconds to write the rows; peak memory is printed after a tenth."""
    start = time.process_time()
    with path.open("w", encoding="utf-8") as file:
        for number, row in enumerate(rows, 1):
            file.write(dumps(row) + "\n")
            if number == total // 10:
                print(f"peak memory after a tenth, MB {peak():10.0f}", flush=True)
    return time.process_time() - start


def main() -> None:
    """Print rows a second and peak memory; fail above the limit."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as folder:
        baseline = written(Path(folder) / "plain.jsonl", made(rows), rows)
        seconds = written(Path(folder) / "worked.jsonl", worked(made(rows)), rows)
    print("name                             value  baseline   ratio")
    print(f"rows                        {rows:10,d}")
    print(
        f"rows a CPU second           {rows / seconds:10.0f}{rows / baseline:10.0f}"
        f"{baseline / seconds:8.3f}"
    )
    print(f"peak memory, MB             {peak():10.0f}{LIMIT_MB:10.0f}{LIMIT_MB / peak():8.2f}")
    assert peak() < LIMIT_MB, peak()


if __name__ == "__main__":
    main()
