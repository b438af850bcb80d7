# SPDX-License-Identifier: MIT
# Builds and tests modules outside of Causeway's own tree.
#
#     CW_SDK := folder of this file
#     include $(CW_SDK)/module.mk
#
#   make           the images of app.json, with sizes and fingerprints (`causeway build`)
#   make test      tests/NAME_test.c, each linked with NAME.c (or what NAME.sources says), the
#                  harness (include/unit/unit.h), cmocka, and the sanitizers
#   make test T=NAME    one of them;   gdb build/tests/NAME_test    with a debugger
#   make clean
#
#   CW_CC        gcc or clang                     CW_CFLAGS     more flags of sources and tests
#   CW_SANITIZE  address,undefined; empty: none   CW_APP        the descriptor (app.json)
#   CW_TESTS     tests/*_test.c                   CW_OUT        where all output goes (build)

CW_SDK      := $(patsubst %/,%,$(dir $(abspath $(lastword $(MAKEFILE_LIST)))))
CW_CC       ?= gcc
CW_CFLAGS   ?=
CW_SANITIZE ?= address,undefined
CW_APP      ?= app.json
CW_OUT      ?= build
CW_TESTS    ?= $(wildcard tests/*_test.c)
T           ?=

cw-flags := -std=gnu11 -g -Og -Wall -Wextra -fno-pie -fno-omit-frame-pointer \
    $(if $(CW_SANITIZE),-fsanitize=$(CW_SANITIZE) -fno-sanitize-recover=all) \
    -I. -I$(CW_SDK)/include -I$(CW_SDK)/include/sdk $(CW_CFLAGS)
cw-core  := -Wl,--start-group $(CW_SDK)/lib/native/libcore.a $(CW_SDK)/lib/native/libbearssl.a \
    -Wl,--end-group
cw-names := $(patsubst tests/%_test.c,%,$(CW_TESTS))
cw-sources = $(or $($1.sources),$1.c)

.PHONY: all build test clean
all: build
build:
	causeway build $(CW_APP)

$(CW_OUT)/obj/unit.o: $(CW_SDK)/src/unit/unit.c
	@mkdir -p $(@D)
	@$(CW_CC) $(cw-flags) -MMD -MP -c $< -o $@
$(CW_OUT)/obj/sdk/seal.o: $(CW_SDK)/src/sdk/seal.c
	@mkdir -p $(@D)
	@$(CW_CC) $(cw-flags) -MMD -MP -c $< -o $@
$(CW_OUT)/obj/%.o: %.c
	@mkdir -p $(@D)
	@$(CW_CC) $(cw-flags) -MMD -MP -c $< -o $@

# The module's variables get sections of their own, so that each test can begin with a new life.
define cw-test-rules
$(CW_OUT)/obj/modules/$1.o: $(patsubst %.c,$(CW_OUT)/obj/%.o,$(call cw-sources,$1))
	@mkdir -p $$(@D)
	@ld -r -o $$@.joined $$^
	@objcopy --rename-section .data=cw_module_data \
	    --rename-section .bss=cw_module_bss,alloc,load,data,contents $$@.joined $$@
$(CW_OUT)/tests/$1_test: $(CW_OUT)/obj/tests/$1_test.o $(CW_OUT)/obj/modules/$1.o \
    $(CW_OUT)/obj/unit.o $(CW_OUT)/obj/sdk/seal.o
	@mkdir -p $$(@D)
	@$(CW_CC) -no-pie $(cw-flags) -o $$@ $$^ $(cw-core) -lcmocka
endef
$(foreach n,$(cw-names),$(eval $(call cw-test-rules,$n)))

test: $(foreach n,$(if $(T),$(T),$(cw-names)),$(CW_OUT)/tests/$n_test)
	@failed=0; for t in $^; do "$(if $(filter-out /%,$(CW_OUT)),./)$$t" || failed=1; done; exit $$failed

clean:
	rm -rf $(CW_OUT)

-include $(wildcard $(CW_OUT)/obj/*.d $(CW_OUT)/obj/*/*.d)
