"""De-duplicate: clusters of questions that are nearly the same, the best of each by ranking.

Clusters come from :func:`psyche_bench.synthesis.dedup.cluster` over question and options; a model
ranks the members of a cluster and the first stays (section 2.1). Members are shown in a random
order of their own, drawn from their ids, so that place favours nobody. Questions of CPsyExam train
and of the pool are clustered apart: they go to different mixtures.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from psyche_bench import duplicates
from psyche_bench.store import Reply
from psyche_bench.synthesis import prompts, replies
from psyche_bench.synthesis.recipe import Recipe
from psyche_bench.synthesis.rows import Cluster, Item, Row, as_question, row_id, shown
from psyche_bench.synthesis.step import (
    Aside,
    Ask,
    Kept,
    Malformed,
    Options,
    Result,
    Step,
    Taken,
)


class ClusterOptions(Options):
    """``threshold``: least Jaccard similarity of character 3-grams of two neighbours."""

    threshold: float = 0.8


def clusters(rows: Iterable[Row], options: ClusterOptions, _: Recipe) -> Iterator[Result]:
    """One row per cluster; its first member stands for it in the counts of rows."""
    from psyche_bench.synthesis import dedup

    items: list[Any] = list(rows)
    for use in ("pool", "cp"):
        part = [item for item in items if item.use == use]
        texts = ["\n".join((item.stem, *item.options.values())) for item in part]
        for places in dedup.cluster(texts, options.threshold):
            for members in apart([part[place] for place in places]):
                made = Cluster(id=row_id("c", *(one.id for one in members)), members=members)
                yield Result(members[0].id, [made])
                yield from (Result(member.id) for member in members[1:])


def apart(members: Sequence[Item]) -> list[tuple[Item, ...]]:
    """A cluster of alike texts cut into groups that really are one question.

    Questions on one vignette, and questions that differ in a negation, a number or one telling
    character, have nearly the same grams and are not duplicates; the core's judge of pairs
    (:func:`psyche_bench.duplicates.judge`) tells. A member joins every group that holds a
    duplicate of it, and so joins those groups.
    """
    groups: list[list[int]] = []
    prepared = [duplicates.prepare(as_question(member)) for member in members]
    for place, one in enumerate(prepared):
        same = [g for g in groups if any(duplicates.judge(one, prepared[n]) for n in g)]
        groups = [g for g in groups if g not in same] + [sorted(sum(same, [place]))]
    return [tuple(members[place] for place in group) for group in sorted(groups)]


class RankOptions(Options):
    """``most``: members of a cluster that are ranked; the others are not shown."""

    most: int = 8


def _order(cluster: Cluster, options: RankOptions) -> list[Item]:
    """The members in the order they are shown in."""
    order = list(cluster.members[: options.most])
    random.Random(cluster.id).shuffle(order)  # noqa: S311  # an order, not a secret
    return order


def ask(cluster: Cluster, options: RankOptions) -> Ask | Kept:
    """Ask for a ranking of the members; a question that stands alone goes on."""
    if len(cluster.members) == 1:
        return Kept(cluster.members)
    texts = [shown(item) for item in _order(cluster, options)]
    listed = "\n\n".join(f"[{number}]\n{text}" for number, text in enumerate(texts, 1))
    return Ask(prompts.turns("rank", options.lang, questions=listed), options.model)


def take(cluster: Cluster, reply: Reply, options: RankOptions) -> Taken:
    """The member ranked first."""
    order = _order(cluster, options)
    ranking = replies.mapping(reply, "ranking")["ranking"]
    numbers = {str(number) for number in range(1, len(order) + 1)}
    if not isinstance(ranking, list) or not ranking or str(ranking[0]) not in numbers:
        raise Malformed("ranking must list the numbers of the questions, the best first")
    return _keep(cluster, order[int(ranking[0]) - 1], "ranked best")


def give_up(cluster: Cluster, reason: str, raw: str, _: RankOptions) -> Taken:
    """A ranking that cannot be read costs no question: the first of the cluster stays."""
    kept = _keep(cluster, cluster.members[0], f"first, since no ranking could be read: {reason}")
    return Kept(kept.rows, (*kept.rejected, Aside("ranking unreadable, first member kept", raw)))


def _keep(cluster: Cluster, best: Item, why: str) -> Kept:
    notes = best.notes | {"rank": f"{why}, of {len(cluster.members)} near duplicates"}
    others = tuple(
        Aside("near duplicate of the question kept", f"{member.id}: {member.stem}")
        for member in cluster.members
        if member.id != best.id
    )
    return Kept((best.model_copy(update={"notes": notes}),), others)


CLUSTER = Step(
    name="cluster",
    needs=("rank",),
    whole=True,
    after=("generate", "subfield", "bank"),
    options=ClusterOptions,
    plain=clusters,
    models=lambda _: (),
)
STEP = Step(
    name="rank",
    needs=("cluster",),
    after=("cluster",),
    options=RankOptions,
    ask=ask,
    take=take,
    give_up=give_up,
    prompts=("rank",),
)
