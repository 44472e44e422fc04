"""What came after Adam: each rule with what it keeps of Adam and what it drops.

Pure rules for one array each, as everywhere in adam_lib; of these only Lion has
a class too. :data:`AFTER` holds them by name.
"""

from .adafactor import AdafactorState, adafactor_init, adafactor_step
from .adam_mini import AdamMiniState, adam_mini_init, adam_mini_step
from .lion import Lion, LionState, lion_init, lion_step
from .muon import MuonState, muon_init, muon_step, newton_schulz, orthogonal_factor
from .schedule_free import (
    ScheduleFreeAdamWState,
    ScheduleFreeSGDState,
    schedule_free_adamw_init,
    schedule_free_adamw_step,
    schedule_free_average,
    schedule_free_sgd_init,
    schedule_free_sgd_step,
)
from .shampoo import ShampooState, shampoo_init, shampoo_step
from .soap import SOAPState, soap_init, soap_step

AFTER = {
    "Lion": (lion_init, lion_step),
    "Adafactor": (adafactor_init, adafactor_step),
    "Adam-mini": (adam_mini_init, adam_mini_step),
    "Shampoo": (shampoo_init, shampoo_step),
    "SOAP": (soap_init, soap_step),
    "Muon": (muon_init, muon_step),
    "Schedule-free SGD": (schedule_free_sgd_init, schedule_free_sgd_step),
    "Schedule-free AdamW": (schedule_free_adamw_init, schedule_free_adamw_step),
}

__all__ = [
    "AFTER",
    "AdafactorState",
    "AdamMiniState",
    "Lion",
    "LionState",
    "MuonState",
    "SOAPState",
    "ScheduleFreeAdamWState",
    "ScheduleFreeSGDState",
    "ShampooState",
    "adafactor_init",
    "adafactor_step",
    "adam_mini_init",
    "adam_mini_step",
    "lion_init",
    "lion_step",
    "muon_init",
    "muon_step",
    "newton_schulz",
    "orthogonal_factor",
    "schedule_free_adamw_init",
    "schedule_free_adamw_step",
    "schedule_free_average",
    "schedule_free_sgd_init",
    "schedule_free_sgd_step",
    "shampoo_init",
    "shampoo_step",
    "soap_init",
    "soap_step",
]
