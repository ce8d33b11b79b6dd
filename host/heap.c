/*
 * One glibc heap for all threads, unless MALLOC_ARENA_MAX is set: see docs/performance.md, "Memory allocator".
 *
 * It has to be configured before the first thread starts. From Rust, that would take unsafe code.
 */
#include <malloc.h>
#include <stdlib.h>

__attribute__((constructor)) static void one_heap(void) {
    if (getenv("MALLOC_ARENA_MAX") == NULL) {
        mallopt(M_ARENA_MAX, 1);
    }
}
