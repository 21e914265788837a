/* A static Swift program looks for its backtracer in eight places before main, and aborts where /proc is missing. Told
 * beforehand that there is none, it does neither. In debug builds backtraces are wanted. */
#ifndef DEBUG
#include <stdlib.h>

static void decline_backtraces(int count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    setenv("SWIFT_BACKTRACE", "enable=no,swift-backtrace=/", 0);
}

__attribute__((section(".preinit_array"), used)) static void (*decline)(int, char **, char **) = decline_backtraces;
#endif
