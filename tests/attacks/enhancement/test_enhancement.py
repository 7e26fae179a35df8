"""The axis of enhancers: each is read back from what it writes, and every knob explains itself."""

import pytest
from pydantic import TypeAdapter

from leaklab.attacks.enhancement import DDRM, Enhancement, MaskedDiffusion, Restoration
from leaklab.settings import Settings, walk

EACH = pytest.mark.parametrize(
    "enhancer",
    [DDRM(factor=8, task="denoising"), MaskedDiffusion(conditional=False), Restoration(mix=0.5)],
    ids=lambda enhancer: enhancer.kind,
)


@EACH
def test_an_enhancer_is_read_back_as_it_was_written(enhancer: Settings):
    assert TypeAdapter(Enhancement).validate_python(enhancer.model_dump(mode="json")) == enhancer


@EACH
def test_every_knob_explains_itself(enhancer: Settings):
    knobs = list(walk(enhancer))
    assert {knob.path[-1] for knob in knobs} == set(type(enhancer).model_fields) - {"kind"}
    assert all(knob.help.endswith(".") for knob in knobs)
