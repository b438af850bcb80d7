/* SPDX-License-Identifier: MIT */
/*
 * arch.h - SGX as its manual has it: numbers and the places of fields, for both sides of the chip.
 *
 * What     Offsets are bytes from the start of a structure, integers little-endian.  Nobody casts
 *          bytes to these structures: fields are read and written at their offsets.
 * Trust    neutral: facts.
 * Source   Intel SDM volume 3D, chapters 33 to 38; names as there.  Assembly includes it too.
 */
#ifndef CW_SILICON_SGX_ARCH_H
#define CW_SILICON_SGX_ARCH_H

#define SGX_PAGE_LEN 4096
#define SGX_CHUNK_LEN 256  /* what one EEXTEND measures */
#define SGX_KEY_LEN 16
#define SGX_HASH_LEN 32
#define SGX_CPUSVN_LEN 16
#define SGX_RSA_LEN 384

/* --- SECS: 4096 bytes ------------------------------------------------------------------------- */
#define SGX_SECS_SIZE 0          /* 8, a power of two                           */
#define SGX_SECS_BASE 8          /* 8, aligned to SIZE                          */
#define SGX_SECS_SSAFRAMESIZE 16 /* 4, pages                                    */
#define SGX_SECS_MISCSELECT 20   /* 4                                           */
#define SGX_SECS_CET_ATTRIBUTES 32 /* 1                                         */
#define SGX_SECS_ATTRIBUTES 48   /* 8 flags, 8 XFRM                             */
#define SGX_SECS_MRENCLAVE 64    /* 32                                          */
#define SGX_SECS_MRSIGNER 128    /* 32                                          */
#define SGX_SECS_CONFIGID 192    /* 64                                          */
#define SGX_SECS_ISVPRODID 256   /* 2                                           */
#define SGX_SECS_ISVSVN 258      /* 2                                           */
#define SGX_SECS_CONFIGSVN 260   /* 2                                           */

#define SGX_ATTRIBUTES_LEN 16
#define SGX_ATTR_INIT 0x1
#define SGX_ATTR_DEBUG 0x2
#define SGX_ATTR_MODE64BIT 0x4
#define SGX_ATTR_PROVISIONKEY 0x10
#define SGX_ATTR_EINITTOKENKEY 0x20
#define SGX_ATTR_CET 0x40
#define SGX_ATTR_KSS 0x80
#define SGX_ATTR_AEXNOTIFY 0x400
#define SGX_XFRM_LEGACY 0x3 /* x87 and SSE: always set */
#define SGX_XFRM_AVX 0x4
#define SGX_MISC_EXINFO 0x1 /* #PF and #GP are reported in the SSA */

/* --- SECINFO: 64 bytes, flags 8 -------------------------------------------------------------- */
#define SGX_SECINFO_LEN 64
#define SGX_SECINFO_MEASURED_LEN 48 /* of it, EADD measures */
#define SGX_SECINFO_R 0x1
#define SGX_SECINFO_W 0x2
#define SGX_SECINFO_X 0x4
#define SGX_SECINFO_TYPE_SHIFT 8
#define SGX_SECINFO_TYPE_MASK 0xff00
#define SGX_SECINFO_TCS 0x100
#define SGX_SECINFO_REG 0x200

/* --- TCS: 4096 bytes; a page of type TCS, measured, never mapped for the enclave -------------- */
#define SGX_TCS_STATE 0    /* 8, 0 in an image                  */
#define SGX_TCS_FLAGS 8    /* 8                                 */
#define SGX_TCS_OSSA 16    /* 8, from the base                  */
#define SGX_TCS_CSSA 24    /* 4, 0 in an image                  */
#define SGX_TCS_NSSA 28    /* 4                                 */
#define SGX_TCS_OENTRY 32  /* 8, from the base                  */
#define SGX_TCS_AEP 40     /* 8, 0 in an image                  */
#define SGX_TCS_OFSBASE 48 /* 8, from the base                  */
#define SGX_TCS_OGSBASE 56 /* 8, from the base                  */
#define SGX_TCS_FSLIMIT 64 /* 4                                 */
#define SGX_TCS_GSLIMIT 68 /* 4                                 */
#define SGX_TCS_RESERVED 72
#define SGX_TCS_DBGOPTIN 0x1
#define SGX_TCS_LIMIT_ALL 0xffffffff

/* --- SSA frame: XSAVE area at its start, MISC and GPRSGX at its end ---------------------------- */
#define SGX_GPRSGX_LEN 184
#define SGX_GPR_RAX 0
#define SGX_GPR_RCX 8
#define SGX_GPR_RDX 16
#define SGX_GPR_RBX 24
#define SGX_GPR_RSP 32
#define SGX_GPR_RBP 40
#define SGX_GPR_RSI 48
#define SGX_GPR_RDI 56
#define SGX_GPR_R8 64 /* R8 to R15, 8 bytes each */
#define SGX_GPR_RFLAGS 128
#define SGX_GPR_RIP 136
#define SGX_GPR_URSP 144
#define SGX_GPR_URBP 152
#define SGX_GPR_EXITINFO 160 /* 4: vector 7..0, type 10..8, valid 31 */
#define SGX_GPR_AEXNOTIFY 167
#define SGX_GPR_FSBASE 168
#define SGX_GPR_GSBASE 176
#define SGX_EXINFO_LEN 16 /* just below GPRSGX: MADDR 8, ERRCD 4 */
#define SGX_EXINFO_MADDR 0
#define SGX_EXINFO_ERRCD 8
#define SGX_EXITINFO_VALID 0x80000000
#define SGX_EXITINFO_HARDWARE 0x300
#define SGX_EXITINFO_SOFTWARE 0x600

#define SGX_VECTOR_DE 0
#define SGX_VECTOR_DB 1
#define SGX_VECTOR_BP 3
#define SGX_VECTOR_BR 5
#define SGX_VECTOR_UD 6
#define SGX_VECTOR_GP 13
#define SGX_VECTOR_PF 14
#define SGX_VECTOR_MF 16
#define SGX_VECTOR_AC 17
#define SGX_VECTOR_XM 19

/* --- SIGSTRUCT: 1808 bytes; signed are 0..127 and 900..1027 ----------------------------------- */
#define SGX_SIGSTRUCT_LEN 1808
#define SGX_SIG_HEADER 0     /* 16: 06000000 e1000000 00000100 00000000      */
#define SGX_SIG_VENDOR 16    /* 4: 0 or 0x8086                               */
#define SGX_SIG_DATE 20      /* 4: BCD yyyymmdd                              */
#define SGX_SIG_HEADER2 24   /* 16: 01010000 60000000 60000000 01000000      */
#define SGX_SIG_SWDEFINED 40 /* 4                                            */
#define SGX_SIG_RESERVED1 44 /* 84                                           */
#define SGX_SIG_MODULUS 128  /* 384, little-endian                           */
#define SGX_SIG_EXPONENT 512 /* 4: 3                                         */
#define SGX_SIG_SIGNATURE 516 /* 384                                         */
#define SGX_SIG_MISCSELECT 900
#define SGX_SIG_MISCMASK 904
#define SGX_SIG_CET 908      /* attributes 1, mask 1                         */
#define SGX_SIG_RESERVED2 910 /* 2                                           */
#define SGX_SIG_ISVFAMILYID 912 /* 16                                        */
#define SGX_SIG_ATTRIBUTES 928  /* 16                                        */
#define SGX_SIG_ATTRIBUTEMASK 944 /* 16                                      */
#define SGX_SIG_ENCLAVEHASH 960 /* 32                                        */
#define SGX_SIG_RESERVED3 992   /* 16                                        */
#define SGX_SIG_ISVEXTPRODID 1008 /* 16                                      */
#define SGX_SIG_ISVPRODID 1024
#define SGX_SIG_ISVSVN 1026
#define SGX_SIG_RESERVED4 1028 /* 12 */
#define SGX_SIG_Q1 1040        /* 384: floor(S^2 / M)                         */
#define SGX_SIG_Q2 1424        /* 384: floor(S (S^2 mod M) / M)               */
#define SGX_SIG_SIGNED1_LEN 128
#define SGX_SIG_SIGNED2 900
#define SGX_SIG_SIGNED2_LEN 128

/* --- reports ---------------------------------------------------------------------------------- */
#define SGX_TARGETINFO_LEN 512 /* aligned to 512 */
#define SGX_TARGET_MEASUREMENT 0
#define SGX_TARGET_ATTRIBUTES 32
#define SGX_TARGET_CET 48 /* 1 */
#define SGX_TARGET_CONFIGSVN 50
#define SGX_TARGET_MISCSELECT 52
#define SGX_TARGET_CONFIGID 64

#define SGX_REPORTDATA_LEN 64 /* aligned to 128 */

#define SGX_REPORT_LEN 432 /* aligned to 512 */
#define SGX_REPORT_BODY_LEN 384
#define SGX_REPORT_CPUSVN 0
#define SGX_REPORT_MISCSELECT 16
#define SGX_REPORT_ISVEXTPRODID 32
#define SGX_REPORT_ATTRIBUTES 48
#define SGX_REPORT_MRENCLAVE 64
#define SGX_REPORT_MRSIGNER 128
#define SGX_REPORT_CONFIGID 192
#define SGX_REPORT_ISVPRODID 256
#define SGX_REPORT_ISVSVN 258
#define SGX_REPORT_CONFIGSVN 260
#define SGX_REPORT_ISVFAMILYID 304
#define SGX_REPORT_REPORTDATA 320
#define SGX_REPORT_KEYID 384
#define SGX_REPORT_MAC 416

/* --- keys ------------------------------------------------------------------------------------- */
#define SGX_KEYREQUEST_LEN 512 /* aligned to 512 */
#define SGX_KEYREQ_KEYNAME 0
#define SGX_KEYREQ_KEYPOLICY 2
#define SGX_KEYREQ_ISVSVN 4
#define SGX_KEYREQ_CET_MASK 6
#define SGX_KEYREQ_CPUSVN 8
#define SGX_KEYREQ_ATTRIBUTEMASK 24
#define SGX_KEYREQ_KEYID 40
#define SGX_KEYREQ_MISCMASK 72
#define SGX_KEYREQ_CONFIGSVN 76
#define SGX_KEYREQ_RESERVED 78
#define SGX_KEYID_LEN 32

#define SGX_KEYNAME_EINITTOKEN 0
#define SGX_KEYNAME_PROVISION 1
#define SGX_KEYNAME_PROVISION_SEAL 2
#define SGX_KEYNAME_REPORT 3
#define SGX_KEYNAME_SEAL 4

#define SGX_KEYPOLICY_MRENCLAVE 0x1
#define SGX_KEYPOLICY_MRSIGNER 0x2
#define SGX_KEYPOLICY_NOISVPRODID 0x4
#define SGX_KEYPOLICY_CONFIGID 0x8
#define SGX_KEYPOLICY_ISVFAMILYID 0x10
#define SGX_KEYPOLICY_ISVEXTPRODID 0x20

/* --- ENCLU: 0f 01 d7, leaf in EAX -------------------------------------------------------------- */
#define SGX_EREPORT 0
#define SGX_EGETKEY 1
#define SGX_EENTER 2
#define SGX_ERESUME 3
#define SGX_EEXIT 4
#define SGX_EACCEPT 5
#define SGX_EMODPE 6
#define SGX_EACCEPTCOPY 7
#define SGX_EVERIFYREPORT2 8
#define SGX_EDECCSSA 9

/* Codes in RAX, with ZF set (0: none). */
#define SGX_OK 0
#define SGX_INVALID_SIG_STRUCT 1
#define SGX_INVALID_ATTRIBUTE 2
#define SGX_BLSTATE 3
#define SGX_INVALID_MEASUREMENT 4
#define SGX_INVALID_SIGNATURE 8
#define SGX_INVALID_EINITTOKEN 16
#define SGX_INVALID_CPUSVN 32
#define SGX_INVALID_ISVSVN 64
#define SGX_UNMASKED_EVENT 128
#define SGX_INVALID_KEYNAME 256

/* --- quotes (DCAP), version 3: what the quoting enclave makes of a report ------------------------- */
#define SGX_QUOTE_VERSION 0     /* 2: 3                                             */
#define SGX_QUOTE_KEY_TYPE 2    /* 2: ECDSA on P-256 with SHA-256                    */
#define SGX_QUOTE_TEE_TYPE 4    /* 4: SGX 0                                          */
#define SGX_QUOTE_QE_SVN 8      /* 2                                                 */
#define SGX_QUOTE_PCE_SVN 10    /* 2                                                 */
#define SGX_QUOTE_VENDOR 12     /* 16                                                */
#define SGX_QUOTE_USER_DATA 28  /* 20                                                */
#define SGX_QUOTE_BODY 48       /* SGX_REPORT_BODY_LEN                               */
#define SGX_QUOTE_SIGNED_LEN 432 /* header and body: what the attestation key signs  */
#define SGX_QUOTE_SIG_LEN 432   /* 4                                                 */
#define SGX_QUOTE_SIG 436       /* signature, key, QE report, its signature, auth data, certification data */
#define SGX_QUOTE_KEY_P256 2
#define SGX_QUOTE_CERT_PCK_CHAIN 5 /* PEM: leaf, intermediate, root                   */
#define SGX_QUOTE_VENDOR_LEN 16
#define SGX_QUOTE_VENDOR_INTEL \
    {0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07}
/* Not the manual's: no vendor's hardware, and everyone sees it: "causeway-sgx-emu". */
#define SGX_QUOTE_VENDOR_EMULATED \
    {'c', 'a', 'u', 's', 'e', 'w', 'a', 'y', '-', 's', 'g', 'x', '-', 'e', 'm', 'u'}

/* --- SGXS: the measured stream as a file -------------------------------------------------------- */
/* Headers of 64 bytes: tag 8, then as below, zeros; EEXTEND and UNMEASRD are followed by 256 bytes. */
#define SGX_SGXS_HEADER_LEN 64
#define SGX_SGXS_ECREATE "ECREATE"  /* with its NUL: SSAFRAMESIZE 4, SIZE 8 */
#define SGX_SGXS_EADD "EADD\0\0\0"  /* offset 8, SECINFO's first 48          */
#define SGX_SGXS_EEXTEND "EEXTEND"  /* offset 8                              */
#define SGX_SGXS_UNMEASURED "UNMEASRD" /* offset 8; not hashed; no NUL       */

#endif
