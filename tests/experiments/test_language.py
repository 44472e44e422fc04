"""The small language model and its text."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest

import adam_lib as al
from adam_lib.experiments import language

BOOK = Path(language.__file__).parent / "_data" / "alice.txt.gz"
DIGEST = "70f0b8fb6039ea9255ce17f134272677239fa5e0f5b1c3636f437f723919b3af"


def test_the_text_is_the_one_described() -> None:
    text = gzip.decompress(BOOK.read_bytes())
    assert hashlib.sha256(text).hexdigest() == DIGEST
    said = (BOOK.parent / "README.md").read_text(encoding="utf-8")
    for part in ("alice.txt.gz", "Carroll", "1865", "public", DIGEST):
        assert part in said


def test_words_are_numbered_by_frequency() -> None:
    words, names = language.alice(256)
    counts = np.bincount(words)
    assert len(names) == len(counts) == 256
    assert np.all(np.diff(counts) <= 0)
    assert {"alice", "the", ",", "*"} <= set(names)
    with pytest.raises(ValueError, match="vocabulary must be"):
        language.alice(1)


def test_all_words_together_are_the_text() -> None:
    words, names = language.alice(100_000)
    opening = " ".join(names[w] for w in words[:16])
    assert opening.startswith("chapter i . down the rabbit - hole alice was")


def test_gradients() -> None:
    rng = np.random.default_rng(0)
    params = [p.astype(float) for p in language.word_model_init(7, rng, width=2, hidden=3)]
    params = [p + 0.1 * rng.normal(size=p.shape) for p in params]
    x, y = rng.integers(7, size=(9, 3)), rng.integers(7, size=9)
    for i in range(5):

        def model(p: np.ndarray, i: int = i) -> language.Loss:
            return language.word_model([*params[:i], p, *params[i + 1 :]], x, y)

        error = al.gradcheck(lambda p: model(p)[0], lambda p, i=i: model(p)[1][i], params[i])
        assert error < 1e-8, i
    np.testing.assert_allclose(
        language.surprise(params, x, y).mean(), language.word_model(params, x, y)[0]
    )


def test_one_second_moment_is_adam_minis() -> None:
    rng = np.random.default_rng(1)
    shapes = (4, 3), (3,)
    theirs = [rng.normal(size=s) for s in shapes]
    ours = [p.copy() for p in theirs]
    states = [al.adam_mini_init(p, axis=None) for p in theirs]
    opt = language.OneSecondMoment(ours, lr=lambda t: 0.1 / t)
    for t in range(1, 30):
        grads = [rng.normal(size=s) for s in shapes]
        opt.step(grads)
        for i, g in enumerate(grads):
            theirs[i], states[i] = al.adam_mini_step(theirs[i], g, states[i], lr=0.1 / t)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_a_run_is_repeated_by_its_seed() -> None:
    words, _ = language.alice(16)
    text = language.windows(words)
    a, b, c = (language.read(text, al.Adam, 0.03, seed, steps=3) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.surprise, b.surprise)
    assert np.any(a.word != c.word)


def test_places_are_drawn_by_their_chance() -> None:
    words, _ = language.alice(16)
    x, y = language.windows(words)
    seen = language.read((x, y), al.SGD, 0.1, 0, steps=1, chance=1 / np.bincount(y)[y]).word
    assert np.max(np.abs(np.bincount(seen, minlength=16) - 125)) < 60
    assert np.bincount(language.read((x, y), al.SGD, 0.1, 0, steps=1).word).max() > 400


def test_a_rate_too_large_scores_infinity() -> None:
    words, _ = language.alice(16)
    said = language.read(language.windows(words), al.SGD, 1e30, 0, steps=5)
    assert np.all(np.isinf(said.surprise))
