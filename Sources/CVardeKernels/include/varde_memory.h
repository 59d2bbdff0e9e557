// How the C library keeps memory for this process.
#pragma once
#include "varde_bounds.h"

/// Few arenas and prompt return of what is free; nothing where the C library is another than glibc.
void varde_memory_tune(void);

/// Gives free pages back to the system where they may be many; nothing where the C library is another than glibc.
void varde_memory_give_back(void);

/// From now on this process wipes memory before it is freed, so that nothing of what it held is in the pages that stay; only
/// where the C library is glibc, and not under sanitizers, which have allocators of their own.
void varde_memory_wipe_begin(void);

/// Wipes bytes nobody will read again, although others may still hold on to them.
void varde_memory_wipe(const uint8_t *VARDE_BYTES(count) bytes VARDE_NOESCAPE, size_t count);

/// Wipes what calls that have returned left on this thread's stack, where memory is wiped at all.
void varde_memory_wipe_stack(void);
