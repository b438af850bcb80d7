#!/bin/sh
# SPDX-License-Identifier: MIT
# Every promise and every threat names tests, and the test runner runs them.
exec tools/check-promises --self-test
