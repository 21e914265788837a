#include <stdint.h>

/* The names of Unicode's characters: half a megabyte of tables in the standard library, which nobody here asks for.
 * Linked with --wrap, the binary asks this instead: no character has a name. */
intptr_t __wrap__swift_stdlib_getScalarName(uint32_t scalar, uint8_t *buffer, intptr_t capacity);

intptr_t __wrap__swift_stdlib_getScalarName(uint32_t scalar, uint8_t *buffer, intptr_t capacity)
{
    (void)scalar;
    (void)buffer;
    (void)capacity;
    return 0;
}
