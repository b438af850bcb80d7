/* SPDX-License-Identifier: MIT */
/*
 * tls_engine.h - the AES and GHASH of a TLS connection.
 *
 * What     Exactly one of tls_ct64.c (any machine) and tls_x86ni.c (x86-64 with AES-NI and
 *          PCLMULQDQ, without asking the CPU) is in an image.
 * Trust    TRUSTED.  Constant time.
 */
#ifndef CW_CORE_CRYPTO_BEARSSL_TLS_ENGINE_H
#define CW_CORE_CRYPTO_BEARSSL_TLS_ENGINE_H

#include <bearssl.h>

void cw_tls_engine_set(br_ssl_engine_context *engine);

#endif
