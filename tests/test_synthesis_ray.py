"""The Ray engine gives the local engine's files; ``tests/perf/synthesis_ray.py`` on 2,000 rows."""

import pytest
import synthesis_inputs
import teacher
from scripted import serving
from test_synthesis_run import files

from psyche_bench.errors import BudgetExhausted, RunError
from psyche_bench.synthesis import ray_engine, recipe, run

ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'psyche-bench[ray]'")
pytest.importorskip("ray.data", reason="Ray Data is not installed")

ON = (
    "bank",
    "control",
    "rationale",
    "iterate",
    "cross-select",
    "dialogues",
    "dialogue-filter",
    "decontaminate",
    "split",
)


@pytest.fixture(scope="module")
def started():
    try:
        ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    except Exception as error:  # Ray raises bare Exceptions there
        pytest.skip(f"Ray does not start on this machine (it gives itself 30 s): {error}")
    yield
    ray.shutdown()


def test_a_ray_that_does_not_start_is_told_with_what_to_do(monkeypatch):
    tried = []

    def late(**_):
        tried.append(1)
        raise Exception("The current node timed out during startup.")  # noqa: TRY002  # as Ray's own

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", late)
    with pytest.raises(RunError, match=r"did not start: .*--engine local"):
        ray_engine._started()
    assert len(tried) == 2


def test_both_engines_write_the_same_files(started, tmp_path, monkeypatch):
    monkeypatch.setenv("PSYCHE_BENCH_DATA", str(synthesis_inputs.write(tmp_path / "data", bank=40)))
    with serving(teacher.teach) as server:
        whole = recipe.load(str(synthesis_inputs.recipe(tmp_path / "r.toml", server.url)))
        steps = {name: table for name, table in whole.steps.items() if name in ON}
        short = whole.model_copy(update={"steps": steps})
        for engine in ("local", "ray"):
            run.run(short, tmp_path / engine, engine=engine)
        asked = sum(server.asked.values())
        tight = short.model_copy(update={"budget": short.budget.model_copy(update={"calls": 3})})
        with pytest.raises(BudgetExhausted, match="budget of 3 calls is used up"):
            run.run(tight, tmp_path / "tight", engine="ray")
    assert files(tmp_path / "ray") == files(tmp_path / "local")
    assert asked % 2 == 0, "each engine made the same calls"
