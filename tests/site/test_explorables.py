"""The scripts behind the explorables against adam_lib, in V8 without a browser.

What a browser makes of them is tools/site/lab_check.py's part (`make browser`).
"""

import math
import random
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import adam_lib as al
from adam_lib.experiments import plotting
from tools.notebooks import parser
from tools.site import lab_oracle, lab_stills

pytest.importorskip(
    "py_mini_racer", reason="NOT CHECKED: the explorables' scripts; no mini-racer on this platform"
)
NAMES = sorted(lab_oracle.ORACLES)


@pytest.fixture(scope="module")
def js():
    engine = lab_stills.Engine()
    yield engine
    engine.close()


def close(got, want):
    """To 1e-12, relative where the numbers are large."""
    np.testing.assert_allclose(np.array(got, dtype=float), want, rtol=1e-12, atol=1e-12)


# ---------------------------------------------------------------- rules, formulas

beta = st.floats(0.0, 0.9999)
lr = st.floats(1e-5, 10.0)
eps = st.sampled_from([1e-10, 1e-8, 1e-3, 1.0])
gradients = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=40)

RULES = {
    "SGD": (al.sgd_step, al.sgd_init, {"lr": lr, "momentum": beta}),
    "AdaGrad": (al.adagrad_step, al.adagrad_init, {"lr": lr, "eps": eps}),
    "RMSprop": (al.rmsprop_step, al.rmsprop_init, {"lr": lr, "rho": beta, "eps": eps}),
    "Adadelta": (al.adadelta_step, al.adadelta_init, {"lr": lr, "rho": beta, "eps": eps}),
    "Adam": (al.adam_step, al.adam_init, {"lr": lr, "betas": st.tuples(beta, beta), "eps": eps}),
}


@pytest.mark.parametrize("rule", RULES)
@given(data=st.data(), g=gradients, start=st.floats(-10, 10))
def test_rule(js, rule, data, g, start):
    step, init, hyper = RULES[rule]
    hyper = {name: data.draw(values, label=name) for name, values in hyper.items()}
    theta = np.array([start])
    state, path = init(theta), []
    for g_t in g:
        theta, state = step(theta, np.array([g_t]), state, **hyper)
        path.append(theta[0])
    run = "(() => { let x = start; const s = {t: 0};"
    run += " return g.map((u) => (x = lab.rules[rule](x, u, s, hyper))); })()"
    close(js(run, rule=rule, g=g, start=start, hyper=hyper), path)


@pytest.mark.parametrize("rule", RULES)
def test_defaults_are_the_library_s(js, rule):
    step, init, _ = RULES[rule]
    given_lr = {} if rule in ("Adadelta", "Adam") else {"lr": 0.1}
    theta = np.array([1.0])
    state = init(theta)
    for g in (0.3, 1e-7, -2.0):
        theta, state = step(theta, np.array([g]), state, **given_lr)
    run = "(() => { let x = 1; const s = {t: 0};"
    run += " return [0.3, 1e-7, -2].map((g) => (x = lab.rules[rule](x, g, s, hyper))).at(-1); })()"
    close(js(run, rule=rule, hyper=given_lr), theta[0])


@given(degrees=st.floats(-180, 180), x=st.floats(-3, 3), y=st.floats(-3, 3))
def test_the_valley_is_the_library_s(js, degrees, x, y):
    problem, p = al.rotated_valley(100.0, degrees), np.array([x, y])
    f, grad = js("(({f, grad}) => [f(x, y), grad(x, y)])(lab.valley(d))", d=degrees, x=x, y=y)
    size = 100 * max(1.0, x * x + y * y)
    np.testing.assert_allclose(f, problem.f(p), rtol=1e-12, atol=1e-13 * size)
    np.testing.assert_allclose(grad, problem.grad(p), rtol=1e-12, atol=1e-13 * size)


@given(b=st.tuples(beta, beta), t=st.integers(1, 100_000))
def test_average_formulas(js, b, t):
    got = js("[lab.biasFactor(b[0], t), lab.uncorrected(b, t), lab.sampleSize(b[0], t)]", b=b, t=t)
    want = [
        al.bias_factor(b[0], t),
        al.uncorrected_factor(b, t),
        al.effective_sample_size(b[0], t),
    ]
    close(got, np.array(want))
    close(js("lab.halfLife(b)", b=b[0]), al.half_life(b[0]))
    few = min(t, 50)
    close(
        js("Array.from({length: t}, (_, k) => lab.weight(b, k))", b=b[0], t=few),
        al.ema_weights(b[0], few)[::-1],
    )


@given(b=st.tuples(beta, beta), g=gradients)
def test_moments(js, b, g):
    rows = js("lab.moments(g, b, {correct: false})", g=g, b=b)
    x = np.array(g)
    size = np.abs(x).max() + 1e-300
    np.testing.assert_allclose([r["m"] for r in rows], al.ema(x, b[0]), 1e-12, 1e-13 * size)
    np.testing.assert_allclose([r["v"] for r in rows], al.ema(x**2, b[1]), 1e-12)
    np.testing.assert_allclose([r["v_hat"] for r in rows], al.corrected_ema(x**2, b[1]), 1e-12)
    m_hat = al.corrected_ema(x, b[0])
    np.testing.assert_allclose([r["m_hat"] for r in rows], m_hat, 1e-12, 1e-13 * size)


@given(b1=st.floats(0.3, 0.98), b2=st.floats(0.3, 0.9999), T=st.integers(1, 60))
def test_bound_is_reached_and_not_passed(js, b1, b2, T):
    rng = np.random.default_rng(T)
    worst = js("lab.bound(b, b[1] / b[0], T)", b=[b1, b2], T=T)
    close([row["step"] for row in worst], [row["bound"] for row in worst])
    g = (b2 / b1) ** np.arange(T)
    ratio = al.corrected_ema(g, b1) / np.sqrt(al.corrected_ema(g**2, b2))
    close([row["bound"] for row in worst], ratio)
    g = rng.normal(size=(T, 50))  # other gradients
    other = np.abs(al.corrected_ema(g, b1)) / np.sqrt(al.corrected_ema(g**2, b2))
    assert np.all(other <= np.array([[row["bound"]] for row in worst]) * (1 + 1e-12))


def test_bound_tends_to_its_limit(js):
    for b in ([0.9, 0.999], [0.5, 0.9], [0.9, 0.85], [0.9, 0.9]):
        last = js("lab.bound(b, 1, 20000).at(-1).bound", b=b)
        assert math.isclose(js("lab.boundLimit(b)", b=b), last, rel_tol=1e-8)
    assert js("String(lab.boundLimit([0.9, 0.81 - 1e-9]))") == "Infinity"


@given(
    c=st.lists(st.sampled_from([-2.0, -1.0, 0.5, 3.0]), min_size=1, max_size=5),
    b=st.tuples(st.floats(0, 0.95), st.floats(0.01, 0.95)),
)
def test_steady_steps(js, c, b):
    """The averages after a long time, by the recursion."""
    long = np.tile(c, 600)
    m, v = al.ema(long, b[0])[-len(c) :], al.ema(long**2, b[1])[-len(c) :]
    close(js("lab.steadySteps(c, b)", c=c, b=b), -m / np.sqrt(v))


def test_critical_beta2_is_the_chapter_s(js):
    for C, value in ((2.1, 0.886), (3.0, 0.472), (10.0, 0.098)):
        critical = js("lab.criticalBeta2(C)", C=C)
        assert abs(critical - value) < 1e-3
        assert js("lab.drift([C, -1, -1], [0, b])", C=C, b=critical - 1e-6) > 0
        assert js("lab.drift([C, -1, -1], [0, b])", C=C, b=critical + 1e-6) < 0


@given(x=st.floats(0.001, 1.0), n=st.integers(0, 20_000))
def test_powers_are_rounded_once(js, x, n):
    """Multiplications alone, and yet at most one unit in the last place off."""
    want = x**n
    assume(want > 1e-290)
    assert abs(js("lab.power(x, n)", x=x, n=n) - want) <= math.ulp(want)


def test_powers_of_the_usual_rates_are_python_s(js):
    """The runs that amplify rounding, the bursts above all, depend on them."""
    for x in (0.9, 0.99, 0.998, 0.999):
        got = js("Array.from({length: 3000}, (_, n) => lab.power(x, n))", x=x)
        different = sum(a != x**n for n, a in enumerate(got))
        assert different <= 15, x  # a C library's pow is itself off now and then


def test_noise_is_the_same_in_both_languages(js):
    assert js("lab.uniforms(100, 6)") == lab_oracle.uniforms(100, 6).tolist()
    for kind, g in lab_oracle.GRADIENTS.items():
        close(js("lab.gradients[kind](100)", kind=kind), g)


# -------------------------------------------------------------- what a page shows


def shown(js, name, state=None):
    """Name -> (exact value, text) of the numbers in an explorable's sentence."""
    html = js("lab.render(name, state ?? undefined)", name=name, state=state)
    found = re.findall(r'<data data-n="([^"]+)" value="([^"]+)">([^<]+)</data>', html)
    return {key: (float(value), text) for key, value, text in found}  # Infinity, NaN too


def settings(js, name, count, seed=1):
    controls = js("lab.figures[name].controls", name=name)
    rng = random.Random(seed)
    yield {key: control["value"] for key, control in controls.items()}
    for _ in range(count):
        yield {key: rng.choice(c.get("values") or c["options"]) for key, c in controls.items()}


@pytest.mark.parametrize("name", NAMES)
def test_numbers_are_the_library_s(js, name):
    for state in settings(js, name, {"bursts": 4, "valley-race": 6, "valley": 6}.get(name, 25)):
        want = lab_oracle.numbers(name, state)
        got = {key: value for key, (value, _) in shown(js, name, state).items()}
        assert got.keys() == want.keys(), state
        for key, value in want.items():
            if not math.isfinite(value):
                assert not math.isfinite(got[key]), (key, state)
            else:
                assert math.isclose(got[key], value, rel_tol=1e-12, abs_tol=1e-300), (key, state)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_written_is_the_value_rounded(js, name):
    for state in settings(js, name, 10, seed=2):
        for key, (value, text) in shown(js, name, state).items():
            if math.isfinite(value):
                number, half = lab_oracle.written(text)
                assert abs(number - value) <= half * (1 + 1e-6), (key, value, text)


def test_writing_of_numbers(js):
    cases = [(0, "0"), (6.5685, "6.57"), (-0.0263, "−0.0263"), (1.5e-6, "1.50·10⁻⁶")]
    cases += [(99.96, "100"), (2375.4, "2375"), (3.2e7, "3.20·10⁷"), (-1e-150, "−1.00·10⁻¹⁵⁰")]
    assert [js("lab.show(x)", x=x) for x, _ in cases] == [text for _, text in cases]
    assert js("[lab.show(Infinity), lab.show(NaN), lab.exact(2e-6)]") == ["∞", "–", "2·10⁻⁶"]


def test_each_opens_on_its_finding(js):
    def value(name):
        return {key: v for key, (v, _) in shown(js, name).items()}

    f = {key[2:]: v for key, v in value("valley").items() if key.startswith("f-")}
    f.pop("start")
    assert 1000 * max(f.pop("momentum"), f.pop("Adam")) < min(f.values())
    f = {key[2:]: v for key, v in value("valley-race").items() if key.startswith("f-")}
    assert sorted(f, key=f.get)[:3] == ["momentum", "SGD", "Adam"]
    assert value("weights")["zero"] > 1 / 3
    assert value("correction")["step"] > 6.5 * value("correction")["other"]
    assert (value("factor")["at"], value("factor")["within"]) == (12, 2375)
    assert 7.1 < value("bound")["step"] == pytest.approx(value("bound")["bound"], rel=1e-12)
    assert value("bursts")["bursts"] >= 10
    assert 3.5 < value("schedule")["ratio"] < 4.5
    assert value("reddi")["drift"] > 0.5
    assert value("reddi")["end"] > 0.99
    assert abs(value("sitting-zigzag")["y"]) < 0.1 < abs(value("sitting-zigzag")["x"])
    assert 50 * value("sitting-average")["f"] < value("sitting-average")["f-plain"]
    divided = value("sitting-divide")
    assert divided["gy"] == -50 * divided["gx"]
    assert divided["step-x"] == pytest.approx(1, rel=1e-8)
    assert divided["step-y"] == pytest.approx(1, rel=1e-8)
    assert value("sitting-both")["rms"] < 0.5
    assert value("sitting-correct")["f"] > 5 * value("sitting-correct")["f-other"]
    assert value("sitting-eps")["share-x"] < 0.2 < 0.6 < value("sitting-eps")["share-y"]


def test_what_the_pages_suggest_to_try(js):
    """The sentences above the explorables."""

    def after(name, **change):
        (opening,) = settings(js, name, 0)
        return {key: v for key, (v, _) in shown(js, name, opening | change).items()}

    before, turned = after("valley"), after("valley", turn=0)
    for name in ("SGD", "momentum"):
        assert math.isclose(before[f"f-{name}"], turned[f"f-{name}"], rel_tol=1e-6)
    assert max(turned["f-AdaGrad"], turned["f-RMSprop"]) < 1e-100

    def first(**change):
        f = {key: v for key, v in after("valley-race", **change).items() if key.startswith("f-")}
        return min(f, key=f.get)

    assert (first(), first(turn=0)) == ("f-momentum", "f-RMSprop")
    assert first(along=-1, across=0.5) == "f-Adadelta"
    assert 0.985 < after("weights", beta=0.999)["zero"] < 0.995
    for kind in lab_oracle.GRADIENTS:
        assert round(after("correction", gradient=kind)["ratio"], 2) == 6.57
    assert after("factor", beta1=0.99)["first"] < 1 < after("factor", beta1=0.99)["peak"]
    assert "peak" not in after("factor", beta1=0.99, beta2=0.9)
    assert after("bound", growth=0)["step"] == pytest.approx(1, rel=1e-12)
    for growth in (0.9, 1.1):
        assert after("bound", growth=growth)["step"] < 0.999 * after("bound")["bound"]
    assert round(after("bursts")["critical"], 6) == 2.6e-5
    assert after("bursts", eps=3e-5)["bursts"] == 0
    assert after("bursts", eps=3e-5)["farthest"] < 1e-100
    assert after("reddi", beta2=0.6)["end"] < -0.99
    assert after("schedule", rule="square root")["ratio"] == pytest.approx(1, rel=0.05)
    for falling in ("linear", "cosine", "hold, then fall"):
        assert after("schedule", schedule=falling)["end"] < after("schedule")["end"] / 2
    calm = {"noise": 1, "rule": "square root"}
    assert after("schedule", **calm)["reach"] > 2 * after("schedule", batch=1, **calm)["reach"]


def test_what_the_sitting_suggests_to_try(js):
    def after(name, **change):
        (opening,) = settings(js, f"sitting-{name}", 0)
        found = shown(js, f"sitting-{name}", opening | change)
        return {key: v for key, (v, _) in found.items()}

    assert after("zigzag", rate=0.01)["times-y"] == 0  # no zig-zag from there down
    assert after("zigzag", rate=0.021)["f"] > after("zigzag")["f-start"]
    start = after("zigzag")["f-start"]
    assert after("average", rate=0.35)["f"] < start < after("average", rate=0.4)["f"]
    plain = after("average", beta=0, rate=0.01)
    assert plain["f"] == pytest.approx(after("zigzag", rate=0.01)["f"], rel=1e-12)
    assert after("average", beta=0.98)["f"] > 10 * after("average")["f"]
    place = after("divide")
    for steep in (1, 10_000):
        there = after("divide", steep=steep)
        assert there["x"] == pytest.approx(place["x"], rel=1e-4)
    assert max(abs(after("divide", memory=0, t=t)["y"]) for t in (59, 60)) > 0.01
    moved = [after("both", sigma=sigma, t=20)["moved"] for sigma in (0, 5, 10)]
    assert moved == sorted(moved, reverse=True)
    assert after("both", beta1=0)["rms"] > 2 * after("both")["rms"]
    assert after("correct", beta2=0.9)["factor"] < 1
    assert after("correct", beta2=0.9999, t=20)["factor"] > 15
    slow = after("eps", eps=1000)
    assert max(slow["share-x"], slow["share-y"]) < 0.1
    assert min(after("eps", eps=1e-8)[key] for key in ("share-x", "share-y")) > 0.999


# --------------------------------------------------------------------- the pieces


def test_each_has_its_oracle(js):
    assert js.names == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_stills_are_what_the_scripts_draw(js, name):
    """But for the last bits of the exact values, which a machine's pow and cos decide."""
    stored = (lab_stills.STILLS / f"{name}.html").read_text(encoding="utf-8")
    kept, drawn = (re.sub(r' value="[^"]*"', "", x) for x in (stored, lab_stills.still(js, name)))
    assert kept == drawn, "run: python tools/site/lab_stills.py"


def test_colours_are_those_of_the_figures(js):
    assert js("lab.colors").items() <= plotting.COLORS.items()
    assert js("lab.grey") == plotting.GREY


def test_every_control_can_hold_its_opening_value(js):
    for name in NAMES:
        for key, control in js("lab.figures[name].controls", name=name).items():
            assert control["value"] in (control.get("values") or control["options"]), key
            numbers = control.get("values", [0])
            assert sorted(set(numbers)) == numbers, key


def test_the_scripts_stay_small():
    """A page loads what all share, and one family's script."""
    weight = {path.stem: path.stat().st_size for path in lab_stills.SCRIPTS.glob("*.js")}
    shared = sum(weight.pop(name) for name in (*lab_stills.BASE, "page"))
    assert shared < 27_000, f"{shared} bytes of shared scripts"
    assert max(weight.values()) < 13_000, weight


def test_each_stands_on_one_page():
    """Its id is in the address of a setting, so there can be one of a name."""
    text = "\n".join(page.text for page in parser.pages(parser.ROOT / "book"))
    assert sorted(re.findall(r"```\{explorable\} ([\w-]+)", text)) == NAMES
