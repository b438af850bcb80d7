# SPDX-License-Identifier: MIT
# causeway-adversary: a hostile network between nodes, for tests and the demo.
PROGRAMS += causeway-adversary
causeway-adversary.sources = $(wildcard tests/adversary/*.c)
causeway-adversary.libs = jansson openssl
tests/unit/adversary/forge_test.c.with = tests/adversary/forge.c
tests/unit/adversary/rules_test.c.with = tests/adversary/rules.c tests/adversary/history.c
# causeway-siege: a hostile node around real modules, and their owner's tool in front of it.
PROGRAMS += causeway-siege
causeway-siege.sources = $(wildcard tests/adversary/siege/*.c)
causeway-siege.libs = libuv jansson libelf libseccomp openssl bearssl
