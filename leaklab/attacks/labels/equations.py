"""iLRG: the counts as unknowns of linear equations, with every class's mean features read from the gradient."""

from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from leaklab.attacks.labels import needs
from leaklab.attacks.labels.counts import fill, labels, moved
from leaklab.attacks.labels.head import Head, head
from leaklab.protocol.observation import Observation
from leaklab.settings import Settings, knob

_DECADES = 1e10  # a feature is at most this; the published code clips exponents alike
_NO_GRADIENT = 1e-64  # stands for a bias gradient of zero, as in the published code
_FAR = 0.1  # of the batch
_DAMPING = 1e-10  # keeps features still along which no row would change


class ILRG(Settings):
    """Read each class's mean features from the gradient, ask the network about them, and solve for the counts.

    Class i's features are ∂ℓ/∂W_i divided by ∂ℓ/∂b_i, as if no other class had a share in its row. `passes` are our own
    addition: they take the others' shares away with the counts found so far, and solve again; 0 is the published one.
    Source: Ma et al. 2023 (iLRG): Σ_j k_j·(p_j[i] - δ_ij) = B·∂ℓ/∂b_i and Σ_j k_j = B, by the pseudo-inverse.
    """

    kind: Literal["ilrg"] = "ilrg"
    passes: int = knob(
        1, low=0, high=10, title="Passes", level="advanced",
        help="How often the features are read anew with the counts found, to take out the other classes' shares: "
        "our own addition, 0 is the published method.",
    )  # fmt: skip

    def missing(self, observation: Observation) -> list[str]:
        """Return what keeps this from working, as sentences."""
        return needs.bias(observation, "iLRG")

    def doubts(self, observation: Observation) -> list[str]:
        """Return what may make the labels wrong, as sentences."""
        seen, total = head(observation), observation.num_images
        lines, far = needs.disturbed(observation, seen), moved(self._solved(seen, total), total)
        if far > _FAR:
            share = f"{far:.0%}" if far < 1 else "more than all"
            lines.append(
                f"iLRG's equations give no whole counts: they have to be moved by {share} of the batch, as happens "
                "when classes mix in each other's rows, in large batches or after training."
            )
        return lines

    def recover(self, observation: Observation) -> Int[Tensor, "n"]:
        """Return the labels whose counts are nearest to the solution of the equations."""
        total = observation.num_images
        return labels(fill(self._solved(head(observation), total), total), observation)

    def _solved(self, seen: Head, total: int) -> Float[Tensor, "c"]:
        features = ratios(seen)
        counts = solved(seen.answers(features), seen.bias_gradient, total)
        whole = None
        for _ in range(self.passes):
            before, whole = whole, fill(counts, total)
            if before is not None and whole.equal(before):
                break
            features = unmixed(features, whole, seen)
            counts = solved(seen.answers(features), seen.bias_gradient, total)
        return counts


def ratios(seen: Head) -> Float[Tensor, "c f"]:
    """Return each class's mean features ∂ℓ/∂W_i / ∂ℓ/∂b_i, as if its row of the gradient were its own alone.

    Source: Ma et al. 2023, the class-wise mean embeddings.
    """
    divisors = torch.where(seen.bias_gradient == 0, _NO_GRADIENT, seen.bias_gradient)
    return (seen.weight_gradient / divisors.unsqueeze(1)).clamp(-_DECADES, _DECADES)


def solved(answers: Float[Tensor, "c c"], gradient: Float[Tensor, "c"], total: int) -> Float[Tensor, "c"]:
    """Return the counts k of Σ_j k_j·(p_j[i] - δ_ij) = B·∂ℓ/∂b_i for every i, and Σ_j k_j = B; row j of answers is p_j.

    The answer is the shortest, where there are several. Source: Ma et al. 2023, the linear equations of the counts.
    """
    system = torch.cat([answers.T - torch.eye(len(answers), dtype=answers.dtype), torch.ones_like(answers[:1])])
    right = torch.cat([total * gradient, gradient.new_tensor([total])])
    return torch.linalg.lstsq(system, right.unsqueeze(1), driver="gelsy").solution.squeeze(1)


def unmixed(features: Float[Tensor, "c f"], counts: Int[Tensor, "c"], seen: Head) -> Float[Tensor, "c f"]:
    """Return the features of the classes present that explain every row of the gradient, changed as little as can be.

    Row i is (1/B)·Σ_j n_j·(p_j[i] - δ_ij)·a_j: linear in the features a_j, once counts n and answers p are held.
    """
    present = counts.nonzero().squeeze(1)
    own = torch.eye(len(counts), dtype=features.dtype)[present]
    shares = (seen.answers(features[present]) - own) * (counts[present] / counts.sum()).unsqueeze(1)
    missing = shares @ (seen.weight_gradient - shares.T @ features[present])
    # Normal equations: with a thousand classes a third of the time of an orthogonal factorisation.
    gram = shares @ shares.T
    # Where the answers are sure beyond doubt, no row says anything and the features stay.
    damping = (_DAMPING * gram.diagonal().mean()).clamp_min(torch.finfo(gram.dtype).tiny)
    change = torch.linalg.solve(gram + damping * torch.eye(len(present), dtype=gram.dtype), missing)
    return features.index_add(0, present, change)
