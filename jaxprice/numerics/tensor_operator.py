"""Linear maps between tensor trains, in the form of a train whose cores have two legs."""

import jax
import jax.numpy as jnp

from jaxprice.core.array import Array
from jaxprice.core.precision import full_precision
from jaxprice.core.struct import pytree_dataclass
from jaxprice.numerics.tensor_train import TensorTrain, cast, common_dtype


@pytree_dataclass
class TensorOperator:
    """A matrix from arrays of one shape to arrays of another.

    Attributes:
        cores: (r, n_out, n_in, r') each; the first r and the last r' are 1, neighbours agree.
    """

    cores: tuple[Array, ...]

    @property
    def ranks(self) -> tuple[int, ...]:
        """Of each bond between two modes."""
        return tuple(core.shape[3] for core in self.cores[:-1])


def from_pairs(train: TensorTrain) -> TensorOperator:
    """The operator whose input legs are modes 1, 3, 5 ... of a train and whose output legs are modes 2, 4, 6 ...

    Of a function of frequencies and parameters in turn it is the map that sums over the frequencies and leaves the
    parameters.
    """
    if len(train.cores) % 2:
        raise ValueError(f"train: expected an even number of modes, input and output in turn, got {len(train.cores)}")
    cores = cast(train.cores, train.dtype)
    pairs = zip(cores[::2], cores[1::2], strict=True)
    return TensorOperator(cores=tuple(jnp.einsum("aib,boc->aoic", source, target) for source, target in pairs))


@jax.jit
@full_precision
def apply(operator: TensorOperator, train: TensorTrain) -> TensorTrain:
    """The image of a train; ranks multiply, so round after it."""
    expected = tuple(core.shape[2] for core in operator.cores)
    if train.shape != expected:
        raise ValueError(f"train: expected the operator's input shape {expected}, got {train.shape}")
    dtype = common_dtype(*operator.cores, *train.cores)
    cores = []
    for a, b in zip(cast(operator.cores, dtype), cast(train.cores, dtype), strict=True):
        product = jnp.einsum("aoic,bid->abocd", a, b)
        cores.append(product.reshape(len(a) * len(b), a.shape[1], -1))
    return TensorTrain(cores=tuple(cores))
