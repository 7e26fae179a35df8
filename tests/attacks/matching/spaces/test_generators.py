"""The generators against PyTorch's own layers put together as published, and their published sizes."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import vector_to_parameters

from leaklab.attacks.matching.spaces.generators import DCGAN, Architecture, CINet, count, drawn, named, sides
from tests.scene import dice

AT_32 = {
    8: 21_235, 16: 51_683, 32: 140_227, 64: 427_907, 128: 1_445_635, 256: 5_250_563, 512: 19_938_307, 1024: 77_625_347,
}  # fmt: skip
AT_256 = {32: 150_139, 64: 467_315, 128: 1_602_787, 256: 5_878_211, 512: 22_446_979}
GENERATORS = {
    "ci-net": CINet(8, 32, 3), "ci-net grown to 128": CINet(8, 128, 1), "ci-net at 4": CINet(3, 4, 3),
    "ci-net bilinear": CINet(8, 16, 3, upsampling="bilinear"), "ci-net plain": CINet(8, 16, 3, spectral=False),
    "dcgan": DCGAN(16, 32, 3), "dcgan at 64": DCGAN(16, 64, 1),
}  # fmt: skip
EACH = pytest.mark.parametrize("generator", GENERATORS.values(), ids=GENERATORS)


def ci_net(generator: CINet) -> nn.Module:
    """Return CI-Net of PyTorch's layers, without the division by spectral norms."""
    width = generator.width
    layers: list[nn.Module] = [nn.ConvTranspose2d(128, width, 4), nn.BatchNorm2d(width), nn.LeakyReLU(0.1)]
    for side in (4, 8, 16, 32, 64, 128):
        if side > generator.side:
            break
        before, width = width, {64: generator.width // 2, 128: generator.width // 4}.get(side, generator.width)
        layers += [nn.Upsample(scale_factor=2, mode=generator.upsampling)] if side > 4 else []
        for fed in (before, width):
            layers += [nn.Conv2d(fed, width, 3, padding=1), nn.BatchNorm2d(width), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers, nn.Conv2d(width, generator.channels, 1), nn.Tanh())


def dcgan(generator: DCGAN) -> nn.Module:
    """Return DCGAN of PyTorch's layers."""
    width = generator.width
    layers = [nn.ConvTranspose2d(100, width, 4, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    for side in (8, 16, 32, 64):
        if side > generator.side:
            break
        before, width = width, max(width // 2, generator.width // 8)
        layers += [nn.ConvTranspose2d(before, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, generator.channels, 1, bias=False), nn.Tanh())


def published(generator: Architecture) -> nn.Module:
    return (ci_net if isinstance(generator, CINet) else dcgan)(generator).double()


def inputs(generator: Architecture, count: int = 3) -> tuple[Tensor, Tensor]:
    row = drawn(generator, dice(1)).double()
    # Batch norm that scales and shifts nothing would hide where it stands.
    row = row + 0.1 * torch.randn(row.shape, dtype=row.dtype, generator=dice(2))
    return row, torch.randn(count, generator.latent, dtype=row.dtype, generator=dice(3))


@pytest.mark.parametrize(("width", "expected"), AT_32.items())
def test_ci_net_has_the_published_size(width: int, expected: int):
    assert count(CINet(width, 32, 3)) == expected


@pytest.mark.parametrize(("width", "expected"), AT_256.items())
def test_ci_net_for_large_images_has_the_published_size(width: int, expected: int):
    assert count(CINet(width, 256, 3)) == expected


def test_dcgan_has_the_published_size():
    assert count(DCGAN(512, 32, 3)) == 3_573_824


@EACH
def test_it_draws_what_pytorchs_layers_draw(generator: Architecture):
    row, noise = inputs(generator)
    theirs = published(generator)
    vector_to_parameters(row, theirs.parameters())
    with torch.no_grad():
        for layer in theirs:
            if isinstance(layer, nn.Conv2d) and layer.kernel_size == (3, 3) and generator.spectral:
                layer.weight /= torch.linalg.matrix_norm(layer.weight.flatten(1), ord=2)
        expected = theirs(noise[:, :, None, None])
    expected = expected if isinstance(generator, CINet) else (expected + 1) / 2
    assert expected.shape == (3, generator.channels, generator.side, generator.side)
    assert torch.allclose(generator(named(generator, row), noise), expected, atol=1e-8)


@EACH
def test_it_starts_as_pytorchs_layers_start(generator: Architecture):
    weights, theirs = named(generator, drawn(generator, dice())), list(published(generator).parameters())
    assert [part.shape for part in weights.values()] == [part.shape for part in theirs]
    for part, (name, ours), other in zip(generator.parts(), weights.items(), theirs, strict=True):
        assert part.name == name and ours.min() >= part.low and ours.max() <= part.high
        if "norm" not in name and ours.numel() > 500:
            assert torch.allclose(torch.tensor(part.high), other.abs().max().float(), rtol=0.02)
            assert abs(ours.mean()) < 0.1 * part.high and abs(ours.abs().mean() - part.high / 2) < 0.05 * part.high
    scales = [tensor for name, tensor in weights.items() if name.endswith((".scale", ".shift"))]
    assert scales and all(torch.equal(one, torch.full_like(one, float(one[0]))) for one in scales)
    assert {float(one[0]) for one in scales} == {0.0, 1.0}


@EACH
def test_the_same_dice_draw_the_same_weights(generator: Architecture):
    assert torch.equal(drawn(generator, dice(5)), drawn(generator, dice(5)))
    assert not torch.equal(drawn(generator, dice(5)), drawn(generator, dice(6)))


def test_ci_net_paints_on_both_sides_of_black_and_dcgan_never_below_it():
    for generator, low in ((CINet(16, 32, 3), -1), (DCGAN(16, 32, 3), 0)):
        row, noise = inputs(generator, 8)
        images = generator(named(generator, row), noise)
        assert low < images.min() < low + 0.4 and 0.6 < images.max() < 1


def test_batch_norm_ties_the_images_of_a_batch_together():
    generator = CINet(8, 16, 3)
    row, noise = inputs(generator, 4)
    weights = named(generator, row)
    assert not torch.allclose(generator(weights, noise)[:2], generator(weights, noise[:2]), atol=1e-3)


def test_a_generator_doubles_four_pixels():
    assert sides(4) == [4] and sides(32) == [4, 8, 16, 32] and sides(256)[-1] == 256


@EACH
def test_a_pass_keeps_as_many_numbers_as_it_says(generator: Architecture):
    row, noise = inputs(generator, 5)  # no tensor of weights begins with a five
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        if tensor.ndim == 4 and len(tensor) == len(noise):
            kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        images = generator(named(generator, row.requires_grad_()), noise)
    numbers = sum(kept.values()) // len(noise)
    assert numbers > 2 * images[0].numel() and numbers == pytest.approx(generator.maps(), rel=0.05)
