"""The flags of an experiment as options of the shell: names from one table, words and bounds from the schema.

The schema needs torch, so it is imported when options are asked for and not before.
"""

from collections.abc import Iterable
from typing import Any

import click
from click.core import ParameterSource


class Word(click.Choice):
    """One word of a few; a mistyped one is told which it may have been."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the word, or fail in a sentence."""
        from leaklab.experiments.flags import near

        if value in self.choices:
            return value
        self.fail(f"{value!r} is none of {', '.join(self.choices)}{near(str(value), self.choices)}", param, ctx)


class OrZero(click.ParamType):
    """A number within bounds, or nothing at all: of that the schema says better why it cannot be."""

    def __init__(self, bounded: click.ParamType) -> None:
        self.bounded, self.name = bounded, bounded.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number, or fail in a sentence."""
        return 0 if value in ("0", "0.0", 0) else self.bounded.convert(value, param, ctx)


class Numbers(click.ParamType):
    """Numbers of one kind with commas between them."""

    name = "numbers"

    def __init__(self, kind: type[int] | type[float]) -> None:
        self._kind = kind
        self._such = "numbers such as 0.001,0.01" if kind is float else "whole numbers such as 3,14,15"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the numbers as a list, or fail in a sentence."""
        try:
            return value if isinstance(value, list) else [self._kind(part) for part in value.split(",")]
        except ValueError:
            self.fail(f"{value!r} is not a list of {self._such}.", param, ctx)


def run_flags() -> dict[str, list[click.Option]]:
    """Return an option for every flag of an attack, in the groups of their table."""
    from leaklab.experiments.flags import FLAGS

    return _grouped(FLAGS)


def label_flags() -> dict[str, list[click.Option]]:
    """Return an option for every flag of a label recovery, in the groups of their table."""
    from leaklab.experiments.flags import LABEL_FLAGS

    return _grouped(LABEL_FLAGS)


def drift_flags() -> dict[str, list[click.Option]]:
    """Return an option for every flag of a drift, in the groups of their table."""
    from leaklab.experiments.drift_flags import DRIFT_FLAGS

    return _grouped(DRIFT_FLAGS)


def defend_flags() -> dict[str, list[click.Option]]:
    """Return an option for every flag of a defence, in the groups of their table."""
    from leaklab.experiments.defend_flags import DEFEND_FLAGS

    return _grouped(DEFEND_FLAGS)


def pretrain_flags() -> dict[str, list[click.Option]]:
    """Return an option for every flag of a pretraining, in the groups of their table."""
    from leaklab.experiments.pretrain_flags import PRETRAIN_FLAGS

    return _grouped(PRETRAIN_FLAGS)


def given(ctx: click.Context) -> dict[str, Any]:
    """Return the flags of the command's table that were really typed, by name."""
    from leaklab.experiments.defend_flags import DEFEND_FLAGS
    from leaklab.experiments.drift_flags import DRIFT_FLAGS
    from leaklab.experiments.flags import FLAGS, LABEL_FLAGS
    from leaklab.experiments.pretrain_flags import PRETRAIN_FLAGS

    every = (*FLAGS, *LABEL_FLAGS, *DRIFT_FLAGS, *DEFEND_FLAGS, *PRETRAIN_FLAGS)
    words = {flag.name: flag.name.removeprefix("--").replace("-", "_") for flag in every}
    names = {name: word for name, word in words.items() if word in ctx.params}
    typed = {
        name: word for name, word in names.items() if ctx.get_parameter_source(word) is not ParameterSource.DEFAULT
    }
    return {name: ctx.params[word] for name, word in typed.items()}


def start_options(*, read: bool = False) -> list[click.Option]:
    """Return the options for what no flag of the table says."""
    from leaklab.experiments.catalogue import PRESETS

    reading = click.Option(["--read"], metavar="LINK", help="Take this link apart.")
    return [
        click.Option(["--preset"], type=Word(list(PRESETS)), help="Begin with a preset of the app and change it."),
        click.Option(
            ["--set"], multiple=True, metavar="PATH=VALUE",
            help="Set any knob, such as recipe.stages.0.optimiser=adam; `leaklab recipes --markdown` lists them all.",
        ),
        *([reading] if read else []),
    ]  # fmt: skip


def run_options() -> list[click.Option]:
    """Return the options of a run: where it begins, where it computes and what it leaves behind."""
    return [
        *start_options(),
        _device(),
        click.Option(
            ["--save-dir"], default="outputs/reconstructions", show_default=True,
            help="Where the run's folder is made, with images, strip, GIF, metrics and settings.",
        ),
        click.Option(["--no-save"], is_flag=True, help="Save nothing."),
        *_printed("one JSON object"),
    ]  # fmt: skip


def label_options() -> list[click.Option]:
    """Return the options of a label recovery: what no flag of its table says, and where it computes."""
    return _measuring("network.batch_norm=batch", "a JSON list with one object a method")


def drift_options() -> list[click.Option]:
    """Return the options of a drift: what no flag of its table says, and where it computes."""
    return _measuring("network.activation=softplus", "a JSON list with one object for each K, τ and η")


def defend_options() -> list[click.Option]:
    """Return the options of a defence: what no flag of its table says, and where it computes."""
    return _measuring("utility.scenario.federation.clients=5", "a JSON list with one object a strength")


def pretrain_options() -> list[click.Option]:
    """Return the options of a pretraining: all that no flag says, where it computes, and on how many threads."""
    threads = click.Option(
        ["--threads"], type=click.IntRange(1), show_default="as many as there are", help="Threads of torch."
    )
    knobs = click.Option(
        ["--set"], multiple=True, metavar="PATH=VALUE", help="Set any knob, such as training.width=256."
    )
    return [threads, knobs, _device(), *_printed("the card as a JSON object")]


def sweep_options() -> list[click.Option]:
    """Return the options of a sweep: all that no flag of an attack says, what varies, and where it computes."""
    from leaklab.experiments.sweep_knobs import KNOBS
    from leaklab.experiments.sweep_presets import SWEEP_PRESETS

    return [
        click.Option(
            ["--vary"], multiple=True, metavar="KNOB=VALUES",
            help=f"A knob and the values it takes, such as tv-weight=0,1e-4,1e-3; given twice it makes a grid. The "
            f"knobs are {', '.join(KNOBS)}, and every place that --set takes.",
        ),
        click.Option(
            ["--seeds"], type=click.IntRange(1, 16), show_default="1",
            help="How often each cell is attacked, with seeds in a row; shown are the median and the extremes.",
        ),
        click.Option(["--preset"], type=Word(list(SWEEP_PRESETS)), help="Begin with a preset of the page Sweeps."),
        *_measuring("recipe.stages.0.optimiser=adam", "a JSON list with one object a cell"),
    ]  # fmt: skip


def trainable() -> click.Argument:
    """Return the argument of a pretraining: what is taught."""
    from leaklab.experiments.pretraining import Pretraining
    from leaklab.settings import choices

    kinds = [part.model_fields["kind"].default for part in choices(Pretraining.model_fields["training"].annotation)]
    return click.Argument(["what"], type=Word(kinds))


def _measuring(knob: str, what: str) -> list[click.Option]:
    return [
        click.Option(
            ["--set"], multiple=True, metavar="PATH=VALUE",
            help=f"Set any knob, such as {knob}; `leaklab recipes --markdown` lists them all.",
        ),
        _device(),
        *_printed(what),
    ]  # fmt: skip


def _device() -> click.Option:
    return click.Option(
        ["--device"], type=Word(["auto", "cpu", "cuda"]), default="auto", show_default=True,
        help="Where to compute; auto takes a GPU when there is one.",
    )  # fmt: skip


def _printed(what: str) -> list[click.Option]:
    return [
        click.Option(["--no-progress"], is_flag=True, help="Show no progress bar."),
        click.Option(["--json"], is_flag=True, help=f"Print {what} on the standard output, and nothing else."),
    ]


def _grouped(flags: Iterable[Any]) -> dict[str, list[click.Option]]:
    groups: dict[str, list[click.Option]] = {}
    for flag in flags:
        groups.setdefault(flag.group, []).append(_option(flag))
    return groups


def _option(flag: Any) -> click.Option:
    knob = flag.knob
    help = " ".join(part for part in (knob.help if knob else "", flag.help) if part)
    if flag.switch or (knob and isinstance(knob.value, bool)):
        return click.Option([flag.name], is_flag=True, help=help)
    if flag.shown:
        return click.Option([flag.name], type=_type(flag), show_default=flag.shown.format(flag.default), help=help)
    default = ",".join(map(str, flag.default)) if isinstance(flag.default, list) else flag.default
    return click.Option([flag.name], type=_type(flag), default=default, show_default=True, help=help)


def _type(flag: Any) -> click.ParamType:
    knob = flag.knob
    if words := flag.choices or knob.choices:
        return Word(words)
    if isinstance(knob.value, tuple):
        return Numbers(type(knob.value[0]) if knob.value else flag.numbers)
    if isinstance(knob.value, str):
        return click.STRING
    kind, name = (click.FloatRange, "number") if isinstance(knob.value, float) else (click.IntRange, "whole number")
    bounded = kind(knob.low, knob.high)
    bounded.name = name
    return OrZero(bounded) if flag.zero else bounded
