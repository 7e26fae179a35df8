"""What is searched: a space turns a code (r, d) into images.

Contract: `bind(observation)` returns an object with start(generator) -> (d,) for one restart,
decode(code (r, d)) -> (r, n, c, h, w), and project(code) -> code, back into what is allowed.
"""

from leaklab.attacks.matching.spaces.pixels import Pixels

Space = Pixels
