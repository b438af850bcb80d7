# SPDX-License-Identifier: MIT
# All rules of the build.  A folder joins in by a sources.mk (or a TEE's target.mk) that only
# assigns lists; all paths are from the root of the tree.  $(wildcard ...) is welcome.
#
#   host.lib += $(wildcard node/*.c)       hosted code: compiled for `host`, put into one archive
#                                          that programs and unit tests link ($(B)/host/lib/
#                                          libcauseway.a).  Sources of programs are left out of it
#                                          by themselves, so a wildcard may catch main.c.
#   PROGRAMS += causeway-node              a hosted program, $(B)/host/bin/causeway-node
#   causeway-node.sources = node/main.c    what is linked besides the archive
#   causeway-node.libs = libuv openssl     pkg-config packages (or: bearssl, fdt, m, pthread, dl)
#   causeway-node.static = openssl         the same, linked into the program: a faster start
#   host.pkgs += cmocka                    more packages that unit tests may use
#
#   msp430.groups += sancus                an archive $(B)/msp430/lib/libsancus.a
#   msp430.sancus = tee/sancus/enclave/... of these files (.c, .S).  Same for enclave-x86_64.
#                                          Group `core` (libcore.a) exists for both.
#   msp430.sancus.beneath = ...            trusted files that the group stands on, besides core
#   IMAGES += msp430/firmware.elf          a linked freestanding image, $(B)/msp430/firmware.elf
#   msp430/firmware.elf.sources = ...      files linked into it, in this order
#   msp430/firmware.elf.groups = core      archives searched after them
#   msp430/firmware.elf.script = x/link.ld
#   msp430/firmware.elf.ldflags = ...      (also: .libs = bearssl)
#   M/x.elf.archives = ...                 searched with the groups
#   M/x.elf.parts = M/y.bin                bytes linked into it: section .data of y.part.o
#   IMAGES += M/x.bin                      the bytes of M/x.elf, from its lowest address on; made
#                                          without this too when something else needs them
#
#   PATH.c.cflags = -mavx2                 extra flags of one file, on every machine
#   PATH.c.host.cflags = ...               ... on one machine
#   tee/foo/enclave/.cflags ...            there is none per folder: flags belong to a machine
#
#   SDK_INCLUDE += core/base/status.h      copied to $(B)/sdk/include/<same path>
#   SDK_FILES += lib/sancus/link.ld=tee/sancus/enclave/link.ld
#                                          $(B)/sdk/<left> is a copy of <right>; <right> may be
#                                          built: lib/sancus/libcore.a=$(B)/msp430/lib/libcore.a
#
# $(B)/sdk/machine/M.mk holds that machine's CC, CFLAGS, LD, LDFLAGS, AR, NM, OBJCOPY as lines
# `NAME = value`, so that module.mk and `causeway build` need not know a compiler.
#
# Unit tests need no list: tests/unit/**/X_test.c, tee/*/tests/X_test.c, silicon/*/tests/X_test.c,
# services/*/tests/X_test.c are each a cmocka program, linked with the archive, cmocka and all
# packages.  Rarely needed:
#   tests/unit/a/x_test.c.with = tee/t/enclave/copy.c   files linked besides, ahead of the archive
#   tests/unit/a/x_test.c.libs = ...                    (cflags as above)
# Files tests/support/*.c are in an archive that every unit test links.
# Script tests: tests/system/NN-name.sh, tests/adversary/*.sh and
# {tee,silicon,services}/*/tests/*.sh, run from the root; exit status 0 passed, 77 skipped (the
# last line printed says why).  A script that plays several cases may end with the line
# `N passed, N failed, N skipped`, which then counts.  A line `# timeout: 600` raises its limit.
#
# A program or test needs all of the archive to compile.  While a neighbour's file does not, K=1
# (make K=1 test T=reader) leaves that file out of the archive.
# Names of folders: objects $(B)/M/obj/PATH.o, archives $(B)/M/lib, programs $(B)/host/bin,
# tests $(B)/host/tests/PATH (without .c).

# --- machines whose tools are here --------------------------------------------------------------
missing-tools = $(strip $(foreach t,$($1.tools),$(if $(shell command -v $t),,$t)))
$(foreach m,$(MACHINES),$(eval $m.missing := $(call missing-tools,$m)))
LEFT_OUT := $(strip $(foreach m,$(MACHINES),$(if $($m.missing),$m)))
override MACHINES := $(filter-out $(LEFT_OUT),$(MACHINES))
ifeq ($(MAKE_RESTARTS),)
$(foreach m,$(LEFT_OUT),$(info machine $m is left out: missing $($m.missing) (./run setup)))
endif
ifeq ($(SAN),1)
override MACHINES := $(filter host,$(MACHINES))
endif
FREESTANDING := $(filter-out host,$(MACHINES))

# --- lists --------------------------------------------------------------------------------------
SOURCES_MK := $(sort $(wildcard $(foreach d,core sdk unit posix node deploy ui emon silicon examples \
    bench fuzz tests,$d/sources.mk $d/*/sources.mk $d/*/*/sources.mk) \
    tee/sources.mk tee/*/target.mk tee/*/sources.mk tee/*/*/sources.mk tee/*/*/*/sources.mk \
    services/sources.mk services/*/sources.mk services/*/*/sources.mk))
include $(SOURCES_MK)

MAKE_FILES := GNUmakefile config.mk $(wildcard mk/*.mk)
Q := $(if $(filter 1,$(V)),,@)
say = $(if $(filter 1,$(V)),,@$(if $(QUIET),,printf '  %-8s %s\n' '$1' '$2';))
QUIET := $(findstring s,$(filter-out -% %=%,$(firstword $(MAKEFLAGS))))

# A file that changes when the list $2 changes, so that what is made of the list is made anew.
$(shell mkdir -p $(B)/lists)
list-file = $(B)/lists/$(subst /,_,$1)
same      = $(and $(findstring <$1>,<$2>),$(findstring <$2>,<$1>))
note-list = $(if $(call same,list: $(strip $2),$(strip $(file <$(call list-file,$1)))),,$(file \
    >$(call list-file,$1),list: $(strip $2)))

comma := ,

# --- libraries ----------------------------------------------------------------------------------
PLAIN_LIBS := bearssl fdt m pthread dl rt
PKGS       := $(filter-out $(PLAIN_LIBS),$(sort cmocka $(host.pkgs) \
    $(foreach p,$(PROGRAMS),$($p.libs) $($p.static))))
lib-flags   = $(foreach l,$(filter $(PLAIN_LIBS),$1),-l$l) \
    $(if $(filter-out $(PLAIN_LIBS),$1),$(shell pkg-config --libs $(filter-out $(PLAIN_LIBS),$1)))
PKGS_MISSING := $(if $(filter host,$(MACHINES)),$(shell for p in $(PKGS); do \
    pkg-config --exists $$p || echo $$p; done))
ifneq ($(PKGS_MISSING),)
$(error pkg-config does not know: $(PKGS_MISSING).  `./run setup` installs what is missing)
endif
host.flags += $(filter-out -I. -I/usr/include,$(shell pkg-config --cflags $(PKGS)))
ALL_LIBS   := $(call lib-flags,$(PKGS)) -lbearssl -lfdt -lpthread

# K=1: a file that does not compile is left out of its archive instead of ending the build.
or-leave-out = $(if $(filter 1,$(K)),echo "LEFT OUT $$<"; rm -f $$@,false)
there        = $(if $(filter 1,$(K)),$$$$(ls $1 2>/dev/null),$1)

# Output appears under its name only when it is whole, so two builds may share a folder.
T_ := $$@.$$$$$$$$
finish-object = -MMD -MP -MT $$@ -MF $(T_).d -c $$< -o $(T_) && mv $(T_).d $$(@:.o=.d) \
	    && mv $(T_) $$@ || { rm -f $(T_).d; $(or-leave-out); }

# --- compiling ----------------------------------------------------------------------------------
define compile-rules
$(B)/$1/obj/%.c.o: %.c $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,CC,$1 $$<)$$($1.CC) $$($1.flags) $$($$<.cflags) $$($$<.$1.cflags) $(finish-object)

$(B)/$1/obj/%.S.o: %.S $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,AS,$1 $$<)$$($1.CC) $$($1.flags) $$($$<.cflags) $$($$<.$1.cflags) $(finish-object)

$(B)/$1/obj/%.part.o: $(B)/$1/%.bin
	@mkdir -p $$(@D)
	$(Q)$$($1.LD) -r -b binary -z noexecstack -o $(T_) $$< && mv $(T_) $$@
endef
$(foreach m,$(MACHINES),$(eval $(call compile-rules,$m)))
objects = $(sort $(patsubst %,$(B)/$1/obj/%.o,$2))
objects-in-order = $(patsubst %,$(B)/$1/obj/%.o,$2)

# $(call archive-rules,MACHINE,NAME,SOURCES)
define archive-rules
$(call note-list,$1-$2,$3)
$(B)/$1/lib/lib$2.a: $(call objects,$1,$3) $(call list-file,$1-$2)
	@mkdir -p $$(@D)
	$$(call say,AR,$$@)$($1.AR) qcsD $(T_) $(call there,$$(filter %.o,$$^)) && mv $(T_) $$@
OBJECTS += $(call objects,$1,$3)
ARCHIVES += $(B)/$1/lib/lib$2.a
endef

# --- freestanding archives and images -------------------------------------------------------------
$(foreach m,$(FREESTANDING),$(foreach g,$(sort $($m.groups)),\
    $(eval $(call archive-rules,$m,$g,$(sort $($m.$g))))))

# $(call image-rules,MACHINE,IMAGE)
define image-rules
$(call note-list,$2,$($2.sources))
$(B)/$2: $(call objects-in-order,$1,$($2.sources)) \
    $(patsubst $1/%.bin,$(B)/$1/obj/%.part.o,$($2.parts)) \
    $(foreach g,$($2.groups),$(B)/$1/lib/lib$g.a) $($2.archives) $($2.script) $(call list-file,$2)
	@mkdir -p $$(@D)
	$$(call say,LD,$$@)$($1.LD) $($1.ldflags) $($2.ldflags) $(addprefix -T ,$($2.script)) \
	    -Map=$$@.map -o $$@ $$(filter %.o,$$^) \
	    $(if $($2.groups),--start-group $$(filter %.a,$$^) --end-group) $(call lib-flags,$($2.libs))
$(B)/$(2:.elf=.bin): $(B)/$2
	$$(call say,COPY,$$@)$($1.OBJCOPY) -O binary $$< $(T_) && mv $(T_) $$@
OBJECTS += $(call objects,$1,$($2.sources))
IMAGE_FILES += $(B)/$2
endef
$(foreach m,$(FREESTANDING),$(foreach i,$(filter $m/%,$(filter-out %.bin,$(IMAGES))),\
    $(eval $(call image-rules,$m,$i))))
IMAGE_FILES += $(addprefix $(B)/,$(foreach m,$(FREESTANDING),$(filter $m/%.bin,$(IMAGES))))

# --- hosted archive and programs ------------------------------------------------------------------
PROGRAM_SOURCES := $(foreach p,$(PROGRAMS),$($p.sources))
SUPPORT_SOURCES := $(wildcard tests/support/*.c)
ifneq ($(filter host,$(MACHINES)),)
$(eval $(call archive-rules,host,causeway,$(filter-out $(PROGRAM_SOURCES),$(sort $(host.lib)))))
$(eval $(call archive-rules,host,test-support,$(SUPPORT_SOURCES)))
endif
HOST_LIB := $(B)/host/lib/libcauseway.a

define program-rules
$(B)/host/bin/$1: $(call objects,host,$($1.sources)) $(HOST_LIB) $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$(host.LD) $(host.ldflags) $($1.ldflags) -o $(T_) $$(filter %.o %.a,$$^) \
	    $(if $($1.static),-Wl$$(comma)-Bstatic $(call lib-flags,$($1.static)) -Wl$$(comma)-Bdynamic) \
	    $(call lib-flags,$($1.libs)) && mv $(T_) $$@ || { $(or-leave-out); }
OBJECTS += $(call objects,host,$($1.sources))
PROGRAM_FILES += $(B)/host/bin/$1
endef
$(if $(filter host,$(MACHINES)),$(foreach p,$(PROGRAMS),$(eval $(call program-rules,$p))))

# --- unit tests -----------------------------------------------------------------------------------
folder-tests = $(wildcard $1/*_test.c $1/*/*_test.c $1/*/*/*_test.c $1/*/*/*/*_test.c \
    $1/*/*/*/*/*_test.c)
TEST_SOURCES := $(sort $(call folder-tests,tests/unit) \
    $(wildcard $(foreach z,tee silicon services,$z/*/tests/*_test.c $z/*/tests/*/*_test.c)))
define test-rules
$(B)/host/tests/$(basename $1): $(call objects,host,$1 $($1.with)) $(B)/host/lib/libtest-support.a \
    $(HOST_LIB) $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$(host.LD) $(host.ldflags) $($1.ldflags) -o $(T_) $$(filter %.o,$$^) \
	    $(B)/host/lib/libtest-support.a $(HOST_LIB) $(call lib-flags,$($1.libs)) $(ALL_LIBS) \
	    && mv $(T_) $$@ || { $(or-leave-out); }
OBJECTS += $(call objects,host,$1 $($1.with))
TEST_FILES += $(B)/host/tests/$(basename $1)
endef
$(if $(filter host,$(MACHINES)),$(foreach t,$(TEST_SOURCES),$(eval $(call test-rules,$t))))
SCRIPT_TESTS := $(sort $(wildcard tests/system/*.sh tests/adversary/*.sh) \
    $(wildcard $(foreach z,tee silicon services,$z/*/tests/*.sh)))

# --- SDK ------------------------------------------------------------------------------------------
sdk-left  = $(B)/sdk/$(word 1,$(subst =, ,$1))
sdk-right = $(word 2,$(subst =, ,$1))
# What a machine that is not built for would have made is left out.
unmade   = $(filter-out $(wildcard $(filter $(FOREIGN)/%,$1)) $(addprefix $(B)/,$(addsuffix /%,$(MACHINES))),$(filter $(B)/%,$1))
SDK_USED := $(foreach f,$(sort $(SDK_FILES)),$(if $(call unmade,$(call sdk-right,$f)),,$f)) \
    $(foreach h,$(sort $(SDK_INCLUDE)),include/$h=$h)
define sdk-rules
$(call sdk-left,$1): $(call sdk-right,$1)
	@mkdir -p $$(@D)
	$(Q)cp $$< $(T_) && mv $(T_) $$@
SDK_OUT += $(call sdk-left,$1)
OBJECTS += $(filter %.o,$(call sdk-right,$1))
endef
# Flags for modules: no path of this tree, and warnings do not end another's build.
module-flags = $(filter-out -I. -Werror -ffile-prefix-map=%,$($1.flags))
define machine-rules
$(call note-list,sdk-$1,$($1.CC) $($1.flags) $($1.ldflags))
$(B)/sdk/machine/$1.mk: $(call list-file,sdk-$1) $(MAKE_FILES)
	@mkdir -p $$(@D)
	@printf '%s\n' '# How modules are built for $1; made by mk/rules.mk.' 'CC = $($1.CC)' \
	    'CFLAGS = $(call module-flags,$1)' 'LD = $($1.LD)' 'LDFLAGS = $($1.ldflags)' \
	    'AR = $($1.AR)' 'NM = $($1.NM)' 'OBJCOPY = $($1.OBJCOPY)' >$(T_) && mv $(T_) $$@
SDK_OUT += $(B)/sdk/machine/$1.mk
endef
ifneq ($(SAN),1)
$(foreach m,$(FREESTANDING),$(eval $(call machine-rules,$m)))
$(foreach f,$(SDK_USED),$(eval $(call sdk-rules,$f)))
endif

# Trusted sources of a list (LAYOUT: zones), but for the runtime that supplies what they lack.
trusted = $(foreach f,$(foreach f,$1,$(if $(filter rt.% rt_%,$(notdir $f)),,$f)),$(if $(filter core/% sdk/% emon/measured/%,$f)$(findstring \
    /enclave/,$f)$(findstring /module/,$f)$(findstring /client/,$f),$f))

# --- what one asks for ------------------------------------------------------------------------------
.PHONY: all programs images sdk list-tests list-unit-tests tests test check asan-test script-test layers promises freestanding tcb \
    optee-ta compdb bench clean help
all: programs images sdk ## everything that is built
programs: $(PROGRAM_FILES) ## hosted programs, $(B)/host/bin
images: $(IMAGE_FILES) $(ARCHIVES) ## freestanding archives and images
sdk: $(SDK_OUT) ## what `causeway build` compiles modules with, $(B)/sdk
tests: $(TEST_FILES) ## unit tests, not run

RUN_TESTS = tools/run-tests -o $(B)/test-logs -t $(TEST_TIMEOUT) $(if $(T),-m '$(T)')
test: all tests ## build all, run the unit tests (T=name: only those)
	$(Q)$(RUN_TESTS) $(TEST_FILES)
list-unit-tests: ; @echo $(TEST_FILES)
list-tests: ; @echo $(TEST_FILES) $(SCRIPT_TESTS)
script-test: all linux ## run the script tests (T=name: only those)
	$(Q)$(RUN_TESTS) $(SCRIPT_TESTS)
asan-test: ## unit tests under AddressSanitizer and UBSan, in build/asan
	$(Q)$(MAKE) --no-print-directory SAN=1 B=build/asan test
layers: ## who includes whom
	$(Q)tools/check-layers --self-test && tools/check-layers
freestanding: $(ARCHIVES) ## trusted code needs nothing that an enclave lacks
	$(Q)$(foreach m,$(FREESTANDING),{ export CC='$($m.CC) $($m.flags)' LD='$($m.LD)' NM='$($m.NM)'; \
	    tools/check-freestanding --self-test $m && \
	    $(foreach g,$(sort $($m.groups)),$(if $(call trusted,$($m.$g)),\
	        tools/check-freestanding $m $g \
	            $(call objects,$m,$(call trusted,$($m.core) $($m.$g) $($m.$g.beneath))) \
	            $($m.trusted-libs) &&)) true; } &&) true
promises: ## each promise and threat of the documents names tests that run
	$(Q)tools/check-promises --self-test
check: layers freestanding promises test ## all of these, under two minutes
	$(Q)$(if $(T),,tools/check-promises --ran $(B)/test-logs)
TCB        ?= docs/tcb.md
TCB_IMAGES ?= $(B)/tcb
tcb: images sdk $(B)/host/bin/causeway ## write docs/tcb.md: lines, bytes, worst stack of every trusted image
	$(Q)$(foreach m,$(FREESTANDING),tools/tcb-report --self-test $($m.CC) $($m.flags) &&) true
	$(Q)tools/tcb-images $(TCB_IMAGES) $(B) && tools/tcb-report -o $(TCB) $(TCB_IMAGES)/list
optee-ta: images ## MODULE=FILE.c [OWNER=owner_key.c] as an application of OP-TEE, $(B)/optee-ta/NAME
	$(Q)B=$(B) tools/optee-ta $(MODULE) $(if $(OWNER),--owner $(OWNER))
compdb: ## compile_commands.json for editors
	$(Q)tools/compdb
bench: all ## every benchmark beside its target (ROW=events: that one), about five minutes
	$(Q)bench/run $(ROW)
clean: ## remove $(B)
	rm -rf $(B)
help: ## this list
	@echo 'make TARGET [V=1] [SAN=1] [T=test]   knobs: config.mk   lists: mk/rules.mk'
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1\t\2/p' mk/*.mk | sed 's/\$$(B)/$(subst /,\/,$(B))/' \
	    | awk -F'\t' '{printf "  %-13s %s\n", $$1, $$2}'
	@echo '  print-VAR     the value of a make variable'
print-%:
	@echo '$* = $($*)'

-include $(sort $(patsubst %.o,%.d,$(OBJECTS)))
