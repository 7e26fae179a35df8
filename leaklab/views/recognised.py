"""Pictures that become clearer one by one, and at which of them a class of visitors recognised what they show."""

from collections.abc import Sequence
from html import escape

from leaklab.views.strips import Picture, png, uri

_BAR = 44  # pixels of the screen, the longest there is


def board(
    pictures: Sequence[Picture],
    words: Sequence[str],
    *,
    seen: int,
    counts: Sequence[int] = (),
    mine: int | None = None,
) -> str:
    """Return the pictures seen so far as HTML, room for the rest, and under each how many stopped there."""
    shown = []
    for place, (picture, said) in enumerate(zip(pictures, words, strict=True)):
        image = f'<img src="{uri(png(picture))}" alt="{escape(said, quote=True)}">' if place < seen else _covered()
        shown.append(f"<figure>{image}<figcaption>{_below(place, counts, mine)}</figcaption></figure>")
    return f'<div class="leaklab-board moments">{"".join(shown)}</div>'


def pair(photograph: Picture, rebuilt: Picture) -> str:
    """Return a photograph and what was rebuilt of it side by side as HTML, large."""
    both = {"The photograph": photograph, "What the server has": rebuilt}
    shown = [
        f'<figure><img src="{uri(png(picture))}" alt="{title}"><figcaption>{title}</figcaption></figure>'
        for title, picture in both.items()
    ]
    return f'<div class="leaklab-board exhibits">{"".join(shown)}</div>'


def told(counts: Sequence[int], mine: int) -> str:
    """Return one's own answer and everybody's in words; the last count is of those who never recognised it."""
    last, answers = len(counts) - 1, sum(counts)
    own = "You never recognised her." if mine == last else f"You recognised her at picture {mine + 1} of {last}."
    if answers <= 1:
        return f"{own} Nobody else has answered yet."
    never = f" {counts[last]} never did." if counts[last] else ""
    if sum(counts[:last]) == 0:
        return f"{own} Of {answers} answers, nobody did."
    most = max(range(last), key=counts.__getitem__)
    return f"{own} Of {answers} answers, most are at picture {most + 1}: {counts[most]}.{never}"


def _covered() -> str:
    return '<div class="none" aria-hidden="true">?</div>'


def _below(place: int, counts: Sequence[int], mine: int | None) -> str:
    number = f"<b>{place + 1}</b>"
    if mine is None:
        return number
    count, most = counts[place], max(*counts, 1)
    width = round(_BAR * count / most)
    bar = f'<i style="display:inline-block;height:.7em;width:{width}px;background:currentColor"></i> '
    yours = "<br>✓ you" if place == mine else ""
    return f"{number}<br>{bar if count else ''}{count}{yours}"
