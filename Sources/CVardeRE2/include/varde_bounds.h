// Bounds of pointer parameters, in the notation from which Swift derives functions over spans.
#pragma once
#include <stddef.h>
#include <stdint.h>

#if defined(__has_include)
#if __has_include(<ptrcheck.h>)
#include <ptrcheck.h>
#endif
#endif
// Compilers that know no bounds read plain pointers.
#ifndef __counted_by
#define __counted_by(n)
#endif

#define VARDE_BYTES(n) __counted_by(n)
#ifdef __cplusplus
// In C++ the attribute would be part of the function's type; Swift reads the headers as C.
#define VARDE_NOESCAPE
#else
#define VARDE_NOESCAPE __attribute__((noescape))
#endif
