"""LPIPS: how different two pictures look to a network, when its weights are on this machine.

Nothing is ever downloaded by looking: without the weights there is no number, and a sentence that says why. Only
`fetch` goes out.
"""

import functools
import pickle
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.evaluation.metrics import broken, shown
from leaklab.settings import Refusal

Net = Literal["alex", "vgg", "squeeze"]


@dataclass(frozen=True)
class Trunk:
    """The network below LPIPS, with the file torchvision publishes of it."""

    title: str
    file: str
    checksum: str
    megabytes: int
    smallest: int  # pixels a side; of anything smaller the last stages leave a single cell, or none

    @property
    def address(self) -> str:
        """Where the file is published."""
        return f"https://download.pytorch.org/models/{self.file}"


TRUNKS: dict[Net, Trunk] = {
    "alex": Trunk("AlexNet", "alexnet-owt-7be5be79.pth", "7be5be79", 233, smallest=64),
    "vgg": Trunk("VGG16", "vgg16-397923af.pth", "397923af", 528, smallest=32),
    "squeeze": Trunk("SqueezeNet", "squeezenet1_1-b8a52dc0.pth", "b8a52dc0", 5, smallest=64),
}

_PATIENCE = 20.0  # seconds without a byte before a download is given up
_TOGETHER = 16  # images a pass, to bound the memory


def perceptual(
    reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"], *, net: Net = "alex"
) -> tuple[Float[Tensor, "n"] | None, str]:
    """Return the LPIPS distance of each image and no reason, or None and the sentence that says why there is none.

    Distances by different networks do not compare. Pictures under 64 pixels are measured on an enlargement to 64 (to 32
    by VGG16); grey ones as three equal channels. A reconstruction with a pixel that is not finite is infinitely far.

    Source: Zhang, Isola, Efros, Shechtman, Wang 2018, equation 1.
    """
    try:
        network = load(net)
    except Refusal as reason:
        return None, str(reason)
    ones, others = (prepared(images, TRUNKS[net].smallest).split(_TOGETHER) for images in (reconstruction, truth))
    with torch.no_grad():
        distances = torch.cat([network(one, other).flatten() for one, other in zip(ones, others, strict=True)]).double()
    return torch.where(broken(reconstruction), torch.inf, distances), ""


def prepared(images: Float[Tensor, "n c h w"], smallest: int) -> Float[Tensor, "n 3 height width"]:
    """Return images as LPIPS wants them: colour, in [-1, 1], no side under the smallest its network takes."""
    images = 2 * shown(images).float() - 1
    height, width = (max(side, smallest) for side in images.shape[2:])
    if images.shape[2:] != (height, width):
        images = nn.functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)
    return images.expand(-1, 3, -1, -1)


def weights_path(net: Net = "alex") -> Path:
    """Return where a network's weights belong: torch hub's own cache, shared with every other program."""
    return Path(torch.hub.get_dir()) / "checkpoints" / TRUNKS[net].file


def load(net: Net = "alex") -> nn.Module:
    """Return LPIPS with the weights found on this machine, never looking further.

    Raises: Refusal, when the weights are absent or are another network's, naming the file and the mend.
    """
    path = weights_path(net)
    if not path.is_file():
        raise Refusal(f"LPIPS is not measured: its network's weights belong at {_short(path)}, and {_source(net)}.")
    try:
        return _assembled(path, net)
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise Refusal(
            f"LPIPS is not measured: {_short(path)} does not hold {TRUNKS[net].title}'s weights. "
            f"Delete it; {_source(net)}."
        ) from error


def _source(net: Net) -> str:
    # The shell fetches what the app measures; the others are a notebook's.
    command = "`leaklab fetch lpips`" if net == "alex" else f'`leaklab.evaluation.lpips.fetch("{net}")`'
    return f"{command} downloads them, {TRUNKS[net].megabytes} MB"


def _short(path: Path) -> str:
    """Return a path as a visitor may see it: whose home it lies in is nobody's business."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def fetch(net: Net = "alex", *, progress: bool = False) -> Path:
    """Download a network's weights to where they belong, unless they are there, and return the path.

    Raises: Refusal, when they are out of reach or arrive damaged.
    """
    import socket

    path, trunk = weights_path(net), TRUNKS[net]
    if path.is_file():
        return path
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)  # torch hub asks without a time limit, so a silent network would hang it
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(trunk.address, str(path), hash_prefix=trunk.checksum, progress=progress)
    except (OSError, RuntimeError) as error:
        raise Refusal(
            f"LPIPS's weights could not be fetched from {trunk.address} ({error}). "
            f"Try again with a connection, or put that file at {path} by hand."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    return path


@functools.lru_cache(maxsize=len(TRUNKS))
def _assembled(path: Path, net: Net) -> nn.Module:
    from lpips import LPIPS

    # Built with a random trunk and filled here, for the package would download what it does not find; the fork keeps
    # those random numbers away from torch's global generator.
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.filterwarnings("ignore", message="(?s).*(pretrained|weight enum).*", category=UserWarning)
        network = LPIPS(net=net, pnet_rand=True, verbose=False)
    trunk = torch.load(path, map_location="cpu", weights_only=True)
    # lpips cuts a network's features into slices and keeps their numbering: slice2.3.weight is features.3.weight.
    names = {name: "features." + name.partition(".")[2] for name in network.net.state_dict()}
    network.net.load_state_dict({name: trunk[original] for name, original in names.items()})
    return network
