/* epoll(7), eventfd(2). */
#ifndef CLINUX_EVENTS_H
#define CLINUX_EVENTS_H

#include <stdint.h>

struct clinux_event {
    uint64_t token;
    uint32_t events;
};

enum { clinux_event_batch = 64 };

int clinux_epoll_create(void);
/* operation: 1 add, 2 delete, 3 modify (EPOLL_CTL_*). */
int clinux_epoll_control(int epoll, int operation, int descriptor, uint32_t events, uint64_t token);
/* Waits at most the given nanoseconds (-1: for ever); fills at most clinux_event_batch events. */
int clinux_epoll_wait(int epoll, struct clinux_event *events, int64_t nanoseconds, int at_rest);
int clinux_eventfd(void);

#endif
