"""Estimators of mutual information at known values: `python experiments/benchmarks/information.py [--pairs N]`.

Pairs of Gaussian vectors with correlation rho in each of d dimensions: I(X; Z) = -d/2 log(1 - rho^2) nats. For each
estimator the mean over seeds, the standard deviation over seeds, and seconds of one estimate. `vub` and `vclub` are
the terms of losses that are given q(z|x), as a variational encoder gives it, over all dimensions. One thread.
"""

import argparse
import math
import statistics
import time

import torch

from semlink.codecs.posterior import Posterior
from semlink.unlearning.information import ESTIMATORS
from semlink.unlearning.information.terms import vclub, vub_moments

SIZES, CORRELATIONS = (1, 2, 5, 10, 20), (0.5, 0.9)


def pairs(rho: float, size: int, count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    x, noise = torch.randn(2, count, size, generator=torch.Generator().manual_seed(seed))
    return x, rho * x + math.sqrt(1 - rho**2) * noise


def told(rho: float, x: torch.Tensor, z: torch.Tensor) -> dict[str, float]:
    """Bounds from the true q(z|x), in nats; the terms are means over dimensions, and pair them up."""
    size = x.shape[1]
    mean, latent = (torch.stack([one, one], dim=2) for one in (rho * x, z))
    mask = torch.ones(x.shape, dtype=torch.bool)
    posterior = Posterior(mean, torch.full_like(mean, math.log(1 - rho**2)), mask, sampled=True)
    few = slice(0, 500)  # all pairs of records
    part = Posterior(mean[few], posterior.log_variance[few], mask[few], sampled=True)
    return {"vub-moments": size * vub_moments(posterior).item(), "vclub": size * vclub(part, latent[few]).item()}


def main() -> None:
    torch.set_num_threads(1)
    parser = argparse.ArgumentParser(description="Estimators of mutual information at known values.")
    parser.add_argument("--pairs", type=int, default=2000, help="pairs of vectors (default 2000)")
    parser.add_argument("--seeds", type=int, default=3, help="sets of pairs (default 3)")
    chosen = parser.parse_args()
    names = [*ESTIMATORS, "vub-moments", "vclub"]
    print(f"{chosen.pairs} pairs, mean over {chosen.seeds} sets (standard deviation; seconds)\n")
    print(f"| rho | d | nats | {' | '.join(names)} |\n| --- | --- | --- |{' --- |' * len(names)}")
    for rho in CORRELATIONS:
        for size in SIZES:
            cells = []
            sets = [pairs(rho, size, chosen.pairs, seed) for seed in range(chosen.seeds)]
            for kind in ESTIMATORS.values():
                began = time.perf_counter()
                found = [
                    kind().estimate(x, z, torch.Generator().manual_seed(seed)).value for seed, (x, z) in enumerate(sets)
                ]
                took = (time.perf_counter() - began) / chosen.seeds
                spread = statistics.stdev(found) if len(found) > 1 else math.nan
                cells.append(f"{statistics.mean(found):.2f} ({spread:.2f}; {took:.2g})")
            bounds = [told(rho, *one) for one in sets]
            cells += [f"{statistics.mean(one[name] for one in bounds):.2f}" for name in names[len(ESTIMATORS) :]]
            print(f"| {rho} | {size} | {-size / 2 * math.log(1 - rho**2):.2f} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
