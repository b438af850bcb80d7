/* SPDX-License-Identifier: MIT */
/*
 * list.h - circular lists through members of what is listed: no allocation, removal from
 * anywhere.
 *
 * Memory   A head that was initialised is a list; a member that is not in a list points at
 *          itself, so that removing it twice does nothing.
 */
#ifndef CW_NODE_LIST_H
#define CW_NODE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct cw_list {
    struct cw_list *next, *previous;
};

/* The struct of that type whose member this is. */
#define CW_LISTED(place, type, member) \
    ((type *)(void *)((char *)(place) - offsetof(type, member)))

/* The body may remove the place that it visits. */
#define CW_LIST_EACH(place, head) \
    for (struct cw_list *place = (head)->next, *place##_next = place->next; place != (head); \
            place = place##_next, place##_next = place->next)

static inline void cw_list_init(struct cw_list *list)
{
    list->next = list;
    list->previous = list;
}

static inline bool cw_list_is_empty(const struct cw_list *list)
{
    return list->next == list;
}

static inline void cw_list_remove(struct cw_list *member)
{
    member->previous->next = member->next;
    member->next->previous = member->previous;
    cw_list_init(member);
}

/* A member of another list leaves that list. */
static inline void cw_list_append(struct cw_list *head, struct cw_list *member)
{
    cw_list_remove(member);
    member->previous = head->previous;
    member->next = head;
    head->previous->next = member;
    head->previous = member;
}

#endif
