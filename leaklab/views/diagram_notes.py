"""The words around the picture of a round: at its left where there is room, under it where there is not."""

from collections.abc import Sequence
from dataclasses import replace

from leaklab.protocol.observation import ThreatModel
from leaklab.views import captions
from leaklab.views.diagram_plan import AFTER, BEFORE, Plan
from leaklab.views.marks import Point

_LEADING = 1.4  # of the size of the letters


def notes(plan: Plan, threat: ThreatModel, below: float) -> tuple[str, float]:
    """Return the words of an arrangement whose drawing ends at a height, and where they end themselves."""
    return _under(plan, threat, below) if plan.narrow else _beside(plan, threat, below)


def _beside(plan: Plan, threat: ThreatModel, below: float) -> tuple[str, float]:
    federation, size, x = plan.federation, plan.pen.size, 16.0
    lane = plan.left - x - 6
    client, client_end = _block(
        plan, (x, plan.clients[0] + 1.5 * size), _training(plan, lane), heading=captions.whose(federation), fit=lane
    )
    # Where defences have much to say of training, the words about the attacker begin further down.
    under = max(below + size, client_end + 1.4 * size)
    end, drawn = below, [client]
    for place, told in zip((plan.left, plan.middle + 8), captions.told(threat), strict=True):
        words, told_end = _block(plan, (place, under), plan.pen.lines(told, 330))
        drawn.append(words)
        end = max(end, told_end)
    blocks = (
        (plan.server[0] + 1.6 * size, "The server", plan.pen.lines(captions.server(federation), lane)),
        (under, "The attacker", plan.pen.lines(captions.attacker(federation), lane)),
    )
    for y, heading, lines in blocks:
        words, block_end = _block(plan, (x, y), lines, heading=heading, fit=lane)
        drawn.append(words)
        end = max(end, block_end)
    return "".join([*drawn, _key(plan, (x, plan.channel), 2.5 * size, widest=lane - 24)]), end


def _under(plan: Plan, threat: ThreatModel, below: float) -> tuple[str, float]:
    federation, size, x, half = plan.federation, plan.pen.size, plan.left, 208.0
    first = below + size
    server, _ = _block(plan, (x, 18), [captions.server(federation)], heading="The server", fit=plan.right - x)
    travels, _ = _block(plan, (x, first), [], heading="What travels")
    key = _key(plan, (x, first + 3.6 * size), 1.9 * size, widest=half - x - 24)
    lines = _training(plan, plan.right - half)
    client, end = _block(plan, (half, first), lines, heading=captions.whose(federation), fit=plan.right - half)
    end = max(end, first + 6.6 * size)
    sentences = (captions.attacker(federation), *captions.told(threat))
    lines = [line for words in sentences for line in plan.pen.lines(words, plan.right - x)]
    attacker, end = _block(plan, (x, end + 1.4 * size), lines, heading="The attacker", fit=plan.right - x)
    return server + travels + key + client + attacker, end


def _training(plan: Plan, fit: float) -> list[str]:
    """Return what is said of training, broken where it would be wider."""
    return [line for words in captions.training(plan.federation) for line in plan.pen.lines(words, fit)]


def _block(
    plan: Plan, at: Point, lines: Sequence[str], *, heading: str = "", fit: float = 0
) -> tuple[str, float]:  # fmt: skip
    """Return a heading with lines under it, and where they end."""
    pen, (x, y) = plan.pen, at
    drawn = [pen.times(1.1, bold=True).text(at, heading, anchor="start")] if heading else []
    for line in lines:
        place = x, y + _LEADING * pen.size * len(drawn)
        drawn.append(pen.text(place, line, anchor="start", fit=fit))
    return "".join(drawn), y + (_LEADING * len(drawn) - 0.6) * pen.size


def _key(plan: Plan, at: Point, leading: float, *, widest: float) -> str:
    """Say what the arrows are, in three rows around a height."""
    pen, (x, y), reach = plan.pen, at, 0.42 * leading
    rows = (
        (-1, f"weights {BEFORE}", plan.weights, 1),
        (0, captions.sent(plan.federation), replace(plan.update, thick=3), -1),
        (1, f"weights {AFTER}", plan.changed, 1),
    )
    drawn = []
    for row, words, stroke, down in rows:
        middle = y + row * leading
        drawn.append(pen.arrow((x + 8, middle - down * reach), (x + 8, middle + down * reach), stroke))
        lines = pen.lines(words, widest)
        top = middle + (0.36 - 0.6 * (len(lines) - 1)) * pen.size
        drawn += [
            pen.text((x + 24, top + 1.2 * line * pen.size), part, anchor="start") for line, part in enumerate(lines)
        ]
    return "".join(drawn)
