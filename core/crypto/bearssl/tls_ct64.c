/* SPDX-License-Identifier: MIT */
#include "core/crypto/bearssl/tls_engine.h"

void cw_tls_engine_set(br_ssl_engine_context *engine)
{
    br_ssl_engine_set_aes_ctr(engine, &br_aes_ct64_ctr_vtable);
    br_ssl_engine_set_ghash(engine, br_ghash_ctmul64);
}
