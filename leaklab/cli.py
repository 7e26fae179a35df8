"""The shell: attack, sweep, defend, recover labels, measure drift, train, list recipes, read links, carry out runs.

torch is imported only by what needs it, so that `leaklab --help` answers at once.
"""

import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from leaklab.flags import (
    defend_flags,
    defend_options,
    drift_flags,
    drift_options,
    given,
    label_flags,
    label_options,
    pretrain_flags,
    pretrain_options,
    run_flags,
    run_options,
    start_options,
    sweep_options,
    trainable,
)
from leaklab.settings import Refusal

_STEPS = 1000  # of a progress bar
_PAUSE = 20.0  # seconds between two lines of a training

Options = list[click.Option]


class Sentence(click.ClickException):
    """A mistake of the person at the keyboard: one sentence, and exit status 2."""

    exit_code = 2

    def show(self, file: Any = None) -> None:
        """Print the sentence alone."""
        click.echo(self.format_message(), file=file, err=file is None)


class Shell(click.Group):
    """The commands together; every refusal of theirs becomes a sentence."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the options before the command."""
        with _sentences():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Carry out the command."""
        with _sentences():
            return super().invoke(ctx)


class Flagged(click.Command):
    """A command with the flags of an experiment, which are made from the schema when they are first needed."""

    def __init__(
        self, name: str, answer: Callable[[click.Context], None], own: Callable[[], Options], *, help: str,
        flags: Callable[[], dict[str, Options]] = run_flags, argument: Callable[[], click.Argument] | None = None,
    ) -> None:  # fmt: skip
        super().__init__(name, help=help, context_settings={"max_content_width": 110})
        self._answer, self._own, self._flags, self._argument = answer, own, flags, argument
        self._groups: dict[str, Options] = {}

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return all options, `--help` among them."""
        if not self.params:
            self._groups = self._flags() | {"The shell": self._own()}
            self.params = [option for group in self._groups.values() for option in group]
            self.params += [self._argument()] if self._argument else []
        return super().get_params(ctx)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options in groups."""
        self.get_params(ctx)
        for title, options in self._groups.items():
            with formatter.section(title):
                formatter.write_dl([option.get_help_record(ctx) for option in options])

    def invoke(self, ctx: click.Context) -> None:
        """Answer."""
        self._answer(ctx)


@click.group(cls=Shell, invoke_without_command=True)
@click.version_option(package_name="leaklab")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Take a photograph, see its gradient, take the photograph back."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


def _run(ctx: click.Context) -> None:
    from leaklab.experiments.devices import place
    from leaklab.experiments.knowledge import knowledge
    from leaklab.settings import to_link
    from leaklab.views import folder
    from leaklab.views.outcome import Attacked, outcome, summary

    asked, plans = ctx.params, _plans(ctx)
    device = str(place(asked["device"]))
    home = None if asked["no_save"] else folder.prepared(Path(asked["save_dir"]).expanduser())
    shown = sys.stderr.isatty() and not asked["no_progress"]
    begun = time.perf_counter()
    attacked = {
        view: Attacked(
            settings=plan.model_dump(mode="json"),
            frames=list(_watched(plan.run(device), view) if shown else plan.run(device)),
            told=knowledge(plan.scenario).told,
        )
        for view, plan in plans.items()
    }
    whole = outcome(attacked, device=device, seconds=time.perf_counter() - begun)
    if home:
        first = next(iter(plans.values()))
        kept = folder.named(home, f"{first.recipe.key}-{first.scenario.network.name}")
        whole = whole.model_copy(update={"saved": str(kept)})
        folder.write(kept, attacked, whole, {view: _query(to_link(plan)) for view, plan in plans.items()})
    lines = [json.dumps(whole.model_dump(), allow_nan=False)] if asked["json"] else summary(attacked, whole)
    click.echo("\n".join(lines))


def _link(ctx: click.Context) -> None:
    from leaklab.experiments.command import command_line
    from leaklab.experiments.inversion import Inversion
    from leaklab.settings import from_link, to_link

    if not (text := ctx.params["read"]):
        click.echo("\n".join(_query(to_link(plan)) for plan in _plans(ctx).values()))
        return
    if given(ctx) or ctx.params["set"] or ctx.params["preset"]:
        raise Refusal("--read takes a link apart and no other flag: leave the others out.")
    experiment = from_link(Inversion, text.strip().rpartition("x=")[2].partition("&")[0].partition("#")[0])
    click.echo(experiment.model_dump_json(indent=1))
    click.echo(command_line(experiment), err=True)


def _labels(ctx: click.Context) -> None:
    from leaklab.experiments.command import label_recovery
    from leaklab.experiments.tally import outcomes, remarks
    from leaklab.views.labels import summary

    experiment = label_recovery(given(ctx), ctx.params["set"])
    final = _last(ctx, experiment, "labels")
    found, said = outcomes(final), remarks(final)
    _tell(ctx, found, summary(experiment.title, said, found))


def _drift(ctx: click.Context) -> None:
    from leaklab.experiments.command import drift
    from leaklab.experiments.drift_cells import outcomes
    from leaklab.views.drift import summary

    experiment = drift(given(ctx), ctx.params["set"])
    final = _last(ctx, experiment, "drift")
    _tell(ctx, outcomes(final), summary(experiment.title, final))


def _defend(ctx: click.Context) -> None:
    from leaklab.experiments.command import defend
    from leaklab.experiments.defending import listed, sentences
    from leaklab.views.defend import summary

    asked = defend(given(ctx), ctx.params["set"])
    final = _last(ctx, asked, "defend")
    _tell(ctx, listed(asked, final), summary(asked, final))
    for line in sentences(final)[1] if ctx.params["json"] else ():
        click.echo(f"Note: {line}", err=True)


def _sweep(ctx: click.Context) -> None:
    from leaklab.experiments.sweep_cells import cells, spreads
    from leaklab.experiments.sweep_command import sweep
    from leaklab.experiments.sweep_presets import SWEEP_PRESETS
    from leaklab.views import sweep_numbers
    from leaklab.views.sweep_grid import Grid

    words = ctx.params
    preset = SWEEP_PRESETS[words["preset"]].experiment if words["preset"] else None
    asked = sweep(given(ctx), words["set"], vary=words["vary"], seeds=words["seeds"], begin=preset)
    final = _last(ctx, asked, "sweep")
    grid = Grid(asked.named, spreads(cells(final)))
    rows = sweep_numbers.rows(grid, [axis.name for axis in asked.axes])
    _tell(ctx, rows, sweep_numbers.summary(asked.title, grid, final.note))


def _pretrain(ctx: click.Context) -> None:
    import torch

    from leaklab.experiments.command import pretraining
    from leaklab.experiments.devices import place
    from leaklab.views.pretraining import line, summary

    asked = ctx.params
    torch.set_num_threads(asked["threads"] or torch.get_num_threads())
    experiment, said = pretraining(asked["what"], given(ctx), asked["set"]), 0.0
    for frame in experiment.run(str(place(asked["device"]))):
        if not asked["no_progress"] and (frame.note or time.monotonic() - said >= _PAUSE):
            said = time.monotonic()
            click.echo(line(frame), err=True)
    card = experiment.card()
    _tell(ctx, card.model_dump(mode="json"), summary(card, frame))


for _command in (
    Flagged("run", _run, run_options, help="Attack a federation that is played here, and score what comes back."),
    Flagged(
        "defend", _defend, defend_options, flags=defend_flags,
        help="Make a defence stronger and stronger, and see what an attack still brings back and what training loses.",
    ),
    Flagged(
        "sweep", _sweep, sweep_options,
        help="Attack at several values of one knob or two, and see which of them matters.",
    ),
    Flagged(
        "labels", _labels, label_options, flags=label_flags,
        help="Read the labels of a batch from its gradient, by every method side by side.",
    ),
    Flagged(
        "drift", _drift, drift_options, flags=drift_flags,
        help="Measure how far averaged clients end up from one super-client, beside what Lemma 1 says of it.",
    ),
    Flagged(
        "pretrain", _pretrain, pretrain_options, flags=pretrain_flags, argument=trainable,
        help="Teach WHAT an attacker brings along, or the network of a victim, and write its weights with a card and "
        "samples. Started again, it goes on from where it was.",
    ),
    Flagged(
        "link", _link, lambda: start_options(read=True),
        help="Turn flags into an app link, and back. With --read, the link's settings are printed as JSON on the "
        "standard output, and its command line on the standard error.",
    ),
):  # fmt: skip
    main.add_command(_command)


@main.command()
@click.option("--markdown", is_flag=True, help="The table with the reference of every knob, as Markdown.")
def recipes(markdown: bool) -> None:
    """Print the table of attacks."""
    from leaklab.experiments import reference
    from leaklab.views.outcome import table

    if markdown:
        click.echo(reference.markdown(), nl=False)
        return
    click.echo("\n".join(table([reference.RECIPE_HEADS, *reference.recipes()])) + "\n")
    for name, story, choice in reference.stories():
        click.echo(f"{name}: {story}")
        if choice:
            click.echo(f"    Choice: {choice}")


@main.command()
@click.option("--store", default="", show_default="the app's own", help="Address of the store that keeps the queue.")
@click.option(
    "--worker-id", default="", show_default="machine and process", help="What the worker is called in the store."
)
@click.option(
    "--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
    help="auto takes every run, cuda those that do not ask for the CPU, cpu only those that do.",
)  # fmt: skip
@click.option(
    "--threads", type=click.IntRange(1), default=os.cpu_count() or 1, show_default=True, help="Threads of torch."
)
@click.option("--once", is_flag=True, help="Stop when nothing is queued.")
@click.option("--parent-pid", type=int, hidden=True, help="Ends when this process does.")
def worker(store: str, worker_id: str, device: str, threads: int, once: bool, parent_pid: int | None) -> None:
    """Carry out queued runs, on this machine or for another."""
    from leaklab.runs.store import default_url
    from leaklab.runs.worker import serve

    url = store or default_url()
    serve(url, worker_id=worker_id, device=device, threads=threads, once=once, parent_pid=parent_pid)


@main.command()
@click.argument("what", type=click.Choice(["lpips"]))
@click.option(
    "--net", type=click.Choice(["alex", "vgg", "squeeze"]), default="alex", show_default=True,
    help="Which network LPIPS looks through: AlexNet (233 MB), VGG-16 (528 MB) or SqueezeNet (5 MB).",
)  # fmt: skip
def fetch(what: str, net: str) -> None:
    """Download the weights that LPIPS measures with."""
    from leaklab.evaluation import lpips

    click.echo(lpips.fetch(net=net, progress=sys.stderr.isatty()))


def _plans(ctx: click.Context) -> dict[str, Any]:
    from leaklab.experiments.catalogue import PRESETS
    from leaklab.experiments.command import plans

    key = ctx.params["preset"]
    return plans(given(ctx), ctx.params["set"], begin=PRESETS[key].experiment if key else None)


def _query(link: str) -> str:
    return f"?x={link}"


def _last(ctx: click.Context, experiment: Any, title: str) -> Any:
    from leaklab.experiments.devices import place

    frames = experiment.run(str(place(ctx.params["device"])))
    shown = sys.stderr.isatty() and not ctx.params["no_progress"]
    *_, final = _watched(frames, title) if shown else frames
    return final


def _tell(ctx: click.Context, found: Any, lines: Iterable[str]) -> None:
    click.echo(json.dumps(found, allow_nan=False) if ctx.params["json"] else "\n".join(lines))


def _watched(frames: Iterable[Any], title: str) -> Iterator[Any]:
    def now(frame: Any) -> str:
        scalars = frame.scalars if frame else {}
        return f"iteration {scalars['iteration']:.0f}, {scalars['psnr']:.1f} dB" if "psnr" in scalars else ""

    with click.progressbar(length=_STEPS, label=title, item_show_func=now, file=sys.stderr) as bar:
        for frame in frames:
            bar.update(round(_STEPS * frame.scalars["progress"]) - bar.pos, frame)
            yield frame
        bar.update(_STEPS - bar.pos)


@contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except Refusal as refusal:
        raise Sentence(str(refusal)) from refusal
    except click.UsageError as error:
        raise Sentence(error.format_message()) from error
