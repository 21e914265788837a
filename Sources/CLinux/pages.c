#define _GNU_SOURCE
#include "include/pages.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Set by the linker: what lies between belongs to the file, and nobody can have written to it. */
extern const char __executable_start, etext;

void clinux_release_memory(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t start = ((uintptr_t)&__executable_start + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)&etext & ~(page - 1);
    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
    malloc_trim(0);
}
