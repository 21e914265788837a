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
/* How many bytes of the pipe a copy of at most length of them had, 0 at the end; *newline is the place of the first
 * newline among them, or -1. The pipe keeps them all; the scratch pipe is empty before and after. */
long clinux_look_into_pipe(int pipe, int scratch_reader, int scratch_writer, size_t length, long *newline);
/* Of the file system that the open file lies on: bytes altogether, and bytes an ordinary user can still have. */
int clinux_file_system(int descriptor, int64_t *size, int64_t *available);
int clinux_memory_file(const char *name, int sealable);
/* Nobody may shrink, grow or change it from now on. */
int clinux_seal(int descriptor);
void *clinux_map_shared(int descriptor, size_t length);
int clinux_unmap(void *address, size_t length);
/* Where the last *missing lines of these bytes begin, or -1 when they begin earlier; counts *missing down. */
long clinux_last_lines(const char *bytes, long count, long *missing);

#endif
