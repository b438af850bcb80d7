# SPDX-License-Identifier: MIT
# make install [DESTDIR=/tmp/package] [PREFIX=/usr/local], and make uninstall with the same words.
#
# Programs find the SDK by their own place (../lib/causeway/sdk), so a package folder may be moved
# anywhere as a whole.  INSTALLED has a pair PLACE=SOURCE for each file, places under PREFIX.

PREFIX    ?= /usr/local
DESTDIR   ?=
UNIT_DIR  ?= lib/systemd/system
SHELLS    := $(if $(wildcard deploy/cmd_completion.c),bash zsh fish)
COMPLETED := $(B)/completion
bash-place := share/bash-completion/completions/causeway
zsh-place  := share/zsh/site-functions/_causeway
fish-place := share/fish/vendor_completions.d/causeway.fish

# Where a man page goes: its section is the end of its name.
man-place = share/man/man$(subst .,,$(suffix $1))/$(notdir $1)
MAN_PAGES := $(wildcard deploy/*.[1-8] node/*.[1-8] silicon/*/*.[1-8] tests/adversary/*.[1-8])
EXAMPLES  := $(filter-out %.o,$(foreach e,$(wildcard examples/*.key examples/*/* examples/*/tests/*), \
    $(if $(wildcard $e/.),,$e)))
UNITS     := $(notdir $(wildcard share/systemd/*.service))
DOCUMENTS := README.md ARCHITECTURE.md CHANGELOG.md SECURITY.md LICENSE $(wildcard docs/*.md docs/*/*.md)

INSTALLED = $(foreach f,$(filter $(B)/host/bin/causeway%,$(filter-out %/causeway-siege,$(PROGRAM_FILES))),\
    bin/$(notdir $f)=$f) \
    $(foreach f,$(SDK_OUT),lib/causeway/$(patsubst $(B)/%,%,$f)=$f) \
    $(foreach f,$(EXAMPLES),share/causeway/$f=$f) \
    $(foreach f,$(DOCUMENTS),share/doc/causeway/$f=$f) \
    $(foreach f,$(MAN_PAGES),$(call man-place,$f)=$f) \
    share/causeway/app.schema.json=share/causeway/app.schema.json \
    share/causeway/output.schema.json=share/causeway/output.schema.json \
    share/pkgconfig/causeway.pc=share/causeway.pc \
    $(foreach s,$(SHELLS),$($s-place)=$(COMPLETED)/causeway.$s) \
    $(foreach u,$(UNITS),$(UNIT_DIR)/$u=$(B)/systemd/$u)

$(COMPLETED)/causeway.%: $(B)/host/bin/causeway
	@mkdir -p $(@D)
	$(Q)$< completion $* >$@.new && mv $@.new $@

# A unit names its program by a whole path.
FORCE: ;
$(B)/systemd/%.service: share/systemd/%.service FORCE
	@mkdir -p $(@D)
	$(Q)sed 's,@BINDIR@,$(PREFIX)/bin,' $< >$@.new && mv $@.new $@

MADE_FOR_IT := $(foreach s,$(SHELLS),$(COMPLETED)/causeway.$s) $(addprefix $(B)/systemd/,$(UNITS))
.PHONY: install uninstall FORCE
install: all $(MADE_FOR_IT) ## programs, SDK, man pages: DESTDIR= PREFIX=/usr/local
	$(file >$(B)/lists/installed,$(INSTALLED))
	$(Q)tools/install put '$(DESTDIR)$(PREFIX)' $(B)/lists/installed
uninstall: ## remove what install put there
	$(file >$(B)/lists/installed,$(INSTALLED))
	$(Q)tools/install remove '$(DESTDIR)$(PREFIX)' $(B)/lists/installed
