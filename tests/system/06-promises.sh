#!/bin/sh
# SPDX-License-Identifier: MIT
# Every promise and every threat names a test that exists.
set -eu
tools/check-promises --self-test
exec tools/check-promises
