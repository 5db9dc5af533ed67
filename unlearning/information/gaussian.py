"""Information in closed form, were the pairs jointly Gaussian: what correlations alone tell."""

from dataclasses import dataclass

import torch
from torch import Tensor

from semlink.errors import AuditError
from semlink.unlearning.information.contract import (
    Estimate,
    Estimator,
    check_pairs,
    folds_of,
    from_all,
    standardised,
)

RIDGE = 1e-10  # of a variance of 1: keeps the logarithm finite where columns depend on each other


@dataclass(frozen=True)
class Gaussian(Estimator):
    """I = (log det S_x + log det S_z - log det S_xz) / 2 - bias, with sample covariances S.

    bias = (c(d) + c(e) - c(d + e)) / 2,  c(m) = sum_{i=1..m} psi((n - i) / 2), which is that of Wishart matrices.

    Bias: none for Gaussian pairs of any n > d + e. Where only one of x and z is Gaussian, a lower bound as n grows. In
        general neither bound: what does not show in correlations is not seen, and values may fall below 0 by chance.
    Range: any information and any dimension, as long as n is several times d + e; its standard deviation is then near
        sqrt(sum rho_i^2 / n), rho_i the canonical correlations. Cost: n (d + e)^2.
    Fields: folds: parts for the spread (5).
    Source: Cover and Thomas, Elements of Information Theory, section 8.5; Misra, Singh and Demchuk, Estimation of the
            entropy of a multivariate normal distribution, 2005, for the bias.
    """

    folds: int = 5

    def estimate(self, x: Tensor, z: Tensor, generator: torch.Generator) -> Estimate:
        check_pairs(x, z)
        size = x.shape[1] + z.shape[1]
        parts = folds_of(len(x), self.folds, generator)
        if min(map(len, parts)) < size + 2:
            raise AuditError(
                f"Information of {size} dimensions in closed form needs {self.folds * (size + 2)} records, not "
                f"{len(x)}; take fewer dimensions."
            )
        return from_all(gaussian_information(x, z), [gaussian_information(x[part], z[part]) for part in parts])


def gaussian_information(x: Tensor, z: Tensor) -> float:
    """The value of `Gaussian`, in nats, from all pairs."""
    x, z = standardised(x), standardised(z)
    both = torch.cat([x, z], dim=1)
    plain = (_log_determinant(x) + _log_determinant(z) - _log_determinant(both)) / 2
    bias = (_excess(x) + _excess(z) - _excess(both)) / 2
    return (plain - bias).item()


def _log_determinant(x: Tensor) -> Tensor:
    covariance = x.T @ x / (len(x) - 1)
    value: Tensor = torch.linalg.slogdet(covariance + RIDGE * torch.eye(len(covariance), dtype=x.dtype)).logabsdet
    return value


def _excess(x: Tensor) -> Tensor:
    """c(m), less terms that cancel."""
    return torch.digamma((len(x) - torch.arange(1, x.shape[1] + 1, dtype=x.dtype)) / 2).sum()
