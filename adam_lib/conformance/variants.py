"""What else an Adam may do: kinds of bugs, with constants to be measured, beyond the museum.

A name in capitals in a line, such as ``C_EPS``, is a constant. ``ranges`` says
between which values it is looked for.
"""

from __future__ import annotations

from .exhibits import MUSEUM, Exhibit

Ranges = dict[str, tuple[float, float]]

# How one average may be corrected wrongly: S is the average, B its beta, O the other's.
FORMS = {
    "no_correction": ("is not corrected", "S"),
    "no_power": ("is divided by 1 - beta instead of 1 - beta**t", "S / (1 - B)"),
    "times_t": ("is divided by 1 - beta*t instead of 1 - beta**t", "S / (1 - B * t)"),
    "correction_multiplied": ("is multiplied by 1 - beta**t", "S * (1 - B**t)"),
    "half_backwards": ("is divided by 1 - (1 - beta)**t", "S / (1 - (1 - B) ** t)"),
    "power_outside": ("is divided by (1 - beta)**t instead of 1 - beta**t", "S / (1 - B) ** t"),
    "plus": ("is divided by 1 + beta**t instead of 1 - beta**t", "S / (1 + B**t)"),
    "power_alone": ("is divided by beta**t instead of 1 - beta**t", "S / B**t"),
    "other_beta": ("is corrected with the other's beta", "S / (1 - O**t)"),
    "corrected_twice": ("is corrected twice", "S / (1 - B**t) ** 2"),
    "root_of_correction": ("is divided by the root of 1 - beta**t", "S / sqrt(1 - B**t)"),
    "t_from_zero": ("is corrected with t - 1", "S / (1 - B ** (t - 1))"),
    "t_one_ahead": ("is corrected with t + 1", "S / (1 - B ** (t + 1))"),
    "fed_back": ("is corrected and fed back", "S = S / (1 - B**t)"),
}


def _corrections() -> list[Exhibit]:
    out = []
    for name, (says, form) in FORMS.items():
        m = {"m_hat": "m_hat = " + form.replace("S", "s.m").replace("B", "beta1")}
        v = {"v_hat": "v_hat = " + form.replace("S", "s.v").replace("B", "beta2")}
        m = {k: line.replace("O", "beta2") for k, line in m.items()}
        v = {k: line.replace("O", "beta1") for k, line in v.items()}
        if name not in MUSEUM:
            out.append(Exhibit(name, f"each average {says}", m | v))
        if name not in ("times_t", "no_correction"):  # the museum has these of m, and of v
            out.append(Exhibit(f"{name}_of_m", f"m {says}", m))
        # The museum has the one as a correction after the root, the other as only m's.
        if name not in ("corrected_twice", "no_correction"):
            out.append(Exhibit(f"{name}_of_v", f"v {says}", v))
    return out


def _core(name: str, says: str, ranges: Ranges | None = None, /, **edits: str) -> Exhibit:
    return Exhibit(name, says, edits, "core", ranges or {})


CORE: list[Exhibit] = [
    *(e for e in MUSEUM.values() if e.facet == "core"),
    *_corrections(),
    # the clock
    _core("t_twice", "t is counted twice in each step", clock="t = s.t = s.t + 2"),
    # the averages
    _core("beta1_backwards", "1 - beta1 stands where beta1 belongs", hyper="beta1 = 1 - beta1"),
    _core("beta2_backwards", "1 - beta2 stands where beta2 belongs", hyper="beta2 = 1 - beta2"),
    _core("beta1_for_both", "beta1 is used for both averages", hyper="beta2 = beta1"),
    _core("beta2_for_both", "beta2 is used for both averages", hyper="beta1 = beta2"),
    _core("m_lost", "m is not kept from step to step", hyper="beta1 = 0.0"),
    _core("v_lost", "v is not kept from step to step", hyper="beta2 = 0.0"),
    _core("m_weight_missing", "m adds g without 1 - beta1", m="s.m = beta1 * s.m + g"),
    _core("v_weight_missing", "v adds g**2 without 1 - beta2", v="s.v = beta2 * s.v + g**2"),
    _core(
        "m_weights_swapped",
        "m weights itself by 1 - beta1 and g by beta1",
        m="s.m = (1 - beta1) * s.m + beta1 * g",
    ),
    _core(
        "v_weights_swapped",
        "v weights itself by 1 - beta2 and g**2 by beta2",
        v="s.v = (1 - beta2) * s.v + beta2 * g**2",
    ),
    _core("m_never_forgets", "m adds up without beta1", m="s.m = s.m + (1 - beta1) * g"),
    _core("v_never_forgets", "v adds up without beta2", v="s.v = s.v + (1 - beta2) * g**2"),
    _core(
        "m_takes_beta2",
        "m is averaged with beta2, but corrected with beta1",
        m="s.m = beta2 * s.m + (1 - beta2) * g",
    ),
    _core(
        "v_takes_beta1",
        "v is averaged with beta1, but corrected with beta2",
        v="s.v = beta1 * s.v + (1 - beta1) * g**2",
    ),
    _core(
        "m_weight_of_v",
        "m weights g by 1 - beta2",
        m="s.m = beta1 * s.m + (1 - beta2) * g",
    ),
    _core(
        "v_weight_of_m",
        "v weights g**2 by 1 - beta1",
        v="s.v = beta2 * s.v + (1 - beta1) * g**2",
    ),
    _core(
        "v_of_m", "v averages m**2 instead of g**2", v="s.v = beta2 * s.v + (1 - beta2) * s.m**2"
    ),
    _core(
        "v_of_abs",
        "v averages abs(g) instead of g**2",
        v="s.v = beta2 * s.v + (1 - beta2) * np.abs(g)",
    ),
    _core(
        "v_of_abs_no_root",
        "v averages abs(g), and no root is taken",
        v="s.v = beta2 * s.v + (1 - beta2) * np.abs(g)",
        v_hat="v_hat = (s.v / (1 - beta2**t)) ** 2",
    ),
    _core(
        "weight_squared",
        "the whole of (1 - beta2)*g is squared",
        v="s.v = beta2 * s.v + ((1 - beta2) * g) ** 2",
    ),
    _core(
        "v_of_mean",
        "v is one number: the mean of the squares of all coordinates",
        v="s.v = beta2 * s.v + (1 - beta2) * mean(g**2)",
    ),
    _core(
        "v_of_norm",
        "v is one number: the sum of the squares of all coordinates",
        v="s.v = beta2 * s.v + (1 - beta2) * norm(g) ** 2",
    ),
    _core(
        "centred_on_old_m",
        "v is the variance about the previous m",
        m="old, s.m = s.m, beta1 * s.m + (1 - beta1) * g",
        v="s.v = beta2 * s.v + (1 - beta2) * (g - old) ** 2",
    ),
    _core(
        "centred_product",
        "v averages (g - m)*(g - previous m)",
        m="old, s.m = s.m, beta1 * s.m + (1 - beta1) * g",
        v="s.v = beta2 * s.v + (1 - beta2) * (g - old) * (g - s.m)",
    ),
    _core(
        "m_squared_taken_off",
        "v_hat is the variance: m_hat**2 is subtracted",
        v_hat="v_hat = s.v / (1 - beta2**t) - m_hat**2",
    ),
    _core("no_root", "no square root is taken", v_hat="v_hat = (s.v / (1 - beta2**t)) ** 2"),
    _core("m_not_used", "g stands where m_hat belongs", m_hat="m_hat = g"),
    _core("sign_of_m", "only the sign of m_hat is used, and v", m_hat="m_hat = np.sign(s.m)"),
    _core("v_not_used", "v is not used: momentum, corrected", v_hat="v_hat = 1.0"),
    _core(
        "old_v",
        "the step divides by the previous v",
        v="old, s.v = s.v, beta2 * s.v + (1 - beta2) * g**2",
        v_hat="v_hat = old / (1 - beta2**t)",
    ),
    _core(
        "old_v_hat",
        "the step divides by the previous v_hat",
        v="old, s.v = s.v, beta2 * s.v + (1 - beta2) * g**2",
        v_hat="v_hat = old / (1 - beta2 ** (t - 1)) if t > 1 else old",
    ),
    _core(
        "old_m",
        "the step uses the previous m",
        m="old, s.m = s.m, beta1 * s.m + (1 - beta1) * g",
        m_hat="m_hat = old / (1 - beta1**t)",
    ),
    _core("m_starts_at_g", "m starts at the first gradient", hyper="s.m = s.m if s.t else g"),
    _core(
        "v_starts_at_g2",
        "v starts at the first squared gradient",
        hyper="s.v = s.v if s.t else g**2",
    ),
    _core("v_starts_at_1", "v starts at 1 instead of 0", hyper="s.v = s.v if s.t else 1.0 + s.v"),
    _core("m_starts_at_1", "m starts at 1 instead of 0", hyper="s.m = s.m if s.t else 1.0 + s.m"),
    _core(
        "beta1_decayed",
        "beta1 is multiplied by a constant in every step",
        {"C_DECAY": (0.5, 0.9999)},
        hyper="beta1 = beta1 * C_DECAY ** s.t",
    ),
    # the gradient
    _core(
        "never_zeroed", "gradients add up: they are never set to zero", grad="g = s.sum = s.sum + g"
    ),
    _core("late", "every gradient is used a step too late", grad="g, s.last = s.last, g"),
    _core(
        "late_from_second",
        "every gradient but the first is used a step too late",
        grad="g, s.last = (s.last if s.clock.n > 1 else g), g",
    ),
    _core("normalised", "the gradient is divided by its norm", grad="g = g / norm(g)"),
    _core("sign_of_g", "only the sign of the gradient is used", grad="g = np.sign(g)"),
    _core("mean_taken_off", "the gradient's mean is subtracted", grad="g = g - mean(g)"),
    # the step
    _core(
        "step_added_to_momentum",
        "the step is averaged once more, with beta1",
        late="step = s.u = beta1 * s.u + step",
    ),
    _core(
        "capped",
        "no coordinate moves by more than a constant times lr",
        {"C_CAP": (1e-2, 1e2)},
        late="step = np.clip(step, -C_CAP * lr, C_CAP * lr)",
    ),
]


def _eps(name: str, says: str, ranges: Ranges | None = None, /, **edits: str) -> Exhibit:
    return Exhibit(name, says, edits, "eps", ranges or {})


# Each place for eps is tried with the eps of the call and with one to be measured.
PLACES = {
    "": ("outside the root, after the correction", {}),
    "eps_hat": (
        "outside the root, before the correction (eps-hat)",
        {"root": "root = np.sqrt(v_hat) + eps / sqrt(1 - beta2**t)"},
    ),
    "eps_inside_root": ("inside the root", {"root": "root = np.sqrt(v_hat + eps)"}),
    "eps_inside_root_uncorrected": (
        "inside the root, before the correction",
        {"root": "root = np.sqrt(v_hat + eps / (1 - beta2**t))"},
    ),
    "eps_squared_inside_root": (
        "squared and inside the root",
        {"root": "root = np.sqrt(v_hat + eps**2)"},
    ),
    "eps_in_average": (
        "inside the average of squares, in every step, and outside the root",
        {"v": "s.v = beta2 * s.v + (1 - beta2) * (g**2 + eps)"},
    ),
    "eps_added_to_v": (
        "added to the stored v in every step, and outside the root (AdaBelief)",
        {"v": "s.v = beta2 * s.v + (1 - beta2) * g**2 + eps"},
    ),
    "eps_twice": ("inside the root and outside", {"root": "root = np.sqrt(v_hat + eps) + eps"}),
    "eps_as_floor": ("a floor under the root", {"root": "root = np.maximum(np.sqrt(v_hat), eps)"}),
    "eps_as_floor_of_v": (
        "a floor under v, inside the root",
        {"root": "root = np.sqrt(np.maximum(v_hat, eps))"},
    ),
    "eps_to_quotient": (
        "added to the quotient: a parenthesis is missing",
        {"root": "root = np.sqrt(v_hat)", "step": "step = lr * (m_hat / root + eps)"},
    ),
    "eps_to_step": (
        "added to the step: a parenthesis is missing",
        {"root": "root = np.sqrt(v_hat)", "step": "step = lr * m_hat / root + eps"},
    ),
    "eps_to_parameter": (
        "added to the parameter: a parenthesis is missing",
        {"root": "root = np.sqrt(v_hat)", "end": "theta = theta - step + eps"},
    ),
    "eps_times_root": (
        "times the root: a star for a plus",
        {"root": "root = np.sqrt(v_hat) * eps"},
    ),
    "eps_subtracted": ("subtracted", {"root": "root = np.sqrt(v_hat) - eps"}),
    "eps_to_v_twice": (
        "added to v's root, which is then corrected",
        {"root": "root = (np.sqrt(v_hat * (1 - beta2**t)) + eps) / (1 - beta2**t)"},
    ),
}
NO_EPS = _eps(
    "eps_missing", "there is no eps: 0/0 at a zero gradient", root="root = np.sqrt(v_hat)"
)
ZERO_SAFE = _eps(
    "eps_missing_zero_safe",
    "there is no eps, and where v is zero nothing moves",
    root="root = np.where(v_hat > 0, np.sqrt(v_hat), np.inf)",
)
SHIFTS = [
    _eps(name, f"eps is {PLACES[name][0]}", **PLACES[name][1])
    for name in ("eps_to_quotient", "eps_to_step", "eps_to_parameter")
]
HIDDEN = [
    _eps(
        "eps_hidden_in_root",
        "a second, fixed eps is hidden inside the root",
        {"C_EPS": (1e-30, 1.0)},
        root="root = np.sqrt(v_hat + C_EPS) + eps",
    ),
    _eps(
        "eps_hidden_outside",
        "a second, fixed eps is added outside the root",
        {"C_EPS": (1e-20, 1.0)},
        root="root = np.sqrt(v_hat + eps) + C_EPS",
    ),
    _eps(
        "eps_hidden_in_quotient",
        "a second, fixed eps is added to the gradient's square",
        {"C_EPS": (1e-30, 1.0)},
        v="s.v = beta2 * s.v + (1 - beta2) * (g**2 + C_EPS)",
    ),
]

# How else eps may enter: as what it stands in for.
EPS_VALUES = {
    "eps / lr": (
        "lr_in_gradient",
        "the gradient is multiplied by lr first, which cancels but for eps",
    ),
    "eps * lr": ("eps_times_lr", "eps is multiplied by lr"),
    "eps**2": ("eps_squared", "eps is squared"),
    "sqrt(eps)": ("eps_root", "the root of eps is taken"),
}


def eps_options() -> list[Exhibit]:
    """Every place for eps, with the eps of the call and with a fixed one."""
    out = [NO_EPS, ZERO_SAFE]
    for name, (says, edits) in PLACES.items():
        if name:
            out.append(_eps(name, f"eps is {says}", **edits))
        for value, (kind, kind_says) in EPS_VALUES.items():
            if not name or kind != "lr_in_gradient":
                out.append(
                    _eps(
                        f"{kind}+{name}".rstrip("+"),
                        _both(kind_says, name, says),
                        **edits,
                        hyper=f"eps = {value}",
                    )
                )
        for kind, line, kind_says in (
            ("eps_ignored", "eps = C_EPS", "the eps of the call is ignored: it is C_EPS"),
            ("eps_scaled", "eps = C_EPS * eps", "eps is multiplied by C_EPS"),
        ):
            out.append(
                _eps(
                    f"{kind}+{name}".rstrip("+"),
                    _both(kind_says, name, says),
                    {"C_EPS": (1e-24, 1e12)},
                    **edits,
                    hyper=line,
                )
            )
    return out + HIDDEN


def _both(says: str, name: str, place: str) -> str:
    return f"{says}; and eps is {place}" if name else says


def _decay(name: str, says: str, least: float = 1e-9, most: float = 1e3, **edits: str) -> Exhibit:
    return Exhibit(name, says, edits, "decay", {"C_WD": (least, most)})


DECAYS = [
    _decay(
        "decay_left_on",
        "decoupled weight decay of C_WD is left on: this is AdamW",
        decay="theta = theta * (1 - lr * C_WD)",
    ),
    _decay(
        "decay_without_lr",
        "decoupled weight decay of C_WD is left on, not multiplied by lr",
        decay="theta = theta * (1 - C_WD)",
    ),
    _decay(
        "decay_after",
        "the new parameters are shrunk by lr times C_WD: decay after the step",
        after="theta = theta * (1 - lr * C_WD)",
    ),
    _decay(
        "decay_after_without_lr",
        "the new parameters are shrunk by C_WD: decay after the step",
        after="theta = theta * (1 - C_WD)",
    ),
    _decay(
        "growth",
        "the parameters grow: weight decay of C_WD with the wrong sign",
        decay="theta = theta * (1 + lr * C_WD)",
    ),
    _decay(
        "decay_corrected",
        "weight decay of C_WD, multiplied by the corrected lr",
        decay="theta = theta * (1 - lr * C_WD * sqrt(1 - beta2 ** (s.t + 1))"
        " / (1 - beta1 ** (s.t + 1)))",
    ),
    _decay(
        "decay_l2",
        "L2: weight decay of C_WD is added to the gradient and goes through both averages",
        grad="g = g + C_WD * theta",
    ),
    _decay(
        "decay_l2_wrong_sign",
        "an L2 penalty with the wrong sign: C_WD times theta is subtracted from the gradient",
        grad="g = g - C_WD * theta",
    ),
    _decay(
        "decay_l1_in_gradient",
        "L1: C_WD with the sign of theta is added to the gradient",
        grad="g = g + C_WD * np.sign(theta)",
    ),
    _decay(
        "decay_in_m_hat",
        "weight decay of C_WD is added to m_hat, so that it is divided by the root",
        late="step = step + lr * C_WD * theta / root",
    ),
    _decay(
        "decay_in_m",
        "weight decay of C_WD goes through m, but not through v",
        m="s.m = beta1 * s.m + (1 - beta1) * (g + C_WD * theta)",
    ),
    _decay(
        "decay_l1",
        "lr times C_WD is subtracted with the sign of theta",
        decay="theta = theta - lr * C_WD * np.sign(theta)",
    ),
]
MATRIX_DECAY = Exhibit(
    "decay_on_matrices",
    "decoupled weight decay of C_WD acts on matrices, and not on vectors",
    {"decay": "theta = theta * (1 - lr * C_WD * (theta.ndim > 1))"},
    "tensors",
)
T_STOPS = Exhibit(
    "t_stops",
    "t stops at C_LAST, and the correction with it",
    {"clock": "t = s.t = min(s.t + 1, C_LAST)"},
)
T_WRAPS = [
    Exhibit(
        "t_restarts",
        "t begins again at 1 after C_LAST steps, the averages do not",
        {"clock": "t = s.t = s.t % C_LAST + 1"},
    ),
    Exhibit(
        "t_wraps",
        "t falls back to 0 after C_LAST steps, as a small integer does that overflows",
        {"clock": "t = s.t = (s.t + 1) % (C_LAST + 1)"},
    ),
    Exhibit(
        "state_restarts",
        "the averages and t begin again after C_LAST steps",
        {
            "hyper": "if s.t == C_LAST: s.t, s.m, s.v = 0, 0 * g, 0 * g",
        },
    ),
]
T_EPOCHS = Exhibit(
    "t_counts_epochs",
    "t rises at every C_EACH-th step only, as if it counted epochs",
    {"clock": "t = 1 + (s.clock.n - 1) // C_EACH"},
)
_AS_IT_WAS = "theta, s.m, s.v = (np.where(g == 0, a, b) for a, b in zip(was, (theta, s.m, s.v)))"
ZEROS = [
    Exhibit(
        "zeros_skipped",
        MUSEUM["zeros_skipped"].says,
        {"grad": "was = theta, s.m, s.v", "after": _AS_IT_WAS},
        "zeros",
    ),
    Exhibit(
        "zeros_not_moved",
        "where a gradient is zero, theta is not moved",
        {"grad": "was = theta", "after": "theta = np.where(g == 0, was, theta)"},
        "zeros",
    ),
    Exhibit(
        "zeros_not_averaged_in_v",
        "where a gradient is zero, v is not updated",
        {"grad": "was = s.v", "after": "s.v = np.where(g == 0, was, s.v)"},
        "zeros",
    ),
    Exhibit(
        "tensor_of_zeros_skipped",
        "a tensor whose gradients are all zero is skipped",
        {
            "grad": "was = s.t, theta, s.m, s.v",
            "after": "if not g.any(): s.t, theta, s.m, s.v = was",
        },
        "zeros",
    ),
    Exhibit(
        "tensor_of_zeros_not_moved",
        "a tensor whose gradients are all zero is not moved",
        {"grad": "was = theta", "after": "theta = theta if g.any() else was"},
        "zeros",
    ),
    Exhibit(
        "tensor_of_zeros_skipped_but_t",
        "a tensor whose gradients are all zero is skipped, while t goes on",
        {"grad": "was = theta, s.m, s.v", "after": "if not g.any(): theta, s.m, s.v = was"},
        "zeros",
    ),
]
TRUST = Exhibit(
    "trust_ratio",
    "the step is scaled to the norm of the parameters: LAMB's trust ratio",
    {"late": "step = step * trust(theta, step / lr)"},
    "decay",
)


def _clip(name: str, says: str, grad: str) -> Exhibit:
    return Exhibit(name, says, {"grad": grad}, "clip", {"C_CLIP": (1e-6, 1e6)})


CLIPS = [
    _clip(
        "clipped_value",
        "every coordinate of the gradient is clipped to C_CLIP",
        "g = np.clip(g, -C_CLIP, C_CLIP)",
    ),
    _clip(
        "clipped_norm",
        "the gradient of each tensor is clipped to norm C_CLIP",
        "g = g * np.minimum(1.0, C_CLIP / norm(g))",
    ),
    _clip(
        "clipped_norm_soft",
        "the gradient of each tensor is clipped to norm C_CLIP",
        "g = g * np.minimum(1.0, C_CLIP / (norm(g) + 1e-6))",
    ),
    _clip(
        "clipped_global",
        "all gradients together are clipped to norm C_CLIP",
        "g = g * np.minimum(1.0, C_CLIP / total(s))",
    ),
    _clip(
        "clipped_global_soft",
        "all gradients together are clipped to norm C_CLIP",
        "g = g * np.minimum(1.0, C_CLIP / (total(s) + 1e-6))",
    ),
]


def _tensor(name: str, says: str, **edits: str) -> Exhibit:
    return Exhibit(name, says, edits, "tensors")


TENSOR = [
    MUSEUM["t_per_tensor"],
    _tensor(
        "state_shared",
        "all tensors share one m and one v",
        hyper="first, s = s, s.clock",
        clock="first.t += 1; t = s.t = first.t",
    ),
    _tensor(
        "state_shared_and_t",
        "all tensors share one m, one v and one t, counted at each",
        hyper="s = s.clock",
    ),
    _tensor(
        "state_shared_by_shape",
        "tensors of equal shape share one m and one v",
        hyper="first, s = s, s.clock.of_shape(theta)",
        clock="first.t += 1; t = s.t = first.t",
    ),
    _tensor(
        "state_shared_by_shape_and_t",
        "tensors of equal shape share one m, one v and one t, counted at each",
        hyper="s = s.clock.of_shape(theta)",
    ),
    _tensor(
        "m_shared",
        "all tensors share one m",
        m="s.m = s.clock.m = beta1 * s.clock.m + (1 - beta1) * g",
    ),
    _tensor(
        "v_shared",
        "all tensors share one v",
        v="s.v = s.clock.v = beta2 * s.clock.v + (1 - beta2) * g**2",
    ),
    _tensor(
        "first_alone",
        "only the first tensor is updated",
        end="theta = theta - step if s.i == 0 else theta",
    ),
    _tensor(
        "last_alone",
        "only the last tensor is updated",
        end="theta = theta - step if s.i == len(s.clock.grads) - 1 else theta",
    ),
    _tensor(
        "last_forgotten",
        "the last tensor is not updated",
        end="theta = theta - step if s.i < len(s.clock.grads) - 1 else theta",
    ),
    _tensor(
        "first_gradient_for_all",
        "every tensor gets the first one's gradient",
        grad="g = s.clock.grads[0]",
    ),
    _tensor(
        "centralised",
        "gradients of matrices have their mean over all but the first axis subtracted",
        grad="g = g if g.ndim < 2 else g - g.mean(axis=tuple(range(1, g.ndim)), keepdims=True)",
    ),
    _tensor(
        "v_mean_a_tensor",
        "v is one number for each tensor: the mean of its squares",
        v="s.v = beta2 * s.v + (1 - beta2) * mean(g**2)",
    ),
    _tensor(
        "matrices_alone",
        "vectors are not updated",
        end="theta = theta - step if theta.ndim > 1 else theta",
    ),
]
