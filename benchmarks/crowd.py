"""A class before one machine: thirty browsers, played by their messages alone, all watching one attack that goes on.

Each asks for its part of the page to be drawn again, as a browser does, and waits until that is done.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import quantiles

from benchmarks.app import App, served
from benchmarks.memory import MB
from benchmarks.table import Row
from leaklab.experiments.catalogue import DEFAULT
from leaklab.runs.store import Store
from leaklab.settings import Refusal

VISITORS, SECONDS = 30, 20.0
# Seconds between two drawings of each visitor, and the milliseconds they may take; None: what the page asks for.
PACES = ((1.0, 200), (0.25, None), (None, 200))
_LONG = DEFAULT.experiment.changed(("recipe", "stages", 0, "iterations"), 50_000).changed(
    ("recipe", "stages", 0, "enough"), 0.0
)
_PATIENCE = 120  # seconds a page may take to be drawn for the first time


@dataclass
class Visitor:
    """One browser as the server sees it: a connection, the page it is at, and how long its drawings took."""

    connection: object
    query: str
    page: str = ""
    fragment: str = ""
    pause: float = 0.0  # seconds that the page asks for between two drawings
    waits: list[float] = field(default_factory=list)

    async def ask(self, *, again: bool) -> None:
        """Have the page drawn, or `again` only the part of it that follows the run, and wait for the end of it."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = self.query
        if again:
            asked.rerun_script.page_script_hash, asked.rerun_script.fragment_id = self.page, self.fragment
            asked.rerun_script.is_auto_rerun = True
        else:
            asked.rerun_script.page_name = "playground"
        await self.connection.send(asked.SerializeToString())
        async for raw in self.connection:
            message = ForwardMsg.FromString(raw)
            if message.HasField("new_session"):
                self.page = message.new_session.page_script_hash
            if message.HasField("auto_rerun"):
                self.fragment, self.pause = message.auto_rerun.fragment_id, message.auto_rerun.interval
            if message.HasField("script_finished") and message.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                return


def rows(quick: bool) -> Iterator[Row]:
    """Yield how long drawing took for most of the visitors, at each rate, and what memory the server needed.

    Raises: Refusal, when the app does not answer.
    """
    visitors, seconds = (3, 3.0) if quick else (VISITORS, SECONDS)
    for pace, wanted in PACES:
        with served() as app:
            waits, grown, pause = asyncio.run(_watched(app, visitors, pace, seconds))
        late = quantiles(waits, n=20)[-1]
        note = f"{len(waits)} drawings of {visitors * seconds / pause:.0f} asked for, {visitors} visitors"
        what = f"{visitors} watch one attack, {'at the pace of the page' if pace is None else f'every {pace:g} s'}"
        yield Row(f"{what}: 19 of 20 drawn within", (1000 * late,), "ms", at_most=wanted, note=note)
        yield Row(f"{what}: drawing", tuple(1000 * wait for wait in waits), "ms")
        yield Row(f"{what}: memory all but one add", (grown,), "MB", at_most=300)


async def _watched(app: App, count: int, pace: float | None, seconds: float) -> tuple[list[float], float, float]:
    """Let many watch one attack; return the seconds of all drawings, the MB that all but one add, and the pause."""
    import websockets

    store = Store(f"sqlite:///{app.home}/runs.sqlite")
    run = store.enqueue(_LONG.model_dump_json(), title="the class watches")
    address = app.address.replace("http", "ws") + "/_stcore/stream"
    try:
        visitors = [
            Visitor(await websockets.connect(address, subprotocols=["streamlit"], max_size=None), f"run={run}")
            for _ in range(count)
        ]
        for visitor in visitors:  # one after the other, as people come in; the first one has PyTorch loaded
            await asyncio.wait_for(visitor.ask(again=False), _PATIENCE)
            before = _memory(app) if visitor is visitors[0] else before
        while not store.frames(run):
            await asyncio.sleep(0.2)
        for visitor in visitors:  # how often a page looks depends on how many are there when it is drawn
            await asyncio.wait_for(visitor.ask(again=False), _PATIENCE)
        if not all(visitor.fragment for visitor in visitors):
            raise Refusal("The page does not ask to be drawn again: the run had ended, or the page has changed.")
        ends = time.perf_counter() + seconds
        pause = pace or visitors[0].pause
        starts = [number / count * pause for number in range(count)]
        await asyncio.gather(*(_watch(*one, ends, pause) for one in zip(visitors, starts, strict=True)))
        grown = _memory(app) - before
        for visitor in visitors:
            await visitor.connection.close()
    finally:
        store.cancel(run)
        store.close()
    return [wait for visitor in visitors for wait in visitor.waits], grown, pause


async def _watch(visitor: Visitor, first: float, ends: float, pause: float) -> None:
    """Ask again and again, at even times or as soon as the drawing before is done."""
    await asyncio.sleep(first)
    while time.perf_counter() < ends:
        begun = time.perf_counter()
        await asyncio.wait_for(visitor.ask(again=True), _PATIENCE)
        visitor.waits.append(time.perf_counter() - begun)
        await asyncio.sleep(max(0.0, pause - visitor.waits[-1]))


def _memory(app: App) -> float:
    """Return the resident memory of the process that serves the pages, in MB."""
    import psutil

    return psutil.Process(app.pid).memory_info().rss / MB
