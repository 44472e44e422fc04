"""What came after Adam: closed forms, invariances and bad input for each rule."""

from __future__ import annotations

import inspect
from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from adam_lib.after import AFTER
from tests.library.table import same_bits

RULES = pytest.mark.parametrize("name", AFTER)
NEEDS_LR = ("Shampoo", "Schedule-free SGD")
# The eigendecompositions know no float16.
DTYPES = dict.fromkeys(("Shampoo", "SOAP"), ("float32", "float64"))
EPS = {"Adafactor": {"eps_root": 1e-6}}  # else the default is 0 in float16


def hyper(name: str) -> dict[str, Any]:
    """Hyperparameters that every float dtype can hold."""
    takes = inspect.signature(AFTER[name][1]).parameters
    given = {"lr": 0.125, "eps": 1e-3, "eps_root": 1e-3}
    return {k: v for k, v in given.items() if k in takes}


def run(name: str, theta: Any, grads: Any, init: Any = None, **kwargs: Any) -> Any:
    """theta and the state after one step along each gradient."""
    start, step = AFTER[name]
    state = start(theta) if init is None else init
    for g in grads:
        theta, state = step(theta, g, state, **kwargs)
    return theta, state


def gradients(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape)


def rotation(seed: int, n: int) -> np.ndarray:
    return np.linalg.qr(gradients(seed, n, n))[0]


def arrays(state: Any) -> list[np.ndarray]:
    return [x for x in state if isinstance(x, np.ndarray)]


# -- every rule ----------------------------------------------------------------


@RULES
def test_inputs_are_left_alone(name: str) -> None:
    init, step = AFTER[name]
    theta, g = gradients(1, 3, 3), gradients(2, 3, 3)
    _, state = step(theta, g, init(theta), **hyper(name))
    before = [x.tobytes() for x in (theta, g, *arrays(state))]
    new, after = step(theta, g, state, **hyper(name))
    assert before == [x.tobytes() for x in (theta, g, *arrays(state))]
    assert (state.t, after.t) == (1, 2)
    assert not np.shares_memory(new, theta)


@RULES
def test_the_dtype_stays(name: str) -> None:
    """Whatever the hyperparameters are; NumPy's would widen an array."""
    init, step = AFTER[name]
    for dtype in DTYPES.get(name, ("float16", "float32", "float64")):
        theta, g = gradients(1, 3, 3).astype(dtype), gradients(2, 3, 3).astype(dtype)
        wide = {k: np.float64(v) for k, v in hyper(name).items()}
        state = init(theta)._replace(t=np.int16(0))
        for _ in range(2):
            theta, state = step(theta, g, state, **wide)
        assert {x.dtype for x in (theta, *arrays(state))} == {np.dtype(dtype)}
        assert type(state.t) is int
        plain, _ = run(name, gradients(1, 3, 3).astype(dtype), [g, g], **hyper(name))
        assert same_bits(theta, plain)


@RULES
def test_no_rate_no_step(name: str) -> None:
    theta = gradients(1, 3, 3)
    new, _ = run(name, theta, gradients(2, 4, 3, 3), **{**hyper(name), "lr": 0.0})
    assert np.allclose(new, theta, rtol=0, atol=1e-15)


BAD_CALLS = [
    ("theta", lambda x: x.astype(int), TypeError, "float"),
    ("g", lambda x: x[:2], ValueError, "g has shape (2, 3), theta has (3, 3)"),
    ("g", lambda x: x.astype("float32"), TypeError, "g has dtype float32, theta has float64"),
    ("g", lambda x: x.tolist(), TypeError, "g must be a float16, float32 or float64 array"),
    ("state", lambda s: tuple(s), TypeError, "got tuple"),
    (
        "state",
        lambda s: s._replace(t=-1),
        ValueError,
        "state.t must be a whole number >= 0, got -1",
    ),
    ("state", lambda s: s._replace(t=1.0), ValueError, "state.t must be a whole number >= 0"),
    ("state", lambda s: al.adam_init(np.ones((3, 3))), TypeError, "got AdamState"),
]


@RULES
@pytest.mark.parametrize(("what", "change", "error", "message"), BAD_CALLS)
def test_bad_call(name: str, what: str, change: Any, error: Any, message: str) -> None:
    init, step = AFTER[name]
    theta = gradients(1, 3, 3)
    call = {"theta": theta, "g": gradients(2, 3, 3), "state": init(theta)}
    call[what] = change(call[what])
    with pytest.raises(error) as raised:
        step(**call, **hyper(name))
    assert message in str(raised.value)


@RULES
def test_bad_slots(name: str) -> None:
    """An array of the state in another shape or dtype."""
    init, step = AFTER[name]
    theta = gradients(1, 3, 3)
    state = init(theta)
    for slot, x in state._asdict().items():
        if not isinstance(x, np.ndarray):
            continue
        for bad, error in ((np.zeros((7, 1)), ValueError), (x.astype("float32"), TypeError)):
            with pytest.raises(error, match=f"state.{slot} "):
                step(theta, theta, state._replace(**{slot: bad}), **hyper(name))


NOT_RATES = [1.0, -0.1, nan, inf, "0.9", None, True]
NOT_SIZES = [-0.1, nan, inf, "0.1", None, True, 1j]
BAD_VALUES: dict[str, list[Any]] = {
    "lr": [*NOT_SIZES, lambda t: 0.1],
    "betas": [0.9, (0.9,), (1.0, 0.9), (0.9, -0.1), None, "ab"],
    "eps": NOT_SIZES,
    "weight_decay": NOT_SIZES,
    "decay": [0, -0.5, 1.5, nan, None],
    "eps_root": NOT_SIZES,
    "eps_scale": NOT_SIZES,
    "clip": [0.5, nan, None],
    "every": [0, -1, 2.5, True, None],
    "momentum": NOT_RATES,
    "nesterov": [1, None, "yes"],
    "scale": ["original", None, 1, np.array("rms")],
    "steps": [-1, 2.5, True, None],
    "coefficients": [(1.0, 2.0), 3.0, "abc", (1.0, nan * 1j, 2.0), (1, "2", 3), None],
    "beta": [0, 1.0, -0.1, nan, None],
    "beta2": NOT_RATES,
}


@RULES
def test_bad_hyperparameters(name: str) -> None:
    """Each error names the argument, and no argument is left out of the table."""
    init, step = AFTER[name]
    theta = gradients(1, 3, 3)
    for key, p in inspect.signature(step).parameters.items():
        if p.kind is not p.KEYWORD_ONLY:
            continue
        for bad in BAD_VALUES[key]:
            with pytest.raises((TypeError, ValueError), match=f"^{key}"):
                step(theta, theta, init(theta), **{**hyper(name), key: bad})


DECAYING = [n for n in AFTER if "weight_decay" in inspect.signature(AFTER[n][1]).parameters]


@pytest.mark.parametrize("name", DECAYING)
def test_decay_survives_rounding(name: str) -> None:
    """1 - lr * weight_decay is 1 in float32 here; what decays in 300 steps is still right."""
    start, step = AFTER[name]
    rates = 1e-6 * np.random.default_rng(32).uniform(0.5, 1, size=300)
    assert np.all(np.float32(1 - 0.01 * rates) == 1)
    theta = 0.01 * np.sign(gradients(30, 12, 12)).astype("float32")
    ends = []
    for weight_decay in (0.0, 0.01):
        x, state = theta, start(theta)
        for lr, g in zip(rates, gradients(31, 300, 12, 12).astype("float32"), strict=True):
            x, state = step(x, g, state, lr=float(lr), weight_decay=weight_decay)
        ends.append(x.astype(float))
    lost = np.mean((ends[0] - ends[1]) * np.sign(theta))
    share = 0.55 if name.startswith("Schedule") else 1  # its theta is nine tenths an average
    assert abs(lost / (share * 0.01 * np.sum(rates) * 0.01) - 1) < 0.1


@pytest.mark.parametrize("name", ["Shampoo", "SOAP", "Muon"])
def test_matrices_only(name: str) -> None:
    init, step = AFTER[name]
    state = init(np.ones((2, 2)))
    for shape in ((), (3,), (2, 2, 2)):
        with pytest.raises(ValueError, match=r"^theta must be a matrix, got shape"):
            init(np.ones(shape))
        with pytest.raises(ValueError, match=r"^theta must be a matrix, got shape"):
            step(np.ones(shape), np.ones(shape), state, lr=0.1)


@pytest.mark.parametrize("name", DTYPES)
def test_no_half_precision_where_there_are_eigenvectors(name: str) -> None:
    with pytest.raises(TypeError, match=r"^theta must be float32 or float64, got float16$"):
        AFTER[name][0](np.ones((2, 2), "float16"))


# -- Lion ----------------------------------------------------------------------


def test_lion_moves_by_the_rate_alone() -> None:
    """Every coordinate by lr, whatever the gradients; scaling those changes no bit."""
    g = gradients(3, 20, 5)
    theta, state = run("Lion", np.zeros(5), g, lr=0.5)
    assert set(np.abs(np.diff(np.vstack([np.zeros(5), theta]), axis=0)).ravel() % 0.5) == {0.0}
    scaled, _ = run("Lion", np.zeros(5), 2.0**-300 * g, lr=0.5)
    assert same_bits(theta, scaled)
    assert state.t == 20


def test_lion_without_memory_is_sign_descent() -> None:
    theta, _ = run("Lion", np.zeros(3), np.array([[2.0, -3.0, 0.0]]), lr=0.25, betas=(0.0, 0.0))
    assert theta.tolist() == [-0.25, 0.25, 0.0]


def test_lion_by_hand() -> None:
    """m = .1, then c = .5 * .1 - .5 * .15 < 0 though m stays above 0: the two betas differ."""
    theta, state = run(
        "Lion", np.zeros(1), np.array([[1.0], [-0.15]]), lr=1.0, betas=(0.5, 0.9), weight_decay=0.5
    )
    assert theta.tolist() == [0.5]  # -1, then half of it and + 1
    assert state.m[0] == pytest.approx(0.9 * 0.1 - 0.1 * 0.15)


# -- Adafactor -----------------------------------------------------------------


def test_adafactor_keeps_the_margins() -> None:
    """Rows and columns of v have the means of the averaged squares themselves."""
    g = gradients(4, 6, 3, 5)
    _, state = run("Adafactor", np.ones((3, 5)), g, decay=0.5)
    v = state.rows * state.cols / state.rows.mean()
    full = np.zeros((3, 5))
    for t, x in enumerate(g, 1):
        full += (x**2 - full) / sqrt(t)
    assert np.allclose(v.mean(axis=0), full.mean(axis=0), rtol=1e-13)
    assert np.allclose(v.mean(axis=1), full.mean(axis=1), rtol=1e-13)
    assert not np.allclose(v, full, rtol=0.1)


def test_adafactor_loses_nothing_at_rank_one() -> None:
    """Where squares are products, the matrix moves as the same numbers in a vector do."""
    shape = np.outer([1.0, -10.0, 0.1], [3.0, 0.1, -1.0, 7.0])
    grads = [s * shape for s in gradients(5, 8)]
    theta = gradients(6, 3, 4)
    matrix, _ = run("Adafactor", theta, grads, lr=0.1)
    vector, _ = run("Adafactor", theta.ravel(), [g.ravel() for g in grads], lr=0.1)
    assert np.allclose(matrix.ravel(), vector, rtol=0, atol=1e-14)


def test_adafactor_steps_relative_to_theta() -> None:
    """On one sign throughout: min(lr, 1/sqrt t) of theta's rms, at least eps_scale."""
    for start, size in ((2.0, 2.0), (0.0, 1e-3)):
        theta = np.full((2, 3), start)
        new, _ = run("Adafactor", theta, [np.ones((2, 3))], lr=0.25)
        assert np.allclose(theta - new, 0.25 * size, rtol=1e-12)
    state = al.adafactor_init(theta)._replace(t=399, rows=np.ones((2, 1)), cols=np.ones((1, 3)))
    new, _ = run("Adafactor", np.ones((2, 3)), [np.ones((2, 3))], state, lr=0.25)
    assert np.allclose(new, 1 - 1 / 20, rtol=1e-12)


def test_adafactor_clips_the_rms_of_the_direction() -> None:
    """After a small gradient a large one would make a long step."""
    small, large = np.full((2, 2), 1e-3), np.full((2, 2), 1.0)
    state = al.adafactor_init(large)._replace(t=99)
    state = state._replace(rows=np.full((2, 1), 1e-6), cols=np.full((1, 2), 1e-6))
    moved = {c: 1 - run("Adafactor", large, [large], state, clip=c)[0][0, 0] for c in (1, 2, 1e9)}
    assert moved[1] == pytest.approx(0.01)
    assert moved[2] == pytest.approx(0.02)
    beta = 1 - 100**-0.8
    assert moved[1e9] == pytest.approx(0.01 / sqrt(beta * 1e-6 + 1 - beta))
    assert small.shape == (2, 2)


def test_adafactor_takes_stacks() -> None:
    """Axes before the last two: each matrix has margins of its own."""
    theta, g = np.ones((2, 3, 4)), gradients(7, 2, 3, 4)
    _, state = run("Adafactor", theta, [g])
    _, first = run("Adafactor", theta[0], [g[0]])
    assert state.rows.shape == (2, 3, 1)
    assert state.cols.shape == (2, 1, 4)
    assert same_bits(state.rows[0], first.rows)
    assert same_bits(state.cols[0], first.cols)


# -- Adam-mini -----------------------------------------------------------------


def test_adam_mini_with_blocks_of_one_is_adam() -> None:
    theta, g = gradients(8, 3, 4), gradients(9, 20, 3, 4)
    mini, state = run("Adam-mini", theta, g, al.adam_mini_init(theta, axis=()), lr=0.1)
    adam = al.adam_init(theta)
    for x in g:
        theta, adam = al.adam_step(theta, x, adam, lr=0.1)
    assert np.allclose(mini, theta, rtol=0, atol=1e-15)
    assert same_bits(state.v, adam.v)
    column, _ = run("Adam-mini", np.ones((5, 1)), g[:, :1, :1] * np.ones((5, 1)))
    alone, _ = run("Adam-mini", np.ones(1), g[:, 0, :1])
    assert np.allclose(column, alone[0], rtol=0, atol=1e-15)


@pytest.mark.parametrize(
    ("axis", "shape"), [(-1, (3, 1)), (0, (1, 4)), (None, (1, 1)), ((), (3, 4)), ((0, 1), (1, 1))]
)
def test_adam_mini_blocks(axis: Any, shape: tuple[int, ...]) -> None:
    theta, g = np.zeros((3, 4)), gradients(10, 3, 4)
    _, state = run("Adam-mini", theta, [g], al.adam_mini_init(theta, axis), betas=(0.9, 0.0))
    assert state.v.shape == shape
    assert np.allclose(state.v, (g**2).mean(axis=axis, keepdims=True), rtol=1e-14)
    assert np.isclose(state.v.mean(), (g**2).mean())


def test_adam_mini_minds_a_block_s_scale_only() -> None:
    """Scaling a row's gradients by a power of 2 changes no bit; a column's, much."""
    theta, g = np.zeros((3, 4)), gradients(11, 9, 3, 4)
    plain, _ = run("Adam-mini", theta, g, eps=0.0)
    rows, _ = run("Adam-mini", theta, g * np.array([[4.0], [0.5], [2.0**40]]), eps=0.0)
    cols, _ = run("Adam-mini", theta, g * np.array([4.0, 0.5, 1.0, 2.0**40]), eps=0.0)
    assert same_bits(plain, rows)
    assert np.abs(cols / plain - 1).max() > 0.5


def test_adam_mini_number_and_vector() -> None:
    assert al.adam_mini_init(np.array(1.0)).v.shape == ()
    assert al.adam_mini_init(np.ones(4)).v.shape == (1,)


# -- Shampoo -------------------------------------------------------------------


def test_shampoo_on_diagonal_gradients_is_adagrad() -> None:
    d = gradients(12, 30, 3)
    theta, _ = run("Shampoo", np.zeros((3, 3)), [np.diag(x) for x in d], lr=0.5)
    sums = np.cumsum(d**2, axis=0) + 1e-6
    assert np.allclose(np.diag(theta), -0.5 * (d / np.sqrt(sums)).sum(axis=0), rtol=1e-9)
    assert np.abs(theta - np.diag(np.diag(theta))).max() < 1e-12


def test_shampoo_starts_like_muon() -> None:
    """Its first step is the orthogonal factor: every singular value is 1."""
    g = gradients(13, 4, 4)
    state = al.shampoo_init(g, eps=0.0)
    theta, _ = run("Shampoo", np.zeros((4, 4)), [g], state, lr=1.0)
    assert np.allclose(theta, -al.orthogonal_factor(g), rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", ["Shampoo", "SOAP", "Muon"])
def test_rotated_gradients_rotate_the_path(name: str) -> None:
    """theta -> U theta V' and g -> U g V' give the same path in other axes; not so for Adam."""
    u, v = rotation(14, 3), rotation(15, 3)
    theta, g = gradients(16, 3, 3), gradients(17, 25, 3, 3)
    plain, _ = run(name, theta, g, lr=0.01)
    turned, _ = run(name, u @ theta @ v.T, u @ g @ v.T, lr=0.01)
    assert np.allclose(turned, u @ plain @ v.T, rtol=0, atol=1e-9)
    state, other = al.adam_init(theta), al.adam_init(theta)
    adam, adam_turned = theta, u @ theta @ v.T
    for x in g:
        adam, state = al.adam_step(adam, x, state, lr=0.01)
        adam_turned, other = al.adam_step(adam_turned, u @ x @ v.T, other, lr=0.01)
    assert np.abs(adam_turned - u @ adam @ v.T).max() > 0.01


# -- SOAP ----------------------------------------------------------------------


def test_soap_in_an_identity_basis_is_adam() -> None:
    """A diagonal first gradient leaves the axes as they are (but for their order)."""
    theta, g = gradients(18, 3, 3), gradients(19, 20, 3, 3)
    first = np.diag([3.0, -2.0, 1.0])
    soap, _ = run("SOAP", theta, [first, *g], lr=0.1, every=1000)
    state = al.adam_init(theta)
    for x in g:
        theta, state = al.adam_step(theta, x, state, lr=0.1, betas=(0.95, 0.95))
    assert np.allclose(soap, theta, rtol=0, atol=1e-13)


def test_soap_finds_the_axes() -> None:
    """Gradients with independent entries in a turned basis: L's eigenvectors are its axes."""
    u, v = rotation(20, 3), rotation(21, 3)
    scale = np.outer([1.0, 4.0, 16.0], [1.0, 5.0, 25.0])
    g = u @ (scale * gradients(22, 2000, 3, 3)) @ v.T
    _, state = run("SOAP", np.zeros((3, 3)), g, betas=(0.9, 0.999), every=5)
    for found, true in ((state.q_left, u), (state.q_right, v)):
        overlap = np.abs(found.T @ true)[:, ::-1]  # the largest comes first
        assert np.abs(overlap - np.eye(3)).max() < 0.1
        assert np.allclose(found.T @ found, np.eye(3), rtol=0, atol=1e-13)


def test_soap_s_first_gradient_moves_nothing() -> None:
    theta, g = gradients(23, 2, 3), gradients(24, 2, 3)
    new, state = run("SOAP", theta, [g], lr=1.0, weight_decay=0.5)
    assert same_bits(new, theta)
    assert not np.shares_memory(new, theta)
    assert not state.m.any()
    assert np.allclose(state.q_left.T @ (g @ g.T) @ state.q_left, np.diag(
        np.linalg.svd(g)[1] ** 2), atol=1e-12)  # fmt: skip


# -- Muon ----------------------------------------------------------------------


def quintic(s: np.ndarray, a: float = 3.4445, b: float = -4.775, c: float = 2.0315) -> np.ndarray:
    return s * (a + s**2 * (b + s**2 * c))


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (1, 6), (6, 1)])
def test_newton_schulz_maps_singular_values(shape: tuple[int, int]) -> None:
    """It leaves the singular vectors alone and applies p five times to each value."""
    g = gradients(25, *shape)
    u, s, vt = np.linalg.svd(g, full_matrices=False)
    x = s / np.sqrt(np.sum(s**2))
    for _ in range(5):
        x = quintic(x)
    assert np.allclose(al.newton_schulz(g), (u * x) @ vt, rtol=0, atol=1e-12)
    assert np.allclose(al.newton_schulz(g.T).T, al.newton_schulz(g), rtol=0, atol=1e-12)


def test_newton_schulz_is_bounded() -> None:
    """[m, p(m)] maps into itself, m = p(1.0501...) = 0.6818...; and (0, 1] enters [m, 1.2024]."""
    a, b, c = 3.4445, -4.775, 2.0315
    turn = np.sqrt((-3 * b + np.array([-1, 1]) * sqrt(9 * b * b - 20 * a * c)) / (10 * c))
    top, low = quintic(turn)
    assert (round(top, 4), round(low, 4), round(quintic(low), 4)) == (1.2024, 0.6818, 1.1344)
    s = np.linspace(low, quintic(low), 100_001)
    assert low - 1e-15 <= quintic(s).min()
    assert quintic(s).max() <= quintic(low) + 1e-15
    for seed in range(20):
        g = gradients(seed, 30, 20)
        found = np.linalg.svd(al.newton_schulz(g))[1]
        assert low - 1e-12 <= found.min()
        assert found.max() <= top + 1e-12


def test_newton_schulz_converges_with_other_coefficients() -> None:
    g = gradients(26, 6, 4)
    near = al.newton_schulz(g, steps=12, coefficients=(1.875, -1.25, 0.375))
    assert np.allclose(near, al.orthogonal_factor(g), rtol=0, atol=1e-12)


def test_newton_schulz_of_nothing() -> None:
    zero = np.zeros((3, 2))
    assert not al.newton_schulz(zero).any()
    assert not al.orthogonal_factor(zero).any()
    g = gradients(27, 3, 2)
    assert np.allclose(al.newton_schulz(g, steps=0), g / np.linalg.norm(g))
    assert np.allclose(al.newton_schulz(g, steps=0, eps=100.0), g / 100)


def test_the_orthogonal_factor_is_the_steepest() -> None:
    """Of all matrices whose singular values are at most 1 none has more of g: the nuclear norm."""
    g = gradients(28, 4, 3)
    best = np.sum(g * al.orthogonal_factor(g))
    assert best == pytest.approx(np.linalg.norm(g, "nuc"))
    for x in gradients(29, 500, 4, 3):
        assert np.sum(g * x / np.linalg.norm(x, 2)) < best
    rank1 = np.outer([1.0, 2.0], [3.0, 4.0, 0.0])
    assert np.allclose(al.orthogonal_factor(rank1), rank1 / np.linalg.norm(rank1))


@pytest.mark.parametrize(
    ("scale", "shape", "size"),
    [
        ("spectral", (4, 1), 2.0),
        ("spectral", (1, 4), 1.0),
        ("rms", (4, 1), 0.4),
        ("rms", (1, 4), 0.4),
        ("none", (4, 1), 1.0),
    ],
)
def test_muon_scales(scale: str, shape: tuple[int, int], size: float) -> None:
    """On a row or a column the factor is the unit vector, times the scale."""
    g = gradients(30, *shape)
    kept = {"weight_decay": 0.0, "steps": 12, "coefficients": (1.875, -1.25, 0.375)}
    theta, _ = run("Muon", np.zeros(shape), [g], lr=1.0, scale=scale, **kept)
    assert np.allclose(theta, -size * g / np.linalg.norm(g), rtol=0, atol=1e-12)


def test_muon_s_momentum_by_hand() -> None:
    """m = .5 g1 = (.5, 0), then m = (.25, .5); Nesterov looks at (.125, .75) instead."""
    g = np.array([[[1.0], [0.0]], [[0.0], [1.0]]])
    kept = {"momentum": 0.5, "weight_decay": 0.0, "scale": "none", "steps": 0}
    for nesterov, d in ((False, [0.25, 0.5]), (True, [0.125, 0.75])):
        first, _ = run("Muon", np.zeros((2, 1)), g[:1], lr=1.0, nesterov=nesterov, **kept)
        both, _ = run("Muon", np.zeros((2, 1)), g, lr=1.0, nesterov=nesterov, **kept)
        assert np.allclose((first - both).ravel(), np.array(d) / np.linalg.norm(d))


def test_muon_minds_no_scale() -> None:
    """It sees the direction of the averaged gradient alone; a power of 2 changes no bit."""
    theta, g = gradients(31, 3, 4), gradients(32, 10, 3, 4)
    plain, _ = run("Muon", theta, g)
    assert same_bits(plain, run("Muon", theta, 2.0**20 * g)[0])


# -- schedule-free -------------------------------------------------------------


def test_schedule_free_keeps_the_mean() -> None:
    """A constant gradient: z_t = -t lr g, and x is their mean, -(t + 1) lr g / 2."""
    g = np.array([1.0, -4.0])
    for beta in (0.1, 0.5, 0.9):
        theta, state = run("Schedule-free SGD", np.zeros(2), [g] * 9, lr=0.25, beta=beta)
        x = al.schedule_free_average(theta, state, beta=beta)
        assert np.allclose(state.z, -9 * 0.25 * g, rtol=1e-14)
        assert np.allclose(x, -10 / 2 * 0.25 * g, rtol=1e-13)
        assert np.allclose(theta, (1 - beta) * state.z + beta * x, rtol=1e-14)


def test_schedule_free_weighs_by_the_largest_rate_so_far() -> None:
    """Rates 1, 2, 1 weigh 1, 4, 4: z = -1, -3, -4, mean (-1 - 12 - 16) / 9; at 0, no weight."""
    theta, state = np.zeros(1), al.schedule_free_sgd_init(np.zeros(1))
    for lr in (0.0, 1.0, 2.0, 1.0):
        theta, state = al.schedule_free_sgd_step(theta, np.ones(1), state, lr=lr)
    assert state.z.tolist() == [-4.0]
    assert (state.largest, state.total) == (2.0, 9.0)
    assert al.schedule_free_average(theta, state)[0] == pytest.approx(-29 / 9)


def test_schedule_free_adamw_takes_signs_without_memory() -> None:
    """beta2 = 0 and eps = 0: z moves by the rate in every coordinate."""
    theta, state = np.zeros(3), al.schedule_free_adamw_init(np.zeros(3))
    for g in gradients(33, 6, 3):
        before = state.z
        theta, state = al.schedule_free_adamw_step(theta, g, state, lr=0.5, beta2=0.0, eps=0.0)
        assert np.allclose(state.z - before, -0.5 * np.sign(g), rtol=0, atol=1e-15)


@pytest.mark.parametrize("name", ["Schedule-free SGD", "Schedule-free AdamW"])
def test_schedule_free_decays_at_y(name: str) -> None:
    """Gradients of 0: only the decay moves z, by lr * lambda * y."""
    theta, state = run(name, np.array([8.0]), [np.zeros(1)], lr=0.5, weight_decay=0.25)
    assert state.z.tolist() == [7.0]
    assert theta[0] == pytest.approx(7.0)


def test_schedule_free_converges_at_a_constant_rate() -> None:
    """Noise of size 1 on x^2 / 2 at rate 0.5: z keeps its floor, the average goes below it."""
    rng = np.random.default_rng(34)
    theta, state = np.ones(400), al.schedule_free_sgd_init(np.ones(400))
    for _ in range(400):
        g = theta + rng.normal(size=400)
        theta, state = al.schedule_free_sgd_step(theta, g, state, lr=0.5)
    x = al.schedule_free_average(theta, state)
    assert np.mean(x**2) < np.mean(state.z**2) / 20


def test_a_bad_beta_of_the_average() -> None:
    with pytest.raises(ValueError, match=r"^beta must be in \(0, 1\), got 0.0$"):
        al.schedule_free_average(np.ones(2), al.schedule_free_sgd_init(np.ones(2)), beta=0.0)
