"""A run that a test carries out itself, however many workers look into the same queue."""

from leaklab.experiments.experiment import Experiment
from leaklab.runs.store import Store


def taken(store: Store, experiment: Experiment) -> str:
    """Return a run that is ours: the workers of a served app look into the queue too, and may be there first."""
    while True:
        run_id = store.enqueue(experiment.model_dump_json(), title=experiment.title, device="cuda")
        if (run := store.claim("a test", ("cuda",))) is not None:
            return run.id
        store.delete(run_id)
