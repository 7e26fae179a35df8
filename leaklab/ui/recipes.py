"""Which attack: a row of the table, what it rests on, a widget for each of its parts, and the way back to the row."""

from collections.abc import Iterator
from dataclasses import replace

import streamlit as st

from leaklab.attacks.matching.solver import GradientMatching
from leaklab.attacks.matching.spaces.brought import WithGenerator
from leaklab.attacks.recipe import Recipe
from leaklab.experiments import catalogue
from leaklab.experiments.inversion import Inversion
from leaklab.settings import Knob, Settings, choices, walk
from leaklab.ui import classroom, forms, held, words

_CLOSED = "solved"
_SEARCHED = {
    "pixels": "pixels", "bicubic": "small pictures", "untrained": "untrained", "generator_latent": "generator",
    "generator_weights": "generator", "diffusion_in_the_loop": "diffusion",
}  # fmt: skip
_LATER = ("iterations", "weight")  # what may be set in a search that is not the main one
_BEGINNING = ("restarts", "start", "scale", "tile")  # settled by the stage before, where there is one
_ADDED = 1e-4  # the weight of a prior that is added, whose own would be 0: so that it does something
_NAMED = 4  # changes that are named; more are counted
_SHARED = ("generator", "width", "draw")  # what all searches of one generator have in common
_AS_FOUND = "none"


def choose(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of a recipe and of all its parts, and return the experiment with them."""
    experiment = _row(experiment, key)
    about = st.container()
    basic = list(_basic(experiment.recipe))
    if not basic:
        st.caption("Nothing is searched here, so there are no iterations and no restarts to set.")
    experiment = held.settled(key, _together(forms.edit(experiment, basic, key=held.name(key))))
    if st.toggle("More", key=f"{key}.more.Attack", help="Show the rarely used settings."):
        experiment = held.settled(key, _priors(experiment, key))
        experiment = held.settled(key, _enhancement(experiment, key))
        advanced = _advanced(experiment.recipe)
        experiment = held.settled(key, _together(forms.edit(experiment, advanced, key=held.name(key))))
    with about:
        _about(experiment.recipe, key)
    return experiment


def family(recipe: Recipe) -> str:
    """Return in a word or two what a recipe searches first, or that it solves equations instead."""
    first = recipe.stages[0]
    kind = first.space.kind if isinstance(first, GradientMatching) else first.kind
    return _SEARCHED.get(kind, _CLOSED)


def ordered() -> list[str]:
    """Return the keys of all recipes, those that search the same beside each other."""
    families = {key: family(recipe) for key, recipe in catalogue.RECIPES.items()}
    first = list(dict.fromkeys(families.values()))
    return sorted(families, key=lambda key: first.index(families[key]))


def changes(recipe: Recipe, row: Recipe) -> list[str]:
    """Return the titles of what differs between a recipe and its row."""
    mine, theirs = ({knob.path: knob for knob in walk(one)} for one in (recipe, row))
    titles = [
        knob.title
        for path, knob in mine.items()
        if path in theirs and knob.level != "hidden" and _said(knob.value) != _said(theirs[path].value)
    ]
    if [part.kind for part in _all_priors(recipe)] != [part.kind for part in _all_priors(row)]:
        titles.append("Priors")
    if [stage.kind for stage in recipe.stages] != [stage.kind for stage in row.stages]:
        titles.append("Stages")
    return list(dict.fromkeys(titles))


def _row(experiment: Inversion, key: str) -> Inversion:
    keys, recipe = ordered(), experiment.recipe
    if classroom.asks("hide", "recipe"):
        return experiment
    chosen = st.selectbox(
        "Recipe", keys, index=keys.index(recipe.key) if recipe.key in keys else None, key=f"{held.name(key)}.recipe",
        format_func=_titled, placeholder="composed by hand",
        help="A published attack; every part of it can be changed.", disabled=classroom.asks("lock", "recipe"),
    )  # fmt: skip
    if chosen and chosen != recipe.key:
        held.adopt(key, _with(experiment, catalogue.recipe(chosen)))
        st.rerun()
    return experiment


def _with(experiment: Inversion, recipe: Recipe) -> Inversion:
    """Return an experiment with another recipe; a generator's or denoiser's in float32, which halves its seconds."""
    heavy = family(recipe) in ("generator", "diffusion")
    return experiment.model_copy(update={"recipe": recipe} | ({"precision": "float32"} if heavy else {}))


def _together(experiment: Inversion) -> Inversion:
    """Return an experiment whose later searches have the main one's generator: another would know no code of it."""
    recipe = experiment.recipe
    main = getattr(recipe.stages[_main(recipe)], "space", None)
    if not isinstance(main, WithGenerator):
        return experiment
    for number, stage in enumerate(recipe.stages):
        space = getattr(stage, "space", None)
        for name in _SHARED if isinstance(space, WithGenerator) else ():
            if getattr(space, name) != getattr(main, name):
                experiment = experiment.changed(("recipe", "stages", number, "space", name), getattr(main, name))
    return experiment


def _titled(key: str) -> str:
    row = catalogue.RECIPES[key]
    return f"{row.name} · {family(row)}"


def _about(recipe: Recipe, key: str) -> None:
    """Say what the row is and rests on, and what of it was changed."""
    row = catalogue.RECIPES.get(recipe.key)
    if row is None:
        return
    st.caption(row.story)
    st.caption(f"{words.cited(row.source)}." + (f" Choice: {row.choice}" if row.choice else ""))
    if changed := changes(recipe, row):
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        st.caption(f":material/edit: Changed from the row: {', '.join(changed[:_NAMED])}{more}.")
        st.button(
            "Back to the row", key=f"{key}.back", on_click=_back, args=(key,), type="tertiary",
            icon=":material/undo:",
        )  # fmt: skip


def _back(key: str) -> None:
    changed = held.experiment(key)
    held.adopt(key, changed.model_copy(update={"recipe": catalogue.recipe(changed.recipe.key)}))


def _priors(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of priors of the main search, where there is a search."""
    number = _main(experiment.recipe)
    stage = experiment.recipe.stages[number]
    if not isinstance(stage, GradientMatching):
        return experiment
    found = forms.parts(
        "Priors", stage.priors, choices(type(stage).model_fields["priors"].annotation),
        key=f"{held.name(key)}.priors",
        help="What else must hold of a good guess. *In the mathematics:* what is added to the distance, each "
        "times its weight.",
    )  # fmt: skip
    if found == stage.priors:
        return experiment
    weighed = [_weighed(prior) if prior not in stage.priors else prior for prior in found]
    return experiment.changed(
        ("recipe", "stages", number, "priors"), [prior.model_dump(mode="json") for prior in weighed]
    )


def _enhancement(experiment: Inversion, key: str) -> Inversion:
    """Draw the choice of what makes the reconstruction presentable at the end."""
    recipe = experiment.recipe
    classes = {cls.model_fields["kind"].default: cls for cls in choices(Recipe.model_fields["enhancement"].annotation)}
    kinds, before = [_AS_FOUND, *classes], recipe.enhancement.kind if recipe.enhancement else _AS_FOUND
    kind = st.selectbox(
        "Enhancement", kinds, index=kinds.index(before), key=f"{held.name(key)}.enhancement", format_func=forms.plain,
        help="What makes the reconstruction presentable at the end; the page Enhance shows what each of them invents.",
    )  # fmt: skip
    if kind == before:
        return experiment
    chosen = classes[kind]() if kind in classes else None
    return experiment.model_copy(update={"recipe": recipe.model_copy(update={"enhancement": chosen})})


def _weighed(prior: Settings) -> Settings:
    return prior if prior.weight else prior.changed(("weight",), _ADDED)


def _basic(recipe: Recipe) -> Iterator[Knob]:
    return _own(recipe, "basic")


def _advanced(recipe: Recipe) -> list[Knob]:
    """Return the rarely used knobs: first the main stage's, then what may be set in the others."""
    others = [
        replace(knob, title=f"Stage {number + 1}: {knob.title}")
        for level in ("basic", "advanced")
        for knob in _knobs(recipe, level)
        if (number := _stage(knob)) not in (None, _main(recipe)) and _offered(recipe, knob)
    ]
    return [*_own(recipe, "advanced"), *sorted(others, key=_stage)]


def _own(recipe: Recipe, level: str) -> Iterator[Knob]:
    """Yield the main stage's knobs of a level and those of the recipe itself."""
    main = _main(recipe)
    for knob in _knobs(recipe, level):
        if _stage(knob) is None or (_stage(knob) == main and not (main and knob.path[-1] in _BEGINNING)):
            yield knob


def _knobs(recipe: Recipe, level: str) -> list[Knob]:
    found = forms.knobs(recipe, "", level=level)
    return [replace(knob, path=("recipe", *knob.path)) for knob in found]


def _offered(recipe: Recipe, knob: Knob) -> bool:
    return not isinstance(recipe.stages[_stage(knob)], GradientMatching) or knob.path[-1] in _LATER


def _stage(knob: Knob) -> int | None:
    """Return the number of the stage a knob belongs to, None for one of the whole recipe."""
    return int(knob.path[2]) if knob.path[1] == "stages" else None


def _main(recipe: Recipe) -> int:
    """Return the number of the first stage that searches; of the first stage when none does."""
    return next((n for n, stage in enumerate(recipe.stages) if isinstance(stage, GradientMatching)), 0)


def _all_priors(recipe: Recipe) -> Iterator[Settings]:
    for stage in recipe.stages:
        if isinstance(stage, GradientMatching):
            yield from stage.priors


def _said(value: object) -> object:
    return value.kind if isinstance(value, Settings) else value
