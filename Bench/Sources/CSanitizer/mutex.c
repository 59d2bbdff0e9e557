// ThreadSanitizer sees Mutex' uncontended path, which is compiled into its users, but not the contended one in Swift's library, which is
// not instrumented: whatever two threads contend for would be reported. This takes the place of the latter in sanitized builds: it waits
// for the lock by trying, so the word never has waiters the other paths would have to wake.
#include "varde_sanitizer.h"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>

__attribute__((swiftcall)) void varde_mutex_lock_slow(uint32_t thread, __attribute__((swift_context)) _Atomic uint32_t *word)
    __asm__("$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF");

__attribute__((swiftcall)) void varde_mutex_lock_slow(uint32_t thread, __attribute__((swift_context)) _Atomic uint32_t *word) {
    for (;;) {
        uint32_t expected = 0;
        if (atomic_compare_exchange_weak_explicit(word, &expected, thread, memory_order_acquire, memory_order_relaxed)) return;
        sched_yield();
    }
}
#endif
#endif
