"""All steps in the order they run in: a recipe switches on those it names."""

from psyche_bench.synthesis import (
    bank,
    control,
    cross_select,
    decontaminate,
    dialogue_enrich,
    dialogue_filter,
    dialogue_refine,
    dialogues,
    generate,
    iterate,
    ocr,
    rank,
    rationale,
    review,
    split,
    subfield,
    text_steps,
)
from psyche_bench.synthesis.step import Step

STEPS: tuple[Step, ...] = (
    text_steps.INGEST,
    ocr.STEP,
    text_steps.CLEAN,
    text_steps.CHUNK,
    generate.STEP,
    subfield.TOPICS,
    subfield.STEP,
    bank.STEP,
    rank.CLUSTER,
    rank.STEP,
    control.STEP,
    review.STEP,
    rationale.STEP,
    iterate.STEP,
    cross_select.STEP,
    cross_select.RANDOM,
    dialogues.STEP,
    text_steps.DIALOGUE_CLEAN,
    text_steps.DEIDENTIFY,
    dialogue_filter.STEP,
    dialogue_refine.STEP,
    dialogue_enrich.STEP,
    decontaminate.STEP,
    split.STEP,
)


def by_name() -> dict[str, Step]:
    """The steps by name, in order."""
    return {step.name: step for step in STEPS}
