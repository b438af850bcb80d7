#!/bin/sh
# SPDX-License-Identifier: MIT
# The adversary suite: every attack refused for the expected reason, none changes anything.
# `suite.sh --json`: one object instead of lines; CW_LONG=1: every bit, minutes instead of one.
# timeout: 1500
exec python3 tests/adversary/suite.py "$@"
