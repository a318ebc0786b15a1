"""The lm-eval task under every YAML of this folder: thin glue over the core.

A YAML names a subset (``dataset_kwargs: {source, split, subset}``); protocol and language come
from ``--metadata '{"protocol": "direct", "lang": "en"}'`` (``psyche-bench eval --protocol direct
--lang en`` writes that), and so does the order of the options: ``{"rotation": 1}`` shows each text
under the next letter (:mod:`psyche_bench.rotation`). Everything that reads, grades
or renders lives in the core.
"""

from pathlib import Path
from typing import Any

import datasets
from lm_eval.api.task import ConfigurableTask

from psyche_bench import outcomes, prompting, rotation, sources
from psyche_bench.errors import DataError
from psyche_bench.prompting import Lang
from psyche_bench.schemas import Question
from psyche_bench.tasks import exemplars

DEFAULT_PROTOCOL = "paper-1024"
ALL_ITEMS = "_by_item"
"""Suffix of the metrics a group weights by items; without it every subset weighs the same."""


class ExamTask(ConfigurableTask):  # type: ignore[misc]  # lm_eval ships no types
    """One subset of a benchmark under one protocol.

    Raises:
        RunError: the protocol is unknown, or the rotation no whole number from 0 to 4.
        DataError: the data set is absent, or the subset holds no items.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        config.pop("class", None)  # names this class; lm_eval's own configuration has no such key
        asked = config.get("metadata") or {}
        self.protocol = prompting.protocol(asked.get("protocol", DEFAULT_PROTOCOL))
        self.lang: Lang = asked.get("lang", "zh")
        if self.lang not in prompting.LANGS:
            raise DataError(f"no prompts in language {self.lang!r}. Known: zh, en.")
        self.rotation = rotation.checked(asked.get("rotation", 0))
        # Any value here keeps lm_eval from looking our metrics up in its own registry.
        config["process_results"] = "process_results"
        config["metadata"] = {
            **asked,
            "protocol": self.protocol.name,
            "lang": self.lang,
            "rotation": self.rotation,
        }
        self.questions = _questions(str(config["task"]), config["dataset_kwargs"], asked)
        if self._compares_options:
            config |= {"output_type": "multiple_choice", "doc_to_choice": "continuations"}
        else:
            # `until: []`: the model's own end only. Without it lm_eval stops at a blank line.
            cap = self.protocol.cap or prompting.protocol(DEFAULT_PROTOCOL).cap
            config["generation_kwargs"] = {
                "until": [],
                "max_gen_toks": cap,
                "do_sample": False,
                "temperature": 0.0,
            }
        super().__init__(config=config)

    @property
    def _compares_options(self) -> bool:
        """Likelihood compares option sets; written answers are generated all the same."""
        kinds = {question.kind for question in self.questions.values()}
        return self.protocol.ask == "likelihood" and kinds <= {"smcq", "mmcq"}

    def download(self, dataset_kwargs: dict[str, Any] | None = None, **_: Any) -> None:
        """Build the documents: prompt, target and what an outcome needs to know."""
        docs = [self._doc(question) for question in self.questions.values()]
        self.dataset = datasets.DatasetDict({"test": datasets.Dataset.from_list(docs)})

    def _doc(self, released: Question) -> dict[str, Any]:
        question = rotation.rotate(released, self.rotation)
        prompt = prompting.prompt(question, self.protocol.ask, self.lang)
        shots = self._exemplars(question)
        turns = [text for shot in shots for text in (shot["prompt"], shot["target"])]
        options = prompting.option_sets(question) if question.kind != "qa" else []
        return {
            "id": question.id,
            "task": str(self.config.task),
            "protocol": self.protocol.name,
            "subject": question.subject,
            "prompt": prompt,
            "prompt_hash": prompting.text_hash(*turns, prompt),
            "rotation": self.rotation if question.options else 0,
            "choices": options if self._compares_options else [],
            "continuations": [prompting.continuation(letters) for letters in options],
            "target": self._target(question),
        }

    def _target(self, question: Question) -> str:
        return prompting.answer(question, self.lang) if question.gold or question.reference else ""

    def _exemplars(self, question: Question) -> list[dict[str, str]]:
        """The exemplar turns of an item's file, in their fixed order; none without few-shot.

        Exemplars are never rotated: between two rotations only the item asked differs.
        """
        if not self.config.num_fewshot:
            return []
        return [
            {
                "prompt": prompting.prompt(shot, self.protocol.ask, self.lang),
                "target": prompting.answer(shot, self.lang),
            }
            for shot in exemplars.for_question(question)[: self.config.num_fewshot]
        ]

    def fewshot_docs(self) -> list[dict[str, str]]:
        """Any exemplar, so that lm_eval makes a sampler; the item decides in fewshot_context."""
        return self._exemplars(next(iter(self.questions.values())))

    def fewshot_context(self, doc: dict[str, Any], num_fewshot: int, **kwargs: Any) -> Any:
        """The context with the exemplars fixed for this item's file, never drawn."""
        if num_fewshot:
            shots = self._exemplars(self.questions[doc["id"]])
            if len(shots) != num_fewshot:
                raise DataError(
                    f"{self.config.task}: {num_fewshot} exemplars were asked for, "
                    f"{len(shots)} are fixed for {doc['id']}. Leave --num_fewshot out."
                )
            self.sampler.replace_df(shots)
        return super().fewshot_context(doc, num_fewshot, **kwargs)

    def process_results(self, doc: dict[str, Any], results: list[Any]) -> dict[str, float]:
        """Grade one document; an ungraded answer has no score at all, not a zero."""
        question = self.questions[doc["id"]]
        tokens = capped = None
        if doc["choices"]:
            reply = outcomes.choose(doc["choices"], [value for value, _ in results])
        else:
            reply = results[0]
            # Our backends count; under plain lm_eval a reply is a bare string.
            tokens, capped = getattr(reply, "tokens", None), getattr(reply, "capped", None)
        graded = outcomes.grade(
            question, str(reply), tokens=tokens, capped=capped, rotation=doc["rotation"]
        )
        metrics = dict(graded.scores)
        if question.kind in ("smcq", "mmcq"):
            metrics |= {f"{name}{ALL_ITEMS}": value for name, value in graded.scores.items()}
        metrics["answered"] = float(graded.state not in ("unparsed", "truncated"))
        metrics["truncated"] = float(graded.state == "truncated")
        if tokens is not None:
            metrics["tokens"] = float(tokens)
        if capped is not None:
            metrics["capped"] = float(capped)
        return metrics


def _questions(task: str, wanted: dict[str, str], asked: dict[str, Any]) -> dict[str, Question]:
    """The items of a task's subset by id, in the order of the release."""
    every = sources.load(wanted["source"], wanted.get("split"))
    questions = {q.id: q for q in every if q.subset == wanted["subset"]}
    if not questions:
        raise DataError(
            f"{task}: no items in subset {wanted['subset']!r} of {wanted['source']}. "
            f"Run `psyche-bench data check {wanted['source']}`."
        )
    return _selected(task, questions, wanted["select"], asked) if "select" in wanted else questions


def _selected(
    task: str, questions: dict[str, Question], half: str, asked: dict[str, Any]
) -> dict[str, Question]:
    """The half of the items that a list of challenging ids names, or the other half (Figure 4)."""
    if "ids" not in asked:
        raise DataError(
            f'{task} needs a list of challenging ids: add --metadata \'{{"ids": "FILE"}}\'. '
            "`psyche-bench synth select RUN RUN RUN --out FILE` makes one out of three runs."
        )
    chosen = sources.read_ids(Path(asked["ids"]))
    strange = chosen - {question.id for question in sources.load("pceb")}
    if strange:
        raise DataError(f"{asked['ids']}: {min(strange)!r} is no item of PCEB. Check the list.")
    found = {i: q for i, q in questions.items() if (i in chosen) == (half == "challenging")}
    if not found:
        raise DataError(f"{task}: by {asked['ids']} this subset has no such items. Leave it out.")
    return found
