/* SPDX-License-Identifier: MIT */
/*
 * The extension of PCK certificates: a sequence of (OID, value), each at most once, in any order.
 * An OID that is not known is left alone; its place in the sequence is still DER.
 */
#include <string.h>

#include "tee/sgx/owner/chain.h"
#include "tee/sgx/owner/der.h"

/* 1.2.840.113741.1.13.1 */
static const uint8_t prefix[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};

enum { PPID = 1, TCB, PCEID, FMSPC, TYPE, INSTANCE, CONFIGURATION };
enum { TCB_PCESVN = 17, TCB_CPUSVN = 18 };

/* The last arcs of an OID that begins with the prefix; 0: another OID. */
static unsigned arc_of(struct cw_der *pair, size_t arcs, unsigned above)
{
    struct cw_der oid = cw_der_enter(pair, CW_DER_OID);
    if (oid.failed || oid.left_len != sizeof prefix + arcs ||
            memcmp(oid.next, prefix, sizeof prefix) != 0 ||
            (arcs == 2 && oid.next[sizeof prefix] != above)) {
        return 0;
    }
    unsigned arc = oid.next[oid.left_len - 1];
    return arc < 32 ? arc : 0;
}

static bool read_tcb(struct cw_der tcb, struct cw_chain_pck *pck)
{
    uint32_t seen = 0;
    while (!tcb.failed && tcb.left_len > 0) {
        struct cw_der pair = cw_der_enter(&tcb, CW_DER_SEQUENCE);
        unsigned arc = arc_of(&pair, 2, TCB);
        if (arc >= 1 && arc <= 16) {
            pck->components[arc - 1] = (uint8_t)cw_der_uint(&pair, CW_DER_INTEGER, 0xff);
        } else if (arc == TCB_PCESVN) {
            pck->pcesvn = (uint16_t)cw_der_uint(&pair, CW_DER_INTEGER, 0xffff);
        } else if (arc == TCB_CPUSVN) {
            cw_der_octets(&pair, pck->cpusvn, sizeof pck->cpusvn);
        } else {
            arc = 0;
            cw_der_skip(&pair);
        }
        if (!cw_der_finish(&pair) || (arc != 0 && (seen & 1u << arc) != 0)) {
            return false;
        }
        seen |= arc != 0 ? 1u << arc : 0;
    }
    return cw_der_finish(&tcb) && seen == 0x7fffeu;
}

bool cw_chain_pck_decode(const uint8_t *der, size_t len, struct cw_chain_pck *ret_pck)
{
    struct cw_chain_pck pck = {0};
    struct cw_der all = cw_der_over(der, len);
    struct cw_der list = cw_der_enter(&all, CW_DER_SEQUENCE);
    uint32_t seen = 0;
    while (!list.failed && list.left_len > 0) {
        struct cw_der pair = cw_der_enter(&list, CW_DER_SEQUENCE);
        unsigned arc = arc_of(&pair, 1, 0);
        if (arc == PPID) {
            cw_der_octets(&pair, pck.ppid, sizeof pck.ppid);
        } else if (arc == TCB) {
            if (!read_tcb(cw_der_enter(&pair, CW_DER_SEQUENCE), &pck)) {
                return false;
            }
        } else if (arc == PCEID) {
            cw_der_octets(&pair, pck.pceid, sizeof pck.pceid);
        } else if (arc == FMSPC) {
            cw_der_octets(&pair, pck.fmspc, sizeof pck.fmspc);
        } else if (arc == TYPE) {
            pck.type = cw_der_uint(&pair, CW_DER_ENUMERATED, 0xff);
        } else {
            cw_der_skip(&pair);
        }
        if (!cw_der_finish(&pair) || (arc != 0 && (seen & 1u << arc) != 0)) {
            return false;
        }
        seen |= arc != 0 ? 1u << arc : 0;
    }
    const uint32_t needed = 1u << PPID | 1u << TCB | 1u << PCEID | 1u << FMSPC | 1u << TYPE;
    if (!cw_der_finish(&list) || !cw_der_finish(&all) || (seen & needed) != needed) {
        return false;
    }
    *ret_pck = pck;
    return true;
}
