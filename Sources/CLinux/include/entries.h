/* environ(7) as proc_pid_environ(5) shows it. */
#ifndef CLINUX_ENTRIES_H
#define CLINUX_ENTRIES_H

#include <stddef.h>

char **clinux_environment(void);
/* What main was given. */
char **clinux_arguments(void);
/* Whether one of the entries, which end in NUL each, is exactly this one: 1 or 0. */
int clinux_contains_entry(const void *bytes, size_t count, const char *entry);

#endif
