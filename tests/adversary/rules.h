/* SPDX-License-Identifier: MIT */
/*
 * rules.h - what happens to the next messages that pass.
 *
 * What     A rule names the messages it is for and what is done to them, and is used up after
 *          `count` of them.  The first rule that fits a message decides.
 */
#ifndef CW_TESTS_ADVERSARY_RULES_H
#define CW_TESTS_ADVERSARY_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/adversary/history.h"

#define CW_RULES_MAX 32u
#define CW_RULES_ANY (-1)

/* Which messages; CW_RULES_ANY: all. */
struct cw_filter {
    int64_t pair;
    int64_t link;
    int64_t from;
    int64_t type;
    int64_t channel;
    int64_t counter;
};

typedef enum cw_act {
    CW_ACT_DROP,
    CW_ACT_SWAP,      /* behind the next message of its direction         */
    CW_ACT_DUPLICATE, /* twice                                            */
    CW_ACT_FLIP,      /* one bit, counted behind the link header          */
    CW_ACT_TRUNCATE,  /* amount bytes shorter, with a header that says so */
    CW_ACT_EXTEND,    /* amount bytes longer                              */
    CW_ACT_DELAY,     /* amount milliseconds                              */
} cw_act;

struct cw_rule {
    struct cw_filter filter;
    cw_act act;
    uint32_t amount;
    uint32_t count; /* left; 0: a free row */
};

struct cw_rules {
    struct cw_rule rows[CW_RULES_MAX];
};

/* cw_filter_all - everything. */
struct cw_filter cw_filter_all(void);
bool cw_filter_fits(const struct cw_filter *filter, const struct cw_message *message);

/* cw_act_named - false: no such act. */
bool cw_act_named(const char *name, cw_act *ret_act);
const char *cw_act_name(cw_act act);

/* cw_rules_add - false: all rows are taken. */
bool cw_rules_add(struct cw_rules *rules, const struct cw_rule *rule);

/* cw_rules_take - the rule for a message, counted down; false: none. */
bool cw_rules_take(struct cw_rules *rules, const struct cw_message *message,
        struct cw_rule *ret_rule);

/*
 * cw_rules_bend - flip, truncate or extend the bytes of a message in place.
 *
 * bytes  [*len] bytes with room for amount more (CW_ACT_EXTEND)
 *
 * false  there is no such bit, or nothing would be left
 */
bool cw_rules_bend(cw_act act, uint32_t amount, uint8_t *bytes, size_t *len);

#endif
