#define _GNU_SOURCE
#include "include/signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static sigset_t set_of(uint64_t mask)
{
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number <= 64; number++)
        if (mask >> (number - 1) & 1)
            sigaddset(&set, number);
    return set;
}

int clinux_signal_mask(int how, uint64_t mask)
{
    static const int operations[] = {SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK};
    sigset_t set = set_of(mask);
    return -pthread_sigmask(operations[how], &set, NULL);
}

int clinux_signal_descriptor(uint64_t mask)
{
    sigset_t set = set_of(mask);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int clinux_signal_next(int descriptor)
{
    struct signalfd_siginfo information;
    long count;
    do
        count = read(descriptor, &information, sizeof information);
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return errno == EAGAIN ? 0 : -errno;
    return (int)information.ssi_signo;
}

static int dispose(int number, void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    sigemptyset(&action.sa_mask);
    return sigaction(number, &action, NULL) < 0 ? -errno : 0;
}

int clinux_signal_ignore(int number)
{
    return dispose(number, SIG_IGN);
}

int clinux_signal_default(int number)
{
    return dispose(number, SIG_DFL);
}
