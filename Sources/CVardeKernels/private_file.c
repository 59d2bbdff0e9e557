#define _GNU_SOURCE
#include "varde_private_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int copy_path(const uint8_t *path, size_t count, char out[PATH_MAX]) {
    if (count == 0 || count >= PATH_MAX - 16 || memchr(path, 0, count)) return 0;
    memcpy(out, path, count);
    out[count] = 0;
    return 1;
}

int64_t varde_private_file_read(const uint8_t *path, size_t count, uint8_t *output, size_t capacity) {
    char name[PATH_MAX];
    if (!copy_path(path, count, name)) return -ENAMETOOLONG;
    int fd = open(name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ELOOP ? VARDE_PRIVATE_NOT_A_FILE : -errno;
    struct stat s;
    int64_t result;
    if (fstat(fd, &s) != 0) result = -errno;
    else if (!S_ISREG(s.st_mode)) result = VARDE_PRIVATE_NOT_A_FILE;
    else if (s.st_mode & 077) result = VARDE_PRIVATE_MODE - (int64_t)(s.st_mode & 0777);
    else if ((uint64_t)s.st_size > capacity) result = VARDE_PRIVATE_TOO_LARGE;
    else {
        result = 0;
        while ((size_t)result < capacity) {
            ssize_t n = read(fd, output + result, capacity - (size_t)result);
            if (n == 0) break;
            if (n < 0) {
                if (errno == EINTR) continue;
                result = -errno;
                break;
            }
            result += n;
        }
    }
    close(fd);
    return result;
}

static int64_t sync_parent(const char *name) {
    char directory[PATH_MAX];
    strcpy(directory, name);
    char *slash = strrchr(directory, '/');
    if (!slash) strcpy(directory, ".");
    else if (slash == directory) directory[1] = 0;
    else *slash = 0;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    int64_t result = fsync(fd) == 0 ? 0 : -errno;
    close(fd);
    return result;
}

// Puts zeros in the place of a file's bytes, as far as its file system writes in place, and closes it.
static void overwrite(int fd) {
    static const uint8_t zeros[4096];
    struct stat info;
    if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_nlink == 0) {
        for (off_t at = 0; at < info.st_size;) {
            size_t size = info.st_size - at < (off_t)sizeof zeros ? (size_t)(info.st_size - at) : sizeof zeros;
            ssize_t n = pwrite(fd, zeros, size, at);
            if (n <= 0) break;
            at += n;
        }
        fsync(fd);
    }
    close(fd);
}

int64_t varde_private_file_write(const uint8_t *path, size_t count, const uint8_t *bytes, size_t size) {
    char name[PATH_MAX], temporary[PATH_MAX];
    if (!copy_path(path, count, name)) return -ENAMETOOLONG;
    memcpy(temporary, name, count);
    memcpy(temporary + count, ".new", 5);
    unlink(temporary);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -errno;
    int64_t result = 0;
    size_t written = 0;
    while (written < size) {
        ssize_t n = write(fd, bytes + written, size - written);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) {
            result = n < 0 ? -errno : -ENOSPC;
            break;
        }
        written += (size_t)n;
    }
    if (result == 0 && (fchmod(fd, 0600) != 0 || fsync(fd) != 0)) result = -errno;
    close(fd);
    // Held open over the rename: what it held is overwritten once the new file has its name.
    int old = result == 0 ? open(name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (result == 0 && rename(temporary, name) != 0) result = -errno;
    if (result != 0) {
        unlink(temporary);
        if (old >= 0) close(old);
        return result;
    }
    if (old >= 0) overwrite(old);
    return sync_parent(name);
}

// The real path of a file that may not exist yet: that of its nearest existing parent.
static int resolve(const char *name, char out[PATH_MAX]) {
    char part[PATH_MAX];
    if (name[0] == '/') strcpy(part, name);
    else {
        char here[PATH_MAX];
        if (!getcwd(here, sizeof here) || snprintf(part, sizeof part, "%s/%s", here, name) >= (int)sizeof part) return 0;
    }
    while (!realpath(part, out)) {
        if (errno != ENOENT && errno != ENOTDIR) return 0;
        char *slash = strrchr(part, '/');
        if (!slash) return 0;
        if (slash == part) return strcpy(out, "/") != 0;
        *slash = 0;
    }
    return 1;
}

int64_t varde_path_is_inside(const uint8_t *path, size_t count, const uint8_t *directory, size_t directory_count) {
    char name[PATH_MAX], parent[PATH_MAX], a[PATH_MAX], b[PATH_MAX];
    if (!copy_path(path, count, name) || !copy_path(directory, directory_count, parent)) return -ENAMETOOLONG;
    // A directory that does not exist holds nothing yet, but may be made later: compared by its text then.
    if (!resolve(name, a)) return -EINVAL;
    if (!realpath(parent, b)) {
        if (parent[0] == '/') strcpy(b, parent);
        else {
            char here[PATH_MAX];
            if (!getcwd(here, sizeof here) || snprintf(b, sizeof b, "%s/%s", here, parent) >= (int)sizeof b) return -EINVAL;
        }
        char full[PATH_MAX];
        if (name[0] == '/') strcpy(full, name);
        else {
            char here[PATH_MAX];
            if (!getcwd(here, sizeof here) || snprintf(full, sizeof full, "%s/%s", here, name) >= (int)sizeof full) return -EINVAL;
        }
        strcpy(a, full);
    }
    size_t n = strlen(b);
    while (n > 1 && b[n - 1] == '/') n--;
    return strncmp(a, b, n) == 0 && (a[n] == '/' || a[n] == 0 || n == 1);
}
