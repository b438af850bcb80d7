# SPDX-License-Identifier: MIT
# Neutral: all that needs an operating system.
host.lib += $(wildcard posix/*.c)
host.pkgs += openssl
