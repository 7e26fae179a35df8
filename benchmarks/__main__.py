"""`python -m benchmarks [part ...] [--quick] [--threads N] [--write]`: measure, print a table, keep it as JSON."""

import argparse
import sys
import time
import traceback
from collections.abc import Callable, Iterator

import torch

from benchmarks import (
    aggregated,
    closed_form,
    crowd,
    curious,
    defences,
    drift,
    enhanced,
    exposure,
    fedavg,
    figure,
    generators,
    giml,
    growth,
    labels,
    line,
    liveness,
    machines,
    memory,
    presets,
    promptness,
    quality,
    rate,
    results,
    rivals,
    speed,
    table,
    thirty_two,
    untrained,
)
from leaklab.settings import Refusal

PARTS: dict[str, Callable[[bool], Iterator[table.Row]]] = {
    "quality": quality.rows,
    "aggregated": aggregated.rows,
    "thirty_two": thirty_two.rows,
    "labels": labels.rows,
    "closed_form": closed_form.rows,
    "fedavg": fedavg.rows,
    "line": line.rows,
    "curious": curious.rows,
    "drift": drift.rows,
    "defences": defences.rows,
    "figure": figure.rows,
    "untrained": untrained.rows,
    "untrained_deep": untrained.deep,
    "generators": generators.rows,
    "giml": giml.rows,
    "enhanced": enhanced.rows,
    "exposure": exposure.rows,
    "speed": speed.rows,
    "rate": rate.rows,
    "liveness": liveness.rows,
    "promptness": promptness.rows,
    "presets": presets.rows,
    "crowd": crowd.rows,
    "memory": memory.rows,
    "machines": machines.rows,
    "rivals": rivals.rows,
    "growth": growth.rows,
}


def main() -> int:
    """Measure the parts asked for; the exit status says whether any of them could not be measured."""
    asked = _arguments()
    if asked.threads:
        torch.set_num_threads(asked.threads)
    failed = [part for part in asked.parts or ([] if asked.write else PARTS) if not _measured(part, quick=asked.quick)]
    if asked.write:
        print(f"{results.DOCUMENT}: {', '.join(results.write_document()) or 'nothing to write, measure first'}")
    return 1 if failed else 0


def _measured(part: str, *, quick: bool) -> bool:
    rows, began, ended = [], time.perf_counter(), ""
    try:
        for row in PARTS[part](quick):
            rows.append(row)
            print(f"{part}: {row.what}: {row.cells[1]}", file=sys.stderr, flush=True)
    except Refusal as refusal:
        ended = str(refusal)
    except Exception:  # the other parts can still be measured
        ended = traceback.format_exc()
    seconds = time.perf_counter() - began
    print(f"\n{part}{' (quick: far fewer repetitions, not the numbers promised)' if quick else ''}, {seconds:.0f} s")
    if rows:
        print(f"\n{table.plain(rows)}\n")
        print(f"kept in {results.save(part, rows, quick=quick, seconds=seconds)}\n")
    if ended:
        print(f"{part} ended early: {ended}\n")
    return not ended


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure what leaklab promises.")
    parser.add_argument("parts", nargs="*", metavar="part", help=f"any of {', '.join(PARTS)}; none for all")
    parser.add_argument("--quick", action="store_true", help="a minute at most, to see that it works")
    parser.add_argument(
        "--threads", type=int, default=0, help="threads torch may use in this process; 0 for its own choice"
    )
    parser.add_argument("--write", action="store_true", help="put the tables kept so far into docs/performance.md")
    asked = parser.parse_args()
    if unknown := [part for part in asked.parts if part not in PARTS]:
        parser.error(f"there is no part {unknown[0]!r}: choose any of {', '.join(PARTS)}")
    return asked


if __name__ == "__main__":
    sys.exit(main())
