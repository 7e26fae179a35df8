"""Where everything stands in the picture of a round, in each of its two arrangements."""

from dataclasses import dataclass

from leaklab.federation.rounds import Federation
from leaklab.views.marks import Pen, Stroke
from leaklab.views.palette import ink

BEFORE, AFTER = "W^{(t)}", "W^{(t+1)}"


@dataclass(frozen=True)
class Plan:
    """One arrangement for one federation, and what it is drawn with."""

    federation: Federation
    pen: Pen
    width: float
    left: float  # of the clients' columns and of the server above them
    right: float
    server: tuple[float, float]  # upper and lower edge
    clients: tuple[float, float]
    widest: float  # of a client's column
    gap: float  # between two clients
    shown: int  # clients drawn; the others share one more column
    narrow: bool

    @property
    def middle(self) -> float:
        """The middle of the server."""
        return (self.left + self.right) / 2

    @property
    def channel(self) -> float:
        """Half way between the server and the clients."""
        return (self.server[1] + self.clients[0]) / 2

    @property
    def more(self) -> int:
        """How many clients are not drawn."""
        return self.federation.clients - self.shown

    @property
    def pitch(self) -> float:
        """How far apart two columns are."""
        return min(self.widest, (self.right - self.left) / (self.shown + bool(self.more)))

    @property
    def card(self) -> float:
        """How wide a client is."""
        return self.pitch - self.gap

    @property
    def columns(self) -> list[float]:
        """The middle of every column."""
        count = self.shown + bool(self.more)
        first = self.middle - self.pitch * (count - 1) / 2
        return [first + self.pitch * number for number in range(count)]

    @property
    def weights(self) -> Stroke:
        """The look of the weights that clients begin with."""
        return Stroke(self.pen.ink.line(0))

    @property
    def changed(self) -> Stroke:
        """The look of the weights that the round leads to."""
        return Stroke(self.pen.ink.line(0), dash="5 3")

    @property
    def update(self) -> Stroke:
        """The look of updates."""
        return Stroke(self.pen.ink.line(2))

    @property
    def attacker(self) -> Stroke:
        """The look of whoever looks."""
        return Stroke(self.pen.ink.line(1), 2.5)

    @property
    def quiet(self) -> Stroke:
        """The look of all that matters less."""
        return Stroke(self.pen.ink.quiet, 1.5)


def level(federation: Federation, *, dark: bool) -> Plan:
    """Return the arrangement for a screen or a lecture hall: words at the left, at most six clients."""
    return Plan(
        federation, Pen(ink(dark), 15), width=900, left=204, right=888, server=(16, 128), clients=(272, 426),
        widest=150, gap=12, shown=min(federation.clients, 6), narrow=False,
    )  # fmt: skip


def upright(federation: Federation, *, dark: bool) -> Plan:
    """Return the arrangement for a telephone: words underneath, at most four clients, or three and the others."""
    return Plan(
        federation, Pen(ink(dark), 13.5), width=360, left=8, right=352, server=(50, 154), clients=(276, 418),
        widest=120, gap=8, shown=federation.clients if federation.clients <= 4 else 3, narrow=True,
    )  # fmt: skip
