"""The weights that ship: each with its card, as small as promised, looked at by somebody, and fit for who asks."""

import pytest
from PIL import Image

from leaklab.attacks.enhancement import DDRM, MaskedDiffusion, Restoration
from leaklab.attacks.generative import shelf
from leaklab.attacks.matching.spaces import GeneratorLatent
from tests.scene import TOLD, scene

NAMES = shelf.available()
EACH = pytest.mark.parametrize("name", NAMES)
MOST, ALTOGETHER = 10 * 10**6, 40 * 10**6  # bytes


def test_every_kind_that_a_page_offers_is_there():
    assert {"dcgan-cifar10", "denoiser-cifar10", "transformer-cifar10", "restoration-cifar10"} <= set(NAMES)


@EACH
def test_they_are_those_of_their_card_and_all_of_them_numbers(name: str):
    card, state = shelf.on_shelf(name)
    assert card.steps > 0 and card.seconds > 60 and card.command.startswith("leaklab pretrain ")
    assert all(part.isfinite().all() for part in state.values())


@EACH
def test_somebody_has_looked_at_the_samples_and_said_so(name: str):
    assert shelf.card(name).quality != shelf.Card.model_fields["quality"].default
    with Image.open(shelf.SHIPPED / f"{name}.png") as picture:
        assert picture.width > picture.height


def test_they_are_as_small_as_promised():
    sizes = [(shelf.SHIPPED / f"{name}.safetensors").stat().st_size for name in NAMES]
    assert max(sizes) <= MOST and sum(sizes) <= ALTOGETHER


def test_nothing_of_this_machine_stands_in_a_card():
    for name in NAMES:
        text = (shelf.SHIPPED / f"{name}.json").read_text(encoding="utf-8")
        assert "/home/" not in text and "/tmp/" not in text and "--out" not in text


@pytest.mark.parametrize(
    "part", [GeneratorLatent(), DDRM(), MaskedDiffusion(conditional=False), Restoration(conditional=False)]
)
def test_what_asks_for_them_misses_nothing(part):
    assert part.missing(scene(2, side=32, channels=3).observation(TOLD)) == []
