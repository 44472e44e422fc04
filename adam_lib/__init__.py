"""Adam and the optimizers it grew from, small enough to read in an hour.

Every optimizer comes twice: as a pure rule (``adam_step``) that reads like the
paper, and as an in-place class (``Adam``) that equals the rule bit for bit.
"""

from .adam import Adam, AdamState, adam_init, adam_step
from .adaptive import (
    Adadelta,
    AdadeltaState,
    AdaGrad,
    AdaGradState,
    RMSprop,
    RMSpropState,
    adadelta_init,
    adadelta_step,
    adagrad_init,
    adagrad_step,
    rmsprop_init,
    rmsprop_step,
)
from .base import Optimizer
from .gradcheck import gradcheck
from .moments import (
    bias_factor,
    corrected_ema,
    effective_sample_size,
    ema,
    ema_weights,
    half_life,
    time_constant,
    uncorrected_factor,
    variance_factor,
)
from .problems import (
    Problem,
    quadratic,
    random_rotation,
    rosenbrock,
    rotated_valley,
    saddle,
    valley,
)
from .sgd import SGD, SGDState, sgd_init, sgd_step
from .train import Trajectory, minimize

__version__ = "0.1.0"

OPTIMIZERS = {cls.__name__: cls for cls in (SGD, AdaGrad, RMSprop, Adadelta, Adam)}
RULES = {
    "SGD": (sgd_init, sgd_step),
    "AdaGrad": (adagrad_init, adagrad_step),
    "RMSprop": (rmsprop_init, rmsprop_step),
    "Adadelta": (adadelta_init, adadelta_step),
    "Adam": (adam_init, adam_step),
}

# fmt: off
__all__ = [
    "OPTIMIZERS", "RULES", "SGD", "AdaGrad", "AdaGradState", "Adadelta", "AdadeltaState",
    "Adam", "AdamState", "Optimizer", "Problem", "RMSprop", "RMSpropState", "SGDState",
    "Trajectory", "adadelta_init", "adadelta_step", "adagrad_init", "adagrad_step", "adam_init",
    "adam_step", "bias_factor", "corrected_ema", "effective_sample_size", "ema", "ema_weights",
    "gradcheck", "half_life", "minimize", "quadratic", "random_rotation", "rmsprop_init",
    "rmsprop_step", "rosenbrock", "rotated_valley", "saddle", "sgd_init", "sgd_step",
    "time_constant", "uncorrected_factor", "valley", "variance_factor",
]
