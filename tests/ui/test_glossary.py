"""The glossary: which words it must know, how short it is, and where on a page its tips stand."""

import re

import pytest

from leaklab.attacks.recipes import RECIPES
from leaklab.experiments import reference
from leaklab.ui import glossary, words
from leaklab.ui.session import Services
from tests import app

# What a visitor may meet in texts and controls and cannot be asked to know.
TECHNICAL = (
    "gradient", "federated learning", "FedAvg", "FedSGD", "update", "weights", "client", "server", "round", "PSNR",
    "SSIM", "LPIPS", "FSIM", "dB", "TV", "total variation", "restart", "iteration", "evaluation", "L-BFGS", "Adam",
    "CMA-ES", "optimiser", "batch", "label", "class", "logit", "softmax", "bias", "features", "layer", "network",
    "activation", "ReLU", "sigmoid", "batch norm", "convolution", "channel", "stem", "spectral norm", "attention",
    "transformer", "dropout", "epoch", "local step", "learning rate", "clip", "DP", "DP-SGD", "epsilon", "ε",
    "delta", "δ", "σ", "differential privacy", "accountant", "guarantee", "aggregation", "secure aggregation",
    "mask", "prior", "latent", "generator", "critic", "GAN", "DCGAN", "diffusion", "denoiser", "guidance", "DDRM",
    "rank", "condition", "closed form", "seed", "precision", "float32", "float64", "CUDA", "GPU", "CPU", "cosine",
    "L2", "distance", "loss", "landscape", "curvature", "line search", "dummy", "reconstruction", "recipe",
    "attack", "defence", "noise", "signal", "pruning", "top-k", "random-k", "quantising", "QSGD", "Soteria",
    "PRECODE", "mixup", "InstaHide", "accuracy", "metric", "worker", "queue", "chord", "super-client", "drift",
    "threat model", "gradient matching", "gradient inversion", "masked diffusion", "enhancement", "WebSocket",
    "WebGL2",
)  # fmt: skip

# Names that explain themselves where they stand, or are nobody's term: programs, files, places, licences.
NAMES = {
    "BY", "CC", "CC0", "FFHQ", "GB", "HTML", "HTTPS", "ID", "JPG", "JSON", "LEAKLAB", "LEAKLAB_STORE",
    "LEAKLAB_WEIGHTS", "LEAKLAB_WORKERS", "MB", "MIT", "MNIST", "OK", "OpenAI", "PNG", "PyTorch", "SHA",
    "UNet2DModel", "URL", "WHAT", "PATH", "GIF", "QR", "CSV", "UNet", "VALUE", "LEAKLAB_DATA", "BSD", "TGIAs-RO",
    "IGIMS", "ResNet-9", "ImageNet's", "PyTorch's",
}  # fmt: skip


def texts() -> list[str]:
    """Return every text of assets and every title and help of a knob."""
    found = [path.read_text(encoding="utf-8") for path in sorted((words.ASSETS / "words").glob("*.md"))]
    for name in ("methods", "defences", "checks"):
        found += [str(part) for one in words.table(name).values() for part in one.values()]
    return [*found, *(row.help for row in reference.knobs())]


def test_every_technical_word_is_explained():
    assert [word for word in TECHNICAL if not glossary.found(word)] == []


def test_every_name_in_capitals_that_a_visitor_may_read_is_explained():
    said = re.sub(r"`[^`]*`|\]\([^)]*\)|\[(start|cite|see|prompt)[^\]]*\]", " ", "\n".join(texts()))
    names = set(re.findall(r"(?<![\w-])(?:[a-z]{1,2})?(?:[A-Z]{2,}[\w-]*|[A-Z][a-z]+[A-Z]\w*)", said))
    known = NAMES | {part for recipe in RECIPES.values() for part in re.split(r"[ ,*]+", recipe.name)}
    assert {name for name in names if not glossary.found(name) and known.isdisjoint((name, name.rstrip("s")))} == set()


@pytest.mark.parametrize("term", glossary.terms().values(), ids=lambda term: term.name)
def test_a_definition_is_short_plain_and_not_its_own_word(term: glossary.Term):
    assert 3 <= len(term.means.split()) <= 25 and term.means.endswith(".") and not set(term.means) & set("`*_$<>[]")
    assert term.means[0].isupper() and not term.means.lower().startswith(f"{term.name.lower()} is")


def test_no_form_belongs_to_two_terms():
    forms = [form.lower() for term in glossary.terms().values() for form in (term.name, *term.forms)]
    assert len(forms) == len(set(forms))


def test_the_first_place_of_a_term_is_marked_and_no_other():
    marked = glossary.mark("One gradient, two gradients, and *federated learning*.", {})
    assert marked.count("leaklab-term") == 2 and ">gradient</span>, two gradients" in marked
    assert "*<span" in marked and ">federated learning</span>*." in marked


def test_a_tip_is_reached_by_keyboard_and_says_what_it_explains():
    marked = glossary.mark("PSNR", {})
    tip = re.fullmatch(r'<span class="leaklab-term" tabindex="0" role="note" aria-label="([^"]*)">PSNR</span>', marked)
    assert tip and tip[1] == f"PSNR: {glossary.terms()['PSNR'].means}".replace("'", "&#x27;")


@pytest.mark.parametrize("kept", [
    "`gradient`", "```\ngradient\n```", "# A gradient", "## Batches", "[the gradient](https://a.b/gradient)",
    "[gradient](see:playground/easy-leak)", "![gradient](a.png)", "<b title='gradient'>", "$$gradient$$",
    ":material/layers:", "[start: batch]", "https://a.b/gradient", "gradients-of", "scenario.seed", "an adverb of tv's",
])  # fmt: skip
def test_code_links_headings_and_parts_of_words_are_left_alone(kept: str):
    assert glossary.mark(kept, {}) == kept


def test_the_longest_form_wins_and_capitals_count_where_they_are_inside():
    assert "total variation:" in glossary.mark("total variation", {}) and glossary.found("DP-SGD") == ["DP-SGD"]
    assert glossary.found("psnr idlg") == [] and glossary.found("Gradients, EPOCHS") == ["gradient", "epoch"]


def test_everyday_words_are_explained_and_not_marked():
    assert glossary.found("the network") == ["network"] and "span" not in glossary.mark("the network", {})


def test_a_text_that_is_written_again_keeps_its_tips_and_the_next_has_none():
    seen = {}
    first = glossary.mark("A gradient.", seen)
    assert glossary.mark("Another gradient.", seen) == "Another gradient."
    assert glossary.mark("A gradient.", seen) == first


def test_the_list_has_every_term_once():
    html = glossary.listed()
    assert html.count("<dt>") == html.count("<dd>") == len(glossary.terms()) and 'tabindex="0"' in html


@pytest.mark.parametrize("name", ["playground", "defences", "landscape"])
def test_a_page_marks_a_term_once_and_offers_the_whole_glossary(name: str, services: Services):
    page = app.opened(name)
    tips = re.findall(r'aria-label="([^:]*):', " ".join(text.value for text in page.markdown))
    assert len(tips) == len(set(tips)) > 2
    assert any("leaklab-glossary" in html.proto.body for html in page.get("html"))
