"""LPIPS: how different two pictures look to a network, when its weights are on this machine.

Nothing is ever downloaded by looking: without the weights there is no number, and a sentence that says why. Only
`fetch` goes out.
"""

import functools
import pickle
import warnings
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from leaklab.evaluation.metrics import broken, shown
from leaklab.settings import Refusal

ADDRESS = "https://download.pytorch.org/models/alexnet-owt-7be5be79.pth"
SMALLEST = 64  # pixels a side; AlexNet's five stages leave a single cell of anything much smaller

_CHECKSUM = "7be5be79"
_PATIENCE = 20.0  # seconds without a byte before a download is given up
_TOGETHER = 16  # images a pass, to bound the memory


def perceptual(
    reconstruction: Float[Tensor, "n c h w"], truth: Float[Tensor, "n c h w"]
) -> tuple[Float[Tensor, "n"] | None, str]:
    """Return the LPIPS distance of each image and no reason, or None and the sentence that says why there is none.

    Pictures under 64 pixels are measured on an enlargement to 64; grey ones as three equal channels. A reconstruction
    with a pixel that is not finite is infinitely far.

    Source: Zhang, Isola, Efros, Shechtman, Wang 2018, equation 1, AlexNet.
    """
    try:
        network = load()
    except Refusal as reason:
        return None, str(reason)
    pairs = zip(prepared(reconstruction).split(_TOGETHER), prepared(truth).split(_TOGETHER), strict=True)
    with torch.no_grad():
        distances = torch.cat([network(one, other).flatten() for one, other in pairs]).double()
    return torch.where(broken(reconstruction), torch.inf, distances), ""


def prepared(images: Float[Tensor, "n c h w"]) -> Float[Tensor, "n 3 height width"]:
    """Return images as LPIPS wants them: colour, in [-1, 1], no side under 64 pixels."""
    images = 2 * shown(images).float() - 1
    height, width = (max(side, SMALLEST) for side in images.shape[2:])
    if images.shape[2:] != (height, width):
        images = nn.functional.interpolate(images, (height, width), mode="bilinear", align_corners=False)
    return images.expand(-1, 3, -1, -1)


def weights_path() -> Path:
    """Return where the backbone's weights belong: torch hub's own cache, shared with every other program."""
    return Path(torch.hub.get_dir()) / "checkpoints" / ADDRESS.rpartition("/")[2]


def load() -> nn.Module:
    """Return LPIPS with the weights found on this machine, never looking further.

    Raises: Refusal, when the weights are absent or are not AlexNet's, naming the file and the mend.
    """
    path = weights_path()
    if not path.is_file():
        raise Refusal(
            f"LPIPS is not measured: its network's weights belong at {_short(path)}, "
            "and `leaklab fetch lpips` downloads them."
        )
    try:
        return _assembled(path)
    except (OSError, RuntimeError, EOFError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise Refusal(
            f"LPIPS is not measured: {_short(path)} does not hold AlexNet's weights. "
            "Delete it, then `leaklab fetch lpips`."
        ) from error


def _short(path: Path) -> str:
    """Return a path as a visitor may see it: whose home it lies in is nobody's business."""
    return f"~/{path.relative_to(Path.home())}" if path.is_relative_to(Path.home()) else str(path)


def fetch(*, progress: bool = False) -> Path:
    """Download the backbone's weights (233 MB) to where they belong, unless they are there, and return the path.

    Raises: Refusal, when they are out of reach or arrive damaged.
    """
    import socket

    path = weights_path()
    if path.is_file():
        return path
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_PATIENCE)  # torch hub asks without a time limit, so a silent network would hang it
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(ADDRESS, str(path), hash_prefix=_CHECKSUM, progress=progress)
    except (OSError, RuntimeError) as error:
        raise Refusal(
            f"LPIPS's weights could not be fetched from {ADDRESS} ({error}). "
            f"Try again with a connection, or put that file at {path} by hand."
        ) from error
    finally:
        socket.setdefaulttimeout(before)
    return path


@functools.lru_cache(maxsize=1)
def _assembled(path: Path) -> nn.Module:
    from lpips import LPIPS

    # Built with a random trunk and filled here, for the package would download what it does not find; the fork keeps
    # those random numbers away from torch's global generator.
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]):
        warnings.filterwarnings("ignore", message="(?s).*(pretrained|weight enum).*", category=UserWarning)
        network = LPIPS(net="alex", pnet_rand=True, verbose=False)
    trunk = torch.load(path, map_location="cpu", weights_only=True)
    # lpips cuts AlexNet's features into five slices and keeps their numbering: slice2.3.weight is features.3.weight.
    names = {name: "features." + name.partition(".")[2] for name in network.net.state_dict()}
    network.net.load_state_dict({name: trunk[original] for name, original in names.items()})
    return network
