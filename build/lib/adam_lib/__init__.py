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
from .experiments.gradcheck import gradcheck
from .experiments.problems import (
    Problem,
    quadratic,
    random_rotation,
    rosenbrock,
    rotated_valley,
    saddle,
    valley,
)
from .experiments.train import Trajectory, minimize
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
from .relatives import (
    AdaMax,
    AdaMaxState,
    AdamW,
    AMSGrad,
    AMSGradState,
    NAdam,
    RAdam,
    adamax_init,
    adamax_step,
    adamw_init,
    adamw_step,
    amsgrad_init,
    amsgrad_step,
    nadam_init,
    nadam_step,
    radam_init,
    radam_step,
)
from .sgd import SGD, SGDState, sgd_init, sgd_step

__version__ = "0.1.0"

CLASSES = (SGD, AdaGrad, RMSprop, Adadelta, Adam, AdamW, AMSGrad, AdaMax, NAdam, RAdam)
OPTIMIZERS = {cls.__name__: cls for cls in CLASSES}
RULES = {
    "SGD": (sgd_init, sgd_step),
    "AdaGrad": (adagrad_init, adagrad_step),
    "RMSprop": (rmsprop_init, rmsprop_step),
    "Adadelta": (adadelta_init, adadelta_step),
    "Adam": (adam_init, adam_step),
    "AdamW": (adamw_init, adamw_step),
    "AMSGrad": (amsgrad_init, amsgrad_step),
    "AdaMax": (adamax_init, adamax_step),
    "NAdam": (nadam_init, nadam_step),
    "RAdam": (radam_init, radam_step),
}

# fmt: off
__all__ = [
    "OPTIMIZERS", "RULES", "SGD", "AMSGrad", "AMSGradState", "AdaGrad", "AdaGradState", "AdaMax",
    "AdaMaxState", "Adadelta", "AdadeltaState", "Adam", "AdamState", "AdamW", "NAdam",
    "Optimizer", "Problem", "RAdam", "RMSprop", "RMSpropState", "SGDState", "Trajectory",
    "adadelta_init", "adadelta_step", "adagrad_init", "adagrad_step", "adam_init", "adam_step",
    "adamax_init", "adamax_step", "adamw_init", "adamw_step", "amsgrad_init", "amsgrad_step",
    "bias_factor", "corrected_ema", "effective_sample_size", "ema", "ema_weights", "gradcheck",
    "half_life", "minimize", "nadam_init", "nadam_step", "quadratic", "radam_init", "radam_step",
    "random_rotation", "rmsprop_init", "rmsprop_step", "rosenbrock", "rotated_valley", "saddle",
    "sgd_init", "sgd_step", "time_constant", "uncorrected_factor", "valley", "variance_factor",
]
