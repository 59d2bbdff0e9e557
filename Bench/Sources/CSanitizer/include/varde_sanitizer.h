// Swift's Mutex as ThreadSanitizer can follow it: see mutex.c.
#pragma once
