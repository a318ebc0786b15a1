"""210,000 Chinese questions de-duplicated: seconds by stage, memory, recall and precision.

Questions grow from CPsyExam train by planted edits (characters exchanged, dropped and put in, stock
words in front), so that copies of every similarity stand beside their originals.
True pairs are the planted ones whose Jaccard similarity, computed here on its own, reaches the
threshold. The targets: under 60 s and 3 GB on two cores, recall at least 0.98 at 0.7. Run:
``PSYCHE_BENCH_DATA=… python tests/perf/dedup_speed.py [QUESTIONS]``. One process does the work: its
seconds of CPU are the time on a machine with nothing else to do, and the limit holds for those.
"""

import random
import resource
import sys
import time
from collections.abc import Sequence

import numpy as np

from psyche_bench import sources
from psyche_bench.duplicates import grams, jaccard, normalise
from psyche_bench.synthesis import dedup

COUNT, LIMIT_S, LIMIT_MB, LEAST = 210_000, 60.0, 3_000.0, 0.98
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
SEED = 20
FRONTS = ("请问，", "单选：", "根据心理学的观点，", "在心理咨询中，", "下面这道题考的是：")


def grown(count: int) -> tuple[list[str], list[tuple[int, int]]]:
    """Questions, and (original, copy) for each planted edit.

    Five in six are originals: a question of the release with a third of its characters exchanged,
    which makes it another; one in six is a copy of an original with few edits.
    """
    rng = random.Random(SEED)  # noqa: S311 - texts, not secrets
    pool = [
        item.stem + "".join(item.options.values()) for item in sources.load("cpsyexam", "train")
    ]
    letters = "".join(pool)
    texts: list[str] = []
    planted: list[tuple[int, int]] = []
    while len(texts) < count:
        base = pool[len(texts) % len(pool)][:300]
        texts.append(
            edited(base, len(base) // 3, letters, rng) if len(texts) >= len(pool) else base
        )
        if len(texts) % 5 == 0 and len(texts) < count:
            original = rng.randrange(len(texts))
            copy = edited(
                texts[original], rng.randint(0, 1 + len(texts[original]) // 12), letters, rng
            )
            planted.append((original, len(texts)))
            texts.append((rng.choice(FRONTS) if rng.random() < 0.2 else "") + copy)
    return texts, planted


def edited(text: str, edits: int, letters: str, rng: random.Random) -> str:
    """Characters exchanged, dropped or put in, so many times."""
    found = list(text) or ["题"]
    for _ in range(edits):
        place, letter = rng.randrange(len(found)), letters[rng.randrange(len(letters))]
        kind = rng.random()
        if kind < 0.6:
            found[place] = letter
        elif kind < 0.8 and len(found) > 1:
            del found[place]
        else:
            found.insert(place, letter)
    return "".join(found)


def similarity(texts: Sequence[str], a: int, b: int) -> float:
    """Jaccard of 3-grams by the core's plain sets, not by the matrices under test."""
    return jaccard(*(grams(normalise(texts[i]), dedup.GRAM) for i in (a, b)))


def stages(texts: Sequence[str], threshold: float) -> dict[str, float]:
    """CPU seconds of each stage, run one after the other as :func:`dedup.cluster` does."""
    marks = [time.process_time()]
    keys = list(dict.fromkeys(normalise(text) or text.strip() for text in texts))
    marks.append(time.process_time())
    incidence = dedup.incidence(keys)
    marks.append(time.process_time())
    signed = dedup.signatures(incidence)
    marks.append(time.process_time())
    pairs = list(dedup.candidates(signed, *dedup.shape(threshold)))
    marks.append(time.process_time())
    alike = [dedup.similar(incidence, found, threshold) for found in pairs]
    marks.append(time.process_time())
    count, right = sum(p.shape[1] for p in pairs), sum(int(np.sum(found)) for found in alike)
    print(
        f"before exact Jaccard, at {threshold}: {count:,} candidate pairs (they share a band), "
        f"{right:,} of them alike: precision of candidates {right / max(count, 1):.2f}. These are "
        "not the clusters, whose figures stand below."
    )
    names = ("normal form", "3-grams", "signatures", "candidates", "exact Jaccard, all candidates")
    return dict(zip(names, np.diff(marks).tolist(), strict=True))


def precision(texts: Sequence[str], clusters: Sequence[Sequence[int]], threshold: float) -> float:
    """Share of texts in a cluster that reach the threshold with a neighbour of their cluster.

    A cluster is a chain: a pair of its ends may lie below. Clusters above 200 texts are sampled.
    """
    rng = random.Random(SEED)  # noqa: S311 - a sample, no secret
    held = total = 0
    for members in clusters:
        if len(members) < 2:
            continue
        some = list(members) if len(members) <= 200 else rng.sample(list(members), 200)
        for text in some[:20]:
            total += 1
            held += any(
                similarity(texts, text, other) >= threshold for other in some if other != text
            )
    return held / max(total, 1)


def main() -> None:
    """Print stage times, memory and the curve; fail above a limit or below the recall."""
    texts, planted = grown(int(sys.argv[1]) if len(sys.argv) > 1 else COUNT)
    likeness = [similarity(texts, a, b) for a, b in planted]
    print(f"{len(texts):,} questions, {sum(map(len, texts)) / len(texts):.0f} characters each")
    start, busy = time.perf_counter(), time.process_time()
    dedup.cluster(texts, 0.7)
    wall, seconds = time.perf_counter() - start, time.process_time() - busy
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print("name                             value    limit  ratio")
    print(f"cluster at 0.7, wall s        {wall:8.1f}")
    print(f"cluster at 0.7, CPU s         {seconds:8.1f} {LIMIT_S:8.1f}  {LIMIT_S / seconds:5.2f}")
    print(f"peak memory, MB               {memory:8.0f} {LIMIT_MB:8.0f}  {LIMIT_MB / memory:5.2f}")
    for name, value in stages(texts, 0.7).items():
        print(f"  {name + ', s':28}{value:8.1f}")
    print("clusters: recall of planted pairs; share of clustered texts with an alike neighbour")
    print("threshold  true pairs  recall  with neighbour  clusters")
    recalls = {}
    for threshold in THRESHOLDS:
        clusters = dedup.cluster(texts, threshold)
        place = {index: label for label, members in enumerate(clusters) for index in members}
        true = [pair for pair, like in zip(planted, likeness, strict=True) if like >= threshold]
        recalls[threshold] = sum(place[a] == place[b] for a, b in true) / max(len(true), 1)
        print(
            f"{threshold:9}  {len(true):10,}  {recalls[threshold]:6.4f}"
            f"  {precision(texts, clusters, threshold):14.4f}  {len(clusters):8,}"
        )
    assert recalls[0.7] >= LEAST, recalls
    assert memory < LIMIT_MB, memory
    assert seconds < LIMIT_S, seconds


if __name__ == "__main__":
    main()
