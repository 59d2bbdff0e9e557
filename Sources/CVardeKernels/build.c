#include "varde_build.h"

#include <string.h>

#ifndef VARDE_COMMIT
#define VARDE_COMMIT ""
#endif

int64_t varde_build_commit(uint8_t *output, size_t capacity) {
    size_t size = strlen(VARDE_COMMIT);
    if (size > capacity) size = capacity;
    memcpy(output, VARDE_COMMIT, size);
    return (int64_t)size;
}
