"""The live curve: it takes the very options that are drawn elsewhere."""

import json

from streamlit.testing.v1 import AppTest


def _page() -> None:
    from leaklab.experiments.frame import Frame
    from leaklab.ui.curve import curve
    from leaklab.views import curves

    frames = [Frame(k, 0.0, {"iteration": k, "psnr": 10.0 + k}, {"losses.0": [2.0, 1.0]}) for k in range(3)]
    curve(curves.losses(frames), key="losses", alt=curves.losses_alt(frames), group="reel")
    curve(curves.scores(frames), key="scores", alt=curves.scores_alt(frames), height=200)


def test_a_page_with_curves_runs_and_sends_what_is_drawn():
    page = AppTest.from_function(_page, default_timeout=20).run()
    assert not page.exception
    losses, scores = (json.loads(element.proto.json) for element in page.get("bidi_component"))
    assert set(losses["option"]) == {"xAxis", "yAxis", "series", "title"}
    assert losses["group"] == "reel" and losses["alt"] == "Loss stayed at 1; restart 2 is best."
    assert [axis["name"] for axis in scores["option"]["yAxis"]] == ["PSNR (dB)", "SSIM"] and scores["height"] == 200
