#include "varde_memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Free bytes a process may keep, as it will soon use them again.
#define VARDE_FREE_IS_MUCH (48u << 20)

void varde_memory_tune(void) {
#ifdef __GLIBC__
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
    mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
}

void varde_memory_give_back(void) {
#ifdef __GLIBC__
    // What is free but was given back before counts as free as well: only what became free since is looked at.
    static _Atomic size_t given;
    size_t is_free = mallinfo2().fordblks;
    if (is_free > given + VARDE_FREE_IS_MUCH) {
        malloc_trim(0);
        given = is_free;
    } else if (is_free < given) {
        given = is_free;
    }
#endif
}
