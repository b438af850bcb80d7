/* SPDX-License-Identifier: MIT */
/*
 * survey.h - what the nodes of a descriptor say of themselves, all asked at once.
 *
 * What     Looks only: pins nothing, and asks nothing of who has another key than the pinned one.
 * Trust    OWNER.  Whatever a node says is the node's word.
 * Memory   cw_survey_free frees all.
 */
#ifndef CW_DEPLOY_SURVEY_H
#define CW_DEPLOY_SURVEY_H

#include "deploy/app.h"

#define CW_SURVEY_PATIENCE_MS 5000u /* at most; --timeout may ask for less */

typedef enum cw_survey_state {
    CW_SURVEY_READY,
    CW_SURVEY_STOPPED,   /* local, and does not run            */
    CW_SURVEY_AWAY,      /* no connection                      */
    CW_SURVEY_OTHER_KEY, /* not the key that is pinned         */
    CW_SURVEY_REFUSES,   /* it does not serve this owner       */
    CW_SURVEY_OTHER_TEE, /* not what the descriptor says       */
} cw_survey_state;

struct cw_survey {
    const struct cw_descriptor_node *node;
    char address[256]; /* "": unknown */
    cw_survey_state state;
    char why[1024];               /* READY: "" */
    const char *remedy;           /* READY: NULL */
    char key[CW_TLS_FINGERPRINT_CAP]; /* of who answered; "": nobody */
    char pin[CW_TLS_FINGERPRINT_CAP]; /* "": none                    */
    bool is_pin_of_descriptor;
    struct json_t *status;        /* the answer to STATUS, or NULL */
    struct json_t *hello;         /* in it: what HELLO answers; NULL: nothing was said */
    long long skew_ms;            /* the node's clock minus ours, give or take wait_ms */
    long long wait_ms;
    bool has_skew;
};

/* cw_survey_make - one per node of the descriptor.  The state must be open. */
CW_MUST_CHECK cw_status cw_survey_make(struct cw_app *app, struct cw_survey **ret_surveys);

/* cw_survey_name - "ready", "stopped", "away", ... */
const char *cw_survey_name(cw_survey_state state);

/* cw_survey_protection - "protected", "emulated", "unprotected"; "unknown": nothing was said. */
const char *cw_survey_protection(const struct cw_survey *s);

void cw_survey_free(struct cw_survey *surveys, size_t count);

#endif
