# SPDX-License-Identifier: MIT
# What the owner's backends share.
host.lib += $(wildcard tee/owner/*.c)
host.pkgs += libelf
