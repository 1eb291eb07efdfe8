#!/usr/bin/env python3
"""Values of the packages lime and shap that ours are held to.

    python3 -m venv build/surrogates
    build/surrogates/bin/pip install lime==0.2.0.1 shap==0.51.0
    build/surrogates/bin/python test/quality/surrogates.py > test/unit/surrogate_golden.h

Made-up masks, values and weights; what the packages make of the very same.
"""

import numpy
import shap
import sklearn.metrics
from lime.lime_base import LimeBase

FEATURES = 9
MASKS = 60
GAME_FEATURES = 8


def game(kept):
    """MadeUp of test/unit/explain_test.c."""
    n = len(kept)
    value = 0.25
    for i in range(n):
        if kept[i]:
            value += 0.1 * (i + 1)
            if kept[(i + 1) % n]:
                value -= 0.3 * (i % 3)
            if kept[(i + 2) % n] and kept[(i + 3) % n]:
                value += 0.05 * i
    return value


def lime_values(masks, values):
    distances = sklearn.metrics.pairwise_distances(masks, masks[:1], metric="cosine").ravel() * 100
    base = LimeBase(lambda d: numpy.sqrt(numpy.exp(-(d ** 2) / 25 ** 2)), random_state=1)
    intercept, coefficients, _, _ = base.explain_instance_with_data(
        masks, numpy.stack([values, values], 1), distances, 1, FEATURES, feature_selection="none")
    return intercept[1] if isinstance(intercept, dict) else intercept, [c for _, c in sorted(coefficients)]


def shap_solution(masks, values, weights, none, everything):
    """The package's own solver over masks of ours."""
    explainer = shap.KernelExplainer(lambda x: x.sum(1), numpy.zeros((1, FEATURES)))
    explainer.l1_reg = False
    explainer.M = FEATURES
    explainer.D = 1
    explainer.nsamples = explainer.nsamplesAdded = len(masks)
    explainer.maskMatrix = masks
    explainer.kernelWeights = weights
    explainer.ey = values[:, None]
    explainer.fnull = numpy.array([none])
    explainer.fx = numpy.array([everything])
    return explainer.solve(1.0, 0)[0]


def shap_exact():
    explainer = shap.KernelExplainer(lambda x: numpy.array([game(r > 0.5) for r in x]), numpy.zeros((1, GAME_FEATURES)))
    return explainer.shap_values(numpy.ones((1, GAME_FEATURES)), nsamples=2 ** GAME_FEATURES, l1_reg=False, silent=True)[0]


def numbers(values):
    return "{" + ", ".join(repr(float(v)) for v in values) + "}"


def main():
    random = numpy.random.RandomState(7)
    masks = random.randint(0, 2, (MASKS, FEATURES))
    masks[0] = 1
    inner = (masks.sum(1) > 0) & (masks.sum(1) < FEATURES)
    values = masks @ random.normal(size=FEATURES) + masks[:, 1] * masks[:, 4] + random.normal(size=MASKS)
    weights = random.uniform(0.1, 2.0, MASKS)
    intercept, lime = lime_values(masks.astype(float), values)
    solved = shap_solution(masks[inner].astype(float), values[inner], weights[inner], -0.5, 2.25)
    print("/* Made by test/quality/surrogates.py with lime 0.2.0.1 and shap %s. */" % shap.__version__)
    print("#define GOLDEN_FEATURES %d\n#define GOLDEN_MASKS %d" % (FEATURES, MASKS))
    print("static const char *const golden_masks[] = {%s};" % ", ".join('"%s"' % "".join(map(str, m)) for m in masks))
    for name, array in (("values", values), ("weights", weights), ("lime", lime), ("lime_intercept", [intercept]),
                        ("shap", solved), ("shap_game", shap_exact())):
        print("static const double golden_%s[] = %s;" % (name, numbers(array)))


if __name__ == "__main__":
    main()
