"""The picture of a round, drawn after its settings: who trains on what, what travels, who averages, and who looks."""

import base64
from dataclasses import replace

from leaklab.federation.rounds import Federation
from leaklab.protocol.observation import ThreatModel
from leaklab.views.captions import caption, counts, masked, noisy
from leaklab.views.diagram_notes import notes
from leaklab.views.diagram_plan import AFTER, BEFORE, Plan, level, upright
from leaklab.views.marks import Point, sheet

_LAYERS = 5  # photographs in the highest stack
_BUS = 20  # from the server's lower edge to where the updates meet

_SWITCH = (
    ".leaklab-round{container-type:inline-size;width:100%}"
    ".leaklab-round img{display:block;width:100%;height:auto;margin:0 auto}"
    ".leaklab-round .wide{max-width:960px}.leaklab-round .narrow{display:none;max-width:440px}"
    "@container (max-width:640px){.leaklab-round .wide{display:none}.leaklab-round .narrow{display:block}}"
)


def diagram(federation: Federation, threat: ThreatModel, *, dark: bool, narrow: bool = False) -> str:
    """Return the picture of a round as SVG: wide for a screen or a lecture hall, or upright for a telephone."""
    plan = upright(federation, dark=dark) if narrow else level(federation, dark=dark)
    parts = [_server(plan), *_clients(plan)]
    below = plan.clients[1] + 16
    if federation.view == "client":
        parts.append(_subtraction(plan, below))
        below += 3.6 * plan.pen.size
    words, end = notes(plan, threat, below)
    return sheet([*parts, words], width=plan.width, height=end + 8, title=caption(federation, threat))


def both(federation: Federation, threat: ThreatModel, *, dark: bool) -> str:
    """Return HTML that shows the wide picture where there is room and the upright one where there is not.

    Both travel as images, for what cleans HTML on its way into a page lets no inline drawing through.
    """
    said = caption(federation, threat)
    drawn = {
        "wide": diagram(federation, threat, dark=dark),
        "narrow": diagram(federation, threat, dark=dark, narrow=True),
    }
    images = "".join(
        f'<img class="{name}" alt="{said}" src="data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()}"/>'
        for name, svg in drawn.items()
    )
    return f'<div class="leaklab-round"><style>{_SWITCH}</style>{images}</div>'


def _server(plan: Plan) -> str:
    federation, pen = plan.federation, plan.pen
    top, bottom = plan.server
    x, y, bus, size = plan.middle, top + 62, bottom - _BUS, pen.size
    ends = [plan.columns[0], plan.columns[-1], x]
    whole, ahead = (plan.right - plan.left, bottom - top), plan.right - 14 - 2 * size
    return "".join([
        pen.box((x, (top + bottom) / 2), whole, plan.quiet, name="server", round_by=10),
        pen.line([(min(ends), bus), (max(ends), bus)], plan.update),
        pen.line([(x, bus), (x, y)], plan.update),
        pen.arrow((plan.left + 40, y), (ahead - 2.1 * size, y), plan.weights),
        pen.model((plan.left + 14 + 1.6 * size, y), BEFORE, plan.weights),
        pen.model((ahead, y), AFTER, plan.changed),
        pen.text((x, y - 1.65 * size), "average" + ", the masks cancel" * masked(federation), colour=pen.ink.quiet),
        _average(plan, (x, y)),
        _counter(plan) if federation.rounds > 1 else "",
    ])  # fmt: skip


def _average(plan: Plan, at: Point) -> str:
    pen, aside = plan.pen, 0.0
    half = (6.6 if plan.federation.normalise else 5.6) * pen.size
    formula = "Σ n_{k}/N · Δ_{k}" + "/‖Δ_{k}‖" * plan.federation.normalise
    eye = ""
    if plan.federation.view == "aggregated":
        aside, eye = 9.0, pen.eye((at[0] - half, at[1]), colour=plan.attacker.colour, name="average")
    pill = pen.box(at, (2 * half, 2.5 * pen.size), plan.update, round_by=1.25 * pen.size)
    words = pen.times(1.2).text((at[0] + aside, at[1] + 0.36 * pen.size), formula, fit=2 * (half - 6 - 2 * aside))
    return pill + words + eye


def _counter(plan: Plan) -> str:
    pen, rounds = plan.pen, plan.federation.rounds
    width, height = 7.4 * pen.size, 1.6 * pen.size
    x = plan.right - width / 2 - (0 if plan.narrow else 12)
    y = 14 if plan.narrow else plan.server[0] + 20
    words = pen.text((x, y + 0.35 * pen.size), f"round {rounds} of {rounds}", fit=width - 14)
    return pen.box((x, y), (width, height), replace(plan.quiet, thick=1), round_by=height / 2, name="rounds") + words


def _clients(plan: Plan) -> list[str]:
    held = counts(plan.federation)
    drawn = [
        _card(plan, number, x) + _training(plan, number, x, held) + _travels(plan, number, x)
        for number, x in enumerate(plan.columns[: plan.shown])
    ]
    return [*drawn, _more(plan, plan.columns[-1])] if plan.more else drawn


def _card(plan: Plan, number: int, x: float) -> str:
    pen, (top, bottom) = plan.pen, plan.clients
    curious = plan.federation.view == "client" and number == 0
    card = pen.box(
        (x, (top + bottom) / 2), (plan.card, bottom - top), plan.attacker if curious else plan.quiet, name="client",
        round_by=10,
    )  # fmt: skip
    name = pen.times(1, bold=True).text((x, top + 1.5 * pen.size), f"Client {number + 1}", fit=plan.card - 8)
    return card + name


def _training(plan: Plan, number: int, x: float, held: tuple[int, ...] | None) -> str:
    """Draw how a client goes round and round over its own photographs."""
    pen, schedule, fit = plan.pen, plan.federation.schedule, plan.card - 6
    y = plan.clients[0] + 4.4 * pen.size
    lines = ["at random" if held is None else f"n_{{{number + 1}}} = {held[number]}"]
    if held or not schedule.batch_size:
        steps = schedule.steps(held[number] if held else 1)
        lines.append(f"{steps} step{'s' * (steps > 1)}")
    layers = max(1, round(held[number] * min(1, _LAYERS / max(held)))) if held else 3
    below = [
        pen.text((x, y + (3.75 + 1.3 * row) * pen.size), words, fit=fit) for row, words in enumerate(lines)
    ]  # fmt: skip
    return "".join([
        pen.loop((x, y), 2.15 * pen.size, replace(plan.quiet, thick=2.5)),
        pen.photographs((x, y), layers, certain=held is not None), *below,
    ])  # fmt: skip


def _travels(plan: Plan, number: int, x: float) -> str:
    pen, federation = plan.pen, plan.federation
    high, low = plan.server[1], plan.clients[0] - 3
    looked_at = federation.view == "per-client"
    aside = min(44.0, 0.35 * plan.pitch)
    packet = pen.packet(
        (x, plan.channel + 6), f"Δ_{{{number + 1}}}", colour=plan.update.colour, masked=masked(federation),
        noisy=noisy(federation),
    )  # fmt: skip
    return "".join([
        pen.arrow((x - aside, high + 2), (x - aside, low), plan.weights, name="down"),
        pen.arrow((x + aside, high + 2), (x + aside, low), plan.changed, name="down"),
        pen.line([(x, high), (x, high - _BUS)], plan.update),
        pen.arrow((x, low), (x, high + (15 if looked_at else 1)), replace(plan.update, thick=3), name="up"),
        packet,
        pen.eye((x, high), colour=plan.attacker.colour, name="door") if looked_at else "",
    ])  # fmt: skip


def _more(plan: Plan, x: float) -> str:
    """Draw the clients for whom there is no room."""
    pen, (top, bottom), door = plan.pen, plan.clients, plan.server[1]
    size, y = (plan.card - 8, bottom - top - 8), (top + bottom) / 2
    cards = [
        pen.box((x + shift, y + shift), size, replace(plan.quiet, dash="2 4"), round_by=10) for shift in (4, 0, -4)
    ]
    lines = [
        pen.text((x - 4, y + (1.4 * row - 0.4) * pen.size), words, fit=size[0] - 8)
        for row, words in enumerate(("… and", f"{plan.more} more"))
    ]
    return "".join([
        pen.line([(x, door), (x, door - _BUS)], plan.update),
        pen.arrow((x, top - 3), (x, door + 1), plan.quiet), *cards, *lines,
    ])  # fmt: skip


def _subtraction(plan: Plan, top: float) -> str:
    """Draw what a curious client does with two global models in a row."""
    pen, size, mine = plan.pen, plan.pen.size, plan.columns[0]
    width, y = 14.6 * size, top + 1.4 * size
    x = max(mine, plan.left + width / 2)
    return "".join([
        pen.line([(mine, plan.clients[1]), (mine, y)], plan.attacker),
        pen.box((x, y), (width, 2.8 * size), plan.attacker, round_by=10),
        pen.eye((x - width / 2 + 28, y), colour=plan.attacker.colour, name="inside"),
        pen.model((x - 1.2 * size, y), BEFORE, plan.weights),
        pen.times(1.4).text((x + 1.4 * size, y + 0.36 * size), "−"),
        pen.model((x + 4.4 * size, y), AFTER, plan.changed),
    ])  # fmt: skip
