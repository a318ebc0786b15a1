"""Building the board with 100 models × 7,765 outcomes, and opening its index page in Chromium.

Prints what was measured, the bound it is held to, and their ratio; exits 1 where a bound is broken.
The models are made up: what counts is how many outcomes are read, ranked and written.
"""

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from boards import write_run
from test_board_browser import FLAGS

from psyche_bench.leaderboard import build
from psyche_bench.leaderboard.records import Model

MODELS = 100
BOUNDS = {"build, s": 30.0, "build, GB": 1.0, "index.html, MB": 3.0, "interactive, s": 2.0}


def write_models(folder: Path) -> int:
    """A hundred models on PCEB and on CPsyExam's test-sized columns; returns the outcomes."""
    kinds = ("general", "reasoning", "closed", "psychological")
    written = 0
    for n in range(MODELS):
        model = Model(name=f"made-up-{n:03d}", category=kinds[n % 4], size=float(1 + n))
        for group in ("pceb", "cpsyexam_dev"):
            skill = 0.2 + 0.7 * n / MODELS
            written += write_run(folder, model, group, skill=skill, seed=n).items or 0
    return written


def interactive(page: Path) -> float:
    """Seconds until a click has sorted a table, the median of five loads by a running browser."""
    from playwright.sync_api import sync_playwright

    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for _ in range(5):
            tab = browser.new_page()
            started = time.perf_counter()
            tab.goto(page.resolve().as_uri())
            tab.wait_for_function("document.documentElement.dataset.ready")
            tab.locator("#table-pceb thead th:visible").nth(4).click()
            tab.wait_for_selector("#table-pceb th[aria-sort=descending]")
            found.append(time.perf_counter() - started)
            tab.close()
        browser.close()
    return sorted(found)[2]


def main() -> int:
    """Measure, print, compare."""
    with tempfile.TemporaryDirectory() as scratch:
        results, out = Path(scratch) / "results", Path(scratch) / "site"
        outcomes = write_models(results)
        before = time.process_time()
        started = time.perf_counter()
        files = build.build(out, results)
        clock, worked = time.perf_counter() - started, time.process_time() - before
        measured = {
            "build, s": clock,
            "build, GB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
            "index.html, MB": (out / "index.html").stat().st_size / 1e6,
            "interactive, s": interactive(out / "index.html"),
        }
    print(f"{MODELS} models, {outcomes} outcomes, {len(files)} files")
    print(f"the build took {clock:.1f} s by the clock, {worked:.1f} s of one processor")
    print("name             value  bound  ratio")
    for name, value in measured.items():
        print(f"{name:15} {value:6.2f} {BOUNDS[name]:6.1f} {value / BOUNDS[name]:6.2f}")
    return int(any(value > BOUNDS[name] for name, value in measured.items()))


if __name__ == "__main__":
    sys.exit(main())
