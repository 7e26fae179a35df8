"""LPIPS: scaled as its network wants, absent with a sentence, and never a download by itself."""

import socket
from types import SimpleNamespace

import pytest
import torch
from lpips import LPIPS
from torchvision import models

from leaklab.evaluation import lpips
from leaklab.settings import Refusal

IMAGES = torch.rand(3, 3, 16, 16, generator=torch.Generator().manual_seed(0))
PUBLISHED = {"alex": "alexnet", "vgg": "vgg16", "squeeze": "squeezenet1_1"}  # torchvision's names


class Differences(torch.nn.Module):
    """A stand-in for the network: the mean difference of what it is given, and a record of it."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def forward(self, one, other):
        self.seen.append((one, other))
        return (one - other).abs().mean((1, 2, 3), keepdim=True)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """An empty torch hub, and no network."""

    def unreachable(*_, **__):
        raise OSError("no route to host")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "urlopen", unreachable)
    yield tmp_path
    lpips._assembled.cache_clear()


@pytest.fixture
def stand_in(monkeypatch):
    network = Differences()
    monkeypatch.setattr(lpips, "load", lambda net: network)
    return network


def random_features(net: str) -> torch.nn.Module:
    """Return the feature layers of a network, of small random weights; without the classifier, which is most of it."""
    with torch.device("meta"):
        features = getattr(models, PUBLISHED[net])(weights=None).features
    features, generator = features.to_empty(device="cpu"), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in features.parameters():
            parameter.uniform_(-0.05, 0.06, generator=generator)
    return features


def put(net: str, features: torch.nn.Module) -> None:
    """Write feature layers to where the published weights of their network belong."""
    lpips.weights_path(net).parent.mkdir(exist_ok=True)
    torch.save({f"features.{name}": tensor for name, tensor in features.state_dict().items()}, lpips.weights_path(net))


def test_pictures_are_scaled_to_minus_one_and_one_and_enlarged_to_64_pixels(stand_in):
    distances, reason = lpips.perceptual(torch.full((2, 3, 16, 32), 9.0), torch.zeros(2, 3, 16, 32))
    (one, other), *_ = stand_in.seen
    assert one.shape == other.shape == (2, 3, 64, 64)
    assert (one == 1).all() and (other == -1).all()
    assert distances.tolist() == [2, 2] and reason == ""


def test_vgg_measures_small_pictures_at_half_that_size(stand_in):
    lpips.perceptual(IMAGES, IMAGES, net="vgg")
    (one, _), *_ = stand_in.seen
    assert one.shape == (3, 3, 32, 32)


def test_large_pictures_keep_their_size_and_grey_ones_become_colour(stand_in):
    grey = torch.rand(1, 1, 64, 80, generator=torch.Generator().manual_seed(0))
    lpips.perceptual(grey, grey)
    (one, _), *_ = stand_in.seen
    assert one.shape == (1, 3, 64, 80) and torch.allclose(one[:, 2:], 2 * grey - 1)


def test_many_pictures_are_measured_a_few_at_a_time_and_keep_their_order(stand_in):
    levels = torch.linspace(0, 1, 20).reshape(20, 1, 1, 1)
    distances, _ = lpips.perceptual(levels.expand(20, 3, 64, 64), torch.zeros(20, 3, 64, 64))
    assert [len(one) for one, _ in stand_in.seen] == [16, 4]
    assert distances.tolist() == pytest.approx((2 * levels).flatten().tolist(), abs=1e-6)


def test_a_broken_reconstruction_is_infinitely_far(stand_in):
    guess = IMAGES.clone()
    guess[1, 0, 0, 0] = float("nan")
    assert lpips.perceptual(guess, IMAGES)[0].tolist() == [0, float("inf"), 0]


def test_without_weights_there_is_a_reason_that_says_where_they_belong_and_what_fetches_them(hub):
    distances, reason = lpips.perceptual(IMAGES, IMAGES)
    assert distances is None
    assert str(hub / "checkpoints" / "alexnet-owt-7be5be79.pth") in reason
    assert reason.endswith(", and `leaklab fetch lpips` downloads them, 233 MB.")


def test_without_another_networks_weights_the_reason_names_that_networks_file(hub):
    put("alex", random_features("alex"))
    distances, reason = lpips.perceptual(IMAGES, IMAGES, net="vgg")
    assert distances is None and "vgg16-397923af.pth" in reason and '`leaklab.evaluation.lpips.fetch("vgg")`' in reason


@pytest.mark.parametrize("content", [b"not weights at all", {"features.0.weight": torch.zeros(1)}])
def test_a_file_that_holds_something_else_is_a_reason_too(hub, content):
    lpips.weights_path().parent.mkdir()
    if isinstance(content, bytes):
        lpips.weights_path().write_bytes(content)
    else:
        torch.save(content, lpips.weights_path())
    distances, reason = lpips.perceptual(IMAGES, IMAGES)
    assert distances is None and "does not hold AlexNet's weights. Delete it" in reason


def test_the_real_network_runs_on_weights_it_finds_without_touching_the_global_generator(hub):
    put("alex", random_features("alex"))
    before = torch.get_rng_state()
    distances, reason = lpips.perceptual(IMAGES.flip(0), IMAGES)
    assert torch.equal(torch.get_rng_state(), before)
    assert reason == "" and distances[1] == 0 and distances[0] > 0
    assert distances[0] == pytest.approx(float(distances[2]), rel=1e-4)


@pytest.mark.parametrize("net", lpips.TRUNKS)
def test_every_network_measures_what_the_package_does_with_the_same_weights(hub, monkeypatch, net):
    features = random_features(net)
    put(net, features)
    found, reason = lpips.perceptual(IMAGES.flip(0), IMAGES, net=net)
    # The package's own way: it asks torchvision for the trained network and cuts it up itself.
    monkeypatch.setattr(models, PUBLISHED[net], lambda pretrained: SimpleNamespace(features=features))
    package = LPIPS(net=net, verbose=False)
    side = lpips.TRUNKS[net].smallest
    with torch.no_grad():
        expected = package(lpips.prepared(IMAGES.flip(0), side), lpips.prepared(IMAGES, side)).flatten()
    assert reason == "" and found.tolist() == pytest.approx(expected.tolist(), rel=1e-5, abs=1e-9)
    assert found[1] == 0 and found[0] > 1e-4


@pytest.mark.parametrize("net", lpips.TRUNKS)
def test_addresses_and_checksums_are_those_torchvision_publishes(net):
    trunk = lpips.TRUNKS[net]
    weights = models.get_model_weights(PUBLISHED[net])["IMAGENET1K_V1"]
    assert trunk.address == weights.url and trunk.checksum in trunk.file
    assert trunk.megabytes == round(weights.meta["_file_size"])


def test_fetching_without_a_connection_is_refused_with_the_mend_and_leaves_nothing_behind(hub):
    before = socket.getdefaulttimeout()
    with pytest.raises(Refusal, match=r"no route to host.*by hand"):
        lpips.fetch()
    assert socket.getdefaulttimeout() == before and list(hub.rglob("*.pth*")) == []


def test_fetching_puts_the_file_where_loading_looks_and_only_once(hub, monkeypatch):
    asked = []

    def download(address, path, hash_prefix, progress):
        asked.append((address, hash_prefix, socket.getdefaulttimeout()))
        lpips.weights_path().write_bytes(b"weights")

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    assert lpips.fetch() == lpips.fetch(progress=True) == lpips.weights_path()
    assert asked == [(lpips.TRUNKS["alex"].address, "7be5be79", 20.0)]


def test_fetching_another_network_asks_for_its_file(hub, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.hub, "download_url_to_file", lambda *given, **named: asked.append((given, named)))
    path = lpips.fetch("squeeze")
    assert path == hub / "checkpoints" / "squeezenet1_1-b8a52dc0.pth"
    assert asked == [
        (("https://download.pytorch.org/models/squeezenet1_1-b8a52dc0.pth", str(path)),
         {"hash_prefix": "b8a52dc0", "progress": False})
    ]  # fmt: skip
