#define _GNU_SOURCE
#define _FILE_OFFSET_BITS 64
#include "include/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <unistd.h>

int clinux_lock_exclusively(int descriptor)
{
    int result;
    do
        result = flock(descriptor, LOCK_EX | LOCK_NB);
    while (result < 0 && errno == EINTR);
    if (result == 0)
        return 1;
    return errno == EWOULDBLOCK ? 0 : -errno;
}

int clinux_pipe(int ends[2], int nonblocking)
{
    return pipe2(ends, O_CLOEXEC | (nonblocking ? O_NONBLOCK : 0)) < 0 ? -errno : 0;
}

int clinux_set_pipe_capacity(int descriptor, int bytes)
{
    int capacity = fcntl(descriptor, F_SETPIPE_SZ, bytes);
    return capacity < 0 ? -errno : capacity;
}

int clinux_pipe_capacity(int descriptor)
{
    int capacity = fcntl(descriptor, F_GETPIPE_SZ);
    return capacity < 0 ? -errno : capacity;
}

int clinux_readable_bytes(int descriptor)
{
    int count = 0;
    return ioctl(descriptor, FIONREAD, &count) < 0 ? -errno : count;
}

long clinux_splice(int pipe, int file, int64_t offset, size_t length)
{
    off_t position = offset;
    long moved;
    do
        moved = splice(pipe, NULL, file, &position, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    while (moved < 0 && errno == EINTR);
    return moved < 0 ? -errno : moved;
}

long clinux_look_into_pipe(int pipe, int scratch_reader, int scratch_writer, size_t length, long *newline)
{
    char buffer[4096];
    long copied, seen = 0;
    do
        copied = tee(pipe, scratch_writer, length, SPLICE_F_NONBLOCK);
    while (copied < 0 && errno == EINTR);
    if (copied < 0)
        return -errno;
    *newline = -1;
    while (seen < copied) {
        long count = read(scratch_reader, buffer, sizeof buffer);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count < 0 ? -errno : -EIO;
        char *found = *newline < 0 ? memchr(buffer, '\n', (size_t)count) : NULL;
        if (found != NULL)
            *newline = seen + (found - buffer);
        seen += count;
    }
    return copied;
}

int clinux_file_system(int descriptor, int64_t *size, int64_t *available)
{
    struct statvfs status;
    if (fstatvfs(descriptor, &status) < 0)
        return -errno;
    *size = (int64_t)status.f_blocks * (int64_t)status.f_frsize;
    *available = (int64_t)status.f_bavail * (int64_t)status.f_frsize;
    return 0;
}

int clinux_memory_file(const char *name, int sealable)
{
    int descriptor = memfd_create(name, MFD_CLOEXEC | (sealable ? MFD_ALLOW_SEALING : 0));
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_seal(int descriptor)
{
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    return fcntl(descriptor, F_ADD_SEALS, seals) < 0 ? -errno : 0;
}

void *clinux_map_shared(int descriptor, size_t length)
{
    void *address = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    return address == MAP_FAILED ? NULL : address;
}

int clinux_unmap(void *address, size_t length)
{
    return munmap(address, length) < 0 ? -errno : 0;
}

long clinux_last_lines(const char *bytes, long count, long *missing)
{
    while (count > 0) {
        const char *found = memrchr(bytes, '\n', (size_t)count);
        if (found == NULL)
            return -1;
        if (--*missing == 0)
            return found - bytes + 1;
        count = found - bytes;
    }
    return -1;
}
