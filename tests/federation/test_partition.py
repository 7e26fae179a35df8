"""Who holds what: everything once, consecutive, and as even as it goes."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from leaklab.federation.partition import even


@given(images=st.integers(1, 40), clients=st.integers(1, 8))
def test_every_image_has_one_holder_and_nobody_holds_two_more_than_another(images: int, clients: int):
    held = even(images, clients)
    assert len(held) == clients and torch.equal(torch.cat(held), torch.arange(images))
    assert max(map(len, held)) - min(map(len, held)) <= 1
