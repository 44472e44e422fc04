"""The bundled digits are UCI's, byte for byte; the generators do what they say."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import adam_lib
from adam_lib.experiments.datasets import bigrams, digits, zipf, zipf_bag_of_words

DATA = Path(adam_lib.__file__).parent / "experiments" / "_data"
DIGESTS = {
    "x": "8f26b2bd9d135c256808f68f14fdabddde6d9c7f869ae419704b051f0f14b3b3",
    "y": "8ba4f891220f5e4c9c819638d1602d74b83618f167043c6da52a2a247841ddf0",
}


# -- digits ----------------------------------------------------------------------


def test_digits_are_the_published_ones() -> None:
    """The digests are of scikit-learn's copy of the UCI test set, as bytes."""
    x, y = digits()
    assert x.shape == (1797, 64)
    assert x.dtype == np.uint8
    assert (int(x.min()), int(x.max())) == (0, 16)
    assert hashlib.sha256(x.tobytes()).hexdigest() == DIGESTS["x"]
    assert y.shape == (1797,)
    assert np.bincount(y).tolist() == [178, 182, 177, 183, 181, 182, 181, 179, 174, 180]
    assert hashlib.sha256(y.astype(np.uint8).tobytes()).hexdigest() == DIGESTS["y"]
    assert int(np.sum(x.max(axis=0) == 0)) == 3  # pixels that no digit reaches


def test_labels_can_be_subtracted() -> None:
    """uint8 labels would wrap: 0 - 1 = 255."""
    assert digits().y[0] - 1 == -1


def test_images_belong_to_their_labels() -> None:
    """The nearest mean of another half of the data finds 8 of 10 digits or more."""
    x, y = digits()
    x = x / 16
    means = np.array([x[::2][y[::2] == k].mean(axis=0) for k in range(10)])
    distance = np.sum((x[1::2, None, :] - means) ** 2, axis=2)
    assert np.mean(distance.argmin(axis=1) == y[1::2]) > 0.8


def test_every_call_gives_fresh_arrays() -> None:
    digits().x[:] = 0
    assert digits().x.max() == 16


def test_the_file_is_small_and_holds_no_objects() -> None:
    path = DATA / "digits.npz"
    assert path.stat().st_size <= 50_000
    with zipfile.ZipFile(path) as f:
        assert sorted(f.namelist()) == ["x.npy", "y.npy"]
    with np.load(path, allow_pickle=False) as f:
        assert {k: f[k].dtype.name for k in f.files} == {"x": "uint8", "y": "uint8"}


def test_the_source_is_attributed() -> None:
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for part in ("Alpaydin", "Kaynak", "1998", "10.24432/C50P49", "CC BY 4.0", *DIGESTS.values()):
        assert part in text


# -- Zipf's law ----------------------------------------------------------------------


def test_zipf() -> None:
    np.testing.assert_allclose(zipf(3), np.array([6, 3, 2]) / 11, rtol=1e-15)
    np.testing.assert_allclose(zipf(3, 2.0), np.array([36, 9, 4]) / 49, rtol=1e-15)
    np.testing.assert_array_equal(zipf(4, 0.0), [0.25] * 4)
    assert zipf(1).tolist() == [1.0]


# -- bags of words ---------------------------------------------------------------------


def bag(seed: int = 0, **size: Any) -> Any:
    return zipf_bag_of_words(np.random.default_rng(seed), **size)


def test_bag_of_words_shape_and_seed() -> None:
    data = bag(documents=50, vocabulary=300, length=20)
    assert data.words.shape == (50, 20)
    assert data.vocabulary == 300
    assert 0 <= data.words.min() <= data.words.max() < 300
    assert set(data.y.tolist()) == {0, 1}
    assert all(len(set(row)) == 20 for row in data.words.tolist())  # distinct words
    again = bag(documents=50, vocabulary=300, length=20)
    assert np.array_equal(data.words, again.words)
    assert np.array_equal(data.y, again.y)
    other = bag(1, documents=50, vocabulary=300, length=20)
    assert not np.array_equal(data.words, other.words)


def test_bag_of_words_may_use_every_word() -> None:
    assert sorted(bag(documents=1, vocabulary=7, length=7).words[0].tolist()) == list(range(7))


def test_one_word_documents_follow_the_law() -> None:
    """With length 1 a word's share of the documents is its probability: 4.5 sigma."""
    n, p = 20_000, zipf(5)
    share = np.bincount(bag(documents=n, vocabulary=5, length=1).words.ravel(), minlength=5) / n
    assert np.all(np.abs(share - p) < 4.5 * np.sqrt(p * (1 - p) / n))


def test_two_word_documents_are_drawn_without_replacement() -> None:
    """Pairs of 3 words: P{i, j} = p_i p_j (1/(1 - p_i) + 1/(1 - p_j)), the order lost."""
    n, p = 20_000, zipf(3)
    words = np.sort(bag(documents=n, vocabulary=3, length=2).words, axis=1)
    for i, j in ((0, 1), (0, 2), (1, 2)):
        expected = p[i] * p[j] * (1 / (1 - p[i]) + 1 / (1 - p[j]))
        share = np.mean(np.all(words == (i, j), axis=1))
        assert abs(share - expected) < 4.5 * np.sqrt(expected * (1 - expected) / n)


def test_labels_are_a_linear_rule_of_the_words() -> None:
    """Fewer documents than words: a separating weight vector exists, and least squares finds it."""
    data = bag(documents=60, vocabulary=500, length=30)
    x = np.zeros((60, 500))
    np.put_along_axis(x, data.words, 1.0, axis=1)
    w, *_ = np.linalg.lstsq(x, 2.0 * data.y - 1, rcond=None)
    assert np.array_equal(x @ w > 0, data.y == 1)


def test_labels_follow_the_stated_rule() -> None:
    """w_j = xi_j / sqrt(n_j), where xi is what the generator gives after the words."""
    r = np.random.default_rng(0)
    data = zipf_bag_of_words(r, documents=40, vocabulary=30, length=6)
    r = np.random.default_rng(0)
    r.standard_exponential((40, 30))
    xi = r.standard_normal(30)
    for words, label in zip(data.words, data.y, strict=True):
        holding = [np.sum(np.any(data.words == j, axis=1)) for j in words]
        score = sum(xi[j] / n**0.5 for j, n in zip(words, holding, strict=True))
        assert label == (score > 0)


def test_default_sizes() -> None:
    """Those of the book's experiments."""
    data = bag()
    assert data.words.shape == (3000, 100)
    assert data.vocabulary == 10_000
    assert len(bigrams(np.random.default_rng(0)).context) == 64


def test_labels_are_balanced_and_do_not_hang_on_the_frequent_words_alone() -> None:
    data = bag(documents=2000, vocabulary=2000, length=50)
    assert 0.4 < data.y.mean() < 0.6
    ever = np.array([np.mean(data.y[np.any(data.words == j, axis=1)]) for j in range(3)])
    assert np.all((ever > 0.3) & (ever < 0.7))


# -- bigrams ---------------------------------------------------------------------------


def test_bigrams() -> None:
    context, following = bigrams(np.random.default_rng(0), vocabulary=6)
    np.testing.assert_allclose(context, zipf(6), rtol=1e-15)
    assert following.shape == (6, 6)
    for row in following:
        np.testing.assert_allclose(np.sort(row)[::-1], zipf(6, 1.5), rtol=1e-15)
    assert len({tuple(row) for row in following.tolist()}) > 1  # each context has its own order
    assert np.allclose(following.sum(axis=1), 1)


def test_balanced_bigrams_share_the_law() -> None:
    """The same seed: only how often the contexts occur is different."""
    rare = bigrams(np.random.default_rng(3), vocabulary=8)
    even = bigrams(np.random.default_rng(3), vocabulary=8, context_exponent=0.0)
    assert np.array_equal(rare.following, even.following)
    np.testing.assert_array_equal(even.context, np.full(8, 0.125))


# -- bad input -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: zipf(0), ValueError, "size must be a whole number >= 1, got 0"),
        (lambda: zipf(2.5), ValueError, "size must be a whole number >= 1, got 2.5"),
        (lambda: zipf(True), ValueError, "size must be a whole number >= 1, got True"),
        (lambda: zipf(3, -1.0), ValueError, "exponent must be >= 0, got -1.0"),
        (lambda: zipf(3, float("nan")), ValueError, "exponent must be >= 0, got nan"),
        (lambda: bag(documents=0), ValueError, "documents must be a whole number >= 1, got 0"),
        (lambda: bag(vocabulary=-3), ValueError, "vocabulary must be a whole number >= 1, got -3"),
        (lambda: bag(length=0), ValueError, "length must be a whole number >= 1, got 0"),
        (
            lambda: bag(vocabulary=10, length=11),
            ValueError,
            "length must be <= vocabulary = 10, got 11",
        ),
        (
            lambda: bigrams(np.random.default_rng(0), vocabulary=0),
            ValueError,
            "vocabulary must be a whole number >= 1, got 0",
        ),
    ],
)
def test_bad_input(call: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert message in str(caught.value)
