"""Asking a model, without database or network, against CatBoost's own evaluation on one thread.

Two stages of 300 trees with 64 leaves each, over made-up counts, in batches and one by one. The tabulated trees must
say the same as CatBoost before anything is measured.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.ground import Cost, alternating, measured, ratio

ROWS, BATCH, ROUNDS, TREES, DEPTH = 20_000, 2_000, 9, 300, 6
What = Callable[[Any], object]


def measure(rounds: int = ROUNDS, rows: int = ROWS, trees: int = TREES) -> None:
    """Measure and print the figures."""
    import numpy as np
    from catboost import Pool

    from chiron.screening.model.exported import stage_of
    from chiron.screening.model.folders import read_bundle
    from chiron.screening.model.tests.factories import bundle_in, made_up, trained

    models = [trained(stage, depth=DEPTH, trees=trees) for stage in (0, 1)]
    with TemporaryDirectory() as folder:
        bundle_in(Path(folder), stages=[stage_of(model, a=1, b=0, base_rate=0.2) for model in models])
        began = time.process_time()
        bundle = read_bundle(Path(folder))
        reading = time.process_time() - began
    counts = made_up(rows, seed=1)

    def predicted(part: Any) -> Any:
        return [model.predict(part, prediction_type="RawFormulaVal", thread_count=1) for model in models]

    def explained(part: Any) -> Any:
        return [model.get_feature_importance(Pool(part), type="ShapValues", thread_count=1) for model in models]

    theirs = np.stack(explained(counts[:200]), axis=1)
    assert np.abs(bundle.contributions_of(counts[:200]) - theirs).max() < 1e-9
    print(f"two stages of {trees} trees of 64 leaves, {rows:,} rows, of CatBoost on one thread, processor time")
    many = [counts[at : at + BATCH] for at in range(0, rows, BATCH)]
    one = [counts[at : at + 1] for at in range(min(rows, 300))]
    for name, parts, own, floor in (
        ("probabilities, in batches", many, bundle.probabilities, predicted),
        ("contributions, in batches", many, bundle.contributions_of, explained),
        ("probabilities, one row", one, bundle.probabilities, predicted),
        ("contributions, one row", one, bundle.contributions_of, explained),
    ):
        pairs = alternating(rounds, lambda: cost(parts, own), lambda: cost(parts, floor))  # noqa: B023 called at once
        rate = sum(map(len, parts)) / statistics.median(each.processor for each, _ in pairs)
        print(f"  {name:28} {ratio(pairs, 'processor')}   {rate:,.0f} rows/s")
    print(f"  reading a bundle: {reading * 1000:,.0f} ms;{latency(one, bundle.probabilities)}")


def cost(parts: Sequence[Any], ask: What) -> Cost:
    with measured() as costs:
        for part in parts:
            ask(part)
    return costs[0]


def latency(parts: Sequence[Any], ask: What) -> str:
    """How long a single row waits for its probabilities."""
    waits = []
    for part in parts:
        began = time.perf_counter()
        ask(part)
        waits.append((time.perf_counter() - began) * 1e6)
    *_, last = statistics.quantiles(waits, n=100)
    return f" a single row's probabilities: p50 {statistics.median(waits):,.0f} us, p99 {last:,.0f} us"
