/* pthread_create(3). */
#ifndef CLINUX_THREADS_H
#define CLINUX_THREADS_H

#include <stddef.h>
#include <stdint.h>

/* The new thread has every signal blocked. */
int clinux_thread_start(const char *name, size_t stack_bytes, void (*body)(void *), void *context, uint64_t *thread);
int clinux_thread_join(uint64_t thread);
void clinux_thread_detach(uint64_t thread);
int clinux_thread_number(void);

#endif
