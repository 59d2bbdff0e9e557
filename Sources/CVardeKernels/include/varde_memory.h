// How the C library keeps memory for this process.
#pragma once

/// Few arenas and prompt return of what is free; nothing where the C library is another than glibc.
void varde_memory_tune(void);

/// Gives free pages back to the system where they may be many; nothing where the C library is another than glibc.
void varde_memory_give_back(void);
