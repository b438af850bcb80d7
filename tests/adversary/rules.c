/* SPDX-License-Identifier: MIT */
#include "tests/adversary/rules.h"

#include <string.h>

#include "core/base/limits.h"

static const char *const act_names[] = {
        [CW_ACT_DROP] = "drop",
        [CW_ACT_SWAP] = "swap",
        [CW_ACT_DUPLICATE] = "duplicate",
        [CW_ACT_FLIP] = "flip",
        [CW_ACT_TRUNCATE] = "truncate",
        [CW_ACT_EXTEND] = "extend",
        [CW_ACT_DELAY] = "delay",
};

struct cw_filter cw_filter_all(void)
{
    return (struct cw_filter){CW_RULES_ANY, CW_RULES_ANY, CW_RULES_ANY, CW_RULES_ANY,
            CW_RULES_ANY, CW_RULES_ANY};
}

static bool fits(int64_t wanted, uint64_t is)
{
    return wanted == CW_RULES_ANY || (uint64_t)wanted == is;
}

bool cw_filter_fits(const struct cw_filter *filter, const struct cw_message *message)
{
    return fits(filter->pair, message->pair) && fits(filter->link, message->link)
            && fits(filter->from, (uint64_t)message->from) && fits(filter->type, message->type)
            && fits(filter->channel, message->channel)
            && fits(filter->counter, message->counter);
}

bool cw_act_named(const char *name, cw_act *ret_act)
{
    for (size_t i = 0; i < sizeof act_names / sizeof act_names[0]; i++) {
        if (strcmp(act_names[i], name) == 0) {
            *ret_act = (cw_act)i;
            return true;
        }
    }
    return false;
}

const char *cw_act_name(cw_act act)
{
    return act_names[act];
}

bool cw_rules_add(struct cw_rules *rules, const struct cw_rule *rule)
{
    for (size_t i = 0; i < CW_RULES_MAX; i++) {
        if (rules->rows[i].count == 0) {
            rules->rows[i] = *rule;
            return true;
        }
    }
    return false;
}

bool cw_rules_take(struct cw_rules *rules, const struct cw_message *message,
        struct cw_rule *ret_rule)
{
    for (size_t i = 0; i < CW_RULES_MAX; i++) {
        struct cw_rule *rule = &rules->rows[i];
        if (rule->count > 0 && cw_filter_fits(&rule->filter, message)) {
            rule->count--;
            *ret_rule = *rule;
            return true;
        }
    }
    return false;
}

static void set_length(uint8_t *bytes, size_t len)
{
    const size_t body_len = len - CW_LINK_HEADER_LEN;
    for (unsigned i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(body_len >> (8 * i));
    }
}

bool cw_rules_bend(cw_act act, uint32_t amount, uint8_t *bytes, size_t *len)
{
    const size_t body_len = *len - CW_LINK_HEADER_LEN;
    if (act == CW_ACT_FLIP) {
        if (amount / 8 >= body_len) {
            return false;
        }
        bytes[CW_LINK_HEADER_LEN + amount / 8] ^= (uint8_t)(1u << amount % 8);
        return true;
    }
    if (act == CW_ACT_TRUNCATE) {
        if (amount > body_len) {
            return false;
        }
        *len -= amount;
    } else if (act == CW_ACT_EXTEND) {
        if (body_len + amount > CW_LINK_MAX) {
            return false;
        }
        memset(bytes + *len, 0x5a, amount);
        *len += amount;
    }
    set_length(bytes, *len);
    return true;
}
