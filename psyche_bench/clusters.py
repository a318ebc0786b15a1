"""Which items are one witness: clusters that share a duplicate become one cluster."""

from collections.abc import Hashable, Sequence


def join(clusters: Sequence[str], questions: Sequence[Hashable]) -> list[str]:
    """Merge clusters that hold the same question; each keeps the label that came first.

    Args:
        clusters: one label an item (vignette, dialogue, or the item's own id).
        questions: one key an item, equal for duplicates of one question (its normalised text).

    >>> join(["v1", "v1", "v2", "v3"], ["what?", "why?", "why?", "who?"])
    ['v1', 'v1', 'v1', 'v3']
    """
    parent = {cluster: cluster for cluster in clusters}

    def root(cluster: str) -> str:
        while parent[cluster] != cluster:
            parent[cluster] = parent[parent[cluster]]
            cluster = parent[cluster]
        return cluster

    place = {cluster: at for at, cluster in enumerate(parent)}
    home: dict[Hashable, str] = {}
    for cluster, question in zip(clusters, questions, strict=True):
        ends = sorted(
            (root(cluster), root(home.setdefault(question, cluster))), key=place.__getitem__
        )
        parent[ends[1]] = ends[0]
    return [root(cluster) for cluster in clusters]
