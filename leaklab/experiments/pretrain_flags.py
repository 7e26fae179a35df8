"""The flags of `leaklab pretrain`: pictures, how long and how often, and what the files are called."""

from leaklab.experiments.flags import DATA_SETS, Flag
from leaklab.experiments.pretraining import Pretraining

PRETRAIN_FLAGS = (
    Flag(
        "--dataset", "source", "Photographs", of=Pretraining, choices=DATA_SETS,
        help="A folder has one subfolder a class.",
    ),
    Flag(
        "--dataset-split", "source.split", "Photographs", of=Pretraining, shown="each data set's own",
        choices=("train", "test", "val", "valid", "all"), words={"valid": "val"},
    ),
    Flag("--data", "source.root", "Photographs", of=Pretraining, shown="$LEAKLAB_DATA, or the user's cache"),
    Flag("--image-size", "image_size", "Photographs", of=Pretraining),
    Flag("--steps", "steps", "Training", of=Pretraining),
    Flag("--batch-size", "batch_size", "Training", of=Pretraining),
    Flag("--learning-rate", "training.learning_rate", "Training", of=Pretraining, shown="each training's own"),
    Flag("--keep-every", "keep_every", "Training", of=Pretraining),
    Flag("--seed", "seed", "Training", of=Pretraining),
    Flag("--out", "out", "Files", of=Pretraining, shown="$LEAKLAB_WEIGHTS, or the user's cache"),
    Flag("--name", "name", "Files", of=Pretraining, shown="WHAT"),
    Flag("--about", "data", "Files", of=Pretraining, shown="the source's title"),
    Flag("--licence", "licence", "Files", of=Pretraining, shown="not said"),
)  # fmt: skip
