"""An enhancing as a worker would have stored it, without the seconds it takes: two photographs, three ways."""

from functools import cache

import torch
from torch import Tensor

from leaklab.attacks.enhancement import DDRM, MaskedDiffusion, Restoration
from leaklab.experiments.enhancing import Enhancing
from leaklab.experiments.exhibits import Wall, verdict
from leaklab.experiments.frame import Frame
from leaklab.experiments.referee import tiles
from leaklab.federation.rounds import Federation
from leaklab.runs.store import Store
from tests.experiments import small
from tests.experiments.enhancers import guess
from tests.scene import scene
from tests.ui.claiming import taken

_ATTACK = small.inversion(Federation(images_per_client=2), iterations=2)
SMALL = Enhancing(inversion=_ATTACK, enhancers=(DDRM(), MaskedDiffusion(conditional=False), Restoration()))
NOTES = "direct: The prior knows pictures of 32 x 32 pixels.\ngan: Its weights are not here."


@cache
def frames() -> tuple[Frame, ...]:
    """Return the raw pictures, then the direct way, two moments of the semantic one, and the final frame."""
    wall = Wall(scene(2, channels=3, dtype=torch.float32).play(Federation(images_per_client=2)))
    wall.latest[0] = guess(_mixed(wall.truth, 0.5), torch.tensor([0, 1]))
    wall.put("raw", wall.found)
    found = [_frame(0, wall, note="The round is small.")]
    wall.put("direct", _mixed(wall.truth, 0.8))
    found.append(_frame(1, wall, done=0))
    for share in (0.1, 0.4):
        wall.put("semantic", _mixed(wall.truth, share), strip=True)
        found.append(_frame(len(found), wall, done=1))
    return *found, _frame(len(found), wall, done=3, note=f"{verdict(wall.scalars)}\n{NOTES}\nNo LPIPS.", final=True)


def keep(store: Store, *, most: int = 100, experiment: Enhancing = SMALL) -> str:
    """Store a run of which a worker has brought so many frames, and return its id."""
    run_id = taken(store, experiment)
    for frame in frames()[:most]:
        store.append(run_id, frame, worker="a test")
    if most >= len(frames()):
        store.finish(run_id, worker="a test")
    return run_id


def _mixed(truth: Tensor, share: float) -> Tensor:
    """Return pictures of which so much is the truth."""
    return torch.full_like(truth, 0.5).lerp(truth, share)


def _frame(index: int, wall: Wall, *, note: str = "", done: int | None = None, final: bool = False) -> Frame:
    scalars = {"iteration": 2.0, "iterations": 2.0, "progress": index / 4}
    scalars |= {} if done is None else {"enhancers": 3.0, "enhancers_done": float(done)}
    pictures = wall.pictures | ({"truth": tiles(wall.truth)} if index == 0 else {})
    note = note or ("" if index < 2 else NOTES.split("\n")[0])
    return Frame(index, float(index), scalars | wall.scalars, wall.series, pictures, note, final)
