"""What a label recovery says in a terminal."""

from leaklab.views.labels import summary

FOUND = [
    {"method": "zlr", "accuracy": None, "exists_accuracy": None, "counts_true": [0, 3, 1], "counts_recovered": None,
     "seconds": None, "note": "No sign."},
    {"method": "alr", "accuracy": 0.75, "exists_accuracy": 1.0, "counts_true": [0, 3, 1],
     "counts_recovered": [0, 2, 2], "seconds": 0.0124, "note": ""},
]  # fmt: skip


def test_a_row_a_method_and_beneath_what_was_said():
    assert list(summary("Labels of 4", ["Most read by alr.", "The network was trained."], FOUND)) == [
        "Labels of 4: 2 classes, at most 3 photographs of each",
        "",
        "method  labels right  classes right  seconds",
        "zlr                –              –        –",
        "alr            75.0%         100.0%    0.012",
        "",
        "Most read by alr.",
        "zlr: No sign.",
        "Note: The network was trained.",
    ]


def test_a_single_photograph_is_counted_in_the_singular():
    alone = [one | {"counts_true": [0, 1, 0]} for one in FOUND]
    assert next(summary("One label", ["None."], alone)) == "One label: 1 class, at most 1 photograph of each"
