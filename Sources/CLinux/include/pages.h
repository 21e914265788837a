/* madvise(2), malloc_trim(3), mallopt(3). */
#ifndef CLINUX_PAGES_H
#define CLINUX_PAGES_H

/* Lets go of this program's code and constants, which are read again when needed, of what free(3) got back, and of the
 * unused rest of the stack. */
void clinux_release_memory(void);
/* Threads that are started from now on share the heap of the first: each of their own would be half empty. */
void clinux_keep_one_heap(void);

#endif
