// What stands at the other end of a file descriptor.
#pragma once
#include <stdint.h>

/// Columns in the upper, rows in the lower 16 bits; 1 where it is a terminal of unknown size, 0 where it is none.
uint32_t varde_terminal_size(int descriptor);
