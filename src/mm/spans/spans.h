/* SPDX-License-Identifier: MIT */
/* Spans: allocations of several consecutive granules of a zone, each as long
 * as its request, with the lengths held beside the granules in two bits each.
 *
 * zalloc gives a request of 33 bytes an entry of 64.  Here it gets five
 * granules of 8, and the next request begins right behind them.
 */
#ifndef MM_SPANS_SPANS_H
#define MM_SPANS_SPANS_H

#include "mm/heap/heap.h"
#include "mm/heap/page_source.h"

#define SPANS_BYTES_MAX 1024u

/* A row of a policy, which says which granule serves which size: this row
 * serves requests up to `limit` bytes, if no earlier row serves them.  The row
 * after the last has no name.  Where `limit` is one granule, a row is a size
 * class. */
struct spans_row {
    const char *name;
    uint16_t granule_bytes;
    uint16_t limit; /* bytes, SPANS_BYTES_MAX in the last row */
};

/* The kernel's policy: granules of 8 up to 256 bytes, of 32 above. */
extern const struct spans_row spans_shared[];

/* Starts with no zones.  May be called again at any time, once the source has
 * got its pages back by other means; what was allocated before is forgotten. */
enum stage_state spans_init(const struct page_source *source,
                            const struct spans_row *policy);

/* A span of as many granules as hold `bytes`.  NULL, and nothing changed, if
 * no free run is long enough and there is no page for a new zone, and for
 * what is not ours: 0 or more than SPANS_BYTES_MAX bytes, or an alignment
 * above HEAP_ALIGNMENT. */
void *spans_alloc(size_t bytes, size_t alignment);
/* On any error nothing changes. */
enum heap_error spans_free(void *payload);
/* Makes the span hold `bytes` where it stands: gives its last granules back,
 * or takes from a free run behind it, up to what the policy lets a span of
 * this granule have.  False, and nothing changed, if that is not enough. */
bool spans_resize(void *payload, size_t bytes);
/* Bytes of the span's granules; 0 if no span begins at `payload`. */
size_t spans_size(const void *payload);
bool spans_owns(const void *payload);
bool spans_walk(block_visitor visit, void *context);

/* The first invariant of spans.c that does not hold. */
struct violation spans_check(void);

extern const struct heap_backend spans_backend;

#endif
