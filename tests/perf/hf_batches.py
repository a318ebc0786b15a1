"""Speed of the hf backend on real CPsyExam dev items, protocol `direct`.

Three ways over the same prompts, model already loaded: our backend (batches bounded by padded
tokens, journal included), lm_eval's own with 16 rows a batch, and bare ``model.generate`` in our
batches, which nothing can beat. Each in seconds on the clock and in seconds of processor time: the
second is what to compare on a machine that others use too.

    PSYCHE_BENCH_DATA=… PSYCHE_BENCH_SMALL_MODEL=… python tests/perf/hf_batches.py [items]

All 100 items take about six minutes on two idle cores (bfloat16; DTYPE=float32 takes longer).
"""

import os
import sys
import tempfile
import time
from pathlib import Path

import torch
from lm_eval.api.instance import Instance
from lm_eval.api.registry import get_model
from tqdm import tqdm

from psyche_bench import prompting, sources
from psyche_bench.tasks import backends
from psyche_bench.tasks.journal import Journal

ITEMS = int(sys.argv[1]) if len(sys.argv) > 1 else 100
CAP = 64
ARGUMENTS = {
    "pretrained": os.environ["PSYCHE_BENCH_SMALL_MODEL"],
    "dtype": os.environ.get("DTYPE", "bfloat16"),
    "device": "cpu",
}


def requests(model, cap=CAP):
    """Every n-th dev item, so that long case items are among them as in the whole."""
    every = sources.load("cpsyexam", "dev")
    chosen = every[:: max(1, len(every) // ITEMS)][:ITEMS]
    generation = {"until": [], "max_gen_toks": cap, "do_sample": False, "temperature": 0.0}
    return [
        Instance(
            "generate_until",
            {},
            (
                model.apply_chat_template(
                    [{"role": "user", "content": prompting.prompt(question, "direct")}]
                ),
                dict(generation),
            ),
            0,
        )
        for question in chosen
    ]


def timed(label, work):
    """Seconds of one run, (clock, processor), said on stderr; the caller has warmed up."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    taken = time.perf_counter() - clock, time.process_time() - processor
    print(f"{label}: {taken[0]:.1f} s, {taken[1]:.1f} s of processor time", file=sys.stderr)
    return taken


def bare(model, asked):
    """The same batches through ``model.generate`` and nothing else."""
    lengths = {id(r): len(model.tok_encode(r.args[0])) for r in asked}
    ordered = sorted(asked, key=lambda r: -lengths[id(r)])
    batches = [
        model.tok_batch_encode([r.args[0] for r in batch])
        for batch in model._batches(ordered, lengths)
    ]

    def work():
        for tokens, mask in tqdm(batches, desc="bare", unit="batch"):
            with torch.inference_mode():
                model.model.generate(
                    tokens,
                    attention_mask=mask,
                    max_new_tokens=CAP,
                    do_sample=False,
                    eos_token_id=sorted(model._ends),
                    pad_token_id=model.tokenizer.pad_token_id,
                )

    return timed("bare", work)


def main():
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        name = backends.resumable("hf", journal, backends.DEFAULT_BATCH_TOKENS)
        ours = get_model(name).create_from_arg_obj(dict(ARGUMENTS))
        theirs = get_model("hf").create_from_arg_obj({**ARGUMENTS, "batch_size": 16})
        asked = requests(ours)
        short = sorted(requests(theirs, cap=2), key=lambda request: len(request.args[0]))
        theirs.generate_until(short[:2])  # warm-up, not counted
        seconds = {"bare": bare(ours, asked)}
        seconds["ours"] = timed("ours", lambda: ours.generate_until(asked))
        seconds["lm_eval batch 16"] = timed("lm_eval", lambda: theirs.generate_until(asked))
    print(f"{len(asked)} items, {CAP} new tokens, {ARGUMENTS['dtype']}, seconds")
    print(f"{'name':<36}{'value':>9}{'baseline':>10}{'ratio':>8}")
    for label, base in (("ours / lm_eval batch 16", "lm_eval batch 16"), ("ours / bare", "bare")):
        for kind, mine, other in zip(
            ("clock", "processor"), seconds["ours"], seconds[base], strict=True
        ):
            print(f"{f'{label}, {kind}':<36}{mine:>9.1f}{other:>10.1f}{mine / other:>8.2f}")


if __name__ == "__main__":
    main()
