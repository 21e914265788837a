#define _GNU_SOURCE
#include "include/patterns.h"

#include <limits.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct clinux_pattern {
    regex_t expression;
    /* Not NULL: there is nothing in it that means more than itself, and memmem is many times faster. */
    char *literal;
    size_t length;
};

static struct clinux_pattern *failed(struct clinux_pattern *pattern)
{
    free(pattern);
    return NULL;
}

struct clinux_pattern *clinux_pattern_compile(const char *text, int ignores_case, char *message, size_t capacity)
{
    struct clinux_pattern *pattern = calloc(1, sizeof *pattern);
    if (pattern == NULL) {
        snprintf(message, capacity, "%s", "no memory");
        return NULL;
    }
    if (!ignores_case && strpbrk(text, ".[](){}*+?|^$\\") == NULL) {
        pattern->literal = strdup(text);
        pattern->length = strlen(text);
        if (pattern->literal != NULL)
            return pattern;
    }
    /* In the C locale, where every byte is a character: no byte of a log can be a wrong one. */
    int code = regcomp(&pattern->expression, text, REG_EXTENDED | (ignores_case ? REG_ICASE : 0));
    if (code != 0) {
        regerror(code, &pattern->expression, message, capacity);
        return failed(pattern);
    }
    return pattern;
}

int clinux_pattern_search(const struct clinux_pattern *pattern, const char *bytes, size_t count, size_t start,
                          size_t *from, size_t *to)
{
    if (start > count || count > INT_MAX)
        return 0;
    if (pattern->literal != NULL) {
        const char *found = memmem(bytes + start, count - start, pattern->literal, pattern->length);
        if (found == NULL)
            return 0;
        *from = (size_t)(found - bytes);
        *to = *from + pattern->length;
        return 1;
    }
    regmatch_t match = {.rm_so = (regoff_t)start, .rm_eo = (regoff_t)count};
    if (regexec(&pattern->expression, bytes, 1, &match, REG_STARTEND | (start > 0 ? REG_NOTBOL : 0)) != 0)
        return 0;
    *from = (size_t)match.rm_so;
    *to = (size_t)match.rm_eo;
    return 1;
}

void clinux_pattern_free(struct clinux_pattern *pattern)
{
    if (pattern->literal != NULL)
        free(pattern->literal);
    else
        regfree(&pattern->expression);
    free(pattern);
}
