"""Running the course project's code: where it is looked for, and what is said when it is not there."""

import pytest

from benchmarks import course_project
from leaklab.settings import Refusal


def test_without_a_name_it_is_left_out(monkeypatch):
    monkeypatch.delenv("COURSE_PROJECT", raising=False)
    assert course_project.checkout() is None


def test_a_folder_that_is_no_checkout_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROJECT", str(tmp_path))
    with pytest.raises(Refusal, match="where there is no federated.py: name a checkout of the course project"):
        course_project.checkout()


def test_a_checkout_is_found(tmp_path, monkeypatch):
    (tmp_path / "federated.py").touch()
    monkeypatch.setenv("COURSE_PROJECT", str(tmp_path))
    assert course_project.checkout() == tmp_path.resolve()
