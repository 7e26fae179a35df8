"""Visitors come and go; their private runs go some time after they do."""

import time

import pytest

from leaklab.runs import private
from leaklab.runs.private import Presence
from leaklab.runs.store import Store
from leaklab.settings import Refusal

GRACE = 100.0


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def presence(store: Store, clock: Clock) -> Presence:
    return Presence(store, GRACE, clock=clock)


def kept(store: Store, owner: str) -> bool:
    return any(run.private for run in store.runs(owner))


def pass_time(presence: Presence, clock: Clock, seconds: float) -> None:
    for _ in range(int(seconds)):
        clock.now += 1
        presence.sweep()


def test_a_visitor_who_is_here_keeps_everything(store: Store, presence: Presence, clock: Clock):
    presence.enter("anna")
    store.enqueue("{}", owner="anna", private=True)
    pass_time(presence, clock, 8 * GRACE)
    assert kept(store, "anna")


def test_private_runs_go_when_the_last_session_has_been_gone_for_the_grace_time(
    store: Store, presence: Presence, clock: Clock
):
    for owner in ("anna", "anna", "ben"):
        presence.enter(owner)
    for owner in ("anna", "ben"):
        store.enqueue("{}", owner=owner, private=True)
    store.enqueue("{}", owner="anna")
    presence.leave("anna")
    pass_time(presence, clock, 2 * GRACE)
    assert kept(store, "anna")  # the other window is still open
    presence.leave("anna")
    pass_time(presence, clock, GRACE - 1)
    assert kept(store, "anna")
    pass_time(presence, clock, 2)
    assert not kept(store, "anna") and kept(store, "ben")
    assert len(store.runs("anna")) == 1  # what was public stays


def test_a_reload_within_the_grace_time_saves_them(store: Store, presence: Presence, clock: Clock):
    presence.enter("anna")
    store.enqueue("{}", owner="anna", private=True)
    presence.leave("anna")
    pass_time(presence, clock, GRACE - 1)
    presence.enter("anna")
    pass_time(presence, clock, 2 * GRACE)
    assert kept(store, "anna")


def test_after_a_restart_visitors_have_the_grace_time_to_come_back(store: Store, presence: Presence, clock: Clock):
    for owner in ("anna", "ben"):
        presence.enter(owner)
        store.enqueue("{}", owner=owner, private=True)
    clock.now += 5 * GRACE  # nobody was there to sweep
    again = Presence(store, GRACE, clock=clock)
    again.enter("ben")
    pass_time(again, clock, GRACE - 1)
    assert kept(store, "anna")
    pass_time(again, clock, 2)
    assert not kept(store, "anna") and kept(store, "ben")


def test_no_visitor_stays_longer_than_a_day(store: Store, presence: Presence, clock: Clock):
    presence.enter("anna")
    store.enqueue("{}", owner="anna", private=True)
    clock.now += 24 * 3600 - 60
    presence.sweep()
    assert kept(store, "anna")
    clock.now += 120
    presence.sweep()
    assert not kept(store, "anna")


def test_two_apps_on_one_store_do_not_sweep_each_others_visitors(store: Store, presence: Presence, clock: Clock):
    other = Presence(store, GRACE, clock=clock)
    presence.enter("anna")
    store.enqueue("{}", owner="anna", private=True)
    for _ in range(3 * int(GRACE)):
        clock.now += 1
        presence.sweep()
        other.sweep()
    assert kept(store, "anna")


def test_a_wipe_that_was_hindered_is_done_at_the_next_sweep(store: Store, presence: Presence):
    store.unwiped = True
    presence.sweep()
    assert not store.unwiped


def test_the_janitor_sweeps_by_itself(store: Store):
    store.enqueue("{}", owner="anna", private=True)
    presence = Presence(store, 0.0)
    presence.start()
    until = time.monotonic() + 5
    while kept(store, "anna") and time.monotonic() < until:
        time.sleep(0.05)
    presence.close()
    assert not kept(store, "anna")


def test_the_grace_time_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("LEAKLAB_PRIVATE_GRACE", raising=False)
    assert private.grace() == 600
    monkeypatch.setenv("LEAKLAB_PRIVATE_GRACE", "5")
    assert private.grace() == 5


@pytest.mark.parametrize("given", ["soon", "-1", "nan", "1e9"])
def test_a_grace_time_that_is_none(given: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LEAKLAB_PRIVATE_GRACE", given)
    with pytest.raises(Refusal, match=f"LEAKLAB_PRIVATE_GRACE is '{given}': give the seconds to wait, from 0 to 86400"):
        private.grace()


def test_the_store_knows_a_hash_and_not_the_secret():
    assert "secret" not in private.owner("secret")
    assert private.owner("secret") == private.owner("secret") != private.owner("Secret")
