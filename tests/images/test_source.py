"""Every source gives what was asked for: so many images of such a size, by choice or by the generator."""

import io
import typing

import pytest
import torch
from PIL import Image
from pydantic import TypeAdapter

from leaklab.images import files, photos, source
from leaklab.images.source import Folder, Mnist, Photos, Source, Uploads, load
from leaklab.settings import Refusal, choices, from_link, to_link, walk

EVERY_SOURCE = choices(Source)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def folder(tmp_path):
    """Two classes of three pictures each, picture k of brightness 10 k."""
    for number in range(6):
        path = tmp_path / ("cat", "dog")[number // 3] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 10), (10 * number,) * 3).save(path)
    return Folder(root=str(tmp_path))


@pytest.fixture
def uploads():
    """One upload for each of three brightnesses."""
    pictures = []
    for brightness in (10, 20, 30):
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), (brightness,) * 3).save(buffer, format="PNG")
        pictures.append(files.shrink(buffer.getvalue()))
    return Uploads(pictures=tuple(pictures))


def well_made(pictures, shape):
    assert pictures.images.shape == shape and pictures.images.dtype == torch.float32
    assert pictures.images.min() >= 0 and pictures.images.max() <= 1
    assert pictures.labels.shape == shape[:1] and pictures.labels.dtype == torch.int64
    assert len(pictures.names) == shape[0] and len(pictures.class_names) > pictures.labels.max()


@pytest.mark.parametrize("grey", [False, True])
@pytest.mark.parametrize("size", [8, 32])
def test_images_labels_and_names_fit(folder, uploads, size, grey):
    for one in (Photos(), folder, uploads):
        well_made(load(one.changed(("grey",), grey), 3, size, seeded()), (3, 1 if grey else 3, size, size))


def test_the_generator_alone_decides(folder):
    for one in (Photos(), Photos(names=("cat",)), folder):
        before = torch.get_rng_state()
        first, again, other = (load(one, 4, 8, seeded(seed)) for seed in (1, 1, 2))
        assert torch.equal(first.images, again.images) and first.names == again.names != other.names
        assert torch.equal(torch.get_rng_state(), before)


def test_a_photograph_is_its_own_class():
    found = load(Photos(names=("coffee", "face-02")), 2, 32, seeded())
    assert found.labels.tolist() == [photos.KEYS.index("coffee"), photos.KEYS.index("face-02")]
    assert found.names == ("Coffee cup", "Face 2")
    assert [found.class_names[label] for label in found.labels] == list(found.names)
    assert Photos().num_classes == len(found.class_names) == len(photos.ALBUM)


def test_photographs_may_be_chosen_by_index():
    by_index, by_name = (
        load(Photos(indices=(1, 2)), 2, 32, seeded()),
        load(Photos(names=("cat", "coffee")), 2, 32, seeded()),
    )
    assert torch.equal(by_index.images, by_name.images)


def test_what_is_not_named_is_drawn_and_nothing_twice():
    whole = len(photos.ALBUM)
    found = load(Photos(names=("cat", "retina")), whole, 8, seeded())
    assert found.names[:2] == ("Cat", "Retina of an eye") and len(set(found.names)) == whole and found.note == ""


def test_what_is_named_too_much_is_left_out_and_said():
    found = load(Photos(names=("cat", "retina", "moon")), 1, 8, seeded())
    assert found.names == ("Cat",)
    assert found.note == "More photographs are chosen than used: without Retina of an eye, Crater of the moon."


def test_photographs_may_share_classes():
    dealt = Photos(classes=4)
    found = load(dealt, 36, 8, seeded())
    assert found.labels.bincount().tolist() == [9] * 4 and len(found.class_names) == dealt.num_classes == 4


@pytest.mark.parametrize(
    ("one", "count", "words"),
    [
        (Photos(names=("cat",), indices=(1,)), 1, "chosen both by name and by index: leave one of the two empty"),
        (Photos(indices=(1,)), 2, "1 indices are given and 2 images are needed"),
        (Photos(indices=(99,)), 1, "Index 99 is out of range: the album has 36 images, numbered 0 to 35"),
        (Photos(), 37, "37 images are needed and the album has 36"),
        (Photos(names=("cat",)), 37, "36 images are needed and the rest of the album has 35"),
        (Uploads(pictures=("?",)), 1, "uploaded photographs was changed on its way"),
    ],
)
def test_what_cannot_be_given_is_refused(one, count, words):
    with pytest.raises(Refusal, match=words):
        load(one, count, 8, seeded())


def test_an_unknown_photograph_is_refused_with_those_there_are():
    with pytest.raises(Refusal, match=r"names.0: Input should be 'astronaut', 'cat'.* \(got 'dog'\)"):
        Photos.read({"names": ["dog"]})


def test_images_of_a_folder_are_chosen_by_index(folder):
    chosen = folder.changed(("indices",), (5, 0))
    found = load(chosen, 2, 8, seeded())
    assert found.labels.tolist() == [1, 0] and found.names == ("dog 5", "cat 0")
    assert torch.allclose(found.images.mean((1, 2, 3)) * 255, torch.tensor([50.0, 0.0]), atol=1e-4)
    assert folder.num_classes == 2
    with pytest.raises(Refusal, match="Index 6 is out of range: The folder .* has 6 images, numbered 0 to 5"):
        load(folder.changed(("indices",), (6,)), 1, 8, seeded())


def test_a_folder_may_have_splits(folder):
    with pytest.raises(Refusal, match="There is no folder .*train"):
        load(folder.changed(("split",), "train"), 1, 8, seeded())


def test_a_folder_has_a_place_of_its_own_among_the_data_sets(monkeypatch, tmp_path):
    monkeypatch.setenv("LEAKLAB_DATA", str(tmp_path))
    with pytest.raises(Refusal, match=f"There is no folder {tmp_path / 'folder'}"):
        load(Folder(), 1, 8, seeded())


def test_digits_are_grey_unless_one_asks():
    assert Mnist().grey and not Mnist(grey=False).grey


def test_uploads_come_in_their_order(uploads):
    found = load(uploads, 2, 8, seeded())
    assert torch.allclose(found.images.mean((1, 2, 3)) * 255, torch.tensor([10.0, 20.0]), atol=1e-4)
    assert found.labels.tolist() == [0, 1] and found.names == ("Photograph 1", "Photograph 2") and found.note == ""


def test_a_link_leaves_uploads_behind_and_a_placeholder_says_so(uploads):
    arrived = from_link(Uploads, to_link(uploads))
    assert arrived == Uploads()
    found = load(arrived, 1, 8, seeded())
    assert found.names == ("Placeholder 1",)
    assert found.note.startswith("Photographs of one's own never travel in a link: a drawn picture stands in")
    assert "2 drawn pictures stand in" in load(uploads, 5, 8, seeded()).note


@pytest.mark.parametrize("one", EVERY_SOURCE, ids=lambda one: one.__name__)
def test_every_source_is_found_by_its_kind_and_explains_its_knobs(one):
    adapter = TypeAdapter(Source)
    assert adapter.validate_python(one().model_dump()) == one()
    assert all(knob.help and knob.help.endswith(".") for knob in walk(one()))


@pytest.mark.parametrize(
    "one",
    [one for one in EVERY_SOURCE if "root" in one.model_fields],
    ids=lambda one: one.__name__,
)
def test_every_missing_data_set_is_refused_with_its_place(one, tmp_path):
    root = tmp_path / "empty"
    with pytest.raises(Refusal, match=str(root)):
        load(one(root=str(root)), 1, 8, seeded())


def test_the_union_names_the_kinds_of_the_command_line():
    kinds = {typing.get_args(one.model_fields["kind"].annotation)[0] for one in EVERY_SOURCE}
    data_sets = {"cifar10", "cifar100", "mnist", "digits", "faces", "tiny-imagenet", "imagenet", "ffhq", "folder"}
    assert kinds == data_sets | {"photos", "uploads", "noise"}
    assert isinstance(load(source.Photos(), 1, 8, seeded()), source.Pictures)
