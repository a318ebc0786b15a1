"""lm_eval's backends, made resumable; on ``hf``, batches bounded by padded tokens.

``resumable(name, …)`` registers a subclass of the named backend with lm_eval and returns its new
name. Every finished batch (or call, for endpoints) goes to the journal at once; what an earlier
attempt answered is never asked again.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import Any

from lm_eval.api.registry import get_model, register_model
from tqdm import tqdm

from psyche_bench.errors import RunError
from psyche_bench.tasks.journal import Answer, Journal, Reply, request_key
from psyche_bench.tasks.prefill import prefilled

PREFIX = "psyche-"
DEFAULT_BATCH_TOKENS = 8192
"""Padded prompt tokens of one hf batch (``tests/perf/hf_batches.py`` times it against 16 rows)."""
DEFAULT_BATCH_ROWS = 32
CHUNK = 512
"""Requests given at once to a backend that reports nothing until all are done (vllm)."""


def resumable(name: str, journal: Journal, batch_tokens: int) -> str:
    """Register the resumable form of a backend.

    Args:
        name: lm_eval's name of the backend, such as ``hf`` or ``local-chat-completions``.
        journal: where replies are kept.
        batch_tokens: most padded prompt tokens in one batch (``hf`` only).

    Returns:
        The name to pass to lm_eval as ``--model``.

    Raises:
        RunError: lm_eval has no such backend, or what it needs is not installed.
    """
    try:
        base = get_model(name)
    except (ValueError, KeyError, ImportError) as error:
        raise RunError(
            f"--model {name}: {error}. Known are hf, vllm, local-chat-completions and lm_eval's "
            "others; `psyche-bench doctor` says what is missing here."
        ) from error
    backend = _resumable_class(PREFIX + name, base)
    # On the class: lm_eval itself makes the instance, and a process runs one evaluation.
    backend.journal, backend.batch_tokens = journal, batch_tokens
    return PREFIX + name


@cache
def _resumable_class(alias: str, base: type) -> Any:
    made = type(f"Resumable{base.__name__}", (_mixin_for(base), base), {})
    return register_model(alias)(made)


def _mixin_for(base: type) -> type:
    parents = {parent.__name__ for parent in base.__mro__}
    if "TemplateAPI" in parents:
        return EndpointMixin
    if "HFLM" in parents:
        return PaddedMixin
    return VllmMixin if "VLLM" in parents else ResumableMixin


class ResumableMixin:
    """Answers from the journal first; the rest goes to the backend in chunks.

    Mixed into lm_eval's model classes, whose methods it calls through ``super()``.
    """

    journal: Journal
    batch_tokens: int

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
        """Texts for requests of (context, generation arguments), in their order."""
        return self._through("generate_until", requests, self._generate)

    def loglikelihood(self, requests: list[Any], disable_tqdm: bool = False) -> list[Any]:
        """(log-likelihood, greedy) for requests of (context, continuation), in their order."""
        return self._through("loglikelihood", requests, self._compare)

    def _through(
        self, kind: str, requests: list[Any], fresh: Callable[[list[Any]], None]
    ) -> list[Any]:
        keys = [request_key(kind, request.args) for request in requests]
        todo = {k: r for k, r in zip(keys, requests, strict=True) if k not in self.journal.known}
        done = len(requests) - len(todo)
        self._bar = tqdm(total=len(requests), initial=done, desc=_DESCRIPTION[kind], unit="item")
        if todo:
            fresh(list(todo.values()))
        self._bar.close()
        return [self.journal.known[key] for key in keys]

    def _keep(self, kind: str, requests: Sequence[Any], replies: Sequence[Answer]) -> None:
        keys = (request_key(kind, request.args) for request in requests)
        self.journal.add(zip(keys, replies, strict=True))
        self._bar.update(len(requests))

    def _generate(self, requests: list[Any]) -> None:
        for chunk in _chunks(requests, CHUNK):
            replies = super().generate_until(chunk, disable_tqdm=True)  # type: ignore[misc]
            self._keep("generate_until", chunk, [self._counted(reply) for reply in replies])

    def _compare(self, requests: list[Any]) -> None:
        # One document's option sets share their context and stay together.
        for chunk in _chunks(requests, CHUNK):
            values = super().loglikelihood(chunk, disable_tqdm=True)  # type: ignore[misc]
            self._keep("loglikelihood", chunk, [(float(v), bool(g)) for v, g in values])

    def _counted(self, reply: str) -> Reply:
        return reply if isinstance(reply, Reply) else Reply(reply)


_DESCRIPTION = {"generate_until": "Writing replies", "loglikelihood": "Comparing option sets"}


def _chunks(requests: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(requests), size):
        yield requests[start : start + size]


class EndpointMixin(ResumableMixin):
    """Chat endpoints: each answered call is kept at once, with the server's own token counts."""

    def _generate(self, requests: list[Any]) -> None:
        # lm_eval asks all requests of one call with the arguments of the first.
        groups: dict[str, list[Any]] = {}
        for request in requests:
            groups.setdefault(repr(request.args[1]), []).append(request)
        for group in groups.values():
            self._waiting = {request.args[0]: request for request in group}
            self.cache_hook = self
            replies = super(ResumableMixin, self).generate_until(group)  # type: ignore[misc]
            left = [pair for pair in zip(group, replies, strict=True) if not self._kept(pair[0])]
            for request, reply in left:
                self._keep("generate_until", [request], [self._counted(reply)])

    def _kept(self, request: Any) -> bool:
        return request_key("generate_until", request.args) in self.journal.known

    def add_partial(self, kind: str, request: tuple[Any, ...], reply: Any) -> None:
        """lm_eval's cache hook: called for every answered call."""
        waiting = self._waiting.get(request[0]) if kind == "generate_until" else None
        if waiting is not None and not self._kept(waiting):
            self._keep(kind, [waiting], [self._counted(reply)])

    def _create_payload(self, *args: Any, **kwargs: Any) -> Any:
        """lm_eval's request without its empty list of stop strings, which some servers refuse."""
        payload = super()._create_payload(*args, **kwargs)  # type: ignore[misc]
        return {key: value for key, value in payload.items() if key != "stop" or value}

    def parse_generations(self, outputs: Any, **kwargs: Any) -> list[Reply]:
        """Texts of a response with usage and finish reason; a null text is an empty reply."""
        replies = []
        for output in outputs if isinstance(outputs, list) else [outputs]:
            written = (output.get("usage") or {}).get("completion_tokens")
            texts = super().parse_generations(outputs=output, **kwargs)  # type: ignore[misc]
            for text, choice in zip(texts, output["choices"], strict=True):
                capped = choice.get("finish_reason") == "length"
                tokens = written if len(texts) == 1 else None
                replies.append(Reply(text or "", tokens, capped))
        return replies


class VllmMixin(ResumableMixin):
    """vLLM: the engine fills its own batches; replies carry its token counts, nothing is cut."""

    def _through(
        self, kind: str, requests: list[Any], fresh: Callable[[list[Any]], None]
    ) -> list[Any]:
        # lm_eval's default of 1 would have the engine write one reply after the other.
        if self.batch_size == 1:
            self.batch_size: int | str = "auto"
        return super()._through(kind, requests, fresh)

    def _generate(self, requests: list[Any]) -> None:
        groups: dict[str, list[Any]] = {}
        for request in requests:
            groups.setdefault(repr(request.args[1]), []).append(request)
        for group in groups.values():
            longest = max(len(self.tok_encode(r.args[0])) for r in group)  # type: ignore[attr-defined]
            PaddedMixin._check_room(self, longest, group[0].args[1])  # type: ignore[arg-type]  # the same rule
            for chunk in _chunks(group, CHUNK):
                self._waiting = {request.args[0]: request for request in chunk}
                self.cache_hook = self
                super(ResumableMixin, self).generate_until(chunk, disable_tqdm=True)  # type: ignore[misc]

    def _model_generate(self, *args: Any, **kwargs: Any) -> Any:
        """One batch through the engine, whose counts lm_eval drops."""
        outputs = super()._model_generate(*args, **kwargs)  # type: ignore[misc]
        self._written = iter([self._count(output.outputs[0]) for output in outputs])
        return outputs

    def add_partial(self, kind: str, request: tuple[Any, ...], reply: str) -> None:
        """lm_eval's cache hook: called for every reply of a batch, in the order of its outputs."""
        if kind == "generate_until":
            self._keep(kind, [self._waiting[request[0]]], [Reply(reply, *next(self._written))])

    @staticmethod
    def _count(output: Any) -> tuple[int, bool]:
        # As on hf, the token that ends a reply is not counted; those of a stop string are.
        ended = output.finish_reason == "stop" and not isinstance(output.stop_reason, str)
        return len(output.token_ids) - ended, output.finish_reason == "length"


class PaddedMixin(ResumableMixin):
    """transformers: batches bounded by padded tokens, exact token counts, no silent truncation."""

    def _generate(self, requests: list[Any]) -> None:
        lengths = {id(r): len(self.tok_encode(r.args[0])) for r in requests}  # type: ignore[attr-defined]
        groups: dict[str, list[Any]] = {}
        for request in requests:
            groups.setdefault(repr(request.args[1]), []).append(request)
        for group in groups.values():
            self._check_room(max(lengths[id(r)] for r in group), group[0].args[1])
            group.sort(key=lambda r: -lengths[id(r)])  # the largest first: memory fails early
            for batch in self._batches(group, lengths):
                self._keep("generate_until", batch, self._write(batch))

    def _check_room(self, longest: int, arguments: dict[str, Any]) -> None:
        cap, window = arguments["max_gen_toks"], self.max_length  # type: ignore[attr-defined]
        if longest + cap > window:
            raise RunError(
                f"the longest prompt ({longest} tokens) and the protocol's cap ({cap}) do not fit "
                f"into the model's context of {window} tokens, and a prompt is never cut silently. "
                "Choose a protocol with a smaller cap, or pass --gen_kwargs max_gen_toks=N."
            )

    def _batches(self, group: list[Any], lengths: dict[int, int]) -> Iterator[list[Any]]:
        asked = self.batch_size_per_gpu  # type: ignore[attr-defined]
        rows = int(asked) if str(asked).isdigit() and int(asked) > 1 else DEFAULT_BATCH_ROWS
        start = 0
        while start < len(group):
            longest = max(1, lengths[id(group[start])])
            size = max(1, min(rows, self.batch_tokens // longest))
            yield group[start : start + size]
            start += size

    def _write(self, batch: list[Any]) -> list[Reply]:
        """One batch through ``model.generate``; lm_eval's own loop hides the token counts."""
        arguments = dict(batch[0].args[1])
        stops, cap = list(arguments.pop("until", [])), int(arguments.pop("max_gen_toks"))
        tokens, mask = self.tok_batch_encode([request.args[0] for request in batch])  # type: ignore[attr-defined]
        if self.device.type == "cpu" and self.mixed_precision_dtype is None:  # type: ignore[attr-defined]
            arguments["past_key_values"] = prefilled(self.model, tokens, mask)  # type: ignore[attr-defined]
        written = self._model_generate(  # type: ignore[attr-defined]
            context=tokens.to(self.device),  # type: ignore[attr-defined]
            attention_mask=mask.to(self.device),  # type: ignore[attr-defined]
            max_length=tokens.shape[1] + cap,
            stop=stops,
            eos_token_id=sorted(self._ends),
            **arguments,
        )
        return [self._reply(row[tokens.shape[1] :], stops, cap) for row in written.tolist()]

    @property
    def _ends(self) -> set[int]:
        """Every token that ends a reply: the generation configuration's and the tokeniser's."""
        configured = self.model.generation_config.eos_token_id  # type: ignore[attr-defined]
        ends = configured if isinstance(configured, list) else [configured]
        return {end for end in [*ends, self.eot_token_id] if end is not None}  # type: ignore[attr-defined]

    def _reply(self, row: list[int], stops: list[str], cap: int) -> Reply:
        end = next((place for place, token in enumerate(row) if token in self._ends), None)
        own = row if end is None else row[:end]
        text = self.tok_decode(own)  # type: ignore[attr-defined]
        for stop in stops:
            text = text.split(stop)[0]
        return Reply(text, len(own), end is None and len(own) >= cap)
