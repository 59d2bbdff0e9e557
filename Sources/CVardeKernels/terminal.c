#include "varde_terminal.h"

#include <sys/ioctl.h>
#include <unistd.h>

uint32_t varde_terminal_size(int descriptor) {
    struct winsize size;
    if (!isatty(descriptor)) return 0;
    if (ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 1;
    return (uint32_t)size.ws_col << 16 | size.ws_row;
}
