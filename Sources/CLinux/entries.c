#define _GNU_SOURCE
#include "include/entries.h"

#include <string.h>
#include <unistd.h>

char **clinux_environment(void)
{
    return environ;
}

int clinux_contains_entry(const void *bytes, size_t count, const char *entry)
{
    const char *start = bytes, *end = start + count, *from = start;
    size_t length = strlen(entry);
    while (length > 0 && from < end) {
        const char *found = memmem(from, (size_t)(end - from), entry, length);
        if (found == NULL)
            return 0;
        if ((found == start || found[-1] == 0) && (found + length == end || found[length] == 0))
            return 1;
        from = found + 1;
    }
    return 0;
}
