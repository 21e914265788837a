/* The running program as the linker made it: elf(5). */
#ifndef CLINUX_IMAGE_H
#define CLINUX_IMAGE_H

#include <stddef.h>
#include <stdint.h>

/* The note that the linker derives from the content. Returns its length, at most `size`; 0: there is none. */
int clinux_build_id(uint8_t *bytes, size_t size);
/* Becomes the program that the descriptor is open on: fexecve(3). Returns -errno. */
int clinux_become(int program, const char *const *arguments, const char *const *environment);

#endif
