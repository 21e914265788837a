#define _GNU_SOURCE
#include "include/image.h"

#include <elf.h>
#include <errno.h>
#include <link.h>
#include <string.h>
#include <unistd.h>

/* Where this very program lies in memory; every linker defines it. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

/* A note is its two sizes, its type, then name and content, each padded to four bytes. */
static int content_of_note(const char *note, const char *end, uint8_t *bytes, size_t size)
{
    while (end - note >= (long)sizeof(ElfW(Nhdr))) {
        const ElfW(Nhdr) *head = (const ElfW(Nhdr) *)note;
        const char *name = note + sizeof *head;
        const char *content = name + ((head->n_namesz + 3U) & ~3U);
        if (head->n_type == NT_GNU_BUILD_ID && head->n_namesz == 4 && memcmp(name, "GNU", 4) == 0) {
            size_t length = head->n_descsz < size ? head->n_descsz : size;
            memcpy(bytes, content, length);
            return (int)length;
        }
        note = content + ((head->n_descsz + 3U) & ~3U);
    }
    return 0;
}

int clinux_build_id(uint8_t *bytes, size_t size)
{
    const char *start = (const char *)&__ehdr_start;
    const ElfW(Phdr) *segments = (const ElfW(Phdr) *)(start + __ehdr_start.e_phoff);
    /* The first segment that is loaded begins with this header. */
    ElfW(Addr) lowest = 0;
    for (int i = __ehdr_start.e_phnum - 1; i >= 0; i--)
        if (segments[i].p_type == PT_LOAD)
            lowest = segments[i].p_vaddr;
    for (int i = 0; i < __ehdr_start.e_phnum; i++) {
        if (segments[i].p_type != PT_NOTE)
            continue;
        const char *note = start + (segments[i].p_vaddr - lowest);
        int length = content_of_note(note, note + segments[i].p_memsz, bytes, size);
        if (length > 0)
            return length;
    }
    return 0;
}

int clinux_become(int program, const char *const *arguments, const char *const *environment)
{
    fexecve(program, (char *const *)arguments, (char *const *)environment);
    return -errno;
}
