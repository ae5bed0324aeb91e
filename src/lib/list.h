/* SPDX-License-Identifier: MIT */
/* A doubly linked list whose links are inside the items.
 *
 *      +------------------------------------------------+
 *      v                                                |
 *     head <--> a.link <--> b.link <--> c.link <--> (head again)
 *
 * The head is a link like the others and the list is a circle, so inserting
 * and removing have no special case for the first, the last or the only item.
 * An empty list is a head that points at itself.  The list allocates nothing:
 * the owner of an item also owns its link.
 *
 *     I1: for every link, link->next->previous == link
 *                     and link->previous->next == link.
 *
 * list_remove() checks I1 before it writes.  It writes through two pointers
 * from the link.  If a stray write has changed them, these would be two more
 * stray writes, to addresses of an attacker's choice.  If both neighbours point
 * back, the link is really in a list.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include "lib/panic.h"

#include <stdbool.h>
#include <stddef.h>

struct list_link {
    struct list_link *previous, *next;
};

/* The struct of type `type_` whose member `member_` is `*link_`. */
#define LIST_ITEM(link_, type_, member_) \
    ((type_ *)(void *)((char *)(link_)-offsetof(type_, member_)))

static inline void list_init(struct list_link *head)
{
    head->previous = head->next = head;
}

static inline bool list_is_empty(const struct list_link *head)
{
    return head->next == head;
}

/* before <--> after   becomes   before <--> link <--> after */
static inline void list_insert_between(struct list_link *before,
                                       struct list_link *link,
                                       struct list_link *after)
{
    ASSERT_HOLDS(&before->next, after);
    ASSERT_HOLDS(&after->previous, before);
    link->previous = before;
    link->next = after;
    before->next = link;
    after->previous = link;
}

static inline void list_insert_after(struct list_link *before,
                                     struct list_link *link)
{
    list_insert_between(before, link, before->next);
}

static inline void list_insert_before(struct list_link *after,
                                      struct list_link *link)
{
    list_insert_between(after->previous, link, after);
}

/* The link keeps pointing at itself, so removing it twice does nothing. */
static inline void list_remove(struct list_link *link)
{
    struct list_link *before = link->previous, *after = link->next;

    ASSERT_HOLDS(&before->next, link);
    ASSERT_HOLDS(&after->previous, link);
    before->next = after;
    after->previous = before;
    list_init(link);
}

#endif
