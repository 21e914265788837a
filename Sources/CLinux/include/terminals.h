/* termios(3), ioctl_tty(2), openpty(3). */
#ifndef CLINUX_TERMINALS_H
#define CLINUX_TERMINALS_H

#include <stdint.h>

enum { clinux_terminal_mode_bytes = 64 };

int clinux_terminal_size(int descriptor, int *columns, int *rows);
int clinux_terminal_resize(int descriptor, int columns, int rows);
/* Saves the mode before it, for clinux_terminal_restore. */
int clinux_terminal_raw(int descriptor, void *saved);
int clinux_terminal_restore(int descriptor, const void *saved);
int clinux_terminal_open(int *controller, int *terminal);

#endif
