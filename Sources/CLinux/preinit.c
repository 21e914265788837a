/* A static Swift program looks for its backtracer in eight places before main, and aborts where /proc is missing. Told
 * beforehand that there is none, it does neither. In debug builds backtraces are wanted. */
#include "include/entries.h"

#ifndef DEBUG
#include <stdlib.h>

static void decline_backtraces(int count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*decline)(int, char **, char **) = decline_backtraces;
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
