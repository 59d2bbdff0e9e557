// What this binary was built from.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<ptrcheck.h>)
#include <ptrcheck.h>
#endif
#endif
#ifndef __counted_by
#define __counted_by(n)
#endif

/// The commit, copied to `output`; its length, 0 where it is not known.
int64_t varde_build_commit(uint8_t *__counted_by(capacity) output __attribute__((noescape)), size_t capacity);
