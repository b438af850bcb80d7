/* SPDX-License-Identifier: MIT */
/*
 * help.h - what the tables of verbs and options say, for people.
 */
#ifndef CW_DEPLOY_HELP_H
#define CW_DEPLOY_HELP_H

#include "deploy/verb.h"

/* cw_help_find - the verb of that name, or NULL: a line with the nearest one was logged. */
const struct cw_verb *cw_help_find(const struct cw_tables *tables, const char *name);

/* cw_help_takes - is it an option of this verb alone (or of some)? */
bool cw_help_takes(const struct cw_verb *verb, const char *option);

/* cw_help_refuse - log that the option is not one of this verb (NULL: no verb yet). */
void cw_help_refuse(const struct cw_tables *tables, const struct cw_verb *verb,
        const char *option);

void cw_help_all(const struct cw_tables *tables);
void cw_help_one(const struct cw_tables *tables, const struct cw_verb *verb);

#endif
