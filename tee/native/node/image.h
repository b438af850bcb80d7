/* SPDX-License-Identifier: MIT */
/*
 * image.h - is this what the owner's backend makes?
 *
 * What     A look at the headers of an ELF file, before a process is spent on it.  The kernel and
 *          the jail do not depend on it: it gives the owner an early and clear answer.
 * Trust    UNTRUSTED zone; the image is foreign bytes.  Pure.
 */
#ifndef CW_TEE_NATIVE_NODE_IMAGE_H
#define CW_TEE_NATIVE_NODE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cw_image_is_static - a whole static x86-64 executable, without loader or relocations. */
bool cw_image_is_static(const uint8_t *image, size_t image_len);

#endif
