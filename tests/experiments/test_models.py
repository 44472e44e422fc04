"""Losses against closed forms and integrals, gradients against central differences."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from math import log, log1p, pi
from typing import Any

import numpy as np
import pytest

import adam_lib as al
from adam_lib.experiments.datasets import bigrams, digits
from adam_lib.experiments.models import (
    bigram_divergences,
    bigram_softmax,
    cross_entropy,
    fit,
    mlp,
    mlp_init,
    sigmoid,
    softmax_regression,
    softplus,
    sparse_logistic,
    vae,
    vae_decode,
    vae_init,
)

Arrays = list[np.ndarray]


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def flat(arrays: Arrays) -> np.ndarray:
    return np.concatenate([np.ravel(a) for a in arrays])


def worst(model: Callable[[Arrays], Any], params: Arrays, h: float = 1e-5) -> float:
    """gradcheck over all parameters of a model at once."""
    cuts = np.cumsum([p.size for p in params])[:-1]

    def arrays(theta: np.ndarray) -> Arrays:
        parts = np.split(theta, cuts)
        return [x.reshape(p.shape) for x, p in zip(parts, params, strict=True)]

    loss, grads = model(params)
    assert isinstance(loss, float)
    assert [g.shape for g in grads] == [p.shape for p in params]
    return al.gradcheck(
        lambda theta: model(arrays(theta))[0], lambda theta: flat(model(arrays(theta))[1]),
        flat(params), h,
    )  # fmt: skip


def stirred(params: Arrays, seed: int = 1) -> Arrays:
    """Parameters with no zero among them: zero biases hide errors."""
    r = rng(seed)
    return [p + 0.3 * r.standard_normal(p.shape) for p in params]


X = rng(5).random((7, 4))
Y = np.array([0, 2, 1, 1, 0, 2, 2])
WORDS = np.array([[0, 3, 4], [1, 2, 3], [5, 3, 0], [4, 1, 5]])
LABELS = np.array([1, 0, 1, 0])
BIGRAMS = bigrams(rng(6), vocabulary=5)

# name -> a model of its parameters alone, and where to check it
MODELS: dict[str, tuple[Callable[[Arrays], Any], Arrays]] = {
    "softmax regression": (
        lambda p: softmax_regression(p, X, Y),
        stirred([np.zeros((4, 3)), np.zeros(3)]),
    ),
    "softmax regression with a penalty": (
        lambda p: softmax_regression(p, X, Y, l2=0.7),
        stirred([np.zeros((4, 3)), np.zeros(3)]),
    ),
    "mlp without a hidden layer": (lambda p: mlp(p, X, Y), stirred(mlp_init([4, 3], rng()))),
    "mlp": (lambda p: mlp(p, X, Y), stirred(mlp_init([4, 6, 5, 3], rng()))),
    "mlp with dropout": (
        lambda p: mlp(p, X, Y, dropout=0.4, rng=rng(2)),
        stirred(mlp_init([4, 6, 5, 3], rng())),
    ),
    "sparse logistic": (
        lambda p: sparse_logistic(p, WORDS, LABELS),
        stirred([np.zeros(6), np.zeros(())]),
    ),
    "sparse logistic with dropout": (
        lambda p: sparse_logistic(p, WORDS, LABELS, dropout=0.4, rng=rng(2)),
        stirred([np.zeros(6), np.zeros(())]),
    ),
    "bigram softmax": (lambda p: bigram_softmax(p, *BIGRAMS), stirred([np.zeros((5, 5))])),
    "vae": (lambda p: vae(p, X, rng=rng(3)), stirred(vae_init(4, 6, 2, rng()))),
}


@pytest.mark.parametrize("name", MODELS)
def test_gradients(name: str) -> None:
    """Confirmed to 1e-7, at a point where no gradient is 0 by symmetry."""
    model, params = MODELS[name]
    assert worst(model, params) < 1e-7


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_gradient_would_be_seen(name: str) -> None:
    """1 % more in any one array is 1000 times the bar, or more."""
    model, params = MODELS[name]
    for i in range(len(params)):

        def wrong(p: Arrays, i: int = i) -> Any:
            loss, grads = model(p)
            return loss, [g * 1.01 if j == i else g for j, g in enumerate(grads)]

        assert worst(wrong, params) > 1e-5


def test_gradients_on_real_digits() -> None:
    """The sizes of the book's experiments, 40 random directions each."""
    x, y = digits()
    x, y = x[:100] / 16, y[:100]
    vae_params, mlp_params = vae_init(64, 48, 6, rng()), mlp_init([64, 64, 64, 10], rng())
    for model, params in (
        (lambda p: vae(p, x, rng=rng(1)), vae_params),
        (lambda p: mlp(p, x, y, dropout=0.5, rng=rng(1)), mlp_params),
        (lambda p: softmax_regression(p, x, y, l2=1e-4), [np.zeros((64, 10)), np.zeros(10)]),
    ):
        grads = model(params)[1]
        for k in range(40):
            d = [rng(k).standard_normal(p.shape) for p in params]
            d = [a / np.linalg.norm(flat(d)) for a in d]
            h = 1e-5
            up, down = ([p + s * h * a for p, a in zip(params, d, strict=True)] for s in (1, -1))
            slope = (model(up)[0] - model(down)[0]) / (2 * h)
            assert abs(slope - flat(grads) @ flat(d)) < 1e-7 * max(1, abs(slope))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", MODELS)
def test_gradients_have_the_parameters_dtype(name: str, dtype: str) -> None:
    """So that float32 parameters can be trained with float32 data."""
    calls: dict[str, Callable[[Arrays, np.ndarray], Any]] = {
        "softmax regression": lambda p, x: softmax_regression(p, x, Y),
        "softmax regression with a penalty": lambda p, x: softmax_regression(p, x, Y, l2=0.7),
        "mlp without a hidden layer": lambda p, x: mlp(p, x, Y),
        "mlp": lambda p, x: mlp(p, x, Y),
        "mlp with dropout": lambda p, x: mlp(p, x, Y, dropout=0.4, rng=rng(2)),
        "vae": lambda p, x: vae(p, x, rng=rng(3)),
        "sparse logistic": lambda p, x: sparse_logistic(p, WORDS, LABELS),
        "sparse logistic with dropout": lambda p, x: sparse_logistic(
            p, WORDS, LABELS, dropout=0.4, rng=rng(2)
        ),
        "bigram softmax": lambda p, x: bigram_softmax(p, *(a.astype(dtype) for a in BIGRAMS)),
    }
    model, params = MODELS[name]
    loss, grads = calls[name]([p.astype(dtype) for p in params], X.astype(dtype))
    assert {g.dtype.name for g in grads} == {dtype}
    exact, _ = model(params)
    assert loss == pytest.approx(exact, rel=1e-5 if dtype == "float32" else 1e-15)


# -- elementary functions --------------------------------------------------------------


def test_softplus_and_sigmoid() -> None:
    a = np.array([-1000.0, -40.0, -1.0, 0.0, 1.0, 40.0, 1000.0])
    np.testing.assert_allclose(
        softplus(a), [0, np.exp(-40), log1p(np.exp(-1)), log(2), 1 + log1p(np.exp(-1)), 40, 1000]
    )
    np.testing.assert_allclose(
        sigmoid(a), [0, 0, 1 / (1 + np.e), 0.5, np.e / (1 + np.e), 1, 1], atol=1e-16
    )
    h = 1e-5
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose((softplus(x + h) - softplus(x - h)) / (2 * h), sigmoid(x), rtol=1e-8)


def test_cross_entropy_by_hand() -> None:
    """Odds 1 : 3, the unlikely class: log 4, and gradient (1/4 - 1, 3/4)."""
    loss, d = cross_entropy(np.array([[0.0, log(3)]]), np.array([0]))
    assert loss == pytest.approx(log(4), rel=1e-15)
    np.testing.assert_allclose(d, [[-0.75, 0.75]], rtol=1e-15)


def test_cross_entropy_does_not_overflow() -> None:
    loss, d = cross_entropy(np.array([[1e4, 0.0], [0.0, 1e4]]), np.array([1, 1]))
    assert loss == pytest.approx(5e3)
    np.testing.assert_allclose(d, [[0.5, -0.5], [0, 0]], atol=1e-15)


BAD_LABELS: dict[str, tuple[Any, type[Exception], str]] = {
    "-1, as for 'unknown'": ([0, -1, 1], ValueError, "y must be in [0, 4), got -1"),
    "counted from 1": ([1, 2, 4], ValueError, "y must be in [0, 4), got 4"),
    "a column": ([[0], [1], [2]], ValueError, "y must have shape (3,)"),
    "a row": ([[0, 1, 2]], ValueError, "y must have shape (3,)"),
    "one-hot": (np.eye(4, dtype=int)[:3], ValueError, "y must have shape (3,)"),
    "too few": ([0, 1], ValueError, "one class a row of logits, got (2,)"),
    "one for all": (2, ValueError, "one class a row of logits, got ()"),
    "floats": ([0.0, 1.0, 2.0], TypeError, "y must hold class numbers as integers, got float64"),
    "probabilities": (np.full((3, 4), 0.25), TypeError, "integers, got float64"),
    "a mask": ([True, False, True], TypeError, "integers, got bool"),
    "names": (["a", "b", "c"], TypeError, "integers, got <U1"),
}


@pytest.mark.parametrize(("y", "error", "message"), BAD_LABELS.values(), ids=BAD_LABELS)
def test_labels_that_are_no_class_numbers(y: Any, error: Any, message: str) -> None:
    """NumPy would index with each of them, and the loss would be that of something else."""
    w = [np.zeros((2, 4)), np.zeros(4)]
    for call in (
        lambda: cross_entropy(np.zeros((3, 4)), y),
        lambda: softmax_regression(w, np.zeros((3, 2)), y),
        lambda: mlp(w, np.zeros((3, 2)), y),
    ):
        with pytest.raises(error) as caught:
            call()
        assert message in str(caught.value)


def test_labels_may_be_any_integers() -> None:
    logits = np.arange(12.0).reshape(3, 4)
    loss, d = cross_entropy(logits, np.array([0, 3, 2]))
    for y in ([0, 3, 2], (0, 3, 2), np.array([0, 3, 2], "uint8"), np.array([0, 3, 2], "int16")):
        same, e = cross_entropy(logits, y)  # type: ignore[arg-type]
        assert same == loss
        assert np.array_equal(d, e)
    for shape in [(4,), (0, 4), (3, 0), (1, 3, 4)]:
        with pytest.raises(ValueError, match=r"logits must have shape \(n, classes\), got"):
            cross_entropy(np.zeros(shape), np.zeros(shape[0], int))


def test_models_change_none_of_their_inputs() -> None:
    for model, params in MODELS.values():
        before = [p.copy() for p in params]
        model(params)
        assert all(np.array_equal(p, b) for p, b in zip(params, before, strict=True))


# -- classifiers -----------------------------------------------------------------------


def test_softmax_regression_at_zero() -> None:
    """Every class has probability 1/3: the gradient in b is 1/3 less the class's share."""
    loss, (_, db) = softmax_regression([np.zeros((4, 3)), np.zeros(3)], X, Y)
    assert loss == pytest.approx(log(3), rel=1e-15)
    np.testing.assert_allclose(db, 1 / 3 - np.bincount(Y) / len(Y), rtol=1e-12)


def test_the_penalty_is_half_the_square() -> None:
    params = [np.full((4, 3), 2.0), np.ones(3)]
    plain, (dW, db) = softmax_regression(params, X, Y)
    penalized, (dW2, db2) = softmax_regression(params, X, Y, l2=0.25)
    assert penalized - plain == pytest.approx(0.25 / 2 * 12 * 4, rel=1e-12)
    np.testing.assert_allclose(dW2 - dW, 0.5, rtol=1e-12)
    assert np.array_equal(db, db2)


def test_mlp_without_a_hidden_layer_is_softmax_regression() -> None:
    params = mlp_init([4, 3], rng())
    a, b = mlp(params, X, Y), softmax_regression(params, X, Y)
    assert a[0] == b[0]
    assert all(np.array_equal(g, h) for g, h in zip(a[1], b[1], strict=True))


def test_mlp_with_positive_layers_is_linear() -> None:
    """Where no unit is cut off, the layers multiply out."""
    W1, W2 = rng(1).random((4, 5)), rng(2).standard_normal((5, 3))
    deep = mlp([W1, np.zeros(5), W2, np.ones(3)], X, Y)[0]
    assert deep == pytest.approx(softmax_regression([W1 @ W2, np.ones(3)], X, Y)[0], rel=1e-12)


def test_mlp_with_negative_layers_sees_nothing() -> None:
    loss, grads = mlp([-np.ones((4, 5)), np.zeros(5), np.ones((5, 3)), np.zeros(3)], X, Y)
    assert loss == pytest.approx(log(3), rel=1e-15)
    assert not any(g.any() for g in grads[:3])


def test_a_unit_at_zero_has_slope_zero() -> None:
    """[Z > 0] is 0 there: a blank image moves no bias below the last."""
    params = [np.ones((4, 5)), np.zeros(5), np.ones((5, 3)), np.zeros(3)]
    _, grads = mlp(params, np.zeros_like(X), Y)
    assert not grads[1].any()
    assert grads[3].any()


def test_dropout_keeps_the_mean_of_a_layer() -> None:
    """A hidden unit of 3 is kept with probability 3/4 and is 4 then, else 0: 4.5 sigma."""
    x = np.ones((20_000, 3))
    params = [np.ones((3, 1)), np.zeros(1), np.array([[0.0, 1.0]]), np.zeros(2)]
    loss, _ = mlp(params, x, np.ones(len(x), int), dropout=0.25, rng=rng())
    cut, kept = log(2), log1p(np.exp(-4))
    sd = np.sqrt(0.25 * 0.75 / len(x)) * (cut - kept)
    assert abs(loss - (0.25 * cut + 0.75 * kept)) < 4.5 * sd
    assert 0.75 * (log1p(np.exp(-3)) - kept) > 4.5 * sd  # so an unscaled unit is seen


def test_dropout_draws_anew_and_from_the_given_generator() -> None:
    params, r = mlp_init([4, 50, 3], rng()), rng(1)
    first, second = (mlp(params, X, Y, dropout=0.5, rng=r)[0] for _ in range(2))
    assert first != second
    assert mlp(params, X, Y, dropout=0.5, rng=rng(1))[0] == first
    assert mlp(params, X, Y, dropout=0.0, rng=rng(1))[0] == mlp(params, X, Y)[0]


@pytest.mark.parametrize("dropout", [1.0, -0.1, float("nan")])
def test_bad_dropout(dropout: float) -> None:
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        mlp(mlp_init([4, 3], rng()), X, Y, dropout=dropout, rng=rng())
    with pytest.raises(ValueError, match=r"dropout must be in \[0, 1\)"):
        sparse_logistic([np.zeros(6), np.zeros(())], WORDS, LABELS, dropout=dropout, rng=rng())


def test_dropout_needs_a_generator() -> None:
    with pytest.raises(ValueError, match="rng must be given when dropout > 0"):
        mlp(mlp_init([4, 3], rng()), X, Y, dropout=0.5)
    with pytest.raises(ValueError, match="rng must be given when dropout > 0"):
        sparse_logistic([np.zeros(6), np.zeros(())], WORDS, LABELS, dropout=0.5)


def test_mlp_init_keeps_the_mean_square() -> None:
    """Through ReLU layers, wide after narrow too, that of the input stays within a factor 2."""
    params = mlp_init([400, 400, 100, 800, 200, 400], rng())
    x = rng(1).standard_normal((200, 400))
    for W, b in zip(params[0::2], params[1::2], strict=True):
        z = x @ W + b
        assert 0.5 < np.mean(z * z) / np.mean(x * x) / 2 < 2
        x = np.maximum(z, 0)
    assert not any(b.any() for b in params[1::2])


def test_sparse_logistic_is_dense_logistic() -> None:
    """The same sums with a matrix of ones and zeros, and as a softmax over two classes."""
    w, b = stirred([np.zeros(6), np.zeros(())])
    x = np.zeros((4, 6))
    np.put_along_axis(x, WORDS, 1.0, axis=1)
    two = [np.stack([np.zeros(6), w], axis=1), np.array([0.0, float(b)])]
    loss, (dW, db) = softmax_regression(two, x, LABELS)
    sparse, (dw, dbias) = sparse_logistic([w, b], WORDS, LABELS)
    assert sparse == pytest.approx(loss, rel=1e-13)
    np.testing.assert_allclose(dw, dW[:, 1], atol=1e-15)
    np.testing.assert_allclose(dbias, db[1], atol=1e-15)


def test_sparse_logistic_dropout_of_one_word_documents() -> None:
    """Kept with probability 3/4 and then w * 4/3 = 4, else 0."""
    n = 20_000
    words, y = np.zeros((n, 1), int), np.ones(n)
    params = [np.array([3.0]), np.zeros(())]
    loss, (dw, _) = sparse_logistic(params, words, y, dropout=0.25, rng=rng())
    kept, cut = log1p(np.exp(-4)), log(2)
    sd = np.sqrt(0.25 * 0.75 / n)
    assert abs(loss - (0.75 * kept + 0.25 * cut)) < 4.5 * sd * (cut - kept)
    slope = -4 / 3 / (1 + np.exp(4))
    assert abs(dw[0] - 0.75 * slope) < 4.5 * sd * abs(slope)


# -- bigrams ---------------------------------------------------------------------------


def test_bigram_loss_is_zero_at_the_truth() -> None:
    context, following = BIGRAMS
    loss, (dz,) = bigram_softmax([np.log(following) + 3.0], context, following)
    assert abs(loss) < 1e-15
    assert np.max(np.abs(dz)) < 1e-15


def test_bigram_logits_of_any_size() -> None:
    """Only their differences count: no overflow at 1000, and the gradient is the same."""
    context, following = bigrams(rng(), vocabulary=3)
    z = rng(1).standard_normal((3, 3))
    near, far = (bigram_softmax([x], context, following) for x in (z, z + 1000))
    assert far[0] == pytest.approx(near[0], rel=1e-10)
    np.testing.assert_allclose(far[1][0], near[1][0], atol=1e-12)


def test_bigram_loss_at_zero_is_the_missing_entropy() -> None:
    """log V less the entropy, which is the same for every context."""
    context, following = BIGRAMS
    p = np.sort(following[0])
    entropy = -sum(float(q) * log(float(q)) for q in p)
    loss, _ = bigram_softmax([np.zeros((5, 5))], context, following)
    assert loss == pytest.approx(log(5) - entropy, rel=1e-12)
    np.testing.assert_allclose(bigram_divergences([np.zeros((5, 5))], following), loss, rtol=1e-12)


# -- the autoencoder -------------------------------------------------------------------


def test_vae_without_a_decoder_leaves_the_divergence() -> None:
    """All weights 0: 4 log 2 for the pixels, and KL(N(1, e^0.6) || N(0, 1)) by quadrature."""
    params = [np.zeros_like(p) for p in vae_init(4, 3, 1, rng())]
    params[3][:], params[5][:] = 1.0, 0.6
    z = np.linspace(-15, 15, 20_001)
    log_q = -((z - 1) ** 2) / (2 * np.exp(0.6)) - 0.5 * (log(2 * pi) + 0.6)
    log_p = -(z**2) / 2 - 0.5 * log(2 * pi)
    kl = np.sum(np.exp(log_q) * (log_q - log_p)) * (z[1] - z[0])
    loss, _ = vae(params, X, rng=rng())
    assert loss == pytest.approx(4 * log(2) + kl, rel=1e-9)


def test_vae_is_the_evidence_bound() -> None:
    """One latent dimension: the mean loss is E_q[log q(z) - log p(x, z)], above -log p(x)."""
    params = stirred(vae_init(4, 3, 1, rng()), seed=4)
    x = (X[:1] > 0.5) * 1.0
    z = np.linspace(-12, 12, 8001)
    probability = vae_decode(params, z[:, None])
    log_likelihood = np.sum(np.log(np.where(x > 0, probability, 1 - probability)), axis=1)
    log_joint = log_likelihood - z**2 / 2 - 0.5 * log(2 * pi)
    h = np.log1p(np.exp(x @ params[0] + params[1]))
    mu, s = (h @ params[2] + params[3]).item(), (h @ params[4] + params[5]).item()
    log_q = -((z - mu) ** 2) / (2 * np.exp(s)) - 0.5 * (log(2 * pi) + s)
    step = z[1] - z[0]
    bound = np.sum(np.exp(log_q) * (log_q - log_joint)) * step
    evidence = log(np.sum(np.exp(log_joint)) * step)
    n, r = 20_000, rng(9)
    batches = [vae(params, np.repeat(x, 1000, axis=0), rng=r)[0] for _ in range(n // 1000)]
    error = np.std(batches) / np.sqrt(len(batches))
    assert abs(np.mean(batches) - bound) < 4.5 * error
    assert bound > -evidence
    assert bound - -evidence > 4.5 * error  # so the two are told apart


def test_vae_noise_comes_from_the_given_generator() -> None:
    params = vae_init(4, 6, 2, rng())
    assert vae(params, X, rng=rng(1))[0] == vae(params, X, rng=rng(1))[0]
    assert vae(params, X, rng=rng(1))[0] != vae(params, X, rng=rng(2))[0]


def test_vae_init_and_decode() -> None:
    params = vae_init(64, 48, 6, rng())
    shapes = [(64, 48), (48,), (48, 6), (6,), (48, 6), (6,), (6, 48), (48,), (48, 64), (64,)]
    assert [p.shape for p in params] == shapes
    pictures = vae_decode(params, rng(1).standard_normal((3, 6)))
    assert pictures.shape == (3, 64)
    assert np.all((pictures > 0) & (pictures < 1))


def test_vae_init_has_the_variance_stated() -> None:
    """1 over the inputs of the layer: five standard errors of a mean square are 5 sqrt(2/n)."""
    params = vae_init(300, 100, 30, rng())
    for W, b in zip(params[0::2], params[1::2], strict=True):
        assert np.mean(W**2) * len(W) == pytest.approx(1, abs=5 * np.sqrt(2 / W.size))
        assert not b.any()


# -- fit -------------------------------------------------------------------------------


def one_batch(calls: list[np.ndarray], params: Arrays, i: np.ndarray) -> Any:
    """A model that writes down which examples it was given; the loss is theta^2 / 2."""
    calls.append(i)
    return float(params[0] @ params[0]) / 2, [params[0].copy(), np.zeros((1, 2))]


START = [np.array([1.0, -1.0]), np.zeros((1, 2))]


def test_every_example_is_seen_once_an_epoch() -> None:
    calls: list[np.ndarray] = []
    fit(
        partial(one_batch, calls), START, al.SGD, (np.arange(23),),
        epochs=3, batch_size=5, rng=rng(), lr=0.1,
    )  # fmt: skip
    assert [len(c) for c in calls] == [5, 5, 5, 4, 4] * 3
    epochs = [np.concatenate(calls[k : k + 5]) for k in (0, 5, 10)]
    for e in epochs:
        assert sorted(e.tolist()) == list(range(23))
    assert not np.array_equal(epochs[0], epochs[1])


def test_loss_is_the_mean_over_examples_before_each_step() -> None:
    """theta halves at each of two steps: 1/2 |theta|^2 = 1, then 1/4; batches of 3 and 2."""
    result = fit(
        partial(one_batch, []), START, al.SGD, (np.arange(5),),
        epochs=2, batch_size=3, rng=rng(), lr=0.5,
    )  # fmt: skip
    np.testing.assert_allclose(
        result.loss, [(3 * 1 + 2 / 4) / 5, (3 / 16 + 2 / 64) / 5], rtol=1e-14
    )
    np.testing.assert_allclose(result.params[0], [1 / 16, -1 / 16], rtol=1e-14)
    assert START[0].tolist() == [1.0, -1.0]


def test_evaluate_is_asked_after_each_epoch() -> None:
    result = fit(
        partial(one_batch, []), START, al.SGD, (np.arange(4),),
        epochs=3, batch_size=4, rng=rng(), lr=0.5, evaluate=lambda p: float(p[0][0]),
    )  # fmt: skip
    np.testing.assert_allclose(result.loss, [0.5, 0.25, 0.125], rtol=1e-15)


@pytest.mark.parametrize("name", ["SGD", "Adam"])
def test_one_vector_makes_no_difference(name: str) -> None:
    """Training each array by itself gives the same bits."""
    x, y = digits()
    x, y = x[:200] / 16, y[:200]
    start = mlp_init([64, 16, 10], rng())
    model = partial(mlp, dropout=0.5)
    r = rng(1)
    together = fit(
        partial(model, rng=r), start, al.OPTIMIZERS[name], (x, y),
        epochs=2, batch_size=50, rng=r, lr=lambda t: 0.01 / t,
    )  # fmt: skip
    params = [p.copy() for p in start]
    opt = al.OPTIMIZERS[name](params, lr=lambda t: 0.01 / t)
    r = rng(1)
    for _ in range(2):
        for rows in np.array_split(r.permutation(200), 4):
            opt.step(model(params, x[rows], y[rows], rng=r)[1])
    assert all(np.array_equal(p, q) for p, q in zip(params, together.params, strict=True))


def test_float32_stays_float32() -> None:
    x, y = digits()
    result = fit(
        softmax_regression, [np.zeros((64, 10), "float32"), np.zeros(10, "float32")], al.Adam,
        (x[:100].astype("float32") / 16, y[:100]), epochs=1, batch_size=50, rng=rng(),
    )  # fmt: skip
    assert {p.dtype.name for p in result.params} == {"float32"}


@pytest.mark.parametrize(
    ("name", "hyper"), [("SGD", {"lr": 0.3, "momentum": 0.9}), ("Adam", {"lr": 0.03})], ids=str
)
def test_digits_are_learnt(name: str, hyper: dict[str, float]) -> None:
    """Ten epochs of softmax regression: 90 % of what was not shown, and half the loss."""
    x, y = digits()
    x = x / 16
    half = x[::2], y[::2]
    result = fit(
        softmax_regression, [np.zeros((64, 10)), np.zeros(10)], al.OPTIMIZERS[name], half,
        epochs=10, batch_size=50, rng=rng(), **hyper,
    )  # fmt: skip
    assert result.loss[-1] < result.loss[0] / 2
    W, b = result.params
    assert np.mean((x[1::2] @ W + b).argmax(axis=1) == y[1::2]) > 0.9


@pytest.mark.parametrize(("key", "value"), [("epochs", -1), ("epochs", 1.5), ("batch_size", 0)])
def test_fit_refuses_bad_sizes(key: str, value: Any) -> None:
    sizes = {"epochs": 1, "batch_size": 4, key: value}
    with pytest.raises((TypeError, ValueError), match=key):
        fit(partial(one_batch, []), START, al.SGD, (np.arange(4),), rng=rng(), lr=0.1, **sizes)


def test_fit_refuses_data_of_different_lengths() -> None:
    with pytest.raises(ValueError, match="data must have equally many examples, got 4, 3"):
        fit(
            softmax_regression, [np.zeros((4, 3)), np.zeros(3)], al.SGD, (X[:4], Y[:3]),
            epochs=1, batch_size=2, rng=rng(), lr=0.1,
        )  # fmt: skip
