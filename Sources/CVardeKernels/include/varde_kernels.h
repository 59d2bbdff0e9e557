// Byte kernels with twins for newer processors, chosen at run time.
#pragma once
#include "varde_bounds.h"
#include "varde_build.h"
#include "varde_clock.h"
#include "varde_columns.h"
#include "varde_files.h"
#include "varde_grams.h"
#include "varde_json.h"
#include "varde_memory.h"
#include "varde_privacy.h"
#include "varde_private_file.h"
#include "varde_resolve.h"
#include "varde_sample_text.h"
#include "varde_templates.h"
#include "varde_terminal.h"

#ifdef __cplusplus
extern "C" {
#endif

/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78) of `bytes`, going on from `crc` (0 at the start).
uint32_t varde_crc32c(uint32_t crc, const uint8_t *VARDE_BYTES(count) bytes VARDE_NOESCAPE, size_t count);

/// The same by table, for comparison in tests.
uint32_t varde_crc32c_portable(uint32_t crc, const uint8_t *VARDE_BYTES(count) bytes VARDE_NOESCAPE, size_t count);

/// Offset of the first occurrence of `needle` in `haystack` at or after `from`, or -1. An empty needle is found at `from`.
int64_t varde_find(const uint8_t *VARDE_BYTES(count) haystack VARDE_NOESCAPE, size_t count, size_t from,
                   const uint8_t *VARDE_BYTES(needle_count) needle VARDE_NOESCAPE, size_t needle_count);

#ifdef __cplusplus
}
#endif
