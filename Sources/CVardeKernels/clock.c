#include "varde_clock.h"

#include <string.h>
#include <time.h>
#ifdef __linux__
#include <sys/timex.h>
#endif

int64_t varde_wall_clock(void) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int32_t varde_clock_discipline(int64_t *output, size_t count) {
#ifdef __linux__
    struct timex clock = {.modes = 0};
    if (count < varde_clock_numbers) return 0;
    int state = adjtimex(&clock);
    if (state < 0) return 0;
    output[varde_clock_state] = state;
    output[varde_clock_offset] = clock.offset;
    output[varde_clock_frequency] = clock.freq;
    output[varde_clock_max_error] = clock.maxerror;
    output[varde_clock_estimated_error] = clock.esterror;
    output[varde_clock_status] = clock.status;
    output[varde_clock_constant] = clock.constant;
    output[varde_clock_tick] = clock.tick;
    output[varde_clock_pps_frequency] = clock.ppsfreq;
    output[varde_clock_pps_jitter] = clock.jitter;
    output[varde_clock_pps_shift] = clock.shift;
    output[varde_clock_pps_stability] = clock.stabil;
    output[varde_clock_pps_jitters] = clock.jitcnt;
    output[varde_clock_pps_calibrations] = clock.calcnt;
    output[varde_clock_pps_errors] = clock.errcnt;
    output[varde_clock_pps_stability_exceeded] = clock.stbcnt;
    output[varde_clock_tai] = clock.tai;
    return 1;
#else
    (void)output;
    (void)count;
    return 0;
#endif
}

int64_t varde_time_zone(uint8_t *output, size_t capacity) {
    time_t now = time(NULL);
    struct tm local;
    if (!localtime_r(&now, &local)) return 0;
    if (capacity > 0) {
        strncpy((char *)output, local.tm_zone ? local.tm_zone : "", capacity);
        output[capacity - 1] = 0;
    }
    return local.tm_gmtoff;
}
