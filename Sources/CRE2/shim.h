// RE2 has a C++ interface only: this module carries the linker flags, CVardeRE2 the functions.
#pragma once
