"""The colours every drawing shares: Okabe and Ito's palette, told apart by colour-blind eyes, on light and on dark.

Only those of its colours are used on a ground that stand out from it by 3:1, and words by 4.5:1. Each line has a dash
pattern too, so that no meaning hangs on colour alone. The grounds and words are those of Streamlit's own two themes.
"""

from dataclasses import dataclass

DASHES = ("solid", "dashed", "dotted")


@dataclass(frozen=True)
class Ink:
    """What a drawing on one ground is drawn with."""

    paper: str
    words: str
    quiet: str  # words of less weight: axis labels, notes
    hairline: str
    lines: tuple[str, ...]

    def line(self, index: int) -> str:
        """Return the colour of the index-th line, beginning again when all are used."""
        return self.lines[index % len(self.lines)]

    def dash(self, index: int) -> str:
        """Return the dash pattern of the index-th line, shifted by one at each new round through the colours."""
        rounds, place = divmod(index, len(self.lines))
        return DASHES[(place + rounds) % len(DASHES)]


LIGHT = Ink(
    paper="#ffffff",
    words="#2f2d2b",
    quiet="#686255",
    hairline="#e6e4e0",
    lines=("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000"),
)
DARK = Ink(
    paper="#171614",
    words="#edebe8",
    quiet="#b8b3a8",
    hairline="#3a3732",
    lines=("#56B4E9", "#E69F00", "#009E73", "#CC79A7", "#F0E442", "#D55E00"),
)


def ink(dark: bool) -> Ink:
    """Return the ink for a dark or a light ground."""
    return DARK if dark else LIGHT
