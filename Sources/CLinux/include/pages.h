/* madvise(2), malloc_trim(3). */
#ifndef CLINUX_PAGES_H
#define CLINUX_PAGES_H

/* Lets go of this program's code and constants, which are read again when needed, and of what free(3) got back. */
void clinux_release_memory(void);

#endif
