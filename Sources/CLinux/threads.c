#define _GNU_SOURCE
#include "include/threads.h"
#include "include/crashes.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct start {
    void (*body)(void *);
    void *context;
    char name[16];
};

static void *enter(void *pointer)
{
    struct start start = *(struct start *)pointer;
    free(pointer);
    pthread_setname_np(pthread_self(), start.name);
    clinux_prepare_thread_for_crashes();
    start.body(start.context);
    return NULL;
}

int clinux_thread_start(const char *name, size_t stack_bytes, void (*body)(void *), void *context, uint64_t *thread)
{
    struct start *start = calloc(1, sizeof *start);
    if (start == NULL)
        return -ENOMEM;
    start->body = body;
    start->context = context;
    strncpy(start->name, name, sizeof start->name - 1);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pthread_t created;
    int result = pthread_create(&created, &attributes, enter, start);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    if (result != 0) {
        free(start);
        return -result;
    }
    *thread = (uint64_t)created;
    return 0;
}

int clinux_thread_join(uint64_t thread)
{
    return -pthread_join((pthread_t)thread, NULL);
}

void clinux_thread_detach(uint64_t thread)
{
    pthread_detach((pthread_t)thread);
}

int clinux_thread_number(void)
{
    return gettid();
}
