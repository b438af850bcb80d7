# SPDX-License-Identifier: MIT
"""p256 - the curve in Python's integers, for tests alone: neither fast nor constant in time."""
P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffff
N = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
G = (0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296,
     0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5)


def add(a, b):
    """Of two points; None is the one at infinity."""
    if a is None or b is None:
        return a or b
    if a[0] == b[0] and (a[1] + b[1]) % P == 0:
        return None
    if a == b:
        slope = (3 * a[0] * a[0] - 3) * pow(2 * a[1], -1, P)
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P)
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def multiply(k, point):
    result = None
    while k:
        if k & 1:
            result = add(result, point)
        point, k = add(point, point), k >> 1
    return result


def secret(wide):
    """The key of 48 derived bytes."""
    return (int.from_bytes(wide, "big") % (N - 1) + 1).to_bytes(32, "big")


def public(key):
    return b"".join(part.to_bytes(32, "big") for part in multiply(int.from_bytes(key, "big"), G))


def verifies(key, digest, signature):
    """ES256: is it the signature of the digest by the holder of the key X || Y?"""
    point = int.from_bytes(key[:32], "big"), int.from_bytes(key[32:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    w = pow(s, -1, N)
    found = add(multiply(int.from_bytes(digest, "big") * w % N, G), multiply(r * w % N, point))
    return found is not None and found[0] % N == r
