/* regcomp(3), memmem(3). */
#ifndef CLINUX_PATTERNS_H
#define CLINUX_PATTERNS_H

#include <stddef.h>

struct clinux_pattern;

/* NULL when the text is no extended regular expression; the reason is then in message. */
struct clinux_pattern *clinux_pattern_compile(const char *text, int ignores_case, char *message, size_t capacity);
/* 1, and where it stands, or 0. The bytes may be any, NUL too; they are searched from start, which is a line's
 * beginning only when it is 0. */
int clinux_pattern_search(const struct clinux_pattern *pattern, const char *bytes, size_t count, size_t start,
                          size_t *from, size_t *to);
void clinux_pattern_free(struct clinux_pattern *pattern);

#endif
