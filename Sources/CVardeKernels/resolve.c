#define _GNU_SOURCE
#include "varde_resolve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

int64_t varde_resolve(const uint8_t *host, size_t count, uint8_t *output, size_t capacity) {
    char name[256];
    if (count == 0 || count >= sizeof name || memchr(host, 0, count)) return EAI_NONAME;
    memcpy(name, host, count);
    name[count] = 0;
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int error = getaddrinfo(name, NULL, &hints, &found);
    if (error != 0) return error < 0 ? error : -error;
    size_t used = 0;
    for (struct addrinfo *a = found; a; a = a->ai_next) {
        char text[INET6_ADDRSTRLEN];
        const void *address = a->ai_family == AF_INET    ? (const void *)&((struct sockaddr_in *)a->ai_addr)->sin_addr
                              : a->ai_family == AF_INET6 ? (const void *)&((struct sockaddr_in6 *)a->ai_addr)->sin6_addr
                                                         : NULL;
        if (!address || !inet_ntop(a->ai_family, address, text, sizeof text)) continue;
        size_t size = strlen(text) + 1;
        if (used + size > capacity) break;
        memcpy(output + used, text, size);
        used += size;
    }
    freeaddrinfo(found);
    return (int64_t)used;
}

int64_t varde_resolve_error(int64_t error, uint8_t *output, size_t capacity) {
    const char *text = gai_strerror((int)error);
    size_t size = strlen(text);
    if (size > capacity) size = capacity;
    memcpy(output, text, size);
    return (int64_t)size;
}
