/* SPDX-License-Identifier: MIT */
/* Spans: an allocation is several consecutive granules of a zone, only as many
 * as the request needs.  Two bits for each granule hold the lengths.
 *
 * For a request of 33 bytes zalloc uses an entry of 64.  Spans use five
 * granules of 8, and the next request begins directly after them.
 */
#ifndef MM_SPANS_SPANS_H
#define MM_SPANS_SPANS_H

#include "mm/heap/heap.h"
#include "mm/heap/page_source.h"

#define SPANS_BYTES_MAX 1024u

/* A row of a policy: it serves requests up to `limit` bytes that no earlier row
 * serves, in granules of `granule_bytes`.  The row after the last has no name.
 * A row whose limit is one granule is a size class. */
struct spans_row {
    const char *name;
    uint16_t granule_bytes;
    uint16_t limit; /* bytes, SPANS_BYTES_MAX in the last row */
};

/* The kernel's policy: granules of 8 up to 256 bytes, of 32 above. */
extern const struct spans_row spans_shared[];

/* Starts with no zones.  May be called again after the source has taken its
 * pages back; all spans are gone then. */
enum stage_state spans_init(const struct page_source *source,
                            const struct spans_row *policy);

/* A span of as many granules as hold `bytes`.  NULL, and nothing changed, if no
 * free run is long enough and there is no page for a new zone; also for 0 or
 * more than SPANS_BYTES_MAX bytes, and for an alignment above HEAP_ALIGNMENT.
 */
void *spans_alloc(size_t bytes, size_t alignment);
/* Frees a span.  On any error nothing changes. */
enum heap_error spans_free(void *payload);
/* Makes the span hold `bytes` in place: frees its last granules, or takes
 * granules from a free run after it, up to the longest span of this granule.
 * False, and nothing changed, if that is not enough. */
bool spans_resize(void *payload, size_t bytes);
/* Bytes of the span's granules; 0 if no span begins at `payload`. */
size_t spans_size(const void *payload);
/* Gives back the zones that are kept although they are empty; whether there
 * were any. */
bool spans_reclaim(void);
/* Whether `payload` is in a page of a zone. */
bool spans_owns(const void *payload);
/* Visits zone headers, spans and free runs by address; false if the visitor
 * ended the walk. */
bool spans_walk(block_visitor visit, void *context);

/* The first invariant of spans.c that does not hold. */
struct violation spans_check(void);

extern const struct heap_backend spans_backend;

#endif
