"""Public photographs: what anybody could have at home, none of it private, to learn from how a network answers."""

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor

from leaklab.images.crops import crops
from leaklab.images.files import placeholder
from leaklab.images.photos import ALBUM, Face, Photograph, picture
from leaklab.images.prepare import to_image, to_uint8

_SEED = 0  # every attacker has the same photographs


def public(private: Float[Tensor, "n c h w"], count: int, *, titles: Collection[str] = ()) -> Float[Tensor, "m c h w"]:
    """Return crops of the album in the form of the private images, without any photograph that is among them.

    `titles` name photographs of which the private images show only crops. A photograph cut from the same file as a
    private one is left out too; where nothing is left of the album, drawn landscapes stand in.
    """
    size, grey = private.shape[2], private.shape[1] == 1
    seen = {image.tobytes() for image in to_uint8(private)}

    def shown(entry: Photograph | Face) -> bool:
        whole = to_image(picture(entry.key, size), grey=grey)
        return entry.title in titles or to_uint8(whole[None])[0].tobytes() in seen

    taken = {_file(entry) for entry in ALBUM if shown(entry)}
    free = [entry.key for entry in ALBUM if _file(entry) not in taken]
    generator = torch.Generator().manual_seed(_SEED)
    if free:
        drawn = torch.rand(count, 3, generator=generator)
        squares = crops([free[number % len(free)] for number in range(count)], size, drawn)
        images = [to_image(square, grey=grey) for square in squares]
    else:
        images = [placeholder(number, size, grey=grey) for number in range(count)]
    return torch.stack(images).to(private)


def _file(entry: Photograph | Face) -> str:
    # One file holds all the faces, but each shows somebody else.
    return entry.file if isinstance(entry, Photograph) else entry.key
