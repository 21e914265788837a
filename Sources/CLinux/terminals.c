#define _GNU_SOURCE
#include "include/terminals.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

_Static_assert(sizeof(struct termios) <= clinux_terminal_mode_bytes, "a terminal's mode fits its box");

int clinux_terminal_size(int descriptor, int *columns, int *rows)
{
    struct winsize size;
    if (ioctl(descriptor, TIOCGWINSZ, &size) < 0)
        return -errno;
    *columns = size.ws_col;
    *rows = size.ws_row;
    return 0;
}

int clinux_terminal_resize(int descriptor, int columns, int rows)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    return ioctl(descriptor, TIOCSWINSZ, &size) < 0 ? -errno : 0;
}

int clinux_terminal_raw(int descriptor, void *saved)
{
    struct termios mode;
    if (tcgetattr(descriptor, &mode) < 0)
        return -errno;
    memcpy(saved, &mode, sizeof mode);
    cfmakeraw(&mode);
    return tcsetattr(descriptor, TCSAFLUSH, &mode) < 0 ? -errno : 0;
}

int clinux_terminal_restore(int descriptor, const void *saved)
{
    struct termios mode;
    memcpy(&mode, saved, sizeof mode);
    return tcsetattr(descriptor, TCSAFLUSH, &mode) < 0 ? -errno : 0;
}

int clinux_terminal_open(int *controller, int *terminal)
{
    if (openpty(controller, terminal, NULL, NULL, NULL) < 0)
        return -errno;
    fcntl(*controller, F_SETFD, FD_CLOEXEC);
    fcntl(*terminal, F_SETFD, FD_CLOEXEC);
    return 0;
}
