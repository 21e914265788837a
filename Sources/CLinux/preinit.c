#include "include/entries.h"

#ifndef DEBUG
#include <stdint.h>

/* The settings of the runtime's own backtraces, all off. With these defined here nothing asks for the part of the runtime
 * that brings them, which is 100 kB, looks for its helper in eight places before main, and aborts where /proc is missing.
 * In debug builds backtraces are wanted. */
extern uint64_t _swift_backtraceSettings[16];
uint64_t _swift_backtraceSettings[16];
_Bool _swift_backtrace_isThunkFunction(const char *name);

_Bool _swift_backtrace_isThunkFunction(const char *name)
{
    (void)name;
    return 0;
}
#endif

/* The runtime finds the arguments by looking around environ(7) in memory, which is no longer there after setenv(3). */
static char **arguments_of_main;

__attribute__((constructor)) static void remember_arguments(int count, char **arguments, char **environment)
{
    (void)count, (void)environment;
    arguments_of_main = arguments;
}

char **clinux_arguments(void)
{
    return arguments_of_main;
}
