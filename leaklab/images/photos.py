"""The album: real photographs that come inside scikit-image's and scikit-learn's wheels; nothing is downloaded.

Every entry is a square cut by hand around its subject, small enough to be recognised at 32 x 32.
Imports no torch, so that a page can show the album before torch is loaded.
"""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from leaklab.images.squares import Box, read_square, squared
from leaklab.settings import Refusal

_SKIMAGE = ("skimage", "data", "scikit-image")
_SKLEARN = ("sklearn", "datasets/images", "scikit-learn")
_NASA = "NASA, public domain"
_MIDDLEBURY = "Scharstein et al. 2014, Middlebury stereo data; no licence stated"
_LFW = "Labeled Faces in the Wild (Huang et al. 2007), for research; no licence stated"
_CC_BY = "CC BY 2.0 by"


@dataclass(frozen=True)
class Photograph:
    """One entry of the album: where its file lies, which square of it is shown, and whom to thank."""

    key: str
    title: str
    file: str
    box: Box
    credit: str
    home: tuple[str, str, str] = _SKIMAGE  # package, folder in it, name on the registry

    def square(self, size: int) -> Image.Image:
        """Return the square as RGB.

        Raises: Refusal, when the package or its file is not there.
        """
        return read_square(_find(self.file, self.home), size, box=self.box, what=f"The photograph '{self.key}'")


@dataclass(frozen=True)
class Face:
    """One of scikit-image's small grey faces, 25 x 25 pixels; nobody is named."""

    key: str
    title: str
    row: int
    credit: str = _LFW

    def square(self, size: int) -> Image.Image:
        """Return the face as RGB.

        Raises: Refusal, when scikit-image or its file is not there.
        """
        faces = np.load(_find("lfw_subset.npy", _SKIMAGE), mmap_mode="r")
        return squared(Image.fromarray((faces[self.row] * 255).round().astype(np.uint8)), size)


_FACES = (18, 19, 25, 29, 31, 40, 46, 50, 52, 59, 64, 74, 79, 80, 88, 91)  # clear, upright, all different

ALBUM: tuple[Photograph | Face, ...] = (
    Photograph("astronaut", "Astronaut", "astronaut.png", (122, 0, 220), _NASA),
    Photograph("cat", "Cat", "chelsea.png", (70, 0, 300), "CC0 by Stefan van der Walt"),
    Photograph("coffee", "Coffee cup", "coffee.png", (90, 0, 400), "CC0 by Rachel Michetti, Pikolo Espresso Bar"),
    Photograph("rocket", "Rocket", "rocket.jpg", (190, 110, 300), "SpaceX, released into the public domain"),
    Photograph("motorcycle", "Motorcycle", "motorcycle_left.png", (200, 30, 470), _MIDDLEBURY),
    Photograph("flower", "Flower", "flower.jpg", (165, 60, 300), f"{_CC_BY} vultilion, flickr.com", _SKLEARN),
    Photograph("china", "Pagoda", "china.jpg", (30, 0, 400), f"{_CC_BY} danielbuechele, flickr.com", _SKLEARN),
    Photograph("retina", "Retina of an eye", "retina.jpg", (0, 0, 1411), "CC0 by Mikael Häggström"),
    Photograph("hubble", "Distant galaxies", "hubble_deep_field.jpg", (640, 400, 200), _NASA),
    Photograph("cameraman", "Man with a camera", "camera.png", (90, 40, 270), "CC0 by Lav Varshney"),
    Photograph("coin", "Greek coin", "coins.png", (80, 171, 48), "Brooklyn Museum, no known restrictions"),
    Photograph("moon", "Crater of the moon", "moon.png", (88, 52, 74), "Comes with scikit-image; origin not stated"),
    Photograph("tissue", "Tissue under a microscope", "ihc.png", (235, 300, 190), "CMMI, no known restrictions"),
    Photograph("cell", "Single cell", "cell.png", (335, 290, 190), "CC0 by Müller et al. 2018"),
    Photograph("bricks", "Bricks", "brick.png", (60, 60, 150), "CC0 by CC0Textures"),
    Photograph("words", "Printed words", "page.png", (0, 0, 78), "Comes with scikit-image; origin not stated"),
    Photograph("shuttle", "Space shuttle", "astronaut.png", (270, 0, 242), _NASA),
    Photograph("patch", "Mission patch", "astronaut.png", (120, 345, 100), _NASA),
    Photograph("eye", "Eye of a cat", "chelsea.png", (125, 70, 95), "CC0 by Stefan van der Walt"),
    Photograph("wheel", "Wheel of a motorcycle", "motorcycle_left.png", (500, 240, 240), _MIDDLEBURY),
    *(Face(f"face-{number:02}", f"Face {number}", row) for number, row in enumerate(_FACES, start=1)),
)

KEYS = tuple(photograph.key for photograph in ALBUM)
OTHERS = KEYS[2::3]  # left to the attacker where every class gets crops of a photograph of its own


@lru_cache(maxsize=512)
def picture(key: str, size: int) -> UInt8[np.ndarray, "h w 3"]:
    """Return a photograph of the album as RGB bytes; the array is shared and cannot be written to.

    Raises: Refusal, when there is no such photograph or its package is not there.
    """
    if key not in KEYS:
        raise Refusal(f"There is no photograph '{key}' in the album: choose among {', '.join(KEYS)}.")
    array = np.array(ALBUM[KEYS.index(key)].square(size))
    array.setflags(write=False)
    return array


def _find(file: str, home: tuple[str, str, str]) -> Path:
    # The module is only looked up: importing scikit-learn for two JPEGs would take a second.
    package, folder, registry_name = home
    spec = importlib.util.find_spec(package)
    path = Path(*spec.submodule_search_locations) / folder / file if spec else None
    if path is None or not path.is_file():
        mend = f"`pip install --force-reinstall {registry_name}` brings it back."
        raise Refusal(f"The album's file {file} comes inside {registry_name}, and it is not there: {mend}")
    return path
