#include "varde_memory.h"

#include <stdatomic.h>
#include <string.h>

#ifdef __GLIBC__
#include <malloc.h>
#endif

// Bytes of a stack below its caller that `varde_memory_wipe_stack` wipes: more than the calls between two of its calls take.
#define VARDE_WIPED_STACK (48u << 10)

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define VARDE_OTHER_ALLOCATOR 1
#endif
#endif

static _Atomic int wipes;

void varde_memory_wipe_begin(void) { atomic_store(&wipes, 1); }

/// A memset that is not left out although nobody reads what it wrote.
static inline void wipe(void *bytes, size_t count) {
    memset(bytes, 0, count);
    __asm__ volatile("" : : "r"(bytes) : "memory");
}

void varde_memory_wipe(const uint8_t *bytes, size_t count) {
    if (count > 0) wipe((void *)bytes, count);
}

__attribute__((noinline)) void varde_memory_wipe_stack(void) {
    if (!atomic_load_explicit(&wipes, memory_order_relaxed)) return;
    uint8_t room[VARDE_WIPED_STACK];
    wipe(room, sizeof room);
}

#if defined(__GLIBC__) && !defined(VARDE_OTHER_ALLOCATOR)
// The C library's `free` and `realloc` under their other names: ours take their place in the whole process, as the manual allows
// ("Replacing malloc"), and hand on to them.
void __libc_free(void *);
void *__libc_malloc(size_t);
void *__libc_realloc(void *, size_t);

/// Whether a block has pages of its own, which go back to the system when it is freed: the second bit of the size before it.
static inline int has_own_pages(const void *block) { return (((const size_t *)block)[-1] & 2) != 0; }

void free(void *block) {
    if (block && atomic_load_explicit(&wipes, memory_order_relaxed) && !has_own_pages(block)) wipe(block, malloc_usable_size(block));
    __libc_free(block);
}

void *realloc(void *block, size_t size) {
    if (!block || size == 0 || !atomic_load_explicit(&wipes, memory_order_relaxed) || has_own_pages(block))
        return __libc_realloc(block, size);
    size_t usable = malloc_usable_size(block);
    if (size <= usable) {
        // What is cut off is free afterwards; the rest stays where it is.
        wipe((uint8_t *)block + size, usable - size);
        return __libc_realloc(block, size);
    }
    void *moved = __libc_malloc(size);
    if (!moved) return NULL;
    memcpy(moved, block, usable);
    free(block);
    return moved;
}
#endif
