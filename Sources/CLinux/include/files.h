/* flock(2), pipe2(2), splice(2), memfd_create(2). */
#ifndef CLINUX_FILES_H
#define CLINUX_FILES_H

#include <stddef.h>
#include <stdint.h>

/* 1 locked, 0 held by somebody else. */
int clinux_lock_exclusively(int descriptor);
int clinux_pipe(int ends[2], int nonblocking);
/* The new capacity in bytes. */
int clinux_set_pipe_capacity(int descriptor, int bytes);
int clinux_pipe_capacity(int descriptor);
/* The bytes that can be read at once (FIONREAD). */
int clinux_readable_bytes(int descriptor);
/* Never blocks on the pipe. */
long clinux_splice(int pipe, int file, int64_t offset, size_t length);
int clinux_memory_file(const char *name, int sealable);
/* Nobody may shrink, grow or change it from now on. */
int clinux_seal(int descriptor);
void *clinux_map_shared(int descriptor, size_t length);
int clinux_unmap(void *address, size_t length);
/* Where the last *missing lines of these bytes begin, or -1 when they begin earlier; counts *missing down. */
long clinux_last_lines(const char *bytes, long count, long *missing);

#endif
