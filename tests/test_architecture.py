"""The floors of the house: a file imports only from lower floors, some rooms never meet, and some habits are kept."""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
FILES = sorted([ROOT / "streamlit_app.py", *ROOT.glob("pages/*.py"), *ROOT.glob("leaklab/**/*.py")])
FLOORS = (
    {"settings", "waiting"},
    {"checkpoints", "assignment"},
    {"images", "networks", "protocol", "evaluation"},
    {"federation", "attacks"},
    {"experiments"},
    {"views", "runs"},
    {"flags"},
    {"ui", "cli"},
    {"pages", "streamlit_app"},
)
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}
NEVER = {("attacks", "images"), ("attacks", "networks"), ("attacks", "evaluation"), ("federation", "evaluation")}
AXES = ("dummy_updates", "distances", "priors", "spaces", "optimisers")
AT_HOME = {
    "streamlit": ("leaklab/ui/", "pages/", "streamlit_app.py"),
    "sqlalchemy": ("leaklab/runs/store.py", "leaklab/runs/holds.py", "leaklab/runs/database.py"),
    "ray": ("leaklab/runs/cluster.py",),
    "torchvision": ("leaklab/images/datasets.py", "leaklab/networks/resnet.py", "leaklab/networks/mobilenet.py"),
    "plotly": ("leaklab/views/",),
}
MAY_PRINT = ("leaklab/cli.py", "leaklab/ui/")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def module(path: Path) -> str:
    return place(path).removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module(path): path for path in FILES if path.exists()}


def imports(path: Path) -> Iterator[str]:
    """Yield each module a file imports; `from package import module` counts as the module."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            source = "." * node.level + (node.module or "")
            for alias in node.names:
                yield name if (name := f"{source}.{alias.name}") in MODULES else source


def room(name: str) -> str:
    """Return the room of a module: the first name below leaklab, or the page or entry itself."""
    parts = name.split(".")
    return parts[1] if parts[0] == "leaklab" and len(parts) > 1 else parts[0]


def arrows() -> Iterator[tuple[str, str, str]]:
    """Yield (file, room, imported room) wherever a file of one room imports from another of ours."""
    for name, path in MODULES.items():
        if name not in {"leaklab", "leaklab.__main__"}:
            for target in imports(path):
                if target.split(".")[0] in {"leaklab", "pages", "streamlit_app"} and room(name) != room(target):
                    yield place(path), room(name), room(target)


def test_every_room_stands_on_a_floor():
    rooms = {room(name) for name in MODULES} - {"leaklab", "__main__"}
    assert rooms <= FLOOR.keys(), rooms - FLOOR.keys()


def test_every_import_runs_down():
    wrong = [f"{file} -> {b}" for file, a, b in arrows() if FLOOR[a] <= FLOOR.get(b, len(FLOORS))]
    assert not wrong, wrong


def test_the_wall_holds():
    wrong = [f"{file} -> {b}" for file, a, b in arrows() if (a, b) in NEVER or {a, b} == {"federation", "attacks"}]
    assert not wrong, wrong


def test_pages_know_only_the_ui():
    wrong = [f"{file} -> {b}" for file, a, b in arrows() if a in {"pages", "streamlit_app"} and b != "ui"]
    assert not wrong, wrong


def test_the_root_knows_only_the_shell():
    assert not set(imports(ROOT / "leaklab/__init__.py"))
    if "leaklab.__main__" in MODULES:
        ours = {name for name in imports(MODULES["leaklab.__main__"]) if name.startswith("leaklab")}
        assert ours == {"leaklab.cli"}


def test_the_axes_of_matching_never_meet():
    axis = {name: name.split(".")[3] for name in MODULES if name.startswith("leaklab.attacks.matching.")}
    ours = {name: path for name, path in MODULES.items() if axis.get(name) in AXES}
    wrong = [
        f"{name} -> {target}"
        for name, path in ours.items()
        for target in imports(path)
        if axis.get(target) in AXES and axis[target] != axis[name]
    ]
    assert not wrong, wrong


def test_no_circle_inside_a_room():
    graph = {name: {target for target in imports(path) if target in MODULES} for name, path in MODULES.items()}
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_imports_are_absolute():
    wrong = [f"{place(path)} -> {name}" for path in MODULES.values() for name in imports(path) if name.startswith(".")]
    assert not wrong, wrong


def test_each_library_stays_where_it_lives():
    wrong = [
        f"{place(path)} -> {library}"
        for path in MODULES.values()
        for library in {name.split(".")[0] for name in imports(path)} & AT_HOME.keys()
        if not place(path).startswith(AT_HOME[library])
    ]
    assert not wrong, wrong


def test_only_the_faces_print():
    wrong = [
        f"{place(path)}:{node.lineno}"
        for path in MODULES.values()
        if not place(path).startswith(MAY_PRINT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert not wrong, wrong


def test_no_keyword_rest_and_no_type_checking_imports():
    wrong = [
        f"{place(path)}:{node.lineno}"
        for path in MODULES.values()
        for node in ast.walk(tree(path))
        if (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) and node.args.kwarg)
        or (isinstance(node, ast.Name) and node.id == "TYPE_CHECKING")
        or (isinstance(node, ast.Attribute) and node.attr == "TYPE_CHECKING")
    ]
    assert not wrong, wrong


def test_every_file_says_what_it_is_for():
    wrong = [place(path) for path in MODULES.values() if tree(path).body and not ast.get_docstring(tree(path))]
    assert not wrong, wrong
