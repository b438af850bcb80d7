/* SPDX-License-Identifier: MIT */
/*
 * doctor.h - what `causeway doctor` looks at; private to cmd_doctor.c and doctor_*.c.
 */
#ifndef CW_DEPLOY_DOCTOR_H
#define CW_DEPLOY_DOCTOR_H

#include "deploy/app.h"
#include "deploy/survey.h"

typedef enum cw_doctor_level {
    CW_DOCTOR_OK,
    CW_DOCTOR_WARNING, /* something that is not needed now, or may be meant  */
    CW_DOCTOR_ERROR,   /* something that is needed is not there or not right */
} cw_doctor_level;

struct cw_doctor {
    struct cw_app *app;
    struct json_t *checks; /* --json */
    bool is_described;     /* the descriptor is there and right */
    bool is_state_open;
    size_t counts[CW_DOCTOR_ERROR + 1];
    struct cw_survey *surveys; /* of the nodes, or NULL */
};

/* cw_doctor_say - a line.  remedy: NULL where nothing has to be done. */
__attribute__((format(printf, 5, 6))) void cw_doctor_say(struct cw_doctor *d,
        cw_doctor_level level, const char *check, const char *remedy, const char *format, ...);

/* cw_doctor_machine - tools, programs, random bytes, limits, clock: no descriptor is needed. */
void cw_doctor_machine(struct cw_doctor *d);

/* cw_doctor_ports - who holds what the nodes of the descriptor need on this machine. */
void cw_doctor_ports(struct cw_doctor *d);

/* cw_doctor_uses - is there a node of that tee in the descriptor? */
bool cw_doctor_uses(const struct cw_doctor *d, const char *tee);

#endif
