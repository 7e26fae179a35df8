"""Data sets in folders are read in the layouts they are published in."""

import json

import pytest
from PIL import Image

from leaklab.images import folders
from leaklab.settings import Refusal

WNIDS = ("n02124075", "n01443537", "n04067472")  # not in order, as in the published list


def write(path, brightness=0, size=(8, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (brightness,) * 3).save(path)


def brightness(collection, index):
    return collection.square(index, 8).getpixel((4, 4))[0]


def write_tiny(root, by_class=False):
    base = root / "tiny-imagenet-200"
    for wnid in WNIDS:
        for number in range(2):
            write(base / "train" / wnid / "images" / f"{wnid}_{number}.JPEG")
    rows = []
    for number in range(12):
        wnid = WNIDS[number % 3]
        write(base / "val" / (wnid if by_class else "images") / f"val_{number}.JPEG", 20 * number)
        rows.append(f"val_{number}.JPEG\t{wnid}\t0\t32\t44\t62\n")
    (base / "wnids.txt").write_text("\n".join(WNIDS))
    (base / "words.txt").write_text(
        "n00001740\tentity\nn01443537\tgoldfish, Carassius auratus\nn02124075\tEgyptian cat\n"
    )
    if not by_class:
        (base / "val" / "val_annotations.txt").write_text("".join(rows))


def test_a_folder_by_class(tmp_path):
    write(tmp_path / "dog" / "a.png", 10)
    write(tmp_path / "cat" / "b.JPG", 20)
    write(tmp_path / "cat" / "deeper" / "c.bmp", 30)
    (tmp_path / "cat" / "notes.txt").write_text("no picture")
    write(tmp_path / "cat" / "._b.png")
    write(tmp_path / ".hidden" / "d.png")
    have = folders.by_class(tmp_path)
    assert have.class_names == ("cat", "dog") and have.count == 3
    assert [have.label(index) for index in range(3)] == [0, 0, 1]
    assert [brightness(have, index) for index in range(3)] == [20, 30, 10]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refusal, match="There is no folder .*nowhere. It should hold one subfolder a class"):
        folders.by_class(tmp_path / "nowhere")


def test_a_folder_without_classes_is_refused(tmp_path):
    write(tmp_path / "a.png")
    with pytest.raises(Refusal, match="has no subfolders. Put the pictures of each class into one of their own"):
        folders.by_class(tmp_path)


def test_a_folder_without_pictures_is_refused(tmp_path):
    (tmp_path / "cat").mkdir()
    with pytest.raises(Refusal, match=r"holds no pictures \(.avif, .bmp, .gif, .jpeg"):
        folders.by_class(tmp_path)


def test_a_damaged_picture_is_named(tmp_path):
    write(tmp_path / "cat" / "a.png")
    (tmp_path / "cat" / "a.png").write_bytes(b"nothing")
    with pytest.raises(Refusal, match="The picture .*a.png is not a picture leaklab can read"):
        folders.by_class(tmp_path).square(0, 8)


def test_tiny_imagenet_training(tmp_path):
    write_tiny(tmp_path)
    have = folders.tiny_imagenet(tmp_path, "train")
    assert have.class_names == ("goldfish", "Egyptian cat", "n04067472")  # sorted by number; the third has no word
    assert [have.label(index) for index in range(have.count)] == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("by_class", [False, True])
def test_tiny_imagenet_validation_has_one_order_in_both_layouts(tmp_path, by_class):
    write_tiny(tmp_path, by_class)
    have = folders.tiny_imagenet(tmp_path, "val")
    assert [have.label(index) for index in range(12)] == [1, 0, 2] * 4
    assert [brightness(have, index) for index in range(12)] == pytest.approx([20 * n for n in range(12)], abs=2)


def test_the_root_may_be_the_data_set_itself(tmp_path):
    write_tiny(tmp_path)
    assert folders.tiny_imagenet(tmp_path / "tiny-imagenet-200", "val").count == 12


def test_a_missing_tiny_imagenet_is_refused_with_its_address(tmp_path):
    with pytest.raises(Refusal, match="is not at .*tiny-imagenet-200 .*curl -O http://cs231n.stanford.edu/tiny"):
        folders.tiny_imagenet(tmp_path, "val")


def test_imagenet_by_split(tmp_path):
    for split, count in (("train", 2), ("val", 1)):
        for wnid in ("n01443537", "n01440764"):
            for number in range(count):
                write(tmp_path / "imagenet" / split / wnid / f"{number}.JPEG")
    mapping = "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"
    (tmp_path / "imagenet" / "LOC_synset_mapping.txt").write_text(mapping)
    train, val = (folders.imagenet(tmp_path, split) for split in ("train", "val"))
    assert (train.count, val.count, val.class_names) == (4, 2, ("tench", "goldfish"))
    assert val.title == "ImageNet (val)"


def test_imagenet_flat_with_names(tmp_path):
    write(tmp_path / "n01484850_great_white_shark" / "0.jpg", 200)
    write(tmp_path / "n01440764_tench" / "0.jpg", 100)
    have = folders.imagenet(tmp_path, "val")
    assert have.class_names == ("tench", "great white shark")
    assert brightness(have, 1) == pytest.approx(200, abs=2)


@pytest.mark.parametrize("other", [None, "cifar-10-batches-py"])
def test_a_missing_imagenet_is_refused_with_where_it_comes_from(tmp_path, other):
    if other:
        (tmp_path / other).mkdir()
    with pytest.raises(Refusal, match="ImageNet is not at .*imagenet .*image-net.org gives ILSVRC2012"):
        folders.imagenet(tmp_path, "val")


def write_ffhq(root, ages):
    for number, age in ages.items():
        write(root / "ffhq" / f"{number // 1000 * 1000:05}" / f"{number:05}.png")
        features = root / "ffhq-features-dataset" / "json" / f"{number:05}.json"
        features.parent.mkdir(parents=True, exist_ok=True)
        features.write_text(json.dumps([{"faceAttributes": {"age": age}}] if age is not None else []))


def test_ffhq_is_labelled_by_the_decade_of_the_age(tmp_path):
    write_ffhq(tmp_path, {0: 3.0, 1: 39.0, 2: 40.0, 3: 104.0, 17: None})
    have = folders.ffhq(tmp_path, "all")
    assert [have.label(index) for index in range(5)] == [0, 3, 4, 9, 7]  # the last has no age: 17 modulo ten
    assert have.class_names[3] == "30 to 39 years" and have.note == ""


def test_ffhq_without_ages_says_so(tmp_path):
    for number in (25, 31):
        write(tmp_path / f"{number:05}.png")
    have = folders.ffhq(tmp_path, "all")
    assert [have.label(index) for index in range(2)] == [5, 1]
    assert have.note == "No ages of FFHQ were found: each face's class is its number modulo ten."


def test_ffhq_is_split_by_number(tmp_path):
    write_ffhq(tmp_path, {59_999: 20, 60_000: 30, 69_999: 50})
    assert [folders.ffhq(tmp_path, split).count for split in ("all", "train", "val")] == [3, 1, 2]
    assert folders.ffhq(tmp_path, "val").label(0) == 3


def test_a_missing_ffhq_is_refused_with_where_it_comes_from(tmp_path):
    with pytest.raises(Refusal, match="FFHQ is not at .*ffhq .*github.com/NVlabs/ffhq-dataset"):
        folders.ffhq(tmp_path, "all")
