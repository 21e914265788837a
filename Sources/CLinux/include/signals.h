/* signalfd(2), sigprocmask(2), sigaction(2). A mask has bit n - 1 for signal n. */
#ifndef CLINUX_SIGNALS_H
#define CLINUX_SIGNALS_H

#include <stdint.h>

/* how: 0 block, 1 unblock, 2 set. */
int clinux_signal_mask(int how, uint64_t mask);
int clinux_signal_descriptor(uint64_t mask);
/* The number of one pending signal, 0 when there is none. */
int clinux_signal_next(int descriptor);
int clinux_signal_ignore(int number);
int clinux_signal_default(int number);

#endif
