# SPDX-License-Identifier: MIT
# Linux in the normal world of a TrustZone board: Debian's kernel for arm64 and an initramfs, made
# of the packages that tools/foreign unpacked, with a causeway-node and a client for the tests.

LINUX := $(B)/linux
LINUX_ROOT := build/foreign/arm64/root
LINUX_KERNEL := $(wildcard $(LINUX_ROOT)/boot/vmlinuz-*)
LINUX_MISSING := $(call missing-tools,host-aarch64)

# What a node consists of, without the backends that need this machine's CPU or a board of another.
linux.node := node/main.c tee/trustzone/node/linux/backends.c \
    $(filter-out node/main.c node/backends.c,$(wildcard node/*.c)) $(wildcard posix/*.c) \
    $(core.plain) $(crypto.plain) core/crypto/spongent_permute.c \
    $(addprefix core/crypto/bearssl/,gcm.c gcm_ct64.c p256.c) \
    $(filter-out %/link_shim.c %/transports.c,$(wildcard tee/trustzone/node/*.c)) \
    $(wildcard tee/trustzone/node/linux/*.c)

$(eval $(call compile-rules,host-aarch64))
$(eval $(call archive-rules,host-aarch64,node,$(linux.node)))

# $(call linux-program-rules,NAME,OBJECTS,LIBRARIES)
define linux-program-rules
$(B)/host-aarch64/bin/$1: $2 $(MAKE_FILES)
	@mkdir -p $$(@D)
	$$(call say,LINK,$$@)$(host-aarch64.LD) $(host-aarch64.ldflags) -o $(T_) $$(filter %.o %.a,$$^) \
	    $3 && mv $(T_) $$@
LINUX_PROGRAMS += bin/$1=$(B)/host-aarch64/bin/$1
endef
$(if $(wildcard tee/trustzone/node/backend.c),$(eval $(call linux-program-rules,causeway-node,$(B)/host-aarch64/lib/libnode.a,\
    -luv -lssl -lcrypto -ljansson -lbearssl -lteec)))
$(eval $(call linux-program-rules,trustzone-client,\
    $(B)/host-aarch64/obj/tee/trustzone/tests/linux_client.c.o,-lteec))
OBJECTS += $(B)/host-aarch64/obj/tee/trustzone/tests/linux_client.c.o

$(call note-list,linux,$(LINUX_PROGRAMS))
$(LINUX)/initramfs.cpio: tee/trustzone/node/linux/initramfs.list tee/trustzone/node/linux/init \
    tools/initramfs $(LINUX_ROOT)/../complete $(foreach p,$(LINUX_PROGRAMS),$(lastword $(subst =, ,$p))) \
    $(call list-file,linux)
	@mkdir -p $(@D)
	$(call say,CPIO,$@)tools/initramfs -r $(LINUX_ROOT) -o $@ $< $(LINUX_PROGRAMS)
$(LINUX)/kernel: $(LINUX_ROOT)/../complete
	@mkdir -p $(@D)
	$(Q)ln -sf $(abspath $(LINUX_KERNEL)) $@

.PHONY: linux
linux: $(if $(LINUX_MISSING),,$(LINUX)/kernel $(LINUX)/initramfs.cpio) ## Linux for a TrustZone board: $(B)/linux
	$(if $(LINUX_MISSING),@echo 'linux is left out: missing $(LINUX_MISSING) (./run setup)')

-include $(sort $(patsubst %.o,%.d,$(filter $(B)/host-aarch64/%,$(OBJECTS))))
