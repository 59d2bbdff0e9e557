#define _GNU_SOURCE
#include "varde_files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

// Paths arrive without a zero at the end.
struct path { char text[PATH_MAX]; };

static int to_path(struct path *path, const uint8_t *bytes, size_t count) {
    if (count >= sizeof path->text) return -ENAMETOOLONG;
    if (memchr(bytes, 0, count)) return -EINVAL;
    memcpy(path->text, bytes, count);
    path->text[count] = 0;
    return 0;
}

#define WITH_PATH(name, bytes, count)                         \
    struct path name;                                         \
    int name##_status = to_path(&name, bytes, count);         \
    if (name##_status < 0) return name##_status

static int64_t checked(int64_t result) { return result < 0 ? -errno : result; }

int64_t varde_file_open(const uint8_t *path, size_t count, int32_t mode) {
    WITH_PATH(p, path, count);
    int flags = O_CLOEXEC;
    switch (mode) {
    case varde_open_read: flags |= O_RDONLY; break;
    case varde_open_write: flags |= O_RDWR; break;
    case varde_open_create: flags |= O_RDWR | O_CREAT; break;
    default: flags |= O_RDWR | O_CREAT | O_EXCL; break;
    }
    for (;;) {
        int descriptor = open(p.text, flags, 0600);
        if (descriptor >= 0 || errno != EINTR) return checked(descriptor);
    }
}

int64_t varde_file_close(int32_t descriptor) { return checked(close(descriptor)); }

int64_t varde_file_read(int32_t descriptor, int64_t offset, uint8_t *output, size_t capacity) {
    size_t done = 0;
    while (done < capacity) {
        ssize_t got = pread(descriptor, output + done, capacity - done, offset + (int64_t)done);
        if (got < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (got == 0) break;
        done += (size_t)got;
    }
    return (int64_t)done;
}

int64_t varde_file_write(int32_t descriptor, int64_t offset, const uint8_t *bytes, size_t count) {
    size_t done = 0;
    while (done < count) {
        ssize_t put = pwrite(descriptor, bytes + done, count - done, offset + (int64_t)done);
        if (put < 0) {
            if (errno == EINTR) continue;
            return -errno;
        }
        if (put == 0) break;
        done += (size_t)put;
    }
    return (int64_t)done;
}

int64_t varde_file_sync(int32_t descriptor) { return checked(fdatasync(descriptor)); }

int64_t varde_file_size(int32_t descriptor) {
    struct stat info;
    return fstat(descriptor, &info) < 0 ? -errno : info.st_size;
}

int64_t varde_file_truncate(int32_t descriptor, int64_t size) { return checked(ftruncate(descriptor, size)); }

int64_t varde_file_lock(int32_t descriptor) { return checked(flock(descriptor, LOCK_EX | LOCK_NB)); }

int64_t varde_path_remove(const uint8_t *path, size_t count) {
    WITH_PATH(p, path, count);
    return checked(remove(p.text));
}

int64_t varde_path_rename(const uint8_t *from, size_t count, const uint8_t *to, size_t to_count) {
    WITH_PATH(a, from, count);
    WITH_PATH(b, to, to_count);
    return checked(rename(a.text, b.text));
}

int64_t varde_path_link(const uint8_t *from, size_t count, const uint8_t *to, size_t to_count) {
    WITH_PATH(a, from, count);
    WITH_PATH(b, to, to_count);
    return checked(link(a.text, b.text));
}

int64_t varde_path_make_directory(const uint8_t *path, size_t count) {
    WITH_PATH(p, path, count);
    return mkdir(p.text, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

int64_t varde_path_sync_directory(const uint8_t *path, size_t count) {
    WITH_PATH(p, path, count);
    int descriptor = open(p.text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return -errno;
    int64_t result = checked(fsync(descriptor));
    close(descriptor);
    return result;
}

int64_t varde_path_list(const uint8_t *path, size_t count, uint8_t *output, size_t capacity) {
    WITH_PATH(p, path, count);
    DIR *directory = opendir(p.text);
    if (!directory) return -errno;
    size_t total = 0;
    struct dirent *entry;
    while ((entry = readdir(directory))) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        size_t size = strlen(entry->d_name) + 1;
        if (total + size <= capacity) memcpy(output + total, entry->d_name, size);
        total += size;
    }
    closedir(directory);
    return (int64_t)total;
}

int64_t varde_path_real(const uint8_t *path, size_t count, uint8_t *output, size_t capacity) {
    WITH_PATH(p, path, count);
    char *real = realpath(p.text, NULL);
    if (!real) return -errno;
    size_t size = strlen(real);
    memcpy(output, real, size < capacity ? size : capacity);
    free(real);
    return (int64_t)size;
}

int64_t varde_path_size(const uint8_t *path, size_t count) {
    WITH_PATH(p, path, count);
    struct stat info;
    return stat(p.text, &info) < 0 ? -errno : info.st_size;
}

int64_t varde_path_free_bytes(const uint8_t *path, size_t count) {
    WITH_PATH(p, path, count);
    struct statvfs info;
    if (statvfs(p.text, &info) < 0) return -errno;
    return (int64_t)info.f_bavail * (int64_t)info.f_frsize;
}

int64_t varde_path_space(const uint8_t *path, size_t count, int32_t field) {
    WITH_PATH(p, path, count);
    struct statvfs space;
    if (statvfs(p.text, &space) < 0) return -errno;
    switch (field) {
    case 0: return (int64_t)space.f_blocks * (int64_t)space.f_frsize;
    case 1: return (int64_t)space.f_bfree * (int64_t)space.f_frsize;
    case 2: return (int64_t)space.f_bavail * (int64_t)space.f_frsize;
    case 3: return (int64_t)space.f_files;
    case 4: return (int64_t)space.f_ffree;
    default: return (space.f_flag & ST_RDONLY) != 0;
    }
}

int64_t varde_error_text(int32_t number, uint8_t *output, size_t capacity) {
    char buffer[128];
    const char *text = strerror_r(number, buffer, sizeof buffer);
    size_t size = strlen(text);
    if (size > capacity) size = capacity;
    memcpy(output, text, size);
    return (int64_t)size;
}

int64_t varde_process_id(void) { return getpid(); }
