"""The flags of `leaklab defend`: a defence and its strengths, the attack as for `leaklab run`, and the training."""

from dataclasses import replace

from leaklab.experiments.defending import Defending
from leaklab.experiments.flags import FLAGS, Flag
from leaklab.experiments.utility import UTILITIES

_ATTACK = "defended.inversion."
_UTILITIES = {key: utility.model_dump(mode="json") for key, utility in UTILITIES.items()}


def _as_run(name: str, shown: str = "") -> Flag:
    """Return a flag of `leaklab run` for the same knob of the attack here."""
    [flag] = [flag for flag in FLAGS if flag.name == name]
    return replace(flag, place=_ATTACK + flag.place, of=Defending, start=None, shown=shown or flag.shown)


DEFEND_FLAGS = (
    Flag("--defence", "protection", "Defence", of=Defending),
    Flag("--strengths", "strengths", "Defence", of=Defending, numbers=float, shown="five to compare"),
    Flag("--bound", "bound", "Defence", of=Defending, zero=True),
    Flag("--until-ssim", "until", "Defence", of=Defending, shown="no search"),
    Flag("--delta", "defended.delta", "Defence", of=Defending, also="utility.delta"),
    *map(
        _as_run, ("--dataset", "--dataset-split", "--data-root", "--client-indices", "--image-size", "--num-classes")
    ),
    *map(_as_run, ("--num-clients", "--samples-per-client", "--local-epochs", "--local-batch-size", "--local-lr")),
    *map(_as_run, ("--arch", "--pretrained", "--checkpoint")),
    Flag(
        "--adaptive", "defended.adaptive", "Attack", of=Defending, switch="estimated",
        help="Here: those it makes out.",
    ),
    Flag(
        "--told", "defended.adaptive", "Attack", of=Defending, switch="told",
        help="Here: those it is told of.",
    ),
    _as_run("--recipe", "idlg with a prior"),
    _as_run("--labels"),
    *(_as_run(name, "the recipe's own, at first {}") for name in ("--iterations", "--restarts", "--tv-weight")),
    Flag("--utility", "train", "Training", of=Defending),
    Flag(
        "--utility-dataset", "utility", "Training", of=Defending, choices=tuple(UTILITIES), words=_UTILITIES,
        shown="digits", help="What the federation learns: digits and faces need no download.",
    ),
    Flag("--rounds", "utility.scenario.federation.rounds", "Training", of=Defending, help="Here: all of them count."),
    Flag("--seeds", "utility.seeds", "Training", of=Defending),
    replace(_as_run("--seed"), also="utility.seed"),
    _as_run("--dtype"),
)  # fmt: skip
