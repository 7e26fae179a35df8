"""Labels come first, and every source answers with a picture of each."""

import io

import pytest
import torch
from PIL import Image

from leaklab.images import files, photos
from leaklab.images.labelled import load_labelled
from leaklab.images.source import Folder, Photos, Uploads
from leaklab.settings import Refusal

LABELS = torch.tensor([1, 0, 1, 2])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def folder(tmp_path):
    """Three classes of five, three and one pictures, each of a brightness of its own."""
    for number in range(9):
        path = tmp_path / "aaaaabbbc"[number] / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (10, 10), (20 * number,) * 3).save(path)
    return Folder(root=str(tmp_path))


@pytest.fixture
def uploads():
    pictures = []
    for brightness in (10, 20):
        buffer = io.BytesIO()
        Image.new("RGB", (16, 16), (brightness,) * 3).save(buffer, format="PNG")
        pictures.append(files.shrink(buffer.getvalue()))
    return Uploads(pictures=tuple(pictures))


def brightness(images: torch.Tensor) -> list[int]:
    return (images.mean((1, 2, 3)) * 255).round().int().tolist()


@pytest.mark.parametrize("grey", [False, True])
def test_every_source_answers_the_labels_it_is_asked(folder, uploads, grey):
    for source in (Photos(), folder, uploads, Uploads()):
        found = load_labelled(source.changed(("grey",), grey), LABELS, 8, seeded())
        assert found.images.shape == (4, 1 if grey else 3, 8, 8) and found.images.dtype == torch.float32
        assert found.images.min() >= 0 and found.images.max() <= 1
        assert torch.equal(found.labels, LABELS) and len(found.names) == 4 and len(found.class_names) >= 3


def test_the_generator_alone_decides(folder):
    for source in (Photos(), folder):
        before = torch.get_rng_state()
        one, again, other = (load_labelled(source, LABELS, 8, seeded(seed)).images for seed in (1, 1, 2))
        assert torch.equal(one, again) and not torch.equal(one, other)
        assert torch.equal(torch.get_rng_state(), before)


def test_pictures_of_a_folder_are_of_their_class_and_none_comes_twice(folder):
    found = load_labelled(folder, torch.tensor([0, 1, 0, 1, 0, 2, 1, 0, 0]), 8, seeded())
    assert sorted(brightness(found.images)) == [20 * number for number in range(9)] and found.note == ""
    assert [name.split()[0] for name in found.names] == list("ababacbaa")


def test_more_labels_ask_for_more_pictures_and_keep_the_first(folder):
    few, more = (load_labelled(folder, torch.tensor(labels), 8, seeded()) for labels in ([0, 1], [0, 1, 1, 0, 2]))
    assert few.names == more.names[:2]


def test_pictures_come_again_only_where_a_class_has_too_few(folder):
    found = load_labelled(folder, torch.tensor([0, 0, 2, 2, 2]), 8, seeded())
    assert brightness(found.images)[2:] == [160] * 3 and len(set(brightness(found.images))) == 3
    assert found.note.endswith("too few pictures of some classes, which are used again: c (1).")


def test_a_class_without_pictures_is_refused(folder, tmp_path):
    (tmp_path / "d").mkdir()
    with pytest.raises(Refusal, match=r"The folder .* has no picture of class 3 \(d\)"):
        load_labelled(folder, torch.tensor([0, 3]), 8, seeded())


def test_a_class_that_is_not_there_is_refused(folder):
    with pytest.raises(Refusal, match="Class 3 is asked for and these photographs have 3 classes, numbered 0 to 2"):
        load_labelled(folder, torch.tensor([3]), 8, seeded())
    assert folder.labelled_classes == 3 and Photos().labelled_classes == Uploads().labelled_classes == 1000


def test_a_label_is_read_no_further_than_needed(monkeypatch, folder):
    read = []
    have = folder.collection()
    monkeypatch.setattr(Folder, "collection", lambda self: type(have)(
        have.title, have.count, have.class_names, lambda index: read.append(index) or have.label(index), have.square
    ))  # fmt: skip
    load_labelled(folder, torch.tensor([0]), 8, seeded())
    assert len(read) < have.count


def test_each_photograph_of_the_album_is_a_class_and_some_are_left_to_the_attacker():
    kept = [photo.title for photo in photos.ALBUM if photo.key not in photos.OTHERS]
    found = load_labelled(Photos(), torch.arange(len(kept)), 8, seeded())
    assert found.names == found.class_names == tuple(kept) and found.note == ""
    assert 10 <= len(photos.OTHERS) == len(photos.KEYS) - len(kept)


def test_two_photographs_of_a_class_are_two_crops():
    found = load_labelled(Photos(), torch.tensor([1, 1]), 16, seeded())
    assert found.names == ("Cat", "Cat") and not torch.equal(found.images[0], found.images[1])


def test_higher_classes_are_other_looks_of_the_same_and_it_is_said():
    own = len(photos.KEYS) - len(photos.OTHERS)
    found = load_labelled(Photos(), torch.tensor([1, 1 + own, 999]), 16, seeded())
    assert found.names[:2] == ("Cat", "Cat") and found.class_names[1 + own] == "Cat, look 2"
    assert len(found.class_names) == 1000 and found.note.startswith(f"{own} photographs make up all classes")


def test_chosen_photographs_make_up_the_classes():
    found = load_labelled(Photos(names=("coffee", "rocket")), torch.tensor([0, 1, 2]), 16, seeded())
    assert found.names == ("Coffee cup", "Rocket", "Coffee cup")
    assert load_labelled(Photos(indices=(2, 3)), torch.tensor([0, 1]), 16, seeded()).names == found.names[:2]
    assert Photos(names=("coffee",)).labelled_classes == 48


def test_photographs_may_share_classes():
    found = load_labelled(
        Photos(names=("cat", "coffee", "rocket"), classes=2), torch.tensor([0] * 20 + [1]), 8, seeded()
    )
    assert set(found.names[:20]) == {"Cat", "Rocket"} and found.names[20] == "Coffee cup"
    assert found.class_names == ("Class 0", "Class 1")


@pytest.mark.parametrize(("source", "words"), [
    (Photos(names=("cat",), indices=(1,)), "chosen both by name and by index"),
    (Photos(indices=(99,)), "Index 99 is out of range: the album has 36 images"),
])  # fmt: skip
def test_a_choice_that_cannot_be_is_refused(source, words):
    with pytest.raises(Refusal, match=words):
        load_labelled(source, LABELS, 8, seeded())


def test_uploads_take_turns_under_the_labels_given(uploads):
    found = load_labelled(uploads, LABELS, 8, seeded())
    assert brightness(found.images) == [10, 20, 10, 20]
    assert found.names == ("Photograph 1", "Photograph 2") * 2
    assert found.note == "2 photographs stand for all 4, under labels that were drawn for them."
    assert load_labelled(uploads, LABELS[:2], 8, seeded()).note == ""


def test_placeholders_take_turns_where_no_upload_came_along():
    found = load_labelled(Uploads(), torch.arange(12), 8, seeded())
    assert len(found.images.flatten(1).unique(dim=0)) == 10 and found.names[0] == "Placeholder 1"
    assert "10 drawn pictures stand in" in found.note and "10 photographs stand for all 12" in found.note
