#!/usr/bin/env python3
"""Fits the polynomials of passes/expand_math.c (NumPy only) and prints coefficients and largest errors.

Least squares at Chebyshev nodes, re-weighted by Lawson's method until the largest weighted error is nearly minimal.
"""
import math

import numpy as np


def fit(function, low, high, degree, weight, rounds=60, nodes=4000):
    x = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(nodes) + 0.5) / nodes)
    y, scale = function(x), weight(x)
    powers = np.stack([x**k for k in range(degree + 1)], 1)
    lawson = np.ones(nodes) / nodes
    for _ in range(rounds):
        root = np.sqrt(lawson) * scale
        c, *_ = np.linalg.lstsq(powers * root[:, None], y * root, rcond=None)
        error = np.abs((powers @ c - y) * scale)
        lawson *= error / error.max() + 1e-12
        lawson /= lawson.sum()
    return c, error.max()


def tail(a):
    """g(a) / (a exp(-a^2/2)), g(a) = a/2 erfc(a / sqrt 2): what gelu takes off max(x, 0)."""
    out = np.empty_like(a)
    for i, v in enumerate(a):
        if v < 25:
            out[i] = math.erfc(v / math.sqrt(2)) / 2 * math.exp(v * v / 2)
        else:  # asymptotic series of erfc
            s = 1 / (v * v)
            out[i] = (1 - s + 3 * s * s - 15 * s**3) / math.sqrt(2 * math.pi) / v
    return out


def gelu_weight(t):
    a = (1 / t - 1) / 0.3
    near = np.where(a < 1, 1 / np.minimum(a + 0.05, 1), 1)  # relative near 0, absolute beyond
    return np.exp(-(a**2) / 2) * np.maximum(a, 0.05) * near


def show(name, result):
    print(name, [float(v) for v in result[0]], "largest error %.2g" % result[1])


half = math.log(2) / 2 * 1.01
rise = lambda x: np.expm1(x) / x
show("exp, f32, after 1", fit(rise, -half, half, 4, lambda x: np.abs(x) / np.exp(x)))
show("exp, f64", fit(np.exp, -half, half, 11, lambda x: 1 / np.exp(x)))
ratio = lambda z: np.tanh(np.sqrt(z)) / np.sqrt(z)
show("tanh", fit(lambda z: (ratio(z) - 1) / z, 1e-6, 0.625**2, 5, lambda z: z / ratio(z)))
show("gelu", fit(lambda t: tail((1 / t - 1) / 0.3), 1 / (1 + 0.3 * 14), 1.0, 7, gelu_weight))
