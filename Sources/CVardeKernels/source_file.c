#define _GNU_SOURCE
#include "varde_source_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Paths arrive without a zero at the end.
static int to_text(char out[PATH_MAX], const uint8_t *bytes, size_t count) {
    if (count >= PATH_MAX) return -ENAMETOOLONG;
    if (memchr(bytes, 0, count)) return -EINVAL;
    memcpy(out, bytes, count);
    out[count] = 0;
    return 0;
}

int64_t varde_source_open(const uint8_t *path, size_t count, int32_t regular_only) {
    char name[PATH_MAX];
    int status = to_text(name, path, count);
    if (status < 0) return status;
    int descriptor;
    do descriptor = open(name, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular_only ? O_NONBLOCK : 0));
    while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) return -errno;
    struct stat info;
    int problem = 0;
    if (fstat(descriptor, &info) < 0) problem = errno;
    else if (S_ISDIR(info.st_mode)) problem = EISDIR;
    else if (regular_only && !S_ISREG(info.st_mode)) problem = EINVAL;
    if (!problem) return descriptor;
    close(descriptor);
    return -problem;
}

int64_t varde_source_read(int32_t descriptor, uint8_t *output, size_t capacity) {
    for (;;) {
        ssize_t got = read(descriptor, output, capacity);
        if (got >= 0) return got;
        if (errno != EINTR) return -errno;
    }
}

static int64_t fill(const struct stat *info, int64_t *output, size_t fields) {
    if (fields < varde_stat_fields) return -EINVAL;
    output[varde_stat_device] = (int64_t)info->st_dev;
    output[varde_stat_inode] = (int64_t)info->st_ino;
    output[varde_stat_size] = (int64_t)info->st_size;
    output[varde_stat_modified] = (int64_t)info->st_mtim.tv_sec * 1000000000 + info->st_mtim.tv_nsec;
    output[varde_stat_kind] = S_ISREG(info->st_mode)   ? varde_kind_regular
                              : S_ISDIR(info->st_mode) ? varde_kind_directory
                                                       : varde_kind_other;
    return 0;
}

int64_t varde_source_stat(int32_t descriptor, int64_t *output, size_t fields) {
    struct stat info;
    return fstat(descriptor, &info) < 0 ? -errno : fill(&info, output, fields);
}

int64_t varde_path_stat(const uint8_t *path, size_t count, int64_t *output, size_t fields) {
    char name[PATH_MAX];
    int status = to_text(name, path, count);
    if (status < 0) return status;
    struct stat info;
    return stat(name, &info) < 0 ? -errno : fill(&info, output, fields);
}

int64_t varde_path_glob(const uint8_t *pattern, size_t count, uint8_t *output, size_t capacity) {
    char text[PATH_MAX];
    int status = to_text(text, pattern, count);
    if (status < 0) return status;
    glob_t found;
    int result = glob(text, GLOB_BRACE, NULL, &found);
    if (result == GLOB_NOMATCH) return 0;
    if (result != 0) {
        globfree(&found);
        return result == GLOB_NOSPACE ? -ENOMEM : -EACCES;
    }
    size_t total = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        size_t size = strlen(found.gl_pathv[i]) + 1;
        if (total + size <= capacity) memcpy(output + total, found.gl_pathv[i], size);
        total += size;
    }
    globfree(&found);
    return (int64_t)total;
}

int64_t varde_path_matches(const uint8_t *pattern, size_t count, const uint8_t *path, size_t path_count) {
    char text[PATH_MAX], name[PATH_MAX];
    int status = to_text(text, pattern, count);
    if (status < 0) return status;
    if ((status = to_text(name, path, path_count)) < 0) return status;
    const char *held = name;
    if (!strchr(text, '/')) {
        const char *slash = strrchr(name, '/');
        if (slash) held = slash + 1;
    }
    return fnmatch(text, held, FNM_PATHNAME) == 0;
}
