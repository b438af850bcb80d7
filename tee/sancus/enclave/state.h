/* SPDX-License-Identifier: MIT */
/*
 * state.h - what a module is doing, as its entry code sees it; read by the assembler alone.
 *
 * Trust    TRUSTED; kept in the secret section.  Zero, as the chip leaves it, is a module that
 *          was never entered.  Odd values, so that none is a cleared or shifted other.
 */
#ifndef CW_TEE_SANCUS_ENCLAVE_STATE_H
#define CW_TEE_SANCUS_ENCLAVE_STATE_H

#define STATE_NEW 0
#define STATE_IDLE 0x1d01
#define STATE_RUNNING 0x2e03 /* also: broke off; it stays so */
#define STATE_LEFT 0x3b05    /* out in the middle of a call  */
#define STATE_DEVICE 0x470b  /* out at its device            */

#endif
