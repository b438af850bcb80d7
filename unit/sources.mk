# SPDX-License-Identifier: MIT
# The harness of module authors: source, which their builds compile with sanitizers.
SDK_INCLUDE += unit/unit.h
SDK_FILES += src/unit/unit.c=unit/unit.c src/sdk/seal.c=sdk/seal.c module.mk=sdk/module.mk
tests/unit/sdk/unit_test.c.with := unit/unit.c sdk/seal.c
