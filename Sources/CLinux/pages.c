#define _GNU_SOURCE
#include "include/pages.h"

#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* Set by the linker: what lies between belongs to the file, and nobody can have written to it. */
extern const char __executable_start, etext;

/* Nothing but the stack of the first thread lies so close below it. */
#define STACK_BYTES (512 * 1024)

/* What functions that have returned left on the stack. */
static void release_stack(uintptr_t page)
{
    if (gettid() != getpid())
        return;
    /* Some way off from what this function and those that it calls still use. */
    uintptr_t end = ((uintptr_t)__builtin_frame_address(0) & ~(page - 1)) - 2 * page;
    madvise((void *)(end - STACK_BYTES), STACK_BYTES, MADV_DONTNEED);
}

void clinux_keep_one_heap(void)
{
    mallopt(M_ARENA_MAX, 1);
}

void clinux_release_memory(void)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    malloc_trim(0);
    release_stack(page);
    /* The code last, because what comes after it needs some of it. */
    uintptr_t start = ((uintptr_t)&__executable_start + page - 1) & ~(page - 1);
    uintptr_t end = (uintptr_t)&etext & ~(page - 1);
    if (start < end)
        madvise((void *)start, end - start, MADV_DONTNEED);
}
