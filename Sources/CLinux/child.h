/* What the child does between clone and execve. */
#ifndef CLINUX_CHILD_H
#define CLINUX_CHILD_H

#include "include/spawn.h"

/* Returns only on failure: the exit code, with the stage in the request. */
int clinux_child(struct clinux_spawn *request, int handlers_are_clear);

#endif
