# SPDX-License-Identifier: MIT
# Fuzzing.  fuzz/NAME.c is a libFuzzer target, linked with all hosted code, which is compiled once
# more by clang for it.  No list names a target.  Beside it:
#
#   fuzz/corpus/NAME/        inputs that every run begins with
#   fuzz/NAME.dict           words of its language, where it has one
#   fuzz/NAME.c.with = ...   files linked besides the archive, ahead of it
#
# A line ` * Plant    FILE SED` in the comment at its head names a bug: a copy of FILE that SED
# changed, linked in place of FILE, must be found.

FUZZ_TARGETS := $(sort $(patsubst fuzz/%.c,%,$(wildcard fuzz/*.c)))
FUZZ_CHOSEN   = $(if $T,$(foreach t,$(FUZZ_TARGETS),$(if $(findstring $T,$t),$t)),$(FUZZ_TARGETS))
FUZZ_PLANTS   = $(FUZZ_CHOSEN)
FUZZ_MISSING := $(call missing-tools,fuzz)
fuzz.flags   += $(filter-out -I. -I/usr/include,$(shell pkg-config --cflags $(PKGS)))
$(foreach f,$(host.lib) $(foreach t,$(FUZZ_TARGETS),$(fuzz/$t.c.with)),\
    $(eval $f.fuzz.cflags := $($f.host.cflags)))

# Cryptography decodes nothing, and is most of the time: as fast as in the product.
$(foreach f,$(filter core/crypto/%,$(host.lib)),\
    $(eval $f.fuzz.cflags := -O2 -fno-sanitize=all))

$(eval $(call compile-rules,fuzz))
$(eval $(call archive-rules,fuzz,causeway,$(filter-out $(PROGRAM_SOURCES),$(sort $(host.lib)))))
$(eval $(call archive-rules,fuzz,test-support,$(SUPPORT_SOURCES) $(wildcard fuzz/support/*.c)))
FUZZ_LIBS := $(B)/fuzz/lib/libtest-support.a $(B)/fuzz/lib/libcauseway.a

# $(call fuzz-rules,NAME)
define fuzz-rules
fuzz.$1.objects := $(call objects,fuzz,fuzz/$1.c $(fuzz/$1.c.with))
$(B)/fuzz/bin/$1: $$(fuzz.$1.objects) $(FUZZ_LIBS) $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$(fuzz.LD) $(fuzz.ldflags) -o $(T_) $$(filter %.o,$$^) $(FUZZ_LIBS) \
	    $(ALL_LIBS) && mv $(T_) $$@

$(B)/fuzz/planted/$1: $(B)/fuzz/bin/$1
	@mkdir -p $$(@D)
	$$(call say,PLANT,$$@)plant=$$$$(sed -n 's/^ \* Plant  *//p' fuzz/$1.c); \
	    file=$$$${plant%% *}; copy=$$@.c; object=$(B)/fuzz/obj/$$$$file.o; \
	    [ -n "$$$$plant" ] || { echo "fuzz/$1.c: no line \` * Plant    FILE SED'" >&2; exit 1; }; \
	    sed "$$$${plant#* }" "$$$$file" >"$$$$copy" || exit 1; \
	    ! cmp -s "$$$$file" "$$$$copy" || { echo "fuzz/$1.c: its plant changes nothing" >&2; exit 1; }; \
	    $(fuzz.CC) $(fuzz.flags) -c "$$$$copy" -o $$@.o && \
	    $(fuzz.LD) $(fuzz.ldflags) -o $(T_) \
	        $$$$(printf '%s\n' $$(fuzz.$1.objects) | grep -vxF "$$$$object") $$@.o $(FUZZ_LIBS) \
	        $(ALL_LIBS) && mv $(T_) $$@
OBJECTS += $$(fuzz.$1.objects)
endef
$(foreach t,$(FUZZ_TARGETS),$(eval $(call fuzz-rules,$t)))

RUN_FUZZ = tools/run-fuzz -o $(B)/fuzz -s $(FUZZ_SECONDS)
.PHONY: prove fuzz fuzz-selftest fuzz-targets fuzz-tools list-fuzz
fuzz-tools:
	@$(if $(FUZZ_MISSING),echo 'fuzzing needs $(FUZZ_MISSING) (./run setup)' >&2; exit 1,:)
	@ls $$($(fuzz.CC) -print-resource-dir)/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || { \
	    echo 'fuzzing needs the package libclang-rt-14-dev (./run setup)' >&2; exit 1; }
fuzz-targets: fuzz-tools $(patsubst %,$(B)/fuzz/bin/%,$(FUZZ_TARGETS))
fuzz: fuzz-tools $(patsubst %,$(B)/fuzz/bin/%,$(FUZZ_CHOSEN)) ## run the fuzz targets (T=name, FUZZ_SECONDS=5 each)
	$(Q)$(RUN_FUZZ) $(FUZZ_CHOSEN)
fuzz-selftest: fuzz-tools $(patsubst %,$(B)/fuzz/planted/%,$(FUZZ_PLANTS)) ## each must find the bug planted for it
	$(Q)$(RUN_FUZZ) -p $(FUZZ_PLANTS)
prove: ## the contracts of trusted code, by Frama-C: goals proved of all
	$(Q)tools/prove
list-fuzz: ; @echo $(FUZZ_TARGETS)

-include $(sort $(patsubst %.o,%.d,$(filter $(B)/fuzz/%,$(OBJECTS))))
