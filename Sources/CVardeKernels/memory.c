#include "varde_memory.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Free bytes below which a process may keep what it will soon use again.
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
    // What is free but was given back before counts as free as well, so that this may try in vain.
    if (mallinfo2().fordblks > VARDE_FREE_IS_MUCH) malloc_trim(0);
#endif
}
