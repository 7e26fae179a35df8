"""Collections that lie in folders: one folder a class, Tiny-ImageNet, ImageNet and FFHQ as they are published."""

import json
from pathlib import Path

from leaklab.images.collection import Collection
from leaklab.images.squares import read_square
from leaklab.settings import Refusal

_SUFFIXES = {".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff", ".avif"}

Entries = list[tuple[Path, int]]


def by_class(folder: Path, *, title: str = "", class_names: tuple[str, ...] = ()) -> Collection:
    """Return the pictures below a folder's subfolders: each subfolder, in alphabetical order, is a class.

    Raises: Refusal, when the folder is not there or holds no such subfolders.
    """
    folders = class_folders(folder)
    names = class_names or tuple(path.name for path in folders)
    entries = [(path, label) for label, path in enumerate(folders) for path in _pictures(path)]
    return _collection(title or f"The folder {folder.name}", entries, names)


def class_folders(folder: Path) -> list[Path]:
    """Return a folder's subfolders in alphabetical order.

    Raises: Refusal, when the folder is not there or has none.
    """
    if not folder.is_dir():
        raise Refusal(f"There is no folder {folder}. It should hold one subfolder a class, with the pictures in them.")
    found = _subfolders(folder)
    if not found:
        raise Refusal(f"The folder {folder} has no subfolders. Put the pictures of each class into one of their own.")
    return found


def tiny_imagenet(root: Path, split: str) -> Collection:
    """Return one split of Tiny-ImageNet in its published layout, or with the validation images sorted into classes.

    Labels are positions among the sorted WordNet numbers; validation images keep their published order in both layouts.
    Raises: Refusal, when it is not there, saying what would download it.
    """
    folder = _first(root, "tiny-imagenet-200", "wnids.txt")
    if folder is None or not (folder / split).is_dir():
        address = "http://cs231n.stanford.edu/tiny-imagenet-200.zip"
        raise Refusal(
            f"Tiny-ImageNet is not at {root / 'tiny-imagenet-200'} (wnids.txt, words.txt and {split}/). "
            f"leaklab downloads nothing itself; this does: `curl -O {address}`, then unpack it into {root}."
        )
    wnids = sorted((folder / "wnids.txt").read_text().split())
    words = _words(folder / "words.txt")
    entries = _tiny_train(folder / "train", wnids) if split == "train" else _tiny_val(folder / "val", wnids)
    return _collection(f"Tiny-ImageNet ({split})", entries, tuple(words.get(wnid, wnid) for wnid in wnids))


def imagenet(root: Path, split: str) -> Collection:
    """Return one split of ImageNet: `{train,val}/<wnid>/*.JPEG`, or folders `<wnid>_<name>` without splits.

    Raises: Refusal, when it is not there, saying where it comes from.
    """
    folder = root / "imagenet" if (root / "imagenet").is_dir() else root
    folder = folder / split if (folder / split).is_dir() else folder
    wnids = [path.name.split("_")[0] for path in _subfolders(folder)]
    if not wnids or not all(wnid[:1] == "n" and wnid[1:].isdigit() for wnid in wnids):
        raise Refusal(
            f"ImageNet is not at {root / 'imagenet'} ({split}/<wnid>/*.JPEG, or <wnid>_<name>/ without splits). "
            "leaklab downloads nothing itself: image-net.org gives ILSVRC2012 to those who ask for an account there."
        )
    words = _words(folder.parent / "LOC_synset_mapping.txt") | _words(folder / "LOC_synset_mapping.txt")
    named = (path.name.partition("_")[2].replace("_", " ") for path in _subfolders(folder))
    names = tuple(name or words.get(wnid, wnid) for name, wnid in zip(named, wnids, strict=True))
    return by_class(folder, title=f"ImageNet ({folder.name})", class_names=names)


def ffhq(root: Path, split: str) -> Collection:
    """Return FFHQ's faces, labelled by the decade of their age where the features of ffhq-features-dataset lie beside.

    Faces without a known age get their number modulo ten. Numbers from 60000 on are the validation split.
    Raises: Refusal, when it is not there, saying where it comes from.
    """
    folder = root / "ffhq" if (root / "ffhq").is_dir() else root
    faces = [path for path in _pictures(folder) if path.stem.isdigit()]
    wanted = [path for path in faces if split == "all" or (int(path.stem) >= 60_000) == (split == "val")]
    if not wanted:
        raise Refusal(
            f"FFHQ is not at {root / 'ffhq'} (00000.png and so on, split '{split}'). leaklab downloads nothing itself: "
            "github.com/NVlabs/ffhq-dataset has `download_ffhq.py --thumbs`, and ages come from "
            "github.com/DCGM/ffhq-features-dataset, cloned beside it."
        )
    homes = (folder / "json", folder.parent / "ffhq-features-dataset" / "json", folder.parent / "json")
    features = next((home for home in homes if home.is_dir()), None)
    return Collection(
        title="FFHQ",
        count=len(wanted),
        class_names=tuple(f"{10 * decade} to {10 * decade + 9} years" for decade in range(10)),
        label=lambda index: _decade(wanted[index].stem, features),
        square=lambda index, size: read_square(wanted[index], size, what=f"The picture {wanted[index]}"),
        note="" if features else "No ages of FFHQ were found: each face's class is its number modulo ten.",
    )


def _decade(number: str, features: Path | None) -> int:
    """Return the decade of a face's age from its features (a list of the faces found), 0 to 9."""
    path = features / f"{number}.json" if features else None
    found = json.loads(path.read_text()) if path and path.is_file() else []
    return min(int(found[0]["faceAttributes"]["age"]) // 10, 9) if found else int(number) % 10


def _tiny_train(folder: Path, wnids: list[str]) -> Entries:
    return [(path, label) for label, wnid in enumerate(wnids) for path in _pictures(folder / wnid)]


def _tiny_val(folder: Path, wnids: list[str]) -> Entries:
    annotations, labels = folder / "val_annotations.txt", {wnid: label for label, wnid in enumerate(wnids)}
    if (folder / "images").is_dir() and annotations.is_file():
        rows = (line.split("\t") for line in annotations.read_text().splitlines())
        entries = [(folder / "images" / row[0], labels[row[1]]) for row in rows]
    else:
        entries = _tiny_train(folder, wnids)
    return sorted(entries, key=lambda entry: (len(entry[0].name), entry[0].name))  # val_9 before val_10


def _words(path: Path) -> dict[str, str]:
    """Return the first word for each WordNet number from lines such as `n01440764 tench, Tinca tinca`."""
    rows = (line.split(maxsplit=1) for line in path.read_text().splitlines()) if path.is_file() else ()
    return {row[0]: row[1].split(",")[0].strip() for row in rows if len(row) == 2}


def _first(root: Path, name: str, mark: str) -> Path | None:
    """Return the folder of that name below the root, or the root itself, whichever holds the marking file."""
    return next((folder for folder in (root / name, root) if (folder / mark).is_file()), None)


def _subfolders(folder: Path) -> list[Path]:
    found = folder.iterdir() if folder.is_dir() else ()
    return sorted(path for path in found if path.is_dir() and not path.name.startswith("."))


def _pictures(folder: Path) -> list[Path]:
    found = folder.rglob("*") if folder.is_dir() else ()
    return sorted(path for path in found if path.suffix.lower() in _SUFFIXES and not path.name.startswith("."))


def _collection(title: str, entries: Entries, class_names: tuple[str, ...]) -> Collection:
    if not entries:
        raise Refusal(f"{title} holds no pictures ({', '.join(sorted(_SUFFIXES))}).")
    return Collection(
        title=title,
        count=len(entries),
        class_names=class_names,
        label=lambda index: entries[index][1],
        square=lambda index, size: read_square(entries[index][0], size, what=f"The picture {entries[index][0]}"),
    )
